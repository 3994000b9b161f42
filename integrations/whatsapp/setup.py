"""WhatsApp from its operator's side: Meta's terms, token, number, account, subscription, prompts and commands."""

from django.conf import settings

from integrations import menu
from integrations.base import mapping, sequence
from integrations.graph import Graph
from integrations.setup import RUN_SETUP, UNSEEN, Finding, Look, Setup, Step, names, ours, unset, words

TERMS = (
    "Meta's terms admit an AI on WhatsApp where it helps a business with the business's own matters. A general "
    "assistant is admitted only for people of countries where the law demands it; elsewhere Meta may lock the account."
)
WHAT = {
    "WHATSAPP_TOKEN": "the token of a system user, with whatsapp_business_messaging and whatsapp_business_management",
    "WHATSAPP_PHONE_ID": "the id of the number that writes, not the number itself",
    "META_APP_SECRET": "the secret of the Meta app, without which no delivery is believed",
    "WHATSAPP_PURPOSE": f'"helper" for a business\'s own matters, "assistant" for a general one. {TERMS[:-1]}',
}


class WhatsAppSetup(Setup):
    name = "whatsapp"
    title = "WhatsApp"
    object = "whatsapp_business_account"
    own = ("WHATSAPP_TOKEN", "WHATSAPP_PHONE_ID", "WHATSAPP_ACCOUNT_ID", "WHATSAPP_PURPOSE", "WHATSAPP_COUNTRIES")
    fields = (
        "messages", "user_id_update", "smb_message_echoes", "account_alerts", "account_update", "account_review_update",
        "business_capability_update", "phone_number_name_update", "phone_number_quality_update", "security",
        "group_lifecycle_update", "group_participants_update", "group_settings_update", "group_status_update",
    )  # fmt: skip
    permissions = ("whatsapp_business_messaging", "whatsapp_business_management")

    @property
    def token(self) -> str:
        return settings.WHATSAPP_TOKEN

    @property
    def account(self) -> str:
        return settings.WHATSAPP_PHONE_ID

    @property
    def unbegun(self) -> str:
        return f"{super().unbegun}. {TERMS}"

    def missing(self) -> dict[str, str]:
        found = unset(WHAT)
        if settings.WHATSAPP_PURPOSE == "assistant" and not settings.WHATSAPP_COUNTRIES:
            found |= unset(
                {"WHATSAPP_COUNTRIES": "people of these countries alone are answered by a general assistant"}
            )
        return found

    def looks(self) -> dict[str, Look]:
        return {
            "Number": number,
            "Account": account,
            "Subscribed": subscribed,
            "Profile": profile,
            "Commands": automation,
            "Groups": groups,
        }

    def steps(self) -> list[Step]:
        found = []
        if settings.WHATSAPP_ACCOUNT_ID:
            subscribe = f"{settings.WHATSAPP_ACCOUNT_ID}/subscribed_apps"
            found.append(Step("Subscribe our app to the account", subscribe))
        body = {
            "enable_welcome_message": True,
            "prompts": [str(idea.title) for idea in menu.IDEAS],
            "commands": [
                {"command_name": entry.payload, "command_description": str(entry.title)} for entry in menu.COMMANDS
            ],
        }
        path = f"{settings.WHATSAPP_PHONE_ID}/conversational_automation"
        return [*found, Step("Set the ideas to begin with, and the commands", path, body)]


async def number(graph: Graph) -> Finding:
    """The number: its name, quality, and whether it may send. Raises ChannelError."""
    asked = "display_phone_number,verified_name,quality_rating,code_verification_status,health_status"
    found = await graph.get(settings.WHATSAPP_PHONE_ID, fields=asked)
    quality, verified = words(found.get("quality_rating")), words(found.get("code_verification_status"))
    name = " ".join(filter(None, [words(found.get("verified_name")), words(found.get("display_phone_number"))]))
    text = ", ".join(filter(None, [name, f"quality {quality.lower()}" if quality else "", verified.lower()]))
    mend = ""
    if words(mapping(found.get("health_status")).get("can_send_message")) == "BLOCKED":
        mend = "Meta lets this number send nothing: see WhatsApp Manager, Account, for the reason."
    elif quality == "RED":
        mend = "People block or report this number; Meta may limit it. Write to nobody who did not write first."
    elif verified in ("NOT_VERIFIED", "EXPIRED"):
        mend = "Verify the number in WhatsApp Manager, under phone numbers."
    return Finding("Number", text or "without a name", mend)


async def account(graph: Graph) -> Finding:
    """Whether the number is one of the account's. Raises ChannelError."""
    if not settings.WHATSAPP_ACCOUNT_ID:
        mend = "Set WHATSAPP_ACCOUNT_ID, the id of the WhatsApp Business account: it has to be subscribed."
        return Finding("Account", "not known, WHATSAPP_ACCOUNT_ID is not set", mend)
    found = await graph.get(f"{settings.WHATSAPP_ACCOUNT_ID}/phone_numbers", fields="id", limit="100")
    if settings.WHATSAPP_PHONE_ID in names(found.get("data"), "id"):
        return Finding("Account", settings.WHATSAPP_ACCOUNT_ID)
    mend = "WHATSAPP_PHONE_ID and WHATSAPP_ACCOUNT_ID do not belong together: copy both from the same page of the app."
    return Finding("Account", f"{settings.WHATSAPP_ACCOUNT_ID} has no such number", mend)


async def subscribed(graph: Graph) -> Finding:
    """Whether our app gets what comes to the account. Raises ChannelError."""
    if not settings.WHATSAPP_ACCOUNT_ID:
        return Finding("Subscribed", "not known without the account")
    found = await graph.get(f"{settings.WHATSAPP_ACCOUNT_ID}/subscribed_apps")
    apps = [mapping(mapping(row).get("whatsapp_business_api_data") or row) for row in sequence(found.get("data"))]
    app = ours(apps)
    if app is not None:
        return Finding("Subscribed", words(app.get("name")) or "yes")
    mend = f"The test in Meta's dashboard works all the same, yet no real message comes. {RUN_SETUP}"
    return Finding("Subscribed", "no app of ours" if apps else "no app", mend)


async def profile(graph: Graph) -> Finding:
    """What people read about the number. Raises ChannelError."""
    found = await graph.get(f"{settings.WHATSAPP_PHONE_ID}/whatsapp_business_profile", fields="about,description")
    first = mapping(next(iter(sequence(found.get("data"))), None))
    text = words(first.get("description")) or words(first.get("about"))
    return Finding("Profile", text or "without a word, which WhatsApp Manager can change")


async def automation(graph: Graph) -> Finding:
    """The ideas to begin with, and the commands. Raises ChannelError."""
    found = await graph.get(settings.WHATSAPP_PHONE_ID, fields="conversational_automation")
    kept = mapping(found.get("conversational_automation"))
    commands, prompts = names(kept.get("commands"), "command_name"), sequence(kept.get("prompts"))
    if commands and prompts:
        return Finding("Commands", f"{len(commands)}, and {len(prompts)} ideas to begin with")
    lacking = " and no ".join(name for name, there in [("commands", commands), ("ideas", prompts)] if not there)
    return Finding("Commands", f"no {lacking} yet", UNSEEN)


async def groups(graph: Graph) -> Finding:
    """Whether Meta offers this number groups. Raises ChannelError."""
    if await is_official(graph):
        return Finding("Groups", "the number is official: rooms can be WhatsApp groups")
    mend = "Nothing to mend, unless you want groups: ask Meta for an Official Business Account in WhatsApp Manager."
    return Finding("Groups", f"none, as the number is not official. {mend}")


async def is_official(graph: Graph) -> bool:
    """Whether the number has the blue badge, without which there are no groups. Raises ChannelError."""
    found = await graph.get(settings.WHATSAPP_PHONE_ID, fields="is_official_business_account")
    return found.get("is_official_business_account") is True
