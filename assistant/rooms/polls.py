"""Short votes in a room: a question, some options, one vote of each member, who may change it until it is closed."""

import re
from collections import Counter
from collections.abc import Iterator
from typing import NamedTuple
from uuid import UUID

from django.db import transaction
from django.utils import timezone
from markdown_it.token import Token

from assistant.errors import BadPollError, NotFoundError, TooManyPollsError
from assistant.markdown.parser import Block, parse
from assistant.models import Member, Message, Person, Poll, RoomEvent, Vote
from assistant.names import clean_name
from assistant.rooms.events import Kind, check_pace, lock, membership, note, readable

QUESTION_CHARACTERS, OPTION_CHARACTERS = 200, 60
FEWEST, MOST = 2, 10
MOST_OPEN = 5
# So many answers are looked at for a list.
ANSWERS = 5
# An option is what an item of a list begins with: "**Chamonix**: for experts", "Chamonix – for experts".
_REST = re.compile(r"\s*(?::\s|\s[-\u2013\u2014]\s|\s\().*", re.DOTALL)


class Count(NamedTuple):
    """An option, the number of its votes, and whether the person chose it."""

    option: str
    votes: int
    mine: bool


def ask(person: Person, room_id: UUID, question: str, options: list[str]) -> RoomEvent:
    """Begin a vote. Raises NotFoundError, BadPollError."""
    question = clean_name(question, QUESTION_CHARACTERS)
    cleaned = list(dict.fromkeys(filter(None, (clean_name(option, OPTION_CHARACTERS) for option in options))))
    if not question or not FEWEST <= len(cleaned) <= MOST:
        raise BadPollError
    with transaction.atomic():
        member = lock(person, room_id)
        room = member.conversation.room
        if room.polls.filter(closed_at=None).count() >= MOST_OPEN:
            raise TooManyPollsError
        poll = Poll.objects.create(room=room, question=question, options=cleaned)
        return note(room, Kind.POLL, member, poll=poll)


def suggested(person: Person, room_id: UUID) -> list[str]:
    """What the assistant suggested last, as options: the items of the last list in its newest answer that has one.

    Raises NotFoundError.
    """
    answers = readable(membership(person, room_id)).filter(role=Message.Role.ASSISTANT)
    for text in answers.order_by("-position").values_list("text", flat=True)[:ANSWERS]:
        lists = [found for block in parse(text) if len(found := _items(block)) >= FEWEST]
        if lists:
            return lists[-1][:MOST]
    return []


def _items(block: Block) -> list[str]:
    """The first words of each item of a list; nothing for any other block."""
    if block.kind not in ("bullet_list_open", "ordered_list_open"):
        return []
    tokens = iter(block.tokens)
    firsts = (next(tokens, None) for token in tokens if token.type == "paragraph_open" and token.level == 2)
    plain = ("".join(_plain(token)) for token in firsts if token)
    return [item for text in plain if (item := clean_name(_REST.sub("", text), OPTION_CHARACTERS))]


def _plain(token: Token) -> Iterator[str]:
    for child in token.children or ():
        if child.type in ("text", "code_inline"):
            yield child.content
        elif child.type in ("softbreak", "hardbreak"):
            return


def vote(person: Person, poll_id: UUID, option: int) -> RoomEvent | None:
    """Vote, or change one's vote; None where it was the same already.

    Raises NotFoundError, BadPollError, LimitedError.
    """
    with transaction.atomic():
        member, poll = _locked(person, poll_id)
        if poll.closed_at or not 0 <= option < len(poll.options):
            raise BadPollError
        before = poll.votes.filter(person=person).first()
        if before and before.option == option:
            return None
        check_pace(member, Kind.VOTED)
        Vote.objects.update_or_create(poll=poll, person=person, defaults={"option": option})
        return note(poll.room, Kind.VOTED, member, poll=poll)


def close(person: Person, poll_id: UUID) -> RoomEvent | None:
    """End a vote: who began it, or the host. Raises NotFoundError."""
    with transaction.atomic():
        member, poll = _locked(person, poll_id)
        begun = RoomEvent.objects.filter(poll=poll, kind=Kind.POLL).first()
        if person.pk not in (poll.room.host_id, begun.person_id if begun else None):
            raise NotFoundError
        if poll.closed_at:
            return None
        poll.closed_at = timezone.now()
        poll.save(update_fields=["closed_at"])
        return note(poll.room, Kind.CLOSED, member, poll=poll)


def own(person: Person, poll_id: UUID) -> Poll:
    """A vote of one of the person's rooms, which they may see. Raises NotFoundError. Belongs into a transaction."""
    return _locked(person, poll_id)[1]


def counts(poll: Poll, person: Person | None = None) -> list[Count]:
    """How a vote stands, option by option."""
    votes = list(poll.votes.values_list("person", "option"))
    numbers = Counter(option for _person, option in votes)
    mine = dict(votes).get(person.pk) if person else None
    return [Count(option, numbers[place], place == mine) for place, option in enumerate(poll.options)]


def _locked(person: Person, poll_id: UUID) -> tuple[Member, Poll]:
    """A poll of one of the person's rooms, which they may see, and their membership there; the room is locked.

    Raises NotFoundError.
    """
    poll = Poll.objects.filter(pk=poll_id).first()
    if poll is None:
        raise NotFoundError
    member = lock(person, poll.room_id)
    poll = Poll.objects.select_related("room").get(pk=poll_id)
    if not RoomEvent.objects.filter(poll=poll, kind=Kind.POLL, number__gt=member.since).exists():
        raise NotFoundError
    return member, poll
