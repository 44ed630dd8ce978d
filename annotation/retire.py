"""Closing an account for good. The person's name and address go; what they rated stays, under a name of nobody.

A row of a person is never deleted: ratings, reviews and edits are theirs, and a verdict must stay traceable.
"""

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.socialaccount.models import SocialAccount
from django.db import transaction
from django.db.models import Q

from annotation.audit import record
from annotation.models import AuditKind, Draft, Invitation, User
from annotation.projects.members import remove


@transaction.atomic
def retire(person: User, *, by: User | None = None) -> User:
    """Take somebody out of all projects, delete what is not yet a rating, and forget who they are.

    Raises `LastLead` where a project would be left without a lead; then nothing is changed. Again, it changes
    nothing.
    """
    if person.username == _name_of(person):
        return person
    for membership in person.memberships.select_related("project", "user"):
        remove(membership, by=by)
    Draft.objects.filter(rater=person).delete()
    for model in (Authenticator, EmailAddress, SocialAccount):
        model.objects.filter(user=person).delete()
    Invitation.objects.filter(_theirs(person)).update(email="")
    person.username, person.email = _name_of(person), ""
    person.first_name = person.last_name = ""
    person.is_active = person.is_staff = person.is_superuser = False
    person.set_unusable_password()
    person.save()
    record(AuditKind.USER_RETIRED, by=by, person=person)
    return person


def _theirs(person: User) -> Q:
    """Links that they used, and those that wait for them: by one they would come back as somebody new."""
    return Q(accepted_by=person) | (Q(email__iexact=person.email) if person.email else Q())


def _name_of(person: User) -> str:
    return f"retired-{person.pk}"
