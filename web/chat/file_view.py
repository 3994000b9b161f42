"""Attached files as pages show them: names, sizes, addresses of pictures."""

from dataclasses import dataclass
from uuid import UUID

from django.db.models import Prefetch
from django.urls import reverse
from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from assistant.models import Attachment
from assistant.text_files import SHORT_NAME, shortened

KB = 1024

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
        return self.attachment.name or (_("Picture") if self.attachment.is_picture else _("Pasted text"))

    @property
    def short_name(self) -> str:
        return shortened(self.name, SHORT_NAME)

    @property
    def picture(self) -> str:
        """The address of the picture; nothing of a text."""
        return reverse("attachment_picture", args=[self.id]) if self.attachment.is_picture else ""

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
