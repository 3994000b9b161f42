"""Chaski, the bare chat and the model alone, as they are compared: who asks them, and which processes are counted."""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import httpx

from benchmarks.bare_site import BareBrowser, BareSite
from benchmarks.browser import Browser
from benchmarks.environment import folder
from benchmarks.loads import LOADS
from benchmarks.stage import Stage
from benchmarks.straight import Caller
from benchmarks.subjects import Subject

ADDRESSES = "198.18.{}.{}"
PEOPLE = max(load.people for load in LOADS)
# By the marks of questions: when the model was asked, and when it sent its first piece.
Noted = dict[str, list[float]]


@dataclass(frozen=True)
class Three:
    """Who is compared."""

    chaski: Subject
    bare: Subject
    straight: Subject
    browsers: Sequence[Browser]


@contextmanager
def bare_site(scene: Stage) -> Iterator[BareSite]:
    """The server of the bare chat."""
    bare = BareSite(folder / "bare", {**os.environ, "SITE_URL": scene.site.url, "LLAMA_URL": scene.model_url})
    try:
        bare.start()
        yield bare
    finally:
        bare.kill()


def compared(scene: Stage, bare: BareSite, count: int = PEOPLE) -> Three:
    """With so many people each."""
    addresses = [ADDRESSES.format(i // 250, i % 250 + 1) for i in range(count)]
    browsers = [Browser(scene.site, address) for address in addresses]
    others = {"the load process": os.getpid(), "the scripted model": scene.model.pid}
    return Three(
        Subject("Chaski", browsers, [scene.site.pid], {**others, "Valkey": scene.valkey.pid}),
        Subject("bare", [BareBrowser(bare, address) for address in addresses], [bare.pid], others),
        Subject("straight", [Caller(scene.model_url)] * count),
        browsers,
    )


async def greeted(browsers: Sequence[Browser]) -> None:
    """Wait until every greeting is answered."""
    for browser in browsers:
        async with browser.tab() as tab:
            await tab.rest()


async def noted(scene: Stage) -> Noted:
    """The times of all questions so far."""
    async with httpx.AsyncClient(trust_env=False) as http:
        times: Noted = (await http.get(scene.model_url.replace("/v1", "/noted"))).json()
    return times
