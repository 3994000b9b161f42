"""How many ask at once, and what each chat makes of it, by turns so that what else the machine does hits all."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import count

from benchmarks.answers import Received, crowd
from benchmarks.subjects import Page, Subject, opened
from benchmarks.words import answer, question
from tests.fake_llama import pieces

numbers = count(1)


@dataclass(frozen=True)
class Load:
    """`people` ask `answers` times each for `words` words, one after the other, in each of `rounds` rounds.

    `spread`: they begin evenly spread over the time that an answer takes, so that all streams run at once but nobody
    presses Enter in the same millisecond. The aims are the first word added (p50 and p99, ms), and seconds of processor
    time for 1,000 words; what has none is not told.
    """

    name: str
    people: int
    words: int
    rounds: int
    answers: int = 1
    spread: bool = False
    first_word: tuple[float, float] | None = None
    processor: float | None = None

    def seconds(self, rate: float) -> float:
        """What an answer takes at `rate` pieces a second."""
        return len(pieces(answer(self.words))) / rate


LOADS = (
    Load("1 stream", people=1, words=10, rounds=25, first_word=(4, 5)),
    Load("1 stream", people=1, words=200, rounds=2, processor=0.5),
    Load("20 spread", people=20, words=200, rounds=2, answers=2, spread=True, first_word=(5, 8), processor=0.2),
    Load("100 spread", people=100, words=200, rounds=2, answers=2, spread=True, first_word=(8, 40), processor=0.12),
    Load("20 in one instant", people=20, words=30, rounds=4, first_word=(30, 45)),
    Load("100 in one instant", people=100, words=30, rounds=4, first_word=(250, 300)),
)


@dataclass
class Result:
    """What one chat made of a load: all answers, and the processor time of its servers ("") and of others."""

    answers: list[Received] = field(default_factory=list)
    timed: list[Received] = field(default_factory=list)
    """Those that began when everybody was asking."""
    used: Counter[str] = field(default_factory=Counter)

    @property
    def words(self) -> int:
        return sum(one.words for one in self.answers)

    @property
    def waits(self) -> list[float]:
        """Milliseconds to the first word."""
        return [one.wait_ms for one in self.timed]

    @property
    def pace(self) -> float:
        """Words per second from sending to the last word, of all timed answers together."""
        return sum(one.words for one in self.timed) / sum(one.last - one.sent for one in self.timed)


async def run(load: Load, subjects: Sequence[Subject], rate: float) -> list[Result]:
    """What each of the subjects makes of `load`. Without a server one answer of each is enough, if it is long."""
    results = [Result() for _ in subjects]
    for number in range(load.rounds):
        for subject, result in zip(subjects, results, strict=True):
            if subject.servers or not load.spread:
                await one_round(load, number, subject, result, rate)
            elif not number:
                await one_round(replace(load, answers=1), number, subject, result, rate)
    return results


async def one_round(load: Load, number: int, subject: Subject, result: Result, rate: float) -> None:
    """Add one round to `result`. Each round is of other people, if there are more, so that conversations stay short."""
    print(f"{load.name}, {load.words} words, round {number + 1}: {subject.name}", flush=True)
    first = number * load.people
    people = [subject.people[i % len(subject.people)] for i in range(first, first + load.people)]
    seconds = load.seconds(rate)
    async with opened(people) as pages:
        asks = [partial(ask, page, load.words) for page in pages]
        before = subject.used()
        spread = seconds if load.spread else 0
        # Long enough for a site at a third of the pace.
        rounds = await crowd(asks, load.answers, spread, 60 + 3 * seconds * (load.answers + 1))
        result.used.update({name: used - before[name] for name, used in subject.used().items()})
    for received in rounds:
        result.answers += received
        result.timed += received[1:] or received


async def warm_up(subjects: Sequence[Subject]) -> None:
    """Ask each once: what is loaded and connected only then is not what is measured."""
    for subject in subjects:
        async with opened(subject.people[-1:]) as (page,):
            await ask(page, 1)


async def ask(page: Page, words: int) -> Received:
    """Ask with a mark of its own."""
    number = next(numbers)
    return replace(await page.ask(words, question(words, number)), mark=f"m{number}")
