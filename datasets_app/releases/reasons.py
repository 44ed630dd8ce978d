"""Why a video is not in a release, or not in one of its formats."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from datasets_app.releases import rationale


class LeftOut(models.TextChoices):
    """The value stands in `manifest.json` and in the counts, the label on pages."""

    # No format takes it.
    NOT_RATED = "not rated yet", _("Not rated yet")
    EXAMPLE = "example of the guidelines", _("An example of the guidelines")
    NO_VERDICT = "no verdict yet", _("No verdict yet")
    FEW_RATINGS = "too few ratings that count", _("Too few ratings that count")
    NOT_REVIEWED = "not reviewed", _("Not reviewed")
    LEAKED = "file in another split, too", _("Its file is in another split, too")
    # No format but `bench` takes it: what the reconciliation with a scorer says.
    NOT_ADJUSTED = "not reconciled with the scorer", _("Not reconciled with the scorer")
    OUTDATED = "scores changed since they were reconciled", _("Its scores changed since they were reconciled")
    SENT_BACK = "sent back to the scorer", _("Sent back to the scorer")
    DISCARDED = "discarded by the reconciliation", _("Discarded by the reconciliation")
    # Some formats cannot take it.
    NO_RATIONALE = "no rationale", _("Nothing to reason from")
    GIVES_AWAY = rationale.GIVES_AWAY, _("Its reasoning gives scores away")
    NAMES_OTHERS = rationale.NAMES_OTHERS, _("Its reasoning names other scores")
    FOR_OTHER_SCORES = rationale.FOR_OTHER_SCORES, _("Its reasoning was edited for other scores")
    NOT_EDITED = rationale.NOT_EDITED, _("Its reasoning was not edited")
    MISSING = "file not imported", _("Its file was not imported")
    WAITING = "file not prepared yet", _("Its file is not prepared yet")
    FAILED = "file could not be prepared", _("Its file could not be prepared")
    GONE = "file gone from the store", _("Its file is gone from the store")
    CHANGED = "file changed since it was imported", _("Its file changed since it was imported")


def in_words(reason: str) -> str:
    """A reason for pages; one that a format made up comes out as it is."""
    return str(LeftOut(reason).label) if reason in LeftOut.values else reason
