"""A conversation as Markdown, in chunks of about a message each: what is shown of it, to be read elsewhere."""

import re
from collections.abc import Iterator
from datetime import datetime
from urllib.parse import quote

from django.conf import settings
from django.utils import timezone
from django.utils.translation import gettext as _
from markdown_it import MarkdownIt

from assistant.conversations import shown_messages
from assistant.database import in_chunks
from assistant.markdown.parser import parse
from assistant.models import Conversation, Message
from assistant.sentences import answer_text
from assistant.sources import Source
from assistant.transcripts import (
    MESSAGE_CHUNK,
    PictureUrl,
    RunNote,
    files_by_message,
    pictures_by_message,
    run_by_message,
)
from imagine.models import Picture

# A line that means the same as Markdown and as plain text, in whatever dialect.
PROSE_LINE = re.compile(r"(?!\s|-|[0-9]{1,9}[.)])(?:(?!  |--)[^\x00-\x1f\\`*_{}\[\]<>#~|&$@^=+])*(?<! )")
BACKTICKS = re.compile(r"`{3,}")
CODE = frozenset({"fence", "code_block", "math_block"})
MARKS = re.compile(r"([\\`*_{}\[\]<>#~|&$@])")
# What stays as it is in an address within Markdown: no bracket, no space.
URL_SIGNS = "%/:?#[]@!$&'*+,;=~"
# Above that, or where it is hostile, parsing takes too long.
PARSED_CHARACTERS = 40_000
# Where a `<` would begin HTML elsewhere, which our dialect shows as text, and a `!` a picture, which other programs
# would fetch; code, formulas and addresses stay.
FOREIGN = re.compile(
    r"(?P<kept>\\.|(?<!`)(?P<ticks>`+)(?:(?!(?P=ticks)).){1,500}(?P=ticks)(?!`)|\$[^$\n]{1,500}\$"
    r"|\]\(<(?:https?:|mailto:)[^<>]{0,500}>|<(?:https?:|mailto:)[^\s<>]{1,500}>)|(?P<picture>!(?=\[))|<(?=[A-Za-z/!?])"
)
# As other programs read Markdown: what they would load must not be left.
ELSEWHERE = MarkdownIt("commonmark").enable("table")
LOADED = frozenset({"html_block", "html_inline", "image"})


def markdown(conversation: Conversation, url: str, picture_url: PictureUrl) -> Iterator[str]:
    """The conversation at `url` as a document, one section for each message. Between two chunks no cursor is open."""
    title = conversation.title or _("New conversation")
    yield f"# {escaped(title)}\n\n{settings.SITE_NAME}, {when(conversation.created_at)}  \n<{url}>\n"
    pictures, runs = pictures_by_message(conversation), run_by_message(conversation)
    files = files_by_message(conversation)
    for message in in_chunks(shown_messages(conversation), MESSAGE_CHUNK):
        drawn = [one for one in pictures.get(message.pk, []) if one.status == Picture.Status.DONE]
        names = [file["name"] or _("Pasted text") for file in files.get(message.pk, [])]
        yield "\n" + section(message, runs.get(message.pk), drawn, names, picture_url)


def section(
    message: Message, run: RunNote | None, pictures: list[Picture], files: list[str], picture_url: PictureUrl
) -> str:
    """One message with who said it, and when, and the names of its attached files."""
    if message.role == Message.Role.USER:
        head, body = [_("You")], quoted(message.text) if message.text else ""
    else:
        text = answer_text(message, pictures, run.status if run else "", run.steps if run else None)
        head, body = [escaped(settings.SITE_NAME)], whole(text)
    head.append(when(message.created_at))
    if run and run.model:
        head.append(escaped(run.model))
    links = [f"[{escaped(one.prompt) or _('Picture')}]({picture_url(one.pk)})" for one in pictures]
    attached = [_("Attached: %(name)s") % {"name": escaped(name)} for name in files]
    parts = ["## " + " · ".join(head), *attached, body, sources_of(run), *links]
    return "\n\n".join(part for part in parts if part) + "\n"


def sources_of(run: RunNote | None) -> str:
    """What the numbers in an answer stand for, as a list; empty where it cites nothing."""
    found = [Source.from_json(value) for value in (run.sources if run else ())]
    lines = [
        f"{number}. [{escaped(one.title or one.url)}]({quote(one.url, safe=URL_SIGNS)})"
        + "".join(f", {escaped(part)}" for part in (one.site, one.date) if part)
        for number, one in enumerate(found, 1)
    ]
    return "\n".join([_("Sources:"), "", *lines]) if lines else ""


def quoted(text: str) -> str:
    """A person's words, in a quotation; in a fence where something in them could be a mark, or would be lost."""
    lines = text.split("\n")
    if "\n\n\n" not in text and all(PROSE_LINE.fullmatch(line) for line in lines):
        return "\n".join(f"> {line}  " if line else ">" for line in lines).rstrip()
    fence = "`" * (max(map(len, BACKTICKS.findall(text)), default=2) + 1)
    return f"{fence}text\n{text}\n{fence}"


def whole(text: str) -> str:
    """An answer's Markdown, changed only where it would break the document, or have other programs ask other sites.

    HTML is text, pictures are links, an open fence is closed. What has any of these left is quoted as it was written.
    """
    if len(text) > PARSED_CHARACTERS:
        return quoted(text)
    code, end = set[int](), ""
    for block in parse(text, close_marks=True):
        for token in block.tokens:
            if token.type in CODE and token.map:
                code.update(range(*token.map))
        if block.kind == "fence" and block.tokens[0].meta.get("open"):
            end = "\n" + block.tokens[0].markup
    lines = enumerate(text.split("\n"))
    told = "\n".join(line if number in code else without_foreign(line) for number, line in lines).rstrip() + end
    return quoted(text) if loads(told) else told


def without_foreign(line: str) -> str:
    """A line of prose in which nothing begins an HTML element or a picture."""
    return FOREIGN.sub(lambda found: found["kept"] or ("" if found["picture"] else "\\<"), line)


def loads(text: str) -> bool:
    """Whether other programs would find HTML or pictures in `text`: code and formulas may end elsewhere for them."""
    tokens = ELSEWHERE.parse(text)
    return any(one.type in LOADED for token in tokens for one in (token, *(token.children or ())))


def escaped(text: str) -> str:
    """`text` on one line, without meaning as Markdown."""
    return MARKS.sub(r"\\\1", " ".join(text.split()))


def when(moment: datetime) -> str:
    """Day and time with the zone, the same in every language."""
    return timezone.localtime(moment).strftime("%Y-%m-%d %H:%M %Z")
