"""Messages as pages and sockets show them."""

import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple
from uuid import UUID

from django.conf import settings
from django.db.models import Exists, OuterRef, QuerySet, prefetch_related_objects
from django.template.loader import render_to_string
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _

from assistant import vision
from assistant.code.issues import marks_of
from assistant.conversations import Turn, is_partial, pictures_of, shown_messages
from assistant.database import in_thread
from assistant.follow_ups import can_draw
from assistant.models import Attachment, Conversation, Feedback, Message, Run
from assistant.prepared import Prepared, PreparedObjects
from assistant.problems import error_of
from assistant.rooms import reactions
from assistant.sentences import (
    NO_FILE_SENTENCE,
    answer_text,
    by_best,
    kept_of,
    next_lines,
    problem_sentence,
    remarks_of,
    steps_of,
)
from assistant.versions import ONLY, Version, versions_of
from assistant.wishes import draw_wish
from imagine.models import Picture
from web.chat.file_view import FILES, FileView
from web.chat.found import SourceView, sources_of
from web.markdown.blocks import plain_blocks
from web.markdown.kept import answer_blocks

logger = logging.getLogger(__name__)

PAGE_LENGTH = 50


@dataclass(frozen=True)
class MessageView:
    """One message on the page. `number` is the last event its text contains, while it is being written.

    `drawing` is what the page offers to draw where the model answered in words, `follow_ups` are what it offers to say
    next; only the newest has them.
    """

    message: Message
    blocks: list[SafeString]
    run: Run | None
    feedback: Feedback | None
    pictures: list[Picture] = field(default_factory=list)
    drawing: str = ""
    files: list[FileView] = field(default_factory=list)
    version: Version = ONLY
    follow_ups: list[str] = field(default_factory=list)

    @property
    def speaker(self) -> str:
        """Who said it, for paper and screen readers, where the side on which it stands does not show that."""
        return _("You") if self.message.role == Message.Role.USER else settings.SITE_NAME

    @property
    def number(self) -> int:
        return self.run.saved_number if self.run else 0

    @property
    def running(self) -> bool:
        return self.run is not None and self.run.status == Run.Status.RUNNING

    @property
    def reasoning(self) -> str:
        """What the model thought. While it thinks on, white space at the end counts."""
        if self.run is None:
            return ""
        return self.run.reasoning if self.running else self.run.reasoning.rstrip()

    @property
    def reasoned(self) -> str:
        """For how long the model thought, in words; nothing where it did not."""
        if self.run is None or not self.run.reasoning:
            return ""
        return reasoning_sentence(self.run.reasoned_seconds or 0, thinking=self.thinking)

    @property
    def pictures_asked(self) -> bool:
        """Whether questions about its pictures can be answered. Sockets render without the variables of templates."""
        return vision.is_on()

    @property
    def thinking(self) -> bool:
        """Whether the answer is being thought about, and no word of it is there."""
        return self.running and not self.message.text

    @property
    def problem(self) -> str:
        """A sentence when the answer is not whole, or nothing."""
        return problem_sentence(self.run)

    @property
    def sources(self) -> list[SourceView]:
        """What the answer cites, in the order of its numbers."""
        return sources_of(self.run)

    @property
    def steps(self) -> list[str]:
        """A sentence for each thing that was done for the answer."""
        return steps_of(self.run)

    @property
    def kept(self) -> list[str]:
        """A sentence for each thing that was remembered or forgotten."""
        return kept_of(self.run)

    @property
    def remarks(self) -> list[str]:
        """What is to be known of the answer: who gave it, and which files were not read to their ends."""
        return [*filter(None, [by_best(self.run)]), *remarks_of(self.run)]

    @property
    def retry(self) -> bool:
        """Whether the page should offer to try again in so many words."""
        failed = (Run.Status.FAILED, Run.Status.INTERRUPTED)
        return self.run is not None and self.run.status in failed and error_of(self.run.problem).retry

    @property
    def partial(self) -> bool:
        """Whether the page should offer to go on with the answer."""
        return not self.running and is_partial(self.message)

    @property
    def revisions(self) -> list[tuple[str, str]]:
        """The codes and names of the other ways to answer: none for a picture."""
        if self.run is None or self.run.tool_call or self.pictures:
            return []
        offered = (Run.Revision.SHORTER, Run.Revision.LONGER, Run.Revision.SIMPLER)
        return [(one.value, str(one.label)) for one in offered]


def present(message: Message, version: Version = ONLY) -> MessageView:
    """Prepare `message`; expects `run` and `ratings` to be loaded with it."""
    if message.role == Message.Role.USER:
        prefetch_related_objects([message], FILES)
        return _question(message, message.attachments.all(), version)
    run = getattr(message, "run", None)
    return _answer(message, run, version, message.feedback, pictures_of(message, run))


def _answer(
    message: Message,
    run: Run | None,
    version: Version,
    feedback: Feedback | None = None,
    pictures: Sequence[Picture] = (),
) -> MessageView:
    text = answer_text(message, pictures, run.status if run else "", run.steps if run else None)
    addresses = [str(source.get("url")) for source in (run.sources if run else None) or ()]
    blocks = safe(answer_blocks(text, addresses, marks_of(run.code_issues if run else None)))
    return MessageView(message, blocks, run, feedback, list(pictures), version=version)


def _question(message: Message, attached: Iterable[Attachment], version: Version) -> MessageView:
    files = [FileView(one) for one in attached]
    # In a room it may be a picture or a voice note alone.
    text = message.text or ("" if files or message.spoken_as else str(NO_FILE_SENTENCE))
    return MessageView(message, safe(plain_blocks(text)), None, None, files=files, version=version)


def present_turn(turn: Turn) -> list[MessageView]:
    """Prepare the messages of a turn that was just stored. The database is asked for other versions of them, if any."""
    question, answer, run = turn.question, turn.answer, turn.run
    versions = {} if turn.alone else versions_of([question, answer] if question else [answer])
    shown = [_question(question, turn.files, versions.get(question.id, ONLY))] if question else []
    return [*shown, _answer(answer, run, versions.get(answer.id, ONLY))]


def present_all(messages: list[Message]) -> list[MessageView]:
    """Prepare shown messages of one conversation, with their places among their versions."""
    versions = versions_of(messages)
    return [present(message, versions.get(message.id, ONLY)) for message in messages]


def safe(blocks: list[str]) -> list[SafeString]:
    """Blocks for templates: the Markdown renderer has cleaned them as its last step."""
    return [mark_safe(block) for block in blocks]  # noqa: S308


class MessagePage(NamedTuple):
    """Messages of a conversation in order, and the positions before and after which others wait; None: none do."""

    messages: list[MessageView]
    earlier: int | None
    later: int | None


def present_page(
    conversation: Conversation, before: int | None = None, after: int | None = None, message: UUID | None = None
) -> MessagePage:
    """The newest messages below position `before`, the oldest above `after`, or those around `message`.

    The newest of all where none of these is given, or `message` is among them or not shown here.
    """
    shown = shown_messages(conversation)
    if message is not None:
        before = end_around(shown, message)
    rows = list(rows_between(shown, before, after))
    more = len(rows) > PAGE_LENGTH
    rows = rows[:PAGE_LENGTH]
    if after is None:
        rows.reverse()
    first, last = (rows[0].position, rows[-1].position) if rows else (0, 0)
    earlier = first if (more if after is None else shown.filter(position__lt=first).exists()) else None
    later = None
    if (more if after is not None else before is not None) and shown.filter(position__gt=last).exists():
        later = last
    views = present_all(rows)
    if rows and before is None and later is None:
        asked = rows[-2].text if len(rows) > 1 else ""
        views[-1] = replace(offer_drawing(views[-1], asked), follow_ups=next_lines(rows[-1], asked))
    return MessagePage(views, earlier, later)


def rows_between(shown: QuerySet[Message], before: int | None, after: int | None) -> QuerySet[Message]:
    """A page of messages and one more, the newest first; after `after` the oldest."""
    rows = shown.select_related("run").prefetch_related("ratings", "pictures", FILES)
    if after is not None:
        return rows.filter(position__gt=after)[: PAGE_LENGTH + 1]
    if before is not None:
        rows = rows.filter(position__lt=before)
    return rows.order_by("-position")[: PAGE_LENGTH + 1]


def end_around(shown: QuerySet[Message], message: UUID) -> int | None:
    """The position below which a page has `message` in its middle; None where the newest page has it, or none does."""
    position = shown.filter(id=message).values_list("position", flat=True).first()
    if position is None:
        return None
    newer = shown.filter(position__gt=position).values_list("position", flat=True)[:PAGE_LENGTH]
    return newer[PAGE_LENGTH // 2] if len(newer) == PAGE_LENGTH else None


def render_follow_ups(conversation: UUID, answer: UUID, position: int, lines: list[str]) -> str:
    """What the page offers to say after an answer, as HTML; empty without lines."""
    context = {"conversation_id": conversation, "answer": answer, "position": position, "lines": lines}
    return render_to_string("_follow_ups.html", context) if lines else ""


def offer_drawing(shown: MessageView, asked: str) -> MessageView:
    """The last answer, which offers to draw what `asked` wants drawn if the model answered in words."""
    run = shown.run
    if run is None or shown.running or run.tool_call is not None or shown.pictures:
        return shown
    what = draw_wish(asked)
    return replace(shown, drawing=what) if what and can_draw(run) else shown


class EndOfRun(NamedTuple):
    """The last picture of an answer. What one could say after it is put after the message `answer`."""

    status: str
    reasoning: str
    blocks: list[SafeString]
    sources: str
    pictures: str
    footer: str
    answer: UUID
    follow_ups: str


@PreparedObjects
def _answer_of(run: UUID) -> QuerySet[Message]:
    return Message.objects.filter(run=run)


@PreparedObjects
def _run(run: UUID) -> QuerySet[Run]:
    return Run.objects.filter(id=run)


@Prepared
def _around(run: UUID) -> QuerySet[Run, Any]:
    rated = Feedback.objects.filter(message=OuterRef("answer"))
    drawn = Message.pictures.through.objects.filter(message=OuterRef("answer"))
    fields = ("conversation__room", "answer__parent__role", "answer__parent__text")
    rows = Run.objects.filter(id=run).annotate(has_more=Exists(rated) | Exists(drawn))
    return rows.values_list(*fields, "has_more")


@in_thread
def end_of_run(run_id: UUID) -> EndOfRun:
    """The whole answer of a run that is over, its reasoning, sources, pictures, and the HTML under it."""
    message, run, around = _answer_of.first(run_id), _run.first(run_id), _around.first(run_id)
    if message is None or run is None or around is None:
        raise Message.DoesNotExist(f"the answer of run {run_id} was erased")
    room, role, before, has_more = around
    if room:
        return _end_in_room(Message.objects.select_related("run").get(pk=message.pk))
    message.run = run
    [shown] = (
        present_all([message]) if has_more else [_answer(message, run, versions_of([message]).get(message.id, ONLY))]
    )
    asked = before if role == Message.Role.USER else ""
    shown = offer_drawing(shown, asked)
    reasoning = render_to_string("_reasoning.html", {"shown": shown}) if shown.reasoned else ""
    found = shown.steps or shown.sources or shown.kept
    sources = render_to_string("_sources.html", {"shown": shown}) if found else ""
    pictures = render_to_string("_message_pictures.html", {"shown": shown}) if shown.pictures else ""
    footer = render_to_string("_footer.html", {"shown": shown})
    lines = next_lines(message, asked)
    follow_ups = render_follow_ups(message.conversation_id, message.id, message.position, lines)
    return EndOfRun(run.status, reasoning, shown.blocks, sources, pictures, footer, message.id, follow_ups)


def _end_in_room(message: Message) -> EndOfRun:
    """The same for all members of a room: nothing of it depends on who reads it."""
    shown = present(message)
    reasoning = render_to_string("_reasoning.html", {"shown": shown}) if shown.reasoned else ""
    sources = render_to_string("_sources.html", {"shown": shown}) if shown.steps or shown.sources else ""
    pictures = render_to_string("rooms/_pictures.html", {"shown": shown})
    offered = {"offered": reactions.OFFERED}
    footer = render_to_string("rooms/_footer.html", {"shown": shown, "message": message, "event": offered})
    return EndOfRun(message.run.status, reasoning, shown.blocks, sources, pictures, footer, message.id, "")


def reasoning_sentence(seconds: float, *, thinking: bool) -> str:
    """The line over what the model thinks, or thought. Short times are not counted."""
    whole = round(seconds)
    if thinking:
        return _("Thinking for %(time)s") % {"time": duration(whole)} if whole > 1 else _("Thinking")
    return _("Thought for %(time)s") % {"time": duration(whole)} if whole else _("Thought for a moment")


def duration(seconds: int) -> str:
    """Such as "8 s" or "2 min 5 s"."""
    minutes, rest = divmod(seconds, 60)
    if not minutes:
        return _("%(seconds)s s") % {"seconds": rest}
    return _("%(minutes)s min %(seconds)s s") % {"minutes": minutes, "seconds": rest}
