"""Days: how many between two, which one so many later, and what day of the week."""

import re
from calendar import isleap, monthrange
from datetime import date, datetime, timedelta

from assistant.calculator.errors import CalculationError

MONTHS = ("january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november",
          "december")  # fmt: skip
DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
MONTH = r"(?:jan|feb|mar|apr|may|jun|jul|aug|sept?|oct|nov|dec)[a-z]*\.?"
RELATIVE = {
    "today": 0,
    "now": 0,
    "tomorrow": 1,
    "yesterday": -1,
    "the day after tomorrow": 2,
    "the day before yesterday": -2,
}
# Each year on the same day; the next one is meant.
YEARLY = {"christmas": (12, 25), "christmas day": (12, 25), "christmas eve": (12, 24), "halloween": (10, 31),
          "new year": (1, 1), "new year's day": (1, 1), "new year's eve": (12, 31), "new years eve": (12, 31),
          "valentine's day": (2, 14)}  # fmt: skip
ENDING = r"(?:st|nd|rd|th)?"
DAY = (
    rf"(?:\d{{4}}[-/]\d\d?[-/]\d\d?(?:T[\d:Z.+-]+)?|\d\d?\.\d\d?\.\d{{4}}|\d\d?/\d\d?/\d{{4}}"
    rf"|(?:the )?\d\d?{ENDING}(?: of)?[ -]{MONTH}(?:,?[ -]\d{{4}})?|{MONTH} \d\d?{ENDING}(?:,? \d{{4}})?"
    rf"|{'|'.join(map(re.escape, sorted([*RELATIVE, *YEARLY], key=len, reverse=True)))})"
)
UNIT = r"(?:day|week|fortnight|month|year|decade|working day|business day|weekday|workday)s?"
COUNT = r"(?:\d{1,7}|an?|one|two|three|four|five|six|seven|eight|nine|ten|twelve)"
WORDS = {"a": 1, "an": 1, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8}
WORDS |= {"nine": 9, "ten": 10, "twelve": 12}
SPAN = rf"{COUNT} {UNIT}(?:(?:,| and|, and)? {COUNT} {UNIT}){{0,3}}"
TAIL = r"(?: (?:are there|is it|is that|are left|will it be|until then))?"


def _pattern(text: str) -> re.Pattern[str]:
    return re.compile(text, re.IGNORECASE)


BETWEEN = _pattern(
    rf"(?:(?:how many |number of |the )?(?P<unit>{UNIT}|time)(?: (?:are|is|were)(?: there| it)?)? )?"
    rf"(?:between|from) (?P<a>{DAY}) (?:and|to|until|till|through) (?P<b>{DAY})(?: in (?P<in>{UNIT}))?"
)
TO = _pattern(rf"(?P<a>{DAY}) (?:to|until|till) (?P<b>{DAY})(?: in (?P<in>{UNIT}))?")
MINUS = _pattern(rf"(?P<b>{DAY}) ?(?:-|−|–|minus) ?(?P<a>{DAY})(?: in (?P<in>{UNIT}))?")
UNTIL = _pattern(
    rf"(?:how many |how long |number of )?(?P<unit>{UNIT})?(?: (?:are|is)(?: there| it| left)?)? ?"
    rf"(?:until|till|before|left until|to) (?P<b>{DAY})"
)
SINCE = _pattern(
    rf"(?:how many |how long )?(?P<unit>{UNIT})?(?: (?:is it|has it been|have passed))? ?since (?P<a>{DAY})"
)
SHIFT = _pattern(rf"(?P<day>{DAY}) ?(?P<sign>\+|-|−|plus|minus) ?(?P<span>{SPAN})")
WHICH_DAY = "(?:the |what |which )?(?:date|day)(?: (?:is|was|will|it|be))*"
AFTER = _pattern(rf"(?:{WHICH_DAY} )?(?P<span>{SPAN}) (?P<sign>after|from|before|prior to) (?P<day>{DAY})")
AGO = _pattern(rf"(?:{WHICH_DAY} )?(?P<span>{SPAN}) (?P<sign>ago|from now|from today|hence|later)")
IN = _pattern(rf"(?:{WHICH_DAY} )?in (?P<span>{SPAN})")
WEEKDAY = _pattern(
    r"(?:(?:what |which )?(?:day of (?:the )?week|weekday|day)(?: (?:is|was|will|of|for|on|does|did))*(?: be)? )?"
    rf"(?P<day>{DAY})"
    r"(?: (?:be|fall on|falls on|a|weekday|day of the week))*"
)
WEEK = _pattern(rf"(?:what |which )?(?:calendar |iso )?week(?: number)?(?: (?:is|of|for|in))* (?P<day>{DAY})")
AGE = _pattern(
    r"(?:how old (?:is|am|are|would|will) .{0,40}?|age(?: of .{0,40}?)?)\b ?(?:born|if born)?(?: on| in)? ?"
    rf"(?P<a>{DAY})(?: (?:on|at|by) (?P<b>{DAY}))?"
)
LENGTH = _pattern(
    rf"(?:how many |number of )?days (?:are |does )?(?:there )?(?:in )?(?:the month of )?"
    rf"(?:(?P<month>{MONTH}),? )?(?P<year>\d{{4}})(?: have)?"
)
WRITTEN_DAY = re.compile(r"(?<![\d.])\d{4}-\d\d-\d\d(?![\d.])")
LEAP = _pattern(r"(?:is )?(?P<year>\d{1,4}) (?:is )?a leap year")


def answer(text: str, now: datetime) -> str:
    """What `text` asks about days, or "" where it asks about none. Raises CalculationError for a day that cannot be."""
    today = now.date()
    if found := LEAP.fullmatch(text):
        year = int(found["year"])
        return (
            f"{year} is {'a' if isleap(year) else 'no'} leap year: February has {monthrange(max(year, 1), 2)[1]} days."
        )
    if (found := LENGTH.fullmatch(text)) and int(found["year"]):
        return length(found["month"], int(found["year"]))
    for pattern in (BETWEEN, TO, MINUS):
        if found := pattern.fullmatch(text):
            unit = found["in"] or found.groupdict().get("unit") or ""
            return between(read(found["a"], today), read(found["b"], today), unit)
    if found := UNTIL.fullmatch(text):
        return between(today, read(found["b"], today), found["unit"] or "")
    if found := SINCE.fullmatch(text):
        return between(read(found["a"], today), today, found["unit"] or "")
    for pattern in (SHIFT, AFTER, AGO, IN):
        if found := pattern.fullmatch(text):
            groups = found.groupdict()
            back = (groups.get("sign") or "").lower() in ("-", "−", "minus", "before", "prior to", "ago")
            start = read(groups["day"], today) if groups.get("day") else today
            return shifted(start, groups["span"], -1 if back else 1)
    if found := WEEK.fullmatch(text):
        day = read(found["day"], today)
        return f"{said(day)} is in week {day.isocalendar().week} of {day.isocalendar().year} (ISO 8601)."
    if found := AGE.fullmatch(text):
        born, then = read(found["a"], today), read(found["b"], today) if found["b"] else today
        return f"Born on {said(born)}: {apart(born, then)} old on {said(then)}."
    if (found := WEEKDAY.fullmatch(text)) and not re.fullmatch(r"\d+/\d+/\d+", text):
        day = read(found["day"], today)
        return f"{spelled(day)} is a {DAYS[day.weekday()]}."
    if WRITTEN_DAY.search(text):
        # Not to be taken for a subtraction.
        raise CalculationError(
            "This question about days is not understood. It may be as “days between 2024-02-28 and 2024-03-01”, "
            "“2024-01-31 + 1 month” or “what day is 2024-02-29”."
        )
    return ""


def read(text: str, today: date) -> date:
    """The day that `text` names. Raises CalculationError where there is none, or two."""
    word = text.lower().strip()
    if word in RELATIVE:
        return today + timedelta(days=RELATIVE[word])
    if word in YEARLY:
        month, day = YEARLY[word]
        return next(one for year in (0, 1) if (one := date(today.year + year, month, day)) >= today)
    if found := re.match(r"(\d{4})[-/](\d\d?)[-/](\d\d?)", word):
        return _day(int(found[1]), int(found[2]), int(found[3]), text)
    if found := re.fullmatch(r"(\d\d?)\.(\d\d?)\.(\d{4})", word):
        return _day(int(found[3]), int(found[2]), int(found[1]), text)
    if found := re.fullmatch(r"(\d\d?)/(\d\d?)/(\d{4})", word):
        first, second, year = map(int, found.groups())
        if first <= 12 and second <= 12 and first != second:
            raise CalculationError(f"{text} may be two days: please write it as {year}-MM-DD.")
        return _day(year, first, second, text) if first <= 12 else _day(year, second, first, text)
    name = re.search(r"[a-z]{3}", re.sub(r"\d+(?:st|nd|rd|th)|of|the", "", word))
    found_numbers = re.findall(r"\d+", word)
    month = next(place for place, long in enumerate(MONTHS, start=1) if name and long.startswith(name[0]))
    year = int(found_numbers[1]) if len(found_numbers) > 1 else today.year
    named = _day(year, month, int(found_numbers[0]), text)
    if len(found_numbers) == 1 and named < today:
        # Without a year the next one is meant.
        return _day(year + 1, month, int(found_numbers[0]), text)
    return named


def _day(year: int, month: int, day: int, text: str) -> date:
    try:
        return date(year, month, day)
    except ValueError:
        raise CalculationError(f"There is no day {text}.") from None


def length(month: str | None, year: int) -> str:
    """How many days a month has, or a year."""
    if not month:
        return f"{year} has {365 + isleap(year)} days."
    number = next(place for place, long in enumerate(MONTHS, start=1) if long.startswith(month[:3].lower()))
    return f"{MONTHS[number - 1].capitalize()} {year} has {monthrange(year, number)[1]} days."


def between(a: date, b: date, unit: str) -> str:
    """How far apart two days are, in days and, where asked for, in other units."""
    days = (b - a).days
    word = unit.lower().removesuffix("s")
    ends = f"from {said(a)} to {said(b)}"
    if word in ("working day", "business day", "weekday", "workday"):
        count = working_days(min(a, b), max(a, b))
        return f"{_many(count, 'day')} from Monday to Friday {ends}, the last day not counted, holidays counted."
    total = f"{_many(abs(days), 'day')}{' back' if days < 0 else ''} {ends}"
    if word in ("week", "fortnight"):
        weeks, rest = divmod(abs(days), 7)
        return f"{_many(weeks, 'week')} and {_many(rest, 'day')} {ends} ({_many(abs(days), 'day')})."
    if word in ("month", "year", "decade", "time") or abs(days) > 60:
        return f"{total}, which is {apart(min(a, b), max(a, b))}."
    return f"{total}."


def apart(a: date, b: date) -> str:
    """Years, months and days from `a` to `b`."""
    if b < a:
        return f"minus {apart(b, a)}"
    months = (b.year - a.year) * 12 + b.month - a.month
    if add_months(a, months) > b:
        months -= 1
    rest = (b - add_months(a, months)).days
    parts = [
        _many(count, name) for count, name in ((months // 12, "year"), (months % 12, "month"), (rest, "day")) if count
    ]
    return " and ".join(filter(None, (", ".join(parts[:-1]), *parts[-1:]))) or "0 days"


def working_days(a: date, b: date) -> int:
    """Days from Monday to Friday, with `a` and without `b`."""
    weeks, rest = divmod((b - a).days, 7)
    return weeks * 5 + sum((a.weekday() + day) % 7 < 5 for day in range(rest))


def shifted(day: date, span: str, sign: int) -> str:
    """The day so much later, or earlier."""
    then = day
    try:
        for count, unit in re.findall(rf"({COUNT}) ({UNIT})", span, re.IGNORECASE):
            number = sign * (int(count) if count.isdigit() else WORDS[count.lower()])
            then = _moved(then, number, unit.lower().removesuffix("s"))
    except (OverflowError, ValueError):
        raise CalculationError("This is beyond the years 1 to 9999.") from None
    return f"{span} {'after' if sign > 0 else 'before'} {said(day)} is {said(then)} ({then.isoformat()})."


def _moved(day: date, count: int, unit: str) -> date:
    if unit in ("month", "year", "decade"):
        return add_months(day, count * {"month": 1, "year": 12, "decade": 120}[unit])
    if unit in ("day", "week", "fortnight"):
        return day + timedelta(days=count * {"day": 1, "week": 7, "fortnight": 14}[unit])
    weeks, rest = divmod(abs(count), 5)
    step = 1 if count > 0 else -1
    day += timedelta(weeks=step * weeks)
    while rest or day.weekday() > 4:
        day += timedelta(days=step)
        rest -= day.weekday() < 5 and rest > 0
    return day


def add_months(day: date, count: int) -> date:
    """The same day so many months later; the last one where that month is shorter."""
    year, month = divmod(day.year * 12 + day.month - 1 + count, 12)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


def said(day: date) -> str:
    """ "Wednesday 28 February 2024"."""
    return f"{DAYS[day.weekday()]} {spelled(day)}"


def spelled(day: date) -> str:
    """ "28 February 2024"."""
    return f"{day.day} {MONTHS[day.month - 1].capitalize()} {day.year}"


def _many(count: int, name: str) -> str:
    return f"{count} {name}{'' if count == 1 else 's'}"
