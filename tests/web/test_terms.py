"""The card that asks for a yes to the terms: who sees it, and what it says."""

import pytest
from django.template.loader import render_to_string
from django.test import RequestFactory
from pytest_django.fixtures import Settings

from assistant import agreement, people
from tests.clients import browser
from web.terms import card

CARD = 'id="terms"'


def test_by_default_there_is_no_card() -> None:
    assert CARD not in browser().get("/you/").content.decode()
    assert card(RequestFactory().get("/"), None) is None


@pytest.mark.parametrize(
    ("url", "age", "button", "link"),
    [
        ("https://example.com/terms", 16, "I am at least 16 and agree", True),
        ("/about/", 0, "I agree", True),
        ("", 18, "I am at least 18", False),
    ],
)
def test_it_asks_for_what_is_set(settings: Settings, url: str, age: int, button: str, link: bool) -> None:
    settings.TERMS_URL, settings.TERMS_AGE = url, age
    text = render_to_string("_terms.html", {"terms": card(RequestFactory().get("/"), None)})
    assert f">{button}</button>" in text
    assert (f'href="{url}"' in text.split(CARD)[1].split("</form>")[0]) == link
    assert "data-not-now" in text


def test_who_has_agreed_sees_none(settings: Settings) -> None:
    settings.TERMS_AGE = 16
    guest = people.make_guest()
    assert card(RequestFactory().get("/"), guest)
    agreement.agree(guest)
    assert card(RequestFactory().get("/"), guest) is None


def test_what_was_typed_cannot_break_out_of_it(settings: Settings) -> None:
    settings.TERMS_AGE = 16
    hostile = '"><script>alert(1)</script>'
    request = RequestFactory().post("/?a=1", {"text": hostile, hostile: "x", "csrfmiddlewaretoken": "secret"})
    shown = card(request, None)
    assert shown
    assert (shown.action, shown.is_open) == ("/?a=1", True)
    html = render_to_string("_terms.html", {"terms": shown})
    assert "<script>alert" not in html
    assert "secret" not in html
