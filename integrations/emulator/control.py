"""Routes by which a test, or any script, acts as a person: `POST /emulator/...` with JSON in and out."""

import base64
import binascii
import json
from collections.abc import Awaitable, Callable
from dataclasses import asdict
from typing import Any

from aiohttp import web

from integrations.emulator.deliveries import Deliveries
from integrations.emulator.events import Raw
from integrations.emulator.group_actions import WITHOUT, act_in_group
from integrations.emulator.groups import Groups
from integrations.emulator.state import World
from integrations.emulator.things import APPS, ActionError, App, Bubble, Person, Post, Thread

Json = dict[str, Any]
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
# All other parameters are texts.
NO_TEXTS = {"voice", "latitude", "longitude", "good", "open", "blocked", "hidden", "item", "last", "suspended"}
SANDBOX = "sandbox; default-src 'none'; style-src 'none'; script-src 'none'"


class Control:
    """Each action is named in the address, and its parameters in the body."""

    def __init__(self, world: World, deliveries: Deliveries) -> None:
        self._world = world
        self._deliveries = deliveries
        self._groups = Groups(world)

    def routes(self) -> list[web.RouteDef]:
        return [
            web.post("/emulator/{action}", self.act),
            web.get("/emulator/media/{media_id}", self.media),
        ]

    async def media(self, request: web.Request) -> web.Response:
        """A file, as Messenger's and Instagram's addresses give it: without a token, inert in a browser."""
        media = self._world.media.get(request.match_info["media_id"])
        if media is None:
            raise web.HTTPNotFound
        mime = media.mime.partition(";")[0].strip() or "application/octet-stream"
        headers = {"X-Content-Type-Options": "nosniff", "Content-Security-Policy": SANDBOX}
        return web.Response(body=media.data, content_type=mime, headers=headers)

    async def act(self, request: web.Request) -> web.Response:
        """Do what a person does, or look. 400 with a sentence where that is not possible."""
        try:
            body = await request.json()
        except ValueError:
            return _refused("The body is no JSON.")
        if not isinstance(body, dict):
            return _refused("The body must be an object.")
        action = request.match_info["action"]
        for name, value in body.items():
            if action != "switch" and name not in NO_TEXTS and not isinstance(value, str):
                return _refused(f"{name} must be a text.")
        try:
            return web.json_response(await self._do(action, body))
        except ActionError as error:
            return _refused(str(error))
        except KeyError as error:
            return _refused(f"{error.args[0]} is missing.")
        except (TypeError, ValueError, binascii.Error) as error:
            return _refused(f"A value cannot be read: {type(error).__name__}.")

    async def _do(self, action: str, body: Json) -> Any:
        world = self._world
        if "group" in body or action in WITHOUT:
            return act_in_group(self._groups, action, self._person(body), body)
        match action:
            case "write":
                return _shown(world.write(self._thread(body), body["text"], body.get("reply_to")))
            case "send_media":
                data = base64.b64decode(body["data"], validate=True)
                bubble = world.send_media(
                    self._thread(body),
                    body["kind"],
                    data,
                    body["mime"],
                    body.get("name", ""),
                    body.get("caption", ""),
                    bool(body.get("voice")),
                    body.get("reply_to"),
                )
                return _shown(bubble)
            case "send_place":
                place = (
                    float(body["latitude"]),
                    float(body["longitude"]),
                    body.get("name", ""),
                    body.get("address", ""),
                )
                return _shown(world.send_place(self._thread(body), *place))
            case "send_contact":
                card = (body["name"], body.get("phone", ""), body.get("email", ""))
                return _shown(world.send_contact(self._thread(body), *card))
            case "send_link":
                return _shown(world.send_link(self._thread(body), body["link"], body.get("title", "")))
            case "send_unsupported":
                return _shown(world.send_unsupported(self._thread(body), body.get("what", "poll")))
            case "reply_to_story":
                return _shown(world.reply_to_story(self._thread(body), body["text"]))
            case "react":
                return _shown(world.react(self._thread(body), body["bubble"], body["emoji"]))
            case "unreact":
                return _shown(world.unreact(self._thread(body), body["bubble"]))
            case "edit":
                return _shown(world.edit(self._thread(body), body["bubble"], body["text"]))
            case "unsend":
                return _shown(world.unsend(self._thread(body), body["bubble"]))
            case "tap":
                return _shown(world.tap(self._thread(body), body["bubble"], body["payload"]))
            case "rate":
                return _shown(world.rate(self._thread(body), body["bubble"], bool(body["good"])))
            case "play":
                return _shown(world.play(self._thread(body), body["bubble"]))
            case "open_chat":
                opened = world.open_chat(self._thread(body), body.get("ref", ""), body.get("payload", ""))
                return _shown(opened) if opened else {}
            case "read":
                world.read(self._thread(body))
                return {}
            case "open":
                world.set_open(self._thread(body), bool(body["open"]))
                return {}
            case "block":
                world.set_blocked(self._thread(body), bool(body["blocked"]))
                return {}
            case "raw":
                if not isinstance(body["item"], dict):
                    raise ActionError("item must be an object.")
                world.emit(Raw(_app(body), body["item"], body.get("field", "")))
                return {}
            case _:
                return await self._look(action, body)

    async def _look(self, action: str, body: Json) -> Any:
        world = self._world
        match action:
            case "bubbles":
                return [_shown(bubble) for bubble in self._thread(body).bubbles]
            case "thread":
                thread = self._thread(body)
                return {name: value for name, value in asdict(thread).items() if name != "bubbles"}
            case "people":
                return [asdict(person) for person in world.people.values()]
            case "add_person":
                names = {name: body[name] for name in ("name", "phone", "username", "country") if name in body}
                return asdict(world.add_person(**names))
            case "change_number":
                world.change_number(self._person(body), body["phone"])
                return asdict(self._person(body))
            case "change_user_id":
                world.change_user_id(self._person(body))
                return asdict(self._person(body))
            case "switch":
                return asdict(world.switch(**body))
            case "traffic":
                return [asdict(exchange) for exchange in world.traffic(body["bubble"])]
            case "exchanges":
                return [asdict(exchange) for exchange in list(world.exchanges)[-int(body.get("last", 100)) :]]
            case "account":
                return {name: value for name, value in asdict(world.accounts[_app(body)]).items() if name != "token"}
            case "handshake":
                return await self._deliveries.handshake()
            case _:
                return self._feed(action, body)

    def _feed(self, action: str, body: Json) -> Any:
        world = self._world
        match action:
            case "posts":
                return [asdict(post) for post in world.posts.values()]
            case "add_post":
                picture = base64.b64decode(body.get("picture", ""), validate=True)
                by = self._person(body) if "person" in body else None
                return asdict(world.add_post(_app(body), body["text"], picture, body.get("mime", "image/png"), by))
            case "comment":
                person = self._person(body)
                return asdict(world.comment(self._post(body), person, body["text"], body.get("parent", "")))
            case "edit_comment":
                return asdict(world.edit_comment(self._post(body), body["comment"], body["text"]))
            case "hide_comment":
                return asdict(world.hide_comment(self._post(body), body["comment"], bool(body.get("hidden", True))))
            case "delete_comment":
                return asdict(world.delete_comment(self._post(body), body["comment"]))
            case _:
                raise ActionError(f"There is no action {action[:40]}.")

    def _person(self, body: Json) -> Person:
        """By id or by name; the first one where none is named."""
        wanted = body.get("person", "")
        for person in self._world.people.values():
            if not wanted or wanted in (person.id, person.name):
                return person
        raise ActionError("There is no such person.")

    def _thread(self, body: Json) -> Thread:
        return self._world.thread(_app(body), self._person(body))

    def _post(self, body: Json) -> Post:
        post = self._world.posts.get(body["post"])
        if post is None:
            raise ActionError("There is no such post.")
        return post


def _app(body: Json) -> App:
    for app in APPS:
        if body["app"] == app:
            return app
    raise ActionError("There is no such app.")


def _shown(bubble: Bubble) -> Json:
    return asdict(bubble)


def _refused(why: str) -> web.Response:
    return web.json_response({"error": why}, status=400, dumps=json.dumps)
