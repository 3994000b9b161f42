"""Times of day in other places."""

import re
from datetime import UTC, datetime, time, timedelta, timezone, tzinfo
from functools import cache
from zoneinfo import ZoneInfo, available_timezones

from assistant.calculator.dates import DAY, read, said
from assistant.calculator.errors import CalculationError

AREAS = ("Africa", "America", "Antarctica", "Arctic", "Asia", "Atlantic", "Australia", "Europe", "Indian", "Pacific")
# Large cities after which no zone is named, countries with one zone, and names of zones that people use.
PLACES = """
America/New_York: nyc, new york city, washington, washington dc, boston, miami, atlanta, eastern, et, eastern time
America/Chicago: houston, dallas, austin, new orleans, minneapolis, central, ct, central time
America/Denver: salt lake city, mountain, mountain time
America/Los_Angeles: la, san francisco, seattle, san diego, las vegas, portland, california, pacific, pt, pacific time
Pacific/Honolulu: hawaii
America/Toronto: montreal, ottawa, quebec
America/Sao_Paulo: rio, rio de janeiro, são paulo, brasilia, brasília
America/Argentina/Buenos_Aires: argentina
America/Lima: peru, cusco, cuzco
America/La_Paz: bolivia
America/Bogota: colombia, bogotá
America/Santiago: chile
Europe/London: uk, united kingdom, england, britain, great britain, scotland, wales, edinburgh, manchester
Europe/Dublin: ireland
Europe/Berlin: germany, munich, münchen, hamburg, frankfurt, cologne, köln
Europe/Paris: france, lyon, marseille
Europe/Madrid: barcelona, spain
Europe/Rome: italy, milan, milano, roma
Europe/Zurich: switzerland, geneva, zürich, bern
Europe/Vienna: austria, wien
Europe/Amsterdam: netherlands, holland
Europe/Brussels: belgium
Europe/Stockholm: sweden
Europe/Oslo: norway
Europe/Copenhagen: denmark
Europe/Helsinki: finland
Europe/Warsaw: poland, krakow
Europe/Prague: czechia, czech republic
Europe/Budapest: hungary
Europe/Athens: greece
Europe/Istanbul: turkey, türkiye, ankara
Europe/Kyiv: ukraine, kiev
Europe/Moscow: st petersburg, saint petersburg
Africa/Cairo: egypt
Africa/Lagos: nigeria, abuja
Africa/Nairobi: kenya
Africa/Johannesburg: south africa, cape town, pretoria
Asia/Dubai: uae, abu dhabi, united arab emirates
Asia/Jerusalem: israel, tel aviv
Asia/Riyadh: saudi arabia
Asia/Karachi: pakistan, lahore, islamabad
Asia/Kolkata: india, mumbai, delhi, new delhi, bangalore, bengaluru, chennai, hyderabad, calcutta
Asia/Dhaka: bangladesh
Asia/Bangkok: thailand
Asia/Ho_Chi_Minh: vietnam, hanoi, saigon
Asia/Singapore: singapore
Asia/Manila: philippines
Asia/Shanghai: china, beijing, peking, shenzhen, guangzhou
Asia/Taipei: taiwan
Asia/Seoul: korea, south korea
Asia/Tokyo: japan, osaka, kyoto
Australia/Brisbane: queensland
Australia/Sydney: canberra
Pacific/Auckland: new zealand, wellington
"""
OFFSETS = {
    "utc": 0, "gmt": 0, "z": 0, "zulu": 0, "wet": 0, "bst": 1, "west": 1, "cet": 1, "cest": 2, "eet": 2, "eest": 3,
    "msk": 3,
    "jst": 9, "kst": 9, "sgt": 8, "hkt": 8, "awst": 8, "acst": 9.5, "acdt": 10.5, "aest": 10, "aedt": 11,
    "nzst": 12, "nzdt": 13, "est": -5, "edt": -4, "cst": -6, "cdt": -5, "mst": -7, "mdt": -6, "pst": -8, "pdt": -7,
    "akst": -9, "akdt": -8, "hst": -10, "brt": -3, "art": -3, "pet": -5,
}  # fmt: skip
AMBIGUOUS = {"ist": "IST may be the time of India, Ireland or Israel: please name the country."}
OFFSET = re.compile(r"(?:utc|gmt)? ?([-+−–])(\d{1,2})(?::?(\d\d))?", re.IGNORECASE)

TIME = (
    r"(?:\d{1,2}[:h]\d\d(?::\d\d)?(?: ?[ap]\.?m\.?)?|\d{1,2}(?:\.\d\d)? ?[ap]\.?m\.?|noon|midday|midnight|now"
    r"|(?:the )?current time)"
)
PLACE = r"[^\d:][^:,?]{0,50}?|(?:utc|gmt)? ?[-+−–]\d{1,2}(?::?\d\d)?|(?:utc|gmt) ?[-+−–]\d{1,2}(?::?\d\d)?"
ENDING = r"(?: (?:local )?time)?"
LEADING = r"(?:(?:convert|if it is|if it's|when it is|when it's|what (?:time )?is|at) )?"


def _pattern(text: str) -> re.Pattern[str]:
    return re.compile(text, re.IGNORECASE)


MOVED = _pattern(
    rf"{LEADING}(?:(?P<day>{DAY})[ ,T]+(?:at )?)?(?P<time>{TIME})(?: on (?P<later>{DAY}))?,?(?: in| at)? "
    rf"(?P<here>{PLACE}){ENDING},?(?: on (?P<last>{DAY}))?,? "
    rf"(?:in|to|into|as|is what time in|what time is it in|what is it in) (?P<there>{PLACE}){ENDING}"
    rf"(?: on (?P<final>{DAY}))?"
)
WHEN = _pattern(
    rf"what(?: time)? (?:is|will) it(?: be)? in (?P<there>{PLACE}) (?:when|if) (?:it is |it's |it’s )?"
    rf"(?P<time>{TIME}) in (?P<here>{PLACE})(?: on (?P<day>{DAY}))?"
)
NOW = _pattern(
    r"(?:(?:the )?(?:current )?time(?: is it)?(?: right)?(?: now)?|now|what time is it(?: now)?) in "
    rf"(?P<there>{PLACE})(?: now)?"
)
APART = _pattern(rf"(?:the )?time (?:zone )?difference between (?P<here>{PLACE}) and (?P<there>{PLACE})")


TWICE = " That hour comes twice on this day, as the clocks go back; the first one is meant."


def answer(text: str, now: datetime) -> str:
    """What `text` asks about times of day elsewhere, or "". Raises CalculationError for a place that is not known."""
    if found := APART.fullmatch(text):
        here, there = now.astimezone(zone(found["here"])), now.astimezone(zone(found["there"]))
        return difference(here, there, found["here"], found["there"])
    if (found := NOW.fullmatch(text)) and not WHEN.fullmatch(text):
        there = now.astimezone(zone(found["there"]))
        return f"In {found['there']} it is {there:%H:%M} on {said(there.date())} ({offset(there)})."
    found = WHEN.fullmatch(text) or MOVED.fullmatch(text)
    if not found or found["here"].lower() in ("in", "to", "into", "as"):
        return ""
    from_zone, to_zone = zone(found["here"]), zone(found["there"])
    if re.search("now|current", found["time"], re.IGNORECASE):
        return said_at(now.astimezone(from_zone), to_zone, found["here"], found["there"])
    groups = found.groupdict()
    named = next((groups[name] for name in ("day", "later", "last", "final") if groups.get(name)), None)
    day = read(named, now.date()) if named else now.astimezone(from_zone).date()
    try:
        moment = datetime.combine(day, read_time(found["time"]), from_zone)
        comes = moment.astimezone(UTC).astimezone(from_zone).replace(tzinfo=None) == moment.replace(tzinfo=None)
        twice = moment.utcoffset() != moment.replace(fold=1).utcoffset()
        if not comes:
            raise CalculationError(
                f"There is no {moment:%H:%M} in {found['here']} on {said(day)}: the clocks go forward then."
            )
        return said_at(moment, to_zone, found["here"], found["there"]) + (TWICE if twice else "")
    except OverflowError:
        raise CalculationError("This is beyond the years 1 to 9999.") from None


def said_at(moment: datetime, there: tzinfo, here_name: str, there_name: str) -> str:
    """The same moment in two places."""
    other = moment.astimezone(there)
    days = (other.date() - moment.date()).days
    when = {0: "the same day", 1: "the next day", -1: "the day before"}.get(days, said(other.date()))
    return (
        f"{moment:%H:%M} in {here_name} ({offset(moment)}) on {said(moment.date())} is "
        f"{other:%H:%M} in {there_name} ({offset(other)}), {when}."
    )


def difference(here: datetime, there: datetime, here_name: str, there_name: str) -> str:
    """How far apart the clocks of two places are at one moment."""
    minutes = int(((there.utcoffset() or timedelta()) - (here.utcoffset() or timedelta())).total_seconds()) // 60
    hours, rest = divmod(abs(minutes), 60)
    size = f"{hours} h" + (f" {rest} min" if rest else "")
    if not minutes:
        return f"{there_name} and {here_name} have the same time now ({offset(here)})."
    order = "ahead of" if minutes > 0 else "behind"
    return f"{there_name} ({offset(there)}) is {size} {order} {here_name} ({offset(here)}) now."


def read_time(text: str) -> time:
    """A time of day: "14:00", "2 pm", "noon". Raises CalculationError where there is none."""
    word = text.lower().replace(".m", "m").replace(" ", "")
    if word in ("noon", "midday"):
        return time(12)
    if word == "midnight":
        return time(0)
    found = re.fullmatch(r"(\d{1,2})(?:[:.h](\d\d))?(?::(\d\d))?(?:([ap])m\.?)?", word)
    hour, minute, second = (int(found[place] or 0) for place in (1, 2, 3)) if found else (99, 0, 0)
    if found and found[4]:
        hour = hour % 12 + (12 if found[4] == "p" else 0) if 1 <= hour <= 12 else 99
    try:
        return time(hour % 24 if hour == 24 and not minute else hour, minute, second)
    except ValueError:
        raise CalculationError(f"There is no time {text}.") from None


def offset(moment: datetime) -> str:
    """ "UTC+5:30"."""
    minutes = int((moment.utcoffset() or timedelta()).total_seconds()) // 60
    hours, rest = divmod(abs(minutes), 60)
    return "UTC" + (f"{'-' if minutes < 0 else '+'}{hours}" + (f":{rest:02}" if rest else "") if minutes else "")


def zone(name: str) -> tzinfo:
    """The zone of a place, or of an abbreviation or offset. Raises CalculationError where none is known."""
    word = " ".join(name.lower().split()).removeprefix("the ").removesuffix(" time").strip(" .")
    if word in AMBIGUOUS:
        raise CalculationError(AMBIGUOUS[word])
    if word in OFFSETS:
        return timezone(timedelta(hours=OFFSETS[word]))
    if found := OFFSET.fullmatch(word):
        hours, minutes = int(found[2]), int(found[3] or 0)
        if hours > 14 or minutes > 59:
            raise CalculationError(f"There is no time zone {name}.")
        size = timedelta(hours=hours, minutes=minutes)
        return timezone(size if found[1] == "+" else -size)
    key = _names().get(word) or _names().get(word.partition(",")[0])
    if not key:
        raise CalculationError(
            f"The time zone of {name[:40]} is not known here: name a larger city, or an offset such as UTC+2."
        )
    return ZoneInfo(key)


@cache
def _names() -> dict[str, str]:
    """The zones by the names of their cities, in lower case, and by their own names."""
    names: dict[str, str] = {}
    known = available_timezones()
    for key in sorted(known):
        area, _slash, city = key.partition("/")
        if area in AREAS:
            names.setdefault(city.rpartition("/")[2].replace("_", " ").lower(), key)
        names[key.lower()] = key
    for line in PLACES.strip().split("\n"):
        key, _colon, places = line.partition(": ")
        if key in known:
            names |= {place: key for place in places.split(", ")}
    return names
