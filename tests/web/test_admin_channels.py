"""Operators of messengers see what came and went, words only when they ask, and can mend it by hand."""

import json
from collections.abc import Iterator
from datetime import timedelta
from hashlib import sha256
from typing import Any
from uuid import uuid4

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission
from django.test import Client
from django.utils import timezone
from pytest_django.fixtures import Settings
from redis import Redis

from assistant import people
from assistant.models import Person
from assistant.rooms import membership, talk
from assistant.rooms.talk import Words
from integrations.models import ChannelState, Contact, Delivery, Group, GroupOrder, InboxEntry, OutboxEntry
from integrations.outbound import OutboundMessage
from integrations.wake import COURIER
from tests.clients import browser, make_account
from tests.integrations.graph_answers import HEALTHY, TOKENS, answer, answer_well, problem, set_all
from tests.scripted_http import ScriptedHTTP
from tests.servers import Valkey

pytestmark = pytest.mark.usefixtures("valkey_here", "quick_passwords")

HOSTILE = "<script>alert(1)</script><img src=x onerror=alert(1)>"
State = OutboxEntry.State


def operator(*rights: str) -> Person:
    """Somebody of the staff, with these rights or, without any named, all of them."""
    person = make_account()
    person.is_staff, person.is_superuser = True, not rights
    person.save()
    person.user_permissions.set(Permission.objects.filter(codename__in=rights))
    return person


def number() -> str:
    return f"49170{uuid4().int % 10**9:09}"


def contact(account: str = "1000", **values: Any) -> Contact:
    values = {"phone": number(), "user_id": uuid4().hex, "name": "Ada"} | values
    return Contact.objects.create(channel="whatsapp", account=account, person=people.make_guest(), **values)


def outgoing(to: Contact, text: str = "hello", **values: Any) -> OutboxEntry:
    content = OutboundMessage(text=text).to_json()
    return OutboxEntry.objects.create(contact=to, cause=uuid4().hex, place=0, content=content, **values)


def received(sender: Contact, text: str = "hello", **values: Any) -> InboxEntry:
    return InboxEntry.objects.create(
        contact=sender, channel=sender.channel, external_id=uuid4().hex, kind=InboxEntry.Kind.MESSAGE,
        content={"text": text}, said_at=timezone.now(), **values,
    )  # fmt: skip


def delivery(text: str = "hello", state: str = Delivery.State.FAILED, body: bytes | None = None) -> Delivery:
    body = json.dumps({"text": text, "once": uuid4().hex}).encode() if body is None else body
    digest = sha256(body + uuid4().bytes).hexdigest()
    return Delivery.objects.create(digest=digest, body=body, signer="meta", state=state, summary="1 InboundMessage")


def pages() -> Iterator[tuple[str, Any]]:
    """A row of each table with a text in it, and its name."""
    person = contact()
    for row in (delivery("a secret thing"), received(person, "a secret thing"), outgoing(person, "a secret thing")):
        yield str(row._meta.model_name), row


def act(client: Client, model: str, action: str, *rows: Any, **more: str) -> Any:
    fields = {"action": action, "_selected_action": [str(row.pk) for row in rows], **more}
    return client.post(f"/admin/integrations/{model}/", fields, follow=True)


def show(client: Client, model: str, row: Any) -> Any:
    return client.post(f"/admin/integrations/{model}/{row.pk}/text/")


# What is seen, and what only on demand


def test_no_page_shows_what_was_said() -> None:
    client = browser(operator())
    for model, row in pages():
        for path in ("", f"{row.pk}/change/", f"{row.pk}/history/"):
            response = client.get(f"/admin/integrations/{model}/{path}")
            assert response.status_code == 200, (model, path)
            assert "a secret thing" not in response.text, (model, path)


def test_the_text_is_shown_on_demand_and_that_is_logged() -> None:
    reader = operator()
    for model, row in pages():
        assert "a secret thing" in show(browser(reader), model, row).text, model
        entry = LogEntry.objects.get(user=reader, object_id=str(row.pk), content_type__model=model)
        assert entry.change_message == "Read the text"
        assert "secret" not in entry.object_repr


def test_the_text_is_shown_only_to_those_who_may_read_it() -> None:
    for model, row in pages():
        seer = browser(operator(f"view_{model}"))
        page = seer.get(f"/admin/integrations/{model}/{row.pk}/change/")
        assert page.status_code == 200
        assert "Show the text" not in page.text
        assert show(seer, model, row).status_code == 403
        assert show(browser(operator("view_message")), model, row).status_code == 403
        reader = browser(operator(f"view_{model}", "view_message"))
        assert "Show the text" in reader.get(f"/admin/integrations/{model}/{row.pk}/change/").text
        assert show(reader, model, row).status_code == 200


def test_the_text_is_not_shown_by_a_link_or_by_another_site() -> None:
    reader = operator()
    for model, row in pages():
        path = f"/admin/integrations/{model}/{row.pk}/text/"
        assert browser(reader).get(path).status_code == 405
        strict = browser(reader, enforce_csrf_checks=True)
        assert strict.post(path, headers={"origin": "https://evil.example"}).status_code == 403
    assert not LogEntry.objects.filter(user=reader).exists()


@pytest.mark.parametrize("id", ["0", "99999999", "x", "00000000-0000-4000-8000-000000000000"])
def test_a_text_that_does_not_exist_is_not_found(id: str) -> None:
    client = browser(operator())
    for model in ("delivery", "inboxentry", "outboxentry"):
        assert client.post(f"/admin/integrations/{model}/{id}/text/").status_code == 404


def test_h9_hostile_text_is_shown_as_text() -> None:
    client, person = browser(operator()), contact(name=HOSTILE, username=HOSTILE)
    entry = outgoing(person, HOSTILE, state=State.FAILED, problem="refused", detail=HOSTILE)
    state, _made = ChannelState.objects.update_or_create(
        channel="whatsapp", account="", defaults={"notice": HOSTILE, "detail": HOSTILE, "halted": "token",
                                                  "halted_at": timezone.now(), "ignored": {HOSTILE: 1}},
    )  # fmt: skip
    texts = [
        show(client, "outboxentry", entry).text,
        show(client, "delivery", delivery(body=HOSTILE.encode())).text,
        show(client, "delivery", delivery(HOSTILE)).text,
        client.get(f"/admin/integrations/outboxentry/{entry.pk}/change/").text,
        client.get("/admin/integrations/contact/").text,
        client.get(f"/admin/integrations/contact/{person.pk}/change/").text,
        client.get("/admin/integrations/channelstate/whatsapp/").text,
    ]
    state.delete()
    for text in texts:
        assert "&lt;script&gt;alert(1)&lt;/script&gt;" in text
        assert "<script>alert" not in text
        assert "<img src=x" not in text


BODIES = [
    b"\xff\xfe\x00",
    b"[" * 100_000,
    b'{"a": NaN}',
    b'"\\ud800"',
    b"",
    b"[" * 300 + b"0," * 500_000 + b"0" + b"]" * 300,
    b"x" * 4_000_000,
]


@pytest.mark.parametrize("body", BODIES, ids=range(len(BODIES)))
def test_whatever_was_delivered_can_be_looked_at(body: bytes) -> None:
    response = show(browser(operator()), "delivery", delivery(body=body))
    assert response.status_code == 200
    assert len(response.content) < 1_000_000


def test_no_page_has_anything_inline() -> None:
    client = browser(operator())
    tables = ["delivery/", "contact/", "inboxentry/", "outboxentry/", "channelstate/", "channelstate/messenger/"]
    paths = tables + [f"{model}/{row.pk}/change/" for model, row in pages()]
    for path in paths:
        text = client.get(f"/admin/integrations/{path}").text
        assert not any(mark in text for mark in ("<style", " style=", "<script>", " onclick=")), path


@pytest.mark.parametrize(
    "query",
    [
        "delivery/?body__contains=a",
        "inboxentry/?content__text__startswith=a",
        "inboxentry/?contact__phone__startswith=49",
        "inboxentry/?message__text__contains=a",
        "outboxentry/?content__icontains=a",
        "outboxentry/?contact__name__startswith=A",
        "contact/?phone__startswith=49",
        "contact/?user_id__startswith=a",
        "contact/?expects__contains=a",
        "contact/?person__username__startswith=a",
        "contact/?conversation__title__startswith=a",
        "contact/?inbox__content__icontains=a",
    ],
)
def test_nobody_guesses_through_the_address(query: str) -> None:
    list(pages())
    assert browser(operator()).get(f"/admin/integrations/{query}").status_code in (302, 400)


@pytest.mark.parametrize("model", ["delivery", "contact", "inboxentry", "outboxentry"])
def test_what_the_program_made_cannot_be_changed(model: str) -> None:
    rows = dict(pages())
    row = rows[model] if model in rows else contact()
    client = browser(operator())
    assert client.post(f"/admin/integrations/{model}/{row.pk}/change/", {"state": "done"}).status_code == 403
    assert client.post(f"/admin/integrations/{model}/{row.pk}/delete/", {"post": "yes"}).status_code == 403
    assert client.get(f"/admin/integrations/{model}/add/").status_code == 403


def test_a_contact_leads_to_the_person_and_shows_no_number() -> None:
    person = contact()
    assert person.phone
    client = browser(operator())
    page = client.get(f"/admin/integrations/contact/{person.pk}/change/").text
    assert f"/admin/assistant/person/{person.person_id}/change/" in page
    assert person.phone not in page
    assert f"… {person.phone[-4:]}" in page
    assert person.user_id not in page
    found = client.get("/admin/integrations/contact/", {"q": person.phone}).text
    assert f"/admin/integrations/contact/{person.pk}/change/" in found


def test_rows_are_found_by_app() -> None:
    mine = outgoing(contact())
    client = browser(operator())
    assert str(mine.pk) in client.get("/admin/integrations/outboxentry/", {"app": "whatsapp"}).text
    assert str(mine.pk) not in client.get("/admin/integrations/outboxentry/", {"app": "messenger"}).text


# What can be mended by hand


def test_a_delivery_is_read_again() -> None:
    row, reader = delivery(), operator()
    Delivery.objects.filter(pk=row.pk).update(attempts=5, taken_until=timezone.now() + timedelta(hours=1))
    assert "1 delivery will be read again." in act(browser(reader), "delivery", "replay", row).text
    row.refresh_from_db()
    # A courier of another test may have it already.
    assert row.attempts < 5
    assert LogEntry.objects.get(user=reader, object_id=str(row.pk)).change_message == "Read again"


def test_a_delivery_whose_body_is_gone_is_not_read_again() -> None:
    row = delivery(state=Delivery.State.DONE, body=b"")
    page = act(browser(operator()), "delivery", "replay", row).text
    assert "0 deliveries will be read again." in page
    assert "the body is no longer kept" in page
    row.refresh_from_db()
    assert row.state == Delivery.State.DONE


@pytest.mark.parametrize("state", [State.FAILED, State.UNKNOWN])
def test_a_message_is_sent_again_after_a_question(state: State) -> None:
    entry = outgoing(contact(), state=state, attempts=6, problem="refused", detail="No", external_id="wamid.1")
    client = browser(operator())
    page = act(client, "outboxentry", "send_again", entry).text
    assert ("may arrive twice" in page) == (state == State.UNKNOWN)
    entry.refresh_from_db()
    assert entry.state == state
    assert "1 message will be sent again." in act(client, "outboxentry", "send_again", entry, confirmed="1").text
    entry.refresh_from_db()
    assert (entry.state, entry.attempts, entry.problem, entry.external_id) == (State.QUEUED, 0, "", "")


@pytest.mark.parametrize("state", [State.QUEUED, State.SENDING, State.SENT, State.DELIVERED, State.READ])
def test_what_is_on_its_way_or_arrived_is_not_sent_again(state: State) -> None:
    entry = outgoing(contact(), state=state, external_id="wamid.1")
    page = act(browser(operator()), "outboxentry", "send_again", entry, confirmed="1").text
    assert "Only what failed" in page
    entry.refresh_from_db()
    assert (entry.state, entry.external_id) == (state, "wamid.1")


@pytest.mark.parametrize(
    ("state", "ends"), [(State.QUEUED, True), (State.UNKNOWN, True), (State.SENDING, False), (State.SENT, False)]
)
def test_a_message_is_given_up(state: State, ends: bool) -> None:
    entry = outgoing(contact(), state=state)
    act(browser(operator()), "outboxentry", "give_up", entry)
    entry.refresh_from_db()
    assert (entry.state, entry.problem) == ((State.FAILED, "given_up") if ends else (state, ""))


@pytest.mark.parametrize(("model", "action"), [("delivery", "replay"), ("outboxentry", "send_again"),
                                               ("outboxentry", "give_up")])  # fmt: skip
def test_only_those_with_the_right_mend(model: str, action: str) -> None:
    row: Any = delivery() if model == "delivery" else outgoing(contact(), state=State.UNKNOWN)
    # A courier of another test may take up at once what is mended: the attempts show that it was.
    type(row).objects.filter(pk=row.pk).update(attempts=5)
    helper = browser(operator(f"view_{model}"))
    assert action not in helper.get(f"/admin/integrations/{model}/").text
    act(helper, model, action, row, confirmed="1")
    row.refresh_from_db()
    before = row.state
    assert row.attempts == 5
    act(browser(operator(f"view_{model}", f"change_{model}")), model, action, row, confirmed="1")
    row.refresh_from_db()
    assert row.attempts < 5 or row.state != before


# Groups


def group(account: str = "1000", **values: Any) -> Group:
    """A group with a person in it, whose room has a secret in its name and its words."""
    host = people.make_guest()
    room = membership.make(host, "Ana", "a secret thing")
    talk.say(host, room.pk, Words("a secret thing", uuid4()))
    values = {"group_id": uuid4().hex, "subject": "a secret thing", "link": "https://chat.whatsapp.com/secret",
              "state": Group.State.OPEN} | values  # fmt: skip
    made = Group.objects.create(room=room, channel="whatsapp", account=account, **values)
    made.people.add(contact(account))
    return made


def order(of: Group, kind: str = "relink", state: str = "failed", **values: Any) -> GroupOrder:
    values = {"problem": "refused", "detail": "No", "attempts": 3} | values
    return of.orders.create(kind=kind, state=state, **values)


def test_groups_are_shown_without_names_links_and_words() -> None:
    one = group(reason="deleted")
    trouble, client = order(one, "rename", argument="a secret thing"), browser(operator())
    for path in ("group/", f"group/{one.pk}/change/", f"group/{one.pk}/history/", "grouporder/",
                 f"grouporder/{trouble.pk}/change/", f"grouporder/?group__id__exact={one.pk}"):  # fmt: skip
        page = client.get(f"/admin/integrations/{path}")
        assert page.status_code == 200, path
        assert "secret" not in page.text, path
        assert not any(mark in page.text for mark in ("<style", " style=", "<script>", " onclick=")), path
    page = client.get(f"/admin/integrations/group/{one.pk}/change/").text
    assert "rename: refused" in page
    assert "deleted" in page
    assert f"/admin/assistant/conversation/{one.room_id}/change/" in page
    assert f"grouporder/?group__id__exact={one.pk}" in page
    listed = client.get("/admin/integrations/group/", {"q": one.pk}).text
    assert '<td class="field-people_count">1</td>' in listed
    assert "No" in client.get(f"/admin/integrations/grouporder/{trouble.pk}/change/").text
    assert "rename: refused" not in client.get("/admin/integrations/group/", {"app": "messenger"}).text


@pytest.mark.parametrize(
    "query",
    [
        "group/?subject__startswith=a",
        "group/?link__contains=secret",
        "group/?room__conversation__title__startswith=a",
        "group/?people__phone__startswith=49",
        "group/?contact__name__startswith=A",
        "grouporder/?argument__startswith=a",
        "grouporder/?group__subject__startswith=a",
        "grouporder/?request_id__startswith=1",
    ],
)
def test_nobody_guesses_about_groups_through_the_address(query: str) -> None:
    order(group(), argument="a secret thing")
    assert browser(operator()).get(f"/admin/integrations/{query}").status_code in (302, 400)


def test_groups_and_their_orders_are_not_changed_by_hand() -> None:
    client, one = browser(operator()), group()
    for path in (f"group/{one.pk}", f"grouporder/{order(one).pk}"):
        assert client.post(f"/admin/integrations/{path}/change/", {"state": "open"}).status_code == 403
        assert client.post(f"/admin/integrations/{path}/delete/", {"post": "yes"}).status_code == 403
    for model in ("group", "grouporder"):
        assert client.get(f"/admin/integrations/{model}/add/").status_code == 403


def test_a_failed_order_is_tried_again() -> None:
    # Of an account that no courier serves.
    one, reader = group(uuid4().hex), operator()
    old, trouble = order(one), order(one)
    erased, done = order(one, "remove", argument=""), order(one, "rename", "done", argument="New")
    gone = order(group(uuid4().hex, state="gone"))
    page = act(browser(reader), "grouporder", "try_again", old, trouble, erased, done, gone).text
    assert "1 order will be tried again." in page
    assert "nothing left to do" in page
    states = [GroupOrder.objects.get(pk=row.pk).state for row in (old, trouble, erased, done, gone)]
    assert states == ["failed", "waiting", "failed", "done", "failed"]
    trouble.refresh_from_db()
    assert trouble.attempts == 0
    assert LogEntry.objects.get(user=reader).object_id == str(trouble.pk)


def test_only_those_with_the_right_try_orders_again() -> None:
    trouble = order(group(uuid4().hex))
    helper = browser(operator("view_grouporder"))
    assert "try_again" not in helper.get("/admin/integrations/grouporder/").text
    act(helper, "grouporder", "try_again", trouble)
    assert GroupOrder.objects.get(pk=trouble.pk).state == "failed"
    act(browser(operator("view_grouporder", "change_grouporder")), "grouporder", "try_again", trouble)
    assert GroupOrder.objects.get(pk=trouble.pk).state == "waiting"


# A page for each app


@pytest.fixture
def meta(settings: Settings) -> Iterator[ScriptedHTTP]:
    """Three apps that are set up, at a server in the place of Meta; their account is of this test."""
    with ScriptedHTTP() as server:
        answer_well(server)
        set_all(settings, server, WHATSAPP_PHONE_ID=uuid4().hex)
        yield server


def channel_page(name: str = "whatsapp") -> str:
    response = browser(operator()).get(f"/admin/integrations/channelstate/{name}/")
    assert response.status_code == 200
    return " ".join(response.text.split())


def row(name: str, value: object) -> str:
    return f'<th scope="row">{name}</th><td>{value}</td>'


def test_an_app_that_is_off_says_how_to_begin() -> None:
    page = channel_page("messenger")
    assert "integrations/messenger/README.md" in page
    listed = browser(operator()).get("/admin/integrations/channelstate/").text
    assert all(f"/admin/integrations/channelstate/{name}/" in listed for name in ("whatsapp", "messenger", "instagram"))


def test_an_operator_sees_whether_a_courier_is_at_work(meta: ScriptedHTTP, valkey: Valkey, settings: Settings) -> None:
    # Couriers of other tests give their sign elsewhere.
    settings.REDIS_URL = f"{valkey.url.removesuffix('/0')}/9"
    with Redis.from_url(settings.REDIS_URL) as redis:
        redis.delete(COURIER)
        assert "Run manage.py courier" in browser(operator()).get("/admin/integrations/channelstate/").text
        redis.set(COURIER, 1, ex=60)
        assert "Courier: at work" in browser(operator()).get("/admin/integrations/channelstate/").text


def test_the_page_of_an_app_counts_what_waits_and_what_failed(settings: Settings, meta: ScriptedHTTP) -> None:
    now, account = timezone.now(), settings.WHATSAPP_PHONE_ID
    ada = contact(account, wrote_at=now - timedelta(hours=23))
    old = contact(account, wrote_at=now - timedelta(hours=25))
    received(ada)
    received(ada, state=InboxEntry.State.DONE)
    for state in (State.QUEUED, State.QUEUED, State.UNKNOWN, State.FAILED):
        outgoing(ada, state=state, problem="refused" if state == State.FAILED else "")
    outgoing(old, state=State.UNKNOWN, created_at=now - timedelta(days=9))
    outgoing(old, state=State.FAILED, problem="window_closed", created_at=now - timedelta(days=9))
    outgoing(contact("another"), state=State.QUEUED)
    page = channel_page()
    assert row("People who can be written to", 1) in page
    assert row("Messages that wait for an answer", 1) in page
    assert row("queued", 2) in page
    assert row("unknown", 2) in page
    assert row("failed", 1) in page
    assert row("refused", 1) in page
    assert "window_closed" not in page


def test_the_page_of_an_app_counts_its_groups(settings: Settings, meta: ScriptedHTTP) -> None:
    account = settings.WHATSAPP_PHONE_ID
    assert "The app lets our account" not in channel_page()
    ChannelState.objects.create(channel="whatsapp", account=account, official=True)
    one = group(account)
    group(account, state="gone")
    group("another")
    order(one)
    order(one, state="done")
    contact(account, wrote_at=timezone.now(), is_group=True)
    page = channel_page()
    assert row("The app lets our account make groups", "yes") in page
    assert row("open", 1) in page
    assert row("gone", 1) in page
    assert row("orders: failed", 1) in page
    assert "/admin/integrations/group/?app=whatsapp" in page
    assert row("People who can be written to", 0) in page


def test_the_page_of_an_app_shows_the_health_of_its_token_asked_once_a_minute(meta: ScriptedHTTP) -> None:
    ends = int((timezone.now() + timedelta(days=3)).timestamp())
    answer(meta, "debug_token", {"data": {**HEALTHY, "expires_at": ends}})
    page = channel_page()
    assert "accepted, until" in page
    assert "It ends soon" in page
    assert channel_page().count("accepted, until") == 1
    assert len(meta.to("/v25.0/debug_token")) == 1


def test_d16_the_pages_show_no_token(meta: ScriptedHTTP) -> None:
    echo = problem(190, f"Malformed access token {' '.join(TOKENS.values())}")
    answer(meta, "debug_token", echo, 400)
    texts = [channel_page(), browser(operator()).get("/admin/integrations/channelstate/").text]
    assert "Malformed access token" in texts[0]
    assert not any(token in text for token in TOKENS.values() for text in texts)


def test_a_halted_account_says_why_and_goes_on(settings: Settings, meta: ScriptedHTTP) -> None:
    values = {"halted": "token", "detail": "190: It has expired", "halted_at": timezone.now()}
    state = ChannelState.objects.create(channel="whatsapp", account=settings.WHATSAPP_PHONE_ID, **values)
    page, path = channel_page(), "/admin/integrations/channelstate/whatsapp/go-on/"
    assert "190: It has expired" in page
    assert "Try again" in page
    helper = browser(operator("view_channelstate"))
    assert "Try again" not in helper.get("/admin/integrations/channelstate/whatsapp/").text
    assert helper.post(path).status_code == 403
    chief = operator()
    assert browser(chief).get(path).status_code == 405
    assert browser(chief, enforce_csrf_checks=True).post(path).status_code == 403
    state.refresh_from_db()
    assert state.halted == "token"
    assert "What waits is being sent again." in browser(chief).post(path, follow=True).text
    state.refresh_from_db()
    assert (state.halted, state.detail, state.halted_at) == ("", "", None)
    assert LogEntry.objects.get(user=chief, object_id=str(state.pk)).change_message == "Tried again"


def test_the_pages_are_for_those_who_may_see_them() -> None:
    stranger = browser(operator("view_person"))
    assert stranger.get("/admin/integrations/channelstate/").status_code == 403
    assert stranger.get("/admin/integrations/channelstate/whatsapp/").status_code == 403
    assert browser(operator()).get("/admin/integrations/channelstate/telegram/").status_code == 404


def test_the_row_of_an_account_leads_to_the_page_of_its_app() -> None:
    state = ChannelState.objects.create(channel="instagram", account=uuid4().hex)
    client = browser(operator())
    assert client.get(f"/admin/integrations/channelstate/{state.pk}/change/").url.endswith("/channelstate/instagram/")
    assert client.get("/admin/integrations/channelstate/x/change/").status_code == 404
