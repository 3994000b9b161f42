"""The token of Instagram's own login, which ends after 60 days: renewed, and kept in a file that the next start reads.

The file is the owner's alone, as the site's secret key is. It names the token of the environment by its hash, so that a
token that the operator sets anew is never replaced by an old one.
"""

import hashlib
import json
import os
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django.conf import settings
from django.utils import timezone

from integrations.errors import RefusedError
from integrations.graph import Graph
from integrations.tokens import Health, judge, moment


@dataclass(frozen=True)
class Kept:
    """A token that was renewed, when it ends, and the hash of the one in the environment that it stands for."""

    token: str
    ends_at: datetime
    of: str


def kept() -> Kept | None:
    """What the token of the environment was renewed to last; None where it never was."""
    try:
        value = json.loads(settings.INSTAGRAM_TOKEN_FILE.read_text())
        found = Kept(str(value["token"]), datetime.fromtimestamp(value["ends_at"], UTC), str(value["of"]))
    except (OSError, ValueError, LookupError, TypeError, OverflowError):
        return None
    return found if found.of == digest(settings.INSTAGRAM_TOKEN_GIVEN) else None


def health() -> Health:
    """Until when the token that is in use is good, and whether a newer one waits for a restart."""
    last = kept()
    if last and last.token != settings.INSTAGRAM_TOKEN:
        return Health(ends_at=moment(settings.INSTAGRAM_TOKEN_ENDS), renewed=True)
    return Health(ends_at=last.ends_at if last else None)


async def renew() -> Kept:
    """Renew the newest token, which has to be a day old. Raises ChannelError, and OSError where it cannot be kept."""
    last = kept()
    token = last.token if last else settings.INSTAGRAM_TOKEN
    # Without a version; and the token goes in the header, not in an address that a log might hold.
    async with Graph(settings.INSTAGRAM_GRAPH_URL, token, judge) as graph:
        answer = await graph.get("refresh_access_token", grant_type="ig_refresh_token")
    text, seconds = answer.get("access_token"), answer.get("expires_in")
    if not (isinstance(text, str) and text and isinstance(seconds, int) and 0 < seconds < 10**9):
        raise RefusedError("Instagram gave no token")
    new = Kept(text, timezone.now() + timedelta(seconds=seconds), digest(settings.INSTAGRAM_TOKEN_GIVEN))
    keep(new)
    return new


def keep(new: Kept) -> None:
    """Write it down as a whole, or not at all. Raises OSError."""
    path = settings.INSTAGRAM_TOKEN_FILE
    draft = path.with_suffix(".new")
    draft.unlink(missing_ok=True)
    with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        json.dump({"token": new.token, "ends_at": int(new.ends_at.timestamp()), "of": new.of}, file)
    draft.replace(path)


def digest(token: str) -> str:
    """What a token is named by where it is not written."""
    return hashlib.sha256(token.encode()).hexdigest()
