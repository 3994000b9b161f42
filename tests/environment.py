"""The environment of the tests, set before Django reads it. pytest loads this first, see pyproject.toml."""

import atexit
import os
import shutil
import signal
import tempfile

# A shell that runs us in the background makes us deaf to Ctrl-C, and with us all that the tests start and stop.
signal.signal(signal.SIGINT, signal.default_int_handler)

folder = tempfile.mkdtemp(prefix="chaski-tests-")
atexit.register(shutil.rmtree, folder, ignore_errors=True)

for name in (
    "REDIS_URL",
    "LLAMA_URL",
    "LLAMA_MODEL",
    "LLAMA_KEY",
    "LLAMA_GUARD_URL",
    "LLAMA_GUARD_MODEL",
    "CODE_SHIELD",
    "PROMPT_GUARD_URL",
    "PROMPT_GUARD_MODEL",
    "LLAMA_LOCAL_MODEL",
    "HF_ENDPOINT",
    "HF_TOKEN",
    "SITE_URL",
    "SECRET_KEY",
    "DEBUG",
    "SEARXNG_URL",
    "BRAVE_KEY",
    "TAVILY_KEY",
    "FETCH_ALLOWED",
    "SPEECH_URL",
    "SPEECH_MODEL",
    "SPEECH_KEY",
    "VOICE_URL",
    "VOICE_MODEL",
    "VOICE_NAME",
    "VOICE_KEY",
):
    os.environ.pop(name, None)
PREFIXES = "IMAGINE_", "META_", "GRAPH_", "WHATSAPP_", "MESSENGER_", "INSTAGRAM_"
for name in [name for name in os.environ if name.startswith(PREFIXES)]:
    del os.environ[name]
# Unset, the checkpoint that ships would draw. A test that wants one names it.
os.environ["IMAGINE_MODEL"] = ""
# Nothing is asked of the internet. A test that searches names a server of its own.
os.environ["SEARCH_ENGINES"] = os.environ["WEATHER_URL"] = ""
# A trial of tools would play what a test has scripted. A test of it says so.
os.environ["LLAMA_TOOLS"] = "text"
# DATABASE_URL may stay: the suite runs on PostgreSQL too, each test process in a database of its own.
if os.environ.get("DATABASE_URL", "").startswith("postgres") and (worker := os.environ.get("PYTEST_XDIST_WORKER")):
    os.environ["DATABASE_URL"] += f"_{worker}"
os.environ["DATA_DIR"] = folder
os.environ["LOG_FORMAT"] = "text"
# The tests are the proxy, so that each person can come from an address of their own.
os.environ["TRUSTED_PROXIES"] = "127.0.0.1"
