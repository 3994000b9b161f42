"""Groups of WhatsApp: what our number and people may do, and what webhooks tell, word by word."""

import base64
import io
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from PIL import Image

from tests.integrations.emulator import samples
from tests.integrations.emulator.conftest import WhatsApp
from tests.integrations.emulator.receiver import Receiver
from tests.servers import Emulator, eventually

Json = dict[str, Any]
METADATA = {"display_phone_number": "15550001111", "phone_number_id": "emulated1000"}
PRODUCT = {"messaging_product": "whatsapp"}
ADA, BO = "Ada Brandt", "Bo Larsen"


@pytest.fixture(scope="module")
def shared_emulator(shared_receiver: Receiver, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    """With more people than a group takes."""
    emulator = Emulator(tmp_path_factory.mktemp("emulator"), shared_receiver.url, people=11)
    emulator.start()
    yield emulator
    emulator.kill()


class Groups:
    """Our number, with its groups."""

    def __init__(self, whatsapp: WhatsApp, receiver: Receiver) -> None:
        self.api = whatsapp
        self.emulator = whatsapp.emulator
        self.receiver = receiver

    def make(self, subject: str = "Ski trip", people: tuple[str, ...] = (), **more: str) -> Json:
        """A group, as its webhook tells of it, with these people in it."""
        answer = self.api.post("groups", {**PRODUCT, "subject": subject, **more})
        assert answer.status_code == 200, answer.text
        made = self.news(request_id=answer.json()["request_id"])
        for name in people:
            self.join(name, made["invite_link"])
        return made

    def join(self, name: str, link: str) -> Json:
        return self.emulator.act("join_group", person=name, link=link)  # type: ignore[no-any-return]

    def write(self, group: Json, text: str, name: str = ADA, **more: object) -> Json:
        return self.emulator.act("write", group=group["group_id"], person=name, text=text, **more)  # type: ignore[no-any-return]

    def call(self, method: str, path: str, body: Json | None = None, **query: str) -> httpx.Response:
        return self.api.http.request(method, f"/{path}", json=body, params=query)

    def send(self, group: Json, kind: str, content: object, **more: object) -> httpx.Response:
        body: Json = {
            **PRODUCT,
            "recipient_type": "group",
            "to": group["group_id"],
            "type": kind,
            kind: content,
            **more,
        }
        return self.api.post("messages", body)

    def value(self, field: str = "", **wanted: object) -> Json:
        """The first value of a webhook with such an item in `groups`, `messages` or `statuses`."""

        def fitting() -> list[Json]:
            return [
                change["value"]
                for delivered in list(self.receiver.got)
                for change in delivered.body["entry"][0]["changes"]
                for item in [
                    item for name in ("groups", "messages", "statuses") for item in change["value"].get(name, [])
                ]
                if (not field or change["field"] == field)
                and all(item.get(name) == value for name, value in wanted.items())
            ]

        eventually(fitting)
        return fitting()[0]

    def news(self, **wanted: object) -> Json:
        return next(
            item
            for item in self.value(**wanted)["groups"]
            if all(item.get(name) == value for name, value in wanted.items())
        )


@pytest.fixture
def groups(whatsapp: WhatsApp, receiver: Receiver) -> Groups:
    return Groups(whatsapp, receiver)


def code(answer: httpx.Response) -> tuple[int, int]:
    return answer.status_code, answer.json()["error"]["code"]


def timeless(value: Any) -> Any:
    """The same without the times of it."""
    if isinstance(value, list):
        return [timeless(inner) for inner in value]
    if isinstance(value, dict):
        return {name: timeless(inner) for name, inner in value.items() if name != "timestamp"}
    return value


def person(groups: Groups, name: str) -> Json:
    return groups.api.person(name)


# Made, shown, changed, deleted


def test_a_group_is_made_by_our_number_and_its_link_comes_by_webhook(groups: Groups, receiver: Receiver) -> None:
    answer = groups.api.post("groups", {**PRODUCT, "subject": "  Ski trip ", "description": "Who comes?"})
    assert set(answer.json()) == {"messaging_product", "request_id"}
    request_id = answer.json()["request_id"]
    made = groups.news(request_id=request_id)
    (group,) = [one for one in groups.emulator.act("groups") if one["id"] == made["group_id"]]
    assert group["link"].startswith("https://chat.whatsapp.com/Emulated")
    delivered = receiver.delivery_of(
        lambda item: item.get("groups") and item["groups"][0].get("request_id") == request_id
    )
    assert made["timestamp"].isdecimal()
    assert timeless(delivered.body) == {
        "object": "whatsapp_business_account",
        "entry": [
            {
                "id": "emulated1001",
                "changes": [
                    {
                        "value": {
                            "messaging_product": "whatsapp",
                            "metadata": METADATA,
                            "groups": [
                                {
                                    "group_id": group["id"],
                                    "type": "group_create",
                                    "request_id": request_id,
                                    "subject": "Ski trip",
                                    "invite_link": group["link"],
                                    "join_approval_mode": "auto_approve",
                                }
                            ],
                        },
                        "field": "group_lifecycle_update",
                    }
                ],
            }
        ],
    }
    assert base64.urlsafe_b64decode(group["id"] + "==").startswith(b"capi_group:15550001111:emulated")


def test_a_group_shows_what_is_asked_for(groups: Groups) -> None:
    made = groups.make(description="Who comes?", people=(ADA, BO))
    path = made["group_id"]
    assert groups.call("GET", path).json() == {**PRODUCT, "id": path}
    ada, bo = person(groups, ADA), person(groups, BO)
    fields = "subject,description,suspended,total_participant_count,participants,join_approval_mode,creation_timestamp"
    shown = groups.call("GET", path, fields=fields).json()
    assert isinstance(shown.pop("creation_timestamp"), int)
    assert shown == {
        "messaging_product": "whatsapp",
        "id": path,
        "subject": "Ski trip",
        "description": "Who comes?",
        "suspended": False,
        "total_participant_count": 2,
        "participants": [
            {"wa_id": ada["phone"], "user_id": ada["user_id"]},
            {"user_id": bo["user_id"], "username": "@bo.larsen"},
        ],
        "join_approval_mode": "auto_approve",
    }


def test_groups_are_listed_in_pages(groups: Groups) -> None:
    made = [groups.make(f"Group {number}")["group_id"] for number in range(3)]
    whole = groups.call("GET", f"{groups.api.node}/groups", limit="1024").json()["data"]["groups"]
    assert [one["id"] for one in whole][-3:] == made
    assert set(whole[-1]) == {"id", "subject", "created_at"}
    seen: list[str] = []
    page = groups.call("GET", f"{groups.api.node}/groups", limit="2").json()
    while True:
        seen += [one["id"] for one in page["data"]["groups"]]
        if "next" not in page["paging"]:
            break
        page = groups.api.http.get(page["paging"]["next"]).json()
    assert seen == [one["id"] for one in whole]
    back = groups.api.http.get(page["paging"]["previous"]).json()["data"]["groups"]
    assert [one["id"] for one in back] == seen[: len(seen) - len(page["data"]["groups"])][-2:]
    assert code(groups.call("GET", f"{groups.api.node}/groups", after="none")) == (400, 131059)
    for limit in ("0", "1025", "many", "-1", "²", "9" * 5000):
        assert code(groups.call("GET", f"{groups.api.node}/groups", limit=limit)) == (400, 100)


def test_subject_description_and_picture_change(groups: Groups) -> None:
    made = groups.make()
    group = made["group_id"]
    answer = groups.call("POST", group, {**PRODUCT, "subject": "Ski week", "description": ""}).json()
    told = groups.value("group_settings_update", request_id=answer["request_id"])
    assert timeless(told) == {
        "messaging_product": "whatsapp",
        "metadata": METADATA,
        "groups": [
            {
                "group_id": group,
                "type": "group_settings_update",
                "request_id": answer["request_id"],
                "group_subject": {"text": "Ski week", "update_successful": True},
                "group_description": {"text": "", "update_successful": True},
            }
        ],
    }
    assert groups.call("GET", group, fields="subject").json()["subject"] == "Ski week"

    def picture(width: int, height: int, kind: str = "JPEG", name: str = "profile_picture_file") -> Json:
        buffer = io.BytesIO()
        Image.new("RGB", (width, height), "green").save(buffer, kind)
        files = {name: ("profile.jpg", buffer.getvalue(), "image/jpeg")}
        answer = groups.api.http.post(f"/{group}", data=PRODUCT, files=files).json()
        return groups.news(request_id=answer["request_id"])

    good = picture(192, 192, name="file")["profile_picture"]
    assert (good["mime_type"], good["update_successful"], len(good["sha256"])) == ("image/jpeg", True, 64)
    for sizes, wanted in (((300, 200), 131209), ((191, 191), 131210)):
        told = picture(*sizes)
        assert told["profile_picture"]["update_successful"] is False
        assert told["profile_picture"]["errors"][0]["code"] == told["errors"][0]["code"] == wanted
    assert picture(200, 200, "PNG")["errors"][0]["code"] == 131053


def test_limits_of_making_and_changing(groups: Groups) -> None:
    post = groups.api.post
    assert code(post("groups", {"subject": "A"})) == (400, 100)
    for wrong in ({}, {"subject": "   "}, {"subject": "x" * 129}, {"subject": "A", "description": "x" * 2049}):
        assert code(post("groups", {**PRODUCT, **wrong})) == (400, 100)
    assert code(post("groups", {**PRODUCT, "subject": "A", "join_approval_mode": "open"})) == (400, 100)
    made = groups.make("ä" * 128, description="ö" * 2048)
    for wrong in ({}, {"subject": ""}, {"subject": "x" * 129}, {"description": "x" * 2049}):
        assert code(groups.call("POST", made["group_id"], {**PRODUCT, **wrong})) == (400, 100)
    # People are added by nobody, and our number joins nothing.
    assert code(groups.call("POST", f"{made['group_id']}/participants", {**PRODUCT})) == (400, 100)


def test_a_group_that_cannot_be_made_says_so_by_webhook(groups: Groups) -> None:
    groups.emulator.switch(late_failures=1, failure="131214")
    answer = groups.api.post("groups", {**PRODUCT, "subject": "Ski trip", "description": "All"}).json()
    told = groups.news(request_id=answer["request_id"])
    group = told.pop("group_id")
    assert timeless(told) == {
        "type": "group_create",
        "request_id": answer["request_id"],
        "subject": "Ski trip",
        "description": "All",
        "errors": [
            {
                "code": 131214,
                "message": "(#131214) Group creation temporarily disabled",
                "title": "Group creation temporarily disabled",
                "error_data": {"details": "Too many marketing messages were sent inside windows."},
            }
        ],
    }
    assert code(groups.call("GET", group)) == (400, 131041)
    groups.emulator.switch(failures=1, failure="131208")
    assert code(groups.api.post("groups", {**PRODUCT, "subject": "Ski trip"})) == (429, 131208)


def test_a_number_without_the_badge_has_no_groups(groups: Groups) -> None:
    made = groups.make(people=(ADA,))
    assert groups.api.get(groups.api.node, fields="is_official_business_account").json()["is_official_business_account"]
    groups.emulator.switch(official=False)
    asked = groups.api.get(groups.api.node, fields="is_official_business_account").json()
    assert asked["is_official_business_account"] is False
    assert code(groups.api.post("groups", {**PRODUCT, "subject": "A"})) == (400, 131215)
    assert code(groups.call("GET", f"{groups.api.node}/groups")) == (400, 131215)
    assert code(groups.call("GET", made["group_id"])) == (400, 131215)
    assert code(groups.send(made, "text", {"body": "Hello"})) == (400, 131215)


def test_a_deleted_group_is_gone_for_all(groups: Groups) -> None:
    made = groups.make(people=(ADA,))
    group = made["group_id"]
    answer = groups.call("DELETE", group).json()
    told = groups.value("group_lifecycle_update", request_id=answer["request_id"])["groups"]
    assert timeless(told) == [{"group_id": group, "type": "group_delete", "request_id": answer["request_id"]}]
    assert code(groups.call("GET", group)) == code(groups.send(made, "text", {"body": "A"})) == (400, 131041)
    assert refused(groups, "join_group", person=BO, link=made["invite_link"]) == "This invite link leads to no group."
    assert refused(groups, "write", group=group, person=ADA, text="Hello") == "There is no such group."


def refused(groups: Groups, action: str, **body: object) -> str:
    """Why the phone does not let a person do it."""
    answer = httpx.post(f"{groups.emulator.url}/emulator/{action}", json=body)
    assert answer.status_code == 400, answer.text
    return str(answer.json()["error"])


# Coming and going


def test_people_come_by_the_link_and_leave(groups: Groups) -> None:
    made = groups.make()
    group, link = made["group_id"], made["invite_link"]
    assert refused(groups, "write", group=group, person=ADA, text="Hello") == "You are not in this group."
    for name in (ADA, BO):
        assert groups.join(name, link)["id"] == group
    ada, bo = person(groups, ADA), person(groups, BO)
    told = groups.value(
        "group_participants_update",
        group_id=group,
        added_participants=[{"user_id": bo["user_id"], "username": "@bo.larsen"}],
    )
    assert timeless(told) == {
        "messaging_product": "whatsapp",
        "metadata": METADATA,
        "groups": [
            {
                "group_id": group,
                "type": "group_participants_add",
                "reason": "invite_link",
                "added_participants": [{"user_id": bo["user_id"], "username": "@bo.larsen"}],
            }
        ],
    }
    groups.emulator.act("leave_group", group=group, person=ADA)
    told = groups.news(group_id=group, type="group_participants_remove")
    assert timeless(told) == {
        "group_id": group,
        "type": "group_participants_remove",
        "removed_participants": [{"wa_id": ada["phone"], "user_id": ada["user_id"]}],
        "initiated_by": "participant",
    }
    assert refused(groups, "write", group=group, person=ADA, text="Hello") == "You are not in this group."
    # Who left may come back.
    assert groups.join(ADA, link.removeprefix("https://"))["members"] == ["person2", "person1"]


def test_the_former_link_is_dead_after_a_reset(groups: Groups) -> None:
    made = groups.make()
    path = f"{made['group_id']}/invite_link"
    former = groups.call("GET", path).json()
    assert former == {**PRODUCT, "invite_link": made["invite_link"]}
    fresh = groups.call("POST", path, PRODUCT).json()["invite_link"]
    assert groups.call("GET", path).json()["invite_link"] == fresh != made["invite_link"]
    assert "no group" in refused(groups, "join_group", person=ADA, link=made["invite_link"])
    assert groups.join(ADA, f"{fresh}?mode=r_t")["members"] == ["person1"]


def test_a_group_takes_eight_people(groups: Groups) -> None:
    made = groups.make(people=tuple(f"Person {number}" for number in range(3, 11)))
    assert refused(groups, "join_group", person=ADA, link=made["invite_link"]) == "This group is full."
    names = [{"user": person(groups, f"Person {number}")["phone"]} for number in range(3, 12)]
    removal = {**PRODUCT, "participants": names}
    assert code(groups.call("DELETE", f"{made['group_id']}/participants", removal)) == (400, 131204)


def test_who_is_removed_reads_no_more_and_cannot_come_back(groups: Groups) -> None:
    made = groups.make(people=(ADA, BO))
    group, bo = made["group_id"], person(groups, BO)
    path = f"{group}/participants"
    before = groups.write(made, "Before")["id"]
    answer = groups.call("DELETE", path, {**PRODUCT, "participants": [{"user_id": bo["user_id"]}]}).json()
    told = groups.news(request_id=answer["request_id"])
    assert timeless(told) == {
        "group_id": group,
        "type": "group_participants_remove",
        "request_id": answer["request_id"],
        "initiated_by": "business",
        "removed_participants": [{"input": bo["user_id"]}],
    }
    groups.write(made, "After")
    groups.send(made, "text", {"body": "From the assistant"})
    kept = groups.emulator.act("bubbles", group=group, person=BO)
    assert [bubble["id"] for bubble in kept if bubble["kind"] == "text"] == [before]
    assert kept[-1]["text"] == "Chaski removed Bo Larsen"
    assert refused(groups, "react", group=group, person=BO, bubble=before, emoji="👍") == "You are not in this group."
    why = "You cannot join this group because you were removed from it."
    fresh = groups.call("POST", f"{group}/invite_link", PRODUCT).json()["invite_link"]
    assert refused(groups, "join_group", person=BO, link=fresh) == why


def test_removing_who_is_not_there_fails_in_part_or_whole(groups: Groups) -> None:
    made = groups.make(people=(ADA,))
    path = f"{made['group_id']}/participants"
    ada, bo = person(groups, ADA), person(groups, BO)
    twice = [{"user": ada["phone"]}, {"user_id": ada["user_id"]}]
    assert code(groups.call("DELETE", path, {**PRODUCT, "participants": twice})) == (400, 131202)
    assert code(groups.call("DELETE", path, {**PRODUCT, "participants": []})) == (400, 131008)
    assert code(groups.call("DELETE", path, PRODUCT)) == (400, 100)
    absent = {
        "code": 131212,
        "message": "(#131212) Participant not in the group",
        "title": "Participant not in the group",
        "error_data": {"details": "The participant is not a member of the group."},
    }
    both = {**PRODUCT, "participants": [{"user": f"+{ada['phone']}"}, {"user": bo["user_id"]}]}
    answer = groups.call("DELETE", path, both).json()
    told = groups.news(request_id=answer["request_id"])
    assert told["removed_participants"] == [{"input": f"+{ada['phone']}"}]
    assert told["failed_participants"] == [{"input": bo["user_id"], "errors": [absent]}]
    assert [error["code"] for error in told["errors"]] == [131201]
    answer = groups.call("DELETE", path, {**PRODUCT, "participants": [{"user": "4915550000"}]}).json()
    told = groups.news(request_id=answer["request_id"])
    assert "removed_participants" not in told
    assert (told["failed_participants"], told["errors"]) == ([{"input": "4915550000"}], [absent])


def test_joins_are_approved_and_refused(groups: Groups) -> None:
    made = groups.make(join_approval_mode="approval_required")
    group, path = made["group_id"], f"{made['group_id']}/join_requests"
    assert made["join_approval_mode"] == "approval_required"
    assert groups.call("GET", path).json() == {"data": []}
    ada, bo = person(groups, ADA), person(groups, BO)
    for name in (ADA, BO, "Person 3"):
        assert groups.join(name, made["invite_link"])["members"] == []
    assert refused(groups, "join_group", person=ADA, link=made["invite_link"]) == "You have asked already."
    asked = groups.call("GET", path).json()
    first, second, third = (one["join_request_id"] for one in asked["data"])
    assert asked["paging"]["cursors"] == {"before": first, "after": third}
    assert isinstance(asked["data"][0].pop("creation_timestamp"), int)
    assert asked["data"][0] == {"join_request_id": first, "wa_id": ada["phone"], "user_id": ada["user_id"]}
    assert timeless(groups.news(join_request_id=second)) == {
        "group_id": group,
        "type": "group_join_request_created",
        "join_request_id": second,
        "user_id": bo["user_id"],
        "username": "@bo.larsen",
    }
    groups.emulator.act("take_back_join", group=group, person="Person 3")
    assert groups.news(join_request_id=third, type="group_join_request_revoked")["group_id"] == group
    answer = groups.call("POST", path, {**PRODUCT, "join_requests": [first, third]})
    assert (answer.status_code, answer.json()["approved_join_requests"]) == (206, [first])
    (failed,) = answer.json()["failed_join_requests"]
    assert (failed["join_request_id"], failed["errors"][0]["code"]) == (third, 131213)
    assert answer.json()["errors"][0]["code"] == 131201
    told = groups.news(group_id=group, type="group_participants_add")
    added = [{"input": ada["phone"], "wa_id": ada["phone"], "user_id": ada["user_id"]}]
    assert (told["reason"], told["added_participants"]) == ("invite_link", added)
    rejected = groups.call("DELETE", path, {**PRODUCT, "join_requests": [second]}).json()
    assert rejected == {**PRODUCT, "rejected_join_requests": [second], "request_id": rejected["request_id"]}
    for method in ("POST", "DELETE"):
        assert code(groups.call(method, path, {**PRODUCT, "join_requests": [second]})) == (400, 131213)
        assert code(groups.call(method, path, {**PRODUCT, "join_requests": []})) == (400, 100)
    # Who was refused may ask again.
    groups.join(BO, made["invite_link"])


def test_approving_more_than_fit_fails(groups: Groups) -> None:
    made = groups.make(join_approval_mode="approval_required")
    path = f"{made['group_id']}/join_requests"
    for number in range(3, 12):
        groups.join(f"Person {number}", made["invite_link"])
    ids = [one["join_request_id"] for one in groups.call("GET", path).json()["data"]]
    answer = groups.call("POST", path, {**PRODUCT, "join_requests": ids})
    assert (answer.status_code, answer.json()["approved_join_requests"]) == (206, ids[:8])
    assert answer.json()["failed_join_requests"][0]["errors"][0]["code"] == 131204
    assert code(groups.call("POST", path, {**PRODUCT, "join_requests": ids[8:]})) == (400, 131204)


def test_a_suspended_group_is_still(groups: Groups) -> None:
    made = groups.make(people=(ADA,))
    group = made["group_id"]
    groups.emulator.act("suspend_group", group=group, suspended=True)
    told = groups.value("group_status_update", group_id=group)
    assert timeless(told["groups"]) == [{"group_id": group, "type": "group_suspend"}]
    assert groups.call("GET", group, fields="suspended").json()["suspended"] is True
    assert code(groups.send(made, "text", {"body": "A"})) == (403, 131207)
    assert code(groups.call("POST", group, {**PRODUCT, "subject": "A"})) == (403, 131207)
    assert "suspended" in refused(groups, "write", group=group, person=ADA, text="Hello")
    assert "suspended" in refused(groups, "join_group", person=BO, link=made["invite_link"])
    groups.emulator.act("suspend_group", group=group, suspended=False)
    assert groups.news(group_id=group, type="group_suspend_cleared")
    groups.write(made, "Hello")


# Messages of people


def test_words_and_replies_of_people(groups: Groups) -> None:
    made = groups.make(people=(ADA, BO))
    ada, bo = person(groups, ADA), person(groups, BO)
    first = groups.write(made, "@Chaski what is a quark?")["id"]
    assert timeless(groups.value("messages", id=first)) == {
        "messaging_product": "whatsapp",
        "metadata": METADATA,
        "contacts": [{"profile": {"name": ADA}, "wa_id": ada["phone"], "user_id": ada["user_id"]}],
        "messages": [
            {
                "from": ada["phone"],
                "from_user_id": ada["user_id"],
                "group_id": made["group_id"],
                "id": first,
                "type": "text",
                "text": {"body": "@Chaski what is a quark?"},
            }
        ],
    }
    answer = groups.send(made, "text", {"body": "A particle."}, context={"message_id": first})
    assert answer.json() == {
        "messaging_product": "whatsapp",
        "contacts": [{"input": made["group_id"], "wa_id": made["group_id"]}],
        "messages": answer.json()["messages"],
    }
    sent = answer.json()["messages"][0]["id"]
    second = groups.write(made, "Which?", BO, reply_to=sent)["id"]
    value = groups.value("messages", id=second)
    assert value["contacts"] == [{"profile": {"name": BO, "username": "@bo.larsen"}, "user_id": bo["user_id"]}]
    assert timeless(value["messages"]) == [
        {
            "from_user_id": bo["user_id"],
            "group_id": made["group_id"],
            "id": second,
            "type": "text",
            "text": {"body": "Which?"},
            "context": {"from": "15550001111", "id": sent},
        }
    ]
    third = groups.write(made, "I know", reply_to=second)["id"]
    assert groups.value("messages", id=third)["messages"][0]["context"] == {"id": second}
    assert refused(groups, "write", group=made["group_id"], person=ADA, text="A", reply_to="none")
    shown = groups.emulator.act("bubbles", group=made["group_id"])
    assert [(bubble["by"], bubble["author"]) for bubble in shown if bubble["kind"] == "text"] == [
        ("person", "person1"),
        ("bot", ""),
        ("person", "person2"),
        ("person", "person1"),
    ]


def test_files_reactions_and_what_is_not_carried(groups: Groups) -> None:
    made = groups.make(people=(ADA, BO))
    group = made["group_id"]
    data = base64.b64encode(samples.png()).decode()
    told = {"kind": "image", "data": data, "mime": "image/png", "caption": "Where?"}
    picture = groups.emulator.act("send_media", group=group, person=ADA, **told)["id"]
    message = groups.value("messages", id=picture)["messages"][0]
    assert (message["group_id"], message["image"]["caption"]) == (group, "Where?")
    address = groups.call("GET", message["image"]["id"]).json()["url"]
    assert groups.api.http.get(address).content == samples.png()
    poll = groups.emulator.act("send_unsupported", group=group, person=ADA)["id"]
    message = groups.value("messages", id=poll)["messages"][0]
    assert (message["type"], message["errors"][0]["code"], message["group_id"]) == ("unsupported", 130501, group)
    groups.emulator.act("react", group=group, person=BO, bubble=picture, emoji="👍")
    told = groups.value("messages", type="reaction", group_id=group)["messages"][0]
    assert told["reaction"] == {"message_id": picture, "emoji": "👍"}
    groups.emulator.act("unreact", group=group, person=BO, bubble=picture)
    eventually(lambda: [one for one in groups.receiver.items if one.get("reaction") == {"message_id": picture}])


def test_news_come_only_where_their_field_is_asked_for_and_together_in_a_batch(groups: Groups) -> None:
    app, secret = 990000000000001, groups.emulator.configuration["app_secret"]
    asked = {
        "object": "whatsapp_business_account",
        "callback_url": groups.receiver.url,
        "verify_token": groups.receiver.verify_token,
        "access_token": f"{app}|{secret}",
    }

    def subscribe(fields: str) -> None:
        answer = httpx.post(f"{groups.emulator.url}/{app}/subscriptions", json={**asked, "fields": fields})
        assert answer.json() == {"success": True}

    whole = "group_lifecycle_update,group_participants_update,group_settings_update,group_status_update,messages"
    made = groups.make()
    subscribe("messages,group_lifecycle_update")
    groups.join(ADA, made["invite_link"])
    groups.value("messages", id=groups.write(made, "Hello")["id"])
    subscribe(whole)
    groups.join(BO, made["invite_link"])
    added = groups.news(group_id=made["group_id"], type="group_participants_add")["added_participants"]
    assert [one["user_id"] for one in added] == [person(groups, BO)["user_id"]]
    groups.emulator.switch(batch=True)
    other = groups.emulator.act("groups")[0]["id"]
    for group in (made["group_id"], other):
        groups.emulator.act("suspend_group", group=group, suspended=True)
        groups.emulator.act("suspend_group", group=group, suspended=False)
    told = groups.value("group_status_update", group_id=made["group_id"])["groups"]
    kinds = ["group_suspend", "group_suspend_cleared"]
    assert [(one["group_id"], one["type"]) for one in told] == [
        (group, kind) for group in (made["group_id"], other) for kind in kinds
    ]


# Sends to groups


def test_statuses_of_a_message_come_for_all_people_together(groups: Groups) -> None:
    made = groups.make(people=(ADA, BO))
    group, ada, bo = made["group_id"], person(groups, ADA), person(groups, BO)
    groups.emulator.act("open", group=group, person=BO, open=True)
    groups.write(made, "Hello")
    sent = groups.send(made, "text", {"body": "Hello all"}, biz_opaque_callback_data="turn-7").json()
    message_id = sent["messages"][0]["id"]
    of_group = {
        "id": message_id,
        "recipient_id": group,
        "recipient_type": "group",
        "biz_opaque_callback_data": "turn-7",
    }
    head = {"messaging_product": "whatsapp", "metadata": METADATA}
    assert timeless(groups.value(id=message_id, status="sent")) == {
        **head,
        "statuses": [{**of_group, "status": "sent"}],
    }
    contacts = [
        {"profile": {"name": ADA}, "wa_id": ada["phone"], "user_id": ada["user_id"]},
        {"profile": {"name": BO, "username": "@bo.larsen"}, "user_id": bo["user_id"]},
    ]
    pricing = {
        "billable": False,
        "pricing_model": "PMP",
        "type": "free_group_customer_service",
        "category": "group_service",
    }
    people = [
        {"recipient_participant_id": ada["phone"], "recipient_participant_user_id": ada["user_id"]},
        {"recipient_participant_user_id": bo["user_id"]},
    ]
    assert timeless(groups.value(id=message_id, status="delivered")) == {
        **head,
        "contacts": contacts,
        "statuses": [{**of_group, "status": "delivered", "pricing": pricing, **one} for one in people],
    }
    assert timeless(groups.value(id=message_id, status="read")) == {
        **head,
        "contacts": contacts[1:],
        "statuses": [{**of_group, "status": "read", **people[1]}],
    }
    (bubble,) = [one for one in groups.emulator.act("bubbles", group=group) if one["id"] == message_id]
    assert (bubble["status"], bubble["receipts"]) == ("delivered", {"person1": "delivered", "person2": "read"})
    groups.emulator.act("read", group=group, person=ADA)
    eventually(lambda: groups.emulator.act("bubbles", group=group)[-1]["status"] == "read")


def test_a_group_takes_words_files_and_templates_and_nothing_else(groups: Groups) -> None:
    made = groups.make(people=(ADA,))
    message = groups.write(made, "Hello")["id"]
    media = groups.api.upload(samples.png(), "image/png").json()["id"]
    groups.send(made, "image", {"id": media, "caption": "A picture"}).raise_for_status()
    hello = {"name": "hello_world", "language": {"code": "en_US"}}
    groups.send(made, "template", hello).raise_for_status()
    buttons = {"type": "button", "body": {"text": "A"}, "action": {"buttons": []}}
    rows = {"type": "list", "body": {"text": "A"}, "action": {"button": "A", "sections": []}}
    for kind, content in (
        ("interactive", buttons),
        ("interactive", rows),
        ("reaction", {"message_id": message, "emoji": "👍"}),
        ("location", {"latitude": 1, "longitude": 1}),
        ("contacts", []),
        ("edit", {"message_id": message}),
    ):
        assert code(groups.send(made, kind, content)) == (400, 131051)
    assert code(groups.send(made, "text", {"body": "x" * 4097})) == (400, 100)
    read = {**PRODUCT, "status": "read", "message_id": message}
    assert code(groups.api.post("messages", read)) == (400, 131009)
    assert code(groups.api.post("messages", {**read, "typing_indicator": {"type": "text"}})) == (400, 131009)
    wrong = {**PRODUCT, "to": made["group_id"], "type": "text", "text": {"body": "A"}}
    assert code(groups.api.post("messages", wrong)) == (400, 131009)
    strange = {**wrong, "recipient_type": "group", "to": person(groups, ADA)["phone"]}
    assert code(groups.api.post("messages", strange)) == (400, 131041)


def test_nothing_is_sent_to_nobody_or_outside_the_window(groups: Groups) -> None:
    made = groups.make()
    assert code(groups.send(made, "text", {"body": "Hello"})) == (400, 131020)
    groups.join(ADA, made["invite_link"])
    # Nobody has written yet.
    sent = groups.send(made, "text", {"body": "Hello"}).json()["messages"][0]["id"]
    (status,) = groups.value(id=sent, status="failed")["statuses"]
    assert (status["recipient_id"], status["errors"][0]["code"]) == (made["group_id"], 131047)
    assert "recipient_participant_id" not in status
    groups.write(made, "Hello")
    sent = groups.send(made, "text", {"body": "Hello"}).json()["messages"][0]["id"]
    assert groups.value(id=sent, status="delivered")
    groups.emulator.switch(ahead=groups.emulator.switch()["ahead"] + 25 * 3600)
    sent = groups.send(made, "text", {"body": "Hello"}).json()["messages"][0]["id"]
    assert groups.value(id=sent, status="failed")


def test_a_template_brings_the_link_of_a_group(groups: Groups) -> None:
    made = groups.make()
    parameters = [{"type": "group_id", "group_id": made["group_id"]}]
    template = {
        "name": "resume_chat",
        "language": {"code": "en_US"},
        "components": [{"type": "body", "parameters": parameters}],
    }
    groups.api.send("template", template).raise_for_status()
    assert made["invite_link"] in groups.emulator.answers_on("whatsapp")[-1]["text"]
    parameters[0]["group_id"] = "none"
    assert code(groups.api.send("template", template)) == (400, 131041)
