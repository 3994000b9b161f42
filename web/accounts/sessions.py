"""The session store: Django's own table with one more column."""

from typing import Any, cast

from django.contrib.auth import SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore as DatabaseStore

from web.models import Session


class SessionStore(DatabaseStore):
    """Django's database sessions, each tied to its person."""

    def _validate_session_key(self, key: str) -> bool:
        """Django's keys are letters and digits; PostgreSQL raises an error for some others, such as a zero byte."""
        return len(key or "") >= 8 and key.isascii() and key.isalnum()

    @classmethod
    def get_model_class(cls) -> type[Session]:
        return Session

    def create_model_instance(self, data: dict[str, Any]) -> Session:
        session = cast(Session, super().create_model_instance(data))
        session.person_id = data.get(SESSION_KEY)
        return session

    async def acreate_model_instance(self, data: dict[str, Any]) -> Session:
        session = cast(Session, await super().acreate_model_instance(data))
        session.person_id = data.get(SESSION_KEY)
        return session
