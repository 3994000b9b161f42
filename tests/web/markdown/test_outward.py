"""Which links ask before they lead away: those that deceive or carry words, and none that people meet every day."""

from urllib.parse import quote

import pytest

from web.markdown.outward import asks_first

DECEIVING = [
    ("good.example", "https://evil.example/x"),
    ("paypal.com", "https://evil.example"),
    ("https://bank.example/login", "https://evil.example/"),
    ("www.bank.de", "https://bank.de.evil.com/"),
    ("Log in at PayPal.com now", "https://evil.example"),
    ("support@paypal.com", "https://evil.example/"),
    ("p\u0430ypal.com", "https://evil.example"),
    ("p\u0430ypal.com", "https://xn--pypal-4ve.com/"),
    ("bank.pl", "https://evil.example/"),
    ("banco.com.py", "https://evil.example/"),
    ("p\u200baypal.com", "https://evil.example"),
    ("\uff50\uff41\uff59\uff50\uff41\uff4c\uff0e\uff43\uff4f\uff4d", "https://evil.example"),
    ("192.168.1.1", "https://evil.example"),
    ("x", "https://good.example@evil.example/"),
    ("x", "https://1.2.3.4/"),
    ("x", "http://3232235777/"),
    ("x", "http://0x7f.1/"),
    ("x", "http://[2001:db8::1]/"),
    ("x", "https://a.example:4444/"),
    (
        "x",
        "https://evil.example/?d=My+password+is+Quetzalcoatl77+and+my+sister+lives+in+Oaxaca+at+the+old+market+street+number+twelve+b",
    ),
    ("x", "https://evil.example/?d=TXkgcGFzc3dvcmQgaXMgUXVldHphbGNvYXRsNzcgYW5k"),
    ("x", "https://evil.example/?d=%4d%79%20%70%61%73%73%77%6f%72%64"),
    ("x", "https://evil.example/Quetzalcoatl77Quetzalcoatl77Quetzalcoatl77Quetzalcoatl77Quetzalcoatl77"),
    ("x", "https://my-password-is-quetzalcoatl77-and-my-sister-lives.evil.example/"),
    ("x", "https://xn--pple-43d.com/"),
    ("x", "https://xn--80ak6aa92e.com/"),
    ("x", "https://a.example%5C.b/"),
    ("google.com", "https://goog1e.com"),
    ("x", "https://evil.example:port/"),
    ("", "http://127.0.0.1:8000/"),
    (
        "x",
        "https://evil.example/a/?utm_source=words-words-words-words-words-words-words-words-words-words-words-words-words-words-words-words-words-words-words-words-words-words-words-words-words-words-words-words-words-words-words-words-words-words-words-words-words-words-words-words-",
    ),
    (
        "x",
        "https://evil.example/#tell+tell+tell+tell+tell+tell+tell+tell+tell+tell+tell+tell+tell+tell+tell+tell+tell+tell+tell+tell+tell+tell+tell+tell+tell+tell+tell+tell+tell+tell+",
    ),
    (
        "x",
        "https://evil.example/one-word/one-word/one-word/one-word/one-word/one-word/one-word/one-word/one-word/one-word/one-word/one-word/one-word/one-word/one-word/one-word/one-word/one-word/one-word/one-word/",
    ),
    ("evil.example bank.example/in", "https://evil.example/"),
    ("bank.example:443/in", "https://evil.example/bank.example"),
    ("bank.example@evil.example", "https://evil.example/"),
    (r"\text{bank.example}", "https://evil.example/"),
    ("www.bank.de", "https://evil.example/www.bank.de"),
    ("x", "https://a.example:8443/"),
    ("x", "https://a.example./?d=" + "tell " * 30),
]
USUAL = [
    ("https://github.com/socketio/socket.io", "https://github.com/socketio/socket.io"),
    ("https://web.archive.org/web/2020/https://a.com/", "https://web.archive.org/web/2020/https://a.com/"),
    ("github.com/ada/ada.github.io", "https://github.com/ada/ada.github.io"),
    ("x", "https://a.example:443/"),
    ("x", "https://a.example./"),
    ("sha256", "https://hub.example/layers/" + "0f" * 32),
    ("museum", "https://museum.example/"),
    ("README.md", "https://github.com/a/b"),
    ("setup.py", "https://docs.python.org/3/x.html"),
    ("Node.js", "https://nodejs.org/"),
    ("Array.map()", "https://developer.mozilla.org/en-US/docs/Web/JavaScript/Reference/Global_Objects/Array/map"),
    ("asyncio.run", "https://docs.python.org/3/library/asyncio-runner.html#asyncio.run"),
    ("os.path.join", "https://docs.python.org/3/library/os.path.html#os.path.join"),
    ("ASP.NET Core", "https://learn.microsoft.com/en-us/aspnet/core/?view=aspnetcore-8.0"),
    ("Good.example", "https://www.good.example/"),
    ("python.org", "https://docs.python.org/3/"),
    ("docs.python.org", "https://python.org/"),
    ("https://bücher.example", "https://xn--bcher-kva.example/"),
    ("кремль.рф", "https://xn--e1ajeds9e.xn--p1ai/"),
    ("访问example.com", "https://example.com"),
    (
        "x",
        "https://ru.wikipedia.org/wiki/%D0%97%D0%B0%D0%B3%D0%BB%D0%B0%D0%B2%D0%BD%D0%B0%D1%8F_%D1%81%D1%82%D1%80%D0%B0%D0%BD%D0%B8%D1%86%D0%B0",
    ),
    ("x", "https://docs.google.com/document/d/1BxiMVs0XRA5nFMdKvBdBZjgmUUqptlbs74OgvE2upms/edit"),
    ("x", "https://github.com/a/b/blob/8f94c1b2d3e4f5a6b7c8d9e0f1a2b3c4d5e6f7a8/web/x.py#L10-L20"),
    ("x", "https://www.youtube.com/watch?v=dQw4w9WgXcQ&t=42s"),
    (
        "x",
        "https://shop.example/p?id=5&utm_source=newsletter&utm_medium=email&utm_campaign=spring_sale_2024_europe&gclid=abcdefghijklmnopqrstuvwxyz0123456789",
    ),
    (
        "x",
        "https://www.theguardian.com/world/2024/aug/12/some-very-long-slug-with-many-words-that-newspapers-like-to-write",
    ),
    ("http://localhost:8000/admin", "http://localhost:8000/admin"),
    ("http://127.0.0.1:5173", "http://127.0.0.1:5173"),
    ("v1.2.3", "https://github.com/a/b/releases/tag/v1.2.3"),
    (
        "x",
        "https://learn.microsoft.com/en-us/dotnet/api/system.collections.generic.dictionary-2.trygetvalue?view=net-8.0",
    ),
    ("Booking.com", "https://www.booking.com/"),
    ("x", "https://en.wikipedia.org/wiki/Python_(programming_language)#Design_philosophy_and_features"),
    ("x", "https://www.google.com/search?q=how+to+install+python+on+ubuntu+today"),
    ("x", "https://xn--wgv71a119e.jp/"),
    ("U.S. census", "https://census.gov/"),
    ("e.g. this", "https://a.example/"),
    ("сахар.рф", "https://xn--80aa2cbv.xn--p1ai/"),
    ("write", "mailto:ada@good.example?subject=Hello"),
]
CARRYING = "https://evil.example/?d=" + quote("My password is Quetzalcoatl77. " * 4)


@pytest.mark.parametrize(("words", "address"), DECEIVING)
def test_a_link_that_deceives_or_carries_words_asks(words: str, address: str) -> None:
    assert asks_first(words, address)


@pytest.mark.parametrize(("words", "address"), USUAL)
def test_a_usual_link_does_not_ask(words: str, address: str) -> None:
    assert not asks_first(words, address)


def test_the_address_of_a_source_may_be_long_and_no_other_of_its_host() -> None:
    assert asks_first("x", CARRYING)
    assert not asks_first("x", CARRYING, (CARRYING,))
    assert asks_first("x", CARRYING, ("https://evil.example/", CARRYING + "1"))
    assert asks_first("bank.example", CARRYING, (CARRYING,))


@pytest.mark.parametrize(("length", "asks"), [(100, False), (101, True)])
def test_a_query_of_some_length_asks_as_it_is_read(length: int, asks: bool) -> None:
    words = ("слово " * 20)[: length - len("q=")]
    assert asks_first("x", f"https://a.example/?q={quote(words)}") is asks
