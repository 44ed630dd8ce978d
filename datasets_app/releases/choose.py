"""Whether a video is in a release, which of its ratings count there and which scores it gets."""

from collections.abc import Container, Sequence
from typing import NamedTuple

from django.utils.translation import gettext as _

from annotation.models import (
    AdjustmentOutcome,
    AdjustmentRule,
    CaseState,
    Decision,
    MediaState,
    Project,
    ScorerVersion,
    VerdictPolicy,
)
from annotation.room.settle import middle
from datasets_app.models import ReleaseFormat
from datasets_app.releases.export_options import WITH_VIDEOS, ExportError, Options, Policy
from datasets_app.releases.reasons import LeftOut
from datasets_app.releases.select_facts import Facts, RatingFacts, VideoFacts

_UNPLAYABLE: dict[str, LeftOut] = {
    MediaState.MISSING: LeftOut.MISSING,
    MediaState.WAITING: LeftOut.WAITING,
    MediaState.FAILED: LeftOut.FAILED,
}
_PUT_ASIDE: dict[str | None, LeftOut] = {
    None: LeftOut.NOT_ADJUSTED,
    AdjustmentOutcome.SENT_BACK: LeftOut.SENT_BACK,
    AdjustmentOutcome.DISCARDED: LeftOut.DISCARDED,
}


class Chosen(NamedTuple):
    """A chosen video's scores, see `select_rows.Row`, as numbers of three in the order of the scale."""

    ratings: list[RatingFacts]  # that count
    policy: str
    scores: Sequence[int]
    human: Sequence[int]
    human_policy: str
    exact: Sequence[float]
    set_aside: str


def choose(facts: Facts, options: Options) -> Chosen | LeftOut:
    """What becomes of a video: chosen, or left out with a reason."""
    video = facts.video
    if video.policy is None and (options.policy == Policy.SETTLED or not facts.ratings):
        if video.example:
            return LeftOut.EXAMPLE
        return LeftOut.NO_VERDICT if facts.ratings else LeftOut.NOT_RATED
    counting = [rating for rating in facts.ratings if rating.counts]
    if len(counting) < options.min_ratings:
        return LeftOut.FEW_RATINGS
    if options.reviewed_only and not _is_reviewed(video):
        return LeftOut.NOT_REVIEWED
    policy, human, exact = _human_scores(facts, counting, options)
    choice = Chosen(counting, policy, human, human, policy, exact, "")
    return choice if options.reconcile is None else _adjusted(choice, video)


def refusals(options: Options, *, set_aside: str, unplayable: str, no_rationale: str) -> dict[str, str]:
    """Formats that cannot take a video, each with the reason: the first of these that is not empty."""
    refused = {}
    for name in options.formats:
        if set_aside and name != ReleaseFormat.BENCH:
            refused[name] = set_aside
        elif no_rationale and name == ReleaseFormat.SFT and not options.no_cot:
            refused[name] = no_rationale
        elif unplayable and name in WITH_VIDEOS:
            refused[name] = unplayable
    return refused


def only_held_out(options: Options, refused: Container[str]) -> bool:
    """Whether `bench` alone takes a video, so that no adjusted score or text of it is in any file."""
    return [name for name in options.formats if name not in refused] == [ReleaseFormat.BENCH]


def unplayable(video: VideoFacts) -> str:
    """Why a video's file cannot be used, in a few words; "" where it can."""
    reason = _UNPLAYABLE.get(video.media_state)
    return reason.value if reason else ""


def check_names(project: Project, options: Options) -> None:
    """Raise ExportError for T2V models and prompt sources that the project does not have, and unknown scorers."""
    known = {
        _("T2V model"): (options.t2v_models, project.t2v_models.order_by("name").values_list("name", flat=True)),
        _("prompt source"): (
            options.prompt_sources,
            project.prompts.order_by("source").values_list("source", flat=True),
        ),
    }
    for what, (wanted, names) in known.items():
        found = list(names.distinct()) if wanted else []
        for name in wanted:
            if name not in found:
                said = {"what": what, "name": repr(name), "known": ", ".join(map(repr, found))}
                raise ExportError(_("The project has no %(what)s %(name)s, only %(known)s.") % said)
    if options.reconcile is not None and not ScorerVersion.objects.filter(pk=options.reconcile).exists():
        raise ExportError(_("There is no scorer version %d to reconcile with.") % options.reconcile)


def _is_reviewed(video: VideoFacts) -> bool:
    """Whether a reviewer had the last word, and nothing has been opened or returned since."""
    decided = video.last_decision in (Decision.ACCEPT, Decision.FIX)
    return decided and video.case_state not in (CaseState.OPEN, CaseState.RETURNED)


def _human_scores(
    facts: Facts, counting: list[RatingFacts], options: Options
) -> tuple[str, Sequence[int], Sequence[float]]:
    """Policy, scores and exact scores: the verdict's, unless ratings that it rests on do not count here."""
    video = facts.video
    stands = video.policy == VerdictPolicy.REVIEWER or len(counting) == len(facts.ratings)
    if options.policy == Policy.SETTLED and video.policy is not None and stands:
        return video.policy, video.verdict, video.exact
    by_dimension = zip(*(rating.scores for rating in counting), strict=True)
    scores, exact = zip(*map(middle, by_dimension), strict=True)
    policy = VerdictPolicy.SINGLE if len(counting) == 1 else VerdictPolicy.MEDIAN
    return policy.value, scores, exact


def _adjusted(choice: Chosen, video: VideoFacts) -> Chosen:
    """The choice with a scorer's adjustment; set aside where there is none for just these scores."""
    aside = _PUT_ASIDE.get(video.adjustment)
    if video.adjustment is not None and video.adjusted_human != tuple(choice.human):
        aside = LeftOut.OUTDATED
    if aside is not None:
        return choice._replace(set_aside=aside.value)
    pairs = zip(video.adjusted, choice.human, choice.exact, strict=True)
    exact = [float(score) if score != human else median for score, human, median in pairs]
    return choice._replace(policy=AdjustmentRule.VIDEOFEEDBACK2.value, scores=video.adjusted, exact=exact)
