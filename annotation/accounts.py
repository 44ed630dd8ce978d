"""Accounts come by invitation only, their passwords are kept with Argon2, and guessing them is throttled."""

import logging
import time
from typing import Any

from allauth.account import app_settings, forms
from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.auth_backends import AuthenticationBackend
from allauth.account.authentication import get_authentication_records
from allauth.core.exceptions import ImmediateHttpResponse
from allauth.core.ratelimit import respond_429
from django.conf import settings
from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.hashers import Argon2PasswordHasher
from django.db import transaction
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from annotation.audit import record
from annotation.models import AuditKind, User
from annotation.prepared import PreparedModels
from annotation.tries import MOST_FOR_ACCOUNT, Try, begin_try, forgive, wrong_tries

logger = logging.getLogger(__name__)


class LoginForm(forms.LoginForm):
    """django-allauth's; its field for the name is called as everywhere else here."""

    def __init__(self, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        login = self.fields["login"]
        login.label = _("Email or username")
        login.widget.attrs = {"autocomplete": "username", "autocapitalize": "none", "spellcheck": "false"}


class PasswordHasher(Argon2PasswordHasher):
    """Argon2id with what OWASP's cheat sheet on password storage asks for at least: 19 MiB, two passes, one lane.

    Django's own parameters take 100 MiB for each login that runs.
    """

    time_cost = 2
    memory_cost = 19 * 1024  # KiB
    parallelism = 1


class Backend(AuthenticationBackend):
    """django-allauth's; whose session a request is of is asked by a query that is written once."""

    def get_user(self, user_id: int) -> User | None:
        user = _read_user.first(int(user_id))
        return user if user and self.user_can_authenticate(user) else None


_read_user = PreparedModels(lambda pk: User.objects.filter(pk=pk))


class InvitationOnlyAdapter(DefaultAccountAdapter):
    """django-allauth without its open sign-up: an account is made by accepting an invitation."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False

    def authenticate(self, request: HttpRequest, **credentials: Any) -> AbstractBaseUser | None:
        """Whose password this is. One try too many is answered 429, whatever the password."""
        login = credentials.get("email") or credentials.get("username") or ""
        one = begin_try(_account(login), self.get_client_ip(request))
        if one is None:
            raise ImmediateHttpResponse(respond_429(request))
        user = super().authenticate(request, **credentials)
        if user is not None:
            forgive(one)
        elif wrong_tries(one) == MOST_FOR_ACCOUNT:
            _note_refusal(one, login)
        return user

    def is_reauthentication_required(self, *, app: str, **more: Any) -> bool:
        """Before what matters most the password is asked for again, but not within minutes of the login itself."""
        steps = get_authentication_records(self.request, self.request.user)
        fresh = bool(steps) and time.time() - steps[-1]["at"] < app_settings.REAUTHENTICATION_TIMEOUT
        return not fresh and super().is_reauthentication_required(app=app, **more)

    def post_login(self, request: HttpRequest, user: AbstractBaseUser, **how: Any) -> HttpResponse:
        """After the last step of a login: note it, with what was tried in vain before."""
        if isinstance(user, User):
            address = self.get_client_ip(request)
            wrong = wrong_tries(Try.of(f"#{user.pk}", address))
            record(AuditKind.LOGGED_IN, by=user, person=user, address=address, wrong_tries=wrong)
        return super().post_login(request, user, **how)

    def set_password(self, user: AbstractBaseUser, password: str) -> None:
        """Every session that knew the old password ends with it, but that of whoever changes it on the page."""
        super().set_password(user, password)
        if isinstance(user, User):
            by_link = not self.request.user.is_authenticated
            record(AuditKind.PASSWORD_CHANGED, by=user, person=user, by_link=by_link)

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """The link for a forgotten password. With no mail server, an error page would tell who has an account."""
        try:
            super().send_mail(template_prefix, email, context)
        except OSError:
            logger.exception("a mail could not be sent")

    def send_notification_mail(
        self, template_prefix: str, user: AbstractBaseUser, *args: Any, **more: Any
    ) -> None:
        """A password or second factor has changed: note it, and tell its owner."""
        if not isinstance(user, User):
            return
        if template_prefix in NOTED:
            record(NOTED[template_prefix], by=user, person=user)
        if template_prefix in TOLD:
            self._tell(user, TOLD[template_prefix])

    def _tell(self, user: User, what: Promise) -> None:
        """Nothing in it is chosen by whoever did it. Sent after commit; a mail that fails stops nothing."""
        context = {"name": user.username, "what": what, "now": timezone.now(), "site": settings.SITE_URL}
        context["address"] = self.get_client_ip(self.request)
        mail = self.render_mail("account/email/changed", user.email, context)
        transaction.on_commit(mail.send, robust=True)


NOTED = {
    "mfa/email/totp_activated": AuditKind.FACTOR_ADDED,
    "mfa/email/totp_deactivated": AuditKind.FACTOR_REMOVED,
    "mfa/email/recovery_codes_generated": AuditKind.CODES_MADE,
}
# What django-allauth has a mail of its own for, in our words.
TOLD: dict[str, Promise] = {
    "account/email/password_changed": _("The password was changed."),
    "account/email/password_reset": _("A new password was chosen by a link in a mail."),
    "mfa/email/totp_activated": _("A second factor was set up: logins ask for a code."),
    "mfa/email/totp_deactivated": _("The second factor was switched off: logins ask for no code."),
    "mfa/email/recovery_codes_generated": _("New recovery codes were made; the old ones no longer work."),
    "socialaccount/email/account_connected": _(
        "Your organisation’s login opens this account; a password that it had here no longer does."
    ),
}


def _note_refusal(one: Try, login: str) -> None:
    """Once for an account and address: further tries are refused. What was typed may be a password: not kept."""
    person = _person(login)
    record(AuditKind.LOGIN_REFUSED, by=None, person=person, address=one.address, wrong_tries=MOST_FOR_ACCOUNT)


def _person(login: str) -> User | None:
    return User.objects.filter(Q(username__iexact=login) | Q(email__iexact=login)).first() if login else None


def _account(login: str) -> str:
    """One word for an account, by whichever of its names it is called."""
    person = _person(login)
    return login.lower() if person is None else f"#{person.pk}"
