"""The demo's people and their project."""

from annotation.models import Membership, Order, Project, Role, ScorerVersion, User
from datasets_app.demo.logins import HUMAN_RATERS, LEAD, PASSWORD, SLUG, email
from datasets_app.demo.opinions import RATERS

GUIDELINES = """\
Watch the clip once at normal speed before you score. Then score each dimension **on its own**.

- **Visual quality**: how it looks, whatever it shows. Blur, flicker, blocks, grain, jumps.
- **Text-to-video alignment**: whether it shows what the prompt says. Count, colour, action, place.
- **Physical consistency**: whether it could happen. Things that vanish, melt, jump or fall through the floor.

5 means that nothing is wrong, 3 that it disturbs, 1 that the clip is of no use in this respect.

Say in a few words what you saw and when: M puts the time into the reason.
A score that comes from the model is a guess. Keep it only if you would have given it yourself.
"""


def make_people_and_project(suggester: ScorerVersion) -> Project:
    """The project `demo`, its lead and raters; what is there already stays as it is."""
    project, _ = Project.objects.get_or_create(
        slug=SLUG,
        defaults={
            "name": "Demo: simulated T2V models",
            "overlap": 2,
            "prefill_percent": 80,
            "reveal_percent": 10,
            "blind_percent": 10,
            "order": Order.RANDOM,
            "guidelines": GUIDELINES,
            "seed": 1024,  # draws enough of each arm to compare, and an unswayed rating of every prompt
            "suggester": suggester,
        },
    )
    _member(project, LEAD, Role.LEAD)
    for username in HUMAN_RATERS:
        _member(project, username, Role.RATER)
    for rater in RATERS:
        _member(project, rater.username, Role.RATER, can_log_in=False)
    return project


def _member(project: Project, username: str, role: Role, *, can_log_in: bool = True) -> None:
    user = User.objects.filter(username=username).first()
    if user is None:
        address, password = (email(username), PASSWORD) if can_log_in else ("", None)
        user = User.objects.create_user(username, address, password)
    Membership.objects.get_or_create(project=project, user=user, defaults={"role": role})
