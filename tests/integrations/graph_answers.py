"""What the Graph API says of accounts that are well set up, for tests of how they are looked at."""

from collections.abc import Mapping
from typing import Any

from pytest_django.fixtures import Settings

from integrations.instagram.setup import InstagramSetup
from integrations.messenger.setup import MessengerSetup
from tests.scripted_http import Reply, ScriptedHTTP

TOKENS = {
    "META_APP_SECRET": "secret-of-the-app-7f3a",
    "META_VERIFY_TOKEN": "word-for-the-handshake-91c2",
    "WHATSAPP_TOKEN": "EAAwhatsapp-token-5d0b",
    "MESSENGER_TOKEN": "EAAmessenger-token-b812",
    "INSTAGRAM_TOKEN": "IGinstagram-token-4e77",
}
ACCOUNTS = {
    "META_APP_ID": "4000",
    "WHATSAPP_PHONE_ID": "1000",
    "WHATSAPP_ACCOUNT_ID": "1001",
    "WHATSAPP_PURPOSE": "helper",
    "MESSENGER_PAGE_ID": "2000",
    "INSTAGRAM_ID": "3000",
}

HEALTHY = {
    "is_valid": True,
    "expires_at": 0,
    "scopes": [
        "whatsapp_business_messaging", "whatsapp_business_management", "pages_messaging", "pages_manage_metadata",
        "instagram_basic", "instagram_manage_messages",
    ],
}  # fmt: skip
OURS = {"id": "4000", "name": "Chaski here"}
MENU = {"greeting": [{}], "commands": [{}], "ice_breakers": [{}], "persistent_menu": [{}]}

ANSWERS: Mapping[str, Any] = {
    "4000": OURS,
    "debug_token": {"data": HEALTHY},
    "1000": {
        "verified_name": "Ada's Bakery",
        "display_phone_number": "+1 555 000 1111",
        "quality_rating": "GREEN",
        "code_verification_status": "VERIFIED",
        "health_status": {"can_send_message": "AVAILABLE"},
        "conversational_automation": {"prompts": ["Hi"], "commands": [{"command_name": "help"}]},
    },
    "1001/phone_numbers": {"data": [{"id": "1000"}]},
    "1001/subscribed_apps": {"data": [{"whatsapp_business_api_data": OURS}]},
    "1000/whatsapp_business_profile": {"data": [{"about": "Bread since 1815"}]},
    "me": {"id": "2000", "name": "Ada's Page"},
    "2000/subscribed_apps": {"data": [{**OURS, "subscribed_fields": list(MessengerSetup.fields)}]},
    "2000/messenger_profile": {
        "data": [{"get_started": {"payload": "start"}, "greeting": [{}], "commands": [{}], **MENU}]
    },
    "3000": {"id": "3000", "username": "adas.bakery"},
    "me/subscribed_apps": {"data": [{**OURS, "subscribed_fields": list(InstagramSetup.fields)}]},
    "me/conversations": {"data": []},
    "me/messenger_profile": {"data": [{"ice_breakers": [{}]}, {"persistent_menu": [{}]}]},
}


def answer(server: ScriptedHTTP, path: str, body: Any, status: int = 200) -> None:
    """What the API says about `path` from now on."""
    server.script(f"/v25.0/{path}", Reply(body, status))


def answer_well(server: ScriptedHTTP) -> None:
    """All is well with every account."""
    for path, body in ANSWERS.items():
        answer(server, path, body)
    for path in ("1000/conversational_automation", "4000/subscriptions"):
        answer(server, path, {"success": True})


def problem(code: int, words: str, subcode: int = 0) -> dict[str, Any]:
    """The body of an error."""
    return {"error": {"message": words, "code": code, "error_subcode": subcode, "fbtrace_id": "A"}}


def set_all(settings: Settings, server: ScriptedHTTP, **changes: Any) -> None:
    """Settings of three apps at `server`, in the place of Meta."""
    for name, value in {**TOKENS, **ACCOUNTS, **changes}.items():
        setattr(settings, name, value)
    settings.GRAPH_URL = settings.INSTAGRAM_GRAPH_URL = server.url
