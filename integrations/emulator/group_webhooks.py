"""What happened in a WhatsApp group → webhooks of the Cloud API."""

from integrations.emulator import errors, events
from integrations.emulator import group_events as happened
from integrations.emulator.group_routes import named, told
from integrations.emulator.parcels import Json, Parcel
from integrations.emulator.state import World
from integrations.emulator.things import Bubble, Fault, Group, Person
from integrations.emulator.whatsapp_webhooks import contact_of, content, digits, error_of, heading, seconds

FIELDS = ("group_lifecycle_update", "group_participants_update", "group_settings_update", "group_status_update")
LIFECYCLE, PARTICIPANTS, SETTINGS, STATUS = FIELDS
UNSUPPORTED: Json = {
    "code": 130501,
    "message": "Message type is not currently supported",
    "title": "Unsupported message type",
    "error_data": {"details": "Messages of this type are not supported in groups."},
}


def parcels_of(world: World, event: events.Event) -> list[Parcel]:
    """The webhooks that tell of an event in a group; none where the API is silent."""
    match event:
        case happened.GroupMade(group, request_id, fault):
            return [_news(world, LIFECYCLE, group, "group_create", _made(group, request_id, fault))]
        case happened.GroupDeleted(group, request_id):
            return [_news(world, LIFECYCLE, group, "group_delete", {"request_id": request_id})]
        case happened.GroupJoined(group, people, approved):
            added = [
                ({"input": person.phone or person.user_id} if approved else {}) | named(person) for person in people
            ]
            joined: Json = {"reason": "invite_link", "added_participants": added}
            return [_news(world, PARTICIPANTS, group, "group_participants_add", joined)]
        case happened.JoinAsked(group, person, request_id, revoked):
            kind = "group_join_request_revoked" if revoked else "group_join_request_created"
            return [_news(world, PARTICIPANTS, group, kind, {"join_request_id": request_id} | named(person))]
        case happened.GroupLeft(group, person):
            left: Json = {"removed_participants": [named(person)], "initiated_by": "participant"}
            return [_news(world, PARTICIPANTS, group, "group_participants_remove", left)]
        case happened.GroupRemoved():
            return [_news(world, PARTICIPANTS, event.group, "group_participants_remove", _removed(event))]
        case happened.GroupSettings():
            return [_news(world, SETTINGS, event.group, "group_settings_update", _settings(event))]
        case happened.GroupSuspended(group, suspended):
            kind = "group_suspend" if suspended else "group_suspend_cleared"
            return [_news(world, STATUS, group, kind, {})]
        case happened.GroupWrote(group, person, bubble):
            return [_message(group, person, _written(world, group, person, bubble), bubble.id, bubble.id)]
        case happened.GroupReacted(group, person, bubble, emoji):
            # No source says that reactions of groups are told; they are as they are elsewhere.
            reaction = {"message_id": bubble.id} | ({"emoji": emoji} if emoji else {})
            message = heading(world, person) | {"group_id": group.id, "type": "reaction", "reaction": reaction}
            return [_message(group, person, message, bubble.id)]
        case happened.GroupStatus():
            return [_status(world, event)]
        case _:
            return []


def _news(world: World, field: str, group: Group, kind: str, more: Json) -> Parcel:
    item = {"timestamp": seconds(world.now()), "group_id": group.id, "type": kind} | more
    return Parcel("whatsapp", field, "changes", {"groups": [item]}, [group.id])


def _made(group: Group, request_id: str, fault: Fault | None) -> Json:
    if fault:
        words = {"subject": group.subject, "description": group.description}
        return {"request_id": request_id, **words, "errors": [told(fault)]}
    return {
        "request_id": request_id,
        "subject": group.subject,
        "invite_link": group.link,
        "join_approval_mode": group.join_approval_mode,
    }


def _removed(event: happened.GroupRemoved) -> Json:
    item: Json = {"request_id": event.request_id, "initiated_by": "business"}
    absent = told(event.fault or errors.whatsapp(131212).fault)
    if event.removed:
        item["removed_participants"] = [{"input": name} for name in event.removed]
    if event.removed and event.failed:
        item["failed_participants"] = [{"input": name, "errors": [absent]} for name in event.failed]
        partly = errors.whatsapp(131201, "Failed to remove some participants from the group")
        item["errors"] = [told(partly.fault)]
    elif event.failed:
        item["failed_participants"] = [{"input": name} for name in event.failed]
        item["errors"] = [absent]
    return item


def _settings(event: happened.GroupSettings) -> Json:
    item: Json = {"request_id": event.request_id}
    if event.picture_sha256 is not None:
        outcome: Json = {"update_successful": event.fault is None}
        if event.fault:
            outcome["errors"] = [told(event.fault)]
            item["errors"] = [told(event.fault)]
        item["profile_picture"] = {"mime_type": "image/jpeg", "sha256": event.picture_sha256} | outcome
    if event.subject is not None:
        item["group_subject"] = {"text": event.subject, "update_successful": True}
    if event.description is not None:
        item["group_description"] = {"text": event.description, "update_successful": True}
    return item


def _message(group: Group, person: Person, message: Json, about: str, arrives: str = "") -> Parcel:
    value = {"contacts": [contact_of(person)], "messages": [message]}
    return Parcel("whatsapp", "messages", "changes", value, [about, group.id], arrives)


def _written(world: World, group: Group, person: Person, bubble: Bubble) -> Json:
    message = heading(world, person, bubble.id) | {"group_id": group.id}
    if bubble.kind == "unsupported":
        return message | {"type": "unsupported", "errors": [UNSUPPORTED]}
    message |= content(world, bubble)
    if bubble.reply_to:
        # No source says that quotes of groups are told; they are as they are elsewhere.
        message["context"] = _context(world, group, bubble.reply_to)
    return message


def _context(world: World, group: Group, quoted_id: str) -> Json:
    quoted = group.bubble(quoted_id)
    author = world.people.get(quoted.author) if quoted else None
    sender = author.phone if author else digits(world.accounts["whatsapp"].number)
    return ({"from": sender} if sender else {}) | {"id": quoted_id}


def _status(world: World, event: happened.GroupStatus) -> Parcel:
    """One webhook for all people whom the same happened to; sent and failed are of the group as a whole."""
    bubble = event.bubble
    status: Json = {
        "id": bubble.id,
        "status": event.status,
        "timestamp": seconds(world.now()),
        "recipient_id": event.group.id,
        "recipient_type": "group",
    }
    if bubble.metadata:
        status["biz_opaque_callback_data"] = bubble.metadata
    if event.status == "failed" and bubble.fault:
        status["errors"] = [error_of(bubble.fault)]
    if not event.people:
        return Parcel("whatsapp", "messages", "changes", {"statuses": [status]}, [bubble.id])
    if event.status == "delivered":
        status["pricing"] = {
            "billable": False,
            "pricing_model": "PMP",
            "type": "free_group_customer_service",
            "category": "group_utility" if bubble.kind == "template" else "group_service",
        }
    statuses = [status | _participant(person) for person in event.people]
    contacts = [contact_of(person) for person in event.people]
    return Parcel("whatsapp", "messages", "changes", {"contacts": contacts, "statuses": statuses}, [bubble.id])


def _participant(person: Person) -> Json:
    number = {"recipient_participant_id": person.phone} if person.phone else {}
    return number | {"recipient_participant_user_id": person.user_id}
