"""What the documents say is there, is there."""

import re
from pathlib import Path

import pytest
from django.core.management import get_commands, load_command_class

ROOT = Path(__file__).resolve().parent.parent
DOCUMENTS = [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")]


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_links_and_paths_lead_somewhere(document):
    text = document.read_text()
    links = [link for link in re.findall(r"\]\(([^)#\s]+)\)", text) if "://" not in link]
    named = re.findall(r"`((?:config|annotation|scoring|datasets_app|templates|tests|docs)/[\w/.*-]*)`", text)
    missing = [link for link in links if not (document.parent / link).exists()]
    missing += [name for name in named if not list(ROOT.glob(name.rstrip("/")))]
    assert not missing


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_tests_that_are_named_exist(document):
    named = re.findall(r"(test_\w+\.py)::(test_\w+)", document.read_text())
    assert [one for one in named if f"def {one[1]}(" not in (ROOT / "tests" / one[0]).read_text()] == []


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_commands_and_their_options_exist(document):
    apps = get_commands()
    for line in re.findall(r"manage\.py (.+)", document.read_text().replace("\\\n", " ")):
        name, *words = line.split("#")[0].rstrip("`").split()
        name = name.strip("`,.|")
        assert name in apps, name
        parser = load_command_class(apps[name], name).create_parser("manage.py", name)
        known = {option for action in parser._actions for option in action.option_strings}
        assert {word for word in words if word.startswith("--")} <= known, line


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_what_is_made_can_be_made(document):
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    assert set(re.findall(r"^make ([a-z-]+)", document.read_text(), re.MULTILINE)) <= targets


def test_the_readme_shows_the_rating_room_in_a_small_file():
    picture = ROOT / "docs/images/rating-room.png"
    assert picture.name in (ROOT / "README.md").read_text()
    assert picture.stat().st_size < 300_000


def test_what_the_operations_page_quotes_is_what_is_said():
    """Every sentence in the first column of the table of failures is in the code; the system says one itself."""
    page = (ROOT / "docs/scoring.md").read_text().split("## What goes wrong")[1]
    quoted = re.findall(r'"([^"|]+)"', " ".join(re.findall(r"^\| ([^|]+) \|", page, re.MULTILINE)))
    said = " ".join(
        re.sub(r'"\s*\n\s*f?"', "", path.read_text())
        for folder in ("scoring", "templates/scoring", "annotation", "datasets_app/trials")
        for pattern in ("**/*.py", "**/*.html")
        for path in (ROOT / folder).glob(pattern)
    )
    assert len(quoted) > 15
    assert {words for words in quoted if words not in said} == {"No space left on device"}
