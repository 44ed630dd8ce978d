"""A second factor at login: the six digits of an app, and recovery codes for who lost it.

django-allauth does the work. Here: whom this installation asks for one, that guessing codes is throttled, and that
what the codes are made from lies in the database under lock.
"""

from base64 import urlsafe_b64encode

from allauth.core import context
from allauth.core.exceptions import ImmediateHttpResponse
from allauth.core.ratelimit import respond_429
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.base.forms import AuthenticateForm, ReauthenticateForm
from allauth.mfa.models import Authenticator
from cryptography.fernet import Fernet, InvalidToken
from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import ValidationError
from django.db import transaction
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext as _

from annotation.audit import record
from annotation.models import AuditKind, Project, User
from annotation.tries import begin_try, forgive

NAME_IN_APPS = "Screening Room"


class Adapter(DefaultMFAAdapter):
    def get_totp_issuer(self) -> str:
        """The name beside the account in the app: ours, and where it is."""
        return f"{NAME_IN_APPS} ({context.request.get_host()})"

    def encrypt(self, text: str) -> str:
        return _lock().encrypt(text.encode()).decode()

    def decrypt(self, encrypted_text: str) -> str:
        """Raises `InvalidToken` for what was encrypted under another `SECRET_KEY`."""
        return _lock().decrypt(encrypted_text).decode()


def _lock() -> Fernet:
    """Under a key that is made from `SECRET_KEY`, and from nothing else."""
    key = salted_hmac("second factor", "encrypt", algorithm="sha256").digest()
    return Fernet(urlsafe_b64encode(key))


def demand_second_factor(user: User | AnonymousUser) -> None:
    """Send a lead or superuser who has none to the page that sets it up, where leads need one.

    Whoever calls knows that they are one. Raises `ImmediateHttpResponse`: allauth's middleware sends it.
    """
    if settings.MFA_REQUIRED_FOR == "leads" and user.is_authenticated and not has_second_factor(user):
        raise ImmediateHttpResponse(redirect(reverse("mfa_activate_totp") + "?needed=1"))


def demand_of_leads(user: User | AnonymousUser) -> None:
    """The same, for pages that are not of one project, where people are leads or not."""
    if settings.MFA_REQUIRED_FOR == "leads" and (user.is_superuser or Project.objects.led_by(user).exists()):
        demand_second_factor(user)


def has_second_factor(user: User | AnonymousUser) -> bool:
    """Whether a login of theirs asks for a code."""
    return Authenticator.objects.filter(user_id=user.pk, type=Authenticator.Type.TOTP).exists()


@transaction.atomic
def remove_second_factor(user: User, *, by: User | None = None) -> bool:
    """For who lost the app and the codes: the next login asks for none. Whether there was one.

    Their sessions end.
    """
    removed, _ = Authenticator.objects.filter(user=user).delete()
    if removed:
        user.end_sessions()
        record(AuditKind.FACTOR_REMOVED, by=by, person=user)
    return removed > 0


class Throttled:
    """The part of a form that takes a code. Ten wrong ones in five minutes, from wherever, are the last."""

    user: User

    def clean_code(self) -> str:
        one = begin_try(f"code of #{self.user.pk}", f"code of #{self.user.pk}")
        if one is None:
            raise ImmediateHttpResponse(respond_429(context.request))
        try:
            code: str = super().clean_code()  # type: ignore[misc]
        except InvalidToken as error:
            raise ValidationError(
                _("This site’s key has changed since you set this up. Ask its administrator to take it off.")
            ) from error
        forgive(one)
        return code


class LoginCodeForm(Throttled, AuthenticateForm):
    """The second step of a login."""


class ConfirmCodeForm(Throttled, ReauthenticateForm):
    """Before something that matters."""
