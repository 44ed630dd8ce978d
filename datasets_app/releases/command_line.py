"""The command that writes what the page shows: `export_dataset` with the same options."""

import dataclasses
import shlex
from collections.abc import Iterator

from annotation.models import Project, ScorerVersion
from datasets_app.releases.export_options import Options

HASH_LETTERS = 12  # of a scorer version's hash: enough to tell it from all others
# Of what is a list, each is named by itself.
FLAGS = {
    "formats": "--format",
    "no_cot": "--no-cot",
    "rationale": "--rationale",
    "split": "--split",
    "seed": "--seed",
    "policy": "--policy",
    "min_ratings": "--min-ratings",
    "arms": "--arm",
    "reviewed_only": "--reviewed-only",
    "t2v_models": "--t2v-model",
    "prompt_sources": "--prompt-source",
    "since": "--since",
    "until": "--until",
    "videos": "--videos",
    "on_leak": "--on-leak",
    "reconcile": "--reconcile",
    "margin": "--margin",
    "licence": "--licence",
}


def command_line(project: Project, options: Options) -> str:
    """For a shell, what is as usual left out. One query where a scorer version is named."""
    flags = [_given("--project", project.slug), *_flags(options)]
    return " ".join(["python manage.py export_dataset", *flags, "--output DIR"])


def _flags(options: Options) -> Iterator[str]:
    usual = Options(options.formats)
    for name in (each.name for each in dataclasses.fields(options)):
        value, flag = getattr(options, name), FLAGS[name]
        if name != "formats" and value == getattr(usual, name):
            continue
        if name == "reconcile":
            version = ScorerVersion.objects.select_related("scorer").get(pk=value)
            value = f"{version.scorer.name}:{version.settings_sha256[:HASH_LETTERS]}"
        if value is True:
            yield flag
        elif name == "split":
            yield _given(flag, ",".join(f"{split}={share!r}" for split, share in value.items()))
        elif isinstance(value, tuple):
            yield from (_given(flag, each) for each in value)
        else:
            yield _given(flag, str(value))


def _given(flag: str, value: str) -> str:
    """A value that begins with a hyphen would be read as a flag of its own."""
    return f"{flag}{'=' if value.startswith('-') else ' '}{shlex.quote(value)}"
