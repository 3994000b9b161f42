"""Whatever breaks in the middle of an answer: the person sees all of it, or what there is and a way to go on."""

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TypeAlias

import pytest
from playwright.async_api import Browser, BrowserContext, Page, expect

from tests.fake_llama import FakeLlama, Gate, cut_off, fails, nonsense, says, silent, stalls
from tests.people import next_address
from tests.ports import free_port
from tests.servers import Site, Valkey, another_database
from tests.wire import Wire

STORY = " ".join(f"word{number}" for number in range(1, 61)) + "."
ENOUGH = "word10"

pytestmark = pytest.mark.slow


class Stage:
    """A site of its own with all that stands behind it, for tests to break. Browsers reach it by a cable, whose port
    the site knows as its address."""

    def __init__(self, folder: Path, database: str, patience_seconds: int) -> None:
        self.valkey = Valkey(folder / "valkey")
        self.llama = FakeLlama()
        self.llama.start()
        self.port = free_port()
        environment = {
            "SITE_URL": f"http://127.0.0.1:{self.port}",
            "DATABASE_URL": database,
            "REDIS_URL": self.valkey.url,
            "LLAMA_URL": self.llama.url,
            "LLAMA_FIRST_TOKEN_SECONDS": str(patience_seconds),
            "LLAMA_SILENCE_SECONDS": str(patience_seconds),
        }
        self.site = Site(folder, environment)

    def put_up(self) -> None:
        """For the next test: all is there, and the script is empty."""
        self.llama.reset()
        for server in (self.valkey, self.site):
            if not server.runs:
                server.start()

    def kill(self) -> None:
        self.site.kill()
        self.llama.stop()
        self.valkey.kill()


@pytest.fixture(scope="module")
def stages(database: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[int], Stage]]:
    """A stage by the patience of its site, in seconds; each is made once."""
    made: dict[int, Stage] = {}
    with another_database(tmp_path_factory.mktemp("stage-database")) as url:

        def find(patience: int) -> Stage:
            if patience not in made:
                made[patience] = Stage(tmp_path_factory.mktemp("stage"), url, patience)
            return made[patience]

        yield find
        for stage in made.values():
            stage.kill()


@pytest.fixture
def stage(stages: Callable[[int], Stage], request: pytest.FixtureRequest) -> Iterator[Stage]:
    """A stage; tests of silence ask for one without patience."""
    stage = stages(getattr(request, "param", 60))
    stage.put_up()
    yield stage
    if not hasattr(request, "param"):
        # What a test has left on its way must not hear the words that the next one has scripted.
        stage.site.kill()


@asynccontextmanager
async def context_at(browser: Browser, url: str) -> AsyncIterator[BrowserContext]:
    headers = {"X-Forwarded-For": next_address()}
    async with await browser.new_context(base_url=url, extra_http_headers=headers) as context:
        yield context


Cable: TypeAlias = tuple[Page, Wire]


@pytest.fixture
async def cable(browser: Browser, stage: Stage) -> AsyncIterator[Cable]:
    """A page, and the cable to it, which can be cut."""
    async with (
        Wire(stage.site.port, stage.port) as wire,
        context_at(browser, f"http://127.0.0.1:{stage.port}") as context,
    ):
        yield await context.new_page(), wire


@pytest.fixture
def stage_page(cable: Cable) -> Page:
    return cable[0]


async def ask(page: Page, text: str = "Tell me a story") -> None:
    await page.goto("/")
    await page.get_by_label("Your message").fill(text)
    await page.get_by_label("Your message").press("Enter")
    await page.wait_for_url("**/c/**")


async def say(page: Page, text: str) -> None:
    await page.get_by_label("Your message").fill(text)
    await page.get_by_label("Your message").press("Enter")


async def sees_whole_story(page: Page, seconds: float = 30) -> None:
    answer = page.locator(".message-answer").last
    await expect(answer).not_to_have_attribute("aria-busy", "true", timeout=seconds * 1000)
    await expect(answer.locator(".prose")).to_have_text(STORY)


async def sees(page: Page, text: str, seconds: float = 20) -> None:
    await expect(page.locator(".message-answer .prose").last).to_contain_text(text, timeout=seconds * 1000)


async def sees_trouble_and_tries_again(page: Page, stage: Stage, sentence: str, seconds: float = 30) -> None:
    """A plain sentence, a button, and the button works."""
    trouble = page.locator(".message-answer .trouble").last
    await expect(trouble).to_contain_text(sentence, timeout=seconds * 1000)
    await expect(page.locator(".message-user .prose").first).to_have_text("Tell me a story")
    stage.llama.reset()
    stage.llama.script(says(STORY))
    await trouble.get_by_role("button").click()
    await sees_whole_story(page)


def held_story(llama: FakeLlama, pieces: int = 12) -> Gate:
    """A story that stops after some words until its gate opens."""
    gate = Gate()
    gate.let(pieces)
    llama.script(says(STORY, gate=gate))
    return gate


async def test_a_person_reloads_in_the_middle_and_reads_on(stage: Stage, stage_page: Page) -> None:
    gate = held_story(stage.llama)
    await ask(stage_page)
    await sees(stage_page, ENOUGH)
    await stage_page.reload()
    await sees(stage_page, ENOUGH)
    gate.open()
    await sees_whole_story(stage_page)


async def test_a_person_reloads_again_and_again_while_it_flows(stage: Stage, stage_page: Page) -> None:
    stage.llama.script(says(STORY, pace=0.05))
    await ask(stage_page)
    for _ in range(5):
        await stage_page.reload()
    await sees_whole_story(stage_page)


async def test_the_line_is_cut_and_the_page_catches_up(stage: Stage, cable: Cable) -> None:
    page, wire = cable
    gate = held_story(stage.llama)
    await ask(page)
    await sees(page, ENOUGH)
    wire.cut()
    await expect(page.locator("#notice")).to_have_text("The site is away. Trying again…", timeout=15_000)
    gate.let(20)
    wire.mend()
    await sees(page, "word25")
    gate.open()
    await sees_whole_story(page)


async def test_a_page_that_is_cut_off_does_not_say_that_the_model_is_slow(stage: Stage, cable: Cable) -> None:
    page, wire = cable
    gate = held_story(stage.llama)
    await page.clock.install()
    await ask(page)
    await sees(page, ENOUGH)
    wire.cut()
    await expect(page.locator("#notice")).to_contain_text("again…", timeout=15_000)
    await page.clock.fast_forward(12_000)
    await expect(page.locator("#notice")).to_have_text("The site is away. Trying again…")
    await expect(page.get_by_text("Still working.")).to_have_count(0)
    wire.mend()
    await page.clock.fast_forward(25_000)
    gate.open()
    await sees_whole_story(page)
    await expect(page.locator("#notice")).to_be_empty()


async def test_a_browser_without_a_network_is_told_that_it_is_offline(stage: Stage, cable: Cable) -> None:
    page, wire = cable
    gate = held_story(stage.llama)
    await ask(page)
    await sees(page, ENOUGH)
    wire.cut()
    await page.context.set_offline(True)
    await expect(page.locator("#notice")).to_contain_text("You are offline.", timeout=15_000)
    wire.mend()
    await page.context.set_offline(False)
    gate.open()
    await sees_whole_story(page)


async def test_words_sent_while_the_line_is_cut_arrive_later(stage: Stage, cable: Cable) -> None:
    page, wire = cable
    stage.llama.script(says("First."), says(STORY))
    await ask(page)
    await sees(page, "First.")
    wire.cut()
    away = page.get_by_text("The site is away. Trying again…")
    await expect(away).to_be_visible(timeout=15_000)
    await say(page, "Are you there?")
    await expect(page.locator(".message-user")).to_have_count(2)
    await expect(away).to_be_visible()
    wire.mend()
    await sees_whole_story(page)
    await expect(page.locator(".message-user .prose").last).to_have_text("Are you there?")
    await expect(page.locator(".message-user")).to_have_count(2)


async def test_the_web_process_is_killed_and_the_page_offers_to_go_on(stage: Stage, stage_page: Page) -> None:
    held_story(stage.llama)
    await ask(stage_page)
    await sees(stage_page, ENOUGH)
    stage.site.kill()
    stage.site.start()
    await sees_trouble_and_tries_again(stage_page, stage, "cut off", seconds=45)


async def test_the_web_process_is_asked_to_stop_and_lets_the_answer_end(stage: Stage, stage_page: Page) -> None:
    gate = held_story(stage.llama)
    await ask(stage_page)
    await sees(stage_page, ENOUGH)
    stage.site.terminate()
    gate.open()
    stage.site.stop()
    stage.site.start()
    await sees_whole_story(stage_page)


async def test_redis_is_restarted_and_nothing_is_lost(stage: Stage, stage_page: Page) -> None:
    gate = held_story(stage.llama)
    await ask(stage_page)
    await sees(stage_page, ENOUGH)
    stage.valkey.kill()
    gate.let(20)
    stage.valkey.start()
    gate.open()
    await sees_whole_story(stage_page)


async def test_an_answer_ends_while_redis_is_away(stage: Stage, stage_page: Page) -> None:
    gate = held_story(stage.llama)
    await ask(stage_page)
    await sees(stage_page, ENOUGH)
    stage.valkey.kill()
    gate.open()
    await sees_whole_story(stage_page, seconds=40)
    await say(stage_page, "Still there?")
    await expect(stage_page.locator(".trouble").last).to_be_visible(timeout=20_000)
    stage.valkey.start()
    await stage_page.get_by_role("button", name="Try again").last.click()
    await sees(stage_page, "Hello from the llama.")


async def test_redis_freezes_and_the_page_says_so_in_time(stage: Stage, stage_page: Page) -> None:
    stage.llama.script(says("First."), says(STORY))
    await ask(stage_page)
    await sees(stage_page, "First.")
    stage.valkey.pause()
    try:
        await say(stage_page, "Are you there?")
        await expect(stage_page.locator(".message-user .trouble").last).to_be_visible(timeout=25_000)
    finally:
        stage.valkey.go_on()
    await expect(stage_page.locator(".message-user .prose").last).to_have_text("Are you there?")


async def test_the_model_is_killed_in_the_middle(stage: Stage, stage_page: Page) -> None:
    held_story(stage.llama)
    await ask(stage_page)
    await sees(stage_page, ENOUGH)
    stage.llama.stop()
    await expect(stage_page.locator(".trouble")).to_contain_text("cut off", timeout=10_000)
    await sees(stage_page, ENOUGH)
    stage.llama.start()
    await sees_trouble_and_tries_again(stage_page, stage, "cut off")


async def test_the_model_is_away_from_the_start(stage: Stage, stage_page: Page) -> None:
    stage.llama.stop()
    await ask(stage_page)
    await expect(stage_page.locator(".trouble")).to_contain_text("cannot be reached", timeout=20_000)
    stage.llama.start()
    await sees_trouble_and_tries_again(stage_page, stage, "cannot be reached")


@pytest.mark.parametrize("stage", [2], indirect=True)
@pytest.mark.parametrize(
    ("answer", "sentence"),
    [
        (silent(), "did not begin in time"),
        (stalls("word1 word2"), "went quiet"),
        (cut_off("word1 word2"), "cut off"),
        (nonsense(b"<html>Bad gateway</html>"), "cannot be read"),
        (fails(500), "stumbled"),
    ],
    ids=["silent", "stalls", "cut off", "nonsense", "fails"],
)
async def test_the_model_misbehaves(stage: Stage, stage_page: Page, answer: object, sentence: str) -> None:
    stage.llama.default = answer  # type: ignore[assignment]
    await ask(stage_page)
    await expect(stage_page.locator(".trouble")).to_contain_text(sentence, timeout=20_000)
    stage.llama.default = says(STORY)
    await sees_trouble_and_tries_again(stage_page, stage, sentence)


async def test_a_slow_model_is_waited_for(stage: Stage, stage_page: Page) -> None:
    stage.llama.script(says(STORY, pace=0.1))
    await ask(stage_page)
    await sees_whole_story(stage_page)


async def test_a_person_stops_the_answer_and_the_model_is_let_go(stage: Stage, stage_page: Page) -> None:
    held_story(stage.llama)
    await ask(stage_page)
    await sees(stage_page, ENOUGH)
    await stage_page.keyboard.press("Escape")
    await stage.llama.until(lambda counts: counts.closed_by_client == 1, seconds=1.5)
    await expect(stage_page.locator(".message-answer .trouble")).to_contain_text("You stopped this answer.")
    await sees(stage_page, ENOUGH)


async def test_two_tabs_stay_in_step(stage: Stage, stage_page: Page) -> None:
    stage.llama.script(says("First."))
    await ask(stage_page)
    await sees(stage_page, "First.")
    other = await stage_page.context.new_page()
    await other.goto(stage_page.url)
    await sees(other, "First.")
    gate = held_story(stage.llama)
    await say(stage_page, "More")
    for tab in (stage_page, other):
        await sees(tab, ENOUGH)
    gate.open()
    for tab in (stage_page, other):
        await sees_whole_story(tab)
