"""What was found for an answer, as pages show it: what was done, and the sources behind the numbers in its text."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any
from urllib.parse import urlsplit

from django.urls import reverse
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from assistant.findings import OF_MEMORY
from assistant.models import Run
from assistant.sources import Source, Step


@dataclass(frozen=True)
class SourceView:
    """One source. `date` is in the reader's words, or empty; `letter` stands for the site, under its picture `icon`."""

    number: int
    url: str
    title: str
    site: str
    date: str
    passage: str
    icon: str = ""

    @property
    def letter(self) -> str:
        return self.site[:1].upper()


def sources_of(run: Run | None) -> list[SourceView]:
    """What an answer cites, in the order of its numbers."""
    if run is None or not run.sources:
        return []
    pictured = [bool(value.get("icon")) for value in run.sources]
    address = reverse("source_icon", args=[run.pk])
    views = zip(source_views(run.sources), pictured, strict=True)
    return [replace(view, icon=f"{address}?source={view.number}") if known else view for view, known in views]


def source_views(values: Sequence[Mapping[str, Any]] | None) -> list[SourceView]:
    """Sources as they are kept, for a page."""
    return [_view(number, Source.from_json(value)) for number, value in enumerate(values or (), 1)]


def steps_of(run: Run | None) -> list[str]:
    """A sentence for each thing that was done for an answer, but for what was remembered or forgotten."""
    return [_sentence(step) for step in _steps(run) if step.tool not in OF_MEMORY]


def has_read(run: Run | None) -> bool:
    """Whether a page that the person named was read for an answer."""
    return any(step.tool == "open_page" and not step.problem for step in _steps(run))


def kept_of(run: Run | None) -> list[str]:
    """A sentence for each thing that was remembered or forgotten with an answer."""
    return list(dict.fromkeys(_sentence(step) for step in _steps(run) if step.tool in OF_MEMORY))


def done_sentence(steps: Sequence[Mapping[str, Any]] | None) -> str:
    """What is said where a command has remembered or forgotten something; empty for other steps."""
    sentences = {"remember": _("I will keep it in mind."), "forget": _("It is forgotten.")}
    return sentences.get(Step.from_json(steps[-1]).tool, "") if steps else ""


def _steps(run: Run | None) -> list[Step]:
    return [Step.from_json(value) for value in (run.steps if run else None) or ()]


def _view(number: int, source: Source) -> SourceView:
    host = urlsplit(source.url).hostname or ""
    site = source.site or host.removeprefix("www.")
    return SourceView(number, source.url, source.title or site, site, _day(source.date), source.passage)


def _day(text: str) -> str:
    try:
        return date_format(date.fromisoformat(text[:10]), "DATE_FORMAT")
    except ValueError:
        return ""


def _sentence(step: Step) -> str:
    sentences: Mapping[str, str] = {
        "web_search": _("Searched for “%(words)s”"),
        "open_page": _("Read %(words)s"),
        "calculate": _("Calculated %(words)s"),
        "weather": _("Looked up the weather: %(words)s"),
        "remember": _("Remembered: %(words)s"),
        "forget": _("Forgot: %(words)s"),
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
    return chosen.get(step.tool, "%(words)s") % {"words": step.words}
