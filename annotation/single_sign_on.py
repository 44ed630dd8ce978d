"""Login at the organisation's own server (OpenID Connect), where one is set. Still by invitation only.

In comes who is known by the address that the server has verified, and who was invited under it. The first login
links the two: from then on the server's word for a person counts, whatever becomes of their address.
"""

import logging

from allauth.core.exceptions import ImmediateHttpResponse
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from allauth.socialaccount.helpers import render_authentication_error
from allauth.socialaccount.models import SocialLogin
from allauth.socialaccount.providers.base import AuthProcess
from allauth.socialaccount.providers.openid_connect import views as oidc
from django.contrib.auth.decorators import login_required
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_safe
from requests import RequestException

from annotation.audit import record
from annotation.models import AuditKind, Invitation, User
from annotation.projects.invite import accept

logger = logging.getLogger(__name__)

PROVIDER = "oidc"  # in the address of the login, which the organisation's server is told


def leave_for_login(request: HttpRequest) -> HttpResponse:
    """Off to the organisation's login; where it does not answer, a page says so."""
    try:
        return oidc.login(request, PROVIDER)
    except RequestException as error:
        logger.warning("the organisation's login does not answer: %s", error)
        return render_authentication_error(request, PROVIDER, exception=error)


@login_required
@require_safe
def no_password(request: HttpRequest) -> HttpResponse:
    """Where django-allauth sends whoever would change a password and has none: a session alone gives them none.

    It would go on opening the account when the organisation's login has ceased to.
    """
    if isinstance(request.user, User) and request.user.has_usable_password():
        return redirect("account_change_password")
    return render(request, "account/no_password.html")


class Adapter(DefaultSocialAccountAdapter):
    def is_open_for_signup(self, request: HttpRequest, sociallogin: SocialLogin) -> bool:
        return False

    def pre_social_login(self, request: HttpRequest, sociallogin: SocialLogin) -> None:
        """Who this is, before they are logged in. Everybody else is answered 403."""
        if (
            sociallogin.state.get("process") == AuthProcess.CONNECT
        ):  # by an address of theirs, not by asking for it
            raise ImmediateHttpResponse(_refusal(request))
        if sociallogin.is_existing:
            return
        address = verified_address(sociallogin)
        with transaction.atomic():
            user = (known(address) or invited(address, sociallogin)) if address else None
            if user is not None:
                link(request, sociallogin, user)
        if user is None:
            raise ImmediateHttpResponse(_refusal(request, address))


def verified_address(sociallogin: SocialLogin) -> str:
    """The address that the server says it has verified, in small letters; empty where it does not say so.

    Only ASCII, as the server wrote it: small and large, some other letters are these (the sign of Kelvin is a k),
    and a stranger would be a member.
    """
    told = sociallogin.account.get_provider_account().get_user_data() or {}
    if not str(told.get("email", "")).isascii():
        return ""
    verified = [one.email for one in sociallogin.email_addresses if one.verified in (True, "true")]
    return User.objects.normalize_email(verified[0]) if verified else ""


def known(address: str) -> User | None:
    """Who has this address here, and may log in."""
    return User.objects.filter(email__iexact=address, is_active=True).first()


def invited(address: str, sociallogin: SocialLogin) -> User | None:
    """A new account for whoever was invited under this address, in all the projects that they were invited to."""
    now = timezone.now()
    waiting = Invitation.objects.filter(email__iexact=address, accepted_at=None, expires_at__gt=now)
    invitations = list(waiting.select_for_update(of=("self",)).select_related("project").order_by("pk"))
    if not invitations or User.objects.filter(email__iexact=address).exists():
        return None
    user = User(username=_free_name(sociallogin, address), email=address)
    user.set_unusable_password()
    user.save()
    for invitation in invitations:
        accept(invitation, user)
    return user


def link(request: HttpRequest, sociallogin: SocialLogin, user: User) -> None:
    """From now on this login of the server is this person.

    Nobody has verified the address before: a password that somebody else may have set for it no longer counts,
    and their sessions end with it. Its owner may choose a new one by mail.
    """
    if user.has_usable_password():
        user.set_unusable_password()
        user.save(update_fields=["password"])
    sociallogin.connect(request, user)
    record(AuditKind.LINKED, by=user, person=user)


def _free_name(sociallogin: SocialLogin, address: str) -> str:
    """A username that nobody has: what the server calls them, or the address before the @, maybe with a number."""
    wanted = (sociallogin.user.username if sociallogin.user else "") or address.partition("@")[0]
    kept = "".join(letter for letter in wanted if letter.isalnum() or letter in "@.+-_")[:140] or "person"
    alike = User.objects.filter(username__istartswith=kept).values_list("username", flat=True)
    taken = {name.lower() for name in alike}
    numbered = (f"{kept}-{number}" for number in range(2, len(taken) + 3))
    return next(name for name in (kept, *numbered) if name.lower() not in taken)


def _refusal(request: HttpRequest, address: str = "") -> HttpResponse:
    return render(request, "socialaccount/refused.html", {"address": address}, status=403)
