"""A person with a phone: the emulator plays it, the assistant answers over real HTTP."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from integrations.models import Contact
from tests.servers import Emulator, eventually

Bubble = dict[str, Any]
IDS = {"whatsapp": "user_id", "messenger": "psid", "instagram": "igsid"}


@dataclass(frozen=True)
class Phone:
    """Somebody of their own in one app."""

    emulator: Emulator
    app: str
    person: dict[str, Any]

    @property
    def contact(self) -> Contact:
        """Who they are to the house."""
        return Contact.objects.select_related("person").get(channel=self.app, user_id=self.person[IDS[self.app]])

    @property
    def answers(self) -> list[Bubble]:
        """What the assistant has written, oldest first."""
        return self.emulator.answers_on(self.app, person=self.person["id"])

    @property
    def bubbles(self) -> list[Bubble]:
        return self.emulator.bubbles(self.app, person=self.person["id"])

    def write(self, text: str, **more: object) -> Bubble:
        return self.emulator.write(self.app, text, person=self.person["id"], **more)

    def send(self, kind: str, data: bytes, mime: str, **more: object) -> Bubble:
        return self.emulator.send_media(self.app, kind, data, mime, person=self.person["id"], **more)

    def act(self, action: str, **body: object) -> Any:
        return self.emulator.act(action, app=self.app, person=self.person["id"], **body)

    def tap(self, title: str) -> Bubble:
        """Tap what has that title, on the newest bubble that shows it."""
        for bubble in reversed(self.answers):
            for choice in choices(bubble):
                if choice["title"] == title:
                    return self.emulator.tap(self.app, bubble["id"], choice["payload"], person=self.person["id"])
        raise AssertionError(f"nothing is called {title}")

    def hear(self, number: int, seconds: float = 30) -> list[Bubble]:
        """The assistant's bubbles, once there are so many."""
        eventually(lambda: len(self.answers) >= number, seconds)
        return self.answers

    def ask(self, text: str, bubbles: int = 1, **more: object) -> list[Bubble]:
        """Write, and take what answers: so many bubbles more."""
        before = len(self.answers)
        self.write(text, **more)
        return self.hear(before + bubbles)[before:]

    def after(self, act: Any, bubbles: int = 1, seconds: float = 60) -> list[Bubble]:
        """What answers an act."""
        before = len(self.answers)
        act()
        return self.hear(before + bubbles, seconds)[before:]

    def stays_silent(self, seconds: float = 2.5) -> bool:
        """Whether nothing comes although everything that came in was dealt with."""
        return stay_silent([self], seconds)


def stay_silent(phones: Sequence[Phone], seconds: float = 2.5) -> bool:
    """Whether nothing comes to any of them although everything that came in was dealt with."""
    before, still_open = [len(phone.answers) for phone in phones], ("queued", "sending")
    for phone in phones:
        eventually(lambda one=phone: not one.contact.inbox.filter(state="waiting").exists())  # type: ignore[misc]
        eventually(lambda one=phone: not one.contact.outbox.filter(state__in=still_open).exists())  # type: ignore[misc]
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline and [len(phone.answers) for phone in phones] == before:
        time.sleep(0.05)
    return [len(phone.answers) for phone in phones] == before


def choices(bubble: Bubble) -> list[dict[str, Any]]:
    """All that can be tapped on a bubble."""
    return [*bubble["buttons"], *bubble["quick_replies"], *(row for part in bubble["sections"] for row in part["rows"])]


def words(bubbles: list[Bubble]) -> list[str]:
    """The texts of bubbles."""
    return [bubble["text"] or bubble["caption"] for bubble in bubbles]
