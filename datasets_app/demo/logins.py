"""Who may log in to the demo. The password is no secret: only the demo's own database knows it."""

SLUG = "demo"
LEAD = "lead"
HUMAN_RATERS = ("rater-1", "rater-2", "rater-3")
PASSWORD = "lights-down"  # noqa: S105


def email(username: str) -> str:
    return f"{username}@example.org"
