"""What is said, and cleared up, where there is no room for what somebody sends."""

from contextlib import suppress

from django.http import HttpRequest
from django.utils.translation import gettext as _


def give_up(request: HttpRequest) -> None:
    """Remove the file whose receiving broke off: Django leaves it to the collector, and the disk stays full."""
    for handler in request.upload_handlers:
        with suppress(OSError):  # closing writes what is left of it once more, in vain
            handler.upload_interrupted()


def not_kept(error: OSError) -> str:
    """A sentence for the page."""
    return _("It could not be kept: %s.") % (error.strerror or error)
