"""A room in real browsers: made from a conversation, joined by its link, talked and voted in, left by one."""

from playwright.async_api import Locator, Page, expect

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
    await expect(page.locator(".room-line").last).to_have_text("Bo joined")
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
