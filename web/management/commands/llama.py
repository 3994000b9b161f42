"""`manage.py llama`: what the server at LLAMA_URL is and can do, and what to mend."""

import asyncio
import sys
from typing import Any

from django.core.management.base import BaseCommand

from assistant.llama.checkup import Report, check
from assistant.runtime import llama_options

KINDS = {
    "llamacpp": "llama.cpp",
    "ollama": "Ollama",
    "vllm": "vLLM",
    "sglang": "SGLang",
    "lmstudio": "LM Studio",
    "tgi": "TGI",
    "unknown": "OpenAI-compatible",
}
LISTED = 10


class Command(BaseCommand):
    help = "Try the model server at LLAMA_URL: what it is, what it can do, and what to mend."
    requires_system_checks = ()

    def handle(self, *args: Any, **options: Any) -> None:
        report = asyncio.run(check(llama_options()))
        for name, value in rows(report):
            self.stdout.write(f"{name:<14}{value}")
        self.stdout.write("")
        for sentence in report.advice or ["All is well."]:
            self.stdout.write(sentence)
        if report.error:
            sys.exit(1)


def rows(report: Report) -> list[tuple[str, str]]:
    """What was found, each under its name."""
    found = [("Server", report.host)]
    if backend := report.backend:
        more = f" and {len(backend.models) - LISTED} more" if len(backend.models) > LISTED else ""
        found += [
            ("Kind", KINDS[backend.kind]),
            ("Model", backend.model or "not known by name"),
            ("Models", ", ".join(backend.models[:LISTED]) + more or "none listed"),
            ("Context", f"{backend.context} tokens" + ("" if backend.context_is_told else ", assumed")),
        ]
    if report.error:
        return [*found, ("Trouble", str(report.error))]
    if report.first_seconds is not None:
        found.append(("First word", f"after {report.first_seconds:.2f} s"))
    tried = [
        ("Streams", report.streams),
        ("Heeds stop", report.stops),
        ("Counts tokens", report.counts),
        ("System text", report.hears_system),
    ]
    return found + [(name, {True: "yes", False: "no", None: "could not be tried"}[value]) for name, value in tried]
