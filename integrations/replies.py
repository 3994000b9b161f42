"""What answers somebody in an app: a finished run, or a sentence, as bubbles. Synchronous; nothing is sent here."""

from collections.abc import Sequence
from uuid import UUID

from django.utils.translation import gettext as _
from redis.exceptions import RedisError

from assistant import sentences
from assistant.code.sentences import caution
from assistant.conversations import question_before
from assistant.follow_ups import can_draw
from assistant.models import Run
from assistant.sources import Source
from assistant.wishes import draw_wish
from imagine.models import Picture
from imagine.status import current_status
from imagine.styles import STYLES, Style
from integrations import wording
from integrations.base import Channel
from integrations.outbound import Choice, Drawn, OutboundMessage
from integrations.text.render import fit, render

# How the payload begins of what is said when it is tapped, whole, as titles are cut.
SAID = "say:"
# More bubbles than this are no answer but a flood, also for people who cannot read the rest elsewhere.
FLOOD_BUBBLES = 10


def say(channel: Channel, text: str, choices: Sequence[Choice] = ()) -> OutboundMessage:
    """One bubble with a sentence of ours, which is plain text."""
    return OutboundMessage(fit(text, channel.dialect.limit, channel.dialect), choices=shown(channel, choices))


def answer(channel: Channel, run: Run, address: str = "") -> list[OutboundMessage]:
    """The bubbles of a run that is over. `address` is where all of it can be read, if the person can go there."""
    message = run.answer
    pictures = list(message.pictures.filter(status=Picture.Status.DONE))
    text = "" if pictures and not message.text else sentences.answer_text(message, pictures, run.status, run.steps)
    problem = sentences.problem_sentence(run)
    found = [Source.from_json(source) for source in run.sources or ()]
    texts = render(text, channel.dialect, found, more=address)
    bubbles = [OutboundMessage(one) for one in texts[:FLOOD_BUBBLES]]
    if len(texts) > FLOOD_BUBBLES:
        bubbles.append(say(channel, _("The answer is longer than I can send here. Ask for a part of it.")))
    remarks = [*sentences.remarks_of(run), *filter(None, [caution(run.code_issues), problem])]
    if remarks:
        bubbles.append(say(channel, "\n".join(remarks)))
    for picture in pictures:
        bubbles.extend(of_picture(channel, picture))
    if bubbles and not pictures and (choices := next_choices(run, question_before(message))):
        bubbles[-1] = with_choices(channel, bubbles[-1], choices)
    return bubbles


def next_choices(run: Run, asked: str) -> list[Choice]:
    """What one could say after an answer in words: to draw it, where that was asked for, or what was suggested."""
    what = draw_wish(asked)
    drawing = [Choice(_("Draw it"), f"{SAID}/imagine {what}")] if what and not run.tool_call and can_draw(run) else []
    return drawing + [Choice(line, f"{SAID}{line}", line) for line in sentences.next_lines(run.answer, asked)]


def of_picture(channel: Channel, picture: Picture) -> list[OutboundMessage]:
    """A finished picture, with what can be made of it."""
    drawn = Drawn(str(picture.id), channel.loop if picture.moves else "still")
    if not channel.limits.caption:
        return [OutboundMessage(drawn=drawn), say(channel, wording.caption(picture), of_it(channel, picture))]
    return [OutboundMessage(wording.caption(picture), drawn, shown(channel, of_it(channel, picture)))]


def of_it(channel: Channel, picture: Picture) -> list[Choice]:
    """What can be made of a picture, the most wanted first, as some apps show only three."""
    id_ = picture.id
    if picture.moves:
        sticker = [Choice(_("As a sticker"), f"picture:sticker:{id_}")] if channel.stickers else []
        return [Choice(_("Another motion"), f"picture:move:{id_}"), *sticker]
    can_redraw, can_animate = abilities()
    offered = {
        Choice(_("More like it"), f"picture:more:{id_}"): can_redraw and picture.made != Picture.Made.UPLOADED,
        Choice(_("Another style"), f"picture:style:{id_}"): can_redraw,
        Choice(_("Animate"), f"picture:move:{id_}"): can_animate,
        Choice(_("Change it"), f"picture:words:{id_}"): can_redraw,
    }
    return [choice for choice, is_offered in offered.items() if is_offered]


def abilities() -> tuple[bool, bool]:
    """Whether the painter can change pictures, and animate them; both while that is not known."""
    try:
        status = current_status()
    except (RedisError, OSError):
        return True, True
    return status.can_redraw, status.can_animate


def known_styles() -> dict[str, Style]:
    """The styles that change what the painter draws; all while that is not known."""
    try:
        return current_status().styles
    except (RedisError, OSError):
        return STYLES


def styles(channel: Channel, picture: UUID) -> OutboundMessage:
    """Which style? As a list where the app has one."""
    most = channel.limits.rows or channel.limits.buttons
    choices = [Choice(str(style.label), f"picture:style:{picture}:{name}") for name, style in known_styles().items()]
    return menu(channel, _("In which style?"), _("Styles"), choices[:most])


def menu(channel: Channel, text: str, word: str, choices: Sequence[Choice]) -> OutboundMessage:
    """A question with things to tap, behind the `word` that opens them where they are too many for buttons."""
    limits = channel.limits
    rows = len(choices) > limits.buttons and limits.rows > 0
    return OutboundMessage(text, choices=shown(channel, choices, rows=rows), menu=word if rows else "")


def with_choices(channel: Channel, bubble: OutboundMessage, choices: Sequence[Choice]) -> OutboundMessage:
    """The bubble with things to tap under it; as a list where their titles do not fit on buttons."""
    limits = channel.limits
    rows = bool(limits.rows) and any(len(choice.title) > limits.title for choice in choices)
    word = _("Ask on") if rows else ""
    return OutboundMessage(bubble.text, bubble.drawn, shown(channel, choices, rows=rows), word, bubble.quotes)


def shown(channel: Channel, choices: Sequence[Choice], *, rows: bool = False) -> tuple[Choice, ...]:
    """Choices as the app takes them: cut, and no more than it shows."""
    limits, dialect = channel.limits, channel.dialect
    most, title = (limits.rows, limits.row_title) if rows else (limits.buttons, limits.title)
    return tuple(
        Choice(
            fit(choice.title, title, dialect),
            choice.payload[: limits.payload],
            fit(choice.about, limits.row_about, dialect) if rows and len(choice.title) > title else "",
        )
        for choice in choices[:most]
    )
