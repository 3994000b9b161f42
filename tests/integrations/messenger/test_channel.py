"""What is sent to Messenger, to the letter."""

from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
from pytest_django.fixtures import Settings

from integrations.base import File
from integrations.errors import ContactGoneError, TemporaryError, UncertainError, WindowClosedError
from integrations.inbound import Media
from integrations.messenger.channel import Messenger
from integrations.outbound import Choice, Drawn, OutboundMessage, Recipient
from tests.scripted_http import Reply, ScriptedHTTP

PAGE = "1000000000001"
ADA = Recipient(PAGE, user_id="2000000000001")
SENDS = f"/v25.0/{PAGE}/messages"
UPLOADS = f"/v25.0/{PAGE}/message_attachments"
KEY = "6b7c8a52-0000-4000-8000-000000000001"
LOOP = File(b"GIF89a", "image/gif", "loop.gif")
DRAWN = OutboundMessage(drawn=Drawn("p", "gif"))
SENT = Reply({"recipient_id": ADA.user_id, "message_id": "m_out"})


@pytest.fixture
def server() -> Iterator[ScriptedHTTP]:
    with ScriptedHTTP() as server:
        server.script(SENDS, SENT)
        server.script(UPLOADS, Reply({"attachment_id": "77"}))
        yield server


@pytest.fixture
async def messenger(server: ScriptedHTTP, settings: Settings) -> AsyncIterator[Messenger]:
    settings.GRAPH_URL = server.url
    settings.META_APP_SECRET = "secret"
    settings.MESSENGER_TOKEN = "page-token"
    settings.MESSENGER_PAGE_ID = PAGE
    messenger = Messenger()
    yield messenger
    await messenger.graph.close()


def sent(server: ScriptedHTTP) -> Any:
    (asked,) = server.to(SENDS)
    assert asked.method == "POST"
    assert asked.headers["authorization"] == "Bearer page-token"
    assert asked.params == {}
    return asked.body


async def test_words_are_sent_with_our_key(messenger: Messenger, server: ScriptedHTTP) -> None:
    assert await messenger.send(ADA, OutboundMessage(text="Hello"), None, KEY) == "m_out"
    assert sent(server) == {
        "recipient": {"id": "2000000000001"},
        "messaging_type": "RESPONSE",
        "message": {"text": "Hello", "metadata": KEY},
    }


async def test_choices_are_quick_replies_and_a_reply_quotes(messenger: Messenger, server: ScriptedHTTP) -> None:
    choices = Choice("More", "more:42", "unseen"), Choice("Style", "style:42")
    await messenger.send(ADA, OutboundMessage(text="Go on?", choices=choices, menu="Menu", quotes="m_1"), None, KEY)
    assert sent(server) == {
        "recipient": {"id": "2000000000001"},
        "messaging_type": "RESPONSE",
        "message": {
            "text": "Go on?",
            "quick_replies": [
                {"content_type": "text", "title": "More", "payload": "more:42"},
                {"content_type": "text", "title": "Style", "payload": "style:42"},
            ],
            "metadata": KEY,
        },
        "reply_to": {"mid": "m_1"},
    }


async def test_a_picture_is_uploaded_and_then_sent_by_its_id(messenger: Messenger, server: ScriptedHTTP) -> None:
    message = OutboundMessage(drawn=Drawn("p", "gif"), choices=(Choice("More", "more:42"),))
    assert await messenger.send(ADA, message, LOOP, KEY) == "m_out"
    (upload,) = server.to(UPLOADS)
    assert b'name="filedata"; filename="loop.gif"\r\nContent-Type: image/gif\r\n\r\nGIF89a\r\n' in upload.body
    assert b'{"attachment": {"type": "image", "payload": {"is_reusable": true}}}' in upload.body
    assert b"platform" not in upload.body
    assert sent(server) == {
        "recipient": {"id": "2000000000001"},
        "messaging_type": "RESPONSE",
        "message": {
            "attachment": {"type": "image", "payload": {"attachment_id": "77"}},
            "quick_replies": [{"content_type": "text", "title": "More", "payload": "more:42"}],
            "metadata": KEY,
        },
    }


async def test_an_answer_under_a_post_is_a_comment(messenger: Messenger, server: ScriptedHTTP) -> None:
    server.script("/v25.0/77_88/comments", Reply({"id": "77_90"}))
    to = Recipient(PAGE, comment="77_88")
    assert await messenger.send(to, OutboundMessage(text="In March."), None, KEY) == "77_90"
    (asked,) = server.asked
    assert asked.body == {"message": "In March."}


async def test_a_private_answer_names_the_comment(messenger: Messenger, server: ScriptedHTTP) -> None:
    to = Recipient(PAGE, user_id="2000000000001", comment="77_88", privately=True)
    assert await messenger.send(to, OutboundMessage(text="In March."), None, KEY) == "m_out"
    assert sent(server)["recipient"] == {"comment_id": "77_88"}


async def test_a_comment_id_is_no_path(messenger: Messenger, server: ScriptedHTTP) -> None:
    with pytest.raises(TemporaryError):
        await messenger.send(Recipient(PAGE, comment="../me?x"), OutboundMessage(text="a"), None, KEY)
    assert [asked.path for asked in server.asked] == ["/v25.0/..%2Fme%3Fx/comments"]


@pytest.mark.parametrize(
    ("to", "message", "file"),
    [
        (ADA, OutboundMessage(text="a", drawn=Drawn("p", "still")), LOOP),
        (ADA, OutboundMessage(), None),
        (ADA, DRAWN, None),
        (ADA, OutboundMessage(text="a"), LOOP),
        (ADA, OutboundMessage(text="a", choices=(Choice("a", "b"),) * 14), None),
        (Recipient(PAGE, comment="77_88"), DRAWN, LOOP),
        (Recipient(PAGE, comment="77_88"), OutboundMessage(text="a", choices=(Choice("a", "b"),)), None),
    ],
)
async def test_what_one_bubble_cannot_show_is_never_sent(
    messenger: Messenger, server: ScriptedHTTP, to: Recipient, message: OutboundMessage, file: File | None
) -> None:
    with pytest.raises(ValueError, match=r".+"):
        await messenger.send(to, message, file, KEY)
    assert server.asked == []


async def test_nothing_is_sent_where_the_upload_failed(messenger: Messenger, server: ScriptedHTTP) -> None:
    for reply in (Reply({}), Reply(drops=True), Reply("<html>", status=502)):
        server.script(UPLOADS, reply)
        with pytest.raises(TemporaryError):
            await messenger.send(ADA, DRAWN, LOOP, KEY)
    assert server.to(SENDS) == []


async def test_an_error_says_what_to_do(messenger: Messenger, server: ScriptedHTTP) -> None:
    refusals: list[tuple[dict[str, Any], type[Exception]]] = [
        ({"code": 10, "error_subcode": 2018278, "message": "outside"}, WindowClosedError),
        ({"code": 551, "message": "gone"}, ContactGoneError),
        ({"code": 4711, "is_transient": True, "message": "later"}, TemporaryError),
    ]
    for error, kind in refusals:
        server.script(SENDS, Reply({"error": error}, status=400))
        with pytest.raises(kind):
            await messenger.send(ADA, OutboundMessage(text="a"), None, KEY)


@pytest.mark.parametrize("reply", [Reply({}), Reply({"message_id": ""}), Reply(drops=True)])
async def test_a_send_without_an_id_may_have_arrived(messenger: Messenger, server: ScriptedHTTP, reply: Reply) -> None:
    server.script(SENDS, reply)
    with pytest.raises(UncertainError):
        await messenger.send(ADA, OutboundMessage(text="a"), None, KEY)


async def test_the_person_sees_that_we_read_and_write(messenger: Messenger, server: ScriptedHTTP) -> None:
    await messenger.show_typing(ADA, "m_1")
    await messenger.show_typing(ADA, "")
    await messenger.show_typing(Recipient(PAGE, comment="77_88"), "77_88")
    assert [asked.body for asked in server.asked] == [
        {"recipient": {"id": "2000000000001"}, "sender_action": "mark_seen"},
        {"recipient": {"id": "2000000000001"}, "sender_action": "typing_on"},
        {"recipient": {"id": "2000000000001"}, "sender_action": "typing_on"},
    ]


async def test_a_file_of_somebody_is_fetched_without_the_token(messenger: Messenger, server: ScriptedHTTP) -> None:
    server.script("/cdn/a.png", Reply(b"\x89PNG", headers={"content-type": "image/png"}))
    assert await messenger.download(Media("image", url=f"{server.url}/cdn/a.png"), 100) == b"\x89PNG"
    assert "authorization" not in server.asked[0].headers
