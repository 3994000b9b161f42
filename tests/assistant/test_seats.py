"""The line before the model with several processes: one line for all, and no seat is lost with a process."""

import asyncio
import random
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager

import pytest
from redis.asyncio import Redis

from assistant.doorbell import Doorbell
from assistant.queue import ModelQueue
from assistant.seats import GRANTED, SharedSeats, process_name
from tests.assistant.test_queue import Guest
from tests.servers import Valkey, soon


@pytest.fixture(scope="module")
def own_valkey(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Valkey]:
    """A Valkey without the processes of other tests."""
    server = Valkey(tmp_path_factory.mktemp("seats"))
    server.start()
    yield server
    server.kill()


@pytest.fixture
def redis_server(own_valkey: Valkey) -> Valkey:
    if not own_valkey.runs:
        own_valkey.start()
    own_valkey.empty()
    return own_valkey


@asynccontextmanager
async def process(server: Valkey, seats: int, length: int, model: str = "") -> AsyncIterator[ModelQueue]:
    """The line as one more process has it."""
    async with AsyncExitStack() as stack:
        redis = Redis.from_url(server.url)
        stack.push_async_callback(redis.aclose)
        doorbell = await stack.enter_async_context(Doorbell(server.url))
        await soon(lambda: server.listeners("doorbell") > 0)
        queue, shared = ModelQueue(seats, length), SharedSeats(redis, process_name(), model)
        yield await stack.enter_async_context(queue.shared_by(shared, doorbell))


@asynccontextmanager
async def processes(server: Valkey, number: int, seats: int, length: int) -> AsyncIterator[list[ModelQueue]]:
    async with AsyncExitStack() as stack:
        found = [await stack.enter_async_context(process(server, seats, length)) for _ in range(number)]
        # Each knows of the others.
        await soon(lambda: not any(queue._alone for queue in found))
        yield found


async def test_who_comes_first_is_served_first_at_whatever_process(redis_server: Valkey) -> None:
    async with processes(redis_server, 2, seats=1, length=9) as lines:
        first = Guest(lines[0])
        await soon(first.seated.is_set)
        assert first.places == []
        waiting = []
        for number in range(4):
            waiting.append(Guest(lines[1 - number % 2]))
            await soon(lambda: waiting[-1].places == [len(waiting) - 1])
        for place, guest in enumerate(waiting):
            assert [other.seated.is_set() for other in waiting[place:]] == [False] * (4 - place)
            await (waiting[place - 1] if place else first).go()
            await soon(guest.seated.is_set)
            for before, other in enumerate(waiting[place + 1 :]):
                await soon(lambda other=other, before=before: other.places[-1] == before)  # type: ignore[misc]
        await waiting[-1].go()
        assert [guest.places for guest in waiting] == [[0], [1, 0], [2, 1, 0], [3, 2, 1, 0]]


async def test_seats_at_another_model_are_others(redis_server: Valkey) -> None:
    async with process(redis_server, 1, 0) as words, process(redis_server, 1, 0, ":eyes") as eyes:
        guests = [Guest(words), Guest(eyes)]
        for guest in guests:
            await soon(guest.seated.is_set)
        assert [guest.places for guest in guests] == [[], []]
        for guest in guests:
            await guest.go()


async def test_a_seat_is_free_at_whatever_process(redis_server: Valkey) -> None:
    async with processes(redis_server, 3, seats=4, length=0) as lines:
        guests = []
        for _ in range(4):
            guests.append(Guest(lines[0]))
            await soon(guests[-1].seated.is_set)
            assert guests[-1].places == []
        await soon(lambda: not any(line.is_idle for line in lines))
        late = Guest(lines[2])
        await soon(late.task.done)
        assert late.turned_away
        for guest in guests:
            await guest.go()


async def test_the_line_is_full_for_all_processes(redis_server: Valkey) -> None:
    async with processes(redis_server, 2, seats=1, length=1) as lines:
        first = Guest(lines[0])
        await soon(first.seated.is_set)
        second = Guest(lines[1])
        await soon(lambda: second.places == [0])
        thirds = [Guest(line) for line in lines]
        await soon(lambda: all(third.task.done() for third in thirds))
        assert all(third.turned_away for third in thirds)
        await first.go()
        await soon(second.seated.is_set)
        await second.go()


async def test_who_gives_up_lets_those_of_other_processes_move_up(redis_server: Valkey) -> None:
    async with processes(redis_server, 2, seats=1, length=9) as lines:
        first = Guest(lines[0])
        await soon(first.seated.is_set)
        second, third = Guest(lines[0]), None
        await soon(lambda: second.places == [0])
        third = Guest(lines[1])
        await soon(lambda: third.places == [1])
        await second.give_up()
        await soon(lambda: third.places == [1, 0])
        await first.go()
        await soon(third.seated.is_set)
        await third.go()


async def test_a_free_seat_is_taken_without_asking_redis(redis_server: Valkey) -> None:
    async with processes(redis_server, 2, seats=8, length=9) as lines:
        await soon(lambda: all(line._free >= 4 for line in lines))
        # While a process states its seats none is taken there.
        await soon(lambda: not lines[0]._asking)
        lines[0]._changed.clear()
        guests = [Guest(lines[0]) for _ in range(3)]
        for _ in range(3):
            await asyncio.sleep(0)
        assert all(guest.seated.is_set() for guest in guests)
        for guest in guests:
            await guest.go()


async def test_a_process_that_is_alone_never_asks(redis_server: Valkey) -> None:
    async with process(redis_server, 2, 9) as line:
        await soon(lambda: not line._asking)
        guests = [Guest(line) for _ in range(3)]
        for _ in range(3):
            await asyncio.sleep(0)
        assert [guest.seated.is_set() for guest in guests] == [True, True, False]
        assert guests[2].places == [0]
        for guest in guests:
            await guest.go()


async def test_who_waits_where_one_was_alone_is_in_the_line_of_both(redis_server: Valkey) -> None:
    async with process(redis_server, 1, 9) as old:
        first, second = Guest(old), Guest(old)
        await soon(lambda: second.places == [0])
        async with process(redis_server, 1, 9) as new:
            await soon(lambda: not old._alone and all(ticket.is_stated for ticket in old._waiting.values()))
            third = Guest(new)
            await soon(lambda: third.places == [1])
            await first.go()
            await soon(second.seated.is_set)
            assert not third.seated.is_set()
            await second.go()
            await soon(third.seated.is_set)
            await third.go()


async def test_the_seats_of_a_process_that_is_gone_are_free_within_seconds(redis_server: Valkey) -> None:
    async with process(redis_server, 1, 9) as line, Redis.from_url(redis_server.url) as redis:
        gone = SharedSeats(redis, "gone")
        await soon(lambda: not line._asking)
        await gone.state(1, 9, 0, [])
        await soon(lambda: not line._alone)
        assert (await gone.state(1, 9, 0, ["1"])).places == {"1": GRANTED}
        begun = asyncio.get_running_loop().time()
        guest = Guest(line)
        await soon(lambda: guest.places == [0])
        await soon(guest.seated.is_set, 10)
        assert asyncio.get_running_loop().time() - begun < 7
        await guest.go()


async def test_a_process_that_ends_gives_all_back_at_once(redis_server: Valkey) -> None:
    async with process(redis_server, 4, 9) as stays:
        async with process(redis_server, 4, 9):
            await soon(lambda: not stays._alone)
        await soon(lambda: stays._alone, 3)


async def test_without_redis_each_process_decides_alone_and_with_it_they_share_again(redis_server: Valkey) -> None:
    async with processes(redis_server, 2, seats=2, length=9) as lines:
        await asyncio.to_thread(redis_server.kill)
        here = [Guest(line) for line in lines for _ in range(2)]
        await soon(lambda: all(guest.seated.is_set() for guest in here))
        late = Guest(lines[0])
        await soon(lambda: late.places == [0])
        await asyncio.to_thread(redis_server.start)
        await soon(lambda: not any(line._away or line._alone for line in lines))
        # Four sit on two seats: who comes now waits until three have gone.
        assert not late.seated.is_set()
        for guest in here[:2]:
            await guest.go()
        await asyncio.sleep(0.2)
        assert not late.seated.is_set()
        await here[2].go()
        await soon(late.seated.is_set)
        for guest in (here[3], late):
            await guest.go()


async def test_a_redis_that_forgets_everything_is_told_again(redis_server: Valkey) -> None:
    async with processes(redis_server, 2, seats=1, length=9) as lines:
        first = Guest(lines[0])
        await soon(first.seated.is_set)
        second = Guest(lines[1])
        await soon(lambda: second.places == [0])
        redis_server.empty()
        await soon(lambda: redis_server.size("seats:line") == 1 and redis_server.size("processes") == 2)
        assert not second.seated.is_set()
        await first.go()
        await soon(second.seated.is_set)
        await second.go()


@pytest.mark.parametrize("seed", range(6))
async def test_however_people_come_and_go_no_seat_is_lost_and_none_is_taken_twice(
    redis_server: Valkey, seed: int
) -> None:
    chance, seats = random.Random(seed), 4
    async with processes(redis_server, 3, seats, length=6) as lines:
        here: list[Guest] = []
        most = 0
        for _ in range(400):
            match chance.randrange(4):
                case 0 | 1:
                    here.append(Guest(chance.choice(lines)))
                case 2 if here:
                    chance.choice(here).leave.set()
                case 3 if here:
                    chance.choice(here).task.cancel()
            if chance.randrange(3):
                await asyncio.sleep(chance.choice([0, 0, 0.001, 0.003]))
            here = [guest for guest in here if not guest.task.done()]
            # Not by who has noticed: a seat counts from the moment that it is given.
            most = max(most, sum(line._used for line in lines))
            assert most <= seats
        await soon(lambda: sum(line._used for line in lines) == min(seats, sum(not g.task.done() for g in here)))
        for guest in here:
            guest.leave.set()
        await asyncio.wait_for(asyncio.gather(*(guest.task for guest in here), return_exceptions=True), 10)
        assert most == seats
        last = [Guest(chance.choice(lines)) for _ in range(seats)]
        await soon(lambda: all(guest.seated.is_set() for guest in last))
        for guest in last:
            await guest.go()
