"""Whatever is sent, the emulator answers with an error of Meta's or takes it; it never fails itself."""

import json
from typing import Any

import httpx
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.integrations.emulator.conftest import Messenger, WhatsApp
from tests.servers import Emulator, eventually

FIELDS = """
    messaging_product type to recipient text body image id link caption interactive action buttons reply title sections
    rows button header footer template name language code components parameters location latitude longitude contacts
    reaction message_id emoji status typing_indicator context message attachment payload template_type elements
    quick_replies content_type url is_reusable attachment_id comment_id sender_action messaging_type tag fields
    get_started ice_breakers persistent_menu call_to_actions prompts commands subscribed_fields recipient_type cards
    media_type phones subject description join_approval_mode join_requests participants user user_id group_id limit
"""
VALUES = """
    whatsapp text image audio sticker interactive template list button carousel cta_url reaction location contacts
    generic media postback web_url typing_on react read group [ {} [] [1] {"a":1} -1 1e999
"""
PATHS = """
    messages media message_attachments messenger_profile subscribed_apps conversational_automation
    whatsapp_business_profile message_templates conversations mentions comments groups
"""
DOORS = [
    "GET",
    "POST",
    "POST invite_link",
    "GET join_requests",
    "POST join_requests",
    "DELETE join_requests",
    "DELETE participants",
]
GROUP_DEEDS = "join_group write react open send_media leave_group bubbles suspend_group"
DEEDS = "write send_media tap switch comment raw add_person open_chat"
NAMES = st.sampled_from(FIELDS.split())
WORDS = st.sampled_from(VALUES.split())
EDGES = st.sampled_from(PATHS.split())
ACTIONS = st.sampled_from(DEEDS.split())
LEAVES = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | WORDS
BODIES = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=6),
    max_leaves=30,
)
OBJECTS = st.dictionaries(NAMES, BODIES, max_size=8)
PATIENT = settings(
    max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow], deadline=None
)


def dumped(body: Any) -> bytes:
    return json.dumps(body).encode()


@PATIENT
@given(body=OBJECTS, edge=EDGES)
def test_no_body_breaks_whatsapp(whatsapp: WhatsApp, emulator: Emulator, body: Any, edge: str) -> None:
    defaults = {"messaging_product": "whatsapp", "to": "+4917604069001"}
    account = emulator.configuration["whatsapp"]["account_id"]
    for node in (whatsapp.node, account):
        for sent in (body, {**body, **defaults}):
            check(whatsapp.http.post(f"/{node}/{edge}", content=dumped(sent)))


@PATIENT
@given(body=OBJECTS, edge=EDGES)
def test_no_body_breaks_messenger_or_instagram(
    messenger: Messenger, instagram: Messenger, body: Any, edge: str
) -> None:
    for caller in (messenger, instagram):
        for sent in (body, {**body, "recipient": {"id": caller.recipient}}):
            check(caller.http.post(f"/{caller.node}/{edge}", content=dumped(sent)))


@PATIENT
@given(body=OBJECTS, door=st.sampled_from(DOORS), action=st.sampled_from(GROUP_DEEDS.split()))
def test_no_body_breaks_groups(whatsapp: WhatsApp, emulator: Emulator, body: Any, door: str, action: str) -> None:
    product = {"messaging_product": "whatsapp"}
    while not (groups := emulator.act("groups")):
        whatsapp.post("groups", {**product, "subject": "Ski trip"})
        eventually(lambda: emulator.act("groups"))
    group = groups[0]["id"]
    method, _, edge = door.partition(" ")
    for sent in (body, {**body, **product}):
        check(whatsapp.http.request(method, f"/{group}/{edge}".rstrip("/"), content=dumped(sent)))
    response = httpx.post(f"{emulator.url}/emulator/{action}", content=dumped({**body, "group": group}))
    assert response.status_code in (200, 400), response.text


@PATIENT
@given(
    body=OBJECTS,
    action=st.sampled_from(["write", "send_media", "tap", "switch", "comment", "raw", "add_person", "open_chat"]),
)
def test_no_body_breaks_the_control_routes(emulator: Emulator, body: Any, action: str) -> None:
    for more in ({}, {"app": "messenger"}):
        response = httpx.post(f"{emulator.url}/emulator/{action}", content=dumped({**body, **more}))
        assert response.status_code in (200, 400), response.text


def check(response: httpx.Response) -> None:
    assert response.status_code < 500 or "error" in response.json(), response.text
    assert response.headers["X-Chaski-Emulator"] == "1"
