"""Thumbs taken back, dates where the reader is, an offer to draw, a conversation that is gone; without any script."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from redis import Redis

from assistant.models import Conversation, Feedback
from imagine import keys
from imagine.status import RoleStatus, publish_status
from tests.clients import browser, make_account
from tests.people import Visitor
from tests.servers import Valkey, eventually


def answered(conversation: Conversation) -> str:
    """The address of the conversation once nothing is being written in it."""
    eventually(lambda: not conversation.runs.filter(status="running").exists())
    return f"/c/{conversation.id}/"


# Thumbs


def test_a_thumb_is_taken_back_with_its_word(alice: Visitor) -> None:
    conversation = alice.begin()
    page = answered(conversation)
    answer = conversation.messages.get(role="assistant")
    alice.post(f"/m/{answer.id}/feedback", {"good": "0", "word": "Too short."})
    assert re.search(r'value="none"\s+aria-pressed="true"\s+aria-label="Bad answer"', alice.get(page).text)
    assert re.search(r'value="1"\s+aria-pressed="false"\s+aria-label="Good answer"', alice.get(page).text)
    assert alice.post(f"/m/{answer.id}/feedback", {"good": "none"}).status_code == 302
    assert not Feedback.objects.filter(message=answer).exists()
    assert 'aria-pressed="true"' not in alice.get(page).text
    assert alice.post(f"/m/{answer.id}/feedback", {"good": "none"}).status_code == 302


# Dates


@pytest.mark.parametrize(
    ("zone", "day"),
    [
        ("Pacific/Auckland", "Jan. 1, 2026"),
        ("America/Lima", "Dec. 31, 2025"),
        ("", "Dec. 31, 2025"),
        ("../../etc/passwd", "Dec. 31, 2025"),
        ("Europe/Nowhere", "Dec. 31, 2025"),
        ("A" * 4000, "Dec. 31, 2025"),
    ],
)
def test_dates_are_those_where_the_reader_is(zone: str, day: str) -> None:
    person = make_account()
    conversation = person.conversations.create(title="New year")
    Conversation.objects.filter(id=conversation.id).update(updated_at=datetime(2025, 12, 31, 22, tzinfo=UTC))
    client = browser(person)
    client.cookies["timezone"] = zone
    assert re.search(r'<time class="day"[^>]*>([^<]*)', client.get("/c/").content.decode()).group(1) == day  # type: ignore[union-attr]


# An offer to draw


@pytest.fixture
def painter_ready(valkey: Valkey) -> Iterator[None]:
    """A painter has reported, though nobody draws."""
    with Redis.from_url(valkey.url) as redis:
        publish_status(redis, RoleStatus("final", "ready"))
        yield
        redis.delete(keys.painter("final"))


OFFER = re.compile(r'name="text" value="/imagine ([^"]*)"')


def test_a_picture_asked_for_in_words_is_offered_under_the_answer(alice: Visitor, painter_ready: None) -> None:
    conversation = alice.begin("Draw me a cat & a dog")
    page = alice.get(answered(conversation)).text
    assert OFFER.findall(page) == ["a cat &amp; a dog"]
    assert "Draw this" in page


def test_only_the_last_answer_offers_to_draw(alice: Visitor, painter_ready: None) -> None:
    conversation = alice.begin("Draw me a cat")
    page = answered(conversation)
    alice.post(f"{page}messages", {"text": "Thank you"})
    answered(conversation)
    assert OFFER.findall(alice.get(page).text) == []


@pytest.mark.parametrize("text", ["Draw a conclusion", "Hello"])
def test_nothing_is_offered_where_no_picture_is_asked_for(alice: Visitor, painter_ready: None, text: str) -> None:
    assert OFFER.findall(alice.get(answered(alice.begin(text))).text) == []


def test_nothing_is_offered_where_nothing_draws(alice: Visitor) -> None:
    assert OFFER.findall(alice.get(answered(alice.begin("Draw me a cat"))).text) == []


# What is gone


def test_a_tab_hears_that_its_conversation_was_deleted(alice: Visitor) -> None:
    conversation = alice.begin()
    page = answered(conversation)
    with alice.socket() as socket:
        socket.say("open", conversation=conversation.id)
        socket.hear_until("opened")
        alice.post(f"{page}delete")
        assert socket.hear_until("changed")["conversation"] == str(conversation.id)
        assert alice.get(f"{page}messages", headers={"X-Fragment": "1"}).status_code == 404
