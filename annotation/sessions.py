"""Sessions in the database, as Django's own keeps them; read by a query that is written once."""

from django.contrib.sessions.backends import db
from django.contrib.sessions.models import Session
from django.utils import timezone

from annotation.prepared import PreparedModels

_read_session = PreparedModels(lambda key, now: Session.objects.filter(session_key=key, expire_date__gt=now))


class SessionStore(db.SessionStore):
    def _get_session_from_db(self) -> Session | None:
        key = str(self.session_key)  # as a browser sent it: PostgreSQL takes no NUL
        session = None if "\0" in key else _read_session.first(key, timezone.now())
        if session is None:
            self._session_key = None
        return session
