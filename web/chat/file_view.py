"""Attached files as pages show them: names, sizes, and how much of them the model read."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db.models import Prefetch
from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from assistant.models import Attachment
from assistant.text_files import shortened

SHORT_NAME = 32
KB = 1024
# What a person would call a page, in characters.
PAGE = 3_000

# With messages that are shown: their text is loaded when somebody opens one.
FILES = Prefetch("attachments", Attachment.objects.defer("text"))


@dataclass(frozen=True)
class FileView:
    """One attached file on the page."""

    attachment: Attachment

    @property
    def id(self) -> UUID:
        return self.attachment.id

    @property
    def name(self) -> str:
        return self.attachment.name or _("Pasted text")

    @property
    def short_name(self) -> str:
        return shortened(self.name, SHORT_NAME)

    @property
    def size(self) -> str:
        return size_words(self.attachment.size)


def size_words(size: int) -> str:
    """A number of bytes as people read it."""
    if size < KB:
        return ngettext("%(count)s byte", "%(count)s bytes", size) % {"count": size}
    if size < KB * KB:
        return _("%(number)s KB") % {"number": number_format(round(size / KB))}
    return _("%(number)s MB") % {"number": number_format(size / KB / KB, 1 if size % (KB * KB) else 0)}


def reading_sentence(cut: dict[str, Any]) -> str:
    """How much of a file the model read, from a value of `Run.cut_files`."""
    fields = {"name": shortened(cut["name"] or _("Pasted text"), SHORT_NAME)}
    if not cut["read"]:
        return _("“%(name)s” was not read: there was no room left for it.") % fields
    pages, of = cut["read"] // PAGE, -(-cut["length"] // PAGE)
    if not pages:
        return _("Of “%(name)s” only the beginning was read: there was no room for more.") % fields
    sentence = ngettext(
        "Of “%(name)s” about the first page of %(of)s was read: there was no room for more.",
        "Of “%(name)s” about the first %(pages)s pages of %(of)s were read: there was no room for more.",
        pages,
    )
    return sentence % {**fields, "pages": pages, "of": of}
