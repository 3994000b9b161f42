"""Programs that have a key: their own HTTP, or OpenAI's client."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import httpx
import openai

from assistant import api_keys
from assistant.models import Person
from tests.clients import make_account
from tests.people import next_address
from tests.servers import Site
from web.local.llama import NO_TLS


@dataclass
class Program:
    """A program of `person`, at an address of its own."""

    site: Site
    person: Person
    key: str
    address: str = field(default_factory=next_address)

    @property
    def options(self) -> dict[str, Any]:
        """Of OpenAI's clients."""
        headers = {"X-Forwarded-For": self.address}
        return {
            "base_url": f"{self.site.url}/v1",
            "api_key": self.key,
            "default_headers": headers,
            "max_retries": 0,
            "timeout": 30,
        }

    @contextmanager
    def client(self, **more: Any) -> Iterator[openai.OpenAI]:
        with openai.OpenAI(**{**self.options, **more}) as client:
            yield client

    def post(self, body: Any = None, path: str = "/v1/chat/completions", **options: Any) -> httpx.Response:
        """One request as any program may send it; `headers` are added."""
        headers = {"Authorization": f"Bearer {self.key}", "X-Forwarded-For": self.address, **options.pop("headers", {})}
        given = {"content": body} if isinstance(body, bytes) else {"json": body}
        return httpx.post(self.site.url + path, headers=headers, timeout=30, verify=NO_TLS, **given, **options)

    def ask(self, text: str = "Hello", **more: Any) -> httpx.Response:
        return self.post(asking(text, **more))


def asking(text: str = "Hello", **more: Any) -> dict[str, Any]:
    """The body of a request."""
    return {"model": "chaski", "messages": [{"role": "user", "content": text}], **more}


def new_program(site: Site, person: Person | None = None) -> Program:
    """A program of somebody with an account of their own."""
    person = person or make_account()
    return Program(site, person, api_keys.make(person, "A script", None, uuid4()))


def code(response: httpx.Response) -> str | None:
    """The code of an error."""
    found: str | None = response.json()["error"]["code"]
    return found
