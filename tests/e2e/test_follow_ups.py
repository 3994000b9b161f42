"""What one could say next, under the newest answer."""

import asyncio

import pytest
from playwright.async_api import Locator, Page, Route, WebSocketRoute, expect
from redis import Redis

from assistant import follow_ups
from assistant.database import in_thread
from assistant.models import Run
from assistant.runs import keys
from tests.e2e.conftest import OpenPage
from tests.e2e.talk import Opened, answers, begin, composer, conversation_of, held, is_answered, questions, say
from tests.fake_llama import FakeLlama, Gate, says
from tests.servers import Valkey, Worker

LINES = ["How soft are they?", "Where do they live?", "What do they eat?"]
SUGGESTING = "The person said: "


def suggestions(page: Page) -> Locator:
    return page.get_by_role("group", name="What you could say next").get_by_role("button")


async def suggest(page: Page, valkey: Valkey, lines: list[str] = LINES) -> None:
    """As a worker does, after the newest answer."""
    conversation = await conversation_of(page)
    run = await in_thread(lambda: Run.objects.filter(conversation=conversation).order_by("created_at").last())()
    assert run
    suggested = await in_thread(follow_ups.keep)(run.id, lines)
    assert suggested
    with Redis.from_url(valkey.url) as redis:
        redis.publish(keys.conversation(conversation.id), follow_ups.encode(suggested))


async def answered(page: Page) -> None:
    opened = Opened(page)
    await begin(page, "Tell me of llamas")
    await is_answered(page)
    await opened.wait()


@pytest.mark.slow
async def test_the_model_suggests_what_to_say_next_and_a_tap_says_it(
    page: Page, fake_llama: FakeLlama, worker: Worker
) -> None:
    fake_llama.on("Person: ", says("Soft llamas"))
    fake_llama.on(SUGGESTING, says("\n".join(f"{number}. {line}" for number, line in enumerate(LINES, 1))))
    fake_llama.script(says("They are soft."))
    await answered(page)
    await expect(suggestions(page)).to_have_text(LINES, timeout=30_000)
    fake_llama.script(says("In the Andes."))
    fake_llama.on(SUGGESTING, says("Nothing else?"))
    await suggestions(page).nth(1).click()
    await expect(questions(page)).to_have_text(["Tell me of llamas", "Where do they live?"])
    await expect(answers(page)).to_have_text(["They are soft.", "In the Andes."])
    await expect(suggestions(page)).to_have_text(["Nothing else?"], timeout=30_000)
    await page.reload()
    await expect(suggestions(page)).to_have_text(["Nothing else?"])


async def test_they_go_when_something_is_said_and_stay_away(page: Page, fake_llama: FakeLlama, valkey: Valkey) -> None:
    await answered(page)
    await suggest(page, valkey)
    await expect(suggestions(page)).to_have_text(LINES)
    # A label, but no announcement: nobody is interrupted by it.
    await expect(page.locator("#status")).not_to_contain_text("soft")
    gate = held(fake_llama, "They are soft.", 1)
    await say(page, "And alpacas?")
    await expect(answers(page)).to_have_count(2)
    await expect(suggestions(page)).to_have_count(0)
    gate.open()
    await is_answered(page)
    await expect(suggestions(page)).to_have_count(0)
    await page.reload()
    await expect(suggestions(page)).to_have_count(0)


async def test_they_go_when_the_answer_is_made_anew(page: Page, fake_llama: FakeLlama, valkey: Valkey) -> None:
    await answered(page)
    await suggest(page, valkey)
    await expect(suggestions(page)).to_have_count(3)
    gate = Gate()
    fake_llama.script(says("Softer.", gate=gate))
    await page.get_by_role("button", name="Answer again").click()
    await expect(page.locator("[aria-busy]")).to_have_count(1)
    await expect(suggestions(page)).to_have_count(0)
    gate.open()
    await is_answered(page)
    await expect(suggestions(page)).to_have_count(0)


async def test_every_tab_shows_them_and_what_is_typed_stays(page: Page, valkey: Valkey) -> None:
    await answered(page)
    other = await page.context.new_page()
    opened = Opened(other)
    await other.goto(page.url)
    await composer(other).fill("half a thought")
    await opened.wait()
    await suggest(page, valkey)
    await expect(suggestions(page)).to_have_text(LINES)
    await expect(suggestions(other)).to_have_text(LINES)
    await suggestions(other).first.click()
    await expect(questions(other)).to_have_text(["Tell me of llamas", LINES[0]])
    await expect(composer(other)).to_have_value("half a thought")
    await expect(questions(page)).to_have_count(2)
    await expect(suggestions(page)).to_have_count(0)


async def test_a_page_that_is_fetched_meanwhile_does_not_lose_them(page: Page, valkey: Valkey) -> None:
    await answered(page)
    fetched, held_back = asyncio.Event(), asyncio.Event()

    async def hold(route: Route) -> None:
        response = await route.fetch()
        fetched.set()
        await held_back.wait()
        await route.fulfill(response=response)

    await page.route("**/messages", hold, times=1)
    conversation = await conversation_of(page)
    with Redis.from_url(valkey.url) as redis:
        redis.publish(keys.conversation(conversation.id), "another tab")
    await asyncio.wait_for(fetched.wait(), 10)
    await suggest(page, valkey)
    await expect(suggestions(page)).to_have_count(3)
    async with page.expect_response("**/messages"):
        held_back.set()
    # The answer that is older than what the page shows is fetched once more.
    await page.wait_for_load_state("networkidle")
    await expect(suggestions(page)).to_have_text(LINES)


async def test_without_a_script_they_are_forms(open_page: OpenPage, page: Page, valkey: Valkey) -> None:
    await answered(page)
    await suggest(page, valkey)
    plain = await open_page(java_script_enabled=False, storage_state=await page.context.storage_state())
    await plain.goto(page.url)
    await suggestions(plain).first.click()
    await expect(questions(plain)).to_have_text(["Tell me of llamas", LINES[0]])
    await expect(suggestions(plain)).to_have_count(0)


async def test_on_a_phone_long_ones_wrap_and_are_large_enough(phone: Page, valkey: Valkey) -> None:
    await answered(phone)
    long = "What is the difference between llamas, alpacas, guanacos and vicuñas, and which of them is the softest?"
    await suggest(phone, valkey, [long[:100], *LINES[1:]])
    await expect(suggestions(phone)).to_have_count(3)
    for one in await suggestions(phone).all():
        box = await one.bounding_box()
        assert box
        assert box["height"] >= 44
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= 390
    await suggestions(phone).last.tap()
    await expect(questions(phone).last).to_have_text(LINES[2])


async def test_lines_are_text_whatever_stands_in_them(page: Page, valkey: Valkey) -> None:
    await answered(page)
    hostile = '"><img src=x onerror=alert(1)>'
    await suggest(page, valkey, [hostile, "<b>bold</b>"])
    await expect(suggestions(page)).to_have_text([hostile, "<b>bold</b>"])
    await expect(page.locator(".follow-ups img, .follow-ups b")).to_have_count(0)


async def test_what_was_suggested_before_the_page_could_listen_is_shown(page: Page, valkey: Valkey) -> None:
    listens = asyncio.Event()

    async def late(socket: WebSocketRoute) -> None:
        await listens.wait()
        socket.connect_to_server()

    await begin(page, "Tell me of llamas")
    await is_answered(page)
    await page.route_web_socket("**/ws/", late)
    await page.reload()
    await suggest(page, valkey)
    await expect(suggestions(page)).to_have_count(0)
    listens.set()
    await expect(suggestions(page)).to_have_text(LINES)
