"""A person's projects with where each stands, for the first page."""

from django.contrib.auth.models import AnonymousUser
from django.db.models import Count, IntegerField, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce

from annotation.models import Membership, Project, Rating, User, Video
from annotation.models.project import ProjectQuerySet


def projects_of(user: User | AnonymousUser) -> ProjectQuerySet:
    """Projects of this person with `role`, `n_to_settle`, `n_settled` and `n_rated` (by them). One query.

    A superuser gets all of them, with no `role` where she is no member: the list is no way in.
    """
    here = OuterRef("pk")
    projects = Project.objects.standing() if user.is_superuser else Project.objects.visible_to(user)
    return projects.annotate(
        role=Subquery(Membership.objects.filter(project=here, user=user.pk).values("role")),
        n_to_settle=_count(Video.objects.to_settle().filter(project=here), "project"),
        n_settled=_count(Video.objects.to_settle().filter(project=here, verdict__isnull=False), "project"),
        n_rated=_count(Rating.objects.live().filter(video__project=here, rater=user.pk), "video__project"),
    )


def _count(rows: QuerySet, project: str) -> Coalesce:
    counted = rows.order_by().values(project).annotate(n=Count("pk")).values("n")
    return Coalesce(Subquery(counted, output_field=IntegerField()), 0)
