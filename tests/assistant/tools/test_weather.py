"""The weather at a place, from a scripted Open-Meteo over real HTTP."""

import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.utils import translation
from pytest_django.fixtures import Settings
from redis.asyncio import Redis

from assistant.tools.weather import is_imperial, weather
from assistant.weather import WeatherError, WeatherOffError
from tests.ports import free_port
from tests.scripted_http import Reply, ScriptedHTTP
from tests.servers import Valkey

PLACES, FORECAST = "/v1/search", "/v1/forecast"


def town(name: str, region: str, country: str, people: int | None, code: str = "") -> dict[str, Any]:
    return {
        "id": 1,
        "name": name,
        "latitude": 52.52437,
        "longitude": 13.41053,
        "admin1": region,
        "country": country,
        "country_code": code,
        "population": people,
        "timezone": "Europe/Berlin",
    }


def places(*towns: dict[str, Any]) -> Reply:
    return Reply({"results": list(towns), "generationtime_ms": 0.5} if towns else {"generationtime_ms": 0.5})


BERLIN = town("Berlin", "State of Berlin", "Germany", 3_426_354, "DE")
TODAY = {
    "latitude": 52.52,
    "longitude": 13.419998,
    "timezone": "Europe/Berlin",
    "current": {
        "time": "2026-11-27T10:15",
        "interval": 900,
        "temperature_2m": 5.4,
        "apparent_temperature": -0.3,
        "relative_humidity_2m": 81,
        "precipitation": 0.0,
        "weather_code": 3,
        "wind_speed_10m": 14.2,
    },
    "daily": {
        "time": ["2026-11-27", "2026-11-28"],
        "weather_code": [61, None],
        "temperature_2m_max": [6.6, 4.0],
        "temperature_2m_min": [-0.2, None],
        "precipitation_sum": [1.2, 0.0],
        "precipitation_probability_max": [70, None],
        "wind_speed_10m_max": [22.4, 9.0],
        "sunrise": ["2026-11-27T07:45", None],
        "sunset": ["2026-11-27T15:58", None],
    },
}


@pytest.fixture
def service() -> Iterator[ScriptedHTTP]:
    with ScriptedHTTP() as server:
        server.script(PLACES, places(BERLIN))
        server.script(FORECAST, Reply(TODAY))
        yield server


@pytest.fixture(autouse=True)
async def here(service: ScriptedHTTP, valkey: Valkey, settings: Settings) -> None:
    """The settings name the scripted service, and a Valkey in which no weather is kept."""
    settings.WEATHER_URL = settings.WEATHER_PLACES_URL = service.url
    settings.REDIS_URL = valkey.url
    async with Redis.from_url(valkey.url) as redis:
        if keys := await redis.keys("cache:weather*"):
            await redis.delete(*keys)


async def test_it_says_the_weather_now_and_of_the_days(service: ScriptedHTTP) -> None:
    assert await weather("Berlin", 2) == (
        "Weather in Berlin, State of Berlin, Germany, by Open-Meteo.com:\n"
        "Now (10:15 there): 5 °C, feels like 0 °C, overcast, humidity 81 %, wind 14 km/h.\n"
        "Friday 27 November 2026: light rain, 0 °C to 7 °C, 70 % chance of rain or snow, 1.2 mm of rain or snow, "
        "wind up to 22 km/h, sun from 07:45 to 15:58.\n"
        "Saturday 28 November 2026: 4 °C, wind up to 9 km/h."
    )
    [asked] = service.to(FORECAST)
    assert (asked.params["latitude"], asked.params["longitude"]) == ("52.5244", "13.4105")
    assert (asked.params["forecast_days"], asked.params["timezone"]) == ("2", "auto")
    assert service.to(PLACES)[0].params == {"name": "Berlin", "count": "10", "language": "en", "format": "json"}


async def test_units_are_those_that_are_asked_for(service: ScriptedHTTP) -> None:
    said = await weather("Berlin", units="imperial")
    assert "5 °F" in said
    assert "14 mph" in said
    assert "1.2 in of rain" in said
    params = service.to(FORECAST)[0].params
    assert (params["temperature_unit"], params["wind_speed_unit"], params["precipitation_unit"]) == (
        "fahrenheit", "mph", "inch"
    )  # fmt: skip


@pytest.mark.parametrize(
    ("units", "language", "imperial"),
    [("", "en", False), ("", "en-us", True), ("", "en-gb", False), ("metric", "en-us", False), ("Imperial", "de", True),
     ("kelvin", "es-us", True), ("", "de", False)],
)  # fmt: skip
def test_units_are_those_of_the_persons_language(units: str, language: str, imperial: bool) -> None:
    with translation.override(language):
        assert is_imperial(units) is imperial


@pytest.mark.parametrize(("days", "sent"), [(0, "1"), (-5, "1"), (7, "7"), (400, "16")])
async def test_days_are_bounded(days: int, sent: str, service: ScriptedHTTP) -> None:
    await weather("Berlin", days)
    assert service.to(FORECAST)[0].params["forecast_days"] == sent


async def test_what_was_fetched_lately_is_not_asked_again(service: ScriptedHTTP) -> None:
    first = await weather("Berlin")
    assert await weather("Berlin") == first
    assert len(service.asked) == 2
    await weather("Berlin", 5)
    assert len(service.asked) == 3


async def test_a_place_that_is_not_known_is_said_in_words(service: ScriptedHTTP) -> None:
    service.script(PLACES, places())
    assert await weather("Xyzzyville") == (
        "No place named Xyzzyville is known. Try the name of a larger town nearby, or latitude and longitude."
    )
    assert service.to(FORECAST) == []


async def test_where_several_places_may_be_meant_it_asks_which(service: ScriptedHTTP) -> None:
    service.script(
        PLACES,
        places(
            town("Springfield", "Missouri", "United States", 170_000),
            town("Springfield", "Illinois", "United States", 116_000),
            town("Springfield", "Massachusetts", "United States", 155_000),
            town("Springfield Gardens", "New York", "United States", 900_000),
        ),
    )
    assert await weather("Springfield") == (
        "Several places may be meant by Springfield: Springfield, Missouri, United States; "
        "Springfield, Massachusetts, United States; Springfield, Illinois, United States. Which?"
    )
    assert (await weather("springfield, illinois")).startswith("Weather in Springfield, Illinois, United States, by")
    assert "Which?" in await weather("Springfield, Atlantis")


@pytest.mark.parametrize(
    ("asked", "meant"),
    [
        ("Paris", "Paris, Île-de-France, France"),
        ("paris, france", "Paris, Île-de-France, France"),
        ("Paris, FR", "Paris, Île-de-France, France"),
        ("Paris, ile de france", "Paris, Île-de-France, France"),
        ("Paris, Texas", "Paris, Texas, United States"),
        ("Paris, Texas, USA", "Several"),
        ("Paris, Texas, US", "Paris, Texas, United States"),
        ("Paris,,  United States", "Paris, Texas, United States"),
    ],
)
async def test_a_region_or_country_says_which_is_meant(asked: str, meant: str, service: ScriptedHTTP) -> None:
    service.script(
        PLACES,
        places(
            town("Paris", "Île-de-France", "France", 2_138_551, "FR"),
            town("Paris", "Texas", "United States", 24_782, "US"),
            town("Paris", "Texas", "United States", 3, "US"),
            town("Paris", "Kentucky", "United States", 3_000, "US"),
        ),
    )
    said = await weather(asked)
    assert said.startswith(f"Weather in {meant}, by" if meant != "Several" else "Several")


async def test_a_region_may_follow_without_a_comma(service: ScriptedHTTP) -> None:
    texas = town("Paris", "Texas", "United States", 24_782, "US")
    service.script(PLACES, places(), places(town("Paris", "Île-de-France", "France", 2_138_551, "FR"), texas))
    assert (await weather("Paris Texas")).startswith("Weather in Paris, Texas, United States, by")
    assert [asked.params["name"] for asked in service.to(PLACES)] == ["Paris Texas", "Paris"]


async def test_a_name_in_another_language_finds_the_place(service: ScriptedHTTP) -> None:
    service.script(PLACES, places(town("Munich", "Bavaria", "Germany", 1_260_391), town("Munchen", "Ohio", "US", 0)))
    assert (await weather("München")).startswith("Weather in Munich, Bavaria, Germany")


async def test_coordinates_need_no_name(service: ScriptedHTTP) -> None:
    assert (await weather("-12.05, -77.04")).startswith("Weather in -12.05, -77.04, by")
    assert service.to(PLACES) == []
    assert service.to(FORECAST)[0].params["latitude"] == "-12.05"


@pytest.mark.parametrize("place", ["", "   ", "\u200b", ",", "\x00"])
async def test_without_a_place_it_asks_for_one(place: str, service: ScriptedHTTP) -> None:
    assert await weather(place) == "Please say for which place."
    assert service.asked == []


@pytest.mark.parametrize("path", [PLACES, FORECAST])
@pytest.mark.parametrize(
    "reply",
    [
        Reply({"error": True, "reason": "Minutely API request limit exceeded."}, 429),
        Reply({"error": True, "reason": "Cannot initialize"}, 400),
        Reply({"error": True, "reason": "odd"}),
        Reply("<html>Bad gateway</html>", 502),
        Reply("<html>Welcome</html>"),
        Reply("[1, 2]"),
        Reply('{"x": "' + "a" * 400_000 + '"}'),
        Reply("moved", 302, {"Location": "http://127.0.0.1:9/"}),
    ],
    ids=lambda reply: f"{reply.status}-{str(reply.body)[:12]}",
)
async def test_what_is_no_answer_is_one_error(path: str, reply: Reply, service: ScriptedHTTP) -> None:
    service.script(path, reply)
    with pytest.raises(WeatherError) as caught:
        await weather("the village of a person")
    assert caught.value.retry
    assert "village" not in str(caught.value)
    service.script(PLACES, places(BERLIN))
    service.script(FORECAST, Reply(TODAY))
    assert (await weather("the village of a person")).startswith("Weather in Berlin")


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"daily": None},
        {"daily": {"time": "2026-11-27"}},
        {"daily": {"time": ["soon", None, 5]}},
    ],
    ids=json.dumps,
)
async def test_a_forecast_without_days_is_an_error(body: object, service: ScriptedHTTP) -> None:
    service.script(FORECAST, Reply(body))
    with pytest.raises(WeatherError, match="no day"):
        await weather("Berlin")


async def test_what_is_missing_or_odd_is_left_out(service: ScriptedHTTP) -> None:
    daily = {"time": ["2026-11-27"], "temperature_2m_max": [], "wind_speed_10m_max": ["x"], "weather_code": 5}
    service.script(FORECAST, Reply({"current": {"time": "now"}, "daily": daily}))
    rows: list[Any] = [None, 5, {"name": 5}, {"name": "Berlin"}, {**BERLIN, "latitude": 500}]
    bad = "Berlin\u202e\n" + "x" * 500
    service.script(PLACES, places(*rows, {**BERLIN, "name": bad, "admin1": 7, "country": None, "population": "many"}))
    said = await weather("Berlin")
    assert said.startswith("Weather in Berlin xxx")
    assert said.endswith(", by Open-Meteo.com:\nFriday 27 November 2026: .")
    assert len(said) < 250


async def test_without_redis_the_weather_is_still_said(settings: Settings) -> None:
    settings.REDIS_URL = f"redis://127.0.0.1:{free_port()}/0"
    assert (await weather("Berlin")).startswith("Weather in Berlin")


async def test_a_service_that_is_away_is_named(settings: Settings) -> None:
    with ScriptedHTTP() as gone:
        settings.WEATHER_PLACES_URL = gone.url
    with pytest.raises(WeatherError, match=rf"^{urlsplit(gone.url).hostname} cannot be reached: ConnectError"):
        await weather("Berlin")


async def test_it_can_be_switched_off(settings: Settings, service: ScriptedHTTP) -> None:
    settings.WEATHER_URL = ""
    with pytest.raises(WeatherOffError) as caught:
        await weather("Berlin")
    assert not caught.value.retry
    assert service.asked == []
