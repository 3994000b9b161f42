"""The channel against the emulator: what people do there comes as typed events, what we send shows on their phones."""

import asyncio
import base64
import io
import json
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import httpx
import pytest
from django.test import override_settings
from PIL import Image

from integrations.base import File
from integrations.errors import ContactGoneError, RateError, RefusedError, WindowClosedError
from integrations.inbound import (
    ContactChange,
    InboundEdit,
    InboundMessage,
    InboundReaction,
    InboundUnsend,
    StatusChange,
)
from integrations.outbound import Choice, Drawn, OutboundMessage, Recipient
from integrations.whatsapp.channel import WhatsApp
from tests.ports import free_port
from tests.scripted_http import Reply, ScriptedHTTP

app = pytest.importorskip("integrations.emulator.app")
configuration = pytest.importorskip("integrations.emulator.configuration")

HOOK = "/webhooks/meta"
WHATSAPP = {"phone_id": "1000", "account_id": "2000", "token": "wa-token", "number": "+49 176 04069000"}
VALUES = {
    "app_secret": "test-app-secret",
    "instagram_app_secret": "other-secret",
    "verify_token": "verify",
    "messenger": {"page_id": "3000", "token": "page-token"},
    "instagram": {"id": "4000", "token": "ig-token"},
    "whatsapp": WHATSAPP,
}
SETTINGS: dict[str, Any] = {
    "META_APP_SECRET": "test-app-secret",
    "WHATSAPP_TOKEN": "wa-token",
    "WHATSAPP_PHONE_ID": "1000",
    "WHATSAPP_ACCOUNT_ID": "2000",
    "WHATSAPP_PURPOSE": "helper",
    "WHATSAPP_COUNTRIES": [],
}


@pytest.fixture
def receiver() -> Iterator[ScriptedHTTP]:
    with ScriptedHTTP() as server:
        server.script(HOOK, Reply("ok"))
        yield server


class Phones:
    """The people on the emulator, and what reached us of what they did."""

    def __init__(self, url: str, receiver: ScriptedHTTP, whatsapp: WhatsApp) -> None:
        self.whatsapp = whatsapp
        self._http = httpx.AsyncClient(base_url=url, trust_env=False)
        self._receiver = receiver

    async def act(self, action: str, **values: Any) -> Any:
        about = {} if action == "switch" else {"app": "whatsapp"}
        answer = await self._http.post(f"/emulator/{action}", json=about | values)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def event(self, fits: Callable[[Any], bool]) -> Any:
        """The first event that fits, once it has come."""
        async with asyncio.timeout(20):
            while True:
                for asked in self._receiver.to(HOOK):
                    for event in self.whatsapp.parse(asked.body["entry"]).events:
                        if fits(event):
                            return event
                await asyncio.sleep(0.02)

    async def message(self, bubble: Any) -> InboundMessage:
        """The message that a person's bubble became."""
        found = await self.event(lambda event: isinstance(event, InboundMessage) and event.id == bubble["id"])
        assert isinstance(found, InboundMessage)
        return found

    async def close(self) -> None:
        await self._http.aclose()


@pytest.fixture
async def phones(receiver: ScriptedHTTP) -> AsyncIterator[Phones]:
    given = configuration.parse(json.dumps(VALUES | {"webhook": receiver.url + HOOK}))
    async with app.listening(given, free_port()) as url:
        with override_settings(GRAPH_URL=url, **SETTINGS):
            phones = Phones(url, receiver, WhatsApp())
            yield phones
            await phones.close()
            await phones.whatsapp.graph.close()


def png() -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (8, 8), "red").save(buffer, "PNG")
    return buffer.getvalue()


def webp() -> bytes:
    buffer = io.BytesIO()
    Image.new("RGBA", (512, 512), "red").save(buffer, "WEBP")
    return buffer.getvalue()


PICTURE, STICKER = File(png(), "image/png", "picture.png"), File(webp(), "image/webp", "sticker.webp")
MORE, LESS = Choice("More", "more:42"), Choice("Less", "less:42", "not so much")


async def test_what_people_do_comes_as_events(phones: Phones) -> None:
    said = await phones.act("write", text="Hi *there*")
    message = await phones.message(said)
    assert (message.text, message.sender.name) == ("Hi *there*", "Ada Brandt")
    assert message.sender.user_id.startswith("DE.")
    assert message.sender.phone == "4917604069001"

    nameless = await phones.message(await phones.act("write", person="Bo Larsen", text="hej"))
    assert (nameless.sender.phone, nameless.sender.username) == ("", "bo.larsen")

    data = base64.b64encode(png()).decode()
    sent = await phones.act("send_media", kind="image", data=data, mime="image/png", caption="what is it?")
    picture = await phones.message(sent)
    assert picture.text == "what is it?"
    assert await phones.whatsapp.download(picture.media[0], 10_000) == png()

    place = await phones.message(await phones.act("send_place", latitude=52.5, longitude=13.4, name="Alex"))
    assert place.place
    assert (place.place.latitude, place.place.name) == (52.5, "Alex")
    card = await phones.message(await phones.act("send_contact", name="Cy", phone="+49 1", email="cy@example.org"))
    assert [(one.name, one.emails) for one in card.cards] == [("Cy", ("cy@example.org",))]
    assert (await phones.message(await phones.act("send_unsupported", what="poll"))).unknown == "poll"

    await phones.act("edit", bubble=said["id"], text="Hello")
    edited = await phones.event(lambda event: isinstance(event, InboundEdit))
    assert (edited.id, edited.text) == (said["id"], "Hello")
    await phones.act("unsend", bubble=said["id"])
    assert (await phones.event(lambda event: isinstance(event, InboundUnsend))).id == said["id"]
    await phones.act("change_number", phone="4917604069999")
    changed = await phones.event(lambda event: isinstance(event, ContactChange))
    assert (changed.sender.phone, changed.phone) == ("4917604069001", "4917604069999")
    before = message.sender.user_id
    await phones.act("change_user_id")
    moved = await phones.event(lambda event: isinstance(event, ContactChange) and event.sender.user_id == before)
    assert moved.user_id


async def test_what_we_send_shows_on_their_phones(phones: Phones) -> None:
    said = await phones.message(await phones.act("write", text="hi"))
    ada = Recipient("1000", said.sender.user_id, said.sender.phone)
    await phones.whatsapp.show_typing(ada, said.id)
    assert (await phones.act("thread"))["typing_until"]

    async def send(message: OutboundMessage, file: File | None = None, key: str = "key-1") -> Any:
        bubble = await phones.whatsapp.send(ada, message, file, key)
        return next(one for one in await phones.act("bubbles") if one["id"] == bubble)

    text = await send(OutboundMessage("Hello *Ada*", quotes=said.id))
    assert (text["text"], text["reply_to"]) == ("Hello *Ada*", said.id)
    status = await phones.event(lambda event: isinstance(event, StatusChange) and event.id == text["id"])
    assert (status.key, status.sender.user_id) == ("key-1", said.sender.user_id)

    picture = await send(OutboundMessage("Your picture", Drawn("42", "still")), PICTURE)
    assert (picture["kind"], picture["caption"]) == ("image", "Your picture")
    assert (await send(OutboundMessage(drawn=Drawn("42", "sticker")), STICKER))["kind"] == "sticker"
    await send(OutboundMessage("Your picture", Drawn("42", "still"), (MORE, LESS)), PICTURE)
    listed = await send(OutboundMessage("Which?", choices=(MORE, LESS), menu="Choose"))
    tap = await phones.message(await phones.act("tap", bubble=listed["id"], payload="less:42"))
    assert (tap.payload, tap.text, tap.quoted) == ("less:42", "Less", listed["id"])
    buttons = await send(OutboundMessage("Which?", choices=(MORE, LESS)))
    tap = await phones.message(await phones.act("tap", bubble=buttons["id"], payload="more:42"))
    assert (tap.payload, tap.text, tap.quoted) == ("more:42", "More", buttons["id"])

    await phones.act("react", bubble=text["id"], emoji="👍")
    assert (await phones.event(lambda event: isinstance(event, InboundReaction))).emoji == "👍"
    await phones.act("unreact", bubble=text["id"])
    assert await phones.event(lambda event: isinstance(event, InboundReaction) and not event.emoji)


async def test_who_has_no_number_is_answered_too(phones: Phones) -> None:
    said = await phones.message(await phones.act("write", person="Bo Larsen", text="hej"))
    bubble = await phones.whatsapp.send(Recipient("1000", said.sender.user_id), OutboundMessage("hej"), None, "k")
    assert bubble in [one["id"] for one in await phones.act("bubbles", person="Bo Larsen")]


@pytest.mark.parametrize(
    ("code", "error"),
    [
        ("131047", WindowClosedError),
        ("131056", RateError),
        ("130429", RateError),
        ("131026", ContactGoneError),
        ("100", RefusedError),
    ],
)
async def test_its_errors_are_ours(phones: Phones, code: str, error: type[Exception]) -> None:
    said = await phones.message(await phones.act("write", text="hi"))
    await phones.act("switch", failure=code, failures=1)
    to = Recipient("1000", said.sender.user_id, said.sender.phone)
    with pytest.raises(error):
        await phones.whatsapp.send(to, OutboundMessage("hi"), None, "k")


async def test_a_day_later_only_they_can_go_on(phones: Phones) -> None:
    said = await phones.message(await phones.act("write", text="hi"))
    await phones.act("switch", ahead=25 * 3600)
    sent = await phones.whatsapp.send(Recipient("1000", said.sender.user_id), OutboundMessage("hi"), None, "k")
    failed = await phones.event(lambda event: isinstance(event, StatusChange) and event.status == "failed")
    assert (failed.id, failed.key, failed.problem) == (sent, "k", "131047")
    assert "24 hours" in failed.detail
