"""A mistaken environment stops the start, and names the variable."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

FOLDER = Path(__file__).parent.parent.parent
HTTPS = {"SITE_URL": "https://chat.example", "SECRET_KEY": "quiet-llamas-cross-the-bridge-before-dawn-0123456789"}
GUARD = {"LLAMA_GUARD_URL": "http://127.0.0.1:1/v1"}

BAD: list[tuple[str, dict[str, str]]] = [
    ("SECRET_KEY", {**HTTPS, "SECRET_KEY": "short"}),
    ("SECRET_KEY", {"SECRET_KEY": "k" * 501}),
    ("SECRET_KEY", {**HTTPS, "SECRET_KEY": ""}),
    ("SECRET_KEY", {**HTTPS, "SECRET_KEY": "k" * 50}),
    ("SECRET_KEY", {**HTTPS, "SECRET_KEY": "llama-llama-llama-llama-llama-llama-llama-llama"}),
    ("OLD_SECRET_KEYS", {**HTTPS, "OLD_SECRET_KEYS": "short"}),
    ("OLD_SECRET_KEYS", {**HTTPS, "OLD_SECRET_KEYS": f"{HTTPS['SECRET_KEY']},{'k' * 50}"}),
    ("EMAIL_URL", {**HTTPS, "EMAIL_URL": "console://"}),
    ("EMAIL_URL", {**HTTPS, "EMAIL_URL": "file:///tmp/mail"}),
    ("EMAIL_URL", {**HTTPS, "EMAIL_URL": "dummy://"}),
    ("HSTS_SUBDOMAINS", {**HTTPS, "HSTS_SUBDOMAINS": "perhaps"}),
    ("DEBUG", {**HTTPS, "DEBUG": "true"}),
    ("DEBUG", {"DEBUG": "perhaps"}),
    ("ALLOWED_HOSTS", {"ALLOWED_HOSTS": "*"}),
    ("ALLOWED_HOSTS", {**HTTPS, "ALLOWED_HOSTS": "chat.example, *"}),
    ("ALLOWED_HOSTS", {"ALLOWED_HOSTS": "*.example"}),
    ("SITE_URL", {"SITE_URL": "chat.example"}),
    ("SITE_URL", {"SITE_URL": "ftp://chat.example"}),
    ("SITE_URL", {"SITE_URL": "https://chat.example/somewhere"}),
    ("TRUSTED_PROXIES", {"TRUSTED_PROXIES": "everybody"}),
    ("TRUSTED_PROXIES", {"TRUSTED_PROXIES": "0.0.0.0/0"}),
    ("TRUSTED_PROXIES", {"TRUSTED_PROXIES": "10.0.0.0/8,::/0"}),
    ("LIMIT_GUEST_MESSAGES", {"LIMIT_GUEST_MESSAGES": "many"}),
    ("LIMIT_ACCOUNT_MESSAGES", {"LIMIT_ACCOUNT_MESSAGES": "0/minute"}),
    ("LIMIT_ADDRESS_GUESTS", {"LIMIT_ADDRESS_GUESTS": "10"}),
    ("LIMIT_PERSON_SOCKETS", {"LIMIT_PERSON_SOCKETS": "-1"}),
    ("LIMIT_GUEST_PICTURES", {"LIMIT_GUEST_PICTURES": "many"}),
    ("LIMIT_PERSON_TRANSLATIONS", {"LIMIT_PERSON_TRANSLATIONS": "many"}),
    ("LIMIT_PERSON_FRAMES", {"LIMIT_PERSON_FRAMES": "0/second"}),
    ("LIMIT_PERSON_PICTURES", {"LIMIT_PERSON_PICTURES": "0"}),
    ("IMAGINE_ACCOUNT", {"IMAGINE_ACCOUNT": "perhaps"}),
    ("IMAGINE_LABEL", {"IMAGINE_LABEL": "perhaps"}),
    ("IMAGINE_CERTIFICATE_KEY", {"IMAGINE_CERTIFICATE": "chain.pem", "IMAGINE_CERTIFICATE_KEY": ""}),
    ("GUEST_DAYS", {"GUEST_DAYS": "0"}),
    ("TERMS_URL", {"TERMS_URL": "terms"}),
    ("TERMS_URL", {"TERMS_URL": "//evil.example"}),
    ("TERMS_URL", {"TERMS_URL": "javascript:alert(1)"}),
    ("TERMS_AGE", {"TERMS_AGE": "12"}),
    ("TERMS_AGE", {"TERMS_AGE": "19"}),
    ("TERMS_VERSION", {"TERMS_VERSION": "2026-11"}),
    ("TERMS_VERSION", {"TERMS_AGE": "16", "TERMS_VERSION": "2" * 41}),
    ("LLAMA_TEMPERATURE", {"LLAMA_TEMPERATURE": "hot"}),
    ("SOCIAL_GOOGLE", {"SOCIAL_GOOGLE": "id-without-a-secret"}),
    ("CODE_SHIELD", {"CODE_SHIELD": "on"}),
    ("CODE_SHIELD", {"CODE_SHIELD": "README.md"}),
    ("SEARCH_ENGINES", {"SEARCH_ENGINES": "altavista"}),
    ("SEARCH_ENGINES", {"SEARCH_ENGINES": "brave"}),
    ("SEARCH_ENGINES", {"SEARCH_ENGINES": "wikipedia,searxng"}),
    ("SEARCH_SECONDS", {"SEARCH_SECONDS": "0"}),
    ("SEARXNG_URL", {"SEARXNG_URL": "search.example"}),
    ("WEATHER_URL", {"WEATHER_URL": "weather.example"}),
    ("SPEECH_URL", {"SPEECH_URL": "speech.example/v1"}),
    ("VOICE_URL", {"VOICE_URL": "voice.example/v1"}),
    ("LIMIT_PERSON_SENTENCES", {"LIMIT_PERSON_SENTENCES": "some"}),
    ("LIMIT_PERSON_DICTATIONS", {"LIMIT_PERSON_DICTATIONS": "0/minute"}),
    ("DATABASE_URL", {"DATABASE_URL": "nonsense"}),
    ("REDIS_URL", {"REDIS_URL": "nonsense"}),
    ("LLAMA_URL", {"LLAMA_URL": "nonsense"}),
    ("LLAMA_TITLES_URL", {"LLAMA_TITLES_URL": "nonsense"}),
    ("LLAMA_TITLES_MODEL", {"LLAMA_TITLES_MODEL": "small"}),
    ("LLAMA_TRANSLATE_URL", {"LLAMA_TRANSLATE_URL": "nonsense"}),
    ("LLAMA_GUARD_URL", {"LLAMA_GUARD_URL": "nonsense", "LLAMA_GUARD_MODEL": "llama-guard3"}),
    ("LLAMA_GUARD_MODEL", {"LLAMA_GUARD_MODEL": "llama-guard3"}),
    ("LLAMA_GUARD_MODEL", {**GUARD, "LLAMA_GUARD_MODEL": ""}),
    ("LLAMA_GUARD_VERSION", {**GUARD, "LLAMA_GUARD_MODEL": "LlamaGuard-7b", "LLAMA_GUARD_VERSION": "0"}),
    ("LLAMA_GUARD_VERSION", {"LLAMA_GUARD_VERSION": "5"}),
    ("LLAMA_GUARD_AWAY", {"LLAMA_GUARD_AWAY": "ajar"}),
    ("PROMPT_GUARD_URL", {"PROMPT_GUARD_URL": "nonsense"}),
    ("PROMPT_GUARD_URL", {"PROMPT_GUARD_URL": "", "PROMPT_GUARD_MODEL": "Llama-Prompt-Guard-2-86M"}),
    ("PROMPT_GUARD_AWAY", {"PROMPT_GUARD_AWAY": "ajar"}),
    ("PROMPT_GUARD_THRESHOLD", {"PROMPT_GUARD_THRESHOLD": "0.1"}),
    ("PROMPT_GUARD_THRESHOLD", {"PROMPT_GUARD_THRESHOLD": "1"}),
    ("LLAMA_GUARD_IGNORED", {"LLAMA_GUARD_IGNORED": "S8"}),
    ("LLAMA_GUARD_IGNORED", {"LLAMA_GUARD_IGNORED": "elections,child_exploitation"}),
    ("LLAMA_GUARD_IGNORED", {"LLAMA_GUARD_IGNORED": "other"}),
    ("LLAMA_TITLES_PARALLEL", {"LLAMA_TITLES_URL": "http://127.0.0.1:1/v1", "LLAMA_TITLES_PARALLEL": "0"}),
    ("LLAMA_EYES_MODEL", {"LLAMA_EYES_MODEL": "sees"}),
    ("LOG_LEVEL", {"LOG_LEVEL": "LOUD"}),
    ("FETCH_ALLOWED", {"FETCH_ALLOWED": "*"}),
    ("FETCH_ALLOWED", {"FETCH_ALLOWED": "*.internal"}),
    ("FETCH_ALLOWED", {"FETCH_ALLOWED": "http://wiki.internal"}),
    ("FETCH_ALLOWED", {"FETCH_ALLOWED": "wiki.internal/start"}),
    ("FETCH_ALLOWED", {"FETCH_ALLOWED": "me@wiki.internal"}),
    ("FETCH_ALLOWED", {"FETCH_ALLOWED": "10.0.0.0/8"}),
    ("FETCH_ALLOWED", {"FETCH_ALLOWED": "wiki.internal:many"}),
    ("FETCH_ALLOWED", {**HTTPS, "FETCH_ALLOWED": "127.0.0.1:8080"}),
    ("FETCH_ALLOWED", {**HTTPS, "FETCH_ALLOWED": "wiki.internal,[::1]"}),
    ("FETCH_ALLOWED", {**HTTPS, "FETCH_ALLOWED": "LOCALHOST."}),
]


def run(folder: Path, environment: dict[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    """Python with nothing in its environment but what is given."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=FOLDER,
        env={**kept, "DATA_DIR": str(folder), **environment},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize(("name", "environment"), BAD, ids=[f"{name}={given[name]:.30}" for name, given in BAD])
def test_nonsense_is_refused_by_name(folder: Path, name: str, environment: dict[str, str]) -> None:
    outcome = run(folder, environment, "-c", "import web.settings")
    assert outcome.returncode != 0
    sentence = outcome.stderr.splitlines()[-1]
    assert f'"{name}" invalid' in sentence
    assert name != "SECRET_KEY" or not environment[name] or environment[name] not in sentence


@pytest.mark.parametrize(
    "command",
    [
        ("-m", "uvicorn", "web.asgi:application", "--port", "1"),
        ("-m", "celery", "-A", "web.celery", "worker", "--pool", "solo"),
        ("manage.py", "courier"),
        ("manage.py", "start"),
    ],
    ids=["the web server", "a worker", "the courier", "all of it"],
)
def test_no_part_of_a_public_site_starts_with_what_is_for_tests(folder: Path, command: tuple[str, ...]) -> None:
    outcome = run(folder, {**HTTPS, "DEBUG": "true"}, *command)
    assert outcome.returncode != 0
    assert '"DEBUG" invalid: a public site never runs with it on' in outcome.stderr


def test_the_operator_reads_one_sentence(folder: Path) -> None:
    outcome = run(folder, {"LIMIT_GUEST_MESSAGES": "many"}, "manage.py", "check")
    assert outcome.returncode != 0
    assert outcome.stderr == 'Environment variable "LIMIT_GUEST_MESSAGES" invalid: write it as 20/minute.\n'


def test_a_public_site_passes_djangos_own_checks(folder: Path) -> None:
    outcome = run(folder, HTTPS, "manage.py", "check", "--deploy", "--fail-level", "WARNING")
    assert outcome.returncode == 0, outcome.stderr
    assert "no issues" in outcome.stdout


def test_the_secret_is_made_once_and_only_its_owner_reads_it(folder: Path) -> None:
    for _ in range(2):
        assert run(folder, {}, "-c", "import web.settings").returncode == 0
    (secret,) = folder.glob("secret-key")
    assert secret.stat().st_mode & 0o077 == 0
    assert len(secret.read_text()) >= 50


@pytest.mark.parametrize(
    ("environment", "engines"),
    [
        ({}, "['ddgs', 'wikipedia']"),
        ({"BRAVE_KEY": "secret"}, "['brave']"),
        ({"TAVILY_KEY": "secret", "SEARXNG_URL": "http://127.0.0.1:8888/"}, "['searxng', 'tavily']"),
        ({"SEARCH_ENGINES": "wikipedia, Brave,wikipedia", "BRAVE_KEY": "secret"}, "['wikipedia', 'brave']"),
        ({"SEARCH_ENGINES": "", "BRAVE_KEY": "secret"}, "[]"),
    ],
)
def test_the_engines_are_those_with_a_key_or_else_those_that_need_none(
    tmp_path: Path, environment: dict[str, str], engines: str
) -> None:
    done = run(tmp_path, environment, "-c", "from web.settings import SEARCH_ENGINES; print(SEARCH_ENGINES)")
    assert (done.stdout.strip(), done.stderr) == (engines, "")


def test_what_the_first_command_writes_only_its_owner_reads(folder: Path) -> None:
    """Whatever is first: here `migrate`, long before a start."""
    assert run(folder, {}, "manage.py", "migrate", "--verbosity", "0").returncode == 0
    written = [path for path in folder.rglob("*") if path.is_file()]
    assert folder / "chaski.sqlite3" in written
    assert [path for path in written if path.stat().st_mode & 0o077] == []


SHOW = """
from web import settings
print(settings.SESSION_COOKIE_NAME, settings.CSRF_COOKIE_NAME, settings.SECURE_HSTS_INCLUDE_SUBDOMAINS)
"""


@pytest.mark.parametrize(
    ("environment", "shown"),
    [
        (HTTPS, "__Host-sessionid __Host-csrftoken False"),
        (
            {**HTTPS, "HSTS_SUBDOMAINS": "true", "EMAIL_URL": "smtp://mail.example"},
            "__Host-sessionid __Host-csrftoken True",
        ),
    ],
)
def test_a_public_site_takes_cookies_of_its_own_host_alone(
    folder: Path, environment: dict[str, str], shown: str
) -> None:
    assert run(folder, environment, "-c", SHOW).stdout.strip() == shown
