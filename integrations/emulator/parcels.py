"""One webhook's worth of news, before it is put into an envelope."""

import dataclasses
from dataclasses import dataclass
from typing import Any, Literal

from integrations.emulator.things import App

Json = dict[str, Any]


@dataclass(frozen=True)
class Parcel:
    """`item` is a `value` (where `place` is "changes") or an item of `messaging`; `field` is what one subscribes to.

    `about` are the ids of the bubbles and comments that it tells of; `arrives` is the person's bubble that counts as
    delivered once it is there.
    """

    app: App
    field: str
    place: Literal["changes", "messaging"]
    item: Json
    about: list[str] = dataclasses.field(default_factory=list)
    arrives: str = ""
