"""What a tool may use: a run, and the connections of its process."""

from dataclasses import dataclass
from uuid import UUID

from redis.asyncio import Redis

from assistant.doorbell import Doorbell
from assistant.guard.guard import Guard
from assistant.limits import Limits
from assistant.pages.library import Library
from assistant.translator import Translator
from assistant.websearch.search import WebSearch


@dataclass(frozen=True)
class Kit:
    """`run` is the one whose answer the tool works for; there is none of an answer that is stored nowhere.
    `counted`: a command asks for it, and was counted already.

    `named` are the pages that the person has named, as `websearch.results.identity` writes them: no others are opened
    on the model's word alone. `asked` is what the person has said last, without its files. `guard` judges what is to be
    drawn, where there is one; `guest`: who asks has no account.
    """

    run: UUID
    redis: "Redis"
    doorbell: Doorbell
    web: WebSearch
    library: Library
    limits: Limits
    counted: bool = False
    named: frozenset[str] = frozenset()
    asked: str = ""
    guard: Guard | None = None
    guest: bool = True
    translator: Translator | None = None
