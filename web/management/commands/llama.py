"""`manage.py llama`: what the server at LLAMA_URL is and can do, and what to mend."""

import asyncio
import sys
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from assistant.llama.checkup import Report, check
from assistant.llama.tool_choice import set_mode
from assistant.runtime import llama_options

KINDS = {
    "llamacpp": "llama.cpp",
    "ollama": "Ollama",
    "vllm": "vLLM",
    "sglang": "SGLang",
    "lmstudio": "LM Studio",
    "tgi": "TGI",
    "ogx": "OGX (Llama Stack)",
    "unknown": "OpenAI-compatible",
}
LISTED = 10


class Command(BaseCommand):
    help = "Try the model server at LLAMA_URL: what it is, what it can do, and what to mend."
    requires_system_checks = ()

    def handle(self, *args: Any, **options: Any) -> None:
        tools = set_mode(settings.LLAMA_TOOLS, is_demo=settings.LLAMA_DEMO)
        report = asyncio.run(check(llama_options(), tools))
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
    found += [(name, {True: "yes", False: "no", None: "could not be tried"}[value]) for name, value in tried]
    return [*found, ("Tools", _tools(report))]


def _tools(report: Report) -> str:
    """How the model is told of tools, and why so."""
    if report.tools_set:
        return f"{report.tools_set}, as the settings say"
    return f"{report.tools.mode}: {report.tools.reason}" if report.tools else "could not be tried"
