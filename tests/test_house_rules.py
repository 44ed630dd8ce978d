"""The house's rules: the tree, the tasks, what a web process loads, and the files of a deployment."""

import ast
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import yaml
from celery import current_app
from django.conf import settings
from django.core.management import call_command
from django.urls import get_resolver

from scoring.registry import SCORERS, queue_of

ROOT = Path(__file__).resolve().parent.parent
APPS = ("annotation", "scoring", "datasets_app", "config")
MOST_LINES = 350
MOST_LINES_OF_TESTS = 500


def run(*command: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run Python with nothing of our own settings in its environment."""
    kept = {key: os.environ[key] for key in ("PATH", "HOME", "DATA_DIR") if key in os.environ}
    return subprocess.run(
        [sys.executable, *command], cwd=ROOT, env=kept | environment, capture_output=True, text=True, timeout=120
    )


def tracked(*patterns: str) -> list[Path]:
    """The repository's files of these patterns (of the folder, where it is no git checkout)."""
    found = [path for pattern in patterns for path in ROOT.glob(pattern)]
    return [path for path in found if not {".venv", "var", "build", ".git"} & set(path.relative_to(ROOT).parts)]


def our_tasks() -> dict[str, object]:
    current_app.loader.import_default_modules()
    return {name: task for name, task in current_app.tasks.items() if name.split(".")[0] in APPS}


# --- The tree --------------------------------------------------------------------------------------
def test_imports_go_down_only():
    answer = subprocess.run(
        [str(Path(sys.executable).parent / "lint-imports"), "--no-cache"], cwd=ROOT, capture_output=True, text=True
    )
    assert answer.returncode == 0, answer.stdout


def test_no_file_is_long():
    sources = tracked("*/**/*.py", "*/**/*.js", "*/**/*.css", "*/**/*.html", "*.md", "docs/**/*.md")
    long = {}
    for path in sources:
        lines = len(path.read_text().splitlines())
        if (
            lines > (MOST_LINES_OF_TESTS if "tests" in path.parts else MOST_LINES)
            and "migrations" not in path.parts
        ):
            long[str(path.relative_to(ROOT))] = lines
    assert not long


def test_models_and_migrations_agree(db):
    call_command("makemigrations", check=True, dry_run=True, verbosity=0)


def test_every_setting_is_documented_and_nothing_else_is():
    names = set(re.findall(r"env(?:\.\w+)?\(\s*\"([A-Z_]+)\"", (ROOT / "config/settings.py").read_text()))
    documented = (ROOT / "docs/configuration.md").read_text().split("## Tests and demo only")[0]
    assert names == set(re.findall(r"^\| `([A-Z_]+)`", documented, re.MULTILINE))


# --- Processes -------------------------------------------------------------------------------------
def test_a_web_process_and_a_worker_that_knows_its_tasks_load_no_heavy_library():
    code = """
import json, sys
import config.wsgi
from config.celery import app
from django.urls import get_resolver
get_resolver().url_patterns
app.loader.import_default_modules()
assert [name for name in app.tasks if name.startswith("scoring.")]
print(json.dumps(sorted({"torch", "transformers", "cv2", "pyarrow", "qwen_vl_utils", "playwright", "honcho"} & set(sys.modules))))
"""
    answer = run("-c", code, DEBUG="1")
    assert answer.returncode == 0, answer.stderr
    assert json.loads(answer.stdout.splitlines()[-1]) == []


def test_a_reader_that_stops_early_gets_no_error_from_a_command():
    line = f"DEBUG=1 {sys.executable} manage.py diffsettings | true"
    answer = subprocess.run(["bash", "-c", line], cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert answer.stderr == ""


def test_every_task_acknowledges_late_has_both_limits_and_is_named_a_task():
    tasks = our_tasks()
    assert len(tasks) >= 4
    visibility = settings.CELERY_BROKER_TRANSPORT_OPTIONS["visibility_timeout"]
    for name, task in tasks.items():
        assert name.endswith("_task"), name
        assert task.acks_late, name
        assert task.soft_time_limit, name
        assert task.soft_time_limit < task.time_limit < visibility, name


def test_beat_rings_tasks_that_exist():
    assert {entry["task"] for entry in settings.CELERY_BEAT_SCHEDULE.values()} <= our_tasks().keys()


def test_task_names_that_are_written_out_exist():
    """A doorbell may name a task as text where an import would go up."""
    named = {
        match
        for path in tracked("annotation/**/*.py", "scoring/**/*.py", "datasets_app/**/*.py")
        for match in re.findall(r"signature\(\s*\"([\w.]+)\"", path.read_text())
    }
    assert named <= our_tasks().keys()


# --- Deployment files ------------------------------------------------------------------------------
def test_no_secret_has_a_default_in_compose():
    text = (ROOT / "docker-compose.yml").read_text()
    for name in ("SECRET_KEY", "POSTGRES_PASSWORD", "ALLOWED_HOSTS", "SITE_URL", "EMAIL_URL"):
        assert re.search(r"\$\{" + name + r":\?", text), name
        assert not re.search(r"\$\{" + name + r"(:?-|\})", text), name


def compose() -> dict[str, dict]:
    return yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]


def test_compose_services_build_stages_that_exist_and_depend_on_each_other():
    stages = set(re.findall(r"^FROM \S+ AS (\S+)$", (ROOT / "Dockerfile").read_text(), re.MULTILINE))
    services = compose()
    for name, service in services.items():
        assert set(service.get("depends_on", {})) <= services.keys(), name
        if "build" in service:
            assert service["build"]["target"] in stages, name
        assert "healthcheck" in service or name == "migrate", name


def test_compose_hands_over_settings_that_exist():
    known = set(re.findall(r"env(?:\.\w+)?\(\s*\"([A-Z_]+)\"", (ROOT / "config/settings.py").read_text()))
    assert set(compose()["web"]["environment"]) <= known


def test_the_workers_take_the_usual_queue_and_those_of_scorers_that_there_are():
    usual, local, gpu = settings.CELERY_TASK_DEFAULT_QUEUE, queue_of("technical"), queue_of("videoscore2")
    assert {"technical", "videoscore2"} <= SCORERS.keys()
    assert queues_taken(compose()["worker"]["command"]) == {usual, local}
    assert queues_taken(compose()["gpu-worker"]["command"]) == {gpu}
    image = re.search(r"AS gpu\n.*?\nCMD (\[.*?\])\n", (ROOT / "Dockerfile").read_text(), re.DOTALL)
    assert image
    assert queues_taken(json.loads(image[1])) == {gpu}
    for path in ("config/demo.py", "README.md"):
        named = re.search(r"-Q (\S+)", (ROOT / path).read_text())
        assert named, path
        assert set(named[1].split(",")) == {usual, local}, path


def queues_taken(command: list[str]) -> set[str]:
    return set(command[command.index("-Q") + 1].split(","))


def test_the_image_holds_every_package_and_the_folders_that_nginx_serves():
    dockerfile, nginx = (ROOT / "Dockerfile").read_text(), (ROOT / "config/nginx.conf").read_text()
    for folder in (*APPS, "templates", "locale"):
        assert f"COPY {folder} ./{folder}" in dockerfile
    accel = compose()["web"]["environment"]["MEDIA_ACCEL_REDIRECT"]
    data = re.search(r"DATA_DIR=(\S+)", dockerfile)
    assert data
    assert re.search(rf"location {accel} {{\s+internal;\s+alias {data[1]}/media/;", nginx)
    assert f"alias {data[1]}/static/;" in nginx


# --- Pages -----------------------------------------------------------------------------------------
def test_templates_escape_everything_and_carry_no_inline_script_or_style():
    for path in tracked("templates/**/*", "*/templates/**/*"):
        if not path.is_file():
            continue
        text = path.read_text()
        where = str(path.relative_to(ROOT))
        assert not re.search(r"\|\s*safe\b|autoescape off", text), where
        assert not re.search(r"\sstyle\s*=|<style|\son[a-z]+\s*=\s*[\"']|javascript:", text), where
        for script in re.findall(r"<script\b[^>]*>(.*?)</script>", text, re.DOTALL):
            assert not script.strip(), where


def test_nothing_is_loaded_from_another_host():
    for path in tracked("templates/**/*.html", "*/static/**/*.js", "*/static/**/*.css"):
        hosts = re.findall(
            r"(?:src|href)=[\"'](?:https?:)?//|url\([\"']?(?:https?:)?//|from [\"']https?://", path.read_text()
        )
        assert not hosts, str(path.relative_to(ROOT))


def test_every_address_has_a_name():
    """Pages are linked by name, never by path."""
    for app in ("annotation", "scoring", "datasets_app"):
        for path in tracked(f"{app}/**/urls*.py"):
            for node in ast.walk(ast.parse(path.read_text())):
                if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "path":
                    is_include = any(
                        isinstance(a, ast.Call) and getattr(a.func, "id", "") == "include" for a in node.args
                    )
                    assert is_include or any(keyword.arg == "name" for keyword in node.keywords), path
    assert "rate" in get_resolver().reverse_dict
