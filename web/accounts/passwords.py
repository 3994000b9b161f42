"""Signing in takes the same work whoever is named, so its time tells nothing about who has an account."""

from typing import Any, cast

from allauth.account.auth_backends import AuthenticationBackend
from allauth.account.internal.userkit import filter_users_by_email
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest

from assistant.models import Person


class EqualWorkBackend(AuthenticationBackend):
    """allauth's, with one password check for each attempt.

    allauth looks for what was typed as a name and as an e-mail, which checks a known e-mail twice; and it tries all who
    gave the same address without having confirmed it, of which a stranger may be one.
    """

    def authenticate(  # type: ignore[override]
        self, request: HttpRequest | None, **credentials: Any
    ) -> Person:
        """The person whose name or e-mail, and password, these are. Raises PermissionDenied for others: nobody is asked
        after this one."""
        if credentials.get("email"):
            credentials.pop("username", None)
        person = super().authenticate(request, **credentials)
        if person is None:
            raise PermissionDenied
        return cast(Person, person)

    def _authenticate_by_email(self, email: str, password: str) -> Person | None:
        """Only who confirmed an address, or else gave it first, signs in with it; the others do with their names."""
        users = filter_users_by_email(email, prefer_verified=True, for_login=True) if email else []
        first = min(users, key=lambda user: (user.date_joined, str(user.pk)), default=None)
        return cast(Person | None, self._check_password(first, password))
