"""Memories: what people asked the assistant to remember, a line each. All is synchronous, on the database."""

from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet

from assistant.errors import (
    EmptyMemoryError,
    MemoriesFullError,
    MemoryTooLongError,
    NotFoundError,
    UnclearMemoryError,
    UnknownMemoryError,
)
from assistant.folding import normalized, words
from assistant.models import Memory, Person
from assistant.names import is_visible
from assistant.pages.cleaning import clean_line

# A memory is meant where so much of it is named, in words of so many letters.
NAMED_SHARE = 0.5
SHORTEST = 3


def may_remember(person: Person) -> bool:
    """Whether the person can have memories here."""
    return settings.MEMORY_FOR_GUESTS or not person.is_guest


def is_on(person: Person) -> bool:
    """Whether memories are made for the person, and told to the model."""
    return person.remembers and may_remember(person)


def switch(person: Person, *, on: bool) -> None:
    """Switch it on or off. What is remembered stays."""
    person.remembers = on
    person.save(update_fields=["remembers"])


def of(person: Person) -> QuerySet[Memory]:
    """What is remembered for the person, oldest first."""
    return person.memories.order_by("created_at", "id")


def add(person: Person, text: str) -> Memory:
    """Remember `text`; the memory that says the same, if there is one.

    Raises EmptyMemoryError, MemoryTooLongError, MemoriesFullError, NotFoundError for somebody who was erased.
    """
    text = cleaned(text)
    with transaction.atomic():
        _lock(person)
        known = {_same(one.text): one for one in of(person)}
        if same := known.get(_same(text)):
            return same
        if len(known) >= settings.MEMORIES_PER_PERSON:
            raise MemoriesFullError(f"{len(known)} are kept")
        return Memory.objects.create(person=person, text=text)


def edit(person: Person, memory_id: UUID, text: str) -> None:
    """Say it otherwise. Raises NotFoundError, EmptyMemoryError, MemoryTooLongError."""
    if not of(person).filter(id=memory_id).exists():
        raise NotFoundError
    of(person).filter(id=memory_id).update(text=cleaned(text))


def erase(person: Person, memory_id: UUID) -> None:
    """Erase one. Raises NotFoundError."""
    deleted, _ = of(person).filter(id=memory_id).delete()
    if not deleted:
        raise NotFoundError


def erase_all(person: Person) -> list[str]:
    """Erase all; returns what they said."""
    with transaction.atomic():
        _lock(person)
        texts = list(of(person).values_list("text", flat=True))
        person.memories.all().delete()
    return texts


def forget(person: Person, *descriptions: str) -> str:
    """Erase the memory that the first of `descriptions` names, else the next; returns what it said.

    Raises UnknownMemoryError, UnclearMemoryError, NotFoundError for somebody who was erased.
    """
    with transaction.atomic():
        _lock(person)
        for described in descriptions:
            if found := _named(list(of(person)), described):
                found.delete()
                return found.text
    raise UnknownMemoryError


def move(person: Person, into: Person) -> None:
    """Give the memories of `person` to `into`, as far as they are new there and fit."""
    _lock(into)
    known = {_same(one.text) for one in of(into)}
    for memory in of(person):
        if _same(memory.text) not in known and len(known) < settings.MEMORIES_PER_PERSON:
            known.add(_same(memory.text))
            Memory.objects.filter(id=memory.id).update(person=into)


def cleaned(text: str) -> str:
    """A memory as it is kept: one line that can be seen, without special tokens of models.

    Raises EmptyMemoryError, MemoryTooLongError.
    """
    # No line is cut here: a token that is taken apart gets longer.
    line = clean_line(text, 2 * len(text) + 1)
    if not is_visible(line):
        raise EmptyMemoryError
    if len(line) > settings.MEMORY_CHARACTERS:
        raise MemoryTooLongError
    return line


def _lock(person: Person) -> None:
    """Admit no other change of the person's memories until the transaction ends. Raises NotFoundError."""
    if not Person.objects.select_for_update(no_key=True).filter(id=person.id).exists():
        raise NotFoundError


def _named(memories: list[Memory], described: str) -> Memory | None:
    """The memory that shares most with a description; None where none shares enough. Raises UnclearMemoryError."""
    wanted = _terms(described)
    shares = {one.id: len(wanted & terms) / len(terms) if (terms := _terms(one.text)) else 0.0 for one in memories}
    best = max(shares.values(), default=0.0)
    found = [one for one in memories if shares[one.id] == best]
    if best < NAMED_SHARE:
        return None
    if len(found) > 1:
        raise UnclearMemoryError
    return found[0]


def _terms(text: str) -> frozenset[str]:
    """The words of a text that tell it from others, folded; scripts without spaces come in pairs."""
    found = list(words(normalized(text)))
    telling = [one for one in found if one.is_run or len(one.text) >= SHORTEST or one.text.isdigit()]
    return frozenset(term for word in telling or found for term in word.terms)


def _same(text: str) -> str:
    """What two memories share that say the same."""
    return text.casefold().rstrip(".!")
