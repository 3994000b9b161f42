"""What a search costs: python -m benchmarks.search

On SQLite, or on the PostgreSQL of DATABASE_URL in a database of its own. One person has 20,000 messages, others have
200,000. Each query runs in turns bare, as one statement that reads ids from the same index, and as the page runs it:
matches, ranks, and the marked excerpts of the first fifty. The table has medians.
"""

# isort: off
from benchmarks.database import empty_database
# isort: on

import argparse
import random
import time
from collections.abc import Callable, Iterator
from itertools import accumulate
from statistics import median

from django.db import connection
from django.db.models import Q

from assistant import people, search
from assistant.models import Conversation, Member, Message, Person
from benchmarks.table import Figure, report
from web.chat.results import present_results

VOCABULARY, SHORTEST, LONGEST = 30_000, 10, 200
PER_CONVERSATION, CONVERSATIONS_EACH = 100, 50
BARE = {
    "sqlite": (
        "SELECT rowid FROM assistant_searchindex WHERE assistant_searchindex MATCH %s ORDER BY rowid DESC LIMIT 500"
    ),
    "postgresql": "SELECT id FROM assistant_searchentry WHERE terms @@ CAST(%s AS tsquery) ORDER BY id DESC LIMIT 500",
}
# The number of a word is its rank: the first stands in most messages, the last in none or one.
QUERIES = {
    "a word of most messages": "baaa",
    "a word of a few": "zzea",
    "three common words": "caaa daaa eaaa",
    "a word, and one letter typed": "zaaa b",
    "one letter": "b",
    "nothing": "zzzzzz",
}


def main() -> None:
    """Measure, print the table, keep it as JSON."""
    parser = argparse.ArgumentParser(description="Measure the search in conversations.")
    parser.add_argument("--messages", type=int, default=20_000)
    parser.add_argument("--others", type=int, default=200_000)
    parser.add_argument("--rounds", type=int, default=15)
    options = parser.parse_args()
    with empty_database() as server:
        lots = random.Random(7)
        reader = people.make_guest()
        took = fill(reader, options.messages, lots)
        for number in range(options.others // (PER_CONVERSATION * CONVERSATIONS_EACH)):
            print(f"others: {number}", flush=True)
            fill(people.make_guest(), PER_CONVERSATION * CONVERSATIONS_EACH, lots)
        analyze()
        figures = [Figure("index one message", took / options.messages * 1000, "ms")]
        for name, query in QUERIES.items():
            figures += measured(reader, name, query, options.rounds)
        figures += deleting(reader)
        report(f"search-{connection.vendor}", {"server": server, **vars(options)}, figures)


def word(number: int) -> str:
    """The word of a rank, in letters: 0 is aaaa, 1 baaa."""
    return "".join(chr(97 + number // 26**place % 26) for place in range(4))


def fill(person: Person, messages: int, lots: random.Random) -> float:
    """Give the person so many messages, with words as frequent as a language has them. Returns the seconds to index."""
    weights = list(accumulate(1 / (rank + 3) for rank in range(VOCABULARY)))
    for start in range(0, messages, PER_CONVERSATION):
        conversation = Conversation.objects.create(title=" ".join(said(lots, weights, 5)))
        Member.objects.create(conversation=conversation, person=person)
        Message.objects.bulk_create(
            Message(
                conversation=conversation,
                position=position + 1,
                role=Message.Role.USER if position % 2 else Message.Role.ASSISTANT,
                text=" ".join(said(lots, weights, lots.randint(SHORTEST, LONGEST))),
            )
            for position in range(min(PER_CONVERSATION, messages - start))
        )
    return seconds(lambda: search.update(person))


def said(lots: random.Random, weights: list[float], length: int) -> Iterator[str]:
    return (word(number) for number in lots.choices(range(VOCABULARY), cum_weights=weights, k=length))


def analyze() -> None:
    """Let the database count, as it does by itself in time."""
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE" if connection.vendor == "postgresql" else "PRAGMA optimize")


def measured(person: Person, name: str, query: str, rounds: int) -> list[Figure]:
    """The query bare and on the page, in turns; and once by reading all texts, as without an index."""
    bare, page = [], []
    for _ in range(rounds):
        bare.append(seconds(lambda: run_bare(person, query)))
        page.append(seconds(lambda: run_page(person, query)))
    reading = seconds(lambda: read_all(person, query))
    ratio = median(page) / median(bare)
    return [
        Figure(f"{name}: conversations found", len(search.search(person, query))),
        Figure(f"{name}: bare", median(bare) * 1000, "ms"),
        Figure(f"{name}: page", median(page) * 1000, "ms"),
        Figure(f"{name}: page ÷ bare", ratio),
        Figure(f"{name}: page ÷ reading all texts", median(page) / reading),
    ]


def run_bare(person: Person, query: str) -> None:
    expression = search.match_expression(search.scope_of(search.TEXT, person.pk), search.query_words(query))
    with connection.cursor() as cursor:
        cursor.execute(BARE[connection.vendor], [expression])
        cursor.fetchall()


def run_page(person: Person, query: str) -> None:
    present_results(search.search(person, query)[:50], query)


def read_all(person: Person, query: str) -> None:
    """One LIKE for each word over titles and texts."""
    found = person.conversations.order_by("-updated_at")
    for one in query.split():
        found = found.filter(Q(title__icontains=one) | Q(messages__text__icontains=one, messages__replaced_by=None))
    list(found.distinct()[:50])


def deleting(person: Person) -> list[Figure]:
    """What it takes to delete one conversation, with all that is indexed of it."""
    conversation = person.conversations.earliest("updated_at")
    first = seconds(conversation.delete)
    conversation = person.conversations.earliest("updated_at")
    return [
        Figure("delete a conversation of 100, the first", first * 1000, "ms"),
        Figure("delete a conversation of 100, the next", seconds(conversation.delete) * 1000, "ms"),
    ]


def seconds(work: Callable[[], object]) -> float:
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun


if __name__ == "__main__":
    main()
