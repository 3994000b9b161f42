"""Whom a general assistant may answer: by the user id, else by the number."""

import pytest
from django.test import override_settings

from integrations.inbound import Sender
from integrations.whatsapp.channel import WhatsApp
from integrations.whatsapp.countries import countries_of


@pytest.mark.parametrize(
    ("phone", "countries"),
    [
        ("491700000001", "DE"),
        ("393123456789", "IT"),
        ("5511987654321", "BR"),
        ("35226000000", "LU"),
        ("35312000000", "IE"),
        ("41790000000", "CH"),
        ("423660000000", "LI"),
        ("74951234567", "RU"),
        ("77011234567", "KZ"),
        ("76001234567", "KZ"),
        # One area code for the two largest countries is as good as another.
        ("12015550123", "US CA"),
        ("14165550123", "US CA"),
        ("17875550123", "PR"),
        ("18095550123", "DO"),
        ("18765550123", "JM"),
        ("447400123456", "GB"),
        ("447797712345", "JE"),
        ("447781123456", "GG"),
        ("447911123456", "GG"),
        ("447912123456", "GB"),
        ("447924123456", "IM"),
        ("4740612345", "NO"),
        ("4779123456", "SJ"),
        ("590690001234", "BL GP MF"),
        ("262639012345", "YT"),
        ("262692123456", "RE"),
        ("5999123456", "CW"),
        ("5997123456", "BQ"),
        ("999123456", ""),
        ("8881234567", ""),
        ("0171234567", ""),
        ("", ""),
    ],
)
def test_a_number_tells_its_country(phone: str, countries: str) -> None:
    assert countries_of(phone) == set(countries.split())


ASSISTANT = {"WHATSAPP_PURPOSE": "assistant", "WHATSAPP_COUNTRIES": ["DE", "GP", "US"]}


@pytest.mark.parametrize(
    ("sender", "admitted"),
    [
        (Sender(phone="491700000001"), True),
        (Sender(user_id="DE.777"), True),
        (Sender(user_id="DE.ENT.777"), True),
        (Sender(user_id="FR.777"), False),
        # The id is Meta's word.
        (Sender(user_id="FR.777", phone="491700000001"), False),
        (Sender(user_id="DE.777", phone="33600000001"), True),
        (Sender(phone="33600000001"), False),
        # It may be of another island, or of Canada.
        (Sender(phone="590690001234"), False),
        (Sender(phone="12015550123"), False),
        (Sender(user_id="US.1", phone="12015550123"), True),
        # An id that names no country leaves it to the number.
        (Sender(user_id="777", phone="491700000001"), True),
        (Sender(user_id="777"), False),
        (Sender(user_id="de.777"), False),
        (Sender(user_id="DEU.777"), False),
        (Sender(name="DE.777", username="DE.777"), False),
    ],
)
def test_a_general_assistant_answers_in_the_countries_that_are_named(sender: Sender, admitted: bool) -> None:
    with override_settings(**ASSISTANT):
        assert WhatsApp().admits(sender) is admitted


def test_a_helper_answers_everywhere() -> None:
    with override_settings(WHATSAPP_PURPOSE="helper", WHATSAPP_COUNTRIES=[]):
        assert WhatsApp().admits(Sender(phone="12015550123"))


def test_nobody_is_answered_where_nothing_is_stated() -> None:
    with override_settings(WHATSAPP_PURPOSE="", WHATSAPP_COUNTRIES=[]):
        assert not WhatsApp().admits(Sender(user_id="DE.777", phone="491700000001"))
        assert not WhatsApp().admits(Sender())
