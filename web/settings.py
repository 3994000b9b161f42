"""All settings, and the only reader of the environment. Each variable is explained in docs/settings.md."""

import hashlib
import ipaddress
import json
import os
import secrets
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from django.core.exceptions import ImproperlyConfigured
from django.utils.translation import gettext_lazy as _
from environs import Env, validate
from limits import parse_many

from assistant.guard.categories import NEVER_IGNORED, Category, version_of

env = Env()

BASE_DIR = Path(__file__).resolve().parent.parent


def secret_from(path: Path) -> str:
    """The secret kept in `path`, made at the first start, readable by its owner alone. Raises ImproperlyConfigured."""
    try:
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch(mode=0o600)
            path.write_text(secrets.token_urlsafe(50))
        return path.read_text().strip()
    except OSError as error:
        raise ImproperlyConfigured(f"Nothing can be kept in {path.parent} ({error.strerror}).") from error


def is_guessable(key: str) -> bool:
    """Whether a key is short, or of few different characters."""
    return len(key) < 40 or len(set(key)) < 15


def networks(name: str) -> list[ipaddress.IPv4Network | ipaddress.IPv6Network]:
    """A comma-separated list of addresses or networks, from the variable `name`. Raises ImproperlyConfigured."""
    texts: list[str] = env.list(name, [])
    try:
        found = [ipaddress.ip_network(text.strip()) for text in texts]
    except ValueError as error:
        raise ImproperlyConfigured(f'Environment variable "{name}" invalid: {error}') from error
    if any(network.prefixlen == 0 for network in found):
        raise ImproperlyConfigured(f'Environment variable "{name}" invalid: name the proxies, not everybody.')
    return found


def url(name: str, default: str, *schemes: str) -> str:
    """The address of a server, from the variable `name`; empty counts as unset. Raises ImproperlyConfigured."""
    text: str = env.str(name, "") or default
    if not text.startswith(tuple(f"{scheme}://" for scheme in schemes)):
        raise ImproperlyConfigured(f'Environment variable "{name}" invalid: it begins with {schemes[0]}://.')
    return text.rstrip("/")


def hosts(name: str) -> list[str]:
    """A comma-separated list of hosts, some with a port, from the variable `name`. Raises ImproperlyConfigured."""
    texts: list[str] = env.list(name, [])
    found = [text.strip().lower() for text in texts]
    for text in found:
        try:
            parts = urlsplit(f"//{text}")
            known = parts.netloc == text and parts.hostname and parts.port != 0 and not set(text) & set("@*% ")
        except ValueError:
            known = False
        if not known:
            raise ImproperlyConfigured(f'Environment variable "{name}" invalid: write hosts as wiki.internal:8080.')
        if HTTPS and is_loopback(parts.hostname or ""):
            raise ImproperlyConfigured(f'Environment variable "{name}" invalid: a public site never reads {text}.')
    return found


def is_loopback(host: str) -> bool:
    """Whether a host is this machine by its name or number."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host.rstrip(".").rpartition(".")[2] == "localhost"


def is_path(text: str) -> bool:
    """Whether a text is a path of this site: browsers take some others for addresses."""
    return text.startswith("/") and not text.startswith("//") and not set(text) & set("\\ \t\r\n")


def rate(name: str, default: str) -> str:
    """A limit, written as the limits library reads it, from the variable `name`. Raises ImproperlyConfigured."""
    text: str = env.str(name, default)
    try:
        rules = parse_many(text)
    except ValueError as error:
        raise ImproperlyConfigured(f'Environment variable "{name}" invalid: write it as 20/minute.') from error
    if any(rule.amount < 1 for rule in rules):
        raise ImproperlyConfigured(f'Environment variable "{name}" invalid: nobody could do anything.')
    return text


def social_app(name: str) -> dict[str, str] | None:
    """The client id and secret in the variable `name`, as `id:secret`; None if unset. Raises ImproperlyConfigured."""
    client_id, _colon, secret = env.str(name, "").partition(":")
    if bool(client_id) != bool(secret):
        raise ImproperlyConfigured(f'Environment variable "{name}" invalid: write it as id:secret.')
    return {"client_id": client_id, "secret": secret} if secret else None


def engines(name: str, keys: dict[str, str]) -> list[str]:
    """Search engines from the variable `name`, in their order; unset, those whose key is there, or those without one.

    `keys` are the keys, or addresses, of those that need one. Raises ImproperlyConfigured.
    """
    known = ("searxng", "brave", "tavily", "ddgs", "wikipedia")
    texts: list[str] | None = env.list(name, None)
    if texts is None:
        return [engine for engine, key in keys.items() if key] or [engine for engine in known if engine not in keys]
    found = list(dict.fromkeys(text.strip().lower() for text in texts if text.strip()))
    for engine in found:
        if engine not in known:
            raise ImproperlyConfigured(f'Environment variable "{name}" invalid: the engines are {", ".join(known)}.')
        if not keys.get(engine, "none"):
            raise ImproperlyConfigured(f'Environment variable "{name}" invalid: {engine} has no key or address yet.')
    return found


def countries(name: str) -> list[str]:
    """A comma-separated list of countries by their two letters, from the variable `name`. Raises ImproperlyConfigured.

    Empty counts as unset.
    """
    texts: list[str] = env.list(name, [])
    found = [text.strip().upper() for text in texts if text.strip()]
    if any(not (len(text) == 2 and text.isascii() and text.isalpha()) for text in found):
        raise ImproperlyConfigured(f'Environment variable "{name}" invalid: write countries as DE,FR,IT.')
    return found


def cost(name: str) -> tuple[float, float]:
    """What 1,000 tokens cost to read and to write, from the variable `name`. Raises ImproperlyConfigured."""
    text: str = env.str(name, "0/0")
    try:
        read, written = (float(part) for part in text.split("/"))
    except ValueError:
        read = -1.0
    if not (0 <= read < 1e6 and 0 <= written < 1e6):
        raise ImproperlyConfigured(f'Environment variable "{name}" invalid: write it as 0.0002/0.0006.')
    return read, written


def program(name: str) -> str:
    """The path of a program from the variable `name`, from the checkout on. Raises ImproperlyConfigured."""
    text: str = env.str(name, "").strip()
    # Not resolved: a Python finds its environment by where its link stands.
    path = BASE_DIR / Path(text).expanduser()
    if text and not (path.is_file() and os.access(path, os.X_OK)):
        raise ImproperlyConfigured(f'Environment variable "{name}" invalid: {path} is no program.')
    return str(path) if text else ""


def other_model(role: str) -> dict[str, Any] | None:
    """The server and model for a role of their own, from the variables `LLAMA_<ROLE>_...`; None where neither is named.

    Raises ImproperlyConfigured.
    """
    name = f"LLAMA_{role.upper()}"
    address, model = env.str(f"{name}_URL", ""), env.str(f"{name}_MODEL", "")
    if not address and not model:
        return None
    if not address and "LLAMA_URL" in LOCAL_SERVERS:
        raise ImproperlyConfigured(
            f'Environment variable "{name}_MODEL" invalid: the embedded server has one model only. Name a server in '
            f"{name}_URL."
        )
    return {
        "url": url(f"{name}_URL", "", "http", "https") if address else LLAMA_URL,
        "model": model,
        # A key goes to the server that it is for, and to no other.
        "key": env.str(f"{name}_KEY", "" if address else LLAMA_KEY),
        "context": env.int(f"{name}_CONTEXT", 0, validate=validate.Range(0)),
        "parallel": env.int(f"{name}_PARALLEL", LLAMA_PARALLEL, validate=validate.Range(1)),
        "cost": cost(f"{name}_COST"),
    }


def guard_categories(name: str) -> list[str]:
    """A comma-separated list of Llama Guard's categories, from the variable `name`. Raises ImproperlyConfigured."""
    texts: list[str] = env.list(name, [])
    found = [text.strip().lower() for text in texts if text.strip()]
    known = [category.value for category in Category if category not in NEVER_IGNORED]
    if unknown := set(found) - set(known):
        raise ImproperlyConfigured(
            f'Environment variable "{name}" invalid: {sorted(unknown)[0]!r} is none of {", ".join(known)}.'
        )
    return found


def check_guard(role: dict[str, Any] | None, version: int) -> None:
    """Raises ImproperlyConfigured for a guard model that is not named, or whose version is not known."""
    if role is None:
        return
    if not role["model"]:
        raise ImproperlyConfigured(
            'Environment variable "LLAMA_GUARD_MODEL" invalid: name the model of LLAMA_GUARD_URL.'
        )
    try:
        version_of(role["model"], version)
    except ValueError as error:
        raise ImproperlyConfigured(
            'Environment variable "LLAMA_GUARD_VERSION" invalid: set it to 2, 3 or 4, as the name of the model does '
            "not tell which Llama Guard it is."
        ) from error


def renewed(token: str, path: Path) -> tuple[str, object]:
    """What `token` was renewed to, and when that ends, where that is kept in `path`; else itself, and None.

    See integrations/instagram/renewal.py.
    """
    try:
        kept = json.loads(path.read_text())
        ours = kept["of"] == hashlib.sha256(token.encode()).hexdigest()
        return (str(kept["token"]), kept["ends_at"]) if ours else (token, None)
    except (OSError, ValueError, LookupError, TypeError):
        return token, None


# The site

# Conversations are stored here: other users of this machine must not read what any part writes.
os.umask(0o077)
DATA_DIR: Path = env.path("DATA_DIR", BASE_DIR / "var")
# How an operator makes a key.
A_KEY = 'This prints one: python3 -c "import secrets; print(secrets.token_urlsafe(50))"'
SITE_NAME: str = env.str("SITE_NAME", "Chaski")
SITE_URL: str = env.str(
    "SITE_URL", "http://127.0.0.1:8000", validate=validate.URL(require_tld=False, schemes={"http", "https"})
).rstrip("/")
# What people agree to before anything is answered for them: where that stands, the least age, and its version.
TERMS_URL: str = env.str("TERMS_URL", "", validate=validate.Length(max=500)).strip()
TERMS_AGE: int = env.int("TERMS_AGE", 0, validate=validate.OneOf([0, *range(13, 19)]))
TERMS_VERSION: str = env.str("TERMS_VERSION", "", validate=validate.Length(max=40)).strip()
HTTPS = SITE_URL.startswith("https://")
SITE_HOST = urlsplit(SITE_URL).hostname or ""
DEBUG: bool = env.bool("DEBUG", False)
SECRET_KEY: str = env.str("SECRET_KEY", "", validate=validate.Length(max=500)) or secret_from(DATA_DIR / "secret-key")
SECRET_KEY_FALLBACKS: list[str] = env.list("OLD_SECRET_KEYS", [])
TRUSTED_PROXIES = networks("TRUSTED_PROXIES")
LOG_LEVEL: str = env.str("LOG_LEVEL", "INFO", validate=validate.OneOf(["DEBUG", "INFO", "WARNING", "ERROR"]))
LOG_FORMAT: str = env.str("LOG_FORMAT", "json", validate=validate.OneOf(["json", "text"]))

if SITE_URL.count("/") > 2:
    raise ImproperlyConfigured('Environment variable "SITE_URL" invalid: it ends with the host or its port.')
if TERMS_URL and not TERMS_URL.startswith(("https://", "http://")) and not is_path(TERMS_URL):
    raise ImproperlyConfigured('Environment variable "TERMS_URL" invalid: write an address, or a path as /about/.')
if TERMS_VERSION and not (TERMS_URL or TERMS_AGE):
    raise ImproperlyConfigured('Environment variable "TERMS_VERSION" invalid: set TERMS_URL or TERMS_AGE as well.')
if HTTPS and not env.str("SECRET_KEY", ""):
    raise ImproperlyConfigured(f'Environment variable "SECRET_KEY" invalid: a public site has its own. {A_KEY}')
if HTTPS and is_guessable(SECRET_KEY):
    raise ImproperlyConfigured(
        f'Environment variable "SECRET_KEY" invalid: a public site needs 40 characters or more, of chance. {A_KEY}'
    )
if HTTPS and any(map(is_guessable, SECRET_KEY_FALLBACKS)):
    raise ImproperlyConfigured(
        'Environment variable "OLD_SECRET_KEYS" invalid: what is signed with a key that can be guessed, anybody signs. '
        "Leave it out."
    )
if HTTPS and DEBUG:
    raise ImproperlyConfigured('Environment variable "DEBUG" invalid: a public site never runs with it on.')

ALLOWED_HOSTS = [SITE_HOST, *env.list("ALLOWED_HOSTS", [])]
if not HTTPS:
    ALLOWED_HOSTS += ["localhost", "127.0.0.1", "[::1]"]
if any("*" in host for host in ALLOWED_HOSTS):
    raise ImproperlyConfigured('Environment variable "ALLOWED_HOSTS" invalid: name the hosts, * is not accepted.')
CSRF_TRUSTED_ORIGINS = [SITE_URL]

# The servers behind it. `manage.py start` sets the unset ones to servers of its own.

LOCAL_SERVERS = [name for name in ("REDIS_URL", "DATABASE_URL", "LLAMA_URL") if not env.str(name, "")]
REDIS_URL = url("REDIS_URL", "redis://127.0.0.1:6379/0", "redis", "rediss", "unix")
DATABASES = {"default": env.dj_db_url("DATABASE_URL", f"sqlite:///{DATA_DIR / 'chaski.sqlite3'}")}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
if DATABASES["default"]["ENGINE"] == "django.db.backends.sqlite3":
    DATABASES["default"]["OPTIONS"] = {
        "transaction_mode": "IMMEDIATE",
        "timeout": 20,
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA secure_delete=ON;",
    }
    DATABASES["default"]["TEST"] = {"NAME": DATA_DIR / "test.sqlite3"}
elif DATABASES["default"]["ENGINE"] == "django.db.backends.postgresql":
    DATABASES["default"]["OPTIONS"] = {"pool": {"min_size": 0, "max_size": 20, "timeout": 10}}

LLAMA_URL = url("LLAMA_URL", "http://127.0.0.1:8080/v1", "http", "https")
LLAMA_MODEL: str = env.str("LLAMA_MODEL", "")
LLAMA_KEY: str = env.str("LLAMA_KEY", "")
LLAMA_CONTEXT: int = env.int("LLAMA_CONTEXT", 0, validate=validate.Range(0))
LLAMA_MAX_TOKENS: int = env.int("LLAMA_MAX_TOKENS", 1024, validate=validate.Range(16))
LLAMA_TEMPERATURE: float = env.float("LLAMA_TEMPERATURE", 0.6, validate=validate.Range(0, 2))
# How tools are offered to the model: in the prompt, in a field of the request, or not at all. "auto" is "text", but for
# the demonstration model, which calls none.
LLAMA_TOOLS: str = env.str("LLAMA_TOOLS", "auto", validate=validate.OneOf(["auto", "text", "native", "off"]))
LLAMA_PARALLEL: int = env.int("LLAMA_PARALLEL", 16, validate=validate.Range(1))
LLAMA_QUEUE: int = env.int("LLAMA_QUEUE", 200, validate=validate.Range(0))
LLAMA_CONNECT_SECONDS: float = env.float("LLAMA_CONNECT_SECONDS", 5, validate=validate.Range(0.1))
LLAMA_FIRST_TOKEN_SECONDS: float = env.float("LLAMA_FIRST_TOKEN_SECONDS", 120, validate=validate.Range(0.1))
LLAMA_SILENCE_SECONDS: float = env.float("LLAMA_SILENCE_SECONDS", 30, validate=validate.Range(0.1))
LLAMA_ANSWER_SECONDS: float = env.float("LLAMA_ANSWER_SECONDS", 600, validate=validate.Range(1))
LLAMA_COST = cost("LLAMA_COST")
# What has a model of its own; the one above does the rest.
LLAMA_ROLES = {role: other_model(role) for role in ("best", "titles", "guard", "eyes", "translate")}
# Llama Guard. Its categories are named, as their codes differ from version to version.
LLAMA_GUARD_VERSION: int = env.int("LLAMA_GUARD_VERSION", 0, validate=validate.OneOf([0, 2, 3, 4]))
LLAMA_GUARD_AWAY: str = env.str("LLAMA_GUARD_AWAY", "closed", validate=validate.OneOf(["closed", "open"]))
LLAMA_GUARD_IGNORED = guard_categories("LLAMA_GUARD_IGNORED")
check_guard(LLAMA_ROLES["guard"], LLAMA_GUARD_VERSION)
# The Python that has Code Shield; unset, code in answers is not scanned.
CODE_SHIELD = program("CODE_SHIELD")
# Prompt Guard, which is no model that talks, and stands behind other servers.
PROMPT_GUARD_URL: str = url("PROMPT_GUARD_URL", "", "http", "https") if env.str("PROMPT_GUARD_URL", "") else ""
PROMPT_GUARD_MODEL: str = env.str("PROMPT_GUARD_MODEL", "")
PROMPT_GUARD_KEY: str = env.str("PROMPT_GUARD_KEY", "")
PROMPT_GUARD_THRESHOLD: float = env.float("PROMPT_GUARD_THRESHOLD", 0.9, validate=validate.Range(0.5, 0.999))
PROMPT_GUARD_AWAY: str = env.str("PROMPT_GUARD_AWAY", "open", validate=validate.OneOf(["closed", "open"]))
if PROMPT_GUARD_MODEL and not PROMPT_GUARD_URL:
    raise ImproperlyConfigured(
        'Environment variable "PROMPT_GUARD_URL" invalid: name the server of PROMPT_GUARD_MODEL.'
    )
LLAMA_LOCAL_MODEL: str = env.str("LLAMA_LOCAL_MODEL", "")
MODEL_FOLDER = DATA_DIR / "models"
# Where models are downloaded from. The names are those of Hugging Face's own tools, which read them too.
HUB_URL = url("HF_ENDPOINT", "https://huggingface.co", "https", "http")
HUB_TOKEN: str = env.str("HF_TOKEN", "")
# Set by `manage.py start` when it brings the small demonstration model itself; the page then says so.
LLAMA_DEMO: bool = env.bool("LLAMA_DEMO", False)

# The web. Unset, those engines are asked that have a key or an address, and where none has, those that need neither.

SEARXNG_URL: str = url("SEARXNG_URL", "", "http", "https") if env.str("SEARXNG_URL", "") else ""
BRAVE_KEY: str = env.str("BRAVE_KEY", "")
TAVILY_KEY: str = env.str("TAVILY_KEY", "")
SEARCH_ENGINES = engines("SEARCH_ENGINES", {"searxng": SEARXNG_URL, "brave": BRAVE_KEY, "tavily": TAVILY_KEY})
SEARCH_SECONDS: float = env.float("SEARCH_SECONDS", 5, validate=validate.Range(0.1, 60))
OPEN_METEO = "https://api.open-meteo.com"
# Set to nothing, the weather is not asked for.
WEATHER_URL: str = "" if env.str("WEATHER_URL", None) == "" else url("WEATHER_URL", OPEN_METEO, "http", "https")
WEATHER_PLACES_URL: str = url("WEATHER_PLACES_URL", "https://geocoding-api.open-meteo.com", "http", "https")

# Speech. Without an address, voice notes are not understood, and nobody can dictate.

SPEECH_URL: str = url("SPEECH_URL", "", "http", "https") if env.str("SPEECH_URL", "") else ""
SPEECH_MODEL: str = env.str("SPEECH_MODEL", "")
SPEECH_KEY: str = env.str("SPEECH_KEY", "").strip()
# Without an address, answers are read aloud by voices of the browser alone.
VOICE_URL: str = url("VOICE_URL", "", "http", "https") if env.str("VOICE_URL", "") else ""
VOICE_MODEL: str = env.str("VOICE_MODEL", "")
VOICE_NAME: str = env.str("VOICE_NAME", "")
VOICE_KEY: str = env.str("VOICE_KEY", "").strip()

# Pictures. An empty name means that none are drawn, or that the live one does it all.

SHIPPED_CHECKPOINT = BASE_DIR / "imagine" / "sketchbook" / "checkpoint" / "Sketchbook"
comes_along = (SHIPPED_CHECKPOINT / "model_index.json").is_file()
IMAGINE_MODEL: str = env.str("IMAGINE_MODEL", str(SHIPPED_CHECKPOINT) if comes_along else "")
IMAGINE_FINAL_MODEL: str = env.str("IMAGINE_FINAL_MODEL", "")
# Whether the small one that comes along draws everything; the page then says so.
IMAGINE_DEMO = Path(IMAGINE_MODEL) == SHIPPED_CHECKPOINT and not IMAGINE_FINAL_MODEL
IMAGINE_VIDEO_MODEL: str = env.str("IMAGINE_VIDEO_MODEL", "")
# LoRAs for those that draw pictures.
IMAGINE_LORA: str = env.str("IMAGINE_LORA", "")
CHECKPOINT_FOLDER = DATA_DIR / "checkpoints"
IMAGINE_DEVICE: str = env.str("IMAGINE_DEVICE", "auto", validate=validate.OneOf(["auto", "cuda", "mps", "cpu"]))
IMAGINE_PRECISION: str = env.str(
    "IMAGINE_PRECISION", "auto", validate=validate.OneOf(["auto", "float32", "bfloat16", "float16"])
)
# 0: as the checkpoint's recipe says.
IMAGINE_STEPS: int = env.int("IMAGINE_STEPS", 0, validate=validate.Range(0, 100))
IMAGINE_GUIDANCE: float | None = env.float("IMAGINE_GUIDANCE", None, validate=validate.Range(0, 30))
IMAGINE_SIZE: int = env.int("IMAGINE_SIZE", 0, validate=validate.Range(0, 2048))
IMAGINE_LIVE_SIZE: int = env.int("IMAGINE_LIVE_SIZE", 0, validate=validate.Range(0, 1024))
IMAGINE_BATCH: int = env.int("IMAGINE_BATCH", 0, validate=validate.Range(0, 64))
IMAGINE_ACCOUNT: bool = env.bool("IMAGINE_ACCOUNT", False)
IMAGINE_LABEL: bool = env.bool("IMAGINE_LABEL", True)
IMAGINE_CERTIFICATE: str = env.str("IMAGINE_CERTIFICATE", "")
IMAGINE_CERTIFICATE_KEY: str = env.str("IMAGINE_CERTIFICATE_KEY", "")
PICTURE_FOLDER: Path = env.path("PICTURE_FOLDER", DATA_DIR / "pictures")
SHARE_DAYS: int = env.int("SHARE_DAYS", 30, validate=validate.Range(1, 3650))

if bool(IMAGINE_CERTIFICATE) != bool(IMAGINE_CERTIFICATE_KEY):
    raise ImproperlyConfigured('Environment variable "IMAGINE_CERTIFICATE_KEY" invalid: name both, or neither.')

# Pages of other sites. What is not public is fetched from these hosts only; by the environment, never by a person.

FETCH_ALLOWED = hosts("FETCH_ALLOWED")

# WhatsApp, Messenger and Instagram. An app is on where its token and its account are set, and Meta's deliveries are
# taken where their secret is.

META_APP_ID: str = env.str("META_APP_ID", "")
META_APP_SECRET: str = env.str("META_APP_SECRET", "")
META_VERIFY_TOKEN: str = env.str("META_VERIFY_TOKEN", "")
GRAPH_URL = url("GRAPH_URL", "https://graph.facebook.com", "https", "http")
INSTAGRAM_GRAPH_URL = url("INSTAGRAM_GRAPH_URL", "https://graph.instagram.com", "https", "http")
GRAPH_VERSION: str = env.str("GRAPH_VERSION", "v25.0", validate=validate.Regexp(r"^v[0-9]{1,3}\.[0-9]$"))
WHATSAPP_TOKEN: str = env.str("WHATSAPP_TOKEN", "")
WHATSAPP_PHONE_ID: str = env.str("WHATSAPP_PHONE_ID", "")
WHATSAPP_ACCOUNT_ID: str = env.str("WHATSAPP_ACCOUNT_ID", "")
# Meta's terms ask what an AI is for there: "helper" of a business for its own customers, or a general "assistant",
# which it admits for people of some countries only. Unset, WhatsApp is off.
WHATSAPP_PURPOSE: str = env.str("WHATSAPP_PURPOSE", "", validate=validate.OneOf(["", "helper", "assistant"]))
WHATSAPP_COUNTRIES = countries("WHATSAPP_COUNTRIES")
# For links into the chat: the number in digits, and the name of the account.
WHATSAPP_NUMBER: str = env.str("WHATSAPP_NUMBER", "", validate=validate.Regexp(r"^([1-9][0-9]{5,18})?$"))
INSTAGRAM_NAME: str = env.str("INSTAGRAM_NAME", "", validate=validate.Regexp(r"^[A-Za-z0-9._]{0,40}$"))
MESSENGER_TOKEN: str = env.str("MESSENGER_TOKEN", "")
MESSENGER_PAGE_ID: str = env.str("MESSENGER_PAGE_ID", "")
# The token of Instagram's own login ends after 60 days. One that we renewed is taken from here by the next start, and
# is known there by the hash of the one in the environment, which stays what it is.
INSTAGRAM_TOKEN_FILE = DATA_DIR / "instagram-token.json"
INSTAGRAM_TOKEN_GIVEN: str = env.str("INSTAGRAM_TOKEN", "")
INSTAGRAM_TOKEN, INSTAGRAM_TOKEN_ENDS = renewed(env.str("INSTAGRAM_TOKEN", ""), INSTAGRAM_TOKEN_FILE)
INSTAGRAM_ID: str = env.str("INSTAGRAM_ID", "")
INSTAGRAM_APP_SECRET: str = env.str("INSTAGRAM_APP_SECRET", "")
# Under posts, comments that name the account are answered where this is set.
ANSWER_COMMENTS: bool = env.bool("ANSWER_COMMENTS", False)
# Whether there may be a real account: the emulator never plays beside one. What is on, `registry.channels` says.
MESSENGERS = bool(WHATSAPP_TOKEN or MESSENGER_TOKEN or INSTAGRAM_TOKEN)

# People

AUTH_USER_MODEL = "assistant.Person"
GUEST_DAYS: int = env.int("GUEST_DAYS", 30, validate=validate.Range(1, 3650))
INSTRUCTIONS_FOR_GUESTS: bool = env.bool("INSTRUCTIONS_FOR_GUESTS", False)
MEMORY_FOR_GUESTS: bool = env.bool("MEMORY_FOR_GUESTS", False)
EMAIL = env.dj_email_url("EMAIL_URL", "console://")
EMAIL_BACKEND = EMAIL["EMAIL_BACKEND"]
if HTTPS and env.str("EMAIL_URL", "") and not EMAIL_BACKEND.endswith("smtp.EmailBackend"):
    # Links that open accounts would stand in a log or a file, for whoever reads it.
    raise ImproperlyConfigured(
        'Environment variable "EMAIL_URL" invalid: a public site sends its e-mails by smtp://, or, unset, none.'
    )
EMAIL_HOST, EMAIL_PORT = EMAIL["EMAIL_HOST"], EMAIL["EMAIL_PORT"]
EMAIL_HOST_USER, EMAIL_HOST_PASSWORD = EMAIL["EMAIL_HOST_USER"], EMAIL["EMAIL_HOST_PASSWORD"]
EMAIL_USE_TLS, EMAIL_USE_SSL = EMAIL.get("EMAIL_USE_TLS", False), EMAIL.get("EMAIL_USE_SSL", False)
DEFAULT_FROM_EMAIL: str = env.str("EMAIL_FROM", "chaski@localhost")
EMAIL_TIMEOUT = 10

# Rooms

ROOM_MEMBERS: int = env.int("ROOM_MEMBERS", 50, validate=validate.Range(2, 200))
# So long after the last word a room is erased.
ROOM_DAYS: int = env.int("ROOM_DAYS", 30, validate=validate.Range(2, 3650))
# Of words that do not call the assistant it reads those of the last minutes, with the next call; 0: none.
ROOM_CONTEXT_MINUTES: int = env.int("ROOM_CONTEXT_MINUTES", 15, validate=validate.Range(0, 24 * 60))

# Words in a WhatsApp group that do not call the assistant are kept for so many minutes, in memory; 0: not at all.
GROUP_CONTEXT_MINUTES: int = env.int("GROUP_CONTEXT_MINUTES", 0, validate=validate.Range(0, 60))

# Limits: "30/minute" and "30/minute;300/day" both work, as the limits library reads them.

LIMIT_GUEST_MESSAGES: str = rate("LIMIT_GUEST_MESSAGES", "20/minute;200/day")
LIMIT_ACCOUNT_MESSAGES: str = rate("LIMIT_ACCOUNT_MESSAGES", "30/minute;1000/day")
LIMIT_KEY_MESSAGES: str = rate("LIMIT_KEY_MESSAGES", "20/minute;500/day")
LIMIT_ADDRESS_MESSAGES: str = rate("LIMIT_ADDRESS_MESSAGES", "60/minute;2000/day")
LIMIT_GUEST_HARDER: str = rate("LIMIT_GUEST_HARDER", "5/day")
LIMIT_ACCOUNT_HARDER: str = rate("LIMIT_ACCOUNT_HARDER", "50/day")
LIMIT_ADDRESS_GUESTS: str = rate("LIMIT_ADDRESS_GUESTS", "20/hour;100/day")
LIMIT_PERSON_RUNS: int = env.int("LIMIT_PERSON_RUNS", 3, validate=validate.Range(1))
LIMIT_PERSON_SOCKETS: int = env.int("LIMIT_PERSON_SOCKETS", 20, validate=validate.Range(1))
LIMIT_ADDRESS_SOCKETS: int = env.int("LIMIT_ADDRESS_SOCKETS", 100, validate=validate.Range(1))
LIMIT_ADDRESS_CONNECTIONS: int = env.int("LIMIT_ADDRESS_CONNECTIONS", 200, validate=validate.Range(1))
LIMIT_GUEST_PICTURES: str = rate("LIMIT_GUEST_PICTURES", "12/minute;200/day")
LIMIT_ACCOUNT_PICTURES: str = rate("LIMIT_ACCOUNT_PICTURES", "20/minute;1000/day")
LIMIT_ADDRESS_PICTURES: str = rate("LIMIT_ADDRESS_PICTURES", "40/minute;2000/day")
LIMIT_PERSON_FRAMES: str = rate("LIMIT_PERSON_FRAMES", "600/minute;30000/day")
LIMIT_PERSON_UPLOADS: str = rate("LIMIT_PERSON_UPLOADS", "10/minute;100/day")
LIMIT_PERSON_TRANSLATIONS: str = rate("LIMIT_PERSON_TRANSLATIONS", "30/minute;500/day")
LIMIT_PERSON_IDEAS: str = rate("LIMIT_PERSON_IDEAS", "10/minute;200/day")
LIMIT_PERSON_SHARES: str = rate("LIMIT_PERSON_SHARES", "10/minute;100/day")
LIMIT_PERSON_EXPORTS: str = rate("LIMIT_PERSON_EXPORTS", "5/hour;20/day")
LIMIT_PERSON_LINKS: str = rate("LIMIT_PERSON_LINKS", "10/hour;30/day")
LIMIT_ADDRESS_SHARED: str = rate("LIMIT_ADDRESS_SHARED", "120/minute;10000/day")
LIMIT_PERSON_ATTACHMENTS: str = rate("LIMIT_PERSON_ATTACHMENTS", "30/minute;300/day")
LIMIT_ADDRESS_ATTACHMENTS: str = rate("LIMIT_ADDRESS_ATTACHMENTS", "60/minute;600/day")
LIMIT_PERSON_DICTATIONS: str = rate("LIMIT_PERSON_DICTATIONS", "10/minute;200/day")
LIMIT_PERSON_SENTENCES: str = rate("LIMIT_PERSON_SENTENCES", "60/minute;3000/day")
LIMIT_SITE_PAGES: str = rate("LIMIT_SITE_PAGES", "60/minute")
LIMIT_POST_COMMENTS: str = rate("LIMIT_POST_COMMENTS", "6/minute;100/day")
LIMIT_MEMBER_MESSAGES: str = rate("LIMIT_MEMBER_MESSAGES", "40/minute;1000/day")
LIMIT_MEMBER_CALLS: str = rate("LIMIT_MEMBER_CALLS", "6/minute;200/day")
LIMIT_ROOM_CALLS: str = rate("LIMIT_ROOM_CALLS", "20/minute;1000/day")
LIMIT_PERSON_ROOMS: str = rate("LIMIT_PERSON_ROOMS", "10/hour;30/day")
LIMIT_ADDRESS_INVITATIONS: str = rate("LIMIT_ADDRESS_INVITATIONS", "60/minute;1000/day")
# Tokens for all of a kind on one day; 0 is no bound.
BUDGETS = {
    "guests": env.int("BUDGET_GUESTS", 0, validate=validate.Range(0)),
    "accounts": env.int("BUDGET_ACCOUNTS", 0, validate=validate.Range(0)),
    "rooms": env.int("BUDGET_ROOMS", 0, validate=validate.Range(0)),
    "channels": env.int("BUDGET_CHANNELS", 0, validate=validate.Range(0)),
    "site": env.int("BUDGET_SITE", 0, validate=validate.Range(0)),
}
LIMIT_PERSON_PICTURES: int = env.int("LIMIT_PERSON_PICTURES", 8, validate=validate.Range(1))

# Text files: the largest one, those of one message, and all of one person.
ATTACHMENT_BYTES: int = env.int("ATTACHMENT_BYTES", 1024**2, validate=validate.Range(1024, 16 * 1024**2))
ATTACHMENTS_PER_MESSAGE: int = env.int("ATTACHMENTS_PER_MESSAGE", 5, validate=validate.Range(1, 20))
# Voice notes, videos and documents that one person sent in rooms.
ROOM_FILE_BYTES_PER_PERSON: int = env.int("ROOM_FILE_BYTES_PER_PERSON", 200 * 1024**2, validate=validate.Range(1024**2))
ATTACHMENT_BYTES_PER_PERSON: int = env.int("ATTACHMENT_BYTES_PER_PERSON", 20 * 1024**2, validate=validate.Range(1024))

MESSAGE_CHARACTERS = 16_000
PROMPT_CHARACTERS = 500
NEGATIVE_CHARACTERS = 200
INSTRUCTIONS_CHARACTERS = 1_500
MEMORY_CHARACTERS = 300
MEMORIES_PER_PERSON = 50
API_KEYS_PER_PERSON = 20
PICTURES_PER_PERSON = 1_000
UPLOAD_BYTES = 12_000_000
CONVERSATIONS_PER_PERSON = 1_000
MESSAGES_PER_CONVERSATION = 10_000
# A copy behind a link holds the newest messages, so many or so many characters.
SHARED_MESSAGES = 1_000
SHARED_CHARACTERS = 1_000_000
SHARED_CONVERSATIONS_PER_PERSON = 100
DATA_UPLOAD_MAX_MEMORY_SIZE = 256 * 1024
DATA_UPLOAD_MAX_NUMBER_FIELDS = 50

# Django

ROOT_URLCONF = "web.urls"
ASGI_APPLICATION = "web.asgi.application"
INSTALLED_APPS = [
    "web.apps.WebConfig",
    "integrations.apps.IntegrationsConfig",
    "assistant.apps.AssistantConfig",
    "imagine.apps.ImagineConfig",
    "channels",
    "allauth",
    "allauth.account",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "csp",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "csp.middleware.CSPMiddleware",
    "servestatic.middleware.ServeStaticMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "web.middleware.PoliciesMiddleware",
    "web.middleware.PrivatePagesMiddleware",
    "web.middleware.TimeZoneMiddleware",
]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "web" / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "web.context.site",
            ],
        },
    },
]

STATIC_URL = "/static/"
STATIC_ROOT = DATA_DIR / "static"
STATICFILES_DIRS = [BASE_DIR / "web" / "static"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "web.static_files.StaticFilesStorage"},
    "pictures": {"BACKEND": "django.core.files.storage.FileSystemStorage", "OPTIONS": {"location": PICTURE_FOLDER}},
    # Beside the pictures, so that all machines reach them by the same folder.
    "room_files": {
        "BACKEND": "django.core.files.storage.FileSystemStorage",
        "OPTIONS": {"location": PICTURE_FOLDER / "rooms"},
    },
}

USE_TZ = True
TIME_ZONE = "UTC"
LANGUAGE_CODE = "en"
LANGUAGES = [("en", _("English"))]
LOCALE_PATHS = [BASE_DIR / "web" / "locale"]

# Safety

SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = LANGUAGE_COOKIE_SECURE = HTTPS
if HTTPS:
    # By these names browsers take a cookie from this very host alone: no other below its domain can plant one.
    SESSION_COOKIE_NAME, CSRF_COOKIE_NAME = "__Host-sessionid", "__Host-csrftoken"
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_HTTPONLY = True
CSRF_COOKIE_HTTPONLY = True
SESSION_COOKIE_AGE = GUEST_DAYS * 24 * 3600
# The proxy that ends HTTPS redirects to it; hosts below ours may be others'; browsers' lists are for owners to ask.
SILENCED_SYSTEM_CHECKS = ["security.W005", "security.W008", "security.W021"]
SECURE_HSTS_SECONDS = 31_536_000 if HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS: bool = env.bool("HSTS_SUBDOMAINS", False)
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": ["'none'"],
        "script-src": ["'self'"],
        "style-src": ["'self'"],
        "img-src": ["'self'", "data:"],
        "media-src": ["'self'"],
        "font-src": ["'self'"],
        "connect-src": ["'self'"],
        "manifest-src": ["'self'"],
        "form-action": ["'self'"],
        "base-uri": ["'none'"],
        "object-src": ["'none'"],
        "frame-ancestors": ["'none'"],
    }
}

# Accounts: allauth, and what may be switched on. What it does with guests stands in web/accounts/allauth.py.

SOCIAL_HOSTS = {
    "google": "https://accounts.google.com",
    "github": "https://github.com",
    "facebook": "https://www.facebook.com",
}
SOCIAL_APPS = {name: social_app(f"SOCIAL_{name.upper()}") for name in SOCIAL_HOSTS}
SOCIAL_PROVIDERS = [name for name, app in SOCIAL_APPS.items() if app]
PASSKEYS: bool = env.bool("PASSKEYS", False)
# Whether people with an account make keys for their programs, see docs/api.md.
API_KEYS: bool = env.bool("API_KEYS", True)

INSTALLED_APPS += ["allauth.mfa"] if PASSKEYS else []
if SOCIAL_PROVIDERS:
    INSTALLED_APPS += ["allauth.socialaccount"]
    INSTALLED_APPS += [f"allauth.socialaccount.providers.{name}" for name in SOCIAL_PROVIDERS]
    # A form's redirect counts as its target.
    CONTENT_SECURITY_POLICY["DIRECTIVES"]["form-action"] += [SOCIAL_HOSTS[name] for name in SOCIAL_PROVIDERS]
MIDDLEWARE += ["web.accounts.allauth.GuestsAsAnonymousMiddleware"]

# allauth counts its attempts in the cache, so all processes must share it.
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": REDIS_URL,
        "KEY_PREFIX": "cache",
        # Those of version 1 were pickles.
        "VERSION": 2,
        "OPTIONS": {"socket_connect_timeout": 3, "socket_timeout": 3, "serializer": "web.cache.JSONSerializer"},
    }
}
SESSION_ENGINE = "web.accounts.sessions"
# The first signs in. The second is the one that sessions name, those of older versions too, and is never asked.
AUTHENTICATION_BACKENDS = [
    "web.accounts.passwords.EqualWorkBackend",
    "allauth.account.auth_backends.AuthenticationBackend",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in ("UserAttributeSimilarityValidator", "MinimumLengthValidator", "CommonPasswordValidator")
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = LOGOUT_REDIRECT_URL = "/"
ACCOUNT_ADAPTER = "web.accounts.allauth.AccountAdapter"
ACCOUNT_FORMS = {
    "login": "web.accounts.forms.LoginForm",
    "signup": "web.accounts.forms.SignupForm",
    "add_email": "web.accounts.forms.AddEmailForm",
    "change_password": "web.accounts.forms.ChangePasswordForm",
    "set_password": "web.accounts.forms.SetPasswordForm",
    "reset_password": "web.accounts.forms.ResetPasswordForm",
    "reset_password_from_key": "web.accounts.forms.ResetPasswordKeyForm",
    "reauthenticate": "web.accounts.forms.ReauthenticateForm",
}
ACCOUNT_DEFAULT_HTTP_PROTOCOL = "https" if HTTPS else "http"
ACCOUNT_LOGIN_METHODS = {"email", "username"}
ACCOUNT_SIGNUP_FIELDS = ["username*", "email", "password1*"]
ACCOUNT_USERNAME_VALIDATORS = "web.accounts.allauth.username_validators"
ACCOUNT_USERNAME_MIN_LENGTH = 2
ACCOUNT_EMAIL_VERIFICATION = "optional"
# Signing up with a taken address looks the same as with a new one; only one person can prove it is theirs.
ACCOUNT_PREVENT_ENUMERATION = "strict"
ACCOUNT_EMAIL_NOTIFICATIONS = True
# Of one address; allauth's own is 20 a minute, for ever.
ACCOUNT_RATE_LIMITS = {
    "signup": "10/m/ip,40/h/ip,100/d/ip",
    # By key, of all IPv6 networks of one site: as many as of four.
    "signup_of_site": "40/m/key,160/h/key,400/d/key",
    "form_of_site": "120/m/key",
}
ACCOUNT_MAX_EMAIL_ADDRESSES = 3
ACCOUNT_REAUTHENTICATION_REQUIRED = True
ACCOUNT_SESSION_REMEMBER = True
SOCIALACCOUNT_PROVIDERS = {name: {"APPS": [SOCIAL_APPS[name]]} for name in SOCIAL_PROVIDERS}
MFA_SUPPORTED_TYPES = ["webauthn"]
MFA_PASSKEY_LOGIN_ENABLED = True

# Celery: JSON only, nothing read back

CELERY_BROKER_URL = REDIS_URL
# A task that is not acknowledged for so long is delivered again: longer than any task may take.
CELERY_BROKER_TRANSPORT_OPTIONS = {"socket_connect_timeout": 2, "socket_timeout": 5, "visibility_timeout": 3600}
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_BEAT_SCHEDULE = {
    "expire-guests": {"task": "assistant.tasks.expire_guests", "schedule": 3600},
    "wipe-traces": {"task": "assistant.tasks.wipe_traces", "schedule": 600},
    "erase-temporary": {"task": "assistant.tasks.erase_temporary", "schedule": 60},
    "end-rooms": {"task": "assistant.tasks.end_rooms", "schedule": 600},
    "expire-attachments": {"task": "assistant.tasks.expire_attachments", "schedule": 3600},
    "find-lost-pictures": {"task": "imagine.tasks.find_lost", "schedule": 15},
    "expire-shares": {"task": "imagine.tasks.expire_shares", "schedule": 3600},
    "expire-shared-conversations": {"task": "assistant.tasks.expire_shares", "schedule": 3600},
    "purge-messengers": {"task": "integrations.tasks.purge", "schedule": 3600},
    "watch-messengers": {"task": "integrations.tasks.watch", "schedule": 6 * 3600},
    "renew-tokens": {"task": "integrations.tasks.renew_tokens", "schedule": 7 * 24 * 3600},
}
# The painter has queues, and processes, of its own: live prompts must not wait for an animation.
CELERY_TASK_ROUTES = {
    "imagine.tasks.draw_live": {"queue": "live"},
    "imagine.tasks.draw": {"queue": "final"},
    "imagine.tasks.animate": {"queue": "animate"},
}

# Logs: one line per event on standard error, with ids and never with what people wrote

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "json": {
            "()": "web.logs.JsonLines",
            "fmt": "%(asctime)s %(levelname)s %(name)s %(message)s",
            "rename_fields": {"asctime": "time", "levelname": "level", "name": "logger"},
        },
        "text": {"()": "web.logs.TextLines", "fmt": "%(asctime)s %(levelname)s %(name)s: %(message)s"},
    },
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": LOG_FORMAT}},
    "root": {"handlers": ["stderr"], "level": LOG_LEVEL},
    "loggers": {
        # Both log addresses with their query strings, and httpx every request.
        "django": {"level": LOG_LEVEL, "handlers": [], "propagate": True},
        "django.request": {"level": "ERROR"},
        # This one does too, and an address may be a shared link.
        "django.security.csrf": {"level": "ERROR"},
        # Each robot that looks for other sites at our address would leave a traceback.
        "django.security.DisallowedHost": {"level": "CRITICAL"},
        "httpx": {"level": "WARNING"},
        "httpx2": {"level": "WARNING"},
        # These too, and the addresses hold what is searched for.
        "ddgs": {"level": "WARNING"},
        "primp": {"level": "WARNING"},
        "uvicorn": {"handlers": ["stderr"], "level": LOG_LEVEL, "propagate": False},
        "uvicorn.access": {"handlers": [], "level": "WARNING", "propagate": False},
    },
}
