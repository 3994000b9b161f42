"""The Graph API's door: finds out who is asked for what, checks the token, answers, and keeps what was said."""

import hmac
import json
import time

from aiohttp import web

from integrations.emulator import errors
from integrations.emulator.calls import SHOWN, BadBody, Call, read
from integrations.emulator.comment_routes import CommentRoutes
from integrations.emulator.deliveries import Deliveries
from integrations.emulator.errors import GraphError, NoObject
from integrations.emulator.fetching import Fetcher, is_loopback
from integrations.emulator.fields import Json
from integrations.emulator.group_webhooks import FIELDS as GROUP_FIELDS
from integrations.emulator.groups import ID_START
from integrations.emulator.messenger_routes import FIELDS, MessengerRoutes
from integrations.emulator.messenger_sends import MessengerSends
from integrations.emulator.messenger_webhooks import APP_ID
from integrations.emulator.progress import Progress
from integrations.emulator.rates import Rates
from integrations.emulator.state import World
from integrations.emulator.things import APPS, App, Exchange
from integrations.emulator.whatsapp_routes import WhatsAppRoutes
from integrations.emulator.whatsapp_sends import WhatsAppSends

# Recalled: an Instagram token lives for sixty days.
TOKEN_SECONDS = 60 * 24 * 3600
SCOPES: dict[App, list[str]] = {
    "whatsapp": ["whatsapp_business_management", "whatsapp_business_messaging"],
    "messenger": [
        "pages_messaging",
        "pages_manage_metadata",
        "pages_read_engagement",
        "pages_manage_engagement",
        "pages_read_user_content",
    ],
    "instagram": [
        "instagram_business_basic",
        "instagram_business_manage_messages",
        "instagram_business_manage_comments",
    ],
}
WHATSAPP_FIELDS = (
    "messages",
    "user_id_update",
    "smb_message_echoes",
    "account_alerts",
    "account_update",
    "account_review_update",
    "business_capability_update",
    "phone_number_name_update",
    "phone_number_quality_update",
    "security",
    *GROUP_FIELDS,
)
# Switches that are no error of a table: the connection ends without an answer, before or after the message is taken.
LOST = "lost"
CUT = "cut"


class Graph:
    """Answers every call that is not the emulator's own."""

    def __init__(self, world: World, deliveries: Deliveries, fetcher: Fetcher, throughput: int) -> None:
        self._world = world
        self._deliveries = deliveries
        progress = Progress(world)
        sends: dict[App, MessengerSends] = {
            app: MessengerSends(app, world, fetcher.fetch) for app in ("messenger", "instagram")
        }
        self._whatsapp = WhatsAppRoutes(world, WhatsAppSends(world, fetcher.fetch), progress, Rates(throughput))
        self._accounts = {app: MessengerRoutes(app, world, sends[app], progress) for app in sends}
        self._comments = {app: CommentRoutes(app, world, sends[app], progress) for app in sends}
        # Which fields the app asks for; what is delivered follows the accounts' own subscriptions.
        self._subscriptions = {
            "whatsapp_business_account": list(WHATSAPP_FIELDS),
            "page": list(FIELDS["messenger"]),
            "instagram": list(FIELDS["instagram"]),
        }
        world.accounts["whatsapp"].subscribed = ["messages"]
        world.accounts["whatsapp"].fields = list(WHATSAPP_FIELDS)
        for routes in self._accounts.values():
            routes.subscribe_all()

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Any request to the Graph API."""
        started = time.perf_counter()
        try:
            call = await read(request)
        except BadBody:
            error = errors.messenger(100, message="The body of the request cannot be read.")
            return web.json_response(error.body(), status=400)
        if (call.node, call.edge) == ("whatsapp_business", "attachments"):
            return self._download(request, call, started)
        app = self._app_of(call)
        try:
            body = await self._answer(call, app)
            status = call.status
        except GraphError as error:
            status, body = error.http, error.body()
        self._keep(request, call, app, status, body, started)
        if call.cut:
            return _hang_up(request)
        return web.json_response(body, status=status, headers={"facebook-api-version": "v25.0"})

    def _download(self, request: web.Request, call: Call, started: float) -> web.Response:
        response = self._whatsapp.download(request, call.token)
        call.about.append(request.query.get("mid", ""))
        self._keep(request, call, "whatsapp", response.status, {"bytes": response.content_length or 0}, started)
        return response

    def _keep(self, request: web.Request, call: Call, app: App, status: int, body: Json, started: float) -> None:
        exchange = Exchange(
            self._world.next_exchange(),
            self._world.now(),
            "call",
            app,
            call.method,
            str(request.rel_url.with_query({**request.query, "access_token": "…"} if call.token else request.query)),
            {name: "…" if name == "Authorization" else value for name, value in request.headers.items()},
            call.shown,
            status,
            json.dumps(body, ensure_ascii=False)[:SHOWN],
            time.perf_counter() - started,
            [name for name in call.about if name],
        )
        if "access_token" not in request.query:
            exchange.url = str(request.rel_url)
        self._world.record(exchange)

    # Who is asked

    def _app_of(self, call: Call) -> App:
        """The app that a call is about, by its node; by its token where the node is `me`."""
        owner = self._owner(call.node)
        if owner:
            return owner
        return self._app_of_token(call.token) or "whatsapp"

    def _owner(self, node: str) -> App | None:
        if node.startswith(ID_START):
            return "whatsapp"
        for app, account in self._world.accounts.items():
            if node and node in (account.id, account.account_id):
                return app
        for thread in self._world.threads.values():
            if thread.app == "messenger" and node in (thread.person.psid, f"t_{thread.person.psid}"):
                return "messenger"
            if thread.app == "instagram" and node in (thread.person.igsid, f"t_{thread.person.igsid}"):
                return "instagram"
        if node in self._world.posts:
            return self._world.posts[node].app
        for app in APPS:
            if self._world.find_comment(app, node) or (node and self._world.find_bubble(app, node)):
                return app
        return None

    def _app_of_token(self, token: str) -> App | None:
        return next(
            (
                app
                for app, account in self._world.accounts.items()
                if token and hmac.compare_digest(account.token.encode(), token.encode())
            ),
            None,
        )

    # What is answered

    async def _answer(self, call: Call, app: App) -> Json:
        if call.node == "oauth" and call.edge == "access_token":
            return self._app_token(call)
        if call.node == "refresh_access_token":
            return self._refresh(call)
        if call.node == str(APP_ID):
            return await self._application(call)
        if call.node == "debug_token" and self._is_apps(call.token):
            return self._debug(call)
        holder = self._app_of_token(call.token)
        if not call.token or holder is None:
            error = errors.whatsapp if app == "whatsapp" else errors.messenger
            words = "Invalid OAuth access token - Cannot parse access token"
            if not call.token:
                words = "An access token is required to request this resource."
            raise error(190, message=words)
        if call.node == "debug_token":
            return self._debug(call)
        if call.node == "me" and holder == "whatsapp" and not call.edge:
            return {"id": "emulated_system_user", "name": "Emulated system user"}
        if call.node == "me":
            call.node = self._world.accounts[holder].id
            app = holder
        media = self._world.media.get(call.node)
        if holder == "whatsapp" and media is not None:
            return await self._whatsapp.media(call, media)
        if holder != app:
            raise NoObject(call.node, call.method)
        self._fail_by_switch(call, app)
        return await (self._of_whatsapp(call) if app == "whatsapp" else self._of_account(call, app))

    async def _of_whatsapp(self, call: Call) -> Json:
        account = self._world.accounts["whatsapp"]
        if call.node == account.id:
            return await self._whatsapp.number(call)
        if call.node == account.account_id:
            return await self._whatsapp.account(call)
        if call.node.startswith(ID_START):
            call.about.append(call.node)
            return self._whatsapp.group(call)
        raise NoObject(call.node, call.method)

    async def _of_account(self, call: Call, app: App) -> Json:
        routes, comments = self._accounts[app], self._comments[app]
        if call.node == self._world.accounts[app].id:
            if call.method == "GET" and call.edge in ("feed", "posts", "media"):
                return comments.feed(call)
            if app == "instagram" and call.method == "POST" and call.edge == "mentions":
                return comments.mention(call)
            if app == "instagram" and call.method == "GET" and not call.edge and (found := comments.mentioned(call)):
                return found
            return await routes.account(call)
        if call.node in self._world.posts:
            return comments.post(call, self._world.posts[call.node])
        if commented := self._world.find_comment(app, call.node):
            return await comments.comment(call, *commented)
        if thread := self._world.find(app, call.node):
            return routes.person(call, thread.person)
        if call.node.startswith("t_") and (thread := self._world.find(app, call.node[2:])):
            return routes.conversation(call, thread)
        if written := self._world.find_bubble(app, call.node):
            return routes.message(call, *written)
        raise NoObject(call.node, call.method)

    def _fail_by_switch(self, call: Call, app: App) -> None:
        """The next sends and removals from groups fail where the switch says so."""
        switches = self._world.switches
        sends = call.method == "POST" and call.edge in ("messages", "comments", "replies", "mentions", "groups")
        removes = call.method == "DELETE" and call.edge == "participants"
        if not ((sends or removes) and switches.failures) or call.text("status") or call.text("sender_action"):
            return
        self._world.switch(failures=switches.failures - 1)
        if switches.failure in (CUT, LOST):
            call.cut = True
            if switches.failure == CUT:
                return
        known = errors.named(app, switches.failure)
        raise known or (errors.whatsapp(131000) if app == "whatsapp" else errors.messenger(2))

    # Tokens and the app

    def _app_token(self, call: Call) -> Json:
        secret = self._deliveries.webhook.app_secret
        if call.text("client_id") != str(APP_ID) or not _same(call.text("client_secret"), secret):
            raise errors.messenger(1, message="Error validating client secret.")
        return {"access_token": f"{APP_ID}|emulated-{_mark(secret)}", "token_type": "bearer"}

    def _is_apps(self, token: str) -> bool:
        """Whether a token is the app's own: its id with its secret, or the one that was made for it."""
        secret = self._deliveries.webhook.app_secret
        allowed = (f"{APP_ID}|{secret}", f"{APP_ID}|emulated-{_mark(secret)}")
        return any(_same(token, known) for known in allowed)

    def _refresh(self, call: Call) -> Json:
        token = self._world.accounts["instagram"].token
        if call.text("grant_type") != "ig_refresh_token" or not _same(call.token, token):
            raise errors.messenger(190, message="Invalid OAuth access token - Cannot parse access token")
        return {"access_token": token, "token_type": "bearer", "expires_in": TOKEN_SECONDS}

    def _debug(self, call: Call) -> Json:
        app = self._app_of_token(call.text("input_token"))
        if app is None:
            words = {"code": 190, "message": "Invalid OAuth access token."}
            return {"data": {"error": words, "is_valid": False, "scopes": []}}
        kind = {"whatsapp": "SYSTEM_USER", "messenger": "PAGE", "instagram": "USER"}[app]
        data: Json = {
            "app_id": str(APP_ID),
            "type": kind,
            "application": "Emulated app",
            "expires_at": int(self._world.now()) + TOKEN_SECONDS if app == "instagram" else 0,
            "is_valid": True,
            "scopes": SCOPES[app],
        }
        if app == "messenger":
            data["profile_id"] = self._world.accounts[app].id
        return {"data": data}

    async def _application(self, call: Call) -> Json:
        """`/{APP}/subscriptions`: where webhooks go. An address of this machine may be set; it is verified at once."""
        if not self._is_apps(call.token):
            raise errors.messenger(190, message="Invalid OAuth access token - Cannot parse access token")
        match call.method, call.edge:
            case "GET", "":
                link = f"{self._world.url}/"
                return call.asked().of({"id": call.node, "name": "Emulated app", "link": link})
            case "GET", "subscriptions":
                url = self._deliveries.webhook.url
                return {"data": [_subscription(name, url, fields) for name, fields in self._subscriptions.items()]}
            case "POST", "subscriptions":
                await self._set_callback(call)
                return {"success": True}
            case _:
                raise NoObject(call.node, call.method)

    async def _set_callback(self, call: Call) -> None:
        name, given = call.text("object"), call.params.get("fields")
        fields = [str(field).strip() for field in (given if isinstance(given, list) else str(given or "").split(","))]
        if name not in self._subscriptions:
            raise errors.messenger(100, message=f"Param object must be one of {{{', '.join(self._subscriptions)}}}")
        url, verify_token = call.text("callback_url"), call.text("verify_token")
        if not is_loopback(url):
            raise errors.messenger(100, message="The emulator delivers only to this machine.")
        former = self._deliveries.webhook
        self._deliveries.move(url, verify_token)
        verified = await self._deliveries.handshake()
        if not verified["good"]:
            self._deliveries.webhook = former
            words = "The URL couldn't be validated. Response does not match challenge"
            raise errors.messenger(100, message=words)
        self._subscriptions[name] = [field for field in fields if field][:100]
        if name == "whatsapp_business_account":
            self._world.accounts["whatsapp"].fields = self._subscriptions[name]


def _subscription(name: str, url: str, fields: list[str]) -> Json:
    told = [{"name": field, "version": "v25.0"} for field in fields]
    return {"object": name, "callback_url": url, "active": True, "fields": told}


def _same(given: str, wanted: str) -> bool:
    return hmac.compare_digest(given.encode(), wanted.encode())


def _mark(secret: str) -> str:
    return hmac.new(secret.encode(), b"app token", "sha256").hexdigest()[:16]


def _hang_up(request: web.Request) -> web.Response:
    """End the connection without an answer."""
    if request.transport:
        request.transport.abort()
    return web.Response(status=503)
