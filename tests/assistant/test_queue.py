"""The line before the model: fair, honest about places, and no seat is ever lost."""

import asyncio
import random

import pytest

from assistant.errors import CrowdedError
from assistant.queue import ModelQueue


class Guest:
    """Somebody who comes for a seat and stays until told to go."""

    def __init__(self, line: ModelQueue) -> None:
        self.places: list[int] = []
        self.turned_away = False
        self.seated = asyncio.Event()
        self.leave = asyncio.Event()
        self.task = asyncio.create_task(self._visit(line))

    async def _visit(self, line: ModelQueue) -> None:
        try:
            async with line.seat(self.places.append):
                self.seated.set()
                await self.leave.wait()
        except CrowdedError:
            self.turned_away = True

    async def go(self) -> None:
        self.leave.set()
        await self.task

    async def give_up(self) -> None:
        self.task.cancel()
        await asyncio.wait([self.task])


async def settle() -> None:
    """Let everybody do what they can do now."""
    for _ in range(5):
        await asyncio.sleep(0)


async def come(line: ModelQueue, count: int) -> list[Guest]:
    guests = [Guest(line) for _ in range(count)]
    await settle()
    return guests


async def test_who_finds_a_free_seat_is_not_told_to_wait() -> None:
    guests = await come(ModelQueue(2, 5), 2)
    assert all(guest.seated.is_set() and guest.places == [] for guest in guests)
    for guest in guests:
        await guest.go()


async def test_who_comes_first_is_served_first_and_all_know_their_place() -> None:
    first, *waiting = await come(ModelQueue(1, 5), 4)
    assert [guest.places for guest in waiting] == [[0], [1], [2]]
    await first.go()
    await settle()
    assert [guest.seated.is_set() for guest in waiting] == [True, False, False]
    assert [guest.places[-1] for guest in waiting[1:]] == [0, 1]
    for guest in waiting:
        await settle()
        assert guest.seated.is_set()
        await guest.go()


async def test_who_gives_up_lets_the_others_move_up() -> None:
    first, second, third, fourth = await come(ModelQueue(1, 5), 4)
    await second.give_up()
    assert (third.places[-1], fourth.places[-1]) == (0, 1)
    await first.go()
    await settle()
    assert third.seated.is_set()
    await third.go()
    await fourth.go()


async def test_who_gives_up_in_the_moment_of_being_called_passes_the_seat_on() -> None:
    first, second, third = await come(ModelQueue(1, 5), 3)
    first.leave.set()
    await asyncio.sleep(0)
    # The seat is second's now, who has not sat down yet.
    assert not second.seated.is_set()
    await second.give_up()
    await settle()
    assert not second.seated.is_set()
    assert third.seated.is_set()
    await third.go()


async def test_nobody_overtakes_those_who_wait() -> None:
    line = ModelQueue(1, 5)
    first, second = await come(line, 2)
    first.leave.set()
    late = Guest(line)
    await settle()
    assert second.seated.is_set()
    assert not late.seated.is_set()
    await second.go()
    await late.go()


async def test_who_comes_when_the_line_is_full_is_told_so() -> None:
    line = ModelQueue(1, 1)
    first, second, third = await come(line, 3)
    assert [guest.turned_away for guest in (first, second, third)] == [False, False, True]
    await first.go()
    await second.go()
    fourth = Guest(line)
    await settle()
    assert fourth.seated.is_set()
    await fourth.go()


async def test_a_failing_answer_gives_its_seat_back() -> None:
    line = ModelQueue(1, 0)
    with pytest.raises(ValueError, match="trouble"):
        async with line.seat(lambda place: None):
            raise ValueError("trouble")
    [guest] = await come(line, 1)
    assert guest.seated.is_set()
    await guest.go()


@pytest.mark.parametrize("seed", range(20))
async def test_however_people_come_and_go_no_seat_is_lost_and_none_is_taken_twice(seed: int) -> None:
    chance, seats, length = random.Random(seed), 3, 6
    line = ModelQueue(seats, length)
    here: list[Guest] = []
    for _ in range(300):
        match chance.randrange(4):
            case 0 | 1:
                here.append(Guest(line))
            case 2 if here:
                chance.choice(here).leave.set()
            case 3 if here:
                chance.choice(here).task.cancel()
        for _ in range(chance.randrange(3)):
            await asyncio.sleep(0)
        here = [guest for guest in here if not guest.task.done()]
        seated = [guest for guest in here if guest.seated.is_set()]
        assert len(seated) <= seats
    await settle()
    here = [guest for guest in here if not guest.task.done()]
    waiting = [guest for guest in here if not guest.seated.is_set()]
    assert len(here) - len(waiting) == min(seats, len(here))
    assert [guest.places[-1] for guest in waiting] == list(range(len(waiting)))
    for guest in here:
        guest.leave.set()
    await asyncio.wait_for(asyncio.gather(*(guest.task for guest in here), return_exceptions=True), 5)
    last = await come(line, seats)
    assert all(guest.seated.is_set() for guest in last)
    for guest in last:
        await guest.go()
