"""What the assistant says in an app by itself, in the language that is active. Pages have words of their own."""

from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext

from assistant import commands
from assistant.names import in_plain_text
from imagine.models import Picture

NAME_CHARACTERS = 40


def greeting() -> str:
    """The first message: who answers, that it is an AI, what is kept, how to erase it."""
    return _(
        "Hello, this is %(name)s, an AI assistant. It can be wrong, so check what matters.\n"
        "What is written here is kept until %(days)s days after your last message. "
        "/forget erases it, /help shows what I can do."
    ) % {"name": settings.SITE_NAME, "days": settings.GUEST_DAYS}


def too_large(most: int) -> str:
    """What is said about a file of more than `most` bytes."""
    return _("This file is too large for me. I can take %(number)s MB at most.") % {"number": round(most / 1_000_000)}


def help_text() -> str:
    """What one can do, one line each."""
    lines = [
        _("Ask me anything. I search the web where that helps."),
        _("“imagine a llama in the snow” draws a picture. Reply to a picture to change it."),
        _("Send a picture, a voice note, a place or a text file."),
        "",
        _("/new begins anew"),
        _("/stop ends an answer, or all messages"),
        _("/forget erases what is kept about you"),
        _("/link joins this chat with the website"),
        _("/room opens a room for you and others, in any app and on the web"),
        _("/language, /model, /sticker, /human"),
    ]
    if settings.LLAMA_ROLES["best"]:
        lines.insert(-1, _("/think has the model for hard questions answer"))
    return "\n".join(lines)


def group_greeting(host: str) -> str:
    """The first message in a group: who answers there, when, what becomes of all else, and who reads it."""
    minutes = settings.GROUP_CONTEXT_MINUTES
    kept = (
        ngettext(
            "I keep it in memory for %(minutes)s minute, to know what you talk about.",
            "I keep it in memory for %(minutes)s minutes, to know what you talk about.",
            minutes,
        )
        % {"minutes": minutes}
        if minutes
        else _("I drop it at once.")
    )
    return _(
        "Hello, this is %(name)s, an AI assistant. It can be wrong, so check what matters.\n"
        "I answer when I am called: “@%(name)s, …”, a reply to a message of mine, or /summarise, /poll, /imagine. "
        "All else that is written here reaches me too. %(kept)s\n"
        "What calls me, with its answer, %(host)s reads on the website as well; it is erased %(days)s days after the "
        "last word there. /help shows more."
    ) % {
        "name": settings.SITE_NAME,
        "kept": kept,
        "host": in_plain_text(host) or _("who made this group"),
        "days": settings.ROOM_DAYS,
    }


def group_help() -> str:
    """What one can do in a group, one line each."""
    lines = [
        _("“@%(name)s, …”, or a reply to a message of mine, asks me.") % {"name": settings.SITE_NAME},
        _("/imagine a llama in the snow"),
        _("/poll Which weekend? | The first | The second"),
        _("/summarise what called me lately"),
        *([_("/think Why is the sky blue?")] if commands.thinking() else []),
        _("/who, /hush for an hour, /wake"),
    ]
    return "\n".join(lines)


def group_held(host: str) -> str:
    """What a group is told in which somebody reads whom the app did not remove."""
    return _(
        "WhatsApp did not remove somebody who was to be removed from this group. "
        "I say nothing here until %(host)s has decided what to do, on the website."
    ) % {"host": in_plain_text(host) or _("who made this group")}


def group_line(what: str, name: str = "") -> str:
    """What became of the WhatsApp group of a room, in a line for its other members. `name` is whom it is about."""
    lines = {
        "closed": _("Nobody has written in the WhatsApp group for a day: it gets this once somebody does."),
        "back": _("The WhatsApp group has got what was said meanwhile."),
        "suspended": _("WhatsApp has suspended the group: it gets nothing for now."),
        "cleared": _("WhatsApp has opened the group again."),
        "gone": _("The WhatsApp group is gone. What was said in this room stays."),
        "not_made": _("The WhatsApp group could not be made."),
        "kept_out": _(
            "Somebody came into the WhatsApp group by its old link. The room is locked, so WhatsApp is to remove them."
        ),
        "not_removed": _(
            "WhatsApp did not remove %(name)s from the group. Nothing more of this room goes there until the host has "
            "decided, where people are invited."
        )
        % {"name": in_plain_text(name) or _("somebody")},
        "goes_on": _("The WhatsApp group gets what is said here again."),
    }
    return lines.get(what, "")


def command_words() -> dict[str, str]:
    """What commands are called, in the language of now and in English, by the name that the code uses."""
    translated = {
        pgettext("command", "help"): "help",
        pgettext("command", "new"): "new",
        pgettext("command", "stop"): "stop",
        pgettext("command", "start"): "start",
        pgettext("command", "forget"): "forget",
        pgettext("command", "language"): "language",
        pgettext("command", "model"): "model",
        pgettext("command", "human"): "human",
        pgettext("command", "think"): "think",
        pgettext("command", "room"): "room",
        pgettext("command", "link"): "link",
        pgettext("command", "unlink"): "unlink",
        pgettext("command", "sticker"): "sticker",
    }
    return {word.casefold(): name for word, name in translated.items()} | {name: name for name in translated.values()}


def plain_words() -> dict[str, str]:
    """Words that are commands without a slash too, where they are the whole message."""
    translated = {
        pgettext("the whole message", "stop"): "stop",
        pgettext("the whole message", "start"): "start",
        pgettext("the whole message", "help"): "help",
        pgettext("the whole message", "human"): "human",
        pgettext("the whole message", "delete my data"): "forget",
        pgettext("the whole message", "as a sticker"): "sticker",
    }
    english = {"stop": "stop", "start": "start", "help": "help", "human": "human", "delete my data": "forget"}
    english |= {"as a sticker": "sticker"}
    return english | {word.casefold(): name for word, name in translated.items()}


def caption(picture: Picture) -> str:
    """What stands under a picture that somebody asked for."""
    said = [_("Here is your loop.") if picture.moves else _("Here is your picture.")]
    if picture.drawn:
        said.append(_("Drawn: %(words)s.") % {"words": picture.drawn})
    if picture.left_out:
        said.append(_("Not drawn, as it is too long: %(words)s") % {"words": picture.left_out})
    return "\n".join(said)


def command_name(text: str) -> str:
    """The command of ours that a message is, by the name that the code uses; empty where it is none.

    Some words are commands without a slash, where they are the whole message.
    """
    text = text.strip()
    if whole := plain_words().get(text.casefold().rstrip(".!")):
        return whole
    first = text.partition(" ")[0][: NAME_CHARACTERS + 1]
    return command_words().get(first[1:].casefold(), "") if first.startswith("/") else ""


def is_command(text: str) -> bool:
    """Whether a message looks like a command, ours or the assistant's."""
    return text.startswith("/") or bool(command_name(text))
