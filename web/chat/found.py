"""What was found for an answer, as pages show it: the sources behind the numbers in its text."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any
from urllib.parse import urlsplit

from django.urls import reverse
from django.utils.formats import date_format

from assistant.models import Run
from assistant.sources import Source


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


def _view(number: int, source: Source) -> SourceView:
    host = urlsplit(source.url).hostname or ""
    site = source.site or host.removeprefix("www.")
    return SourceView(number, source.url, source.title or site, site, _day(source.date), source.passage)


def _day(text: str) -> str:
    try:
        return date_format(date.fromisoformat(text[:10]), "DATE_FORMAT")
    except ValueError:
        return ""
