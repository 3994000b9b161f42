"""The dates that engines give their results, in whatever form."""

import re
from calendar import monthrange
from datetime import date, datetime, timedelta
from email.utils import parsedate_to_datetime

# Longer texts are no dates.
MOST = 60
# The web is not older; zeros and broken clocks are.
FIRST = date(1990, 1, 1)

MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
MONTH = r"(?P<month>jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*\.?"
ISO = re.compile(r"(\d{4})-(\d\d)-(\d\d)(?!\d)")
COMPACT = re.compile(r"(\d{4})(\d\d)(\d\d)(?:T\d{4,6}Z?)?\Z")
# "July 15, 2023", "15 Jul 2023", "Jul 15th 2023"
MONTH_FIRST = re.compile(rf"{MONTH}\s+(?P<day>\d{{1,2}})(?:st|nd|rd|th)?,?\s+(?P<year>\d{{4}})\b", re.IGNORECASE)
DAY_FIRST = re.compile(rf"(?P<day>\d{{1,2}})(?:st|nd|rd|th)?\.?\s+{MONTH},?\s+(?P<year>\d{{4}})\b", re.IGNORECASE)
AGO = re.compile(
    r"(?:about |over )?(\d{1,4}|an?|one)\+?\s*(s|sec|second|m|min|minute|h|hr|hour|d|day|w|week|mo|month|y|yr|year)s?"
    r"\s+ago\b",
    re.IGNORECASE,
)
DAYS = {"d": 1, "day": 1, "w": 7, "week": 7}
MONTHS_IN = {"mo": 1, "month": 1, "y": 12, "yr": 12, "year": 12}
WORDS = {"today": 0, "just now": 0, "yesterday": 1}


def parse_date(value: object, now: datetime) -> date | None:
    """The day that `value` names, or None: ISO, "15 Jul 2023", "3 days ago", a date of e-mails, seconds since 1970.

    `now` is the moment from which "ago" counts. Days that cannot be, or that are still to come, are None.
    """
    found = _read(value, now)
    # Half the world may be a day ahead.
    return found if found and FIRST <= found <= now.date() + timedelta(days=1) else None


def months_before(day: date, count: int) -> date | None:
    """The same day so many months before; the last one where that month is shorter. None before the year 1."""
    year, month = divmod(day.year * 12 + day.month - 1 - count, 12)
    if year < 1:
        return None
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


def _read(value: object, now: datetime) -> date | None:
    try:
        if isinstance(value, int | float) and not isinstance(value, bool):
            return datetime.fromtimestamp(value, now.tzinfo).date()
        return _read_text(value.strip(), now) if isinstance(value, str) and len(value) <= MOST else None
    except (ValueError, OverflowError, OSError):
        return None


def _read_text(text: str, now: datetime) -> date | None:
    if found := ISO.match(text) or COMPACT.match(text):
        return date(*map(int, found.groups()))
    if found := MONTH_FIRST.search(text) or DAY_FIRST.search(text):
        return date(int(found["year"]), MONTHS.index(found["month"].lower()) + 1, int(found["day"]))
    if found := AGO.match(text):
        count = int(found[1]) if found[1].isdigit() else 1
        return _ago(count, found[2].lower(), now)
    if text.lower() in WORDS:
        return now.date() - timedelta(days=WORDS[text.lower()])
    return parsedate_to_datetime(text).date() if "," in text else None


def _ago(count: int, unit: str, now: datetime) -> date | None:
    if unit in MONTHS_IN:
        return months_before(now.date(), count * MONTHS_IN[unit])
    if unit in DAYS:
        return now.date() - timedelta(days=count * DAYS[unit])
    seconds = {"h": 3600, "m": 60, "s": 1}[unit[0]]
    return (now - timedelta(seconds=count * seconds)).date()
