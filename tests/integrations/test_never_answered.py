"""What comes from apps and is no word to us: acknowledged, counted, and never answered. The whole way."""

import time
from typing import Any
from uuid import uuid4

from integrations.models import Contact, Delivery
from tests.fake_llama import FakeLlama, says
from tests.integrations.conftest import Messengers
from tests.integrations.deliveries import deliver
from tests.integrations.phones import IDS, Phone, words
from tests.servers import eventually

Json = dict[str, Any]


def ids(messengers: Messengers, phone: Phone) -> tuple[str, str]:
    """Our account in the app of a phone, and the phone's own id there."""
    told = messengers.emulator.configuration[phone.app]
    return told.get("phone_id") or told.get("page_id") or told["id"], phone.person[IDS[phone.app]]


def of_whatsapp(account: str, person: str) -> list[Json]:
    """Values of WhatsApp's deliveries that are no message of a person's."""
    frame = {"from_user_id": person, "timestamp": str(int(time.time()))}

    def item(kind: str, **more: Any) -> Json:
        return {**frame, "id": f"wamid.{uuid4().hex}", "type": kind, **more}

    edit = {"original_message_id": "wamid.none", "message": {"type": "text", "text": {"body": "better"}}}
    messages = [
        item("reaction", reaction={"message_id": "wamid.none", "emoji": "👍"}),
        item("reaction", reaction={"message_id": "wamid.none"}),
        item("system", system={"type": "customer_identity_changed", "body": "changed"}),
        item("system", system={"type": "user_changed_number", "wa_id": "0"}),
        item("ephemeral", errors=[{"code": 131051}]),
        item("unsupported", unsupported={"type": "edit"}),
        item("hologram", hologram={"id": "1"}),
        item("revoke", revoke={"original_message_id": "wamid.none"}),
        item("edit", edit=edit),
        item("interactive", interactive={"type": "nfm_reply", "nfm_reply": {"response_json": "{}"}}),
        item("text", group_id="G", text={"body": "to all of you"}),
        item("edit", group_id="G", edit=edit),
        item("text", text={"body": "  "}),
        item("text", text=None),
    ]
    statuses = [
        {"id": "wamid.none", "status": status, "timestamp": frame["timestamp"], "recipient_user_id": person}
        for status in ("sent", "delivered", "read", "played", "deleted", "failed", "warning")
    ]
    metadata = {"phone_number_id": account}
    values = [{"metadata": metadata, "messages": messages, "statuses": statuses, "errors": [{"code": 131000}]}]
    values.append({"metadata": {"phone_number_id": "1"}, "messages": [item("text", text={"body": "to another"})]})
    changes = [{"field": "messages", "value": value} for value in values]
    changes += [
        {"field": field, "value": values[0]} for field in ("standby", "history", "calls", "messaging_handovers")
    ]
    return [{"object": "whatsapp_business_account", "entry": [{"id": "1", "changes": changes}]}]


def of_messenger(name: str, account: str, person: str) -> list[Json]:
    """The same for Messenger and Instagram."""
    frame = {"sender": {"id": person}, "recipient": {"id": account}, "timestamp": int(time.time() * 1000)}
    back = {**frame, "sender": {"id": account}, "recipient": {"id": person}}

    def said(**more: Any) -> Json:
        return {"mid": f"m_{uuid4().hex}", **more}

    messaging = [
        {**back, "message": said(text="ours", is_echo=True, app_id=7)},
        {**back, "message": said(text="ours, and not marked")},
        {**frame, "message": said(is_deleted=True)},
        {**frame, "message": said(attachments=[{"type": "story_mention", "payload": {"url": "https://a.example"}}])},
        {**frame, "message": said()},
        {**frame, "message_edit": {"mid": "m_none", "text": "better", "num_edit": 1}},
        {**frame, "reaction": {"mid": "m_none", "action": "react", "emoji": "😀"}},
        {**frame, "reaction": {"mid": "m_none", "action": "unreact"}},
        {**frame, "read": {"watermark": 1}},
        {**frame, "read": {"mid": "m_none"}},
        {**frame, "delivery": {"mids": ["m_none"], "watermark": 1}},
        {**frame, "policy_enforcement": {"action": "warning", "reason": "too many"}},
        {**frame, "account_linking": {"status": "linked"}},
        {**frame, "optin": {"type": "notification_messages", "payload": "x"}},
        {**frame, "recipient": {"id": "1"}, "message": said(text="to another")},
        {**frame, "sender": None, "message": said(text="from nobody")},
        frame,
    ]
    standby = [
        {**frame, "message": said(text="to the other app")},
        {**frame, "postback": {"payload": "x", "mid": "m_1"}},
    ]
    entries = [{"id": account, "messaging": messaging, "standby": standby}, {"id": "1", "messaging": messaging}]
    return [{"object": name, "entry": entries}]


def wordless(messengers: Messengers, phone: Phone) -> None:
    """Deliver all that is no word to us, as of the phone's person; returns once it is read."""
    account, person = ids(messengers, phone)
    told = messengers.emulator.configuration
    secret = told["app_secret"]
    if phone.app == "whatsapp":
        deliveries = of_whatsapp(account, person)
    else:
        deliveries = of_messenger("page" if phone.app == "messenger" else "instagram", account, person)
        secret = secret if phone.app == "messenger" else told["instagram_app_secret"]
    newest = Delivery.objects.order_by("id").last()
    for delivery in deliveries:
        assert deliver(messengers.site.url, delivery, secret).status_code == 200
    read = Delivery.objects.filter(id__gt=newest.pk if newest else 0)
    eventually(lambda: read.count() >= len(deliveries) and not read.filter(state="waiting").exists())
    assert set(read.values_list("state", flat=True)) == {"done"}


def test_what_is_no_word_to_us_is_never_answered(messengers: Messengers, ada: Phone, fake_llama: FakeLlama) -> None:
    fake_llama.script(says("Hi."))
    ada.ask("Good morning", 2)
    wordless(messengers, ada)
    assert ada.stays_silent()
    fake_llama.script(says("Still here."))
    assert words(ada.ask("Are you there?")) == ["Still here."]


def test_nor_is_somebody_who_never_wrote_greeted(messengers: Messengers, ada: Phone) -> None:
    wordless(messengers, ada)
    rows = Contact.objects.filter(channel=ada.app, user_id=ada.person[IDS[ada.app]])
    eventually(lambda: not rows.filter(inbox__state="waiting").exists())
    assert not rows.filter(outbox__isnull=False).exists()
    assert ada.answers == []


def test_somebody_is_answered_while_a_large_delivery_is_read(
    messengers: Messengers, ada: Phone, fake_llama: FakeLlama
) -> None:
    person = ada.person[IDS[ada.app]]
    told = messengers.emulator.configuration
    frame = {"sender": {"id": person}, "recipient": {"id": told["messenger"]["page_id"]}, "timestamp": 1}
    reads = [{**frame, "read": {"watermark": 1790000000000 + number}} for number in range(4000)]
    large = {"object": "page", "entry": [{"id": told["messenger"]["page_id"], "messaging": reads}]}
    newest = Delivery.objects.order_by("id").last()
    fake_llama.script(says("At once."))
    assert deliver(messengers.site.url, large, told["app_secret"]).status_code == 200
    assert words(ada.ask("Hello", 2))[1] == "At once."
    rows = Delivery.objects.filter(id__gt=newest.pk if newest else 0, summary__startswith="4000 ")
    eventually(rows.exists, 60)
