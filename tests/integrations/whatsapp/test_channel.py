"""What goes to WhatsApp's server, byte for byte, and what comes of its answers."""

import base64
import hashlib
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
from django.test import override_settings

from integrations.base import File
from integrations.errors import (
    ChannelError,
    MediaGoneError,
    RateError,
    RefusedMediaError,
    TemporaryError,
    TokenError,
    UncertainError,
    WindowClosedError,
)
from integrations.inbound import Media
from integrations.outbound import Choice, Drawn, OutboundMessage, Recipient
from integrations.whatsapp.channel import WhatsApp
from tests.scripted_http import Reply, ScriptedHTTP

SETTINGS: dict[str, Any] = {
    "META_APP_SECRET": "test-app-secret",
    "GRAPH_VERSION": "v25.0",
    "WHATSAPP_TOKEN": "EAAG-token-of-ours",
    "WHATSAPP_PHONE_ID": "1000",
    "WHATSAPP_ACCOUNT_ID": "2000",
    "WHATSAPP_PURPOSE": "helper",
    "WHATSAPP_COUNTRIES": [],
}
MESSAGES, FILES = "/v25.0/1000/messages", "/v25.0/1000/media"
ADA = Recipient("1000", user_id="DE.777", phone="491700000001")
TO_ADA = {
    "messaging_product": "whatsapp",
    "recipient_type": "individual",
    "to": "+491700000001",
    "biz_opaque_callback_data": "key-1",
}
TAKEN = Reply({"messaging_product": "whatsapp", "contacts": [{"input": "+49"}], "messages": [{"id": "wamid.OUT1"}]})
PICTURE = File(b"\x89PNG-bytes", "image/png", "picture.png")
MORE, STYLE = Choice("More", "more:42"), Choice("Watercolour", "style:3", "soft and wet")
STILL, LOOP, STICKER = Drawn("42", "still"), Drawn("42", "video"), Drawn("42", "sticker")


@pytest.fixture
def server() -> Iterator[ScriptedHTTP]:
    with ScriptedHTTP() as server:
        server.script(MESSAGES, TAKEN)
        server.script(FILES, Reply({"id": "9001"}))
        yield server


@pytest.fixture
async def whatsapp(server: ScriptedHTTP) -> AsyncIterator[WhatsApp]:
    with override_settings(GRAPH_URL=server.url, **SETTINGS):
        whatsapp = WhatsApp()
        yield whatsapp
        await whatsapp.graph.close()


BUTTONS = [
    {"type": "reply", "reply": {"id": "more:42", "title": "More"}},
    {"type": "reply", "reply": {"id": "style:3", "title": "Watercolour"}},
]


@pytest.mark.parametrize(
    ("message", "file", "body"),
    [
        pytest.param(
            OutboundMessage("Hello *Ada* https://example.org/"),
            None,
            {"type": "text", "text": {"body": "Hello *Ada* https://example.org/", "preview_url": False}},
            id="text",
        ),
        pytest.param(
            OutboundMessage("Yes", quotes="wamid.A1"),
            None,
            {
                "type": "text",
                "text": {"body": "Yes", "preview_url": False},
                "context": {"message_id": "wamid.A1"},
            },
            id="reply",
        ),
        pytest.param(
            OutboundMessage("Your picture", STILL),
            PICTURE,
            {"type": "image", "image": {"id": "9001", "caption": "Your picture"}},
            id="picture",
        ),
        pytest.param(
            OutboundMessage(drawn=STILL), PICTURE, {"type": "image", "image": {"id": "9001"}}, id="picture alone"
        ),
        pytest.param(
            OutboundMessage("It moves", LOOP),
            PICTURE,
            {"type": "video", "video": {"id": "9001", "caption": "It moves"}},
            id="video",
        ),
        pytest.param(
            OutboundMessage(drawn=STICKER), PICTURE, {"type": "sticker", "sticker": {"id": "9001"}}, id="sticker"
        ),
        pytest.param(
            OutboundMessage("Go on?", choices=(MORE, STYLE)),
            None,
            {
                "type": "interactive",
                "interactive": {"type": "button", "body": {"text": "Go on?"}, "action": {"buttons": BUTTONS}},
            },
            id="buttons",
        ),
        pytest.param(
            OutboundMessage("Your picture", STILL, (MORE, STYLE), menu="Styles", quotes="wamid.A1"),
            PICTURE,
            {
                "type": "interactive",
                "interactive": {
                    "type": "button",
                    "header": {"type": "image", "image": {"id": "9001"}},
                    "body": {"text": "Your picture"},
                    "action": {"buttons": BUTTONS},
                },
                "context": {"message_id": "wamid.A1"},
            },
            id="picture with buttons",
        ),
        pytest.param(
            OutboundMessage("It moves", LOOP, (MORE, STYLE)),
            PICTURE,
            {
                "type": "interactive",
                "interactive": {
                    "type": "button",
                    "header": {"type": "video", "video": {"id": "9001"}},
                    "body": {"text": "It moves"},
                    "action": {"buttons": BUTTONS},
                },
            },
            id="video with buttons",
        ),
        pytest.param(
            OutboundMessage("Pick a style", choices=(MORE, STYLE, MORE, STYLE), menu="Styles"),
            None,
            {
                "type": "interactive",
                "interactive": {
                    "type": "list",
                    "body": {"text": "Pick a style"},
                    "action": {
                        "button": "Styles",
                        "sections": [
                            {
                                "rows": [
                                    {"id": "more:42", "title": "More"},
                                    {"id": "style:3", "title": "Watercolour", "description": "soft and wet"},
                                ]
                                * 2
                            }
                        ],
                    },
                },
            },
            id="list",
        ),
    ],
)
async def test_a_bubble_is_sent(
    whatsapp: WhatsApp, server: ScriptedHTTP, message: OutboundMessage, file: File | None, body: dict[str, Any]
) -> None:
    assert await whatsapp.send(ADA, message, file, "key-1") == "wamid.OUT1"
    [asked] = server.to(MESSAGES)
    assert (asked.method, asked.body) == ("POST", TO_ADA | body)
    assert asked.headers["authorization"] == "Bearer EAAG-token-of-ours"
    assert len(server.to(FILES)) == (file is not None)


async def test_a_picture_is_uploaded_as_a_form(whatsapp: WhatsApp, server: ScriptedHTTP) -> None:
    await whatsapp.send(ADA, OutboundMessage(drawn=STILL), PICTURE, "key-1")
    [asked] = server.to(FILES)
    boundary = asked.headers["content-type"].partition("boundary=")[2].encode()
    parts = [part.strip(b"\r\n") for part in asked.body.split(b"--" + boundary)[1:-1]]
    assert parts == [
        b'Content-Disposition: form-data; name="messaging_product"\r\n\r\nwhatsapp',
        b'Content-Disposition: form-data; name="type"\r\n\r\nimage/png',
        b'Content-Disposition: form-data; name="file"; filename="picture.png"\r\n'
        b"Content-Type: image/png\r\n\r\n\x89PNG-bytes",
    ]


async def test_who_shows_no_number_is_reached_by_the_user_id(whatsapp: WhatsApp, server: ScriptedHTTP) -> None:
    await whatsapp.send(Recipient("1000", user_id="DE.777"), OutboundMessage("hi"), None, "key-1")
    body = server.to(MESSAGES)[0].body
    assert body["recipient"] == "DE.777"
    assert "to" not in body


@pytest.mark.parametrize(
    ("to", "message", "file"),
    [
        pytest.param(ADA, OutboundMessage(), None, id="nothing"),
        pytest.param(ADA, OutboundMessage("look", STICKER), PICTURE, id="a sticker with a text"),
        pytest.param(ADA, OutboundMessage("look", STICKER, (MORE,)), PICTURE, id="a sticker with buttons"),
        pytest.param(ADA, OutboundMessage("look", Drawn("42", "gif")), PICTURE, id="a GIF"),
        pytest.param(ADA, OutboundMessage("look", STILL), None, id="a picture without its file"),
        pytest.param(ADA, OutboundMessage("look"), PICTURE, id="a file without its picture"),
        pytest.param(ADA, OutboundMessage(choices=(MORE,)), None, id="buttons under nothing"),
        pytest.param(ADA, OutboundMessage("look", choices=(MORE,) * 4), None, id="too many buttons"),
        pytest.param(ADA, OutboundMessage("look", STILL, (MORE,) * 4, menu="More"), PICTURE, id="a list on a picture"),
        pytest.param(ADA, OutboundMessage("look", choices=(MORE,) * 11, menu="More"), None, id="too long a list"),
        pytest.param(ADA, OutboundMessage("x" * 1025, choices=(MORE,)), None, id="too long a text above buttons"),
        pytest.param(ADA, OutboundMessage("x" * 1025, STILL), PICTURE, id="too long a text beside a picture"),
        pytest.param(Recipient("1000"), OutboundMessage("hi"), None, id="to nobody"),
        pytest.param(Recipient("1000", comment="c1", user_id="DE.777"), OutboundMessage("hi"), None, id="a comment"),
    ],
)
async def test_what_whatsapp_has_no_bubble_for_is_not_sent(
    whatsapp: WhatsApp, server: ScriptedHTTP, to: Recipient, message: OutboundMessage, file: File | None
) -> None:
    with pytest.raises(ValueError, match=r"."):
        await whatsapp.send(to, message, file, "key-1")
    assert server.to(MESSAGES) == []


async def test_a_longer_text_fits_above_a_list(whatsapp: WhatsApp, server: ScriptedHTTP) -> None:
    await whatsapp.send(ADA, OutboundMessage("x" * 1025, choices=(MORE,), menu="More"), None, "key-1")
    assert server.to(MESSAGES)[0].body["interactive"]["type"] == "list"


def error(code: int, status: int = 400) -> Reply:
    said = {"message": f"(#{code}) No", "type": "OAuthException", "code": code, "error_data": {"details": "Sorry"}}
    return Reply({"error": said}, status=status)


@pytest.mark.parametrize(
    ("reply", "kind"),
    [
        (error(131047), WindowClosedError),
        (error(131056), RateError),
        (error(190, 401), TokenError),
        (error(131000, 500), TemporaryError),
        (Reply({"messages": []}), UncertainError),
        (Reply({"messages": [{"id": ""}]}), UncertainError),
        (Reply({}), UncertainError),
        (Reply("<html>", status=502), UncertainError),
        (Reply(drops=True), UncertainError),
    ],
)
async def test_what_was_not_taken_is_told_by_an_error(
    whatsapp: WhatsApp, server: ScriptedHTTP, reply: Reply, kind: type[ChannelError]
) -> None:
    server.script(MESSAGES, reply)
    with pytest.raises(ChannelError) as raised:
        await whatsapp.send(ADA, OutboundMessage("hi"), None, "key-1")
    assert type(raised.value) is kind
    assert len(server.to(MESSAGES)) == 1


@pytest.mark.parametrize(
    ("reply", "kind"),
    [(error(131053), RefusedMediaError), (Reply({}), TemporaryError), (Reply(drops=True), TemporaryError)],
)
async def test_a_picture_that_could_not_be_uploaded_was_surely_not_sent(
    whatsapp: WhatsApp, server: ScriptedHTTP, reply: Reply, kind: type[ChannelError]
) -> None:
    server.script(FILES, reply)
    with pytest.raises(kind):
        await whatsapp.send(ADA, OutboundMessage(drawn=STILL), PICTURE, "key-1")
    assert server.to(MESSAGES) == []


async def test_a_message_is_marked_as_read_while_we_write(whatsapp: WhatsApp, server: ScriptedHTTP) -> None:
    server.script(MESSAGES, Reply({"success": True}))
    await whatsapp.show_typing(ADA, "wamid.A1")
    assert [asked.body for asked in server.asked] == [
        {
            "messaging_product": "whatsapp",
            "status": "read",
            "message_id": "wamid.A1",
            "typing_indicator": {"type": "text"},
        }
    ]


async def test_there_is_no_sign_that_we_write_without_a_message(whatsapp: WhatsApp, server: ScriptedHTTP) -> None:
    await whatsapp.show_typing(ADA, "")
    assert server.asked == []


VOICE = b"OggS-voice"
HEX = hashlib.sha256(VOICE).hexdigest()
BASE64 = base64.b64encode(hashlib.sha256(VOICE).digest()).decode()
OTHER = base64.b64encode(hashlib.sha256(b"other").digest()).decode()


def there(server: ScriptedHTTP, **about: Any) -> None:
    server.script("/v25.0/9003", Reply({"url": f"{server.url}/files/9003", "mime_type": "audio/ogg", **about}))
    server.script("/files/9003", Reply(VOICE))


@pytest.mark.parametrize(
    ("announced", "told"), [(BASE64, HEX), ("", HEX), (BASE64, None), (HEX.upper(), BASE64), ("c2hh", "no hash")]
)
async def test_a_file_is_fetched_by_its_id(
    whatsapp: WhatsApp, server: ScriptedHTTP, announced: str, told: str | None
) -> None:
    there(server, sha256=told, file_size=len(VOICE))
    assert await whatsapp.download(Media("audio", "9003", sha256=announced), len(VOICE)) == VOICE
    assert [asked.path for asked in server.asked] == ["/v25.0/9003", "/files/9003"]
    assert {asked.headers["authorization"] for asked in server.asked} == {"Bearer EAAG-token-of-ours"}


@pytest.mark.parametrize(("announced", "told"), [(OTHER, None), (BASE64, hashlib.sha256(b"other").hexdigest())])
async def test_another_file_than_was_announced_is_none(
    whatsapp: WhatsApp, server: ScriptedHTTP, announced: str, told: str
) -> None:
    there(server, sha256=told)
    with pytest.raises(MediaGoneError, match="announced"):
        await whatsapp.download(Media("audio", "9003", sha256=announced), 100)


async def test_a_file_that_is_too_large_is_not_fetched(whatsapp: WhatsApp, server: ScriptedHTTP) -> None:
    there(server, file_size=101)
    with pytest.raises(MediaGoneError, match="100"):
        await whatsapp.download(Media("audio", "9003"), 100)
    assert server.to("/files/9003") == []
    there(server, file_size=1)
    with pytest.raises(MediaGoneError, match=str(len(VOICE) - 1)):
        await whatsapp.download(Media("audio", "9003"), len(VOICE) - 1)


@pytest.mark.parametrize(
    ("reply", "kind"),
    [
        (error(100), MediaGoneError),
        (error(131052), MediaGoneError),
        (error(190, 401), TokenError),
        (error(131016, 503), TemporaryError),
        (Reply(drops=True), TemporaryError),
        (Reply({}), MediaGoneError),
        (Reply({"url": "https://evil.example/9003"}), MediaGoneError),
        (Reply({"url": "http://lookaside.fbsbx.com/9003"}), MediaGoneError),
    ],
)
async def test_a_file_that_is_gone(
    whatsapp: WhatsApp, server: ScriptedHTTP, reply: Reply, kind: type[ChannelError]
) -> None:
    server.script("/v25.0/9003", reply)
    with pytest.raises(kind):
        await whatsapp.download(Media("audio", "9003"), 100)


@pytest.mark.parametrize("media", ["../1000/messages", "9003?fields=url", "9003/../1", "..", "9003#", "ä"])
async def test_an_id_is_never_another_address(whatsapp: WhatsApp, server: ScriptedHTTP, media: str) -> None:
    with pytest.raises(MediaGoneError, match="id"):
        await whatsapp.download(Media("audio", media), 100)
    assert server.asked == []


async def test_a_file_with_an_address_alone_is_fetched_there(whatsapp: WhatsApp, server: ScriptedHTTP) -> None:
    there(server)
    assert await whatsapp.download(Media("audio", url=f"{server.url}/files/9003", sha256=BASE64), 100) == VOICE
    with pytest.raises(MediaGoneError, match="host"):
        await whatsapp.download(Media("audio", url="https://evil.example/a"), 100)
