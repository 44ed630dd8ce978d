"""Whether a rater may be given another video now: not while paused, nor beyond what a day may hold."""

from annotation.models import Membership, Project, Rating, Seat, User
from annotation.prepared import Prepared
from annotation.room.progress import midnight


def may_take(project: Project, rater: User) -> bool:
    """Ask while holding the rater's row (`hold_rater`): then it stays true until the transaction ends.

    Read anew, since the lead may have changed it after the request began. Who is no member gets nothing.
    """
    for paused, daily_cap in _read_allowance(project.pk, rater.pk):
        return not paused and (daily_cap is None or taken_today(project, rater) < daily_cap)
    return False


_read_allowance = Prepared(
    lambda project_pk, rater_pk: Membership.objects.filter(project=project_pk, user=rater_pk).values_list(
        "paused", "daily_cap"
    )
)


def taken_today(project: Project, rater: User) -> int:
    """Videos that count toward the rater's cap: submitted since midnight and not taken back, and held now."""
    today = Rating.objects.firsts().filter(
        video__project=project, rater=rater, imported=False, submitted_at__gte=midnight()
    )
    held = Seat.objects.held_by(rater).filter(video__project=project)
    return today.count() + held.count()
