"""Addresses in what people write."""

import pytest

from assistant.links import is_bare, links_in, without_links


@pytest.mark.parametrize(
    ("text", "links"),
    [
        ("https://example.org/a", ["https://example.org/a"]),
        ("Look at https://a.example, and (https://b.example/x).", ["https://a.example", "https://b.example/x"]),
        ("www.example.org and example.org/news", ["www.example.org", "example.org/news"]),
        ("https://a.example https://a.example", ["https://a.example"]),
        ("Node.js, e.g. and/or me@example.org 1.5/2 3.14", []),
        (
            " ".join(f"https://{number}.example" for number in range(9)),
            [f"https://{number}.example" for number in range(3)],
        ),
    ],
)
def test_what_can_be_opened_is_found_as_it_is_written(text: str, links: list[str]) -> None:
    assert links_in(text) == links


@pytest.mark.parametrize(
    "text", ["https://example.org/a", " <https://example.org> ", "www.a.example\nwww.b.example", "https://a.example 👀"]
)
def test_an_address_alone_asks_nothing(text: str) -> None:
    assert is_bare(text)


@pytest.mark.parametrize("text", ["", "hello", "Node.js", "Is https://a.example true?", "https://a.example tl;dr"])
def test_words_beside_it_do(text: str) -> None:
    assert not is_bare(text)


def test_a_search_has_no_address_in_it() -> None:
    assert without_links("Is https://a.example/x true?") == "Is true?"
