"""The envelope that Messenger and Instagram share: entries with messages, standby messages and changes."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from integrations.base import mapping, sequence
from integrations.inbound import Event, Ignored, InboundEvent, Parsed, identifier

# The name of a kind or field, as it may be counted and logged. Anything else could be what somebody wrote.
NAME = re.compile(r"[a-z][a-z0-9_-]{0,39}")
# What a broken item raises where it is read.
BROKEN = LookupError, TypeError, ValueError, ArithmeticError


@dataclass(frozen=True)
class Item:
    """One thing in an entry, sent by Meta at `sent_at`: a message where `field` is "messaging" or "standby"."""

    field: str
    value: Mapping[str, Any]
    sent_at: object


Read = Callable[[Item], Sequence[InboundEvent]]


def parse(entries: Sequence[Any], account: str, read_message: Read, read_change: Read) -> Parsed:
    """All events of our `account`. Each item is read by itself: one that is broken never loses the others."""
    parsed = Parsed()
    for entry in map(mapping, entries):
        ours = identifier(entry.get("id")) == account
        for item in items(entry):
            if parsed.is_full:
                parsed.ignored.append(Ignored("more than is read"))
                return parsed
            for event in _read(item, read_message, read_change) if ours else (Ignored("foreign account"),):
                if isinstance(event, Event):
                    parsed.events.append(event)
                else:
                    parsed.ignored.append(event)
    return parsed


def items(entry: Mapping[str, Any]) -> Iterator[Item]:
    """What is in an entry. Instagram puts a change into the entry itself too, and tests of Meta's put messages into
    changes."""
    sent_at = entry.get("time")
    for field in ("messaging", "standby"):
        for value in sequence(entry.get(field)):
            yield Item(field, mapping(value), sent_at)
    for change in [*map(mapping, sequence(entry.get("changes"))), entry]:
        if "field" in change:
            value = mapping(change.get("value"))
            yield Item(_field(change["field"], value), value, sent_at)


def name(value: object) -> str:
    """The name of a kind from outside, where it can be one of the app's own; "unknown" for anything else."""
    return value if isinstance(value, str) and NAME.fullmatch(value) else "unknown"


def _field(field: object, value: Mapping[str, Any]) -> str:
    if field == "standby" or not {"sender", "recipient"} <= value.keys():
        return name(field)
    return "messaging"


def _read(item: Item, read_message: Read, read_change: Read) -> Sequence[InboundEvent]:
    try:
        return (read_message if item.field in ("messaging", "standby") else read_change)(item)
    except BROKEN:
        return (Ignored(f"broken {item.field}"),)
