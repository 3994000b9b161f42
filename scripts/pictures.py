"""The pictures of the README, taken anew: python -m scripts.pictures. Wants Chromium and pngquant."""

import asyncio
import os
import subprocess
from contextlib import ExitStack
from pathlib import Path

import tests.environment  # isort: skip - its folder must be set before Django reads it
import django
from django.core.management import call_command
from playwright.async_api import Page, async_playwright, expect

from tests.fake_llama import FakeLlama, Gate, says
from tests.servers import Site, Valkey

DOCS = Path(__file__).parent.parent / "docs"
WORDS = Path(__file__).with_suffix(".md").read_text().split("\n=====\n")
DESK = {"viewport": {"width": 1280, "height": 800}, "device_scale_factor": 2}
PHONE = {"viewport": {"width": 390, "height": 844}, "device_scale_factor": 2, "is_mobile": True, "has_touch": True}
BEFORE = ["A letter to my landlord", "Quinoa salad for six", "Black holes for a child of seven", "Names for a gray cat"]


async def ask(page: Page, text: str) -> None:
    await page.goto("/")
    await page.get_by_label("Your message").fill(text)
    await page.get_by_role("button", name="Send").click()
    await page.wait_for_url("**/c/**")


async def keep(page: Page, name: str) -> None:
    """Save what the page shows, small."""
    file = DOCS / f"{name}.png"
    await page.screenshot(path=file, animations="disabled", caret="hide")
    await asyncio.to_thread(subprocess.run, ["pngquant", "--force", "--ext", ".png", "--strip", file], check=True)


async def take(url: str, llama: FakeLlama) -> None:
    async with async_playwright() as playwright:
        path = os.environ.get("CHROMIUM", "/usr/bin/chromium")
        browser = await playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        page = await browser.new_page(base_url=url, **DESK)
        await page.goto("/")
        await keep(page, "start")
        page = await browser.new_page(base_url=url, **DESK, color_scheme="dark")
        for text in BEFORE:
            await ask(page, text)
        llama.script(says(WORDS[0]))
        await ask(page, "Why does water boil sooner in Cusco?")
        await expect(page.get_by_role("button", name="Answer again")).to_be_visible()
        await keep(page, "conversation")
        page = await browser.new_page(base_url=url, **PHONE)
        gate = Gate()
        gate.let(len(WORDS[1].split()) - 4)
        llama.script(says(WORDS[1], gate=gate))
        await ask(page, "Plan a weekend in Cusco")
        await expect(page.get_by_text("would like to see")).to_be_visible()
        await keep(page, "phone")


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "web.settings")
    django.setup()
    call_command("migrate", verbosity=0)
    call_command("collectstatic", verbosity=0, interactive=False)
    folder = Path(tests.environment.folder)
    with FakeLlama() as llama, ExitStack() as servers:
        valkey = Valkey(folder / "valkey")
        site = Site(folder, {"REDIS_URL": valkey.url, "LLAMA_URL": llama.url})
        for server in (valkey, site):
            servers.callback(server.kill)
            server.start()
        asyncio.run(take(site.url, llama))


if __name__ == "__main__":
    main()
