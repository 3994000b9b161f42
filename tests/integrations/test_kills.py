"""A message that was acknowledged is never lost, and no answer is sent twice, wherever a courier is killed.

The courier of the fixture rests here: each test starts those that it needs.
"""

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import pytest

from assistant.models import Person, Run
from imagine import jobs
from imagine.models import Picture
from integrations.models import Contact, Delivery
from tests.fake_llama import FakeLlama, Gate, says
from tests.integrations.conftest import Messengers
from tests.integrations.couriers import ANSWER, Killed, die_at, kill_at, said, states, time_passes
from tests.integrations.phones import Phone, stay_silent, words
from tests.servers import Courier, Painter, eventually

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("resting")]

STEPS = {
    "a delivery was claimed": "before integrations.intake:read_all 1",
    "half of a delivery was read": "after integrations.intake:apply 1",
    "a delivery was read and not ended": "before integrations.intake:end 1",
    "a message is in the inbox": "before integrations.outbox:abandoned 1",
    "the turn is taken": "before integrations.dialogue:Dialogue.answer 1",
    "the message is in the conversation": "before integrations.talk:Talk._note 1",
    "the model was asked": "before assistant.answer:Answer._take 1",
    "the answer is there and not queued": "before integrations.dialogue:Dialogue._conclude 1",
    "the answer is queued": "after integrations.dialogue:Dialogue.answer 1",
    "the first of two bubbles was sent": "after integrations.outbox:sent 1",
}
# What is being sent to somebody else at that moment may have arrived, or not: see the test below.
ALONE = "the first of two bubbles was sent"


def write_all(phones: Sequence[Phone]) -> None:
    for phone in phones:
        phone.write("Name a mineral")


def test_couriers_that_are_killed_at_every_step(
    messengers: Messengers, couriers: Callable[[], Courier], tmp_path: Path, fake_llama: FakeLlama
) -> None:
    fake_llama.on("Name a mineral", says(ANSWER))
    messengers.emulator.switch(batch=True)
    # One after the other dies; who comes last finds what all of them left, and waits for their runs to be given up.
    writers = {step: [messengers.phone("whatsapp") for _ in range(1 if step == ALONE else 2)] for step in STEPS}
    for step, phones in writers.items():
        die_at(STEPS[step], couriers, tmp_path, partial(write_all, phones))
    time_passes()
    couriers().start()
    everybody = [phone for phones in writers.values() for phone in phones]
    for step, phones in writers.items():
        for phone in phones:
            heard = words(phone.hear(2, 120))
            assert (step, "an AI assistant" in heard[0], heard[1:]) == (step, True, [ANSWER])
    assert stay_silent(everybody)
    for phone in everybody:
        assert said(phone) == ["Name a mineral"]
        assert not set(states(phone)) & {"unknown", "failed"}


def test_couriers_that_are_killed_as_they_send_leave_it_open_whether_they_did(
    messengers: Messengers, couriers: Callable[[], Courier], tmp_path: Path, fake_llama: FakeLlama
) -> None:
    fake_llama.on("Name a mineral", says(ANSWER))
    unsent = [messengers.phone(app) for app in ("whatsapp", "instagram")]
    sent = [messengers.phone(app) for app in ("whatsapp", "messenger", "instagram")]
    for when, phones in (("before", unsent), ("after", sent)):
        for phone in phones:
            step = f"{when} integrations.sending:_send 1"
            die_at(step, couriers, tmp_path, partial(write_all, [phone]))
    time_passes()
    couriers().start()
    for phone in unsent:
        eventually(lambda one=phone: len(one.answers) == 1)  # type: ignore[misc]
    for phone in sent:
        assert words(phone.hear(2))[1] == ANSWER
    assert stay_silent([*unsent, *sent])
    for phone in unsent:
        assert words(phone.answers) == [ANSWER]
        assert states(phone)[0] == "unknown"
        assert phone.contact.outbox.get(state="unknown").problem == "interrupted"
    for phone in sent:
        assert len(phone.answers) == 2
        # The app tells it by a status or an echo.
        eventually(lambda one=phone: "unknown" not in states(one))  # type: ignore[misc]


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
    assert ada.contact.taken_until is None
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
