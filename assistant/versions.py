"""Versions of messages: which of them are shown. Callers hold the conversation's lock, see conversations.py."""

import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple
from uuid import UUID

from django.db.models import Q, QuerySet

from assistant.models import Conversation, Message, Person, Summary
from assistant.prepared import Prepared


class Version(NamedTuple):
    """The place of a message among its versions, counted from 1, and the ids of its neighbours."""

    number: int = 1
    total: int = 1
    earlier: UUID | None = None
    later: UUID | None = None


ONLY = Version()


@Prepared
def _put_aside(conversation: UUID) -> QuerySet[Message, Any]:
    return Message.objects.filter(conversation=conversation, chosen=False).values_list("id")[:1]


def has_versions(conversation: UUID) -> bool:
    """Whether a conversation has other versions of any message."""
    return bool(_put_aside.rows(conversation))


def versions_of(messages: Sequence[Message]) -> dict[UUID, Version]:
    """The places of those of `messages`, all shown and of one conversation, that have other versions."""
    if not messages or not has_versions(messages[0].conversation_id):
        return {}
    parents = {message.parent_id for message in messages}
    under = Q(parent__in=parents - {None})
    if None in parents:
        under |= Q(parent=None)
    others = Message.objects.filter(under, conversation=messages[0].conversation_id, chosen=False)
    found: dict[UUID | None, list[tuple[int, UUID]]] = {}
    for parent, position, message_id in others.values_list("parent", "position", "id"):
        found.setdefault(parent, []).append((position, message_id))
    return {message.id: _place(message, found[message.parent_id]) for message in messages if message.parent_id in found}


def _place(message: Message, others: Iterable[tuple[int, UUID]]) -> Version:
    ids = [key for _, key in sorted({*others, (message.position, message.id)})]
    index = ids.index(message.id)
    earlier, later = ids[:index], ids[index + 1 :]
    return Version(index + 1, len(ids), earlier[-1] if earlier else None, later[0] if later else None)


def numbers(conversation: Conversation) -> dict[UUID, dict[str, int]]:
    """For the export: `version` of so many `versions`, of those messages that have several."""
    groups: dict[UUID | None, list[UUID]] = {}
    several: set[UUID | None] = set()
    for parent, message_id, chosen in conversation.messages.order_by("position").values_list("parent", "id", "chosen"):
        groups.setdefault(parent, []).append(message_id)
        if not chosen:
            several.add(parent)
    return {
        message_id: {"version": number, "versions": len(groups[parent])}
        for parent in several
        for number, message_id in enumerate(groups[parent], 1)
    }


def make_room(message: Message) -> None:
    """Put a shown message and all after it aside, for a new version of it."""
    shown = Message.objects.filter(conversation=message.conversation_id, shown=True)
    shown.filter(position__gte=message.position).update(shown=False)
    Message.objects.filter(id=message.id).update(chosen=False)


def show(message: Message) -> None:
    """Show this version, with what was shown after it the last time, in place of another."""
    rows = Message.objects.filter(conversation=message.conversation_id)
    fields = rows.order_by("position").values_list("id", "parent", "chosen", "shown")
    nodes = {node.id: node for node in itertools.starmap(Node, fields)}
    path = {*_ancestors(message.id, nodes), *_descendants(message.id, nodes)}
    forks = {nodes[key].parent for key in path}
    # First what goes: no two versions of a message may be chosen at once.
    rows.filter(id__in=[key for key, node in nodes.items() if node.shown and key not in path]).update(shown=False)
    rivals = [key for key, node in nodes.items() if node.chosen and node.parent in forks and key not in path]
    rows.filter(id__in=rivals).update(chosen=False)
    rows.filter(id__in=path).update(chosen=True, shown=True)


class Node(NamedTuple):
    """A message in the tree, without its text."""

    id: UUID
    parent: UUID | None
    chosen: bool
    shown: bool


def _ancestors(message: UUID, nodes: Mapping[UUID, Node]) -> Iterator[UUID]:
    """The message, and what was said before it."""
    key: UUID | None = message
    while key:
        yield key
        key = nodes[key].parent


def _descendants(message: UUID, nodes: Mapping[UUID, Node]) -> Iterator[UUID]:
    """What was said after the message: of several versions the chosen one, or else the newest."""
    after: dict[UUID, Node] = {}
    for node in nodes.values():
        if node.parent and (node.parent not in after or node.chosen or not after[node.parent].chosen):
            after[node.parent] = node
    key: UUID = message
    while node_after := after.get(key):
        key = node_after.id
        yield key


def close_gaps(person: Person, conversations: QuerySet[Conversation]) -> None:
    """Before the messages of `person` are deleted from `conversations`: what was said after them moves up.

    Otherwise each piece would look like another beginning of its conversation.
    """
    # They may hold what the person said.
    Summary.objects.filter(until__conversation__in=conversations).delete()
    take_out(Message.objects.filter(author=person, conversation__in=conversations))


def take_out(leaving: QuerySet[Message]) -> None:
    """Before the messages `leaving` are deleted: what was said after them moves up."""
    # From the end: what moves up to a message that goes too moves on with it.
    for message in leaving.order_by("-position"):
        Message.objects.filter(id=message.id).update(chosen=False)
        if not message.chosen:
            message.children.update(chosen=False)
        message.children.update(parent=message.parent_id)
