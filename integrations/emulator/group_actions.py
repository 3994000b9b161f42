"""What a person does in a WhatsApp group, by the name of the action: for scripts (`control.py`) and for the page."""

import base64
from dataclasses import asdict, replace
from typing import Any

from integrations.emulator.groups import Groups
from integrations.emulator.things import ActionError, Bubble, Group, Person

Json = dict[str, Any]
# Those that name no group.
WITHOUT = ("join_group", "groups")


def shown_group(group: Group) -> Json:
    """A group as JSON, without what was said there; its people by their ids."""
    shown = asdict(replace(group, bubbles=[])) | {"link": group.link, "join_approval_mode": group.join_approval_mode}
    return {name: value for name, value in shown.items() if name not in ("bubbles", "code")}


def act_in_group(groups: Groups, action: str, person: Person, body: Json) -> Any:
    """Do it, or look. Raises ActionError, and KeyError for a parameter that is missing."""
    if action == "groups":
        return [shown_group(group) for group in groups.all()]
    if action == "join_group":
        return shown_group(groups.join(person, body["link"]))
    group = groups.find(body["group"])
    match action:
        case "write":
            return asdict(groups.write(group, person, body["text"], body.get("reply_to") or ""))
        case "send_media":
            return asdict(_media(groups, group, person, body))
        case "send_unsupported":
            return asdict(groups.send_unsupported(group, person, body.get("what", "poll")))
        case "react":
            return asdict(groups.react(group, person, body["bubble"], body["emoji"]))
        case "unreact":
            return asdict(groups.react(group, person, body["bubble"], ""))
        case "leave_group":
            groups.leave(group, person)
        case "take_back_join":
            groups.take_back(group, person)
        case "open":
            groups.set_open(group, person, bool(body["open"]))
        case "read":
            groups.read(group, [person.id])
        case "suspend_group":
            groups.suspend(group, bool(body["suspended"]))
        case "bubbles":
            return [asdict(bubble) for bubble in groups.seen_by(group, person if "person" in body else None)]
        case _:
            raise ActionError(f"There is no action {action[:40]} in groups.")
    return shown_group(group)


def _media(groups: Groups, group: Group, person: Person, body: Json) -> Bubble:
    return groups.send_media(
        group,
        person,
        body["kind"],
        base64.b64decode(body["data"], validate=True),
        body["mime"],
        body.get("name", ""),
        body.get("caption", ""),
        bool(body.get("voice")),
        body.get("reply_to") or "",
    )
