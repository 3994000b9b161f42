"""Using the site up: too many messages, guests, answers, bytes, rows; and forms that nobody's browser sends."""

import asyncio
import ipaddress
import socket as sockets
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack, ExitStack, suppress
from itertools import count
from pathlib import Path
from time import time
from typing import Any
from uuid import UUID, uuid4

import httpx
import psutil
import pytest
import redis
from django.conf import settings as site_settings
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from assistant import conversations, people
from assistant.addresses import NETWORKS
from assistant.errors import LimitedError
from assistant.limits import NEIGHBOURS, Limits
from assistant.models import Conversation, Member, Message, Person, Run
from assistant.seats import PROCESSES
from imagine import keys
from tests.allowance import assert_a_minute_allows
from tests.fake_llama import FakeLlama, Gate, says, stalls
from tests.people import Visitor, next_address
from tests.security.attacks import PASSWORD, Talk, replies, rest, rows, sign_up, talk
from tests.security.routes import KEYED, NOTHING, OPEN, OWNED, SIGNED, routes
from tests.servers import Site, Valkey, eventually
from tests.web.markdown.corpus import HUGE
from tests.web.rooms.rooms import join, make
from web import asgi
from web.bodies import BoundedBodies
from web.sockets.messages import CONVERSATION_MESSAGES, PICTURE_MESSAGES, UUIDS

GUEST, ACCOUNT, ADDRESS, GUESTS, RUNS, MEMBER = 4, 6, 9, 3, 2, 3


@pytest.fixture(scope="module")
def shared_tight_site(
    database: None, valkey: Valkey, shared_llama: FakeLlama, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Site]:
    """A site that allows very little."""
    environment = {
        "REDIS_URL": valkey.url,
        "LLAMA_URL": shared_llama.url,
        "LIMIT_GUEST_MESSAGES": f"{GUEST}/day",
        "LIMIT_ACCOUNT_MESSAGES": f"{ACCOUNT}/day",
        "LIMIT_ADDRESS_MESSAGES": f"{ADDRESS}/day",
        "LIMIT_ADDRESS_GUESTS": f"{GUESTS}/day",
        "LIMIT_PERSON_RUNS": str(RUNS),
        "LLAMA_ANSWER_SECONDS": "2",
    }
    site = Site(tmp_path_factory.mktemp("tight-site"), environment)
    site.start()
    yield site
    site.kill()


@pytest.fixture
def tight_site(shared_tight_site: Site, fake_llama: FakeLlama) -> Site:
    return shared_tight_site


@pytest.fixture
def guest(tight_site: Site) -> Iterator[Visitor]:
    with Visitor(tight_site, next_address()) as visitor:
        yield visitor


def say(visitor: Visitor, conversation: Conversation, text: str = "Again") -> int:
    """Say something as a form does; the status."""
    rest(conversation)
    return visitor.post(f"/c/{conversation.id}/messages", {"text": text, "id": str(uuid4())}).status_code


def new(visitor: Visitor, **headers: str) -> int:
    """Begin a conversation; the status."""
    return visitor.post("/", {"text": "Hello", "id": str(uuid4())}, headers=headers).status_code


# At the limit, above it, after it


def test_a_guest_says_so_much_and_no_more(guest: Visitor, fake_llama: FakeLlama) -> None:
    conversation = guest.begin()
    assert [say(guest, conversation) for _ in range(GUEST)] == [302] * (GUEST - 1) + [429]
    before, asked = rows(guest.person), len(fake_llama.requests)
    answer = conversation.messages.filter(role="assistant").last()
    assert answer
    assert guest.post(f"/m/{answer.id}/retry", {"id": str(uuid4())}).status_code == 429
    assert guest.post("/", {"text": "Elsewhere"}).status_code == 429
    with guest.socket() as socket:
        socket.say("send", conversation=conversation.id, id=uuid4(), text="By the socket")
        socket.say("retry", message=answer.id, id=uuid4())
        assert [reply["code"] for reply in replies(socket)] == ["limited", "limited"]
    assert rows(guest.person) == before
    assert len(fake_llama.requests) == asked


def test_an_account_has_a_limit_of_its_own(guest: Visitor) -> None:
    conversation = guest.begin()
    sign_up(guest)
    assert [say(guest, conversation) for _ in range(ACCOUNT + 1)] == [302] * ACCOUNT + [429]


def test_many_people_at_one_address_share_its_limit(tight_site: Site) -> None:
    address = next_address()
    statuses = []
    for _ in range(GUESTS):
        with Visitor(tight_site, address) as visitor:
            conversation = visitor.begin()
            statuses += [say(visitor, conversation) for _ in range(GUEST - 1)]
    assert statuses.count(302) == ADDRESS - GUESTS


def test_one_who_asks_on_and_on_takes_nothing_from_the_neighbours(tight_site: Site) -> None:
    address = next_address()
    with Visitor(tight_site, address) as loud, Visitor(tight_site, address) as quiet:
        conversation, other = loud.begin(), quiet.begin()
        assert [say(loud, conversation) for _ in range(ADDRESS * 2)][GUEST - 1 :] == [429] * (ADDRESS * 2 - GUEST + 1)
        assert say(quiet, other) == 302


@pytest.fixture
async def processes(valkey: Valkey) -> AsyncIterator[list[Limits]]:
    """The limits as four processes count them."""
    processes = [Limits(valkey.url) for _ in range(4)]
    yield processes
    for limits in processes:
        await limits.close()


async def allowed(limits: Limits, rule: str, name: str) -> bool:
    try:
        await limits.count(rule, name)
    except LimitedError:
        return False
    return True


async def test_a_limit_ends_with_its_window(processes: list[Limits]) -> None:
    limits, name = processes[0], uuid4().hex
    assert await allowed(limits, "2/second", name)
    tries = [await allowed(limits, "2/second", name) for _ in range(50)]
    assert not all(tries)
    async with asyncio.timeout(10):
        while not await allowed(limits, "2/second", name):  # noqa: ASYNC110
            await asyncio.sleep(0.1)


async def test_counters_are_shared_by_all_processes(processes: list[Limits]) -> None:
    name = uuid4().hex
    assert [await allowed(processes[n % 4], "5/day", name) for n in range(7)] == [True] * 5 + [False] * 2


async def test_requests_at_the_same_moment_do_not_slip_past_a_limit(processes: list[Limits]) -> None:
    name = uuid4().hex
    tries = [allowed(processes[number % 4], "10/day", name) for number in range(100)]
    assert sum(await asyncio.gather(*tries)) == 10


def test_messages_sent_at_the_same_moment_do_not_slip_past_either(tight_site: Site) -> None:
    address = next_address()
    with Visitor(tight_site, address) as visitor:
        talks = [visitor.begin()]
        rest(talks[0])
        with ThreadPoolExecutor(10) as pool:
            statuses = list(pool.map(lambda _: new(visitor), range(10)))
        assert statuses.count(302) <= GUEST - 1
        theirs = visitor.person.conversations.count()
        assert theirs <= GUEST


def test_no_more_answers_at_once_than_allowed_however_many_tabs_ask(tight_site: Site, fake_llama: FakeLlama) -> None:
    gate = Gate()
    fake_llama.on("At once", says("Slowly, slowly.", gate=gate))
    with Visitor(tight_site, next_address()) as visitor:
        sign_up(visitor)
        with ThreadPoolExecutor(20) as pool:
            form = [{"text": "At once", "id": str(uuid4())} for _ in range(20)]
            statuses = list(pool.map(lambda data: visitor.post("/", data).status_code, form))
        running = Run.objects.filter(conversation__memberships__person=visitor.person, status="running")
        assert statuses.count(302) == running.count() == RUNS
        assert fake_llama.open_streams <= RUNS
        gate.open()
        eventually(lambda: running.count() == 0)


def test_a_tab_that_is_closed_leaves_no_work_for_ever(guest: Visitor, fake_llama: FakeLlama) -> None:
    fake_llama.on("Never end", stalls("Some words and then"))
    conversation = guest.begin("Never end")
    guest.http.close()
    eventually(lambda: conversation.runs.get().status == Run.Status.FAILED, 10)
    eventually(lambda: fake_llama.open_streams == 0, 5)
    assert conversation.messages.get(role="assistant").text == "Some words and then"


# In a room


def test_a_member_and_a_room_have_limits_of_their_own(shared_crowded_site: Site, fake_llama: FakeLlama) -> None:
    with (
        Visitor(shared_crowded_site, next_address()) as host,
        Visitor(shared_crowded_site, next_address()) as member,
        Visitor(shared_crowded_site, next_address()) as elsewhere,
    ):
        room = make(host)
        join(member, room)

        def speak(visitor: Visitor, text: str) -> int:
            return visitor.post(f"/rooms/{room.pk}/messages", {"text": text, "id": str(uuid4())}).status_code

        # A call of the room's is everybody's; words are each member's own.
        assert [speak(host, "@Chaski hi"), speak(member, "@Chaski hi")] == [302, 429]
        assert [speak(host, "Hello") for _ in range(MEMBER)] == [302] * (MEMBER - 1) + [429]
        assert [speak(member, "Hello") for _ in range(MEMBER)] == [302] * (MEMBER - 1) + [429]
        assert room.events.filter(kind="said").count() == 2 * MEMBER - 1
        other = make(elsewhere, "Eve", "Another")
        assert (
            elsewhere.post(f"/rooms/{other.pk}/messages", {"text": "@Chaski hi", "id": str(uuid4())}).status_code == 302
        )


def test_every_limit_has_a_case() -> None:
    """One that stands in no test is one that nobody has tried."""
    tests = Path(__file__).parent.parent
    tried = "".join(path.read_text() for path in tests.rglob("test_*.py"))
    # LIMIT_PERSON_ROOMS and LIMIT_ADDRESS_INVITATIONS: tests/web/rooms/test_invitations.py, by what they are unset;
    # so LIMIT_POST_COMMENTS: tests/integrations/test_comments.py.
    limits = {name for name in dir(site_settings) if name.startswith("LIMIT_")}
    assert {name for name in limits if name not in tried} == set()


# Guests from one address


def guests_of(statuses: list[int]) -> int:
    return statuses.count(302)


def test_looking_around_makes_no_guest(tight_site: Site) -> None:
    before = Person.objects.count()
    with Visitor(tight_site, next_address()) as visitor:
        for path in ("/", "/c/", "/about/", "/you/", "/account/login/", f"/c/{NOTHING}/"):
            visitor.get(path)
        visitor.post("/", {"text": "  "})
        visitor.post("/", {"text": "x" * (site_settings.MESSAGE_CHARACTERS + 1)})
        visitor.post("/", {"text": "Hello", "id": "nonsense"})
        visitor.post("/", {"text": "Hello", "attachments": "nonsense"})
        visitor.post(f"/c/{NOTHING}/messages", {"text": "Hello"})
        assert visitor.session_key == ""
    assert Person.objects.count() == before


def test_throwing_cookies_away_gives_no_fresh_quota(tight_site: Site) -> None:
    address, before = next_address(), Person.objects.count()
    statuses = []
    for _ in range(3 * GUESTS):
        with Visitor(tight_site, address) as visitor:
            statuses.append(new(visitor))
    assert statuses == [302] * GUESTS + [429] * 2 * GUESTS
    assert Person.objects.count() == before + GUESTS


def test_all_of_an_ipv6_block_counts_as_one_in_every_spelling(tight_site: Site) -> None:
    block = ipaddress.ip_network(f"2001:db8:{uuid4().hex[:4]}:{uuid4().hex[:4]}::/64", strict=False)
    spellings: list[Callable[[Any], str]] = [
        str,
        lambda address: address.exploded.upper(),
        lambda address: f"[{address}]:4433",
        lambda address: f"{address}%eth0",
    ]
    statuses = []
    for number in range(3 * GUESTS):
        with Visitor(tight_site, spellings[number % 4](block[number * 77 + 1])) as visitor:
            statuses.append(new(visitor))
    assert guests_of(statuses) == GUESTS


def test_the_networks_of_an_ipv6_site_share_a_wider_limit(tight_site: Site) -> None:
    """One customer is given 65,536 of them."""
    site = ipaddress.IPv6Network(f"2001:db8:{uuid4().hex[:4]}::/48")
    statuses = []
    for number in range(6 * GUESTS):
        with Visitor(tight_site, str(site[number << 64])) as visitor:
            statuses.append(new(visitor))
    assert guests_of(statuses) == NETWORKS * GUESTS
    with Visitor(tight_site, f"2001:db9:{uuid4().hex[:4]}::1") as elsewhere:
        assert new(elsewhere) == 302


@pytest.fixture(scope="module")
def shared_crowded_site(
    database: None, valkey: Valkey, shared_llama: FakeLlama, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Site]:
    """A site where each may do everything once."""
    kinds = ("UPLOADS", "IDEAS", "SHARES", "EXPORTS", "ROOMS", "FRAMES")
    once = {f"LIMIT_PERSON_{kind}": "1/day" for kind in kinds}
    once |= {"LIMIT_ROOM_CALLS": "1/day", "LIMIT_MEMBER_MESSAGES": f"{MEMBER}/day"}
    environment = {"REDIS_URL": valkey.url, "LLAMA_URL": shared_llama.url, "IMAGINE_MODEL": "nothing", **once}
    site = Site(tmp_path_factory.mktemp("crowded-site"), environment)
    site.start()
    yield site
    site.kill()


def upload(visitor: Visitor, _conversation: Conversation) -> int:
    return visitor.post("/imagine/upload", files={"file": ("x.png", b"none", "image/png")}).status_code


def export(visitor: Visitor, _conversation: Conversation) -> int:
    return visitor.post("/you/export").status_code


def make_a_room(visitor: Visitor, _conversation: Conversation) -> int:
    return visitor.post("/rooms/new", {"name": "Ana", "title": "Ski"}).status_code


def share(visitor: Visitor, conversation: Conversation) -> int:
    return visitor.post(f"/c/{conversation.id}/share", headers={"X-Fragment": "1"}).status_code


@pytest.mark.parametrize("act", [upload, export, make_a_room, share], ids=lambda act: act.__name__)
def test_people_at_one_address_do_five_times_what_one_may(
    shared_crowded_site: Site, fake_llama: FakeLlama, act: Callable[[Visitor, Conversation], int]
) -> None:
    address, statuses = next_address(), []
    with ExitStack() as stack:
        people = [stack.enter_context(Visitor(shared_crowded_site, address)) for _ in range(NEIGHBOURS + 2)]
        begun = [(visitor, visitor.begin()) for visitor in people]
        for visitor, conversation in begun:
            rest(conversation)
            statuses.append(act(visitor, conversation))
        assert act(*begun[0]) == 429
    assert [status == 429 for status in statuses] == [False] * NEIGHBOURS + [True] * 2
    with Visitor(shared_crowded_site, next_address()) as elsewhere:
        conversation = elsewhere.begin()
        rest(conversation)
        assert act(elsewhere, conversation) != 429


def test_prompts_while_typing_count_for_the_address_too(shared_crowded_site: Site, fake_llama: FakeLlama) -> None:
    address, refused = next_address(), []
    with ExitStack() as stack:
        for _ in range(NEIGHBOURS + 2):
            visitor = stack.enter_context(Visitor(shared_crowded_site, address))
            visitor.begin()
            socket = stack.enter_context(visitor.socket("/ws/imagine/"))
            asked = {"prompt": "a llama", "style": "", "shape": "square", "seed": 1, "hurry": False}
            socket.say("draw", sketch=uuid4(), number=1, **asked)
            refused.append([reply["code"] for reply in replies(socket) if reply["type"] == "refused"])
    assert refused[-2:] == [["limited"]] * 2
    assert ["limited"] not in refused[:-2]


def test_a_hundred_accounts_a_day_are_made_from_an_address_and_ten_a_minute(tight_site: Site) -> None:
    address = next_address()

    def is_made() -> bool:
        with Visitor(tight_site, address) as visitor:
            form = {"username": f"ted-{uuid4().hex[:12]}", "password1": PASSWORD}
            return visitor.post("/account/signup/", form).status_code == 302

    assert_a_minute_allows(10, is_made)


def test_the_networks_of_an_ipv6_site_share_what_is_sent_to_account_pages(tight_site: Site) -> None:
    site = ipaddress.IPv6Network(f"2001:db8:{uuid4().hex[:4]}::/48")
    numbers = count()

    def is_taken() -> bool:
        with Visitor(tight_site, str(site[next(numbers) << 64])) as visitor:
            # A form that is refused counts too, and is quick.
            return visitor.post("/account/signup/", {"username": ""}).status_code == 200

    assert_a_minute_allows(NETWORKS * 10, is_taken)
    with Visitor(tight_site, f"2001:db9:{uuid4().hex[:4]}::1") as elsewhere:
        assert elsewhere.post("/account/signup/", {"username": ""}).status_code == 200


def test_a_forged_chain_of_proxies_changes_nothing(tight_site: Site) -> None:
    address = next_address()
    forged = ["1.2.3.4", "127.0.0.1", "unknown", "'; --", "::1", "10.0.0.1, 10.0.0.2", ", ,", "x" * 2000]
    statuses = []
    for claim in [*forged, *forged]:
        with Visitor(tight_site, f"{claim}, {address}") as visitor:
            statuses.append(new(visitor, Forwarded=f"for={claim[:20]}", **{"X-Real-IP": "5.6.7.8"}))
    assert guests_of(statuses) == GUESTS


def test_ipv4_in_the_clothes_of_ipv6_is_the_same_address(tight_site: Site) -> None:
    address = next_address()
    statuses = []
    for spelling in (address, f"::ffff:{address}", f"{address}:1234") * GUESTS:
        with Visitor(tight_site, spelling) as visitor:
            statuses.append(new(visitor))
    assert guests_of(statuses) == GUESTS


# Large


def test_a_body_that_is_too_large_is_cut_off_early(site: Site) -> None:
    sent = 0

    def endless() -> Iterator[bytes]:
        nonlocal sent
        while sent < 500_000_000:
            sent += 65536
            yield b"a" * 65536

    with httpx.Client(base_url=site.url, trust_env=False, timeout=20) as http:
        with suppress(httpx.WriteError, httpx.ReadError, httpx.RemoteProtocolError):
            assert http.post("/", content=endless()).status_code == 413
        assert sent < 20_000_000
        assert http.get("/").status_code == 200


def test_a_body_that_only_says_it_is_large_is_refused_unread(site: Site) -> None:
    for length in (b"10000000000", b"9" * 30):
        with sockets.create_connection(("127.0.0.1", site.port), timeout=10) as line:
            line.sendall(b"POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: " + length + b"\r\n\r\n")
            assert line.recv(100).split()[1] in (b"413", b"400")


def test_an_uploaded_file_goes_nowhere(alice: Visitor) -> None:
    alice.get("/")
    headers = {"X-CSRFToken": alice.http.cookies["csrftoken"]}
    files = {"text": ("a.txt", b"a" * 8_000_000)}
    try:
        status = alice.http.post("/", files=files, headers=headers).status_code
    except (httpx.WriteError, httpx.ReadError):
        status = 413
    assert status == 413
    small = alice.http.post("/", files={"text": ("a.txt", b"Hello")}, headers=headers)
    assert small.status_code == 400


def test_the_site_gives_a_body_half_a_minute() -> None:
    bodies = asgi.application.application_mapping["http"]
    assert isinstance(bodies, BoundedBodies)
    assert bodies._seconds == asgi.BODY_SECONDS == 30


async def test_a_body_that_drips_is_given_up() -> None:
    sent: list[dict[str, Any]] = []

    async def application(*_: Any) -> None:
        raise AssertionError("it must not get this far")

    async def drip() -> dict[str, Any]:
        await asyncio.sleep(0.02)
        return {"type": "http.request", "body": b"a", "more_body": True}

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    await BoundedBodies(application, 1000, 0.2, {})({"type": "http", "path": "/", "headers": []}, drip, send)
    assert sent[0]["status"] == 408


@pytest.mark.parametrize("text", ["x" * 16_001, "é" * 16_001, "\n" * 50_000 + "x" * 16_001])
def test_a_message_that_is_too_long_is_refused_and_kept_on_the_page(alice: Visitor, text: str) -> None:
    refused = alice.post("/", {"text": text})
    assert refused.status_code == 400
    assert alice.session_key == ""
    fits = alice.post("/", {"text": "é" * 16_000, "id": str(uuid4())})
    assert fits.status_code == 302


def test_the_longest_message_fits_through_the_socket(alice: Visitor) -> None:
    hers = talk(alice)
    with alice.socket() as socket:
        socket.say("send", conversation=hers.conversation.id, id=uuid4(), text="é" * 16_001)
        assert socket.hear_until("refused")["code"] == "text_too_long"
        socket.say("send", conversation=hers.conversation.id, id=uuid4(), text="é" * 16_000)
        socket.hear_until("accepted")


# Many


def browser_of(person: Person) -> Client:
    client = Client()
    client.force_login(person)
    return client


@pytest.fixture
def writer(database: None) -> Iterator[Person]:
    """Somebody who has written for years."""
    person = people.make_guest()
    yield person
    person.delete()


def queries_of(client: Client, path: str, **options: Any) -> tuple[int, str]:
    """How many queries a page takes, and the page."""
    with CaptureQueriesContext(connection) as queries:
        response = client.get(path, **options)
    assert response.status_code == 200
    return len(queries), response.content.decode()


def fill(conversation: Conversation, many: int) -> None:
    for position in range(1, many + 1, 1000):
        Message.objects.bulk_create(
            Message(conversation=conversation, position=number, role="user", text=f"Line {number}")
            for number in range(position, min(position + 1000, many + 1))
        )


def test_a_conversation_as_long_as_it_can_get_opens_like_any_other(writer: Person) -> None:
    short = conversations.begin(writer, "Short")
    full = conversations.begin(writer, "Full")
    fill(short, 60)
    fill(full, site_settings.MESSAGES_PER_CONVERSATION)
    client = browser_of(writer)
    few, _ = queries_of(client, f"/c/{short.id}/")
    many, page = queries_of(client, f"/c/{full.id}/")
    assert many == few < 15
    assert page.count("data-position=") == 50
    first, fragment = queries_of(client, f"/c/{full.id}/messages?before=51")
    assert first < 15
    assert "Line 1<" in fragment


def test_pages_of_twisted_texts_answer_in_time(alice: Visitor) -> None:
    """What a model may have written at most; and who asks for nothing of it does not wait."""
    said = talk(alice)
    parent = said.answer
    for position, name in enumerate(("lists", "nested links", "rows", "mixed marks", "links in lines"), 3):
        text = HUGE[name][: conversations.ANSWER_CHARACTERS]
        parent = Message.objects.create(
            conversation=said.conversation, position=position, role="assistant", text=text, parent=parent
        )
    begun = psutil.Process(alice.site.pid).cpu_times()
    pages = ("", "messages?before=7", "export.md", "export.json", "share")
    assert {alice.get(f"/c/{said.conversation.id}/{page}").status_code for page in pages} == {200}
    assert alice.get("/c/", params={"q": "*a b"}).status_code == 200
    spent = psutil.Process(alice.site.pid).cpu_times()
    assert spent.user - begun.user < 10


def test_nothing_fits_into_a_full_conversation(alice: Visitor, fake_llama: FakeLlama) -> None:
    hers = talk(alice)
    hers.conversation.messages.create(position=site_settings.MESSAGES_PER_CONVERSATION, role="user", text="The last")
    asked = len(fake_llama.requests)
    refused = alice.post(f"/c/{hers.conversation.id}/messages", {"text": "One more"})
    assert refused.status_code == 400
    assert len(fake_llama.requests) == asked
    with alice.socket() as socket:
        socket.say("send", conversation=hers.conversation.id, id=uuid4(), text="One more")
        assert socket.hear_until("refused")["code"] == "conversation_full"


def test_a_thousand_conversations_are_listed_in_few_queries_and_are_the_most(alice: Visitor) -> None:
    alice.begin()
    person, most = alice.person, site_settings.CONVERSATIONS_PER_PERSON
    few, _ = queries_of(browser_of(person), "/c/")
    made = Conversation.objects.bulk_create(Conversation(title=f"Number {n}") for n in range(most - 1))
    Member.objects.bulk_create(Member(conversation=conversation, person=person) for conversation in made)
    many, page = queries_of(browser_of(person), "/c/")
    assert many <= few + 1
    assert page.count('id="c-') == 50
    queries_of(browser_of(person), "/c/?q=Number&page=999999999999999999999")
    assert alice.post("/", {"text": "One more"}).status_code == 400
    assert person.conversations.count() == most


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("100%", {"100% sure"}),
        ("%", set()),
        ("snake_", {"snake_case"}),
        ("_", set()),
        ("back\\", {"back\\slash"}),
        ("it's", {"it's"}),
        ("'", set()),
        ('"word"', {'a "word"'}),
        ('"', set()),
        ('sure" OR "plain', set()),
        ("sure OR plain", set()),
        ("NOT plain", set()),
        ("NEAR(plain sure)", set()),
        ("pl*", {"plain"}),
        ("plain:*", {"plain"}),
        ("plain'); --", {"plain"}),
        ("^plain", {"plain"}),
        ("(a+)+$", {"(a+)+$", 'a "word"'}),
        (".*", set()),
        ("%%%%" * 25, set()),
        ("\x00", None),
        ("   ", None),
    ],
)
def test_search_takes_signs_as_they_are(writer: Person, query: str, found: set[str] | None) -> None:
    texts = ["100% sure", "snake_case", "back\\slash", "it's", 'a "word"', "(a+)+$", "plain"]
    for text in texts:
        conversation = conversations.begin(writer, "Chat")
        Message.objects.create(conversation=conversation, position=1, role="user", text=text)
    page = browser_of(writer).get("/c/", {"q": query})
    assert page.status_code == 200
    shown = [item.id for item in page.context["conversations"]]
    seen = set(Message.objects.filter(conversation__in=shown).values_list("text", flat=True))
    assert seen == (set(texts) if found is None else found)


def test_a_search_in_very_much_text_is_answered_in_time(writer: Person) -> None:
    for _ in range(20):
        conversation = conversations.begin(writer, "")
        Message.objects.bulk_create(
            Message(conversation=conversation, position=n, role="user", text="a" * 5000) for n in range(1, 51)
        )
    # What was not said in a turn is indexed by the first search.
    browser_of(writer).get("/c/", {"q": "b"})
    count, page = queries_of(browser_of(writer), "/c/", data={"q": "a" * 30 + "b"})
    assert count < 12
    assert page.count('id="c-') == 0


# Odd


VALUES: list[Any] = [
    None,
    "",
    " ",
    "null",
    "undefined",
    "[]",
    "{}",
    "-1",
    "1e999",
    "NaN",
    "\x00",
    "\x00a",
    "💥" * 50,
    "a" * 20_000,
    "../../etc/passwd",
    "%ff%fe",
    "{{ 7 * 7 }}",
    ["a", "b"],
]
FIELDS = (
    *("text", "id", "title", "good", "word", "before", "q", "page", "sure", "manage", "edit", "next"),
    *("prompt", "style", "shape", "seed", "count", "words", "motion", "seconds", "sketch", "number", "file"),
    *("from", "card", "download", "shows_prompt"),
)
ENDS = {"delete", "delete_picture", "erase", "account_logout"}  # They take no field but a yes.
PAGES = [route for route in routes() if not route.name.startswith("admin:") and route.name not in ENDS]


@pytest.fixture(scope="module")
def hers(shared_site: Site) -> Iterator[tuple[Visitor, Talk]]:
    with Visitor(shared_site, next_address()) as visitor:
        yield visitor, talk(visitor)


def real_path(name: str, path: str, talked: Talk) -> str:
    """The address filled in with what is one's own, so that the form itself is looked at."""
    owned = dict(OWNED).get(name)
    return owned.path(name, talked) if owned else path


@pytest.mark.parametrize("route", PAGES, ids=lambda route: route.name)
def test_an_odd_form_is_refused_and_breaks_nothing(hers: tuple[Visitor, Talk], route: Any) -> None:
    visitor, talked = hers
    path = real_path(route.name, route.path, talked)
    statuses = {visitor.get(path, params=dict.fromkeys(FIELDS, value[:200])).status_code for value in VALUES[1:]}
    for value in VALUES:
        data = {} if value is None else dict.fromkeys(FIELDS, value)
        if route.name in ("start", "messages", "edit", "retry"):
            data.pop("text", None)  # Those with a text are sent below, one by one, as each would be answered.
        statuses.add(visitor.post(path, data).status_code)
    for content, kind in ODD_BODIES:
        headers = {"Content-Type": kind, "X-CSRFToken": visitor.http.cookies["csrftoken"], "Origin": visitor.site.url}
        statuses.add(visitor.http.post(path, content=content, headers=headers).status_code)
    assert max(statuses) < 500, statuses


ODD_BODIES: list[tuple[bytes, str]] = [
    (b"", ""),
    (b"\xff\xfe\x00", "application/x-www-form-urlencoded"),
    (b"%zz=%zz&=&&&;;", "application/x-www-form-urlencoded"),
    (b"id=%ED%A0%80&good=%ED%A0%80&title=%00", "application/x-www-form-urlencoded"),
    (b"id=1", "application/x-www-form-urlencoded; charset=utf-7"),
    (b"id=1", "application/x-www-form-urlencoded; charset=no-such-thing"),
    (b"&".join(b"f%d=1" % n for n in range(2000)), "application/x-www-form-urlencoded"),
    (b"not multipart", "multipart/form-data"),
    (b"--x\r\n\r\n", "multipart/form-data; boundary=x"),
    (b"--x", "multipart/form-data; boundary=" + "x" * 500),
    (b'--x\r\nContent-Disposition: form-data; name="id"\r\n\r\n\xff\r\n--x--', "multipart/form-data; boundary=x"),
    (b'{"id": null}', "application/json"),
    (b"[" * 50_000, "application/json"),
    (b"<a/>", "text/xml"),
    (b"id=1", "/;=;"),
]


def speaking(talked: Talk) -> dict[str, str]:
    """The addresses that take a text."""
    return {
        "start": reverse("start"),
        "messages": reverse("messages", args=[talked.conversation.id]),
        "edit": reverse("edit", args=[talked.question.id]),
    }


@pytest.mark.parametrize("name", ["start", "messages", "edit"])
def test_a_message_without_words_or_with_an_odd_id_is_refused(alice: Visitor, name: str) -> None:
    talked = talk(alice)
    before, path = rows(alice.person), speaking(talked)[name]
    empty = [{"text": text} for text in ("", " \n\t ", "\x00", "\x00\x00")]
    ids = ("x", "0", "\x00", "../..", "a" * 5000, str(NOTHING) + "0", "null")
    odd = [{"text": "Hello", "id": client_id} for client_id in ids]
    for data in [{}, {"id": str(uuid4())}, *empty, *odd]:
        assert alice.post(path, data).status_code == 400, data
    assert rows(alice.person) == before


@pytest.mark.parametrize("good", [None, "", "2", "true", "-1", "1\x00", ["1", "2"]])
def test_a_thumb_points_up_or_down(hers: tuple[Visitor, Talk], good: Any) -> None:
    visitor, talked = hers
    data = {} if good is None else {"good": good}
    assert visitor.post(reverse("feedback", args=[talked.answer.id]), data).status_code == 400


@pytest.mark.parametrize("title", [None, "", "  ", "\x00", "\n\t"])
def test_a_conversation_keeps_a_name(hers: tuple[Visitor, Talk], title: str | None) -> None:
    visitor, talked = hers
    data = {} if title is None else {"title": title}
    assert visitor.post(reverse("rename", args=[talked.conversation.id]), data).status_code == 400


ODD_IDS = [
    "1",
    "x",
    "0" * 36,
    "ABCDEF00-0000-4000-8000-000000000000",
    "00000000-0000-0000-0000-00000000000g",
    "%00",
    "..%2f..",
    "a" * 3000,
]


@pytest.mark.parametrize("odd", ODD_IDS)
@pytest.mark.parametrize("pattern", ["/c/{}/", "/c/{}/messages", "/m/{}/edit", "/r/{}/stop"])
def test_an_odd_id_in_an_address_is_not_found(hers: tuple[Visitor, Talk], pattern: str, odd: str) -> None:
    visitor, _ = hers
    assert visitor.get(pattern.format(odd)).status_code in (301, 404)
    assert visitor.post(pattern.format(odd), {"text": "Hello"}).status_code == 404


FRAME_VALUES: list[Any] = [
    None,
    "",
    1,
    -1,
    0.5,
    True,
    [],
    {},
    ["x"],
    {"a": 1},
    "x",
    "x" * 5000,
    2**31,
    10**30,
    "\ud800",
]
HALF_A_CHARACTER = "\ud800"


def odd_frames(kinds: Mapping[str, type[Any]]) -> Iterator[tuple[str, str, Any]]:
    """Every field of every frame with every wrong kind of value."""
    for kind, frame in kinds.items():
        for field, wanted in frame.__annotations__.items():
            for value in [*FRAME_VALUES, HALF_A_CHARACTER]:
                text = wanted is str and isinstance(value, str) and value != HALF_A_CHARACTER
                number = wanted is int and value is not True and value == 1
                ids = wanted == UUIDS and value in (None, [])
                if not (text or number or ids or (wanted is bool and value is True)):
                    yield kind, field, value


def good_value(wanted: type) -> Any:
    return {UUID: str(NOTHING), int: 0, str: "Hello", bool: False, UUIDS: []}[wanted]


@pytest.mark.parametrize(("path", "kinds"), [("/ws/", CONVERSATION_MESSAGES), ("/ws/imagine/", PICTURE_MESSAGES)])
def test_an_odd_frame_is_refused_whatever_is_wrong_with_it(
    site: Site, hers: tuple[Visitor, Talk], valkey: Valkey, path: str, kinds: Mapping[str, type[Any]]
) -> None:
    """Every field of every frame, missing and with every wrong kind of value; a socket for each ninety frames."""
    visitor, _ = hers
    before = rows(visitor.person)
    needed = [
        (kind, field) for kind, frame in kinds.items() for field in frame.__annotations__ if not hasattr(frame, field)
    ]
    missing = [(kind, field, ...) for kind, field in needed]
    odd = [*missing, *odd_frames(kinds)]
    for start in range(0, len(odd), 90):
        with visitor.socket(path) as socket:
            for kind, field, value in odd[start : start + 90]:
                fields = {name: good_value(wanted) for name, wanted in kinds[kind].__annotations__.items()}
                fields = (
                    {**fields, field: value} if value is not ... else {k: v for k, v in fields.items() if k != field}
                )
                socket.say(kind, **fields)
                assert socket.hear_until("problem")["code"] == "bad_frame", (kind, field, value)
            assert {frame["type"] for frame in socket.heard} <= {"problem", "studio"}
    assert rows(visitor.person) == before
    assert not valkey.has(keys.slot(visitor.person.id))


def test_every_route_was_tried() -> None:
    tried = set(OPEN) | set(SIGNED) | set(KEYED) | {name for name, _ in OWNED}
    assert tried == {route.name for route in PAGES} | ENDS


@pytest.fixture
async def beating(valkey: Valkey, processes: list[Limits]) -> AsyncIterator[list[Limits]]:
    """The same, where Redis knows that the processes are there."""
    with redis.Redis.from_url(valkey.url) as client:
        client.zadd(PROCESSES, {limits._process: time() + 600 for limits in processes})
        yield processes
        client.zrem(PROCESSES, *(limits._process for limits in processes))


async def opened(limits: Limits, person: Person, address: str, stack: AsyncExitStack) -> bool:
    try:
        await stack.enter_async_context(limits.socket(person, address))
    except LimitedError:
        return False
    return True


async def test_sockets_are_counted_in_all_processes(beating: list[Limits], settings: Any) -> None:
    settings.LIMIT_PERSON_SOCKETS, settings.LIMIT_ADDRESS_SOCKETS = 5, 8
    ada, bob, address = Person(id=uuid4()), Person(id=uuid4()), next_address()
    async with AsyncExitStack() as tabs:
        async with AsyncExitStack() as others:
            assert [await opened(beating[n % 4], ada, address, tabs) for n in range(7)] == [True] * 5 + [False] * 2
            assert [await opened(beating[n % 4], bob, address, others) for n in range(5)] == [True] * 3 + [False] * 2
        assert [await opened(beating[n % 4], bob, address, tabs) for n in range(4)] == [True] * 3 + [False]
    async with AsyncExitStack() as tabs:
        assert await opened(beating[3], ada, address, tabs)


async def test_sockets_of_a_process_that_is_gone_do_not_count(
    valkey: Valkey, beating: list[Limits], settings: Any
) -> None:
    settings.LIMIT_PERSON_SOCKETS = 2
    ada, address = Person(id=uuid4()), next_address()
    async with AsyncExitStack() as tabs:
        assert [await opened(beating[0], ada, address, tabs) for _ in range(2)] == [True, True]
        assert not await opened(beating[1], ada, address, tabs)
        with redis.Redis.from_url(valkey.url) as client:
            client.zadd(PROCESSES, {beating[0]._process: time() - 1})
        assert await opened(beating[1], ada, address, tabs)


async def test_sockets_are_counted_in_one_process_while_redis_is_away(tmp_path: Path, settings: Any) -> None:
    settings.LIMIT_PERSON_SOCKETS = 2
    ada, address, valkey = Person(id=uuid4()), next_address(), Valkey(tmp_path)
    await asyncio.to_thread(valkey.start)
    limits = Limits(valkey.url)
    async with AsyncExitStack() as tabs:
        assert await opened(limits, ada, address, tabs)
        await asyncio.to_thread(valkey.kill)
        assert await opened(limits, ada, address, tabs)
        assert not await opened(limits, ada, address, tabs)
    await asyncio.to_thread(valkey.start)
    async with AsyncExitStack() as tabs:
        assert [await opened(limits, ada, address, tabs) for _ in range(3)] == [True, True, False]
    await limits.close()
    valkey.kill()
