"""What was asked of a release, in words."""

from collections.abc import Iterable

from django.utils.formats import number_format
from django.utils.translation import gettext as _

from annotation.models import Arm, ScorerVersion
from datasets_app.models import ReleaseFormat
from datasets_app.releases.export_options import OnLeak, Options, Policy, VideoFiles
from datasets_app.releases.licence import Licence
from datasets_app.releases.rationale import RationaleSource

MOST_NAMES = 20


def in_words(options: Options) -> list[tuple[str, str]]:
    """What it is about, and what was chosen; what leaves everything open is not named. One query at most."""
    lines = [
        (_("Formats"), _listed(ReleaseFormat(name).label for name in options.formats)),
        (_("Scores"), str(Policy(options.policy).label)),
        (_("Ratings a video needs"), str(options.min_ratings)),
        (_("Reasoning"), _reasoning(options)),
        (_("Splits by prompt"), _splits(options)),
        (_("Arms"), _listed(Arm(arm).label for arm in options.arms)),
        (_("Submitted"), _days(options)),
        (_("Reviewed"), _("only videos that a reviewer decided about") if options.reviewed_only else ""),
        (_("T2V models"), _listed(options.t2v_models)),
        (_("Prompt sources"), _listed(options.prompt_sources)),
        (_("Reconciled with"), _scorer(options.reconcile)),
        (_("Margin of a preference"), _margin(options)),
        (_("Video files"), str(VideoFiles(options.videos).label)),
        (_("Licence"), "" if options.licence == Licence.UNKNOWN else str(Licence(options.licence).label)),
        (_("Leaks"), str(OnLeak(options.on_leak).label) if options.split else ""),
    ]
    return [(what, words) for what, words in lines if words]


def _reasoning(options: Options) -> str:
    if options.no_cot:
        return _("none: the answer is the three score lines alone")
    return str(RationaleSource(options.rationale).label) if options.rationale else _("the best there is")


def _splits(options: Options) -> str:
    shares = _listed(f"{name} {share:g}" for name, share in options.split.items())
    return _("%(shares)s; seed %(seed)d") % {"shares": shares, "seed": options.seed} if shares else ""


def _days(options: Options) -> str:
    words = {
        (True, True): _("from %(since)s to %(until)s"),
        (True, False): _("from %(since)s"),
        (False, True): _("until %(until)s"),
        (False, False): "",
    }
    return words[bool(options.since), bool(options.until)] % {"since": options.since, "until": options.until}


def _scorer(pk: int | None) -> str:
    version = ScorerVersion.objects.select_related("scorer").filter(pk=pk).first() if pk else None
    return str(version) if version else _("a scorer version that is gone") if pk else ""


def _margin(options: Options) -> str:
    return number_format(options.margin) if ReleaseFormat.PREFERENCES in options.formats else ""


def _listed(names: Iterable[object]) -> str:
    words = [str(name) for name in names]
    more = len(words) - MOST_NAMES
    if more > 0:
        return _("%(names)s and %(more)d more") % {"names": ", ".join(words[:MOST_NAMES]), "more": more}
    return ", ".join(words)
