"""What people read about an answer besides its words: its steps, waits, problems, and what one could say next.

Logs and rows hold codes and values. Every channel puts them in words here, at its last step, in the language that is
active then.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from assistant.events import Waiting
from assistant.findings import OF_MEMORY
from assistant.links import is_bare
from assistant.models import Message, Run
from assistant.problems import error_of
from assistant.sources import Step
from assistant.text_files import SHORT_NAME, shortened
from imagine.models import Picture

LENGTH_SENTENCE = gettext_lazy("The answer reached its longest length and stops here.")
# Over an answer that is a picture: it is put in at the last step, in the viewer's language, and not stored.
PICTURE_SENTENCE = gettext_lazy("Here is your picture.")
# And over one whose picture was deleted, or is somebody else's.
NO_PICTURE_SENTENCE = gettext_lazy("A picture stood here.")
# In a question without words whose file stayed with somebody else, who shared the conversation.
NO_FILE_SENTENCE = gettext_lazy("A file stood here.")
# Offered after an answer to a link or a file that was sent without a word.
READY_QUESTIONS = (
    gettext_lazy("What are the main points?"),
    gettext_lazy("Is this true?"),
    gettext_lazy("Explain it in simple words"),
)
# What a person would call a page.
PAGE_CHARACTERS = 3_000
STOPPED_SENTENCE = gettext_lazy("You stopped this answer.")


def answer_text(
    message: Message, pictures: Sequence[Picture], status: str, steps: Sequence[Mapping[str, Any]] | None = None
) -> str:
    """What was written, or a sentence in its place: over `pictures` without words, for one left behind, or for the
    last of the `steps`, where a command has remembered or forgotten something.
    """
    if message.text:
        return message.text
    if status == Run.Status.DONE and (done := done_sentence(steps)):
        return done
    if any(one.status == Picture.Status.DONE for one in pictures):
        return str(PICTURE_SENTENCE)
    return str(NO_PICTURE_SENTENCE) if status == Run.Status.DONE and not pictures else ""


def problem_sentence(run: Run | None) -> str:
    """Why an answer that is over is not whole; empty where it is, or is still being written."""
    if run is None or run.status == Run.Status.RUNNING:
        return ""
    if run.status == Run.Status.STOPPED:
        return str(STOPPED_SENTENCE)
    if run.problem == "length":
        return str(LENGTH_SENTENCE)
    return str(error_of(run.problem).sentence) if run.problem else ""


def next_lines(answer: Message, asked: str) -> list[str]:
    """What one could say after the last `answer`, which is selected with its run: what was made for it, or our own
    questions about what was sent without one: a file, or the address of a page that could be read.
    """
    run = getattr(answer, "run", None)
    if run is None or run.status == Run.Status.RUNNING or problem_sentence(run):
        return []
    if run.follow_ups:
        return list(run.follow_ups)
    # A command is never sent without words.
    alone = has_read(run) if is_bare(asked) else not asked
    return [str(question) for question in READY_QUESTIONS] if alone and answer.text and answer.parent_id else []


# Steps


def steps_of(run: Run | None) -> list[str]:
    """A sentence for each thing that was done for an answer, but for what was remembered or forgotten."""
    return [step_sentence(step) for step in _steps(run) if step.tool not in OF_MEMORY]


def kept_of(run: Run | None) -> list[str]:
    """A sentence for each thing that was remembered or forgotten with an answer."""
    return list(dict.fromkeys(step_sentence(step) for step in _steps(run) if step.tool in OF_MEMORY))


def has_read(run: Run | None) -> bool:
    """Whether a page that the person named was read for an answer."""
    return any(step.tool == "open_page" and not step.problem for step in _steps(run))


def done_sentence(steps: Sequence[Mapping[str, Any]] | None) -> str:
    """What is said where a command has remembered or forgotten something; empty for other steps."""
    sentences = {"remember": _("I will keep it in mind."), "forget": _("It is forgotten.")}
    return sentences.get(Step.from_json(steps[-1]).tool, "") if steps else ""


def step_sentence(step: Step) -> str:
    """What was done, and with which words; or that it did not succeed."""
    sentences: Mapping[str, str] = {
        "web_search": _("Searched for “%(words)s”"),
        "open_page": _("Read %(words)s"),
        "calculate": _("Calculated %(words)s"),
        "weather": _("Looked up the weather: %(words)s"),
        "remember": _("Remembered: %(words)s"),
        "forget": _("Forgot: %(words)s"),
        "left_out": _("Left out a part of %(words)s: it tried to give instructions"),
        "not_checked": _("Left out a part of %(words)s: it could not be checked"),
    }
    failures: Mapping[str, str] = {
        "web_search": _("Searched for “%(words)s”, without success"),
        "open_page": _("Could not read %(words)s"),
        "calculate": _("Could not calculate %(words)s"),
        "weather": _("Could not look up the weather: %(words)s"),
        "remember": _("Could not remember: %(words)s"),
        "forget": _("Could not forget: %(words)s"),
    }
    chosen = failures if step.problem else sentences
    return chosen.get(step.tool, "%(words)s") % {"words": step.words or _("the pasted text")}


def _steps(run: Run | None) -> list[Step]:
    return [Step.from_json(value) for value in (run.steps if run else None) or ()]


# Files


def remarks_of(run: Run | None) -> list[str]:
    """What is to be known of an answer: that the usual model gave it, not the best one; which files were not read."""
    sentences = {
        Run.Harder.SPENT: _("Your hard questions are used up for today, so the usual model answered."),
        Run.Harder.AWAY: _("The model for hard questions does not answer right now, so the usual one did."),
    }
    instead = sentences.get(Run.Harder(run.harder)) if run and run.status != Run.Status.RUNNING else None
    return [*filter(None, [instead]), *readings_of(run)]


def by_best(run: Run | None) -> str:
    """Which model answered a hard question; empty where it was another question, or another model."""
    answered = run and run.harder == Run.Harder.YES and run.status == Run.Status.DONE and run.model
    return _("Answered by %(model)s") % {"model": run.model} if run and answered else ""


def readings_of(run: Run | None) -> list[str]:
    """A sentence for each attached file that the model did not read to its end."""
    return [_reading(cut) for cut in (run.cut_files if run else None) or ()]


def _reading(cut: Mapping[str, Any]) -> str:
    """How much of a file the model read, from a value of `Run.cut_files`."""
    fields = {"name": shortened(cut["name"] or _("Pasted text"), SHORT_NAME)}
    if not cut["read"]:
        return _("“%(name)s” was not read: there was no room left for it.") % fields
    pages, of = cut["read"] // PAGE_CHARACTERS, -(-cut["length"] // PAGE_CHARACTERS)
    if not pages:
        return _("Of “%(name)s” only the beginning was read: there was no room for more.") % fields
    sentence = ngettext(
        "Of “%(name)s” about the first page of %(of)s was read: there was no room for more.",
        "Of “%(name)s” about the first %(pages)s pages of %(of)s were read: there was no room for more.",
        pages,
    )
    return sentence % {**fields, "pages": pages, "of": of}


# Waits


def waiting_sentence(event: Waiting) -> str:
    """What is said while there is nothing to show."""
    if event.reason == "loading":
        return _("The model is waking up")
    if event.reason == "queue" and event.place:
        return ngettext("%(count)s person is before you", "%(count)s people are before you", event.place) % {
            "count": event.place
        }
    if event.reason == "queue":
        return _("You are next")
    if event.reason == "painter_away":
        return _("The part that draws is away for a moment. Your picture comes when it is back.")
    if event.reason == "drawing" and event.of:
        return _("Drawing, step %(done)s of %(of)s") % {"done": event.done, "of": event.of}
    if event.reason == "drawing":
        return _("Drawing")
    if event.reason == "searching":
        return _("Searching for “%(words)s”") % {"words": event.words}
    if event.reason == "reading":
        return _("Reading %(words)s") % {"words": event.words}
    return _("Thinking")
