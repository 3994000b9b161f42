"""The token of Instagram's own login is renewed, kept for the next start, and seen by nobody."""

import json
import logging
import os
import stat
import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from django.utils import timezone
from pytest_django.fixtures import Settings

from integrations import checkup, tasks
from integrations.errors import ChannelError, TokenError
from integrations.instagram import renewal
from integrations.registry import SETUPS
from integrations.setup import Finding
from tests.integrations.graph_answers import answer, answer_well, problem, set_all
from tests.scripted_http import Reply, ScriptedHTTP
from web.settings import renewed

ROOT = Path(__file__).parent.parent.parent.parent
FIRST, SECOND, THIRD = "IGfirst-token", "IGsecond-token", "IGthird-token"


@pytest.fixture
def meta(settings: Settings, folder: Path) -> Iterator[ScriptedHTTP]:
    """An account with Instagram's own login, at a server in the place of Meta."""
    with ScriptedHTTP() as server:
        answer_well(server)
        set_all(settings, server, INSTAGRAM_TOKEN=FIRST, INSTAGRAM_APP_SECRET="another-secret")
        settings.INSTAGRAM_TOKEN_GIVEN, settings.INSTAGRAM_TOKEN_ENDS = FIRST, None
        settings.INSTAGRAM_TOKEN_FILE = folder / "instagram-token.json"
        answer(server, "me", {"user_id": "3000", "username": "adas.bakery"})
        yield server


def gives(server: ScriptedHTTP, token: str, days: int = 60) -> None:
    server.script("/refresh_access_token", Reply({"access_token": token, "expires_in": days * 86400}))


def restart(settings: Settings) -> None:
    """As a start reads the settings."""
    settings.INSTAGRAM_TOKEN, settings.INSTAGRAM_TOKEN_ENDS = renewed(FIRST, settings.INSTAGRAM_TOKEN_FILE)


async def how_it_stands() -> Finding:
    return await checkup.token_now(next(setup for setup in SETUPS if setup.name == "instagram"))


def token_of_the_next_start(folder: Path, environment_token: str) -> str:
    program = "from web import settings; print(settings.INSTAGRAM_TOKEN)"
    environment = {"PATH": os.environ["PATH"], "DATA_DIR": str(folder), "INSTAGRAM_TOKEN": environment_token}
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, env=environment, capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


async def test_the_next_start_takes_the_renewed_token(meta: ScriptedHTTP, folder: Path) -> None:
    gives(meta, SECOND)
    kept = await renewal.renew()
    assert timedelta(days=59) < kept.ends_at - timezone.now() < timedelta(days=61)
    assert token_of_the_next_start(folder, FIRST) == SECOND
    assert token_of_the_next_start(folder, "one that the operator set") == "one that the operator set"


async def test_the_newest_token_is_renewed_before_and_after_a_restart(
    meta: ScriptedHTTP, settings: Settings, folder: Path
) -> None:
    gives(meta, SECOND)
    await renewal.renew()
    gives(meta, THIRD)
    await renewal.renew()
    assert meta.to("/refresh_access_token")[-1].headers["authorization"] == f"Bearer {SECOND}"
    assert token_of_the_next_start(folder, FIRST) == THIRD
    restart(settings)
    for last, next_one in ((THIRD, "IGfourth-token"), ("IGfourth-token", "IGfifth-token")):
        gives(meta, next_one)
        await renewal.renew()
        assert meta.to("/refresh_access_token")[-1].headers["authorization"] == f"Bearer {last}"
        assert token_of_the_next_start(folder, FIRST) == next_one


async def test_each_start_between_two_renewals_finds_the_newest_one(
    meta: ScriptedHTTP, settings: Settings, folder: Path
) -> None:
    for number in range(4):
        gives(meta, f"IGtoken-{number}")
        await renewal.renew()
        assert token_of_the_next_start(folder, FIRST) == f"IGtoken-{number}"
        restart(settings)


async def test_a_token_that_the_operator_set_anew_is_renewed_itself(
    meta: ScriptedHTTP, settings: Settings, folder: Path
) -> None:
    gives(meta, SECOND)
    await renewal.renew()
    settings.INSTAGRAM_TOKEN_GIVEN = settings.INSTAGRAM_TOKEN = "IGset-anew"
    gives(meta, THIRD)
    await renewal.renew()
    assert meta.to("/refresh_access_token")[-1].headers["authorization"] == "Bearer IGset-anew"
    assert token_of_the_next_start(folder, "IGset-anew") == THIRD
    assert token_of_the_next_start(folder, FIRST) == FIRST


async def test_the_file_is_its_owners_alone(meta: ScriptedHTTP, settings: Settings) -> None:
    gives(meta, SECOND)
    await renewal.renew()
    assert stat.S_IMODE(settings.INSTAGRAM_TOKEN_FILE.stat().st_mode) == 0o600
    assert FIRST not in settings.INSTAGRAM_TOKEN_FILE.read_text()


async def test_the_token_is_in_no_address(meta: ScriptedHTTP) -> None:
    gives(meta, SECOND)
    await renewal.renew()
    (asked,) = meta.to("/refresh_access_token")
    assert asked.params == {"grant_type": "ig_refresh_token"}
    assert asked.headers["authorization"] == f"Bearer {FIRST}"


ANSWERS = [{}, {"access_token": ""}, {"access_token": 5, "expires_in": 5}, {"access_token": SECOND},
           {"access_token": SECOND, "expires_in": -1}, {"access_token": SECOND, "expires_in": 10**30}]  # fmt: skip


@pytest.mark.parametrize("body", ANSWERS)
async def test_a_strange_answer_leaves_the_old_token(meta: ScriptedHTTP, folder: Path, body: dict[str, object]) -> None:
    meta.script("/refresh_access_token", Reply(body))
    with pytest.raises(ChannelError):
        await renewal.renew()
    assert token_of_the_next_start(folder, FIRST) == FIRST


async def test_a_token_that_ended_cannot_be_renewed(meta: ScriptedHTTP) -> None:
    meta.script("/refresh_access_token", Reply(problem(190, "expired"), 400))
    with pytest.raises(TokenError):
        await renewal.renew()


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"token": "x", "of": 3}', '{"ends_at": "x"}', "\x00"])
def test_a_broken_file_is_as_none(meta: ScriptedHTTP, settings: Settings, folder: Path, text: str) -> None:
    settings.INSTAGRAM_TOKEN_FILE.write_text(text)
    assert renewal.kept() is None
    assert token_of_the_next_start(folder, FIRST) == FIRST


def test_it_is_renewed_each_week_and_that_is_logged(
    meta: ScriptedHTTP, folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    gives(meta, SECOND)
    tasks.renew_tokens()
    assert "Instagram, renew the token: done, it is good until " in caplog.text
    assert token_of_the_next_start(folder, FIRST) == SECOND
    assert not any(token in caplog.text for token in (FIRST, SECOND))


def test_a_failure_is_an_alarm_without_the_token(meta: ScriptedHTTP, caplog: pytest.LogCaptureFixture) -> None:
    meta.script("/refresh_access_token", Reply(problem(190, f"Malformed access token {FIRST}"), 400))
    tasks.renew_tokens()
    (record,) = [record for record in caplog.records if record.levelno == logging.ERROR]
    assert "Malformed access token …" in record.getMessage()


async def test_an_operator_reads_until_when_it_is_good(meta: ScriptedHTTP, settings: Settings) -> None:
    assert (await how_it_stands()).text == "accepted"
    gives(meta, SECOND, days=60)
    done = [finding async for one, finding in checkup.set_up(dry_run=False) if one.name == "instagram"][-1]
    assert done.text.startswith("done, it is good until ")
    restart(settings)
    found = await how_it_stands()
    assert found.text.startswith("accepted, until ")
    assert found.mend == ""


async def test_an_operator_is_asked_to_restart_before_the_token_in_use_ends(
    meta: ScriptedHTTP, settings: Settings
) -> None:
    gives(meta, SECOND, days=60)
    await renewal.renew()
    # Nobody knows when the one of the environment ends.
    assert (await how_it_stands()).mend.startswith("Restart")
    restart(settings)
    gives(meta, THIRD, days=60)
    await renewal.renew()
    assert (await how_it_stands()).mend == ""
    settings.INSTAGRAM_TOKEN_ENDS = (timezone.now() + timedelta(days=10)).timestamp()
    assert (await how_it_stands()).mend.startswith("Restart")
    restart(settings)
    assert (await how_it_stands()).mend == ""


async def test_a_dry_run_renews_nothing(meta: ScriptedHTTP) -> None:
    texts = [finding.text async for one, finding in checkup.set_up(dry_run=True) if one.name == "instagram"]
    assert texts == ["would be done"] * 3
    assert meta.asked == []


async def test_where_it_cannot_be_kept_the_operator_is_told(meta: ScriptedHTTP, settings: Settings) -> None:
    gives(meta, SECOND)
    settings.INSTAGRAM_TOKEN_FILE = settings.INSTAGRAM_TOKEN_FILE.parent / "nowhere" / "token.json"
    setup = next(setup for setup in checkup.SETUPS if setup.name == "instagram")
    assert "DATA_DIR" in (await checkup.renewed(setup)).mend


def test_the_file_holds_what_the_settings_read(meta: ScriptedHTTP, settings: Settings) -> None:
    renewal.keep(renewal.Kept(SECOND, timezone.now(), renewal.digest(FIRST)))
    assert set(json.loads(settings.INSTAGRAM_TOKEN_FILE.read_text())) == {"token", "ends_at", "of"}
