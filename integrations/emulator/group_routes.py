"""What the Groups API answers at our number, at a group, and at a group's invite link, join requests and people."""

import io
from typing import Any
from urllib.parse import urlencode

from PIL import Image, UnidentifiedImageError

from integrations.emulator import errors
from integrations.emulator.calls import Call
from integrations.emulator.fields import Fields, Json, decoded
from integrations.emulator.groups import GROUPS, MEMBERS, Groups
from integrations.emulator.state import World
from integrations.emulator.things import Fault, Group, JoinRequest, Person

SUBJECT = 128
DESCRIPTION = 2048
APPROVAL = ("auto_approve", "approval_required")
PAGE = 25
LONGEST_PAGE = 1024
PICTURE_BYTES = 5 * 1024 * 1024
PICTURE_SIDE = 192


def _refuse(why: str, path: str) -> errors.GraphError:
    if why == "missing":
        return errors.whatsapp(100, message=f"The parameter {path} is required.")
    if why == "type":
        return errors.whatsapp(100, message=f"Param {path} is not of the right type.")
    return errors.whatsapp(100, message=f"Param {path} {why}")


class GroupRoutes:
    """Makes, shows and changes groups."""

    def __init__(self, world: World, groups: Groups) -> None:
        self._world = world
        self._groups = groups

    def number(self, call: Call) -> Json:
        """A call to `/{PHONE}/groups`. Raises GraphError."""
        self._eligible()
        match call.method:
            case "POST":
                return self._make(call)
            case "GET":
                return self._list(call)
            case _:
                raise errors.NoObject(call.node, call.method)

    def group(self, call: Call) -> Json:
        """A call to `/{GROUP}/...`. Raises GraphError."""
        self._eligible()
        group = self._world.groups.get(call.node)
        if group is None:
            raise errors.whatsapp(131041)
        # What no source says: nobody is removed from it either.
        if group.suspended and (call.method == "POST" or call.edge == "participants"):
            raise errors.whatsapp(131207)
        match call.method, call.edge:
            case "GET", "":
                return self._read(call, group)
            case "POST", "":
                return self._change(call, group)
            case "DELETE", "":
                return _requested(self._groups.delete(group))
            case "GET", "invite_link":
                return {"messaging_product": "whatsapp", "invite_link": group.link}
            case "POST", "invite_link":
                _product(call)
                self._groups.reset_link(group)
                return {"messaging_product": "whatsapp", "invite_link": group.link}
            case "GET", "join_requests":
                return self._join_requests(call, group)
            case "POST", "join_requests":
                return self._approve(call, group)
            case "DELETE", "join_requests":
                return self._reject(call, group)
            case "DELETE", "participants":
                return self._remove(call, group)
            case _:
                raise errors.NoObject(call.node, call.method)

    def _eligible(self) -> None:
        if not self._world.switches.official:
            raise errors.whatsapp(131215)

    # Groups

    def _make(self, call: Call) -> Json:
        fields = _product(call)
        subject = fields.text("subject").strip()
        mode = fields.text("join_approval_mode", required=False) or APPROVAL[0]
        if not subject:
            raise _refuse("missing", "subject")
        if mode not in APPROVAL:
            raise errors.whatsapp(100, message=f"Param join_approval_mode must be one of {{{', '.join(APPROVAL)}}}.")
        _short("subject", subject, SUBJECT)
        description = fields.text("description", DESCRIPTION, required=False)
        if len(self._world.groups) >= GROUPS:
            raise errors.whatsapp(131211)
        # What no source says: a group that cannot be made is refused at once, or by a webhook. Both can be switched on.
        return _requested(self._groups.make(subject, description, mode == APPROVAL[1], self._late_fault()))

    def _late_fault(self) -> Fault | None:
        switches = self._world.switches
        if not switches.late_failures:
            return None
        self._world.switch(late_failures=switches.late_failures - 1)
        return (errors.named("whatsapp", switches.failure) or errors.whatsapp(131000)).fault

    def _list(self, call: Call) -> Json:
        groups = list(self._world.groups.values())
        shown = [{"id": group.id, "subject": group.subject, "created_at": str(int(group.at))} for group in groups]
        page, paging = self._page(call, shown, "id")
        # So the documentation; pywa looks for the groups right under `data`.
        return {"data": {"groups": page}} | paging

    def _page(self, call: Call, things: list[Json], key: str) -> tuple[list[Json], Json]:
        """One page of them, with where the next and the former begin. Raises GraphError."""
        limit = call.text("limit") or str(PAGE)
        if not limit.isdecimal() or len(limit) > 4 or not 1 <= int(limit) <= LONGEST_PAGE:
            raise errors.whatsapp(100, message=f"Param limit must be between 1 and {LONGEST_PAGE}.")
        ids = [thing[key] for thing in things]
        after, before, size = call.text("after"), call.text("before"), int(limit)
        if (after and after not in ids) or (before and before not in ids):
            raise errors.whatsapp(131059)
        start = ids.index(after) + 1 if after else max(0, ids.index(before) - size) if before else 0
        end = min(start + size, ids.index(before)) if before else start + size
        page = things[start:end]
        if not page:
            return [], {}
        paging: Json = {"cursors": {"before": page[0][key], "after": page[-1][key]}}
        address = f"{self._world.url}/v25.0/{call.node}/{call.edge}"
        if start:
            paging["previous"] = f"{address}?{urlencode({'limit': limit, 'before': page[0][key]})}"
        if end < len(things):
            paging["next"] = f"{address}?{urlencode({'limit': limit, 'after': page[-1][key]})}"
        return page, {"paging": paging}

    def _read(self, call: Call, group: Group) -> Json:
        values: Json = {
            "messaging_product": "whatsapp",
            "id": group.id,
            "subject": group.subject,
            "description": group.description,
            "creation_timestamp": int(group.at),
            "suspended": group.suspended,
            "total_participant_count": len(group.members),
            "participants": [named(person) for person in self._groups.people(group.members)],
            "join_approval_mode": group.join_approval_mode,
        }
        return call.asked(("id", "messaging_product")).of(values, ("id",))

    def _change(self, call: Call, group: Group) -> Json:
        fields = _product(call)
        subject = fields.text("subject").strip() if fields.has("subject") else None
        description = fields.text("description", DESCRIPTION, least=0) if fields.has("description") else None
        file = call.files.get("profile_picture_file") or call.files.get("file")
        if subject is None and description is None and file is None:
            raise errors.whatsapp(100, message="One of subject, description and profile_picture_file is required.")
        if subject is not None:
            _short("subject", subject, SUBJECT)
            if not subject:
                raise _refuse("missing", "subject")
        picture = file.data if file else None
        fault = _picture_fault(picture) if picture is not None else None
        return _requested(self._groups.change(group, subject, description, picture, fault))

    # Who is in it

    def _join_requests(self, call: Call, group: Group) -> Json:
        shown = [
            {
                "join_request_id": request.id,
                "creation_timestamp": int(request.at),
                **named(self._world.people[request.person_id]),
            }
            for request in group.requests
        ]
        page, paging = self._page(call, shown, "join_request_id")
        return {"data": page} | paging

    def _approve(self, call: Call, group: Group) -> Json:
        found, missing = self._named_requests(call, group)
        room = MEMBERS - len(group.members)
        let_in, left_out = found[:room], found[room:]
        failed = {request.id: 131204 for request in left_out} | dict.fromkeys(missing, 131213)
        answer = _in_part(call, "approved_join_requests", let_in, failed)
        self._groups.approve(group, let_in)
        return answer | self._request()

    def _reject(self, call: Call, group: Group) -> Json:
        found, missing = self._named_requests(call, group)
        answer = _in_part(call, "rejected_join_requests", found, dict.fromkeys(missing, 131213))
        self._groups.refuse(group, found)
        return answer | self._request()

    def _request(self) -> Json:
        """Not in the documentation, but pywa expects it."""
        return {"request_id": self._world.new_number()}

    def _named_requests(self, call: Call, group: Group) -> tuple[list[JoinRequest], list[str]]:
        _product(call)
        ids = decoded(call.params.get("join_requests"))
        if not isinstance(ids, list) or not ids or not all(isinstance(name, str) for name in ids):
            raise _refuse("missing", "join_requests")
        known = {request.id: request for request in group.requests}
        ids = list(dict.fromkeys(ids))
        return [known[name] for name in ids if name in known], [name for name in ids if name not in known]

    def _remove(self, call: Call, group: Group) -> Json:
        fields = _product(call)
        names = [
            part.text("user", required=False) or part.text("user_id", required=False)
            for part in fields.parts("participants")
        ]
        if not names or not all(names):
            raise errors.whatsapp(131008, "Parameter participants must name people by user or user_id.")
        if len(names) > MEMBERS:
            raise errors.whatsapp(131204)
        people = [person.id if (person := self._groups.member(group, name)) else name for name in names]
        if len(set(people)) < len(people):
            raise errors.whatsapp(131202)
        # As with a group that cannot be made: no source says when a removal fails.
        return _requested(self._groups.remove(group, names, self._late_fault()))


def named(person: Person) -> Json:
    """A person in a list of a group: a phone number only where there is one."""
    number = {"wa_id": person.phone} if person.phone else {}
    username = {"username": f"@{person.username}"} if person.username else {}
    return number | {"user_id": person.user_id} | username


def told(fault: Fault) -> Json:
    """An error in an answer or a webhook of the Groups API."""
    return {
        "code": fault.code,
        "message": f"(#{fault.code}) {fault.title}",
        "title": fault.title,
        "error_data": {"details": fault.details},
    }


def _product(call: Call) -> Fields:
    if call.text("messaging_product") != "whatsapp":
        raise errors.whatsapp(100, message="The parameter messaging_product is required.")
    return Fields(call.params, _refuse)


def _requested(request_id: str) -> Json:
    """The documentation says nothing of the answer; that it names the request is what pywa expects."""
    return {"messaging_product": "whatsapp", "request_id": request_id}


def _short(name: str, text: str, limit: int) -> None:
    if len(text) > limit:
        raise _refuse(f"must be at most {limit} characters long.", name)


def _in_part(call: Call, name: str, done: list[JoinRequest], failed: dict[str, int]) -> Json:
    """What was done, with what was not. Raises GraphError where nothing was."""
    if not done:
        raise errors.whatsapp(next(iter(failed.values())))
    answer: dict[str, Any] = {"messaging_product": "whatsapp", name: [request.id for request in done]}
    if failed:
        call.status = errors.whatsapp(131201).http
        answer["failed_join_requests"] = [
            {"join_request_id": request_id, "errors": [told(errors.whatsapp(code).fault)]}
            for request_id, code in failed.items()
        ]
        answer["errors"] = [told(errors.whatsapp(131201).fault)]
    return answer


def _picture_fault(data: bytes) -> Fault | None:
    """Why this cannot be the picture of a group; None when it can."""
    try:
        with Image.open(io.BytesIO(data), formats=("JPEG",)) as image:
            width, height = image.size
    except (UnidentifiedImageError, OSError, Image.DecompressionBombError):
        return errors.whatsapp(131053, "The picture of a group is a JPEG.").fault
    if len(data) > PICTURE_BYTES:
        return errors.whatsapp(131053, "The picture of a group has at most 5 MB.").fault
    if width != height:
        return errors.whatsapp(131209).fault
    if width < PICTURE_SIDE:
        return errors.whatsapp(131210).fault
    return None
