"""A message that was acknowledged is never lost, and no answer is sent twice, wherever a process is killed.

The courier of the fixture rests here: each test starts those that it needs.
"""

import itertools
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest
from django.utils import timezone

from assistant.models import Message, Person, Run
from imagine import jobs
from imagine.models import Picture
from integrations.models import Contact, Delivery, InboxEntry, OutboxEntry
from tests.fake_llama import FakeLlama, Gate, says
from tests.integrations.conftest import Messengers
from tests.integrations.deliveries import deliver
from tests.integrations.phones import Phone, words
from tests.ports import free_port
from tests.servers import Courier, Painter, Server, Site, Valkey, eventually
from web.local.process import Child

pytestmark = pytest.mark.slow

ANSWER = "Salt is a mineral."
numbers = itertools.count(1)


class Killed(Server):
    """A server that dies at a step, see killed.py."""

    def __init__(self, server: Server, step: str, folder: Path) -> None:
        self._step = step
        self._log = folder / f"killed-{next(numbers)}.log"
        super().__init__(lambda: self._trapped(server.make()))

    def _trapped(self, child: Child) -> Child:
        python, *arguments = child.command
        command = [python, "-m", "tests.integrations.killed", self._step, *arguments]
        return replace(child, command=command, log=self._log)

    def dies(self, seconds: float = 60) -> None:
        """Wait until it has died."""
        assert self._child
        eventually(self._child.stopped, seconds)


@pytest.fixture(scope="module", autouse=True)
def resting(shared_messengers: Messengers) -> Iterator[None]:
    """No courier but those of the tests."""
    shared_messengers.courier.stop(60)
    yield
    shared_messengers.courier.start()


@pytest.fixture
def couriers(messengers: Messengers, tmp_path: Path) -> Iterator[Callable[[], Courier]]:
    """Makes couriers, which end with the test."""
    made: list[Courier] = []

    def make() -> Courier:
        made.append(Courier(tmp_path / f"courier-{next(numbers)}", messengers.environment))
        return made[-1]

    yield make
    for one in made:
        one.kill()


def time_passes() -> None:
    """What a killed courier held may be taken by another, as after LEASE. That it ends is tested once, below."""
    Delivery.objects.filter(state="waiting").update(taken_until=timezone.now())
    Contact.objects.exclude(taken_until=None).update(taken_until=timezone.now())


def kill_at(step: str, couriers: Callable[[], Courier], tmp_path: Path, act: Callable[[], object]) -> None:
    """Have a courier die at a step of what `act` begins, and start another."""
    dying = Killed(couriers(), step, tmp_path)
    try:
        dying.start()
        act()
        dying.dies()
    finally:
        dying.kill()
    time_passes()
    couriers().start()


def said(phone: Phone) -> list[str]:
    """What the person said, as it stands in their conversations."""
    messages = Message.objects.filter(author=phone.contact.person).order_by("created_at")
    return list(messages.values_list("text", flat=True))


def states(phone: Phone) -> list[str]:
    """How far each bubble has come, in their order."""
    return list(phone.contact.outbox.order_by("created_at", "cause", "place").values_list("state", flat=True))


STEPS = {
    "a delivery was claimed": "before integrations.intake:read_all 1",
    "half of a delivery was read": "after integrations.intake:apply 1",
    "a delivery was read and not ended": "before integrations.intake:end 1",
    "a message is in the inbox": "before integrations.outbox:abandoned 1",
    "the turn is taken": "before integrations.dialogue:Dialogue.answer 1",
    "the message is in the conversation": "before integrations.talk:Talk._note 1",
    "the model was asked": "before assistant.answering:Answer._take 1",
    "the answer is there and not queued": "before integrations.dialogue:Dialogue._conclude 1",
    "the answer is queued": "after integrations.dialogue:Dialogue.answer 1",
    "the first of two bubbles was sent": "after integrations.outbox:sent 1",
}


@pytest.mark.parametrize("step", STEPS)
def test_a_courier_that_is_killed_once(
    step: str, messengers: Messengers, couriers: Callable[[], Courier], tmp_path: Path, fake_llama: FakeLlama
) -> None:
    fake_llama.on("Name a mineral", says(ANSWER))
    ada, bo = messengers.phone("whatsapp"), messengers.phone("whatsapp")
    messengers.emulator.switch(batch=True)

    def write() -> None:
        ada.write("Name a mineral")
        bo.write("Name a mineral")

    kill_at(STEPS[step], couriers, tmp_path, write)
    for phone in (ada, bo):
        greeting, answer = words(phone.hear(2, 90))
        assert "an AI assistant" in greeting
        assert answer == ANSWER
    for phone in (ada, bo):
        assert phone.stays_silent()
        assert said(phone) == ["Name a mineral"]
        assert not set(states(phone)) & {"unknown", "failed"}


@pytest.mark.parametrize("app", ["whatsapp", "messenger", "instagram"])
def test_a_courier_that_is_killed_before_it_sends_leaves_it_open_whether_it_did(
    app: str, messengers: Messengers, couriers: Callable[[], Courier], tmp_path: Path, fake_llama: FakeLlama
) -> None:
    fake_llama.on("Name a mineral", says(ANSWER))
    ada = messengers.phone(app)
    kill_at("before integrations.sending:_send 1", couriers, tmp_path, lambda: ada.write("Name a mineral"))
    eventually(lambda: len(ada.answers) == 1)
    assert ada.stays_silent()
    assert words(ada.answers) == [ANSWER]
    assert states(ada)[0] == "unknown"
    assert ada.contact.outbox.get(state="unknown").problem == "interrupted"


@pytest.mark.parametrize("app", ["whatsapp", "messenger", "instagram"])
def test_a_courier_that_is_killed_after_it_sent_sends_nothing_twice(
    app: str, messengers: Messengers, couriers: Callable[[], Courier], tmp_path: Path, fake_llama: FakeLlama
) -> None:
    fake_llama.on("Name a mineral", says(ANSWER))
    ada = messengers.phone(app)
    kill_at("after integrations.sending:_send 1", couriers, tmp_path, lambda: ada.write("Name a mineral"))
    assert words(ada.hear(2))[1] == ANSWER
    assert ada.stays_silent()
    assert len(ada.answers) == 2
    # The app tells it by a status or an echo.
    eventually(lambda: "unknown" not in states(ada))


def test_a_courier_that_is_killed_twice_while_the_model_speaks(
    messengers: Messengers, couriers: Callable[[], Courier], fake_llama: FakeLlama
) -> None:
    ada, gate = messengers.phone("whatsapp"), Gate()
    fake_llama.on("Name a mineral", says(ANSWER, gate=gate))
    ada.write("Name a mineral")
    for number in (1, 2):
        courier = couriers()
        courier.start()
        fake_llama.wait_for(lambda counts, number=number: counts.requests >= number, 60)  # type: ignore[misc]
        gate.let(2)
        eventually(lambda: Run.objects.filter(person=ada.contact.person, answer__text__startswith="Salt").exists())
        courier.kill()
        gate.let(2)
        time_passes()
    gate.open()
    couriers().start()
    assert words(ada.hear(2, 90))[1] == ANSWER
    assert ada.stays_silent()
    assert said(ada) == ["Name a mineral"]


def test_the_lease_of_a_killed_courier_ends_by_itself(
    messengers: Messengers, couriers: Callable[[], Courier], tmp_path: Path, fake_llama: FakeLlama
) -> None:
    fake_llama.on("Name a mineral", says(ANSWER))
    ada = messengers.phone("messenger")
    dying = Killed(couriers(), STEPS["the answer is queued"], tmp_path)
    dying.start()
    ada.write("Name a mineral")
    dying.dies()
    couriers().start()
    assert words(ada.hear(2, 60))[1] == ANSWER


def test_a_courier_that_stands_still_for_long_sends_nothing_twice(
    messengers: Messengers, couriers: Callable[[], Courier], fake_llama: FakeLlama
) -> None:
    ada, gate = messengers.phone("whatsapp"), Gate()
    fake_llama.on("Name a mineral", says(ANSWER, gate=gate))
    first = couriers()
    first.start()
    ada.write("Name a mineral")
    runs = Run.objects.filter(person__contacts__user_id=ada.person["user_id"])
    gate.let(2)
    eventually(lambda: runs.filter(answer__text__startswith="Salt").exists())
    first.pause()
    try:
        couriers().start()
        # The lease ends, the run is given up, and the other courier has begun anew.
        eventually(lambda: runs.filter(status="interrupted").exists(), 60)
        gate.open()
        assert words(ada.hear(2, 60))[1] == ANSWER
    finally:
        first.go_on()
    ada.write("/help")
    ada.hear(3)
    assert ada.stays_silent(8)
    assert len(ada.answers) == 3
    # One answer, and the version that was given up.
    assert runs.count() == 2


def test_a_courier_that_is_asked_to_stop_ends_what_it_has_begun(
    messengers: Messengers, couriers: Callable[[], Courier], fake_llama: FakeLlama
) -> None:
    ada, gate = messengers.phone("messenger"), Gate()
    fake_llama.on("Name a mineral", says(ANSWER, gate=gate))
    first = couriers()
    first.start()
    ada.write("Name a mineral")
    gate.let(2)
    runs = Run.objects.filter(person__contacts__user_id=ada.person["psid"])
    eventually(runs.filter(answer__text__startswith="Salt").exists)
    first.terminate()
    ada.write("Name a mineral, please")
    gate.open()
    first.stop(60)
    assert said(ada) == ["Name a mineral"]
    assert not Contact.objects.exclude(taken_until=None).exists()
    couriers().start()
    assert words(ada.hear(3, 60))[1:] == [ANSWER, ANSWER]
    assert ada.stays_silent()
    assert said(ada) == ["Name a mineral", "Name a mineral, please"]


@pytest.mark.parametrize("step", ["before assistant.people:erase 1", "after assistant.people:erase 1"])
def test_a_courier_that_is_killed_while_somebody_is_erased(
    step: str, messengers: Messengers, couriers: Callable[[], Courier], tmp_path: Path, fake_llama: FakeLlama
) -> None:
    fake_llama.on("Name a mineral", says(ANSWER))
    ada = messengers.phone("whatsapp")
    calm = couriers()
    calm.start()
    ada.ask("Name a mineral", 2)
    person = ada.contact.person_id
    ada.ask("/forget")
    calm.stop()
    kill_at(step, couriers, tmp_path, lambda: ada.tap("Erase it"))
    eventually(lambda: not Person.objects.filter(pk=person).exists())
    if step.startswith("before"):
        assert words(ada.hear(4))[3] == "Everything is erased."
    eventually(lambda: not Delivery.objects.filter(state="waiting").exists())
    # Once it is erased nobody is left to be told twice.
    assert words(ada.answers).count("Everything is erased.") <= 1
    assert not Contact.objects.filter(user_id=ada.person["user_id"]).exists()


@pytest.mark.parametrize(
    ("step", "number"),
    [
        ("before integrations.drawing:finished 1", 1),
        ("after integrations.whatsapp.channel:WhatsApp._uploaded 1", 0),
    ],
)
def test_a_courier_that_is_killed_with_a_picture(
    step: str,
    number: int,
    messengers: Messengers,
    couriers: Callable[[], Courier],
    tmp_path: Path,
    painter: Painter,
    fake_llama: FakeLlama,
) -> None:
    ada = messengers.phone("whatsapp")
    calm = couriers()
    calm.start()
    ada.ask("/imagine a llama", 2)
    calm.stop()
    pictures = jobs.own_pictures(ada.contact.person_id)
    assert pictures.count() == 1
    kill_at(step, couriers, tmp_path, lambda: ada.tap("More like it"))
    eventually(lambda: len(ada.answers) == 2 + number, 60)
    assert ada.stays_silent()
    assert len(ada.answers) == 2 + number
    assert pictures.filter(status=Picture.Status.DONE).count() == 2
    assert ("unknown" in states(ada)) is (number == 0)


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
    assert (
        not OutboxEntry.objects.filter(state__in=("queued", "sending", "unknown"))
        .exclude(contact__outbox__problem="interrupted")
        .exists()
    )
    for person in people:
        _greeting, helped, answer, model = words(person.answers)
        assert "/forget" in helped
        assert answer == ANSWER
        assert "fake-llama" in model
        assert [entry.state for entry in person.contact.inbox.all()] == ["done"] * 3
