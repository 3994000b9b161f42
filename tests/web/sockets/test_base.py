"""A tab's socket while the database fails: it closes with a code, and the page comes back."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from django.db import connection
from redis import Redis
from websockets.exceptions import ConnectionClosed

from assistant.models import Conversation
from assistant.runs import keys
from tests.fake_llama import FakeLlama
from tests.imagine.drawing import begin
from tests.people import Socket, Visitor
from tests.security.attacks import closed_with, rest
from tests.servers import Valkey, eventually
from web.models import Session
from web.sockets.base import TRY_AGAIN

TROUBLE = ("Exception in ASGI", "never retrieved", "Traceback")


@contextmanager
def no_sessions() -> Iterator[None]:
    """The table of the sessions is away for a while: each query for one fails in the database."""
    table, away = Session._meta.db_table, "sessions_away"
    with connection.cursor() as cursor:
        cursor.execute(f"ALTER TABLE {table} RENAME TO {away}")
        try:
            yield
        finally:
            cursor.execute(f"ALTER TABLE {away} RENAME TO {table}")


@pytest.fixture
def conversation(alice: Visitor, fake_llama: FakeLlama) -> Conversation:
    found = alice.begin()
    rest(found)
    return found


def open_conversation(socket: Socket, conversation: Conversation) -> None:
    socket.say("open", conversation=conversation.id)
    socket.hear_until("opened")


def publish_without_end(redis: Redis, conversation: Conversation, socket: Socket) -> None:
    """One message after the other: only after a while is the session checked again."""
    while True:
        redis.publish(keys.conversation(conversation.id), b"another tab")
        socket.hear_until("changed", 10)


def test_a_tab_that_gets_no_more_messages_is_closed_and_comes_back(
    alice: Visitor, valkey: Valkey, conversation: Conversation
) -> None:
    before = len(alice.site.log)
    with Redis.from_url(valkey.url) as redis:
        with alice.socket() as socket:
            open_conversation(socket, conversation)
            with no_sessions(), pytest.raises(ConnectionClosed) as closed:
                publish_without_end(redis, conversation, socket)
            assert closed.value.rcvd
            assert closed.value.rcvd.code == TRY_AGAIN
        with alice.socket() as socket:
            open_conversation(socket, conversation)
            redis.publish(keys.conversation(conversation.id), b"another tab")
            socket.hear_until("changed")
    said = alice.site.log[before:]
    assert [words for words in TROUBLE if words in said] == [], said


@pytest.mark.parametrize("path", ["/ws/", "/ws/imagine/"])
def test_a_message_that_cannot_be_taken_closes_the_socket(
    alice: Visitor, conversation: Conversation, path: str
) -> None:
    before = len(alice.site.log)
    with alice.socket(path) as socket:
        socket.say("ping")
        socket.hear_until("pong")
        with no_sessions():
            socket.say("ping")
            assert closed_with(socket) == TRY_AGAIN
    said = alice.site.log[before:]
    assert [words for words in TROUBLE if words in said] == [], said


def test_who_draws_on_waits_for_no_database(alice: Visitor) -> None:
    """The database goes away right after one message: the next is carried out all the same, then the socket closes."""
    begin(alice)

    def is_carried_out() -> bool:
        with alice.socket("/ws/imagine/") as socket:
            socket.say("ping")
            socket.hear_until("pong")
            heard = len(socket.heard)
            with no_sessions():
                socket.say("ping")
                assert closed_with(socket) == TRY_AGAIN
            return "pong" in {message["type"] for message in socket.heard[heard:]}

    eventually(is_carried_out)


def test_a_tab_that_is_closed_while_messages_come_is_no_trouble(
    alice: Visitor, valkey: Valkey, conversation: Conversation
) -> None:
    before, channel = len(alice.site.log), keys.conversation(conversation.id)
    with Redis.from_url(valkey.url) as redis:
        for _ in range(5):
            with alice.socket() as socket:
                open_conversation(socket, conversation)
                for _ in range(100):
                    redis.publish(channel, b"another tab")
                socket.connection.socket.close()
        eventually(lambda: valkey.listeners(channel) == 0)
    said = alice.site.log[before:]
    assert [words for words in TROUBLE if words in said] == [], said
