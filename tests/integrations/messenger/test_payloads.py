"""What the deliveries of a Page say, each payload file with all that is read in it."""

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrations.inbound import (
    AccountNotice,
    Echo,
    Event,
    HandOver,
    Ignored,
    InboundComment,
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
)
from integrations.messenger.payloads import parse
from tests.integrations import delivered

PAGE = "1000000000001"
APP = "4711"
ADA = Sender(user_id="2000000000001")


def at(milliseconds: int) -> datetime:
    return datetime.fromtimestamp(milliseconds / 1000, UTC)


# What all have that is not said otherwise.
FRAME: dict[str, Any] = {"account": PAGE, "sender": ADA, "at": at(1790000000100)}
CDN = "https://scontent.xx.fbcdn.net/v/"


def message(mid: str = "m_1", **said: Any) -> InboundMessage:
    return InboundMessage(**{**FRAME, "id": mid, **said})


def comment(seconds: int, **said: Any) -> InboundComment:
    sender = Sender(user_id="2000000000001", name="Ada L.")
    return InboundComment(**{"account": PAGE, "sender": sender, "at": at(seconds * 1000), "post": f"{PAGE}_77", **said})


EXPECTED: dict[str, tuple[list[Event], list[str]]] = {
    "account_linking": ([], ["account_linking"]),
    "batch": (
        [
            message(text="one"),
            message("m_2", text="two", sender=Sender(user_id="2000000000002"), at=at(1790000000110)),
            message("m_3", text="three", at=at(1790000000123)),
        ],
        [],
    ),
    "broken": (
        [message(text="first"), message("m_9", text="last")],
        [
            "message without id",
            "message without id",
            "message without content",
            "broken messaging",
            "broken messaging",
            "message without id",
        ],
    ),
    "command": ([message(text="/help")], []),
    "comment": (
        [
            comment(1790000000, id="77_88", text="Chaski, when is the best time to see this?"),
            comment(1790000001, id="77_89", text="Chaski why?", parent="77_88", named=True),
            comment(
                1790000002,
                id="77_88",
                text="Chaski, and where?",
                verb="edit",
                sender=Sender(user_id="2000000000001", name="Ada"),
            ),
            comment(1790000003, id="77_88", verb="remove", sender=Sender()),
            comment(1790000004, id="77_89", text="Chaski why?", parent="77_88", verb="hide", sender=Sender()),
            comment(1790000005, id="77_90", text="Chaski, spam", verb="hide", sender=Sender()),
        ],
        ["feed comment of another kind"],
    ),
    "delivery": (
        [
            StatusChange(**FRAME, status="delivered", id="m_out1"),
            StatusChange(**FRAME, status="delivered", id="m_out2"),
            StatusChange(**FRAME, status="delivered", until=at(1790000000060)),
            StatusChange(**FRAME, status="delivered", until=at(1790000000070)),
        ],
        [],
    ),
    "echo": (
        [
            Echo(**FRAME, id="m_out", key="6b7c8a52-0000-4000-8000-000000000001"),
            Echo(**FRAME, id="m_out2", human=True),
            Echo(**FRAME, id="m_out3"),
        ],
        [],
    ),
    "edit": (
        [InboundEdit(**FRAME, id="m_1", text="better words"), InboundEdit(**FRAME, id="m_1", text="best words")],
        ["message_edit without content"],
    ),
    "file": ([message(media=(Media("document", url="https://cdn.fbsbx.com/v/plan.pdf", name="plan .pdf"),))], []),
    "foreign": ([], ["foreign account"] * 4),
    "get_started": ([InboundOpening(**FRAME, ref="room_abc-1")], []),
    "handover": (
        [
            HandOver(**FRAME, ours=True),
            HandOver(**FRAME, ours=True),
            HandOver(**FRAME, ours=False),
            HandOver(**FRAME, ours=False),
            HandOver(**FRAME, ours=False),
        ],
        ["app_roles"],
    ),
    "image": (
        [message(text="what is this?", media=(Media("image", url=f"{CDN}a.jpg"), Media("image", url=f"{CDN}b.gif")))],
        [],
    ),
    "location": ([message(place=Place(-16.5, -68.15, "Pinned Location"))], []),
    "mention": (
        [
            comment(
                1790000000,
                id="500_77",
                post="500_77",
                text="Ask @Chaski",
                named=True,
                sender=Sender(user_id="2000000000001", name="Ada"),
            ),
            comment(1790000001, id="77_91", post="500_77", text="@Chaski when?", named=True, sender=Sender()),
        ],
        ["mention share"],
    ),
    "message_as_a_change": ([message(text="hi", at=at(1790000000000))], ["standby message", "foreign account"]),
    "optin": ([InboundOpening(**FRAME, ref="page-7")], ["optin"]),
    "optin_of_a_visitor": ([], ["optin without a sender", "postback without a sender"]),
    "other_changes": (
        [],
        [
            "feed post",
            "feed status",
            "feed photo",
            "feed like",
            "feed reaction",
            "feed share",
            "leadgen",
            "ratings",
            "group_feed",
            "unknown",
        ],
    ),
    "other_kinds": ([], ["unknown", "payment", "game_play", "unknown", "unknown"]),
    "own": ([], ["own message", "own read"]),
    "own_comment": ([], ["own comment", "comment without a sender"]),
    "own_to_itself": ([], ["own message"]),
    "policy": (
        [
            AccountNotice(
                **{**FRAME, "sender": Sender()}, kind="policy_enforcement", detail="warning: Too many messages."
            ),
            AccountNotice(**{**FRAME, "sender": Sender()}, kind="policy_enforcement", detail="unblock"),
        ],
        [],
    ),
    "postback": ([message(text="More", payload="more:42")], []),
    "postback_without_mid": (
        [message("postback.e054cef96d7c9a59e398eb7ede5160f8f2bd302d", text="More", payload="more:42")],
        [],
    ),
    "quick_reply": ([message(text="More", payload="more:42")], []),
    "reaction": (
        [
            InboundReaction(**FRAME, id="m_out", emoji="❤️"),
            InboundReaction(**FRAME, id="m_out", emoji="😠"),
            InboundReaction(**FRAME, id="m_out", emoji=""),
            InboundReaction(**FRAME, id="m_out", emoji=""),
        ],
        [],
    ),
    "read": ([StatusChange(**FRAME, status="read", until=at(1790000000050))], []),
    "recording": ([message(media=(Media("audio", url="https://cdn.fbsbx.com/v/audioclip.mp4"),))], []),
    "reel": (
        [
            message(links=("https://www.facebook.com/reel/123/",)),
            message("m_2", links=("https://www.instagram.com/reel/abc/",)),
            message("m_3", links=("https://www.facebook.com/1/posts/2",)),
        ],
        [],
    ),
    "referral": ([InboundOpening(**FRAME, ref="room_abc"), InboundOpening(**FRAME)], []),
    "referral_in_seconds": ([InboundOpening(**{**FRAME, "at": at(1790000000000)}, ref="a")], []),
    "reply": ([message("m_2", text="and this?", quoted="m_1")], []),
    "response_feedback": (
        [InboundReaction(**FRAME, id="m_out", emoji="👍"), InboundReaction(**FRAME, id="m_out", emoji="👎")],
        ["response_feedback without content"],
    ),
    "shared_link": ([message(text="https://example.org/page", links=("https://example.org/page",))], []),
    "standby": (
        [
            InboundUnsend(**FRAME, id="m_0"),
            StatusChange(**FRAME, status="read", until=at(1790000000050)),
        ],
        ["standby message", "standby postback", "standby reaction"],
    ),
    "sticker": ([message(media=(Media("sticker", url=f"{CDN}s.png"),))], []),
    "sticker_as_image": ([message(media=(Media("sticker", url=f"{CDN}s.png"),))], []),
    "template": ([message(unknown="template"), message("m_2", unknown="appointment_booking")], []),
    "text": ([message(text="Grüße 😀\nzweite Zeile")], []),
    "thumb": ([message(text="👍"), message("m_2", text="👍")], []),
    "unsend": ([InboundUnsend(**FRAME, id="m_1")], []),
    "unsupported": ([message(unknown="unsupported")], []),
    "video": ([message(media=(Media("video", url="https://video.xx.fbcdn.net/v/a.mp4"),))], []),
}


@pytest.mark.parametrize("name", delivered.names("messenger"))
def test_a_delivery_is_read_in_full(name: str) -> None:
    events, ignored = EXPECTED[name]
    assert parse(delivered.entries("messenger", name), PAGE, APP) == Parsed(events, [Ignored(what) for what in ignored])


@given(st.lists(delivered.values, max_size=4))
def test_no_json_breaks_the_reader(entries: list[Any]) -> None:
    parse(entries, PAGE, APP)


@given(delivered.mutated("messenger"))
def test_no_change_of_a_payload_breaks_the_reader(entries: Any) -> None:
    for event in parse(entries if isinstance(entries, list) else [], PAGE, APP).events:
        assert event.account == PAGE
        assert event.sender.user_id != PAGE
        assert event.at.tzinfo is UTC


def test_a_file_on_no_address_of_the_web_is_not_taken() -> None:
    for url in ("javascript:alert(1)", "file:///etc/passwd", "https://", "http://[", "https://a b/", "x" * 3000, 7):
        entry = message_with({"type": "image", "payload": {"url": url}})
        assert [event.media for event in parse([entry], PAGE, APP).events if isinstance(event, InboundMessage)] == [()]


def test_a_flood_of_files_is_bounded() -> None:
    image = {"type": "image", "payload": {"url": f"{CDN}a.jpg"}}
    (event,) = parse([message_with(*[image] * 5000)], PAGE, APP).events
    assert isinstance(event, InboundMessage)
    assert len(event.media) == 10


def test_a_place_that_is_nowhere_is_no_place() -> None:
    nowhere = {"lat": 91, "long": 0}, {"lat": float("nan"), "long": 0}, {"lat": "north", "long": 2}, {}, [], 10**400
    for where in nowhere:
        entry = message_with({"type": "location", "payload": {"coordinates": where}})
        assert parse([entry], PAGE, APP) == Parsed([message(unknown="location")])


def test_a_place_may_come_in_letters() -> None:
    entry = message_with({"type": "location", "payload": {"coordinates": {"lat": "-16.5", "long": "-68.15"}}})
    assert parse([entry], PAGE, APP).events == [message(place=Place(-16.5, -68.15))]


@pytest.mark.parametrize("time", [None, "", "soon", -1, 10**400, 1e15, []])
def test_what_comes_without_a_time_is_of_now(time: object) -> None:
    value = {"timestamp": time, "message": {"mid": "m_1", "text": "hi"}}
    item = {"sender": {"id": ADA.user_id}, "recipient": {"id": PAGE}, **value}
    before = datetime.now(UTC)
    [event] = parse([{"id": PAGE, "messaging": [item]}], PAGE, APP).events
    assert before <= event.at <= datetime.now(UTC)


@pytest.mark.parametrize(("app_id", "owner", "ours"), [("", "815", True), ("", "26390203743090", False)])
def test_a_conversation_that_is_passed_is_ours_unless_an_inbox_has_it(app_id: str, owner: str, ours: bool) -> None:
    value = {"pass_thread_control": {"new_owner_app_id": owner}}
    item = {"sender": {"id": ADA.user_id}, "recipient": {"id": PAGE}, "timestamp": 1790000000100, **value}
    assert parse([{"id": PAGE, "messaging": [item]}], PAGE, app_id).events == [HandOver(**FRAME, ours=ours)]


def message_with(*attachments: Any) -> dict[str, Any]:
    frame = {"sender": {"id": ADA.user_id}, "recipient": {"id": PAGE}, "timestamp": 1790000000100}
    return {"id": PAGE, "messaging": [{**frame, "message": {"mid": "m_1", "attachments": list(attachments)}}]}
