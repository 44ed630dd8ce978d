"""Find or make the prompts and T2V models of rows that come in; the number of queries does not grow with them."""

import hashlib
from collections.abc import Iterable
from typing import Protocol

from annotation.models import Project, Prompt, T2VModel


class Incoming(Protocol):
    """What a manifest's rows and annotations' rows have in common."""

    @property
    def prompt(self) -> str: ...
    @property
    def prompt_source(self) -> str: ...
    @property
    def t2v_model(self) -> str: ...
    @property
    def tier(self) -> str: ...


def put_prompts(project: Project, rows: Iterable[Incoming]) -> dict[str, Prompt]:
    """The rows' prompts by hash, made where they are new; an empty source is filled in."""
    texts = {Prompt.hash_text(row.prompt): row.prompt for row in rows}
    sources = {Prompt.hash_text(row.prompt): row.prompt_source for row in rows if row.prompt_source}
    Prompt.objects.bulk_create(
        [
            Prompt(project=project, text=text, text_sha256=sha256, position=draw_position(project, sha256))
            for sha256, text in texts.items()
        ],
        ignore_conflicts=True,
    )
    prompts = {prompt.text_sha256: prompt for prompt in project.prompts.filter(text_sha256__in=texts)}
    told = [prompt for sha256, prompt in prompts.items() if not prompt.source and sha256 in sources]
    for prompt in told:
        prompt.source = sources[prompt.text_sha256]
    Prompt.objects.bulk_update(told, ["source"])
    return prompts


def drop_unused(prompts: Iterable[Prompt]) -> None:
    """Delete those without a video: of rows that were refused, or whose known video was taken down meanwhile."""
    Prompt.objects.filter(pk__in=[prompt.pk for prompt in prompts], videos=None).delete()


def draw_position(project: Project, text_sha256: str) -> int:
    """A prompt's place in the random order, by the project's seed; fits a 32-bit column."""
    digest = hashlib.sha256(f"{project.seed}/{text_sha256}".encode()).digest()
    return int.from_bytes(digest[:4]) >> 1


def put_models(project: Project, rows: Iterable[Incoming]) -> dict[str, T2VModel]:
    """The rows' T2V models by name, made where they are new; an empty tier is filled in."""
    names = {row.t2v_model for row in rows}
    tiers = {row.t2v_model: row.tier for row in rows if row.tier}
    T2VModel.objects.bulk_create(
        [T2VModel(project=project, name=name) for name in sorted(names)], ignore_conflicts=True
    )
    models = {model.name: model for model in project.t2v_models.filter(name__in=names)}
    told = [model for name, model in models.items() if not model.tier and name in tiers]
    for model in told:
        model.tier = tiers[model.name]
    T2VModel.objects.bulk_update(told, ["tier"])
    return models
