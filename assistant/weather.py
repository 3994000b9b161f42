"""Places and their weather, from Open-Meteo: no key. https://open-meteo.com/en/docs

Its data is under CC BY 4.0, and its service free for what is not commercial; see docs/settings.md.
"""

import asyncio
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import httpx
from django.utils.translation import gettext_lazy as _
from redis.asyncio import Redis

from assistant.cache import Cache
from assistant.errors import AssistantError
from assistant.folding import words
from assistant.names import clean_name
from assistant.responses import cause_name, read_json, tls

SECONDS = 5.0
MAX_BYTES = 256 * 1024
MOST_DAYS = 16
PLACES = 10
NAME_CHARACTERS = 80
# A place that has so many times the people of the next one of its name is the one that is meant.
CLEARLY = 4
COORDINATES = re.compile(r"(-?\d{1,2}(?:\.\d{1,8})?)\s*[,;]\s*(-?\d{1,3}(?:\.\d{1,8})?)")
CURRENT = "temperature_2m,apparent_temperature,relative_humidity_2m,precipitation,weather_code,wind_speed_10m"
DAILY = "weather_code,temperature_2m_max,temperature_2m_min,precipitation_sum,precipitation_probability_max"
DAILY += ",wind_speed_10m_max,sunrise,sunset"
IMPERIAL = {"temperature_unit": "fahrenheit", "wind_speed_unit": "mph", "precipitation_unit": "inch"}


class WeatherError(AssistantError):
    """Open-Meteo cannot be reached, or sent what cannot be read."""

    code = "weather_failed"
    sentence = _("The weather cannot be looked up right now. Please try again in a moment.")


class WeatherOffError(WeatherError):
    """WEATHER_URL is set to nothing."""

    code = "weather_off"
    retry = False
    sentence = _("This site does not look up the weather.")


ERRORS: dict[str, type[WeatherError]] = {error.code: error for error in (WeatherError, WeatherOffError)}


@dataclass(frozen=True)
class Place:
    """A place on earth. `region`, `country` and its `code` may be empty; `people` is 0 where it is not known."""

    name: str
    region: str
    country: str
    latitude: float
    longitude: float
    people: int = 0
    code: str = ""

    @property
    def full_name(self) -> str:
        """ "Paris, Texas, United States"."""
        return ", ".join(dict.fromkeys(filter(None, (self.name, self.region, self.country))))

    def is_in(self, text: str) -> bool:
        """Whether it is in the region or country of that name, code or initials."""
        word = folded(text)
        names = [folded(self.region), folded(self.country)]
        initials = ["".join(part[0] for part in name.split() if part not in ("of", "the", "and")) for name in names]
        codes = [self.code.lower(), "uk" if self.code == "GB" else "", *initials]
        return word in codes or any(f" {word} " in f" {name} " for name in names)


@dataclass(frozen=True)
class Current:
    """The weather now. What is not known is None."""

    time: datetime
    temperature: float | None
    feels_like: float | None
    humidity: float | None
    precipitation: float | None
    code: int | None
    wind: float | None


@dataclass(frozen=True)
class Day:
    """The weather of a day at the place. What is not known is None; `sunrise` and `sunset` are as "07:45"."""

    date: date
    code: int | None
    highest: float | None
    lowest: float | None
    precipitation: float | None
    chance: float | None
    wind: float | None
    sunrise: str
    sunset: str


@dataclass(frozen=True)
class Forecast:
    """In °C, km/h and mm, or where `imperial` in °F, mph and inches."""

    current: Current | None
    days: list[Day]
    imperial: bool


class OpenMeteo:
    """Use it in `async with`. `forecast_url` and `places_url` are the addresses before `/v1`."""

    def __init__(self, redis: "Redis", forecast_url: str, places_url: str) -> None:
        self._forecast_url = f"{forecast_url}/v1/forecast"
        self._places_url = f"{places_url}/v1/search"
        self._cache = Cache(redis, "weather")
        self._http = httpx.AsyncClient(timeout=SECONDS, trust_env=False, verify=tls())

    async def __aenter__(self) -> "OpenMeteo":
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self._http.aclose()

    async def places(self, text: str, language: str = "en") -> list[Place]:
        """The places that `text` may mean, as "Paris", "Paris, Texas" or "Paris Texas". Raises WeatherError.

        More than one only where none is clearly meant, those with the most people first.
        """
        name, *rest = [part for part in map(str.strip, text.split(",")) if part]
        parts = name.split()
        # The service finds no "Paris Texas": what follows the name is tried as that of a region.
        for end in range(len(parts), max(0, len(parts) - 3), -1):
            tried = " ".join(parts[:end])
            params: dict[str, str | int | float] = {
                "name": tried,
                "count": PLACES,
                "language": language,
                "format": "json",
            }
            if found := read_places(await self._fetch(self._places_url, params)):
                region = [" ".join(parts[end:])] if parts[end:] else []
                return choose(tried, [*region, *rest], found)
        return []

    async def forecast(self, place: Place, days: int, imperial: bool) -> Forecast:
        """The weather now and of so many days, today first. Raises WeatherError."""
        params: dict[str, str | int | float] = {
            "latitude": round(place.latitude, 4),
            "longitude": round(place.longitude, 4),
            "current": CURRENT,
            "daily": DAILY,
            "timezone": "auto",
            "forecast_days": days,
            **(IMPERIAL if imperial else {}),
        }
        return read_forecast(await self._fetch(self._forecast_url, params), imperial)

    async def _fetch(self, url: str, params: Mapping[str, str | int | float]) -> dict[str, Any]:
        """The JSON object there, from the cache if it was fetched lately. Raises WeatherError."""
        key = [url, dict(params)]
        if isinstance(kept := await self._cache.get(key), dict):
            return kept
        host = httpx.URL(url).host
        try:
            async with asyncio.timeout(SECONDS), self._http.stream("GET", url, params=params) as response:
                status, value = response.status_code, await read_json(response, MAX_BYTES)
        except (httpx.HTTPError, TimeoutError) as error:
            raise WeatherError(f"{host} cannot be reached: {cause_name(error)}") from None
        if status != 200:
            raise WeatherError(f"{host} answered {status}" + (": it is asked too often" if status == 429 else ""))
        if not isinstance(value, dict) or value.get("error"):
            raise WeatherError(f"{host} sent no JSON object, or an error")
        await self._cache.put(key, value)
        return value


def at_coordinates(text: str) -> Place | None:
    """The place of "52.5, 13.4", or None."""
    found = COORDINATES.fullmatch(text.strip())
    if not found or abs(float(found[1])) > 90 or abs(float(found[2])) > 180:
        return None
    return Place(f"{found[1]}, {found[2]}", "", "", float(found[1]), float(found[2]))


def read_places(value: Mapping[str, Any]) -> list[Place]:
    """The places of an answer; what has no name or position is left out."""
    rows = value.get("results")
    found = []
    for row in rows[: 2 * PLACES] if isinstance(rows, list) else []:
        if not isinstance(row, dict):
            continue
        name = _name(row.get("name"))
        latitude, longitude = _number(row.get("latitude")), _number(row.get("longitude"))
        if name and latitude is not None and longitude is not None and abs(latitude) <= 90 and abs(longitude) <= 180:
            people = int(_number(row.get("population")) or 0)
            region, country, code = (_name(row.get(key)) for key in ("admin1", "country", "country_code"))
            found.append(Place(name, region, country, latitude, longitude, people, code))
    return found


def choose(name: str, rest: Sequence[str], places: Sequence[Place]) -> list[Place]:
    """Those places that may be meant by a name and what follows it, such as a region; one, where it is clear."""
    fitting = [place for place in places if all(place.is_in(word) for word in rest)]
    ranked = _same_name(name, fitting or places)
    if fitting and len(ranked) > 1 and ranked[0].people >= CLEARLY * max(ranked[1].people, 1):
        return ranked[:1]
    return ranked


def _same_name(name: str, places: Sequence[Place]) -> list[Place]:
    """The places of a name, those with the most people first; also that which it has in the language of the answer."""
    names = (folded(name), folded(places[0].name))
    unique: dict[str, Place] = {}
    for place in sorted(places, key=lambda place: place.people, reverse=True):
        if folded(place.name) in names:
            unique.setdefault(place.full_name, place)
    return list(unique.values())


def folded(text: str) -> str:
    """The words of a name without case, accents and punctuation."""
    return " ".join(word.text for word in words(text))


def read_forecast(value: Mapping[str, Any], imperial: bool) -> Forecast:
    """The forecast of an answer. Raises WeatherError where it has no day."""
    daily = value.get("daily")
    columns = daily if isinstance(daily, dict) else {}
    times = columns.get("time")
    days = []
    for place, text in enumerate(times[:MOST_DAYS] if isinstance(times, list) else []):
        day = _moment(text)
        if day is None:
            continue

        def cell(name: str, place: int = place) -> Any:
            column = columns.get(name)
            return column[place] if isinstance(column, list) and place < len(column) else None

        days.append(
            Day(
                date=day.date(),
                code=_code(cell("weather_code")),
                highest=_number(cell("temperature_2m_max")),
                lowest=_number(cell("temperature_2m_min")),
                precipitation=_number(cell("precipitation_sum")),
                chance=_number(cell("precipitation_probability_max")),
                wind=_number(cell("wind_speed_10m_max")),
                sunrise=_clock(cell("sunrise")),
                sunset=_clock(cell("sunset")),
            )
        )
    if not days:
        raise WeatherError("the forecast has no day")
    return Forecast(_read_current(value.get("current")), days, imperial)


def _read_current(value: object) -> Current | None:
    now = _moment(value.get("time")) if isinstance(value, dict) else None
    if not isinstance(value, dict) or now is None:
        return None
    return Current(
        time=now,
        temperature=_number(value.get("temperature_2m")),
        feels_like=_number(value.get("apparent_temperature")),
        humidity=_number(value.get("relative_humidity_2m")),
        precipitation=_number(value.get("precipitation")),
        code=_code(value.get("weather_code")),
        wind=_number(value.get("wind_speed_10m")),
    )


def _name(value: object) -> str:
    return clean_name(value, NAME_CHARACTERS) if isinstance(value, str) else ""


def _number(value: object) -> float | None:
    """A number that can be shown, or None."""
    if not isinstance(value, int | float) or isinstance(value, bool) or not abs(value) < 1e9:
        return None
    return float(value)


def _code(value: object) -> int | None:
    number = _number(value)
    return int(number) if number is not None else None


def _moment(value: object) -> datetime | None:
    try:
        return datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None


def _clock(value: object) -> str:
    """ "07:45" of a moment at the place."""
    moment = _moment(value)
    return f"{moment:%H:%M}" if moment else ""
