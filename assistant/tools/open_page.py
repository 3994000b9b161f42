"""Read a page whose address somebody named."""

from collections.abc import AsyncGenerator
from typing import Annotated
from urllib.parse import urlsplit

from assistant.events import Event
from assistant.links import ADDRESS_CHARACTERS, addresses_in
from assistant.sources import Reading
from assistant.tools.base import Told
from assistant.tools.kit import Kit
from assistant.tools.reading import Candidate, read_pages
from assistant.tools.schema import Bounds, tool
from assistant.websearch.results import clean_url, identity


@tool
async def open_page(
    address: Annotated[str, Bounds(1, ADDRESS_CHARACTERS)], *, kit: Kit
) -> AsyncGenerator[Event | Reading | Told, None]:
    """Read a page of the web whose address the person has named.

    - address: the address, as the person wrote it
    """
    url = with_scheme(address)
    if not clean_url(url) or identity(url) not in kit.named:
        # Otherwise a page could have the model send what it knows to an address of its choice.
        yield Told("Only a page whose address the person has written can be opened.")
        return
    read = False
    async for item in read_pages(kit.library, [Candidate(url, site_of(url))], 1):
        read = read or isinstance(item, Reading)
        yield item
    yield Told("The page is quoted below." if read else "The page could not be read.")


def pages_in(text: str) -> set[str]:
    """The pages whose addresses stand in a text, as `identity` writes them."""
    found = map(with_scheme, addresses_in(text))
    return {identity(url) for url in found if clean_url(url)}


def with_scheme(address: str) -> str:
    """An address that is one only to people, "example.org/news", as one of the web."""
    address = address.strip()
    return address if "://" in address else f"https://{address}"


def site_of(url: str) -> str:
    """The host of an address for the person, or the beginning of one that has none."""
    try:
        host = urlsplit(url).hostname
    except ValueError:
        host = None
    return (host or url[:60]).removeprefix("www.")
