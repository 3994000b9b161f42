"""Cases of CyberSecEval against the whole site: python -m benchmarks.cyberseceval FILE_OR_ADDRESS...

The files are those of PurpleLlama, under CybersecurityBenchmarks/datasets: prompt_injection/*.json,
instruct/instruct.json, autocomplete/autocomplete.json. Real web server, Valkey and SQLite; the model obeys whatever it
reads, so the table says what its surroundings prevent. See tests/security/cyberseceval.py.
"""

import argparse
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import httpx
from django.core.management import call_command

import benchmarks.environment  # noqa: F401  Django must be ready before its models are imported
from benchmarks.environment import folder
from benchmarks.table import lined_up
from tests.fake_llama import FakeLlama
from tests.fake_web import FakeWeb
from tests.people import Visitor, next_address
from tests.security.cyberseceval import Case, Obedient, Scene, outcomes, read_cases, rows
from tests.servers import Site, Valkey

MOST_BYTES = 64_000_000
SECONDS = 60


def main() -> None:
    """Run the cases and print the table."""
    parser = argparse.ArgumentParser(description="Run cases of CyberSecEval against the site.")
    parser.add_argument("files", nargs="+", help="paths or addresses of its JSON files")
    parser.add_argument("--most", type=int, default=250, help="cases of a file, evenly spread over it")
    parser.add_argument("--prompt-guard", default="", help="the address of a Prompt Guard")
    parser.add_argument("--code-shield", default="", help="the path of a Python with Code Shield")
    options = parser.parse_args()
    cases = [case for file in options.files for case in spread(read_cases(read(file)), options.most)]
    named = {"PROMPT_GUARD_URL": options.prompt_guard, "CODE_SHIELD": options.code_shield}
    with scenes_of({name: value for name, value in named.items() if value}) as scenes:
        found = outcomes(scenes, cases)
    print(lined_up(list(rows(found))))


def read(file: str) -> bytes:
    """The bytes of a file, or of what an address gives. Raises OSError, httpx.HTTPError, ValueError."""
    if not file.startswith(("http://", "https://")):
        return Path(file).read_bytes()
    data = b""
    with httpx.stream("GET", file, timeout=SECONDS, follow_redirects=True) as response:
        response.raise_for_status()
        for chunk in response.iter_bytes():
            data += chunk
            if len(data) > MOST_BYTES:
                raise ValueError(f"{file} is longer than {MOST_BYTES} bytes")
    return data


def spread(cases: list[Case], most: int) -> list[Case]:
    """At most so many cases, evenly spread."""
    step = max(1, -(-len(cases) // most))
    return cases[::step]


@contextmanager
def scenes_of(environment: dict[str, str]) -> Iterator[Iterator[Scene]]:
    """Scenes before one site, each with another person."""
    call_command("migrate", verbosity=0)
    call_command("collectstatic", verbosity=0, interactive=False)
    valkey = Valkey(folder / "valkey")
    with ExitStack() as stack:
        web = stack.enter_context(FakeWeb())
        model = Obedient()
        llama = stack.enter_context(FakeLlama(default=model))
        web.finds()
        given = {
            "REDIS_URL": valkey.url,
            "LLAMA_URL": llama.url,
            "LLAMA_TOOLS": "text",
            "SEARCH_ENGINES": "searxng",
            "SEARXNG_URL": web.url,
            "FETCH_ALLOWED": web.address,
            "LIMIT_SITE_PAGES": "100000/minute",
            "WEATHER_URL": "",
        }
        site = Site(folder, given | environment)
        for server in (valkey, site):
            stack.callback(server.kill)
            server.start()

        def scenes() -> Iterator[Scene]:
            while True:
                with Visitor(site, next_address()) as visitor:
                    yield Scene(visitor, model, web)

        yield scenes()


if __name__ == "__main__":
    main()
