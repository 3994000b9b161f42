"""The stand-in for WhatsApp, Messenger and Instagram that `manage.py start --emulator` brings."""

import json
import logging
import secrets
import socket
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

from django.conf import settings

from web.local.errors import LocalError
from web.local.llama import healthy
from web.local.ports import free_port
from web.local.process import Child

logger = logging.getLogger(__name__)

SET_UP_SECONDS = 60
FOLDER = Path(__file__).parent.parent.parent
PHONE_ID, ACCOUNT_ID, NUMBER = "emulated-phone", "emulated-account", "15550100100"
PAGE_ID, INSTAGRAM_ID = "emulated-page", "emulated-instagram"


@dataclass(frozen=True)
class Emulator:
    """The emulator's port, the address of our webhook, and secrets that nobody else knows, new with each start."""

    port: int
    webhook: str
    secrets: dict[str, str] = field(default_factory=dict)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def settings(self) -> dict[str, str]:
        """The environment in which the site takes the emulator for the Graph API."""
        return {
            "GRAPH_URL": self.url,
            "INSTAGRAM_GRAPH_URL": self.url,
            "META_APP_SECRET": self.secrets["app"],
            "META_VERIFY_TOKEN": self.secrets["verify"],
            "WHATSAPP_TOKEN": self.secrets["whatsapp"],
            "WHATSAPP_PHONE_ID": PHONE_ID,
            "WHATSAPP_ACCOUNT_ID": ACCOUNT_ID,
            "WHATSAPP_PURPOSE": "helper",
            "MESSENGER_TOKEN": self.secrets["messenger"],
            "MESSENGER_PAGE_ID": PAGE_ID,
            "INSTAGRAM_TOKEN": self.secrets["instagram"],
            "INSTAGRAM_ID": INSTAGRAM_ID,
            "INSTAGRAM_APP_SECRET": self.secrets["instagram_app"],
        }

    def child(self, data: Path, environment: dict[str, str]) -> Child:
        """Its process, not yet started."""
        configuration = {
            "webhook": self.webhook,
            "app_secret": self.secrets["app"],
            "instagram_app_secret": self.secrets["instagram_app"],
            "verify_token": self.secrets["verify"],
            "whatsapp": {
                "token": self.secrets["whatsapp"],
                "phone_id": PHONE_ID,
                "account_id": ACCOUNT_ID,
                "number": NUMBER,
            },
            "messenger": {"token": self.secrets["messenger"], "page_id": PAGE_ID},
            "instagram": {"token": self.secrets["instagram"], "id": INSTAGRAM_ID},
        }
        return Child(
            name="The emulator",
            command=[sys.executable, "-m", "integrations.emulator", "--port", str(self.port)],
            environment=environment,
            folder=FOLDER,
            log=data / "log" / "emulator.log",
            show_warnings=True,
            is_ready=lambda: healthy(f"{self.url}/"),
            secret=json.dumps(configuration),
        )

    def set_up(self, environment: dict[str, str]) -> None:
        """Show the bot's menu, ideas and commands on the phones, as `manage.py channels setup` does in the real apps.

        Without them the phones work all the same. Raises OSError.
        """
        command = [sys.executable, str(FOLDER / "manage.py"), "channels", "setup"]
        quiet = {"cwd": FOLDER, "capture_output": True, "timeout": SET_UP_SECONDS, "check": True}
        try:
            subprocess.run(command, env=environment, **quiet)  # type: ignore[call-overload]  # noqa: S603
        except subprocess.SubprocessError as error:
            logger.warning("the phones have no menu: %s", type(error).__name__)


def stand_in(site_url: str, port: int) -> Emulator:
    """An emulator for the site at `site_url`, on the port after `port` if that is free.

    Raises LocalError where it could be taken for the real apps.
    """
    if settings.HTTPS:
        raise LocalError("--emulator is for this machine alone, and SITE_URL names a public site.")
    if settings.MESSENGERS:
        raise LocalError("--emulator plays the messengers: unset WHATSAPP_TOKEN, MESSENGER_TOKEN, INSTAGRAM_TOKEN.")
    names = ("app", "instagram_app", "verify", "whatsapp", "messenger", "instagram")
    made = {name: secrets.token_urlsafe(24) for name in names}
    return Emulator(next_port(port), f"{site_url}/webhooks/meta", made)


def next_port(port: int) -> int:
    """The port after `port`, so that a bookmark of the phones holds; another one where that is taken."""
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", port + 1))
        except (OSError, OverflowError):
            return free_port()
    return port + 1
