"""A mouse, a finger, a keyboard: three ways to do the same."""

from typing import Any, Literal

from playwright.async_api import Locator, Page, expect

Way = Literal["mouse", "touch", "keyboard"]
WAYS: tuple[Way, ...] = ("mouse", "touch", "keyboard")

# A full gallery has three stops for each of its pictures.
MOST_TABS = 200
FOCUSED = "one => one === document.activeElement"
SAME_GROUP = "one => document.activeElement.type === 'radio' && document.activeElement.name === one.name"


def screen(way: Way) -> dict[str, Any]:
    """The browser that goes with it: fingers have phones."""
    if way == "touch":
        return {"viewport": {"width": 390, "height": 844}, "is_mobile": True, "has_touch": True}
    return {}


class Hand:
    """Presses and chooses in one of the three ways, and in no other."""

    def __init__(self, page: Page, way: Way) -> None:
        self.page = page
        self.way = way

    async def press(self, target: Locator) -> None:
        """A button, a link, a field for files."""
        await expect(target).to_be_attached()
        match self.way:
            case "mouse":
                await target.click()
            case "touch":
                await target.tap()
            case "keyboard":
                await self.reach(target)
                await self.page.keyboard.press("Enter")

    async def choose(self, option: Locator) -> None:
        """One of several, or a switch. Its own circle is hidden: what one sees and touches is the label around it."""
        match self.way:
            case "mouse":
                await self.label(option).click()
            case "touch":
                await self.label(option).tap()
            case "keyboard":
                await self.move_to(option)
        await expect(option).to_be_checked()

    def label(self, field: Locator) -> Locator:
        """What one sees of a hidden field."""
        return field.locator("xpath=ancestor::label")

    async def move_to(self, option: Locator) -> None:
        """With Tab to the group, with arrows to the option."""
        await self.tab_until(option, SAME_GROUP)
        for _ in range(MOST_TABS):
            if await option.evaluate(FOCUSED):
                return
            await self.page.keyboard.press("ArrowRight")
        raise AssertionError("no arrow leads there")

    async def reach(self, target: Locator) -> None:
        """Go there with Tab alone."""
        await self.tab_until(target, FOCUSED)

    async def tab_until(self, target: Locator, there: str) -> None:
        for _ in range(MOST_TABS):
            if await target.evaluate(there):
                return
            await self.page.keyboard.press("Tab")
        raise AssertionError("no Tab leads there")
