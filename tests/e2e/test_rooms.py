"""A room in real browsers: made from a conversation, joined by its link, talked and voted in, left by one."""

import json
import re
from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Locator, Page, WebSocketRoute, expect

from assistant.database import in_thread
from assistant.models import Person, Room
from assistant.rooms import talk
from assistant.rooms.talk import Words
from integrations.models import Group
from tests.e2e.conftest import OpenPage
from tests.e2e.talk import composer, converse, held, say
from tests.fake_llama import FakeLlama, says


def said(page: Page) -> Locator:
    """What people said, with the names of the others."""
    return page.locator(".message:is(.message-user, .message-other):not(.pending) .prose")


def sheet(page: Page) -> Locator:
    return page.get_by_role("dialog")


async def make_from_conversation(page: Page, name: str = "Ana", title: str = "Ski trip") -> str:
    """Turn the conversation on the page into a room; its invitation."""
    await page.get_by_role("link", name="Invite others").click()
    return await make(page, name, title)


async def make(page: Page, name: str = "Ana", title: str = "Ski trip") -> str:
    """Fill in the form of a new room; its invitation."""
    await page.get_by_label("Name of the room").fill(title)
    await page.get_by_label("What the others call you").fill(name)
    await page.get_by_role("button", name="Make the room").click()
    await expect(sheet(page)).to_be_visible()
    link = await sheet(page).get_by_label("Link to join").input_value()
    await sheet(page).get_by_role("button", name="Close").click()
    return link


async def join(page: Page, link: str, name: str = "Bo") -> None:
    await page.goto(link)
    await page.get_by_label("What the others call you").fill(name)
    await page.get_by_role("button", name="Join").click()
    await expect(composer(page)).to_be_visible()


async def test_two_browsers_share_a_room_made_from_a_conversation(
    page: Page, phone: Page, fake_llama: FakeLlama
) -> None:
    fake_llama.script(says("Go to the Alps."))
    await converse(page, "Where can one ski?")
    link = await make_from_conversation(page)
    await join(phone, link)
    await expect(page.locator(".room-line").last).to_have_text("\u2068Bo\u2069 joined")
    # Who joins reads nothing of before, where that was not wished.
    await expect(phone.locator("#thread")).not_to_contain_text("Where can one ski?")

    await say(page, "Hello Bo")
    await expect(said(phone)).to_have_text(["Hello Bo"])
    await expect(phone.locator(".message-other .speaker").last).to_have_text("Ana")
    await say(phone, "Hello Ana")
    await expect(said(page).last).to_have_text("Hello Ana")

    gate = held(fake_llama, "In February it is empty.", 2)
    await composer(phone).fill("@Chaski when is it empty?")
    await phone.get_by_role("button", name="Send").click()
    for one in (page, phone):
        await expect(one.locator(".message-answer .prose").last).to_contain_text("In")
        await expect(one.locator(".message-answer[aria-busy]")).to_be_visible()
    # Nobody waits for the assistant.
    await say(page, "While it writes")
    await expect(said(phone).last).to_have_text("While it writes")
    gate.open()
    for one in (page, phone):
        await expect(one.locator(".message-answer .prose").last).to_have_text("In February it is empty.")
        await expect(one.locator("[aria-busy]")).to_have_count(0)
        await expect(one.locator(".message-answer .speaker").last).to_have_text("Chaski to Bo")

    await say(page, "/poll When? | Friday | Saturday")
    await phone.get_by_role("button", name="Saturday").tap()
    await expect(phone.get_by_role("button", name="Saturday")).to_have_attribute("aria-pressed", "true")
    await expect(page.locator(".poll")).to_contain_text("1 vote")
    await expect(page.get_by_role("button", name="Saturday")).to_have_attribute("aria-pressed", "false")

    await page.get_by_role("link", name="People and settings").click()
    await expect(sheet(page)).to_contain_text("2 people")
    await sheet(page).locator("summary[aria-label='More about Bo']").click()
    await sheet(page).get_by_role("button", name="Remove", exact=True).click()
    await expect(phone.get_by_role("alert")).to_contain_text("You are not in this room any more")
    await sheet(page).get_by_role("button", name="Close").click()
    await say(page, "He is gone")
    await expect(said(page).last).to_have_text("He is gone")
    await expect(said(phone).last).to_have_text("While it writes")
    response = await phone.reload()
    assert response
    assert response.status == 404


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1200])
async def test_axe_finds_no_fault_in_a_room(
    open_page: OpenPage, fake_llama: FakeLlama, scheme: str, width: int
) -> None:
    page = await open_page(color_scheme=scheme, viewport={"width": width, "height": 844})
    other = await open_page()
    fake_llama.script(says("Go to the Alps."))
    await converse(page, "Where can one ski?")
    faults: dict[str, list[str]] = {}

    async def look(name: str) -> None:
        for fault in (await Axe().run(page)).response["violations"]:
            faults.setdefault(name, []).extend(f"{fault['help']}: {node['html'][:160]}" for node in fault["nodes"])

    link = await make_from_conversation(page)
    await join(other, link)
    await say(page, "Hello")
    await expect(said(other)).to_have_text(["Hello"])
    await other.locator("[data-reply]").last.click()
    await say(other, "Hello Ana")
    fake_llama.script(says("In **February**."))
    await say(page, "@Chaski when?")
    await expect(page.locator(".message-answer .prose").last).to_have_text("In February.")
    await say(page, "/poll When? | Friday | Saturday")
    await page.get_by_role("button", name="Friday").click()
    await expect(page.locator(".poll")).to_contain_text("1 vote")
    await other.locator(".message-answer").last.get_by_label("React", exact=True).click()
    await other.get_by_role("button", name="👍").click()
    await expect(page.locator(".reaction")).to_have_count(1)
    await page.locator(".message-answer").last.get_by_label("React", exact=True).click()
    await look("the room")
    await page.keyboard.press("Escape")
    assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    await composer(page).press_sequentially("@")
    await expect(page.get_by_role("option", name="@Chaski")).to_be_visible()
    await look("names")
    await page.keyboard.press("Escape")
    await composer(page).fill("")
    await page.get_by_role("link", name="People and settings").click()
    await expect(sheet(page)).to_be_visible()
    await look("the sheet")
    await page.keyboard.press("Escape")
    await page.get_by_role("link", name="Ask all to vote").click()
    await expect(sheet(page).get_by_label("Question")).to_be_focused()
    await look("a new vote")
    assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    await page.goto("/rooms/new")
    await look("a new room")
    await other.close()
    for path in (link, "/r/nowhere"):
        stranger = await open_page(color_scheme=scheme, viewport={"width": width, "height": 844})
        await stranger.goto(path)
        for fault in (await Axe().run(stranger)).response["violations"]:
            faults.setdefault(path, []).append(fault["help"])
    assert faults == {}


async def test_a_name_is_completed_by_the_keyboard(page: Page, open_page: OpenPage) -> None:
    await page.goto("/rooms/new")
    link = await make(page)
    await join(await open_page(), link, "Cléo")
    await expect(page.locator(".room-line").last).to_have_text("\u2068Cléo\u2069 joined")
    await composer(page).press_sequentially("Hello @cl")
    await expect(page.locator("#mentions [role=option]")).to_have_text(["@Cléo"])
    await page.keyboard.press("Enter")
    await expect(composer(page)).to_have_value("Hello @Cléo ")
    await composer(page).press_sequentially("@")
    await expect(page.locator("#mentions [role=option]")).to_have_text(["@Chaski", "@Ana", "@Cléo"])
    await page.keyboard.press("ArrowDown")
    await page.keyboard.press("Tab")
    await expect(composer(page)).to_have_value("Hello @Cléo @Ana ")
    await page.keyboard.press("Enter")
    await expect(said(page)).to_have_text(["Hello @Cléo @Ana"])


async def test_own_words_are_taken_back_for_all(page: Page, open_page: OpenPage) -> None:
    await page.goto("/rooms/new")
    link = await make(page)
    other = await open_page()
    await join(other, link)
    await say(page, "A mistake")
    await expect(said(other)).to_have_text(["A mistake"])
    await other.locator("[data-reply]").last.click()
    await say(other, "Is it?")
    await expect(page.locator(".quote")).to_contain_text("A mistake")
    await page.locator(".message-user").hover()
    await page.get_by_role("button", name="Take back").click()
    await page.get_by_role("dialog").get_by_role("button", name="Take back").click()
    for one in (page, other):
        await expect(said(one)).to_have_text(["Is it?"])
        await expect(one.locator(".quote")).to_have_count(0)


@in_thread
def ask_for_a_group(room: str) -> Group:
    """As if the room had been made as a WhatsApp group, which the app has not made yet."""
    return Group.objects.create(room_id=room, channel="whatsapp", account="1", subject="Ski trip")


async def test_the_sheet_is_brought_up_to_date_under_what_one_does_there(page: Page, open_page: OpenPage) -> None:
    await page.goto("/rooms/new")
    link = await make(page)
    await join(await open_page(), link)
    await expect(page.locator("[data-count]")).to_have_text("2")
    group = await ask_for_a_group(room_of(page))
    await page.get_by_role("link", name="People and settings").click()
    await sheet(page).locator("summary", has_text="End this room").click()
    about = sheet(page).locator("summary[aria-label='More about Bo']")
    await about.click()
    title = sheet(page).get_by_label("Name of the room")
    await title.fill("A trip in")
    before = await title.element_handle()
    await join(await open_page(), link, "Cy")
    await expect(sheet(page)).to_contain_text("3 people")
    # The group is looked for every two seconds, and is there at last.
    group.link, group.state = "https://chat.whatsapp.com/x", Group.State.OPEN
    await in_thread(group.save)()
    await expect(sheet(page).get_by_label("Link to the WhatsApp group")).to_be_visible(timeout=10_000)
    await page.keyboard.type(" May")
    await expect(title).to_have_value("A trip in May")
    await expect(title).to_be_focused()
    assert await title.evaluate("(now, before) => now === before", before)
    await expect(sheet(page).get_by_role("button", name="End it for all")).to_be_visible()
    await expect(sheet(page).get_by_role("button", name="Make host")).to_be_visible()
    # What has the focus goes: then it is at the title.
    gone = await open_page()
    await join(gone, link, "Di")
    await sheet(page).locator("summary[aria-label='More about Di']").focus()
    await say(gone, "/leave")
    await expect(sheet(page)).to_contain_text("3 people")
    await expect(sheet(page).locator("#sheet-title")).to_be_focused()


async def test_own_words_are_changed_by_mouse_and_keyboard(page: Page, open_page: OpenPage) -> None:
    await page.goto("/rooms/new")
    link = await make(page)
    other = await open_page()
    await join(other, link)
    await say(page, "At eihgt")
    await expect(said(other)).to_have_text(["At eihgt"])
    await expect(other.locator(".message-other [data-edit]")).to_be_hidden()
    await page.locator(".message-user").hover()
    edit = page.get_by_role("link", name="Edit")
    await edit.click()
    field = page.locator(".edit textarea")
    await expect(field).to_be_focused()
    await expect(field).to_have_value("At eihgt")
    # What is refused stays, and so does what is typed when the page is loaded again.
    await field.evaluate("field => field.removeAttribute('maxlength')")
    await field.fill("x" * 20_000)
    await page.keyboard.press("Control+Enter")
    await expect(page.locator(".edit .trouble")).to_contain_text("This message is too long")
    await field.fill("At eight")
    await page.reload()
    await expect(field).to_have_value("At eight")
    found = await Axe().run(page)
    assert found.violations_count == 0, found.generate_report()
    await page.get_by_role("button", name="Save").click()
    for one in (page, other):
        await expect(said(one)).to_have_text([re.compile(r"^At eight\s*edited$")])
    await expect(edit).to_be_focused()
    await composer(page).focus()
    await page.keyboard.press("ArrowUp")
    await expect(field).to_be_focused()
    await page.keyboard.type("!")
    await page.keyboard.press("Escape")
    await expect(field).to_have_count(0)
    await expect(edit).to_be_focused()
    await expect(said(page)).to_have_text([re.compile(r"^At eight\s*edited$")])


class Line:
    """The way from a page to the socket of its room, which can be cut."""

    def __init__(self) -> None:
        self.is_cut = False
        self.routes: list[WebSocketRoute] = []

    async def connect(self, page: WebSocketRoute) -> None:
        if self.is_cut:
            await page.close()
            return
        self.routes.append(page)
        page.connect_to_server()

    async def cut(self) -> None:
        self.is_cut = True
        await self.routes[-1].close()


async def test_what_is_gone_in_a_room_does_not_end_its_page(page: Page) -> None:
    routes: list[WebSocketRoute] = []

    async def connect(route: WebSocketRoute) -> None:
        routes.append(route)
        route.connect_to_server()

    await page.route_web_socket("**/ws/room/", connect)
    await page.goto("/rooms/new")
    await make(page)
    await say(page, "one")
    await expect(said(page)).to_have_text(["one"])
    # As for an answer that is hidden and asked for anew.
    routes[-1].send(json.dumps({"type": "problem", "code": "not_found", "sentence": "It is gone."}))
    await say(page, "two")
    await expect(said(page)).to_have_text(["one", "two"])


async def test_a_page_that_was_cut_off_catches_up_by_numbers(page: Page, open_page: OpenPage) -> None:
    await page.goto("/rooms/new")
    link = await make(page)
    other, line = await open_page(), Line()
    await other.route_web_socket("**/ws/room/", line.connect)
    await join(other, link)
    await say(page, "one")
    await expect(said(other)).to_have_text(["one"])
    await line.cut()
    await expect(other.locator("#notice")).to_have_text(re.compile("(Connecting|Trying) again…$"))
    for word in ("two", "three"):
        await say(page, word)
    await expect(said(page)).to_have_text(["one", "two", "three"])
    await expect(said(other)).to_have_text(["one"])
    line.is_cut = False
    await expect(said(other)).to_have_text(["one", "two", "three"], timeout=20_000)
    await say(other, "four")
    for one in (page, other):
        await expect(said(one)).to_have_text(["one", "two", "three", "four"])


async def test_where_no_socket_connects_words_go_by_a_form(page: Page, open_page: OpenPage) -> None:
    await page.goto("/rooms/new")
    link = await make(page)
    other, line = await open_page(), Line()
    line.is_cut = True
    await other.route_web_socket("**/ws/room/", line.connect)
    await join(other, link)
    await say(other, "Hello")
    for one in (page, other):
        await expect(said(one)).to_have_text(["Hello"], timeout=15_000)
    await expect(other.locator(".pending")).to_have_count(0)


async def test_where_no_socket_connects_one_reads_what_it_would_have_told(page: Page, open_page: OpenPage) -> None:
    await page.goto("/rooms/new")
    link = await make(page)
    other, line = await open_page(), Line()
    line.is_cut = True
    await other.route_web_socket("**/ws/room/", line.connect)
    await join(other, link)
    await say(other, "/who")
    await expect(other.locator("#notice")).to_have_text("Here are: Ana (host), Bo.", timeout=15_000)
    await expect(other.locator(".pending")).to_have_count(0)
    await say(other, "/poll Nothing to choose")
    refused = other.locator(".pending .trouble")
    await expect(refused).to_contain_text("A vote needs a question", timeout=15_000)
    await expect(refused.get_by_role("button", name="Try again")).to_be_hidden()
    await refused.get_by_role("button", name="Edit").click()
    await composer(other).fill("")
    await say(page, "A word")
    await expect(page.locator(".pending")).to_have_count(0)
    await other.reload()
    await other.locator(".message-other").get_by_label("React", exact=True).click()
    await other.get_by_role("button", name="👍").click()
    await expect(other.locator(".reaction")).to_have_attribute("aria-pressed", "true")
    # What is gone is no reason to say that the room is; but that is one.
    await remove(page, "Bo")
    await say(other, "Still here?")
    await expect(other.get_by_role("alert")).to_contain_text("You are not in this room any more", timeout=15_000)


async def test_who_leaves_by_a_command_where_no_socket_connects_is_told_so(page: Page, open_page: OpenPage) -> None:
    await page.goto("/rooms/new")
    link = await make(page)
    other, line = await open_page(), Line()
    line.is_cut = True
    await other.route_web_socket("**/ws/room/", line.connect)
    await join(other, link)
    await say(other, "/leave")
    await expect(other.locator("#notice")).to_have_text(
        "You have left the room. Nothing more of it reaches you.", timeout=15_000
    )
    await expect(other.get_by_role("alert")).to_contain_text("You are not in this room any more")


async def remove(page: Page, name: str) -> None:
    """Take somebody out of the room by its sheet."""
    await page.get_by_role("link", name="People and settings").click()
    await sheet(page).locator(f"summary[aria-label='More about {name}']").click()
    await sheet(page).get_by_role("button", name="Remove", exact=True).click()
    await expect(sheet(page)).to_contain_text("1 person")
    await sheet(page).get_by_role("button", name="Close").click()


async def test_without_a_script_one_joins_says_and_votes(page: Page, open_page: OpenPage) -> None:
    await page.goto("/rooms/new")
    link = await make(page)
    await say(page, "/poll When? | Friday | Saturday")
    plain = await open_page(java_script_enabled=False)
    await join(plain, link)
    await say(plain, "Hello")
    await expect(said(plain)).to_have_text(["Hello"])
    await expect(said(page)).to_have_text(["Hello"])
    await say(page, "/poll And where? | Alps | Pyrenees")
    await expect(page.locator(".poll")).to_have_count(2)
    await plain.get_by_role("link", name="Look again").click()
    await plain.get_by_role("button", name="Pyrenees").click()
    await expect(plain.get_by_role("button", name="Pyrenees")).to_have_attribute("aria-pressed", "true")
    await expect(page.locator(".poll").last).to_contain_text("1 vote")
    await plain.get_by_role("link", name="People and settings").click()
    await expect(plain.locator("main")).to_contain_text("2 people")
    await plain.locator("summary", has_text="Leave this room").click()
    await plain.get_by_role("button", name="Leave", exact=True).click()
    await expect(page.locator(".room-line").last).to_have_text("\u2068Bo\u2069 left")


async def test_a_vote_is_asked_by_a_form_and_its_result_stands(page: Page, phone: Page) -> None:
    await page.goto("/rooms/new")
    await join(phone, await make(page))
    await phone.get_by_role("link", name="Ask all to vote").tap()
    form = sheet(phone)
    await form.get_by_label("Question").fill("Which weekend?")
    for number, option in enumerate(("The 12th", "The 19th", "The 26th", "Never", "Always"), 1):
        await form.get_by_label(f"Option {number}").fill(option)
    await form.get_by_role("button", name="Ask all").tap()
    await expect(form).to_be_hidden()
    await expect(page.locator(".poll-option")).to_have_count(5)
    await page.get_by_role("button", name="The 19th").click()
    await expect(phone.locator(".poll")).to_contain_text("1 vote")
    # Who asked may end it, and so may the host.
    await expect(page.get_by_role("button", name="End the vote")).to_be_visible()
    await phone.get_by_role("button", name="End the vote").tap()
    for one in (page, phone):
        await expect(one.locator(".room-result")).to_have_text(
            "The vote “\u2068Which weekend?\u2069” is over: \u2068The 19th\u2069, with 1 of 1 vote"
        )
        await expect(one.locator(".poll-option:disabled")).to_have_count(5)
        await expect(one.locator(".poll-won")).to_contain_text("The 19th")
        await expect(one.get_by_role("button", name="End the vote")).to_have_count(0)


async def test_one_reacts_by_mouse_finger_and_keyboard(page: Page, phone: Page) -> None:
    await page.goto("/rooms/new")
    await join(phone, await make(page))
    await say(page, "By train?")
    await phone.locator(".message-other .prose").tap()
    await phone.locator(".message-other").get_by_label("React", exact=True).tap()
    await phone.get_by_role("button", name="👍").tap()
    await expect(phone.locator(".react[open]")).to_have_count(0)
    mine = page.locator(".reaction")
    await expect(mine).to_have_attribute("aria-label", "👍 Bo")
    await expect(mine).to_have_attribute("aria-pressed", "false")
    await mine.focus()
    await page.keyboard.press("Enter")
    await expect(mine).to_have_attribute("aria-pressed", "true")
    await expect(mine).to_be_focused()
    await expect(phone.locator(".reaction")).to_have_text("👍 2")
    await page.keyboard.press("Enter")
    await expect(mine).to_have_attribute("aria-label", "👍 Bo")
    await page.locator(".message-user").get_by_label("React", exact=True).focus()
    await page.keyboard.press("Enter")
    await page.keyboard.press("Escape")
    await expect(page.locator(".react[open]")).to_have_count(0)
    await expect(page.locator(".message-user").get_by_label("React", exact=True)).to_be_focused()


@in_thread
def speak(room: str, name: str, *texts: str) -> None:
    """Somebody of a room says something, from an app for instance."""
    person = Person.objects.get(memberships__conversation=room, memberships__name=name)
    for text in texts:
        talk.say(person, UUID(room), Words(text, uuid4()))


def room_of(page: Page) -> str:
    return page.url.split("/rooms/")[1].split("/")[0]


@pytest.mark.usefixtures("noticed")
async def test_many_words_at_once_leave_the_reader_in_peace(page: Page, open_page: OpenPage) -> None:
    await page.goto("/rooms/new")
    other = await open_page()
    await join(other, await make(page))
    room = room_of(page)
    await speak(room, "Bo", *(f"Before {number}" for number in range(40)))
    await expect(said(page)).to_have_count(40)
    await page.evaluate(
        """() => { const status = document.getElementById("status"); window.told = [];
        new MutationObserver(() => told.push(status.textContent)).observe(status, {childList: true}); }"""
    )
    # One reads further up, the other at the end.
    read = page.locator(".message", has_text="Before 20")
    await read.evaluate("element => element.scrollIntoView({block: 'center'})")
    await expect(page.get_by_role("button", name="Jump to the end")).to_be_visible()
    top = await read.evaluate("element => element.getBoundingClientRect().top")
    await speak(room, "Bo", *(f"After {number}" for number in range(60)))
    for one in (page, other):
        await expect(said(one)).to_have_count(100)
    assert abs(await read.evaluate("element => element.getBoundingClientRect().top") - top) < 2
    await expect(other.locator(".message").last).to_be_in_viewport()
    # A screen reader is told how many there were, not each.
    await expect(page.locator("#status")).to_contain_text("new messages, the last one from \u2068Bo\u2069")
    told = await page.evaluate("told")
    assert len(told) < 6, told
    names = await page.locator(".message-other .speaker:visible").count()
    assert names == 100


@pytest.mark.usefixtures("noticed")
async def test_days_and_what_is_new_are_marked(page: Page, open_page: OpenPage) -> None:
    await page.goto("/rooms/new")
    other = await open_page()
    await join(other, await make(page))
    room = room_of(page)
    await speak(room, "Ana", "An old word")
    await age(room, timedelta(days=1))
    await page.reload()
    await expect(page.locator(".day-line")).to_have_text(["Yesterday"])
    await speak(room, "Bo", "A new word", "and one more")
    await expect(page.locator(".day-line")).to_have_text(["Yesterday", "Today"])
    await expect(page.locator(".message.follows")).to_have_text([re.compile("and one more")])
    # The other page is hidden from now on.
    await expect(said(other).last).to_have_text("and one more")
    await hide(other, hidden=True)
    await speak(room, "Ana", "While nobody looks", "still not")
    await expect(said(other).last).to_have_text("still not")
    await expect(other.locator(".unread")).to_have_count(1)
    await expect(other.locator(".unread + .message")).to_contain_text("While nobody looks")
    await expect(other).to_have_title(re.compile(r"^\(2\) "))
    await hide(other, hidden=False)
    await expect(other).not_to_have_title(re.compile(r"^\("))


async def hide(page: Page, *, hidden: bool) -> None:
    """Another tab is looked at, or this one again."""
    await page.evaluate(
        """hidden => { Object.defineProperty(document, "hidden", {value: hidden, configurable: true});
        document.dispatchEvent(new Event("visibilitychange")); }""",
        hidden,
    )


@in_thread
def age(room: str, time: timedelta) -> None:
    """Let what happened in a room have been so long ago."""
    for event in Room.objects.get(pk=room).events.all():
        event.created_at -= time
        event.save()


@pytest.mark.usefixtures("noticed")
async def test_the_list_of_rooms_is_marked_while_one_looks_elsewhere(page: Page, open_page: OpenPage) -> None:
    await page.goto("/rooms/new")
    other = await open_page()
    await join(other, await make(page))
    room = room_of(page)
    await other.goto("/rooms/new")
    await make(other, "Bo", "Another room")
    marks = other.locator(".room-unread")
    await expect(marks).to_have_count(0)
    await speak(room, "Ana", "Are you there?")
    await expect(marks).to_have_count(1)
    link = other.get_by_role("link", name="Ski trip new messages")
    await link.click()
    await expect(said(other)).to_have_text(["Are you there?"])
    await expect(marks).to_have_count(0)


@pytest.mark.usefixtures("noticed")
async def test_a_line_that_breaks_again_and_again_loses_and_doubles_nothing(page: Page, open_page: OpenPage) -> None:
    await page.goto("/rooms/new")
    other, line = await open_page(), Line()
    await other.route_web_socket("**/ws/room/", line.connect)
    await join(other, await make(page))
    room = room_of(page)
    expected: list[str] = []
    for turn in range(3):
        before, meanwhile, own = f"before {turn}", f"meanwhile {turn}", f"mine {turn}"
        await speak(room, "Ana", before)
        expected += [before]
        await expect(said(other)).to_have_text(expected, timeout=20_000)
        await line.cut()
        await speak(room, "Ana", meanwhile)
        await composer(other).fill(own)
        await other.keyboard.press("Enter")
        line.is_cut = False
        await expect(said(other)).to_have_count(3 * turn + 3, timeout=20_000)
        expected += [meanwhile, own]
        await expect(said(page)).to_have_text(expected)
    await expect(said(other)).to_have_text(expected)
    await expect(other.locator(".pending")).to_have_count(0)
    numbers = await other.locator("#thread [data-event]").evaluate_all(
        "all => all.map((one) => Number(one.dataset.event))"
    )
    assert numbers == sorted(set(numbers))
