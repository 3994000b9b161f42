"""The settings of a benchmark, made before Django reads them, in a folder that goes when the benchmark ends."""

import os
import tempfile
from pathlib import Path

import django

FOREIGN = (
    "REDIS_URL",
    "DATABASE_URL",
    "LLAMA_URL",
    "LLAMA_KEY",
    "LLAMA_MODEL",
    "LLAMA_GUARD_URL",
    "LLAMA_GUARD_MODEL",
    "PROMPT_GUARD_URL",
    "PROMPT_GUARD_MODEL",
    "SITE_URL",
    "SECRET_KEY",
    "DEBUG",
)

# Nobody is refused: what is measured is how fast, not how much is let in.
ENVIRONMENT = {
    "LIMIT_GUEST_MESSAGES": "100000/minute;1000000/day",
    "LIMIT_ADDRESS_MESSAGES": "100000/minute;1000000/day",
    "LIMIT_MEMBER_MESSAGES": "100000/minute;1000000/day",
    "LLAMA_PARALLEL": "1000",
    # What measures drawing names a checkpoint of its own.
    "IMAGINE_MODEL": "",
    "LOG_LEVEL": "WARNING",
    # The benchmark is the proxy, so that each person can come from an address of their own.
    "TRUSTED_PROXIES": "127.0.0.1",
    "DJANGO_SETTINGS_MODULE": "web.settings",
}

temporary = tempfile.TemporaryDirectory(prefix="chaski-bench-")
folder = Path(temporary.name)

for name in (*FOREIGN, *(name for name in os.environ if name.startswith("IMAGINE_"))):
    os.environ.pop(name, None)
os.environ.update(ENVIRONMENT, DATA_DIR=temporary.name)
django.setup()
