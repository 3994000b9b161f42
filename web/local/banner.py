"""The banner that the operator reads once everything runs."""

import asyncio
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings

from assistant.code.shield import trouble_of
from assistant.guard.classifier import HARMLESS
from assistant.guard.errors import GuardAwayError
from assistant.guard.prompt_guard import PromptGuard
from assistant.llama.client import LlamaClient
from assistant.llama.errors import LlamaError
from assistant.llama.options import LlamaOptions
from assistant.runtime import llama_options, prompt_guard_of_settings
from assistant.websearch.duckduckgo import is_installed
from integrations.registry import SETUPS
from web.local.llama import LocalModel

# The woven band: cochineal, saffron, undyed, indigo, moss.
BAND = [(179, 34, 79), (217, 142, 4), (231, 228, 221), (51, 70, 143), (92, 122, 61)]
ENGINE_NAMES = {"ddgs": "DuckDuckGo and others (ddgs)", "wikipedia": "Wikipedia", "searxng": "SearXNG"}
ENGINE_NAMES |= {"brave": "Brave", "tavily": "Tavily"}
KEYLESS = {"ddgs", "wikipedia"}
SOCIAL_NAMES = {"google": "Google", "github": "GitHub", "facebook": "Facebook"}


@dataclass(frozen=True)
class Report:
    """What runs, and where. `model`, `pictures`, `search` and `messengers` are a few lines, `off` names features and
    the settings for them.
    """

    address: str
    listening: str
    model: list[str]
    pictures: list[str]
    search: list[str]
    messengers: list[str]
    embedded: list[str]
    external: list[str]
    off: list[str]
    data: Path


def banner(report: Report, color: bool) -> str:
    """The text to print; `color` adds the band."""
    rows = [
        ("Open", [report.address]),
        ("Listening", [] if report.listening in report.address else [f"on {report.listening}"]),
        ("Model", report.model),
        ("Pictures", report.pictures),
        ("Search", report.search),
        ("Messengers", report.messengers),
        ("Embedded", [", ".join(report.embedded)] if report.embedded else []),
        ("External", [", ".join(report.external)] if report.external else []),
        ("Off", report.off),
        ("Data", [f"{report.data}, logs in {report.data / 'log'}"]),
    ]
    lines = [line for name, texts in rows for line in row(name, texts)]
    return "\n".join(
        ["", f"  {band() if color else ''}Chaski is running.", "", *lines, "", "  Press Ctrl-C to stop.", ""]
    )


def row(name: str, texts: list[str]) -> list[str]:
    """`texts` under each other, the first beside `name`."""
    return [f"  {label:<11}{text}" for label, text in zip([name] + [""] * len(texts), texts, strict=False)]


def band() -> str:
    """Five coloured blocks, for a terminal."""
    return "".join(f"\x1b[48;2;{red};{green};{blue}m  " for red, green, blue in BAND) + "\x1b[0m  "


def model_rows(model: LocalModel | None) -> list[str]:
    """The lines about the model: the embedded one, or the server at LLAMA_URL, which is probed."""
    if model is None:
        unused = ["MODEL (LLAMA_LOCAL_MODEL) is not used, as LLAMA_URL names a server."]
        return [asyncio.run(external_model(llama_options())), *(unused if settings.LLAMA_LOCAL_MODEL else [])]
    if not model.demo:
        return [f"{model.name}, from {model.path}"] + ([f"Built with Llama. {model.licence}"] if model.licence else [])
    return [
        f"{model.name}, a small demonstration model: quick, and often wrong.",
        *([f"{settings.LLAMA_LOCAL_MODEL} is not here: {model.trouble}"] if model.trouble else []),
        "For a real one: make run MODEL=llama-3.2-3b (MODEL=list shows more, and what fits),",
        "or set LLAMA_URL to a Llama 3 server.",
    ]


def role_rows() -> list[str]:
    """A line about the model of each role that has one of its own."""
    tasks = {
        "best": "For hard questions",
        "titles": "For titles",
        "guard": "As a guard",
        "eyes": "For pictures",
        "translate": "For prompts",
    }
    named = [role for role, own in settings.LLAMA_ROLES.items() if own]
    found = [asyncio.run(external_model(llama_options(role), f"LLAMA_{role.upper()}_MODEL")) for role in named]
    return [f"{tasks[role]}: {sentence}" for role, sentence in zip(named, found, strict=True)]


def shield_rows() -> list[str]:
    """The line about Code Shield, which is tried; none where it is not set."""
    if not settings.CODE_SHIELD:
        return []
    trouble = asyncio.run(trouble_of(settings.CODE_SHIELD))
    return [f"Code in answers is not marked. {trouble}." if trouble else "Code in answers is marked by Code Shield."]


def prompt_guard_rows() -> list[str]:
    """A line about Prompt Guard, where one is set: it is tried."""
    guard = prompt_guard_of_settings()
    return [f"Against orders in pages and files: {asyncio.run(tried(guard))}"] if guard else []


async def tried(guard: PromptGuard) -> str:
    """One sentence about a Prompt Guard. Raises nothing."""
    try:
        await guard.classifier.probabilities(HARMLESS)
    except GuardAwayError as error:
        return f"{error}. See PROMPT_GUARD_URL."
    finally:
        await guard.classifier.close()
    return "Prompt Guard"


async def external_model(options: LlamaOptions, setting: str = "LLAMA_MODEL") -> str:
    """One sentence about the server in `options`: is it there, and has it the model of `setting`? Raises nothing."""
    client = LlamaClient(options)
    try:
        backend = await client.backend()
    except LlamaError as error:
        return f"{error}. The site runs, and says so to people until this is mended."
    finally:
        await client.close()
    if backend.models and not backend.lists_model:
        return f"{options.host} has no model {backend.model}, but {', '.join(backend.models[:5])}. See {setting}."
    return f"{backend.model or 'not known by name'}, at {options.host}"


def search_rows() -> list[str]:
    """The lines about the search on the web; none where it is off."""
    engines = [ENGINE_NAMES.get(name, name) for name in settings.SEARCH_ENGINES if name != "ddgs" or is_installed()]
    if not engines:
        return []
    rows = [f"on the web, by {' and '.join(engines)}"]
    if set(settings.SEARCH_ENGINES) <= KEYLESS:
        rows.append("They ask for no key, and not for much traffic: see SEARXNG_URL, BRAVE_KEY and TAVILY_KEY.")
    return rows


def messenger_rows(phones: str = "") -> list[str]:
    """The lines about WhatsApp, Messenger and Instagram: which are on, and which are set up in part.

    `phones` is where the emulator plays them.
    """
    if phones:
        return [f"{phones} has phones that play WhatsApp, Messenger and Instagram."]
    on = [setup.title for setup in SETUPS if setup.is_on]
    rows = [f"{', '.join(on)}. manage.py channels looks at how they are set up."] if on else []
    half = [setup for setup in SETUPS if setup.begun and not setup.is_on]
    return rows + [
        f"{setup.title} is off: {', '.join(setup.missing())} not set. See manage.py channels." for setup in half
    ]


def switched_off(*, emulated: bool = False) -> list[str]:
    """Each feature that is off, with the setting that switches it on; `emulated`: the messengers are played."""
    off = {
        "mail, so no password can be reset (EMAIL_URL)": settings.EMAIL_BACKEND.endswith("console.EmailBackend"),
        "passkeys (PASSKEYS)": not settings.PASSKEYS,
        "search on the web (SEARCH_ENGINES)": not settings.SEARCH_ENGINES,
        "the weather (WEATHER_URL)": not settings.WEATHER_URL,
        "dictation, and voice notes as text (SPEECH_URL)": not settings.SPEECH_URL,
        "HTTPS, so only this machine should use it (SITE_URL)": not settings.HTTPS,
    }
    social = [name for name in settings.SOCIAL_HOSTS if name not in settings.SOCIAL_PROVIDERS]
    sign_in = ", ".join(f"{SOCIAL_NAMES[name]} (SOCIAL_{name.upper()})" for name in social)
    apps = ", ".join(f"{setup.title} ({setup.own[0]})" for setup in SETUPS if not (setup.begun or emulated))
    rows = [name for name, is_off in off.items() if is_off] + ([f"sign in with {sign_in}"] if social else [])
    return rows + ([f"answers in {apps}"] if apps else [])
