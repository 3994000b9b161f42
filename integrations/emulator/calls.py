"""One request to the Graph API, read: its node and edge, its parameters from wherever they came, its files."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web
from aiohttp.web_request import FileField

from integrations.emulator.fields import Json, decoded
from integrations.emulator.messenger_sends import Upload

VERSION = re.compile(r"v\d{1,3}\.\d{1,2}")
# How much of a request or an answer is kept to be shown.
SHOWN = 64 * 1024
# A body of JSON; files may be longer.
JSON_BYTES = 1024 * 1024


class BadBody(Exception):
    """The body of a request cannot be read."""


@dataclass
class Call:
    """`params` are the query and the body together; `shown` is the body as it is shown."""

    method: str
    node: str
    edge: str
    params: Json
    token: str
    files: dict[str, Upload] = field(default_factory=dict)
    shown: str = ""
    about: list[str] = field(default_factory=list)
    # What a send asks of the connection, by a switch: "cut" closes it without an answer.
    cut: bool = False
    # The HTTP status of an answer that is no error: 206 where only a part was done.
    status: int = 200

    def text(self, name: str) -> str:
        value = self.params.get(name)
        return "" if value is None or isinstance(value, dict | list) else str(value)

    def asked(self, always: tuple[str, ...] = ("id",)) -> "Asked":
        return Asked(self.text("fields"), always)


class Asked:
    """The parameter `fields`: which of an object's values are answered."""

    def __init__(self, fields: str, always: tuple[str, ...]) -> None:
        self.names = names_of(fields)
        self._always = always

    def of(self, values: Json, default: tuple[str, ...] = ()) -> Json:
        """Those of `values` that were asked for; without any, the default ones, or all."""
        names = set(self.names) or set(default) or set(values)
        return {name: value for name, value in values.items() if name in names or name in self._always}


def names_of(fields: str) -> list[str]:
    """The names at the top of a list of fields, such as `id,messages.limit(5){id,message}`."""
    depth, name, names = 0, "", []
    for character in f"{fields[:4000]},":
        if character in "{(":
            depth += 1
        elif character in "})":
            depth -= 1
        elif character == "," and depth == 0:
            names.append(re.split(r"[.{(]", name.strip())[0])
            name = ""
            continue
        if depth == 0:
            name += character
    return [name.strip("})") for name in names if name.strip("})")]


async def read(request: web.Request) -> Call:
    """Read a request. Raises BadBody."""
    parts = [part for part in request.path.split("/") if part]
    if parts and VERSION.fullmatch(parts[0]):
        parts = parts[1:]
    node, edge = [*parts, "", ""][:2]
    params: Json = {name: decoded(value) for name, value in request.query.items()}
    files: dict[str, Upload] = {}
    shown = ""
    if request.can_read_body:
        kind = request.content_type
        if kind in ("multipart/form-data", "application/x-www-form-urlencoded"):
            values, files, shown = await _form(request)
        else:
            values, shown = await _json(request)
        params |= values
    bearer = request.headers.get("Authorization", "")
    token = bearer[7:].strip() if bearer.lower().startswith("bearer ") else str(params.get("access_token", ""))
    params.pop("access_token", None)
    return Call(request.method, node, edge, params, token, files, shown[:SHOWN])


async def _json(request: web.Request) -> tuple[Json, str]:
    if request.content_length and request.content_length > JSON_BYTES:
        raise BadBody
    raw = await request.content.read(JSON_BYTES + 1)
    while len(raw) <= JSON_BYTES and not request.content.at_eof():
        raw += await request.content.read(JSON_BYTES + 1)
    if len(raw) > JSON_BYTES:
        raise BadBody
    if not raw.strip():
        return {}, ""
    try:
        values = json.loads(raw)
    except (ValueError, RecursionError) as error:
        raise BadBody from error
    if not isinstance(values, dict):
        raise BadBody
    return values, json.dumps(_hidden(values), ensure_ascii=False)


async def _form(request: web.Request) -> tuple[Json, dict[str, Upload], str]:
    values: Json = {}
    files: dict[str, Upload] = {}
    try:
        form = await request.post()
    except ValueError as error:
        raise BadBody from error
    for name, value in form.items():
        if isinstance(value, FileField):
            with value.file as file:
                files[name] = Upload(file.read(), value.content_type, value.filename)
        else:
            values[name] = decoded(value if isinstance(value, str) else str(value))
    shown = _hidden(values) | {
        name: f"({file.name}, {file.mime}, {len(file.data)} bytes)" for name, file in files.items()
    }
    return values, files, json.dumps(shown, ensure_ascii=False)


def _hidden(values: Mapping[str, Any]) -> Json:
    return {name: "…" if name == "access_token" else value for name, value in values.items()}
