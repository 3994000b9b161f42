"""Sites that are killed, a Redis that is away, several sites and several couriers: each message has one answer.

The courier of the fixture rests here: each test starts those that it needs.
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from integrations.models import InboxEntry, OutboxEntry
from tests.fake_llama import FakeLlama, says
from tests.integrations.conftest import Messengers
from tests.integrations.couriers import ANSWER, Killed, said
from tests.integrations.deliveries import deliver
from tests.integrations.phones import words
from tests.ports import free_port
from tests.servers import Courier, Site, Valkey, eventually

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("resting")]


def test_a_site_that_is_killed_before_it_acknowledges_has_one_message(
    messengers: Messengers, couriers: Callable[[], Courier], tmp_path: Path, fake_llama: FakeLlama
) -> None:
    fake_llama.on("Name a mineral", says(ANSWER))
    couriers().start()
    messengers.site.stop()
    dying = Killed(messengers.site, "after integrations.webhook:store 1", tmp_path)
    ada = messengers.phone("whatsapp")
    try:
        dying.start()
        ada.write("Name a mineral")
        dying.dies()
    finally:
        dying.kill()
        messengers.site.start()
    assert words(ada.hear(2))[1] == ANSWER
    delivered = InboxEntry.objects.get(contact=ada.contact)
    # The emulator delivers again what was not acknowledged.
    eventually(lambda: {one["id"]: one["status"] for one in ada.bubbles}[delivered.external_id] != "sending")
    assert ada.stays_silent()
    assert said(ada) == ["Name a mineral"]


def test_a_message_that_comes_while_redis_is_away_is_answered_once_it_is_back(
    messengers: Messengers, couriers: Callable[[], Courier], valkey: Valkey, fake_llama: FakeLlama
) -> None:
    fake_llama.on("Name a mineral", says(ANSWER))
    couriers().start()
    ada = messengers.phone("whatsapp")
    valkey.kill()
    try:
        ada.write("Name a mineral")
        eventually(lambda: InboxEntry.objects.filter(contact__user_id=ada.person["user_id"]).exists())
    finally:
        valkey.start()
    assert words(ada.hear(2, 90))[1] == ANSWER
    assert ada.stays_silent()
    assert said(ada) == ["Name a mineral"]


def test_deliveries_are_acknowledged_while_redis_stands_still(messengers: Messengers, valkey: Valkey) -> None:
    seconds: list[float] = []

    def send(number: int) -> int:
        value = {"object": "page", "entry": [{"id": "0", "stands": f"still {number} {free_port()}"}]}
        response = deliver(messengers.site.url, value, messengers.environment["META_APP_SECRET"])
        seconds.append(response.elapsed.total_seconds())
        return response.status_code

    valkey.pause()
    try:
        with ThreadPoolExecutor(10) as threads:
            codes = list(threads.map(send, range(50)))
    finally:
        valkey.go_on()
    assert codes == [200] * 50
    assert max(seconds) < 5


def test_ten_parallel_deliveries_to_two_sites_are_one_message(
    messengers: Messengers, couriers: Callable[[], Courier], tmp_path: Path, fake_llama: FakeLlama
) -> None:
    fake_llama.on("Name a mineral", says(ANSWER))
    ada = messengers.phone("whatsapp")
    messengers.emulator.switch(refused_webhooks=1)
    bubble = ada.write("Name a mineral")
    eventually(lambda: messengers.emulator.traffic(bubble["id"]))
    body = messengers.emulator.traffic(bubble["id"])[0]["request"].encode()
    other = Site(tmp_path / "other", messengers.environment)
    other.start()
    try:
        with ThreadPoolExecutor(10) as threads:
            urls = [messengers.site.url, other.url] * 5
            secret = messengers.environment["META_APP_SECRET"]
            answers = list(threads.map(lambda url: deliver(url, body, secret).status_code, urls))
        assert answers == [200] * 10
        couriers().start()
        assert words(ada.hear(2))[1] == ANSWER
        deliver(other.url, body, secret)
        assert ada.stays_silent()
    finally:
        other.kill()
    assert said(ada) == ["Name a mineral"]
    assert ada.contact.inbox.count() == 1


def test_two_couriers_answer_forty_people_once_and_in_order(
    messengers: Messengers, couriers: Callable[[], Courier], fake_llama: FakeLlama
) -> None:
    texts = ["/help", "Name a mineral", "/model"]
    fake_llama.on("Name a mineral", says(ANSWER))
    people = [messengers.phone("messenger") for _ in range(40)]
    for one in (couriers(), couriers()):
        one.start()
    for text in texts:
        for person in people:
            person.write(text)
    for person in people:
        person.hear(4, 120)
    theirs = OutboxEntry.objects.filter(contact__in=[person.contact for person in people])
    eventually(lambda: not theirs.filter(state__in=("queued", "sending")).exists())
    assert not theirs.filter(state="unknown").exists()
    for person in people:
        _greeting, helped, answer, model = words(person.answers)
        assert "/forget" in helped
        assert answer == ANSWER
        assert "fake-llama" in model
        assert [entry.state for entry in person.contact.inbox.all()] == ["done"] * 3
