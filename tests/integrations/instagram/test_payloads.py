"""What the deliveries of an Instagram account say, each payload file with all that is read in it."""

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrations.inbound import (
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
    Sender,
    StatusChange,
)
from integrations.instagram.payloads import parse
from tests.integrations import delivered

ACCOUNT = "17840000000000001"
ADA = Sender(user_id="3000000000001")


def at(milliseconds: int) -> datetime:
    return datetime.fromtimestamp(milliseconds / 1000, UTC)


# What all have that is not said otherwise.
FRAME: dict[str, Any] = {"account": ACCOUNT, "sender": ADA, "at": at(1790000000100)}
CDN = "https://lookaside.fbsbx.com/ig_messaging_cdn/?asset_id="


def message(mid: str = "m_1", **said: Any) -> InboundMessage:
    return InboundMessage(**{**FRAME, "id": mid, **said})


def comment(**said: Any) -> InboundComment:
    sender = Sender(user_id="3000000000001", username="ada")
    return InboundComment(**{"account": ACCOUNT, "sender": sender, "at": at(1790000009000), "post": "m77", **said})


EXPECTED: dict[str, tuple[list[Event], list[str]]] = {
    "as_changes": (
        [
            message(text="hi", at=at(1790000000000)),
            StatusChange(**FRAME, status="read", id="m_out"),
            HandOver(**FRAME, ours=False),
        ],
        ["foreign account"],
    ),
    "comment": (
        [
            comment(id="c1", text="@chaski when is the best time to see this?"),
            comment(id="c2", text="@chaski why?", parent="c1"),
        ],
        ["own comment", "comment without a sender"],
    ),
    "comment_in_the_entry": ([comment(id="c1", text="@chaski when?")], []),
    "echo": (
        [Echo(**FRAME, id="m_out", human=True, text="Hello"), Echo(**FRAME, id="m_out2", text="Hello")],
        ["own message taken back"],
    ),
    "edit": (
        [InboundEdit(**FRAME, id="m_1", text="better words"), message("m_2", text="new words")],
        ["message_edit without content"],
    ),
    "files": (
        [
            message(media=(Media("image", url=f"{CDN}1"),)),
            message("m_2", media=(Media("video", url=f"{CDN}2"),)),
            message("m_3", media=(Media("audio", url=f"{CDN}3"),)),
            message("m_4", media=(Media("document", url=f"{CDN}4"),)),
        ],
        [],
    ),
    "foreign": ([], ["foreign account", "foreign account"]),
    "heart": ([message(text="❤️")], []),
    "mention": (
        [
            comment(id="c5", post="m78", named=True, sender=Sender()),
            comment(id="m79", post="m79", named=True, sender=Sender()),
        ],
        [],
    ),
    "optin": ([], ["optin"]),
    "other_changes": (
        [],
        [
            "live_comments",
            "live_comments",
            "story_insights",
            "comments without id",
            "mentions without id",
            "comments without id",
        ],
    ),
    "own_to_itself": ([], ["own message"]),
    "postback": ([message(text="What can you do?", payload="help"), InboundOpening(**FRAME)], []),
    "quick_reply": ([message("aWdfZAG1", text="More", payload="more:42")], []),
    "reaction": (
        [InboundReaction(**FRAME, id="m_out", emoji="👍🏽"), InboundReaction(**FRAME, id="m_out", emoji="")],
        ["reaction without content"],
    ),
    "referral": ([InboundOpening(**FRAME, ref="room_abc"), message("m_2", text="is it blue?", ref="ad-7")], []),
    "reply": ([message("aWdfZAG2", text="and this?", quoted="aWdfZAG1")], []),
    "seen": ([StatusChange(**FRAME, status="read", id="m_out")], []),
    "shared": (
        [
            message(links=(f"{CDN}1",)),
            message("m_2", links=(f"{CDN}2",)),
            message("m_3", links=(f"{CDN}3",)),
            message("m_4", links=("https://www.instagram.com/reel/abc/",)),
        ],
        [],
    ),
    "standby": ([], ["standby message"]),
    "story_mention": ([], ["story_mention"]),
    "story_reply": ([message("aWdfZAG1", text="nice", story=f"{CDN}1&signature=x")], []),
    "text": ([message("aWdfZAG1", text="hola 😀")], []),
    "unsend": ([InboundUnsend(**FRAME, id="m_1"), InboundUnsend(**FRAME, id="m_2")], []),
    "unsupported": (
        [
            message(unknown="unsupported_type"),
            message("m_2", unknown="unsupported"),
            message("m_3", unknown="ephemeral"),
        ],
        [],
    ),
}


@pytest.mark.parametrize("name", delivered.names("instagram"))
def test_a_delivery_is_read_in_full(name: str) -> None:
    events, ignored = EXPECTED[name]
    assert parse(delivered.entries("instagram", name), ACCOUNT, "4711") == Parsed(
        events, [Ignored(what) for what in ignored]
    )


@given(st.lists(delivered.values, max_size=4))
def test_no_json_breaks_the_reader(entries: list[Any]) -> None:
    parse(entries, ACCOUNT, "4711")


@given(delivered.mutated("instagram"))
def test_no_change_of_a_payload_breaks_the_reader(entries: Any) -> None:
    for event in parse(entries if isinstance(entries, list) else [], ACCOUNT, "4711").events:
        assert event.account == ACCOUNT
        assert event.sender.user_id != ACCOUNT
        assert event.at.tzinfo is UTC
