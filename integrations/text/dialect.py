"""What each app makes of the text of a message: its limit, how it counts, and the signs that format.

WhatsApp: https://faq.whatsapp.com/539178204879377. Messenger and Instagram show text as it is.
"""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Dialect:
    """An app's way with text; a mark that is empty means that the app knows none of its kind.

    `bullets` are the signs of lists by their depth. At most `columns` of a table fit side by side on a phone.
    """

    name: str
    limit: int
    unit: Literal["characters", "bytes"]
    bold: str = ""
    italic: str = ""
    strike: str = ""
    code: str = ""
    fence: str = ""
    quote: str = ""
    bullets: tuple[str, ...] = ("• ", "◦ ", "▪ ")
    columns: int = 0

    def size(self, text: str) -> int:
        """How much of the limit `text` takes."""
        return len(text) if self.unit == "characters" else len(text.encode(errors="surrogatepass"))


WHATSAPP = Dialect(
    "whatsapp",
    limit=4096,
    unit="characters",
    bold="*",
    italic="_",
    strike="~",
    code="`",
    fence="```",
    quote="> ",
    bullets=("- ", "◦ ", "▪ "),
    columns=34,
)
MESSENGER = Dialect("messenger", limit=2000, unit="characters")
INSTAGRAM = Dialect("instagram", limit=1000, unit="bytes")
