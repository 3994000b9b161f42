"""`manage.py channels`: what an operator reads about each app, and what is set up for them."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from time import time
from typing import Any

import pytest
from pytest_django.fixtures import Settings
from redis import Redis

from integrations import checkup
from integrations.setup import Finding
from integrations.wake import COURIER
from tests.integrations.graph_answers import ACCOUNTS, HEALTHY, TOKENS, answer, answer_well, problem, set_all
from tests.ports import free_port
from tests.scripted_http import Reply, ScriptedHTTP
from tests.servers import Site, Valkey

ROOT = Path(__file__).parent.parent.parent


@pytest.fixture
def meta() -> Iterator[ScriptedHTTP]:
    """A server in the place of Meta, where all is well."""
    with ScriptedHTTP() as server:
        answer_well(server)
        yield server


@pytest.fixture
def ready(settings: Settings, meta: ScriptedHTTP) -> Settings:
    """Three apps that are set up there."""
    set_all(settings, meta)
    return settings


async def found(title: str, about: str) -> Finding:
    """What is found about one thing of an app."""
    async for section in checkup.check():
        for finding in section.findings:
            if (section.title, finding.about) == (title, about):
                return finding
    raise AssertionError(f"nothing about {title}, {about}")


async def faults(title: str) -> list[str]:
    """What is to be mended of an app."""
    sections = {section.title: section async for section in checkup.check()}
    return [fault.about for fault in sections[title].faults]


@pytest.mark.parametrize("title", ["WhatsApp", "Messenger", "Instagram"])
async def test_nothing_is_to_be_mended_where_all_is_well(ready: Settings, title: str) -> None:
    assert await faults(title) == []


async def test_an_operator_reads_whose_accounts_they_are(ready: Settings) -> None:
    assert (await found("WhatsApp", "Number")).text == "Ada's Bakery +1 555 000 1111, quality green, verified"
    assert (await found("Messenger", "Page")).text == "Ada's Page"
    assert (await found("Instagram", "Account")).text == "@adas.bakery"
    assert (await found("Meta", "App")).text == "Chaski here"
    assert "stand-in" in (await found("Meta", "Server")).text


async def test_an_app_that_nobody_wants_is_no_fault(settings: Settings) -> None:
    assert [section.faults async for section in checkup.check()] == [[], [], []]
    off = await found("WhatsApp", "Off")
    assert "integrations/whatsapp/README.md" in off.text
    assert "terms" in off.text


@pytest.mark.parametrize(
    ("changes", "title", "said"),
    [
        ({"WHATSAPP_TOKEN": ""}, "WhatsApp", "Set WHATSAPP_TOKEN: the token of a system user"),
        ({"WHATSAPP_PURPOSE": ""}, "WhatsApp", "Meta's terms admit an AI on WhatsApp where it helps a business"),
        ({"WHATSAPP_PURPOSE": "assistant"}, "WhatsApp", "Set WHATSAPP_COUNTRIES"),
        ({"META_APP_SECRET": ""}, "Messenger", "Set META_APP_SECRET"),
        ({"MESSENGER_PAGE_ID": ""}, "Messenger", "Set MESSENGER_PAGE_ID"),
        ({"META_APP_SECRET": ""}, "Instagram", "INSTAGRAM_APP_SECRET instead"),
        ({"INSTAGRAM_ID": ""}, "Instagram", "Set INSTAGRAM_ID"),
    ],
)
async def test_what_is_missing_is_named_with_what_it_is(
    ready: Settings, meta: ScriptedHTTP, changes: dict[str, str], title: str, said: str
) -> None:
    for name, value in changes.items():
        setattr(ready, name, value)
    assert said in (await found(title, "Off")).mend


@pytest.mark.parametrize("changes", [{"is_valid": False, "error": {"message": "It has expired"}}, {"is_valid": None}])
async def test_a_token_that_ended_is_the_only_thing_to_mend(
    ready: Settings, meta: ScriptedHTTP, changes: dict[str, Any]
) -> None:
    answer(meta, "debug_token", {"data": {**HEALTHY, **changes}})
    assert await faults("Messenger") == ["Token"]
    assert meta.to("/v25.0/me") == []


@pytest.mark.parametrize(("days", "soon"), [(13, True), (15, False)])
async def test_a_token_is_to_be_renewed_two_weeks_before_its_end(
    ready: Settings, meta: ScriptedHTTP, days: int, soon: bool
) -> None:
    answer(meta, "debug_token", {"data": {**HEALTHY, "expires_at": int(time()) + days * 86400}})
    finding = await found("Messenger", "Token")
    assert "accepted, until" in finding.text
    assert bool(finding.mend) == soon


async def test_permissions_that_a_token_lacks_are_named(ready: Settings, meta: ScriptedHTTP) -> None:
    answer(meta, "debug_token", {"data": {**HEALTHY, "scopes": ["pages_messaging"]}})
    assert (await found("Messenger", "Permissions")).text == "without pages_manage_metadata"


async def test_answers_under_posts_need_permissions_of_their_own(ready: Settings) -> None:
    ready.ANSWER_COMMENTS = True
    assert "pages_manage_engagement" in (await found("Messenger", "Permissions")).text
    assert (await found("Instagram", "Permissions")).text == "without instagram_manage_comments"


PAGE_APP = {"id": "4000", "name": "Chaski", "subscribed_fields": ["messages"]}
TROUBLES: list[tuple[str, Any, str, str, str]] = [
    ("1001/subscribed_apps", {"data": []}, "WhatsApp", "Subscribed", "no real message comes. Run manage.py"),
    ("1001/subscribed_apps", {"data": [{"whatsapp_business_api_data": {"id": "9"}}]}, "WhatsApp", "Subscribed", "Run"),
    ("1001/phone_numbers", {"data": [{"id": "7"}]}, "WhatsApp", "Account", "do not belong together"),
    ("1000", {"quality_rating": "RED"}, "WhatsApp", "Number", "block or report"),
    ("1000", {"health_status": {"can_send_message": "BLOCKED"}}, "WhatsApp", "Number", "lets this number send nothing"),
    ("1000", {"code_verification_status": "NOT_VERIFIED"}, "WhatsApp", "Number", "Verify the number"),
    ("1000", {"conversational_automation": {"prompts": ["Hi"]}}, "WhatsApp", "Commands", "manage.py channels setup"),
    ("2000/subscribed_apps", {"data": []}, "Messenger", "Subscribed", "No message comes"),
    ("2000/subscribed_apps", {"data": [PAGE_APP]}, "Messenger", "Subscribed", "only a part"),
    ("2000/messenger_profile", {"data": []}, "Messenger", "Profile", "manage.py channels setup"),
    ("me", {"id": "2001", "name": "Another"}, "Messenger", "Page", "Make a token of the Page"),
    ("3000", {"id": "3001"}, "Instagram", "Account", "Set INSTAGRAM_ID"),
    ("me/messenger_profile", {"data": [{"ice_breakers": [{}]}]}, "Instagram", "Profile", "manage.py channels setup"),
    ("4000", problem(190, "Cannot get application info"), "Meta", "App", "Copy META_APP_ID and META_APP_SECRET"),
]


@pytest.mark.parametrize(("path", "body", "title", "about", "said"), TROUBLES)
async def test_each_fault_has_a_sentence_about_what_to_do(
    ready: Settings, meta: ScriptedHTTP, path: str, body: Any, title: str, about: str, said: str
) -> None:
    answer(meta, path, body, 400 if "error" in body else 200)
    assert said in (await found(title, about)).mend


STRANGE = [{}, {"data": None}, {"data": "x"}, {"data": [None, 3, "x", []]}, {"data": [{"subscribed_fields": 3}]}]


@pytest.mark.parametrize("body", STRANGE)
async def test_strange_answers_are_faults_and_nothing_worse(ready: Settings, meta: ScriptedHTTP, body: Any) -> None:
    for path in ("1000", "1001/subscribed_apps", "1001/phone_numbers", "1000/whatsapp_business_profile", "me", "3000",
                 "2000/subscribed_apps", "2000/messenger_profile", "me/messenger_profile", "4000"):  # fmt: skip
        answer(meta, path, body)
    assert await faults("Messenger") == ["Page", "Subscribed", "Profile"]
    assert "Subscribed" in await faults("WhatsApp")


async def test_one_look_that_fails_does_not_hide_the_others(ready: Settings, meta: ScriptedHTTP) -> None:
    answer(meta, "2000/subscribed_apps", problem(200, "Requires pages_manage_metadata"), 403)
    assert await faults("Messenger") == ["Subscribed"]
    finding = await found("Messenger", "Subscribed")
    assert "Requires pages_manage_metadata" in finding.text
    assert "permissions" in finding.mend


async def test_a_server_that_is_away_is_told_in_a_sentence(ready: Settings) -> None:
    ready.GRAPH_URL = ready.INSTAGRAM_GRAPH_URL = f"http://127.0.0.1:{free_port()}"
    assert "cannot be reached" in (await found("Instagram", "Token")).text


async def test_instagrams_own_login_has_a_server_and_permissions_of_its_own(
    ready: Settings, meta: ScriptedHTTP
) -> None:
    ready.INSTAGRAM_APP_SECRET, ready.META_APP_SECRET = "another-secret", ""
    ready.GRAPH_URL = f"http://127.0.0.1:{free_port()}"
    answer(meta, "me", {"id": "17", "user_id": "3000", "username": "adas.bakery"})
    assert await faults("Instagram") == []
    assert (await found("Instagram", "Account")).text == "@adas.bakery"
    assert "instagram_business_manage_messages" in (await found("Instagram", "Permissions")).text
    assert all(asked.headers["authorization"] == f"Bearer {TOKENS['INSTAGRAM_TOKEN']}" for asked in meta.asked)


# Our address


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"META_APP_SECRET": ""}, "Set META_APP_SECRET"),
        ({"META_VERIFY_TOKEN": ""}, "Set META_VERIFY_TOKEN"),
        ({"GRAPH_URL": "https://graph.example"}, "Meta calls HTTPS addresses only"),
        ({"SITE_URL": f"http://127.0.0.1:{free_port()}"}, "Start the site"),
    ],
)
async def test_an_address_that_meta_cannot_call_is_a_fault(ready: Settings, changes: dict[str, str], said: str) -> None:
    for name, value in changes.items():
        setattr(ready, name, value)
    assert said in (await checkup.webhook()).mend


async def test_an_address_of_something_else_is_a_fault(ready: Settings, meta: ScriptedHTTP) -> None:
    ready.SITE_URL = meta.url
    assert "HTTP 404" in (await checkup.webhook()).text


@pytest.mark.usefixtures("ready")
def test_a_courier_that_is_not_at_work_is_a_fault(settings: Settings, valkey: Valkey) -> None:
    settings.REDIS_URL = valkey.url
    with Redis.from_url(valkey.url) as redis:
        redis.delete(COURIER)
        assert "Run manage.py courier" in checkup.courier().mend
        redis.set(COURIER, 1, ex=60)
        assert checkup.courier() == Finding("Courier", "at work")
    settings.REDIS_URL = f"redis://127.0.0.1:{free_port()}/0"
    assert "REDIS_URL" in checkup.courier().mend


async def test_what_meta_delivers_and_where_to_is_looked_at(ready: Settings, meta: ScriptedHTTP) -> None:
    setup = next(one for one in checkup.SETUPS if one.name == "messenger")
    row: dict[str, Any] = {"object": "page", "callback_url": checkup.webhook_url(), "active": True}
    graph = checkup.app_graph()
    assert graph
    async with graph:
        for changes, said in [
            ({"fields": [{"name": name} for name in setup.fields]}, ""),
            ({"fields": [{"name": "messages"}]}, "only a part"),
            ({"fields": list(setup.fields), "active": False}, "only a part"),
            ({"fields": list(setup.fields), "callback_url": "https://old.example/"}, "another address"),
            ({"object": "user"}, "does not ask for it"),
        ]:
            answer(meta, "4000/subscriptions", {"data": [{**row, **changes}]})
            finding = await checkup.delivered(setup, graph)
            assert said in finding.mend
            assert bool(finding.mend) == bool(said)


# Setting up


async def test_it_sets_up_what_the_api_can(ready: Settings, meta: ScriptedHTTP) -> None:
    done = [(setup.name, finding.text) async for setup, finding in checkup.set_up(dry_run=False)]
    assert done == [("whatsapp", "done")] * 2 + [("messenger", "done")] * 2 + [("instagram", "done")] * 2
    (page,) = meta.to("/v25.0/2000/subscribed_apps")
    assert (page.method, page.params["subscribed_fields"].split(",")[:2]) == (
        "POST",
        ["messages", "messaging_postbacks"],
    )
    (profile,) = meta.to("/v25.0/2000/messenger_profile")
    assert profile.body["get_started"] == {"payload": "start"}
    taps = [item["payload"] for item in profile.body["persistent_menu"][0]["call_to_actions"]]
    assert taps == ["/new", "/help", "/forget"]
    (automation,) = meta.to("/v25.0/1000/conversational_automation")
    assert {"command_name": "help", "command_description": "What I can do"} in automation.body["commands"]
    (instagram,) = meta.to("/v25.0/me/messenger_profile")
    assert instagram.params == {"platform": "instagram"}
    assert [one.headers["authorization"] for one in (page, automation, instagram)] == [
        f"Bearer {TOKENS[name]}" for name in ("MESSENGER_TOKEN", "WHATSAPP_TOKEN", "INSTAGRAM_TOKEN")
    ]


async def test_texts_for_the_apps_are_within_their_limits(ready: Settings) -> None:
    ready.SITE_NAME = "A name that goes on and on " * 10
    steps = {step.path: step.body for setup in checkup.SETUPS for step in setup.steps()}
    profile = steps["2000/messenger_profile"]
    assert len(profile["greeting"][0]["text"]) <= 160
    assert all(len(one["description"]) <= 64 and len(one["name"]) <= 32 for one in profile["commands"][0]["commands"])
    assert all(len(one["title"]) <= 30 for one in profile["persistent_menu"][0]["call_to_actions"])
    assert all(len(one["question"]) <= 80 for one in profile["ice_breakers"][0]["call_to_actions"])
    assert 0 < len(profile["ice_breakers"][0]["call_to_actions"]) <= 4
    assert all(len(one) <= 80 for one in steps["1000/conversational_automation"]["prompts"])


async def test_meta_is_asked_to_deliver_to_a_public_address_only(ready: Settings) -> None:
    assert [step for setup in checkup.SETUPS for step in checkup.delivery_steps(setup)] == []
    ready.GRAPH_URL, ready.HTTPS, ready.SITE_URL = "https://graph.example", True, "https://chat.example"
    steps = [step for setup in checkup.SETUPS for step in checkup.delivery_steps(setup)]
    assert [step.body["object"] for step in steps] == ["whatsapp_business_account", "page", "instagram"]
    assert {step.body["callback_url"] for step in steps} == {"https://chat.example/webhooks/meta"}


async def test_one_step_that_fails_does_not_end_the_others(ready: Settings, meta: ScriptedHTTP) -> None:
    answer(meta, "2000/subscribed_apps", problem(200, "Requires pages_messaging"), 403)
    texts = [finding.text async for setup, finding in checkup.set_up(dry_run=False) if setup.name == "messenger"]
    assert "Requires pages_messaging" in texts[0]
    assert texts[1] == "done"


async def test_a_field_that_meta_does_not_know_costs_none_of_the_others(ready: Settings, meta: ScriptedHTTP) -> None:
    ready.INSTAGRAM_APP_SECRET = "another-secret"
    unknown = Reply(problem(100, "Param subscribed_fields[9] must be one of …"), 400)
    meta.script("/v25.0/me/subscribed_apps", unknown, Reply({"success": True}))
    texts = [finding.text async for setup, finding in checkup.set_up(dry_run=False) if setup.name == "instagram"]
    assert texts[0] == "done"
    first, second = (one.params["subscribed_fields"] for one in meta.to("/v25.0/me/subscribed_apps"))
    assert first == f"{second},message_edit"


async def test_a_dry_run_asks_for_nothing(ready: Settings, meta: ScriptedHTTP) -> None:
    assert {finding.text async for _setup, finding in checkup.set_up(dry_run=True)} == {"would be done"}
    assert meta.asked == []


# The command


def run(meta: ScriptedHTTP, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    full = {"PATH": "/usr/bin:/bin", "GRAPH_URL": meta.url, "INSTAGRAM_GRAPH_URL": meta.url, **TOKENS, **ACCOUNTS}
    command = [sys.executable, "manage.py", "channels", *arguments]
    return subprocess.run(
        command, cwd=ROOT, env=full | environment, capture_output=True, text=True, timeout=60, check=False
    )


def test_d16_an_operator_reads_it_all_without_a_token(meta: ScriptedHTTP, valkey: Valkey, folder: Path) -> None:
    site = Site(folder / "site", {"REDIS_URL": valkey.url, **TOKENS})
    site.start()
    try:
        with Redis.from_url(valkey.url) as redis:
            redis.set(COURIER, 1, ex=60)
        done = run(meta, SITE_URL=site.url, REDIS_URL=valkey.url)
    finally:
        site.kill()
    assert (done.returncode, done.stderr) == (0, "")
    assert f"  Webhook      {site.url}/webhooks/meta answers the handshake\n" in done.stdout
    assert "  Number       Ada's Bakery" in done.stdout
    assert done.stdout.endswith("\nAll is well.\n")
    assert not any(token in done.stdout for token in TOKENS.values())


@pytest.mark.parametrize("arguments", [(), ("setup",), ("setup", "--dry-run")])
def test_d16_no_token_is_printed_where_meta_repeats_it(meta: ScriptedHTTP, arguments: tuple[str, ...]) -> None:
    echo = problem(190, f"Malformed access token {' '.join(TOKENS.values())} 4000|{TOKENS['META_APP_SECRET']}")
    for path in ("debug_token", "me", "2000/messenger_profile", "1000", "4000", "1001/subscribed_apps",
                 "2000/subscribed_apps", "1000/conversational_automation"):  # fmt: skip
        answer(meta, path, echo, 400)
    done = run(meta, *arguments, LOG_LEVEL="DEBUG")
    assert done.returncode == (0 if "--dry-run" in arguments else 1)
    if "--dry-run" not in arguments:
        assert "Malformed access token" in done.stdout
    leaked = [name for name, token in TOKENS.items() if token in done.stdout + done.stderr]
    assert leaked == []
