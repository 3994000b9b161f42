"""Messenger and Instagram against the emulator: what its people do is read, what we send is what they see."""

import asyncio
import base64
import json
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from PIL import Image
from pytest_django.fixtures import Settings

from integrations.base import File
from integrations.emulator.app import listening
from integrations.emulator.configuration import parse as configuration_of
from integrations.errors import ContactGoneError, TokenError, WindowClosedError
from integrations.inbound import Echo, Event, InboundComment, InboundEdit, InboundMessage, InboundReaction
from integrations.instagram.channel import Instagram
from integrations.messaging.channel import MessagingChannel
from integrations.messenger.channel import Messenger
from integrations.outbound import Choice, Drawn, OutboundMessage, Recipient
from tests.ports import free_port

KEY = "6b7c8a52-0000-4000-8000-000000000001"
PAGE, ACCOUNT = "1000000000001", "17840000000000001"


class Phones:
    """Acts as the first person of the emulator, in one app; `events` are what the channel read, as they come."""

    def __init__(self, url: str, channel: MessagingChannel, http: aiohttp.ClientSession) -> None:
        self._url = url
        self._channel = channel
        self._http = http
        self.events: asyncio.Queue[Event] = asyncio.Queue()

    async def do(self, action: str, **body: Any) -> Any:
        about = {} if action == "switch" else {"app": self._channel.name}
        async with self._http.post(f"{self._url}/emulator/{action}", json={**about, **body}) as said:
            assert said.status == 200, await said.text()
            return await said.json()

    async def delivered(self, request: web.Request) -> web.Response:
        body = json.loads(await request.read())
        if body["object"] == self._channel.object:
            parsed = self._channel.parse(body["entry"])
            for event in parsed.events:
                self.events.put_nowait(event)
        return web.Response()

    async def next(self, kind: type[Event]) -> Any:
        """The next event of that kind."""
        async with asyncio.timeout(10):
            while not isinstance(event := await self.events.get(), kind):
                pass
        return event

    async def bubbles(self) -> list[Any]:
        return [bubble for bubble in await self.do("bubbles") if bubble["by"] == "bot"]


@pytest.fixture(params=["messenger", "instagram", "instagram by Facebook Login"])
async def channel(request: pytest.FixtureRequest, settings: Settings) -> AsyncIterator[MessagingChannel]:
    settings.EMULATOR_PORT = free_port()
    settings.GRAPH_URL = settings.INSTAGRAM_GRAPH_URL = f"http://127.0.0.1:{settings.EMULATOR_PORT}"
    settings.META_APP_SECRET = "secret"
    settings.MESSENGER_TOKEN, settings.MESSENGER_PAGE_ID = "page-token", PAGE
    settings.INSTAGRAM_TOKEN, settings.INSTAGRAM_ID = "instagram-token", ACCOUNT
    settings.INSTAGRAM_APP_SECRET = "other" if request.param == "instagram" else ""
    channel = Messenger() if request.param == "messenger" else Instagram()
    yield channel
    await channel.graph.close()


@pytest.fixture
async def phones(channel: MessagingChannel, settings: Settings) -> AsyncIterator[Phones]:
    port = free_port()
    configuration = configuration_of(
        json.dumps(
            {
                "webhook": f"http://127.0.0.1:{port}/",
                "app_secret": "secret",
                "instagram_app_secret": "other",
                "verify_token": "verify",
                "whatsapp": {"token": "w", "phone_id": "1", "account_id": "2", "number": "15550001111"},
                "messenger": {"token": "page-token", "page_id": PAGE},
                "instagram": {"token": "instagram-token", "id": ACCOUNT},
            }
        )
    )
    async with aiohttp.ClientSession() as http, listening(configuration, settings.EMULATOR_PORT) as url:
        phones = Phones(url, channel, http)
        app = web.Application()
        app.router.add_post("/", phones.delivered)
        runner = web.AppRunner(app)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", port).start()
        yield phones
        await runner.cleanup()


async def greeted(phones: Phones) -> tuple[Recipient, InboundMessage]:
    """The person wrote: whom to answer, and what they said."""
    await phones.do("write", text="Grüße 😀")
    said = await phones.next(InboundMessage)
    return Recipient(said.account, user_id=said.sender.user_id), said


async def test_words_come_and_go(channel: MessagingChannel, phones: Phones) -> None:
    to, said = await greeted(phones)
    assert said.text == "Grüße 😀"
    await channel.show_typing(to, said.id)
    message = OutboundMessage(text="Hello", choices=(Choice("More", "more:42"),), quotes=said.id)
    mid = await channel.send(to, message, None, KEY)
    (bubble,) = await phones.bubbles()
    assert (bubble["id"], bubble["text"], bubble["reply_to"]) == (mid, "Hello", said.id)
    echo = await phones.next(Echo)
    assert (echo.id, echo.human) == (mid, False)
    assert echo.key == (KEY if channel.name == "messenger" else "")
    await phones.do("tap", bubble=mid, payload="more:42")
    tap = await phones.next(InboundMessage)
    assert (tap.text, tap.payload) == ("More", "more:42")


async def test_a_picture_goes_there_and_one_comes_back(
    channel: MessagingChannel, phones: Phones, tmp_path_factory: pytest.TempPathFactory
) -> None:
    to, _said = await greeted(phones)
    path = tmp_path_factory.mktemp("picture") / "a.png"
    Image.new("RGB", (8, 8), "red").save(path)
    data = path.read_bytes()
    message = OutboundMessage(drawn=Drawn("p", "still"), choices=(Choice("More", "more:42"),))
    mid = await channel.send(to, message, File(data, "image/png", "a.png"), KEY)
    (bubble,) = await phones.bubbles()
    assert (bubble["id"], bubble["kind"]) == (mid, "image")
    await phones.do("send_media", kind="image", data=base64.b64encode(data).decode(), mime="image/png")
    picture = await phones.next(InboundMessage)
    assert await channel.download(picture.media[0], len(data)) == data


async def test_what_was_said_changes(channel: MessagingChannel, phones: Phones) -> None:
    to, said = await greeted(phones)
    mid = await channel.send(to, OutboundMessage(text="Hello"), None, KEY)
    await phones.do("edit", bubble=said.id, text="Servus")
    assert (await phones.next(InboundEdit)).text == "Servus"
    await phones.do("react", bubble=mid, emoji="👍")
    reaction = await phones.next(InboundReaction)
    assert (reaction.id, reaction.emoji) == (mid, "👍")


async def test_a_comment_is_answered_below_it_and_privately(channel: MessagingChannel, phones: Phones) -> None:
    posts = await phones.do("posts")
    post = next(post for post in posts if post["app"] == channel.name and not post["by"])
    await phones.do("comment", post=post["id"], text="@Chaski when is the best time to see this?")
    comment = await phones.next(InboundComment)
    assert comment.text == "@Chaski when is the best time to see this?"
    below = Recipient(comment.account, comment=comment.id)
    mine = await channel.send(below, OutboundMessage(text="In March."), None, KEY)
    (post,) = [one for one in await phones.do("posts") if one["id"] == post["id"]]
    assert (mine, "In March.") in [(one["id"], one["text"]) for one in post["comments"]]
    await channel.send(
        Recipient(comment.account, comment=comment.id, privately=True), OutboundMessage(text="Psst."), None, KEY
    )
    assert [bubble["text"] for bubble in await phones.bubbles()] == ["Psst."]


async def test_refusals_are_told_apart(channel: MessagingChannel, phones: Phones, settings: Settings) -> None:
    to, _said = await greeted(phones)
    with pytest.raises(ContactGoneError):
        await channel.send(Recipient(to.account, user_id="5"), OutboundMessage(text="Hello"), None, KEY)
    await phones.do("switch", ahead=25 * 3600)
    with pytest.raises(WindowClosedError):
        await channel.send(to, OutboundMessage(text="Hello"), None, KEY)
    settings.MESSENGER_TOKEN = settings.INSTAGRAM_TOKEN = "old"
    stranger = type(channel)()
    with pytest.raises(TokenError):
        await stranger.send(to, OutboundMessage(text="Hello"), None, KEY)
    await stranger.graph.close()
