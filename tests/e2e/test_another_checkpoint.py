"""A page that is left open while the site starts again with another checkpoint tells what that one can do."""

import json
from collections.abc import Callable, Iterator

import pytest
from playwright.async_api import WebSocket, expect
from redis import Redis

from assistant.database import in_thread
from imagine import keys
from imagine.status import ROLES, RoleStatus
from tests.e2e.conftest import OpenPage
from tests.e2e.imagining import button, enter_as
from tests.easel import drawn
from tests.fake_llama import FakeLlama
from tests.people import Visitor
from tests.security.quiet import quiet_site
from tests.servers import Site, Valkey

SEEN_MS = 10_000


@pytest.fixture(scope="module")
def site(quiet_valkey: Valkey, shared_llama: FakeLlama, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with quiet_site(quiet_valkey, shared_llama.url, tmp_path_factory.mktemp("quiet-site"), {}) as site:
        yield site


@pytest.fixture
def report(quiet_valkey: Valkey) -> Iterator[Callable[..., None]]:
    """Have a painter report so of all its roles, though nobody draws."""
    with Redis.from_url(quiet_valkey.url) as redis:

        def publish(state: str, redraw: bool = False) -> None:
            for role in ROLES:
                redis.set(keys.painter(role), RoleStatus(role, state, redraw=redraw).to_bytes(), ex=600)  # type: ignore[arg-type]

        yield publish
        redis.delete(*(keys.painter(role) for role in ROLES))


async def test_the_page_of_a_picture_offers_what_the_new_one_can(
    open_page: OpenPage, alice: Visitor, report: Callable[..., None]
) -> None:
    report("ready", redraw=True)
    page = await open_page()
    sockets: list[WebSocket] = []

    def note(socket: WebSocket) -> None:
        sockets.append(socket)

    page.on("websocket", note)
    await enter_as(page, alice)
    picture = await in_thread(lambda: drawn(alice.person.id))()
    await page.goto(f"/p/{picture.id}/")
    await button(page, "Style").focus()
    await expect(button(page, "Edit")).to_be_visible()

    report("loading")
    report("ready", redraw=False)
    await expect(button(page, "Edit")).to_have_count(0, timeout=SEEN_MS)
    await expect(button(page, "Style")).to_have_count(0)
    await expect(button(page, "Animate")).to_be_visible()

    await button(page, "Shape").click()
    async with sockets[-1].expect_event("framereceived", lambda data: json.loads(data).get("redraw") is True):
        report("ready", redraw=True)
    # What is open stays until it is closed.
    await expect(page.locator("#shape-panel")).to_be_visible()
    await page.keyboard.press("Escape")
    await expect(button(page, "Edit")).to_be_visible(timeout=SEEN_MS)

    report("broken")
    await expect(button(page, "Variants")).to_have_count(0, timeout=SEEN_MS)
    await expect(button(page, "Download")).to_be_visible()
    await page.reload()
    await expect(button(page, "Download")).to_be_visible()
    await expect(button(page, "Animate")).to_have_count(0)
