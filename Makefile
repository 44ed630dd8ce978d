# Screening Room: `make` alone lists what can be made.
PORT ?= 8000
SCORER ?= technical
VENV := .venv
PIP = $(VENV)/bin/python -m pip install --quiet --disable-pip-version-check
INPUTS := pyproject.toml constraints.txt

.DEFAULT_GOAL := help
.PHONY: help install install-scoring demo test faults lint format clean

help: ## list what can be made
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /  make \1\t/' | expand -t 26

install: $(VENV)/.installed ## the environment alone, in .venv

install-scoring: $(VENV)/.installed-scoring ## add what large scorers need (torch, transformers)

demo: $(VENV)/.installed-demo $(if $(filter videoscore2,$(SCORER)),$(VENV)/.installed-scoring) ## a demo project with everything running: PORT=8000 SCORER=technical (or videoscore2)
	@exec $(VENV)/bin/python -m config.demo --port $(PORT) --scorer $(SCORER)

test: $(VENV)/.installed-test ## lint and all tests, on both databases where both are there
	@$(MAKE) --no-print-directory lint
	@./tests/run $(VENV)/bin/python

faults: $(VENV)/.installed-test ## break everything that may break, on real services of its own, and see what holds: FAULTS="web_killed ..."
	@$(VENV)/bin/python -m tests.faults $(FAULTS)

lint: $(VENV)/.installed-test ## ruff, mypy and the import direction
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	DEBUG=1 $(VENV)/bin/mypy annotation scoring datasets_app config
	$(VENV)/bin/lint-imports

format: $(VENV)/.installed-test ## let ruff put the code in order
	$(VENV)/bin/ruff check --fix .
	$(VENV)/bin/ruff format .

clean: ## remove the environment and the demo's data
	rm -rf $(VENV) var/demo build *.egg-info

# --- The environment: made once, and again only when the pinned versions change ---------------------
$(VENV)/bin/python:
	@PYTHON="$(PYTHON)" ./config/make_venv $(VENV)

$(VENV)/.installed: $(INPUTS) | $(VENV)/bin/python
	@echo "Installing Screening Room into $(VENV) ..."
	@$(PIP) --constraint constraints.txt --editable .
	@touch $@

$(VENV)/.installed-demo: $(VENV)/.installed
	@echo "Installing what the demo needs ..."
	@extras=demo; command -v redis-server >/dev/null || extras=demo,redis; \
	  $(PIP) --constraint constraints.txt --editable ".[$$extras]"
	@touch $@

$(VENV)/.installed-test: $(VENV)/.installed-scoring
	@echo "Installing what the tests need ..."
	@$(PIP) --constraint constraints.txt --editable '.[demo,test]'
	@touch $@

# torch first, then what goes with it; torchvision must not choose another torch.
$(VENV)/.installed-scoring: constraints-scoring.txt $(VENV)/.installed
	@echo "Installing torch and transformers; this takes minutes ..."
	@$(PIP) --constraint constraints-scoring.txt torch
	@$(PIP) --constraint constraints-scoring.txt --constraint constraints.txt --editable '.[scoring]'
	@$(PIP) --constraint constraints-scoring.txt --no-deps torchvision
	@touch $@
