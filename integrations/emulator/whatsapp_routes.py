"""What the Cloud API answers at a number, at its account, and at a media id."""

import hmac
import re
from typing import Any

from aiohttp import web

from integrations.emulator import errors
from integrations.emulator.calls import Call
from integrations.emulator.fields import Fields, Json, decoded
from integrations.emulator.group_routes import GroupRoutes
from integrations.emulator.groups import Groups
from integrations.emulator.media_rules import mime_of, whatsapp_upload_refused
from integrations.emulator.messenger_webhooks import APP_ID
from integrations.emulator.progress import Progress
from integrations.emulator.rates import Rates
from integrations.emulator.state import World
from integrations.emulator.things import ActionError, Media
from integrations.emulator.whatsapp_sends import UPLOADED_SECONDS, Taken, WhatsAppSends
from integrations.emulator.whatsapp_webhooks import address_hash, media_address

RECEIVED_SECONDS = 7 * 24 * 3600
PROFILE = ("about", "address", "description", "email", "websites", "vertical", "profile_picture_url")
APP = {"whatsapp_business_api_data": {"id": str(APP_ID), "name": "Emulated app", "link": "http://127.0.0.1/"}}
# Characters of each text of the profile.
PROFILE_LIMITS = {"about": 139, "address": 256, "description": 512, "email": 128}
WEBSITES = 2
WEBSITE = 256
TEMPLATES = 250
VALUE = re.compile(r"\{\{(\d+)\}\}")


class WhatsAppRoutes:
    """The number, its account, and media."""

    def __init__(self, world: World, sends: WhatsAppSends, progress: Progress, rates: Rates) -> None:
        self._world = world
        self._sends = sends
        self._progress = progress
        self._rates = rates
        self._groups = Groups(world)
        self._group_routes = GroupRoutes(world, self._groups)

    async def number(self, call: Call) -> Json:
        """A call to `/{PHONE}/...`. Raises GraphError."""
        match call.method, call.edge:
            case "POST", "messages":
                return await self._message(call)
            case "POST", "media":
                return self._upload(call)
            case "GET", "":
                return call.asked().of(self._number(), ("verified_name", "display_phone_number", "quality_rating"))
            case "GET", "whatsapp_business_profile":
                profile = {"messaging_product": "whatsapp"} | self._profile()
                return {"data": [call.asked(("messaging_product",)).of(profile, ("messaging_product",))]}
            case "POST", "whatsapp_business_profile":
                self._world.set_profile("whatsapp", _profile_of(call))
                return {"success": True}
            case "POST", "conversational_automation":
                return self._automation(call)
            case "POST", "register" | "deregister" | "":
                return {"success": True}
            case _, "groups":
                return self._group_routes.number(call)
            case _:
                raise errors.NoObject(call.node, call.method)

    def group(self, call: Call) -> Json:
        """A call to `/{GROUP}/...`. Raises GraphError."""
        return self._group_routes.group(call)

    async def account(self, call: Call) -> Json:
        """A call to `/{WABA}/...`. Raises GraphError."""
        account = self._world.accounts["whatsapp"]
        match call.method, call.edge:
            case "GET", "":
                values = {
                    "id": account.account_id,
                    "name": account.name,
                    "timezone_id": "1",
                    "message_template_namespace": "emulated",
                    "currency": "EUR",
                    "country": "DE",
                    "account_review_status": "APPROVED",
                    "business_verification_status": "verified",
                }
                return call.asked().of(values, ("name", "timezone_id", "message_template_namespace"))
            case "GET", "subscribed_apps":
                return {"data": [APP] if account.subscribed else []}
            case "POST", "subscribed_apps":
                account.subscribed = ["messages"]
                return {"success": True}
            case "DELETE", "subscribed_apps":
                account.subscribed = []
                return {"success": True}
            case "GET", "phone_numbers":
                return {"data": [call.asked().of(self._number(), ("verified_name", "display_phone_number"))]}
            case "GET", "message_templates":
                listed = [self._template(key) for key in self._templates()]
                summary = {
                    "total_count": len(listed),
                    "message_template_count": len(listed),
                    "message_template_limit": TEMPLATES,
                    "are_translations_complete": True,
                }
                return {"data": listed, "summary": summary}
            case "POST", "message_templates":
                return self._new_template(call)
            case _:
                raise errors.NoObject(call.node, call.method)

    async def media(self, call: Call, media: Media) -> Json:
        """A call to `/{MEDIA}`: where to download it, or delete it. Raises GraphError."""
        lives = RECEIVED_SECONDS if media.owner == "person" else UPLOADED_SECONDS
        if self._world.now() - media.at > lives or call.edge:
            raise errors.NoObject(call.node, call.method)
        call.about.append(media.id)
        if call.method == "DELETE":
            self._world.media.pop(media.id, None)
            return {"success": True}
        if call.method != "GET":
            raise errors.NoObject(call.node, call.method)
        return {
            "url": media_address(self._world, media.id),
            "mime_type": media.mime,
            "sha256": media.sha256,
            "file_size": len(media.data),
            "id": media.id,
            "messaging_product": "whatsapp",
        }

    def download(self, request: web.Request, token: str) -> web.Response:
        """The bytes of a file, for who has the token, within five minutes of asking for the address."""
        account = self._world.accounts["whatsapp"]
        if not hmac.compare_digest(token.encode(), account.token.encode()):
            return web.json_response(errors.whatsapp(190).body(), status=401)
        media_id, expires = request.query.get("mid", ""), request.query.get("ext", "")
        good = hmac.compare_digest(
            request.query.get("hash", "").encode(), address_hash(self._world, media_id, expires).encode()
        )
        media = self._world.media.get(media_id)
        if not good or media is None or not expires.isdecimal() or self._world.now() > int(expires):
            return web.Response(status=404, text="URL signature expired")
        headers = {"X-Content-Type-Options": "nosniff", "Content-Disposition": "attachment"}
        mime = media.mime.partition(";")[0].strip() or "application/octet-stream"
        return web.Response(body=media.data, content_type=mime, headers=headers)

    # A number's calls

    async def _message(self, call: Call) -> Json:
        if call.text("status"):
            return self._mark_read(call)
        if not self._rates.number_allows(self._world.now()):
            raise errors.whatsapp(130429)
        taken = await self._sends.read(call.params)
        place = taken.thread or taken.group
        if place and not self._rates.pair_allows(place.id, self._world.now()):
            raise errors.whatsapp(131056)
        call.about += [taken.bubble.id, taken.reacts_to]
        self._show(taken)
        contact: Json = {"input": taken.input}
        if taken.group:
            contact["wa_id"] = taken.group.id
        elif taken.thread is None:
            contact["wa_id"] = taken.input.lstrip("+")
        else:
            person = taken.thread.person
            if call.text("to") and person.phone:
                contact["wa_id"] = person.phone
            contact["user_id"] = person.user_id
        return {"messaging_product": "whatsapp", "contacts": [contact], "messages": [{"id": taken.bubble.id}]}

    def _show(self, taken: Taken) -> None:
        late = self._late_failure()
        if taken.group:
            self._progress.start_in_group(taken.group, taken.bubble, late.fault if late else taken.fault)
        elif taken.thread is None:
            fault = taken.fault or errors.whatsapp(131026).fault
            self._world.undeliverable(taken.bubble, taken.input, fault)
        elif taken.reacts_to:
            target = taken.thread.bubble(taken.reacts_to)
            if target:
                self._world.react_from_bot(taken.thread, target, taken.bubble.text)
        else:
            self._progress.start(taken.thread, taken.bubble, late.fault if late else taken.fault)

    def _late_failure(self) -> errors.GraphError | None:
        switches = self._world.switches
        if not switches.late_failures:
            return None
        self._world.switch(late_failures=switches.late_failures - 1)
        return errors.named("whatsapp", switches.failure) or errors.whatsapp(131000)

    def _mark_read(self, call: Call) -> Json:
        if call.text("status") != "read":
            raise errors.whatsapp(100, message="Param status must be one of {READ}.")
        if call.text("messaging_product") != "whatsapp":
            raise errors.whatsapp(100, message="The parameter messaging_product is required.")
        message_id = call.text("message_id")
        if not message_id:
            raise errors.whatsapp(100, message="The parameter message_id is required.")
        if self._groups.find_bubble(message_id):
            raise errors.whatsapp(131009, "Messages of groups cannot be marked as read, nor answered by a typing mark.")
        found = self._world.find_bubble("whatsapp", message_id)
        if found is None or found[1].by != "person":
            raise errors.whatsapp(131009, "Message ID is invalid.")
        call.about.append(message_id)
        thread, _ = found
        self._world.mark_read_by_bot(thread, message_id)
        indicator = call.params.get("typing_indicator")
        if indicator is not None:
            if not isinstance(indicator, dict) or indicator.get("type") != "text":
                raise errors.whatsapp(100, message="Param typing_indicator['type'] must be one of {TEXT}.")
            self._world.show_typing(thread)
        return {"success": True}

    def _upload(self, call: Call) -> Json:
        if call.text("messaging_product") != "whatsapp":
            raise errors.whatsapp(100, message="The parameter messaging_product is required.")
        file = call.files.get("file")
        if file is None:
            raise errors.whatsapp(100, message="The parameter file is required.")
        claimed = call.text("type") or file.mime
        refused = whatsapp_upload_refused(file.data, claimed)
        if refused:
            raise errors.whatsapp(100, message=refused)
        try:
            mime = claimed if claimed.partition(";")[0] == mime_of(file.data, claimed) else mime_of(file.data, claimed)
            media = self._world.add_media(file.data, mime, file.name, owner="bot")
        except ActionError as error:
            raise errors.whatsapp(131053, str(error)) from error
        call.about.append(media.id)
        return {"id": media.id}

    def _number(self) -> Json:
        account = self._world.accounts["whatsapp"]
        return {
            "id": account.id,
            "verified_name": account.name,
            "display_phone_number": account.number,
            "quality_rating": "GREEN",
            "platform_type": "CLOUD_API",
            "throughput": {"level": "STANDARD"},
            "code_verification_status": "VERIFIED",
            "name_status": "APPROVED",
            "account_mode": "SANDBOX",
            "status": "CONNECTED",
            "is_official_business_account": self._world.switches.official,
            "webhook_configuration": {"application": account.profile.get("callback_url", "")},
            "conversational_automation": account.profile.get("conversational_automation", {"id": account.id}),
        }

    def _profile(self) -> Json:
        profile = self._world.accounts["whatsapp"].profile
        return {"vertical": "OTHER"} | {name: profile[name] for name in PROFILE if name in profile}

    def _automation(self, call: Call) -> Json:
        def refuse(why: str, path: str) -> errors.GraphError:
            return errors.whatsapp(100, message=f"Param {path} {why}")

        fields = Fields(call.params, refuse)
        prompts = decoded(call.params.get("prompts", []))
        if not isinstance(prompts, list) or len(prompts) > 4 or any(len(str(prompt)) > 80 for prompt in prompts):
            raise errors.whatsapp(100, message="Param prompts must be at most 4, each at most 80 characters long.")
        commands = fields.parts("commands", required=False)
        if len(commands) > 30:
            raise errors.whatsapp(100, message="Param commands must be at most 30.")
        kept = [
            {
                "command_name": command.text("command_name", 32),
                "command_description": command.text("command_description", 256),
            }
            for command in commands
        ]
        values: Json = {
            "id": call.node,
            "enable_welcome_message": call.params.get("enable_welcome_message") in (True, "true"),
            "prompts": [str(prompt) for prompt in prompts],
            "commands": kept,
        }
        self._world.set_profile("whatsapp", {"conversational_automation": values})
        return {"success": True}

    # Templates: all are approved at once

    def _templates(self) -> dict[str, Any]:
        return dict(self._world.accounts["whatsapp"].profile.get("templates", {}))

    def _template(self, key: str) -> Json:
        name, _, code = key.rpartition("/")
        body: Json = {"type": "BODY", "text": self._templates()[key]}
        if values := VALUE.findall(body["text"]):
            body["example"] = {"body_text": [[f"value {value}" for value in values]]}
        return {
            "name": name,
            "language": code,
            "parameter_format": "POSITIONAL",
            "status": "APPROVED",
            "category": "UTILITY",
            "id": f"emulated_{name}_{code}",
            "components": [body],
        }

    def _new_template(self, call: Call) -> Json:
        name, code = call.text("name"), call.text("language")
        components = call.params.get("components")
        bodies = [
            str(component.get("text", ""))
            for component in (components if isinstance(components, list) else [])
            if isinstance(component, dict) and str(component.get("type", "")).upper() == "BODY"
        ]
        templates = self._templates()
        if not name or not code or not bodies:
            raise errors.whatsapp(100, message="The parameters name, language and components are required.")
        if len(name) > 512 or len(bodies[0]) > 1024 or len(templates) >= TEMPLATES:
            raise errors.whatsapp(100, message="The template is too long, or there are too many.")
        self._world.set_profile("whatsapp", {"templates": templates | {f"{name}/{code}": bodies[0]}})
        return {"id": f"emulated_{name}_{code}", "status": "APPROVED", "category": call.text("category") or "UTILITY"}


def _profile_of(call: Call) -> Json:
    """What of the public profile is to be set. Raises GraphError."""
    if call.text("messaging_product") != "whatsapp":
        raise errors.whatsapp(100, message="The parameter messaging_product is required.")
    values = {name: decoded(call.params[name]) for name in PROFILE if name in call.params}
    for name, limit in PROFILE_LIMITS.items():
        if len(str(values.get(name, ""))) > limit:
            raise errors.whatsapp(100, message=f"Param {name} must be at most {limit} characters long.")
    websites = values.get("websites", [])
    if not isinstance(websites, list) or len(websites) > WEBSITES or any(len(str(site)) > WEBSITE for site in websites):
        raise errors.whatsapp(100, message=f"Param websites must be at most {WEBSITES} of {WEBSITE} characters.")
    return values
