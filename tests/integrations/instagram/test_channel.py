"""What is sent to Instagram, to the letter, by both logins."""

from collections.abc import AsyncIterator, Iterator

import pytest
from pytest_django.fixtures import Settings

from integrations.base import File
from integrations.instagram.channel import Instagram
from integrations.outbound import Choice, Drawn, OutboundMessage, Recipient
from tests.scripted_http import Reply, ScriptedHTTP

ACCOUNT = "17840000000000001"
ADA = Recipient(ACCOUNT, user_id="3000000000001")
SENDS = "/v25.0/me/messages"
UPLOADS = "/v25.0/me/message_attachments"
NOWHERE = "http://127.0.0.1:9"
KEY = "6b7c8a52-0000-4000-8000-000000000001"


@pytest.fixture
def server() -> Iterator[ScriptedHTTP]:
    with ScriptedHTTP() as server:
        server.script(SENDS, Reply({"recipient_id": ADA.user_id, "message_id": "aWdfOUT"}))
        server.script(UPLOADS, Reply({"attachment_id": "77"}))
        yield server


OWN = pytest.mark.parametrize("instagram", ["Instagram Login"], indirect=True)


@pytest.fixture(params=["Instagram Login", "Facebook Login"])
async def instagram(
    request: pytest.FixtureRequest, server: ScriptedHTTP, settings: Settings
) -> AsyncIterator[Instagram]:
    own = request.param == "Instagram Login"
    settings.GRAPH_URL = NOWHERE if own else server.url
    settings.INSTAGRAM_GRAPH_URL = server.url if own else NOWHERE
    settings.META_APP_SECRET = "" if own else "secret"
    settings.INSTAGRAM_APP_SECRET = "secret" if own else ""
    settings.INSTAGRAM_TOKEN = "token"
    settings.INSTAGRAM_ID = ACCOUNT
    instagram = Instagram()
    yield instagram
    await instagram.graph.close()


async def test_words_and_choices_are_sent(instagram: Instagram, server: ScriptedHTTP) -> None:
    message = OutboundMessage(text="Go on?", choices=(Choice("More", "more:42"),), quotes="aWdfIN")
    assert await instagram.send(ADA, message, None, KEY) == "aWdfOUT"
    (asked,) = server.asked
    assert (asked.method, asked.path, asked.params) == ("POST", SENDS, {})
    assert asked.headers["authorization"] == "Bearer token"
    assert asked.body == {
        "recipient": {"id": "3000000000001"},
        "messaging_type": "RESPONSE",
        "message": {
            "text": "Go on?",
            "quick_replies": [{"content_type": "text", "title": "More", "payload": "more:42"}],
        },
        "reply_to": {"mid": "aWdfIN"},
    }


async def test_a_loop_is_a_video_that_is_uploaded_for_instagram(instagram: Instagram, server: ScriptedHTTP) -> None:
    file = File(b"ftypmp42", "video/mp4", "loop.mp4")
    assert await instagram.send(ADA, OutboundMessage(drawn=Drawn("p", "video")), file, KEY) == "aWdfOUT"
    upload, send = server.asked
    assert upload.path == UPLOADS
    assert b'name="platform"\r\n\r\ninstagram\r\n' in upload.body
    assert b'{"attachment": {"type": "video", "payload": {"is_reusable": true}}}' in upload.body
    assert b"ftypmp42" in upload.body
    assert send.body["message"] == {"attachment": {"type": "video", "payload": {"attachment_id": "77"}}}


async def test_an_answer_to_a_comment_is_a_reply(instagram: Instagram, server: ScriptedHTTP) -> None:
    server.script("/v25.0/c1/replies", Reply({"id": "c9"}))
    to = Recipient(ACCOUNT, comment="c1")
    assert await instagram.send(to, OutboundMessage(text="In March."), None, KEY) == "c9"
    (asked,) = server.asked
    assert asked.body == {"message": "In March."}


async def test_a_private_answer_names_the_comment(instagram: Instagram, server: ScriptedHTTP) -> None:
    to = Recipient(ACCOUNT, user_id="3000000000001", comment="c1", privately=True)
    assert await instagram.send(to, OutboundMessage(text="In March."), None, KEY) == "aWdfOUT"
    assert server.asked[0].body["recipient"] == {"comment_id": "c1"}


async def test_the_person_sees_that_we_read_and_write(instagram: Instagram, server: ScriptedHTTP) -> None:
    await instagram.show_typing(ADA, "aWdfIN")
    assert [asked.body["sender_action"] for asked in server.asked] == ["mark_seen", "typing_on"]
