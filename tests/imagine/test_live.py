"""Drawing while people type: only the newest words of each are drawn, and everybody gets a turn."""

import asyncio
import time
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any
from uuid import uuid4

import pytest
from PIL import Image
from redis import Redis
from redis.asyncio import Redis as AsyncRedis

from imagine import history, keys, live
from imagine.errors import AwayError, StoppedError
from imagine.history import HEADER, MOST_PREVIEWS
from imagine.live import PAUSE_SECONDS, PREVIEW, QUEUE_LENGTH, LivePrompt, StaleCheck
from tests.servers import Valkey, eventually


@pytest.fixture
async def redis(valkey: Valkey) -> AsyncIterator[AsyncRedis]:
    """The shared Valkey, with an empty queue."""
    async with AsyncRedis.from_url(valkey.url, db=7) as client:
        await client.flushdb()
        yield client


@pytest.fixture
def painter_side(valkey: Valkey, redis: AsyncRedis) -> Redis:
    return Redis.from_url(valkey.url, db=7)


def typed(prompt: str, number: int = 1, shape: str = "square") -> LivePrompt:
    return LivePrompt(uuid4(), uuid4(), number, prompt, "", shape, seed=3)


def more(words: LivePrompt, prompt: str, hurry: bool = False) -> LivePrompt:
    return replace(words, prompt=prompt, number=words.number + 1, hurry=hurry)


async def test_only_the_newest_words_are_drawn(redis: AsyncRedis, painter_side: Redis) -> None:
    words = typed("a l")
    assert (await live.put(redis, words)).is_new
    for prompt in ("a ll", "a lla", "a llama"):
        words = more(words, prompt)
        assert not (await live.put(redis, words)).is_new
    [taken] = live.take(painter_side, 8)
    assert (taken.prompt, taken.number) == ("a llama", 4)
    assert live.take(painter_side, 8) == []


async def test_a_person_is_drawn_for_once_at_a_time(redis: AsyncRedis, painter_side: Redis) -> None:
    words = typed("a llama")
    await live.put(redis, words)
    drawing = live.take(painter_side, 1)
    await live.put(redis, more(words, "a llama in the rain"))
    assert live.take(painter_side, 1) == []
    live.release(painter_side, drawing)
    assert [taken.prompt for taken in live.take(painter_side, 1)] == ["a llama in the rain"]


async def test_words_that_come_again_while_they_are_drawn_are_not_drawn_twice(
    redis: AsyncRedis, painter_side: Redis
) -> None:
    words = typed("a red llama")
    await live.put(redis, words)
    [taken] = live.take(painter_side, 8)
    await live.put(redis, words)
    live.note_drawn(painter_side, taken)
    live.release(painter_side, [taken])
    assert live.take(painter_side, 8) == []
    await live.put(redis, more(words, "a red llama at sea"))
    live.note_drawn(painter_side, taken)
    assert [newer.number for newer in live.take(painter_side, 8)] == [2]


async def test_words_that_are_translated_meanwhile_are_drawn_again(redis: AsyncRedis, painter_side: Redis) -> None:
    words = typed("ein Fuchs")
    await live.put(redis, words)
    [taken] = live.take(painter_side, 8)
    translated = replace(words, drawn="a fox", hurry=True)
    await live.put(redis, translated)
    # What is being drawn is stale, and is not what the person waits for.
    with pytest.raises(StoppedError):
        StaleCheck(painter_side, [taken])(0, 4)
    live.note_drawn(painter_side, taken)
    live.release(painter_side, [taken])
    [again] = live.take(painter_side, 8)
    assert (again.number, again.drawn) == (words.number, "a fox")
    live.note_drawn(painter_side, again)
    live.release(painter_side, [again])
    assert live.take(painter_side, 8) == []


async def test_who_waited_longest_comes_first_and_nobody_starves(redis: AsyncRedis, painter_side: Redis) -> None:
    slow, quick = typed("slow"), typed("quick")
    await live.put(redis, quick)
    await live.put(redis, slow)
    order = []
    for _ in range(4):
        [taken] = live.take(painter_side, 1)
        order.append(taken.prompt)
        live.release(painter_side, [taken])
        # Both type on at once.
        for words in (quick, slow):
            await live.put(redis, words)
    assert order == ["quick", "slow", "quick", "slow"]


async def test_people_see_how_many_come_first(redis: AsyncRedis, painter_side: Redis) -> None:
    places = [await live.put(redis, typed(word)) for word in ("one", "two", "three")]
    assert [place.before for place in places] == [0, 1, 2]


async def test_several_people_share_a_pass_when_their_shapes_are_the_same(
    redis: AsyncRedis, painter_side: Redis
) -> None:
    for words in (typed("one"), typed("two", shape="wide"), typed("three")):
        await live.put(redis, words)
    assert [taken.prompt for taken in live.take(painter_side, 8)] == ["one", "three"]
    assert [taken.prompt for taken in live.take(painter_side, 8)] == ["two"]


async def test_a_full_queue_takes_nobody_more(redis: AsyncRedis) -> None:
    await redis.zadd(keys.QUEUE, {str(uuid4()): time.time() for _ in range(QUEUE_LENGTH)})
    with pytest.raises(AwayError):
        await live.put(redis, typed("one too many"))


async def test_those_who_come_at_once_do_not_slip_past_the_end_of_the_queue(redis: AsyncRedis) -> None:
    await redis.zadd(keys.QUEUE, {str(uuid4()): time.time() for _ in range(QUEUE_LENGTH - 3)})
    places = await asyncio.gather(*(live.put(redis, typed("me too")) for _ in range(20)), return_exceptions=True)
    assert sum(isinstance(place, AwayError) for place in places) == 17
    assert await redis.zcard(keys.QUEUE) == QUEUE_LENGTH
    assert len(await redis.keys(keys.slot("*"))) == 3


async def test_who_stands_in_a_full_queue_may_type_on(redis: AsyncRedis, painter_side: Redis) -> None:
    words = typed("a ll")
    await live.put(redis, words)
    await redis.zadd(keys.QUEUE, {str(uuid4()): time.time() for _ in range(QUEUE_LENGTH - 1)})
    assert not (await live.put(redis, more(words, "a llama"))).is_new
    assert [taken.prompt for taken in live.take(painter_side, 1)] == ["a llama"]


async def test_who_left_is_not_drawn_for(redis: AsyncRedis, painter_side: Redis) -> None:
    gone, stays = typed("gone"), typed("stays")
    for words in (gone, stays):
        await live.put(redis, words)
    await live.leave(redis, gone.person, gone.canvas)
    assert [taken.prompt for taken in live.take(painter_side, 8)] == ["stays"]


async def test_a_tab_that_closes_leaves_the_other_tab_its_drawing(redis: AsyncRedis, painter_side: Redis) -> None:
    first = typed("in the first tab")
    await live.put(redis, first)
    second = replace(first, canvas=uuid4(), prompt="in the second tab")
    await live.put(redis, second)
    await live.leave(redis, first.person, first.canvas)
    assert [taken.prompt for taken in live.take(painter_side, 8)] == ["in the second tab"]


class OtherTab(AsyncRedis):
    """Right after the first command of this client, another tab of the person puts a prompt."""

    client: AsyncRedis
    prompt: LivePrompt | None

    async def execute_command(self, *arguments: Any, **options: Any) -> Any:
        result = await super().execute_command(*arguments, **options)
        prompt, self.prompt = self.prompt, None
        if prompt:
            await live.put(self.client, prompt)
        return result


async def test_what_another_tab_types_while_one_closes_is_drawn(
    redis: AsyncRedis, painter_side: Redis, valkey: Valkey
) -> None:
    first = typed("in the first tab")
    await live.put(redis, first)
    async with OtherTab.from_url(valkey.url, db=7) as closing:
        closing.client, closing.prompt = redis, replace(first, canvas=uuid4(), prompt="in the second tab")
        await live.leave(closing, first.person, first.canvas)
    assert [taken.prompt for taken in live.take(painter_side, 8)] == ["in the second tab"]


class TestWhatIsBeingDrawn:
    """Between two steps: go on, or leave it for something newer."""

    async def test_goes_on_while_its_person_types_on(self, redis: AsyncRedis, painter_side: Redis) -> None:
        words = typed("a lla")
        await live.put(redis, words)
        [taken] = live.take(painter_side, 1)
        await live.put(redis, more(words, "a llama"))
        StaleCheck(painter_side, [taken])(1, 4)

    async def test_stops_for_newer_words_once_the_person_has_paused(
        self, redis: AsyncRedis, painter_side: Redis
    ) -> None:
        words = typed("a lla")
        await live.put(redis, words)
        [taken] = live.take(painter_side, 1)
        await live.put(redis, more(words, "a llama"))
        eventually(lambda: stops(painter_side, taken), PAUSE_SECONDS * 50)

    async def test_stops_at_once_for_words_that_are_in_a_hurry(self, redis: AsyncRedis, painter_side: Redis) -> None:
        words = typed("a lla")
        await live.put(redis, words)
        [taken] = live.take(painter_side, 1)
        await live.put(redis, more(words, "a llama", hurry=True))
        assert stops(painter_side, taken)

    async def test_stops_when_its_person_is_done_with_words_sent_before(
        self, redis: AsyncRedis, painter_side: Redis
    ) -> None:
        words = typed("a lla")
        await live.put(redis, words)
        [taken] = live.take(painter_side, 1)
        newest = more(words, "a llama")
        await live.put(redis, newest)
        await live.hurry(redis, newest.person, newest.canvas, newest.number)
        assert stops(painter_side, taken)
        live.release(painter_side, [taken])
        [last] = live.take(painter_side, 1)
        assert (last.prompt, last.seed, last.hurry) == ("a llama", words.seed, True)

    async def test_goes_on_when_it_is_what_its_person_is_done_with(
        self, redis: AsyncRedis, painter_side: Redis
    ) -> None:
        words = typed("a llama")
        await live.put(redis, words)
        [taken] = live.take(painter_side, 1)
        await live.hurry(redis, words.person, words.canvas, words.number)
        await live.hurry(redis, words.person, words.canvas, words.number + 1)
        assert not stops(painter_side, taken)

    async def test_stops_when_its_person_leaves(self, redis: AsyncRedis, painter_side: Redis) -> None:
        words = typed("a llama")
        await live.put(redis, words)
        [taken] = live.take(painter_side, 1)
        await live.leave(redis, words.person, words.canvas)
        assert stops(painter_side, taken)

    async def test_goes_on_while_one_of_several_people_wants_it(self, redis: AsyncRedis, painter_side: Redis) -> None:
        gone, stays = typed("gone"), typed("stays")
        for words in (gone, stays):
            await live.put(redis, words)
        both = live.take(painter_side, 2)
        await live.leave(redis, gone.person, gone.canvas)
        assert not stops(painter_side, *both)
        await live.leave(redis, stays.person, stays.canvas)
        assert stops(painter_side, *both)


def stops(redis: Redis, *prompts: LivePrompt) -> bool:
    try:
        StaleCheck(redis, prompts)(1, 4)
    except StoppedError:
        return True
    return False


async def test_a_preview_reaches_its_person_and_their_history(redis: AsyncRedis, painter_side: Redis) -> None:
    words = typed("a llama", number=9)
    await live.put(redis, words)
    async with redis.pubsub() as pages:
        await pages.subscribe(keys.person(words.person))
        history.publish(painter_side, words, Image.new("RGB", (64, 48), "red"))
        message = None
        while message is None or message["type"] != "message":
            message = await pages.get_message(timeout=10)
    data = message["data"]
    assert HEADER.unpack_from(data) == (PREVIEW, words.canvas.bytes, 9, 64, 48)
    [preview] = history.read(painter_side, words.person, words.canvas)
    assert preview.jpeg == data[HEADER.size :]
    assert preview.prompt == words


async def test_who_left_while_their_preview_was_drawn_has_it_in_no_history(
    redis: AsyncRedis, painter_side: Redis
) -> None:
    words = typed("a llama")
    await live.put(redis, words)
    [taken] = live.take(painter_side, 1)
    await live.leave(redis, words.person, words.canvas)
    history.publish(painter_side, taken, Image.new("RGB", (8, 8)))
    assert not await redis.exists(keys.history(words.person))


async def test_a_history_keeps_the_last_previews_of_its_own_canvas(redis: AsyncRedis, painter_side: Redis) -> None:
    words = typed("a llama")
    await live.put(redis, words)
    other = replace(words, canvas=uuid4())
    for number in range(MOST_PREVIEWS):
        history.publish(painter_side, replace(words, number=number), Image.new("RGB", (8, 8)))
    history.publish(painter_side, other, Image.new("RGB", (8, 8)))
    numbers = [preview.prompt.number for preview in history.read(painter_side, words.person, words.canvas)]
    assert numbers == list(range(1, MOST_PREVIEWS))
    assert await redis.ttl(keys.history(words.person)) > 0
