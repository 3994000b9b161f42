"""What happened on WhatsApp → webhooks of the Cloud API."""

import base64
import hashlib
import hmac
from typing import Any
from urllib.parse import urlencode

from integrations.emulator import events
from integrations.emulator.parcels import Json, Parcel
from integrations.emulator.state import World
from integrations.emulator.things import Bubble, ContactCard, Fault, Person, Thread

# A download address dies after five minutes.
URL_SECONDS = 300
ERRORS_PAGE = "https://developers.facebook.com/docs/whatsapp/cloud-api/support/error-codes/"


def media_address(world: World, media_id: str) -> str:
    """Where the file is downloaded, with the token, for five minutes."""
    expires = str(int(world.now()) + URL_SECONDS)
    query = {"mid": media_id, "ext": expires, "hash": address_hash(world, media_id, expires)}
    return f"{world.url}/whatsapp_business/attachments/?{urlencode(query)}"


def address_hash(world: World, media_id: str, expires: str) -> str:
    key = world.accounts["whatsapp"].token.encode()
    return hmac.new(key, f"{media_id}:{expires}".encode(), hashlib.sha256).hexdigest()[:32]


def parcels_of(world: World, event: events.Event) -> list[Parcel]:
    """The webhooks that tell of an event; none where the API is silent."""
    match event:
        case events.Wrote(thread, bubble):
            message = heading(world, thread.person, bubble.id) | content(world, bubble)
            if bubble.reply_to:
                message["context"] = _context(world, thread, bubble.reply_to)
            return [_message(thread.person, message, bubble.id, arrives=bubble.id)]
        case events.Reacted(thread, bubble, emoji):
            # Where it is taken back there is no emoji.
            reaction = {"message_id": bubble.id} | ({"emoji": emoji} if emoji else {})
            head = heading(world, thread.person) | {"type": "reaction", "reaction": reaction}
            return [_message(thread.person, head, bubble.id)]
        case events.Edited(thread, bubble):
            words: Json = {"type": bubble.kind, bubble.kind: {"body": bubble.text}}
            if bubble.kind != "text":
                words[bubble.kind] = _media(world, bubble)
            edit = {"original_message_id": bubble.id, "message": words}
            head = heading(world, thread.person) | {"type": "edit", "edit": edit}
            return [_message(thread.person, head, bubble.id)]
        case events.Unsent(thread, bubble):
            revoke = {"original_message_id": bubble.id}
            head = heading(world, thread.person) | {"type": "revoke", "revoke": revoke}
            return [_message(thread.person, head, bubble.id)]
        case events.Status(thread, bubble, status):
            return [_status(world, thread.person, bubble, status)]
        case events.Undeliverable(message_id, recipient, fault, metadata):
            bubble = Bubble(message_id, "bot", "text", world.now(), fault=fault, metadata=metadata)
            return [_status(world, recipient, bubble, "failed")]
        case events.NumberChanged(person, former):
            system = {
                "body": f"User {person.name} changed from {former} to {person.phone}",
                "wa_id": person.phone,
                "new_wa_id": person.phone,
                "type": "user_changed_number",
                "user_id": person.user_id,
            }
            head = heading(world, person) | {"from": former, "type": "system", "system": system}
            return [Parcel("whatsapp", "messages", "changes", {"messages": [head]})]
        case events.UserIdChanged(person, former):
            system = {
                "body": f"User {person.name} changed their user id",
                "type": "user_changed_user_id",
                "user_id": person.user_id,
            }
            # Neither `contacts` nor `from` come with it.
            told: Json = {"id": world.message_id("whatsapp"), "timestamp": seconds(world.now()), "type": "system"}
            update: Json = {
                "user_id": {"previous": former, "current": person.user_id},
                "timestamp": seconds(world.now()),
            }
            if person.phone:
                update["wa_id"] = person.phone
            return [
                Parcel("whatsapp", "messages", "changes", {"messages": [told | {"system": system}]}),
                Parcel("whatsapp", "user_id_update", "changes", {"user_id_update": [update]}),
            ]
        case events.Raw("whatsapp", item, field):
            if field:
                return [Parcel("whatsapp", field, "changes", item)]
            return [Parcel("whatsapp", "messages", "changes", {"messages": [item]})]
        case _:
            return []


def envelope(world: World, parcels: list[Parcel]) -> Json:
    """One body for what goes together: a change for each field, messages, statuses and news of groups gathered inside.

    The statuses of a message to a group are a change of their own.
    """
    account = world.accounts["whatsapp"]
    changes: dict[str, Json] = {}
    for parcel in parcels:
        about = "statuses" if "statuses" in parcel.item else "messages"
        gathered = parcel.field == "messages" and not _of_group(parcel)
        key = f"{parcel.field}/{about if gathered else len(changes)}"
        if "groups" in parcel.item:
            key = parcel.field
        value = changes.setdefault(key, {"field": parcel.field, "value": _value(world)})["value"]
        for name, content in parcel.item.items():
            if isinstance(content, list):
                known = value.setdefault(name, [])
                known += [thing for thing in content if name != "contacts" or thing not in known]
            else:
                value[name] = content
    changed = [{"value": change["value"], "field": change["field"]} for change in changes.values()]
    return {"object": "whatsapp_business_account", "entry": [{"id": account.account_id, "changes": changed}]}


def _of_group(parcel: Parcel) -> bool:
    return any(status.get("recipient_type") == "group" for status in parcel.item.get("statuses", []))


def _value(world: World) -> Json:
    account = world.accounts["whatsapp"]
    return {
        "messaging_product": "whatsapp",
        "metadata": {"display_phone_number": digits(account.number), "phone_number_id": account.id},
    }


def digits(number: str) -> str:
    """A phone number without what only helps to read it."""
    return "".join(character for character in number if character.isdigit())


def seconds(at: float) -> str:
    """A time as WhatsApp writes it."""
    return str(int(at))


def heading(world: World, person: Person, message_id: str = "") -> Json:
    """Who sent what when. A person with a user name has no phone number."""
    head: Json = {"from": person.phone} if person.phone else {}
    return head | {
        "from_user_id": person.user_id,
        "id": message_id or world.message_id("whatsapp"),
        "timestamp": seconds(world.now()),
    }


def contact_of(person: Person) -> Json:
    """Who a person is, beside what they sent."""
    profile = {"name": person.name} | ({"username": f"@{person.username}"} if person.username else {})
    number = {"wa_id": person.phone} if person.phone else {}
    return {"profile": profile, **number, "user_id": person.user_id}


def _message(person: Person, message: Json, about: str, arrives: str = "") -> Parcel:
    value = {"contacts": [contact_of(person)], "messages": [message]}
    return Parcel("whatsapp", "messages", "changes", value, [about], arrives)


def _context(world: World, thread: Thread, quoted_id: str) -> Json:
    quoted = thread.bubble(quoted_id)
    ours = quoted is None or quoted.by == "bot"
    sender = digits(world.accounts["whatsapp"].number) if ours else thread.person.phone
    return ({"from": sender} if sender else {}) | {"id": quoted_id}


def _media(world: World, bubble: Bubble) -> Json:
    media = world.media.get(bubble.media_id)
    if media is None:
        return {"id": bubble.media_id}
    digest = base64.b64encode(hashlib.sha256(media.data).digest()).decode()
    known: Json = {"id": media.id, "mime_type": media.mime, "sha256": digest, "url": media_address(world, media.id)}
    if bubble.caption:
        known["caption"] = bubble.caption
    if bubble.kind == "audio":
        known["voice"] = bubble.voice
    if bubble.kind == "document":
        known["filename"] = media.name
    if bubble.kind == "sticker":
        known["animated"] = bubble.animated
    return known


def content(world: World, bubble: Bubble) -> Json:
    """What a person sent, as its type has it."""
    tap = bubble.tapped
    if tap and tap.how == "template_button":
        return {"type": "button", "button": {"payload": tap.payload, "text": tap.title}}
    if tap and tap.how == "list":
        reply = {"id": tap.payload, "title": tap.title} | ({"description": tap.description} if tap.description else {})
        return {"type": "interactive", "interactive": {"type": "list_reply", "list_reply": reply}}
    if tap:
        reply = {"id": tap.payload, "title": tap.title}
        return {"type": "interactive", "interactive": {"type": "button_reply", "button_reply": reply}}
    match bubble.kind:
        case "image" | "video" | "audio" | "document" | "sticker":
            return {"type": bubble.kind, bubble.kind: _media(world, bubble)}
        case "location" if bubble.place:
            place: dict[str, Any] = {"latitude": bubble.place.latitude, "longitude": bubble.place.longitude}
            named = {"name": bubble.place.name, "address": bubble.place.address}
            return {"type": "location", "location": place | {name: text for name, text in named.items() if text}}
        case "contacts":
            return {"type": "contacts", "contacts": [_card(card) for card in bubble.contacts]}
        case "unsupported":
            error = {
                "code": 131051,
                "title": "Message type unknown",
                "message": "Message type unknown",
                "error_data": {"details": "Message type is currently not supported."},
            }
            return {"type": "unsupported", "errors": [error], "unsupported": {"type": bubble.text}}
        case _:
            return {"type": "text", "text": {"body": bubble.text}}


def _card(card: ContactCard) -> Json:
    return {
        "name": {"formatted_name": card.name, "first_name": card.name.partition(" ")[0]},
        "phones": [
            {"phone": phone, "type": "CELL", "wa_id": "".join(filter(str.isdigit, phone))} for phone in card.phones
        ],
        "emails": [{"email": email, "type": "HOME"} for email in card.emails],
    }


def _status(world: World, recipient: Person | str, bubble: Bubble, status: str) -> Parcel:
    told: Json = {"id": bubble.id, "status": status, "timestamp": seconds(world.now())}
    value: Json = {}
    if isinstance(recipient, str):
        told["recipient_id"] = recipient.lstrip("+")
    else:
        if recipient.phone:
            told["recipient_id"] = recipient.phone
        told["recipient_user_id"] = recipient.user_id
        # A contact in a status has no profile.
        number = {"wa_id": recipient.phone} if recipient.phone else {}
        value["contacts"] = [{**number, "user_id": recipient.user_id}]
    if bubble.metadata:
        told["biz_opaque_callback_data"] = bubble.metadata
    if status in ("sent", "delivered"):
        told["pricing"] = {
            "billable": False,
            "pricing_model": "PMP",
            "type": "free_customer_service",
            "category": "utility" if bubble.kind == "template" else "service",
        }
    if status == "failed" and bubble.fault:
        told["errors"] = [error_of(bubble.fault)]
    return Parcel("whatsapp", "messages", "changes", value | {"statuses": [told]}, [bubble.id])


def error_of(fault: Fault) -> Json:
    """An error in a status."""
    return {
        "code": fault.code,
        "title": fault.title,
        "message": fault.title,
        "error_data": {"details": fault.details},
        "href": ERRORS_PAGE,
    }
