"""Weather: now and in the next days, at a place that people name."""

from typing import Annotated, Literal

from django.conf import settings
from django.utils.translation import get_language
from redis.asyncio import Redis

from assistant.names import clean_name
from assistant.tools.schema import Bounds, tool
from assistant.weather import (
    MOST_DAYS,
    Current,
    Day,
    Forecast,
    OpenMeteo,
    Place,
    WeatherOffError,
    at_coordinates,
)

PLACE_CHARACTERS = 100
# Of several places, so many are named.
NAMED = 6
# Where people think in °F and miles.
IMPERIAL_REGIONS = ("us", "lr", "bs", "ky", "pw", "fm", "mh")
# WMO code 4677, as far as Open-Meteo uses it: https://open-meteo.com/en/docs
SKIES = {
    0: "clear sky", 1: "mostly clear", 2: "partly cloudy", 3: "overcast", 45: "fog", 48: "freezing fog",
    51: "light drizzle", 53: "drizzle", 55: "heavy drizzle", 56: "light freezing drizzle", 57: "freezing drizzle",
    61: "light rain", 63: "rain", 65: "heavy rain", 66: "light freezing rain", 67: "freezing rain",
    71: "light snow", 73: "snow", 75: "heavy snow", 77: "snow grains", 80: "light showers", 81: "showers",
    82: "violent showers", 85: "light snow showers", 86: "snow showers", 95: "thunderstorm",
    96: "thunderstorm with hail", 99: "thunderstorm with heavy hail",
}  # fmt: skip


@tool
async def weather(
    place: Annotated[str, Bounds(1, PLACE_CHARACTERS)],
    days: Annotated[int, Bounds(1, MOST_DAYS)] = 3,
    units: Literal["", "metric", "imperial"] = "",
) -> str:
    """Look up the weather at a place: now, and in the next days.

    Raises WeatherError.

    - place: a town, as "Lima" or "Paris, Texas", or "latitude, longitude"
    - days: how many days with today
    - units: left out, those of the person's language
    """
    if not settings.WEATHER_URL:
        raise WeatherOffError("WEATHER_URL is set to nothing")
    name = clean_name(place, PLACE_CHARACTERS)
    if not name.strip(" ,"):
        return "Please say for which place."
    imperial = is_imperial(units)
    async with (
        Redis.from_url(settings.REDIS_URL, socket_connect_timeout=2, socket_timeout=5) as redis,
        OpenMeteo(redis, settings.WEATHER_URL, settings.WEATHER_PLACES_URL) as service,
    ):
        here = at_coordinates(name)
        found = [here] if here else await service.places(name, (get_language() or "en").partition("-")[0])
        if len(found) != 1:
            return _which(name, found)
        forecast = await service.forecast(found[0], max(1, min(days, MOST_DAYS)), imperial)
    return in_words(found[0], forecast)


def is_imperial(units: str) -> bool:
    """Whether °F and miles are wanted: said so, or usual where the person's language is spoken."""
    if units.lower() in ("metric", "imperial"):
        return units.lower() == "imperial"
    return (get_language() or "").lower().partition("-")[2] in IMPERIAL_REGIONS


def in_words(place: Place, forecast: Forecast) -> str:
    """The forecast as lines that a model can quote."""
    lines = [f"Weather in {place.full_name}, by Open-Meteo.com:"]
    if forecast.current:
        lines.append(_now(forecast.current, forecast.imperial))
    lines += [_day(day, forecast.imperial) for day in forecast.days]
    return "\n".join(lines)


def _which(name: str, found: list[Place]) -> str:
    if not found:
        return f"No place named {name} is known. Try the name of a larger town nearby, or latitude and longitude."
    more = f"; and {len(found) - NAMED} more" if len(found) > NAMED else ""
    return (
        f"Several places may be meant by {name}: {'; '.join(place.full_name for place in found[:NAMED])}{more}. Which?"
    )


def _now(current: Current, imperial: bool) -> str:
    parts = [
        _degrees(current.temperature, imperial),
        f"feels like {_degrees(current.feels_like, imperial)}" if current.feels_like is not None else "",
        SKIES.get(current.code or 0, "") if current.code is not None else "",
        _rain(current.precipitation, imperial) if current.precipitation else "",
        f"humidity {current.humidity:.0f} %" if current.humidity is not None else "",
        f"wind {_speed(current.wind, imperial)}" if current.wind is not None else "",
    ]
    return f"Now ({current.time:%H:%M} there): {', '.join(filter(None, parts))}."


def _day(day: Day, imperial: bool) -> str:
    spread = [_degrees(one, imperial) for one in (day.lowest, day.highest) if one is not None]
    chance = f"{day.chance:.0f} % chance of rain or snow" if day.chance is not None else ""
    parts = [
        SKIES.get(day.code or 0, "") if day.code is not None else "",
        " to ".join(spread),
        chance,
        _rain(day.precipitation, imperial) if day.precipitation else "",
        f"wind up to {_speed(day.wind, imperial)}" if day.wind is not None else "",
        f"sun from {day.sunrise} to {day.sunset}" if day.sunrise and day.sunset else "",
    ]
    return f"{day.date:%A} {day.date.day} {day.date:%B %Y}: {', '.join(filter(None, parts))}."


def _degrees(value: float | None, imperial: bool) -> str:
    return "" if value is None else f"{value + 0:.0f} °{'F' if imperial else 'C'}".replace("-0 ", "0 ")


def _speed(value: float, imperial: bool) -> str:
    return f"{value:.0f} {'mph' if imperial else 'km/h'}"


def _rain(value: float, imperial: bool) -> str:
    return f"{value:g} {'in' if imperial else 'mm'} of rain or snow"
