"""Under whose name imported ratings stand."""

from django.utils.translation import gettext as _

from annotation.models import Project, User

IMPORTED_RATER = "imported"


class NoSuchRater(ValueError):
    """The name cannot carry imported ratings; the message is a sentence for people."""


def find_rater(project: Project, name: str = "") -> User:
    """The rater of this name: a member, or an account that only carries imports, made when it is new.

    Somebody's account outside the project is refused with NoSuchRater: nobody is given words they did not write.
    """
    name = name or IMPORTED_RATER
    rater = User.objects.filter(username=name).first()
    if rater is None:
        if len(name) > 150 or not name.isprintable():
            raise NoSuchRater(_("A rater's name has at most 150 printable characters."))
        return User.objects.create_user(name)
    if rater.memberships.filter(project=project).exists() or not (rater.email or rater.has_usable_password()):
        return rater
    raise NoSuchRater(
        _("%(name)s has an account but is no member of %(project)s.") % {"name": name, "project": project.slug}
    )
