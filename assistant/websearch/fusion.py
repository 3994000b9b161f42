"""Rankings of several engines joined into one: reciprocal rank fusion, and one entry for each page.

Cormack, Clarke and Büttcher, https://doi.org/10.1145/1571941.1572114
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from assistant.websearch.results import Result, identity

# As in the paper: how much less the tenth counts than the first.
K = 60


@dataclass
class Candidate:
    """A page with its best rank, and the score of all its ranks."""

    result: Result
    rank: int
    score: float = 0.0

    def add(self, result: Result, rank: int) -> None:
        """Another engine's entry of the same page: the better rank gives the words, either gives what is missing."""
        better, other = (result, self.result) if rank < self.rank else (self.result, result)
        secure = next((one.url for one in (better, other) if one.url.startswith("https:")), better.url)
        self.result = replace(
            better, url=secure, snippet=better.snippet or other.snippet, date=better.date or other.date
        )
        self.rank = min(rank, self.rank)


def fuse(rankings: Iterable[Sequence[Result]]) -> list[Result]:
    """All pages of all rankings, the best first. Of equal scores the earlier ranking's comes first."""
    pages: dict[str, Candidate] = {}
    for ranking in rankings:
        seen: set[str] = set()
        for rank, result in enumerate(ranking, start=1):
            key = identity(result.url)
            if key in pages:
                pages[key].add(result, rank)
            else:
                pages[key] = Candidate(result, rank)
            # An engine that names a page twice does not count twice.
            if key not in seen:
                pages[key].score += 1 / (K + rank)
                seen.add(key)
    ranked = sorted(pages.values(), key=lambda page: page.score, reverse=True)
    return [page.result for page in ranked]
