"""The terms of a text in a database column, as the full-text search of the database takes them."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from django.db import models
from django.db.backends.base.base import BaseDatabaseWrapper

# The bounds of a `tsvector`, and what a term and each further place of it take.
VECTOR_BYTES, TERM_BYTES, PLACE_BYTES = 1_000_000, 6, 2
LAST_PLACE, PLACES_PER_TERM = 16_383, 256

if TYPE_CHECKING:
    Field = models.Field[list[str], list[str]]
else:
    Field = models.Field


class TermsField(Field):
    """A list of terms in their order, of letters, digits and symbols only. Its column is written and not read."""

    def db_type(self, connection: BaseDatabaseWrapper) -> str:
        return "tsvector" if connection.vendor == "postgresql" else "text"

    def get_db_prep_value(self, value: list[str], connection: BaseDatabaseWrapper, prepared: bool = False) -> str:
        return vector(value) if connection.vendor == "postgresql" else " ".join(value)


def vector(terms: Iterable[str]) -> str:
    """Terms as the text of a `tsvector`; what would not fit in one is left out."""
    places: dict[str, list[int]] = {}
    room = VECTOR_BYTES
    for number, term in enumerate(terms):
        room -= PLACE_BYTES if term in places else len(term.encode()) + TERM_BYTES
        if room < 0:
            break
        there = places.setdefault(term, [])
        if len(there) < PLACES_PER_TERM:
            # Counted anew where places end: neighbours stay neighbours.
            there.append(number % LAST_PLACE + 1)
    return " ".join(f"'{term}':{','.join(map(str, there))}" for term, there in places.items())
