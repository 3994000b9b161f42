"""What Meta calls when somebody removes the app, or wants their data deleted."""

import re
from pathlib import Path

import pytest
from pytest_django.fixtures import Settings

from integrations.models import DeletionRequest
from tests.clients import browser
from tests.servers import Valkey
from tests.web.accounts.test_optional_sign_in import django

SCRIPT = Path(__file__).with_name("facebook_sign_in.py")
PATHS = ("/webhooks/meta/deletion", "/webhooks/meta/deauthorize")
# From the reference, with the secret "test-app-secret".
VECTOR = (
    "mKIZkXolyf2T5z31I1jCf2KFabWQOVo49t8Xl_eDrcQ."
    "eyJ1c2VyX2lkIjoiMjE4NDcxIiwiYWxnb3JpdGhtIjoiSE1BQy1TSEEyNTYiLCJpc3N1ZWRfYXQiOjE3NzAwMDAwMDB9"
)
UNSIGNED = ["", ".", "x", "é.é", VECTOR.partition(".")[2], "A" * 9000]


def test_with_facebook_sign_in_people_are_erased_and_forgotten(tmp_path: Path, valkey: Valkey) -> None:
    script = f"exec(open({str(SCRIPT)!r}).read())"
    settings = {"REDIS_URL": valkey.url, "SOCIAL_FACEBOOK": "an-id:a-secret", "META_APP_SECRET": "test-app-secret"}
    ended = django(tmp_path, "shell", "--no-imports", "-c", script, **settings)
    assert ended.returncode == 0, ended.stderr
    assert ended.stdout.count(" holds") == 4


def test_who_never_signed_in_with_facebook_reads_that_there_was_nothing(settings: Settings) -> None:
    settings.META_APP_SECRET = "test-app-secret"
    answer = browser().post(PATHS[0], {"signed_request": VECTOR})
    code = answer.json()["confirmation_code"]
    assert re.fullmatch(r"[\w-]{24}", code)
    page = browser().get(f"/deletion/{code}")
    assert "There was nothing to erase" in page.text
    assert "218471" not in page.text + str(DeletionRequest.objects.values())
    assert code not in str(DeletionRequest.objects.values())
    assert browser().post(PATHS[0], {"signed_request": VECTOR}).json() == answer.json()
    assert browser().post(PATHS[1], {"signed_request": VECTOR}).status_code == 200


def test_instagrams_own_secret_is_taken_too(settings: Settings) -> None:
    settings.INSTAGRAM_APP_SECRET = "test-app-secret"
    assert browser().post(PATHS[0], {"signed_request": VECTOR}).status_code == 200
    settings.META_APP_SECRET = "another"
    assert browser().post(PATHS[1], {"signed_request": VECTOR}).status_code == 200


@pytest.mark.parametrize("path", PATHS)
def test_without_a_secret_there_is_no_such_address(path: str) -> None:
    assert browser().post(path, {"signed_request": VECTOR}).status_code == 404


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("text", [*UNSIGNED, VECTOR[:-1], f"A{VECTOR[1:]}", f"{VECTOR}=", f"{VECTOR}.x"])
def test_what_is_not_signed_is_refused_and_stores_nothing(settings: Settings, path: str, text: str) -> None:
    settings.META_APP_SECRET = "test-app-secret"
    before = DeletionRequest.objects.count()
    assert browser().post(path, {"signed_request": text}).status_code == 403
    assert browser().post(path).status_code == 403
    assert browser().get(path).status_code == 405
    assert DeletionRequest.objects.count() == before


@pytest.mark.parametrize("code", ["x", "A" * 24, "é", "A" * 3000])
def test_codes_of_deletions_are_not_guessed(code: str) -> None:
    assert browser().get(f"/deletion/{code}").status_code == 404
