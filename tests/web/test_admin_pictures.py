"""Operators see whose pictures there are and how they came out; what they show only when they ask, and it is noted."""

from base64 import b64encode
from datetime import timedelta

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.admin.utils import quote
from django.contrib.auth.models import Permission
from django.test import Client
from django.utils import timezone

from assistant import people
from assistant.models import Person
from imagine import shares
from imagine.files import storage
from imagine.models import Picture, Share
from tests.clients import browser, make_account

pytestmark = pytest.mark.usefixtures("valkey_here", "quick_passwords")

HOSTILE = "<script>alert(1)</script><img src=x onerror=alert(1)>"
SMALL = b"a small picture"


def operator(*rights: str) -> Person:
    """Somebody of the staff, with these rights or, without any named, all of them."""
    person = make_account()
    person.is_staff, person.is_superuser = True, not rights
    person.save()
    person.user_permissions.set(Permission.objects.filter(codename__in=rights))
    return person


def draw(prompt: str = "A secret wish") -> Picture:
    picture = Picture.objects.create(
        person=people.make_guest(), made=Picture.Made.DRAWN, status=Picture.Status.DONE, prompt=prompt, words=prompt
    )
    storage.save(picture.id, {"thumb.webp": SMALL})
    return picture


def share(reported: str | None = None) -> Share:
    picture = draw()
    made = shares.make(picture.person_id, picture.id)
    if reported is not None:
        shares.report(made, reported)
    return made


def show(client: Client, picture: Picture) -> str:
    return client.post(f"/admin/imagine/picture/{picture.pk}/show/").text


def test_no_page_shows_a_picture_or_its_words_unasked():
    made, client = share(), browser(operator())
    for path in (
        "/admin/imagine/picture/",
        f"/admin/imagine/picture/{made.picture_id}/change/",
        f"/admin/imagine/picture/{made.picture_id}/history/",
        f"/admin/imagine/picture/{made.picture_id}/delete/",
        "/admin/imagine/share/",
        f"/admin/imagine/share/{quote(made.pk)}/change/",
    ):
        page = client.get(path)
        assert page.status_code == 200, path
        assert "A secret wish" not in page.text, path
        assert "data:image" not in page.text, path


def test_a_picture_is_shown_on_demand_and_that_is_logged():
    picture, reader = draw(), operator()
    page = show(browser(reader), picture)
    assert "A secret wish" in page
    assert b64encode(SMALL).decode() in page
    entry = LogEntry.objects.get(user=reader, object_id=str(picture.pk))
    assert entry.change_message == "Looked at the picture"
    assert "secret" not in entry.object_repr


def test_a_picture_is_shown_only_to_those_who_may_see_it():
    picture, helper = draw(), browser(operator("view_picture"))
    page = helper.get(f"/admin/imagine/picture/{picture.pk}/change/")
    assert page.status_code == 200
    assert "Show the picture" not in page.text
    assert helper.post(f"/admin/imagine/picture/{picture.pk}/show/").status_code == 403
    reader = browser(operator("view_picture", "see_picture"))
    assert "Show the picture" in reader.get(f"/admin/imagine/picture/{picture.pk}/change/").text
    assert "A secret wish" in show(reader, picture)


def test_a_picture_is_not_shown_by_a_link_or_by_another_site():
    picture, reader = draw(), operator()
    path = f"/admin/imagine/picture/{picture.pk}/show/"
    assert browser(reader).get(path).status_code == 405
    strict = browser(reader, enforce_csrf_checks=True)
    assert strict.post(path, headers={"origin": "https://evil.example"}).status_code == 403
    assert not LogEntry.objects.filter(user=reader).exists()


@pytest.mark.parametrize("lookup", ["prompt__startswith", "words", "children__prompt__contains", "shares__token"])
def test_nobody_guesses_at_the_words_through_the_address(lookup):
    draw()
    assert browser(operator()).get("/admin/imagine/picture/", {lookup: "A secret"}).status_code == 400


def test_hostile_words_are_shown_as_text():
    picture, made, client = draw(HOSTILE), share(reported=HOSTILE), browser(operator())
    pages = [show(client, picture), client.get("/admin/imagine/share/").text]
    pages.append(client.get(f"/admin/imagine/share/{quote(made.pk)}/change/").text)
    for page in pages:
        assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
        assert "<script>alert" not in page
        assert "<img src=x" not in page


def test_reported_links_come_first_and_the_newest_report_before_older_ones():
    older, newer, quiet = share(reported="older"), share(reported="newer"), share()
    ahead = timezone.now() + timedelta(days=9)
    Share.objects.filter(pk=older.pk).update(reported_at=ahead)
    Share.objects.filter(pk=newer.pk).update(reported_at=ahead + timedelta(seconds=1))
    page = browser(operator()).get("/admin/imagine/share/").text
    places = [page.index(f"/admin/imagine/share/{quote(made.pk)}/change/") for made in (newer, older, quiet)]
    assert places == sorted(places)


@pytest.mark.parametrize("way", ["page", "action"])
def test_an_operator_takes_a_link_back(way):
    made, client = share(reported="Not theirs"), browser(operator("view_share", "delete_share"))
    if way == "page":
        client.post(f"/admin/imagine/share/{quote(made.pk)}/delete/", {"post": "yes"})
    else:
        fields = {"action": "delete_selected", "_selected_action": made.pk, "post": "yes"}
        client.post("/admin/imagine/share/", fields)
    assert shares.find(made.token) is None
    assert Picture.objects.filter(pk=made.picture_id).exists()


def test_an_operator_deletes_a_picture_with_its_files_and_links():
    made, client = share(reported="Not theirs"), browser(operator())
    client.post(f"/admin/imagine/picture/{made.picture_id}/delete/", {"post": "yes"})
    assert not Picture.objects.filter(pk=made.picture_id).exists()
    assert shares.find(made.token) is None
    assert storage.names(made.picture_id) == []


@pytest.mark.parametrize("model", ["picture", "share"])
def test_what_the_program_made_cannot_be_changed_or_added(model):
    made, client = share(), browser(operator())
    key = quote(made.pk) if model == "share" else made.picture_id
    fields = {"prompt": "x", "ends_at_0": "2099-01-01"}
    assert client.post(f"/admin/imagine/{model}/{key}/change/", fields).status_code == 403
    assert client.get(f"/admin/imagine/{model}/add/").status_code == 403
