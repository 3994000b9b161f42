"""WhatsApp's deliveries, read into typed values. The only file that knows their JSON.

https://developers.facebook.com/documentation/business-messaging/whatsapp/webhooks/overview

Everything may be missing, and new kinds come without notice: an item that cannot be read is counted by its kind, and
the next one is read. A list is as long as the body allows, which the webhook bounds.
"""

import math
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from typing import Any, Literal

from integrations.base import mapping, sequence
from integrations.inbound import (
    MOST_CARDS,
    PAYLOAD_CHARACTERS,
    AccountNotice,
    Card,
    ContactChange,
    Echo,
    Event,
    GroupEnded,
    GroupJoined,
    GroupLeft,
    GroupMade,
    GroupRenamed,
    GroupSuspended,
    Ignored,
    InboundEdit,
    InboundMessage,
    InboundOpening,
    InboundReaction,
    InboundUnsend,
    Media,
    Parsed,
    Place,
    Sender,
    StatusChange,
    identifier,
    label,
    moment,
    moment_or_now,
    words,
)
from integrations.whatsapp.problems import concerns_account

Json = Mapping[str, Any]
MediaKind = Literal["image", "video", "audio", "document", "sticker"]

NUMBERS_PER_CARD = 5
# So many people of one piece of news about a group are read; a group has eight.
MOST_PEOPLE = 64
EMOJI_CHARACTERS = 32
URL_CHARACTERS = 2_000
DETAIL_CHARACTERS = 300

# What an item may raise that is not as it should be.
BROKEN = (LookupError, TypeError, ValueError, ArithmeticError)

USER_ID = re.compile(r"[A-Z]{2}\.[A-Za-z0-9.]{1,140}")
PHONE = re.compile(r"\+?([0-9]{3,20})")
KIND = re.compile(r"[A-Za-z_]{1,40}")
# "User Ada changed from DE.1 to DE.2": what comes before is a name, and may say anything.
CHANGED_USER_ID = re.compile(r"from (\S+) to (\S+)\Z")

# Fields about the account, for whoever runs it.
NOTICES = {
    "account_alerts",
    "account_review_update",
    "account_update",
    "business_capability_update",
    "business_status_update",
    "phone_number_name_update",
    "phone_number_quality_update",
    "security",
}
STATUSES: dict[str, Literal["sent", "delivered", "read", "failed"]] = {
    "sent": "sent",
    "delivered": "delivered",
    "read": "read",
    "played": "read",
    "failed": "failed",
}
# What the app cannot pass on, though nobody said anything by it.
WORDLESS = {
    "call",
    "call_log",
    "deleted",
    "edit",
    "ephemeral",
    "event_response",
    "keep_in_chat",
    "pin",
    "pin_in_chat",
    "poll_update",
    "poll_vote",
    "protocol",
    "reaction",
    "revoke",
    "unpin",
    "vote",
}


@dataclass(frozen=True)
class Account:
    """Ours: the id of its number, and that of the business account around it, where it is set."""

    phone_id: str
    business_id: str = ""


class People:
    """The `contacts` of a value, by their ids."""

    def __init__(self, people: Sequence[Sender]) -> None:
        self._people = people
        self._by_user_id = {one.user_id: one for one in people if one.user_id}
        self._by_phone = {_spelled(one.phone): one for one in people if one.phone}

    @classmethod
    def of(cls, value: Json) -> "People":
        return cls([cls._person(mapping(one)) for one in sequence(value.get("contacts"))])

    @staticmethod
    def _person(contact: Json) -> Sender:
        profile = mapping(contact.get("profile"))
        return Sender(
            user_id=identifier(contact.get("user_id")) or _user_id(contact.get("wa_id")),
            phone=_digits(contact.get("wa_id")),
            name=label(profile.get("name")),
            username=label(profile.get("username")).lstrip("@"),
        )

    def find(self, user_id: str, phone: str) -> Sender:
        """The one with that user id, else with that number; an empty one where there is none."""
        if user_id in self._by_user_id:
            return self._by_user_id[user_id]
        found = self._by_phone.get(_spelled(phone), Sender())
        return Sender() if user_id and found.user_id else found

    def only(self) -> Sender:
        """The one there is; an empty one where there are several."""
        return self._people[0] if len(self._people) == 1 else Sender()


def _spelled(phone: str) -> tuple[str, str]:
    """What is the same in both spellings of a number.

    Mobile numbers of Mexico and Argentina have a digit behind the country that may be left out, those of Brazil one
    behind the area.
    """
    if phone.startswith(("52", "54")):
        return phone[:2], phone[-10:]
    return (phone[:4], phone[-8:]) if phone.startswith("55") else (phone, "")


class _IgnoredItem(Exception):
    """This item is nothing to us. Its text is its kind."""


def parsed(entries: Sequence[Any], account: Account) -> Parsed:
    """All that is in the `entry` of a delivery. Nothing is raised."""
    result = Parsed()
    for entry in entries:
        for change in sequence(mapping(entry).get("changes")):
            for kind, read in _items(mapping(entry), mapping(change), account):
                if result.is_full:
                    result.ignored.append(Ignored("more than is read"))
                    return result
                try:
                    result.events.append(read())
                except _IgnoredItem as ignored:
                    result.ignored.append(Ignored(str(ignored)))
                except BROKEN:
                    result.ignored.append(Ignored(f"broken {kind}"))
    return result


Item = tuple[str, Callable[[], Event]]


def _items(entry: Json, change: Json, account: Account) -> Iterator[Item]:
    """The items of one change: the kind of each, and what reads it."""
    field, value = _kind(change.get("field")), mapping(change.get("value"))
    if field in NOTICES:
        yield field, partial(_notice, field, entry, value, account)
        return
    if field not in READERS:
        yield field, partial(_ignore, field)
        return
    number = identifier(mapping(value.get("metadata")).get("phone_number_id"))
    if not number or number != account.phone_id:
        yield field, partial(_ignore, "foreign account")
        return
    people = People.of(value)
    for name, kind, read in READERS[field]:
        for item in sequence(value.get(name)):
            yield kind, partial(read, mapping(item), value, people, account)


def _ignore(kind: str) -> Event:
    raise _IgnoredItem(kind)


# Messages


def _message(item: Json, value: Json, people: People, account: Account) -> Event:
    kind = _kind_of(item)
    if kind == "system":
        return _system(item, people, account)
    sender = _sender(item, people)
    if sender.phone and sender.phone == _digits(mapping(value.get("metadata")).get("display_phone_number")):
        raise _IgnoredItem("message of our own")
    if kind not in MESSAGES:
        raise _IgnoredItem(f"message {kind}")
    identity = _required(item, "id")
    base = _base(item, sender, identity, account)
    try:
        event = MESSAGES[kind](item, base)
    except BROKEN as error:
        if kind in SHOWN:
            return replace(base, unknown=kind)
        raise _IgnoredItem(f"broken {kind}") from error
    if base.group and isinstance(event, InboundEdit | InboundUnsend | InboundReaction):
        return replace(event, group=base.group)
    if base.group and not isinstance(event, InboundMessage):
        raise _IgnoredItem(f"group {kind}")
    return event


def _kind_of(item: Json) -> str:
    """What a message is: where it does not say so, what is in it tells."""
    kind = item.get("type")
    return next((known for known in MESSAGES if known in item), _kind(kind)) if kind is None else _kind(kind)


def _base(item: Json, sender: Sender, identity: str, account: Account) -> InboundMessage:
    """What all messages have."""
    context, referral = mapping(item.get("context")), mapping(item.get("referral"))
    return InboundMessage(
        account.phone_id,
        sender,
        moment_or_now(item.get("timestamp")),
        identity,
        quoted=identifier(context.get("id")),
        ref=identifier(referral.get("source_id")),
        group=identifier(item.get("group_id")),
        forwarded=context.get("forwarded") is True or context.get("frequently_forwarded") is True,
    )


def _text(item: Json, base: InboundMessage) -> Event:
    text = words(mapping(item["text"]).get("body"))
    if not text.strip():
        raise _IgnoredItem("message without words")
    return replace(base, text=text)


def _media(kind: MediaKind, name: str = "") -> Callable[[Json, InboundMessage], Event]:
    """Reads a file, which stands under its kind or another `name`."""

    def read(item: Json, base: InboundMessage) -> Event:
        file = item[name or kind]
        if not isinstance(file, Mapping):
            raise TypeError("no file")
        media = Media(
            kind,
            id=identifier(file.get("id")),
            url=identifier(file.get("url"), URL_CHARACTERS),
            mime_type=label(file.get("mime_type"), 100),
            name=label(file.get("filename")),
            sha256=identifier(file.get("sha256"), 100),
        )
        if not (media.id or media.url):
            # Larger than the app takes, or lost on its way: `errors` says which.
            return replace(base, unknown=kind)
        return replace(base, text=words(file.get("caption")), media=(media,))

    return read


def _reaction(item: Json, base: InboundMessage) -> Event:
    reaction = mapping(item["reaction"])
    emoji = words(reaction.get("emoji"), EMOJI_CHARACTERS).strip()
    return InboundReaction(base.account, base.sender, base.at, _required(reaction, "message_id"), emoji)


def _interactive(item: Json, base: InboundMessage) -> Event:
    interactive = mapping(item.get("interactive"))
    if not interactive:
        # The app could not put it into words either, and says so in `errors` of the value.
        return replace(base, unknown="interactive")
    kind = _kind(interactive.get("type"))
    if kind not in ("button_reply", "list_reply"):
        raise _IgnoredItem(f"interactive {kind}")
    return _tapped(mapping(interactive[kind]), "id", "title", base)


def _button(item: Json, base: InboundMessage) -> Event:
    return _tapped(mapping(item["button"]), "payload", "text", base)


def _tapped(tap: Json, payload_name: str, title_name: str, base: InboundMessage) -> Event:
    payload, title = words(tap.get(payload_name), PAYLOAD_CHARACTERS), label(tap.get(title_name))
    if not (payload.strip() or title):
        raise ValueError("a tap on nothing")
    return replace(base, payload=payload, text=title)


def _location(item: Json, base: InboundMessage) -> Event:
    place = mapping(item["location"])
    latitude, longitude = float(place["latitude"]), float(place["longitude"])
    if not (math.isfinite(latitude) and math.isfinite(longitude) and abs(latitude) <= 90 and abs(longitude) <= 180):
        raise ValueError("nowhere")
    return replace(base, place=Place(latitude, longitude, label(place.get("name")), label(place.get("address"))))


def _contacts(item: Json, base: InboundMessage) -> Event:
    cards = tuple(card for one in sequence(item["contacts"])[:MOST_CARDS] if (card := _card(mapping(one))))
    if not cards:
        raise ValueError("no cards")
    return replace(base, cards=cards)


def _card(contact: Json) -> Card | None:
    name = mapping(contact.get("name"))
    parts = [label(name.get(part)) for part in ("first_name", "middle_name", "last_name")]
    called = label(name.get("formatted_name")) or " ".join(part for part in parts if part)
    company = label(mapping(contact.get("org")).get("company"))
    phones = _labels(contact, "phones", ("phone", "wa_id"))
    emails = _labels(contact, "emails", ("email",))
    known = called or company
    return Card(known, phones, emails) if known or phones or emails else None


def _labels(contact: Json, name: str, keys: Sequence[str]) -> tuple[str, ...]:
    """The first of the `keys` that each item of a list has, as a label."""
    items = (mapping(item) for item in sequence(contact.get(name))[:NUMBERS_PER_CARD])
    found = (next((text for key in keys if (text := label(item.get(key)))), "") for item in items)
    return tuple(text for text in found if text)


def _order(item: Json, base: InboundMessage) -> Event:
    return replace(base, text=words(mapping(item.get("order")).get("text")), unknown="order")


def _unsupported(item: Json, base: InboundMessage) -> Event:
    kind = label(mapping(item.get("unsupported")).get("type"), 40)
    if kind.lower() in WORDLESS:
        raise _IgnoredItem(f"unsupported {kind}")
    return replace(base, unknown=kind if KIND.fullmatch(kind) else "unsupported")


def _edit(item: Json, base: InboundMessage) -> Event:
    edit = mapping(item["edit"])
    message = mapping(edit["message"])
    kind = _kind(message.get("type"))
    content = mapping(message[kind])
    text = words(content["body"] if kind == "text" else content.get("caption"))
    return InboundEdit(base.account, base.sender, base.at, _required(edit, "original_message_id"), text)


def _revoke(item: Json, base: InboundMessage) -> Event:
    original = _required(mapping(item["revoke"]), "original_message_id")
    return InboundUnsend(base.account, base.sender, base.at, original)


def _welcome(item: Json, base: InboundMessage) -> Event:
    return InboundOpening(base.account, base.sender, base.at)


MESSAGES: dict[str, Callable[[Json, InboundMessage], Event]] = {
    "text": _text,
    "image": _media("image"),
    "video": _media("video"),
    "audio": _media("audio"),
    # As the API called a recording before, and gateways still do.
    "voice": _media("audio", "voice"),
    "document": _media("document"),
    "sticker": _media("sticker"),
    "reaction": _reaction,
    "interactive": _interactive,
    "button": _button,
    "location": _location,
    "contacts": _contacts,
    "order": _order,
    "unsupported": _unsupported,
    "unknown": _unsupported,
    "edit": _edit,
    "revoke": _revoke,
    "request_welcome": _welcome,
}
# What somebody sees that they sent, though we cannot make out what it is.
SHOWN = {"image", "video", "audio", "voice", "document", "sticker", "location", "contacts"}


# What else there is in a value


def _system(item: Json, people: People, account: Account) -> Event:
    """A note in the chat: of a new number, or a new user id."""
    system = mapping(item.get("system"))
    kind = _kind(system.get("type"))
    if kind in ("user_changed_number", "customer_changed_number", "user_changed_user_id"):
        phone = _digits(system.get("wa_id")) or _digits(system.get("new_wa_id"))
        user_id = identifier(system.get("user_id"))
        told = CHANGED_USER_ID.search(words(system.get("body")))
        told_before = told[1] if told and told[2] == user_id and USER_ID.fullmatch(told[1]) else ""
        before = Sender(
            user_id=identifier(system.get("previous_user_id")) or told_before or identifier(item.get("from_user_id")),
            phone=_digits(item.get("from")) or _digits(system.get("customer")),
        )
        return _changed(before, moment(item.get("timestamp")), user_id, phone, account)
    raise _IgnoredItem(f"system {kind}")


def _user_id_update(item: Json, value: Json, people: People, account: Account) -> Event:
    user_id = mapping(item["user_id"])
    before = Sender(user_id=identifier(user_id.get("previous")), phone=_digits(item.get("wa_id")))
    return _changed(before, moment(item.get("timestamp")), identifier(user_id["current"]), "", account)


def _changed(before: Sender, at: datetime, user_id: str, phone: str, account: Account) -> Event:
    if not (before.user_id or before.phone):
        raise _IgnoredItem("change of a stranger")
    if not (user_id or phone):
        raise ValueError("a change to nothing")
    return ContactChange(account.phone_id, before, at, user_id, phone)


def _status(item: Json, value: Json, people: People, account: Account) -> Event:
    kind = _kind(item.get("status"))
    if kind not in STATUSES:
        raise _IgnoredItem(f"status {kind}")
    in_group = item.get("recipient_type") == "group"
    about = "recipient_participant" if in_group else "recipient"
    sender = Sender(user_id=identifier(item.get(f"{about}_user_id")), phone=_digits(item.get(f"{about}_id")))
    error = mapping(next(iter(sequence(item.get("errors"))), None)) if STATUSES[kind] == "failed" else {}
    return StatusChange(
        account.phone_id,
        sender,
        moment(item.get("timestamp")),
        STATUSES[kind],
        id=_required(item, "id"),
        key=identifier(item.get("biz_opaque_callback_data"), 512),
        problem=identifier(error.get("code"), 12),
        detail=_details(error),
    )


def _echo(item: Json, value: Json, people: People, account: Account) -> Event:
    """What somebody wrote in the business' own app, on a phone that shares our number."""
    person = _sender({"from": item.get("to"), "from_user_id": item.get("to_user_id")}, people)
    return Echo(account.phone_id, person, moment(item.get("timestamp")), _required(item, "id"), human=True)


def _error(item: Json, value: Json, people: People, account: Account) -> Event:
    code = int(label(item["code"], 12))
    if not concerns_account(code):
        raise _IgnoredItem(f"error {code}")
    return AccountNotice(account.phone_id, Sender(), datetime.now(UTC), f"error {code}", _details(item))


def _notice(field: str, entry: Json, value: Json, account: Account) -> Event:
    if account.business_id and identifier(entry.get("id")) != account.business_id:
        raise _IgnoredItem("foreign account")
    try:
        at = moment(entry.get("time"))
    except ValueError:
        at = datetime.now(UTC)
    return AccountNotice(account.phone_id, Sender(), at, field, label(", ".join(_told(value)), DETAIL_CHARACTERS))


def _told(value: object, name: str = "", depth: int = 0) -> Iterator[str]:
    """All that is said in a notice, as "name value", the outermost first."""
    if depth > 3:
        return
    if isinstance(value, Mapping):
        inner = sorted(value.items(), key=lambda item: isinstance(item[1], Mapping | list))
        for key, one in inner:
            yield from _told(one, key, depth + 1)
    elif isinstance(value, list):
        for one in value[:10]:
            yield from _told(one, name, depth + 1)
    elif text := label(value, 100):
        yield f"{label(name, 40)} {text}"


# Groups


def _lifecycle(item: Json, value: Json, people: People, account: Account) -> Event:
    kind, (group, at, request, problem, detail) = _kind(item.get("type")), _about_group(item)
    match kind:
        case "group_create":
            subject, link = label(item.get("subject")), identifier(item.get("invite_link"), URL_CHARACTERS)
            if not (problem or (group and link)):
                raise ValueError("a group without a link")
            return GroupMade(account.phone_id, Sender(), at, group, request, subject, link, problem, detail)
        case "group_delete":
            return GroupEnded(account.phone_id, Sender(), at, group, request, problem)
        case _:
            raise _IgnoredItem(kind)


def _participants(item: Json, value: Json, people: People, account: Account) -> Event:
    kind, (group, at, request, problem, detail) = _kind(item.get("type")), _about_group(item)
    match kind:
        case "group_participants_add":
            return GroupJoined(account.phone_id, Sender(), at, group, request, _named(item.get("added_participants")))
        case "group_participants_remove":
            by_us = item.get("initiated_by") == "business"
            gone, staying = _named(item.get("removed_participants")), _named(item.get("failed_participants"))
            return GroupLeft(account.phone_id, Sender(), at, group, request, gone, by_us, staying, problem, detail)
        case _:
            raise _IgnoredItem(kind)


def _settings(item: Json, value: Json, people: People, account: Account) -> Event:
    kind, (group, at, request, *_error) = _kind(item.get("type")), _about_group(item)
    subject = mapping(item.get("group_subject"))
    text = label(subject.get("text"))
    if kind != "group_settings_update" or subject.get("update_successful") is not True or not text:
        raise _IgnoredItem(f"{kind} without a subject")
    return GroupRenamed(account.phone_id, Sender(), at, group, request, text)


def _group_status(item: Json, value: Json, people: People, account: Account) -> Event:
    kind, (group, at, request, *_error) = _kind(item.get("type")), _about_group(item)
    if kind not in ("group_suspend", "group_suspend_cleared"):
        raise _IgnoredItem(kind)
    return GroupSuspended(account.phone_id, Sender(), at, group, request, kind == "group_suspend")


def _about_group(item: Json) -> tuple[str, datetime, str, str, str]:
    """Which group, when, by which request of ours, and what went wrong: the code and the words of an error."""
    group, request = identifier(item.get("group_id")), identifier(item.get("request_id"))
    error = mapping(next(iter(sequence(item.get("errors"))), None))
    if not (group or request):
        raise ValueError("no group")
    return group, moment_or_now(item.get("timestamp")), request, identifier(error.get("code"), 12), _details(error)


def _named(people: object) -> tuple[Sender, ...]:
    """People in a list of a group; those whom we removed are named as in our call, by `input`."""
    found = (mapping(one) for one in sequence(people)[:MOST_PEOPLE])
    named = (_participant(one) for one in found)
    return tuple(one for one in named if one.user_id or one.phone)


def _participant(person: Json) -> Sender:
    called = person.get("input")
    return Sender(
        identifier(person.get("user_id")) or _user_id(called),
        _digits(person.get("wa_id")) or _digits(called),
        username=label(person.get("username")).lstrip("@"),
    )


# Field: the lists in its value, the kind of their items, and what reads one.
Reader = Callable[[Json, Json, People, Account], Event]
READERS: dict[str, tuple[tuple[str, str, Reader], ...]] = {
    "messages": (("messages", "message", _message), ("statuses", "status", _status), ("errors", "error", _error)),
    "smb_message_echoes": (("message_echoes", "echo", _echo),),
    "user_id_update": (("user_id_update", "change", _user_id_update),),
    "group_lifecycle_update": (("groups", "group", _lifecycle),),
    "group_participants_update": (("groups", "group participants", _participants),),
    "group_settings_update": (("groups", "group settings", _settings),),
    "group_status_update": (("groups", "group status", _group_status),),
}


# Who it was


def _sender(item: Json, people: People) -> Sender:
    """Who wrote a message, with what `people` tells of them. Raises _IgnoredItem where nobody did."""
    user_id = identifier(item.get("from_user_id")) or _user_id(item.get("from"))
    phone = _digits(item.get("from"))
    person = people.find(user_id, phone) if user_id or phone else people.only()
    # Where it is spelled in two ways, the number of the contact is the one that can be sent to.
    found = replace(person, user_id=user_id or person.user_id, phone=person.phone or phone)
    if not (found.user_id or found.phone):
        raise _IgnoredItem("message of nobody")
    return found


def _user_id(value: object) -> str:
    text = identifier(value)
    return text if USER_ID.fullmatch(text) else ""


def _digits(value: object) -> str:
    """A phone number; empty if it is something else."""
    found = PHONE.fullmatch(re.sub(r"[ ()-]", "", identifier(value)))
    return found[1] if found else ""


# Small things


def _kind(value: object) -> str:
    """A kind as the app names it, fit to be counted."""
    if value is None:
        return "without a kind"
    return value if isinstance(value, str) and KIND.fullmatch(value) else "of a strange kind"


def _required(item: Json, name: str) -> str:
    text = identifier(item[name])
    if not text:
        raise ValueError(f"no {name}")
    return text


def _details(error: Json) -> str:
    data = mapping(error.get("error_data"))
    said = data.get("details") or error.get("details") or error.get("message") or error.get("title")
    return label(said, DETAIL_CHARACTERS)
