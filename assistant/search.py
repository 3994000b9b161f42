"""Search in a person's conversations, over an index that the database keeps: FTS5 in SQLite, GIN in PostgreSQL.

Titles and texts are folded here, so that both databases find the same. Each term carries a few characters of the
person's id: a search reads what is indexed for that person, however much others have said.
"""

from collections.abc import Iterable
from typing import Any, NamedTuple
from uuid import UUID

from django.db import connection, transaction
from django.db.models import Exists, OuterRef, Q, QuerySet, Subquery
from django.db.models.signals import post_delete
from django.dispatch import receiver

from assistant.folding import Word, normalized, words
from assistant.models import Conversation, Member, Message, Person, Run, SearchEntry
from assistant.prepared import Prepared
from assistant.purge import purge

QUERY_CHARACTERS = 100
# So many of the newest that fit are ranked.
CANDIDATES = 500
CHUNK = 100
# How much a text of today counts beside the one that fits best, and after how many days half as much.
FRESHNESS, HALF_LIFE_DAYS = 0.5, 30
FIRST_POSITION = 1

FINDABLE = ("id", "person", "conversation", "conversation__title")

# Which messages may be found. Asked with each search: what is put aside and comes back needs no other index.
SHOWN = "message.shown"

TITLE, TEXT = "t", "m"
SCOPE_LENGTH = 5

# FTS5 gives its rows newest first without sorting; CROSS JOIN keeps it the outer loop.
SQLITE = """
SELECT {columns}, {quality}, julianday('now') - julianday({moment})
FROM assistant_searchindex
CROSS JOIN assistant_searchentry entry ON entry.id = assistant_searchindex.rowid
CROSS JOIN assistant_member member ON member.id = entry.member_id
CROSS JOIN {table}
WHERE assistant_searchindex MATCH %(query)s AND member.person_id = %(person)s AND {condition}
ORDER BY assistant_searchindex.rowid DESC LIMIT %(limit)s
"""
# Ranked after the limit, as a rank reads all terms of a text.
POSTGRESQL = """
SELECT conversation, message, position, {quality},
    extract(epoch FROM now() - moment) / 86400
FROM (
    SELECT {columns}, entry.terms, {moment} AS moment
    FROM assistant_searchentry entry JOIN assistant_member member ON member.id = entry.member_id CROSS JOIN {table}
    WHERE entry.terms @@ CAST(%(query)s AS tsquery) AND member.person_id = %(person)s AND {condition}
    ORDER BY entry.id DESC LIMIT %(limit)s
) AS found
"""
QUALITY = {"sqlite": "-bm25(assistant_searchindex)", "postgresql": "ts_rank(terms, CAST(%(query)s AS tsquery), 1)"}
TITLES = {
    "columns": "conversation.id AS conversation, NULL AS message, 0 AS position",
    "table": "assistant_conversation conversation",
    "moment": "conversation.updated_at",
    "condition": "conversation.id = member.conversation_id AND entry.message_id IS NULL",
}
TEXTS = {
    "columns": "message.conversation_id AS conversation, message.id AS message, message.position AS position",
    "table": "assistant_message message",
    "moment": "message.created_at",
    "condition": f"message.id = entry.message_id AND {SHOWN}",
}


class Match(NamedTuple):
    """A conversation that was found: by its title, by the best of its messages, or by both."""

    conversation: UUID
    in_title: bool
    message: UUID | None


class _Findable(NamedTuple):
    """A member of a conversation, by the columns FINDABLE."""

    id: int
    person: UUID
    conversation: UUID
    title: str


class _Row(NamedTuple):
    conversation: UUID
    message: UUID | None
    position: int
    score: float


def query_words(query: str) -> list[Word]:
    """What a query asks for: its words, the last of which may be the beginning of one."""
    return list(words(normalized(query[:QUERY_CHARACTERS])))


def search(person: Person, query: str) -> list[Match]:
    """The person's conversations in whose title, or in one of whose messages, all words of `query` stand.

    Best first: titles before texts, then those that fit better and are newer. Nothing for a query without a word.
    """
    asked = query_words(query)
    if not asked:
        return []
    update(person)
    titles = {row.conversation: row for row in _rows(person, TITLE, asked, TITLES)}
    texts: dict[UUID, _Row] = {}
    for row in sorted(_rows(person, TEXT, asked, TEXTS), key=lambda row: -row.score):
        best = texts.setdefault(row.conversation, row)
        # A title repeats the first message mostly; another one says more.
        if row.conversation in titles and best.position == FIRST_POSITION:
            texts[row.conversation] = row
    score = {row.conversation: row.score for row in (*texts.values(), *titles.values())}
    found = sorted(score, key=lambda conversation: (conversation not in titles, -score[conversation]))
    return [Match(one, one in titles, texts[one].message if one in texts else None) for one in found]


def update(person: Person) -> None:
    """Index what the person may find and the index lacks. Cheap where it lacks nothing. Raises DatabaseError."""
    members = Member.objects.filter(person=person, conversation__temporary=False, conversation__room=None)
    for row in _stale(members).values_list(*FINDABLE):
        _index(_Findable(*row))


def index(conversation: UUID) -> None:
    """Index what the members of a conversation may find and the index lacks; nothing of a temporary one.

    Raises DatabaseError.
    """
    for row in _members.rows(conversation):
        _index(_Findable(*row))


@Prepared
def _members(conversation: UUID) -> QuerySet[Member, Any]:
    members = Member.objects.filter(conversation=conversation, conversation__temporary=False, conversation__room=None)
    return members.values_list(*FINDABLE)


def forget(memberships: "QuerySet[Member]") -> None:
    """Take out what is indexed for `memberships`, until the next search or message of theirs."""
    SearchEntry.objects.filter(member__in=memberships).delete()


def forget_messages(messages: "QuerySet[Message]") -> None:
    """Take out what is indexed of `messages`, as their texts change. Deleted ones leave the index by themselves."""
    SearchEntry.objects.filter(message__in=messages).delete()


@receiver(post_delete, sender=Conversation)
@receiver(post_delete, sender=Message)
def purge_after(**_: object) -> None:
    """Purge what deletions leave in the index, once for all of a transaction, when it is committed."""
    if connection.vendor == "sqlite" and all(after[1] is not purge for after in connection.run_on_commit):
        transaction.on_commit(purge)


def entry_terms(kind: str, person: UUID, text: str) -> list[str]:
    """The terms of a title or a text, as the index keeps them for one person."""
    scope = scope_of(kind, person)
    return [scope + term for word in words(normalized(text)) for term in word.terms]


def scope_of(kind: str, person: UUID) -> str:
    """What all terms of a person begin with. Two people may share it: a search asks for the member too."""
    return kind + person.hex[:SCOPE_LENGTH]


def _stale(members: "QuerySet[Member]") -> "QuerySet[Member]":
    """Those for whom the index lacks the title of now, or the last message: then perhaps others before it."""
    title = SearchEntry.objects.filter(member=OuterRef("pk"), message=None, title=OuterRef("conversation__title"))
    last = Message.objects.filter(conversation=OuterRef("conversation")).order_by("-position").values("id")[:1]
    kept = SearchEntry.objects.filter(member=OuterRef("pk"), message=OuterRef("last"))
    looked_up = members.alias(last=Subquery(last))
    lacking = looked_up.filter(~Exists(title) | (Q(last__isnull=False) & ~Exists(kept)))
    return lacking.order_by("conversation__updated_at")


@Prepared
def _titled(member: int, title: str) -> QuerySet[SearchEntry, Any]:
    return SearchEntry.objects.filter(member=member, message=None, title=title).values_list("id")


@Prepared
def _missing(member: int, conversation: UUID) -> QuerySet[Message, Any]:
    there = SearchEntry.objects.filter(member=member, message=OuterRef("pk"))
    final = Message.objects.filter(conversation=conversation).exclude(run__status=Run.Status.RUNNING)
    return final.filter(~Exists(there)).order_by("position").values_list("id", "text")[:CHUNK]


def _index(member: _Findable) -> None:
    """Index the title as it is now, and the messages whose text is final, oldest first."""
    if not _titled.rows(member.id, member.title):
        with transaction.atomic():
            SearchEntry.objects.filter(member=member.id, message=None).delete()
            terms = entry_terms(TITLE, member.person, member.title)
            _write([SearchEntry(member_id=member.id, title=member.title, terms=terms)])
    chunk = _missing.rows(member.id, member.conversation)
    while chunk:
        texts = ((message, entry_terms(TEXT, member.person, text)) for message, text in chunk)
        _write([SearchEntry(member_id=member.id, message_id=message, terms=terms) for message, terms in texts])
        chunk = _missing.rows(member.id, member.conversation) if len(chunk) == CHUNK else []


def _write(entries: Iterable[SearchEntry]) -> None:
    """Another process may write the same at the same time: then its rows stay."""
    SearchEntry.objects.bulk_create(entries, ignore_conflicts=True)


def _rows(person: Person, kind: str, asked: list[Word], parts: dict[str, str]) -> list[_Row]:
    """The newest rows that fit, each with its score."""
    values = {
        "query": match_expression(scope_of(kind, person.pk), asked),
        "person": Person._meta.pk.get_db_prep_value(person.pk, connection),
        "limit": CANDIDATES,
    }
    # How well one letter fits says nothing, and takes long to say.
    typed = asked[-1]
    parts = parts | {"quality": "0" if len(typed.text) == 1 and not typed.is_run else QUALITY[connection.vendor]}
    with connection.cursor() as cursor:
        statement = SQLITE if connection.vendor == "sqlite" else POSTGRESQL
        cursor.execute(statement.format(**parts), values)
        rows = cursor.fetchall()
    best = max((float(quality) for *_, quality, _ in rows), default=0) or 1
    return [
        _Row(UUID(str(conversation)), message and UUID(str(message)), position, float(quality) / best + _freshness(age))
        for conversation, message, position, quality, age in rows
    ]


def _freshness(days: float) -> float:
    return float(FRESHNESS * 0.5 ** (max(0.0, float(days)) / HALF_LIFE_DAYS))


def _phrases(scope: str, asked: list[Word]) -> list[tuple[list[str], bool]]:
    """Terms that must follow each other, and whether the last of them is the beginning of a term."""
    phrases = []
    for word in asked:
        # The index has no character of a run alone but the last, so one alone is the beginning of a pair.
        terms = word.terms[:-1] or word.terms if word.is_run else word.terms
        phrases.append(([scope + term for term in terms], word is asked[-1] or (word.is_run and len(word.text) == 1)))
    return phrases


def match_expression(scope: str, asked: list[Word]) -> str:
    """A query in the language of the database's full-text search."""
    phrases = _phrases(scope, asked)
    if connection.vendor == "sqlite":
        return " AND ".join(f'"{" ".join(terms)}"{"*" * prefix}' for terms, prefix in phrases)
    quoted = (("' <-> '".join(terms), prefix) for terms, prefix in phrases)
    return " & ".join(f"('{terms}'{':*' * prefix})" for terms, prefix in quoted)
