"""Units of measure: names, exact factors and dimensions.

pint was tried: its exact arithmetic fails at litres, and "Gb", "mbps" or "ton" mean to it what few people mean.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from functools import cache

from assistant.calculator.errors import CalculationError
from assistant.calculator.numbers import Number, divide, mp, multiply, power

# Symbol, other names, factor to the base units, dimension; "*" takes prefixes, at the symbol and at the first name.
# Base units: m, kg, s, K, bit, degree. Factors are exact by definition (international yard and pound of 1959).
TABLE = """
m    | metre meter metres meters                           | 1                      | m *
in   | inch inches ″ " ''                                  | 0.0254                 | m
ft   | foot feet ′ '                                       | 0.3048                 | m
yd   | yard yards                                          | 0.9144                 | m
mi   | mile miles                                          | 1609.344               | m
nmi  | nautical_mile nautical_miles                        | 1852                   | m
Å    | angstrom ångström                                   | 1e-10                  | m
au   | astronomical_unit astronomical_units                | 149597870700           | m
ly   | light_year light_years lightyear lightyears         | 9460730472580800       | m
furlong | furlongs                                         | 201.168                | m
g    | gram gramme grams grammes                           | 0.001                  | kg *
t    | tonne tonnes metric_ton metric_tons                 | 1000                   | kg
lb   | lbs pound pounds                                    | 0.45359237             | kg
oz   | ounce ounces                                        | 0.028349523125         | kg
st   | stone stones                                        | 6.35029318             | kg
ct   | carat carats                                        | 0.0002                 | kg
short_ton | short_tons us_ton us_tons                      | 907.18474              | kg
long_ton  | long_tons imperial_ton imperial_tons uk_ton    | 1016.0469088           | kg
troy_oz   | troy_ounce troy_ounces                         | 0.0311034768           | kg
s    | second sec secs seconds                             | 1                      | s *
min  | mins minute minutes                                 | 60                     | s
h    | hr hrs hour hours                                   | 3600                   | s
days | d day                                               | 86400                  | s
weeks | wk wks week                                        | 604800                 | s
months | month                                             | 2629746                | s
years | yr yrs year                                        | 31556952               | s
centuries | century                                        | 3155695200             | s
K    | kelvin kelvins                                      | 1                      | K
°C   | C ℃ ºC degC celsius degree_celsius degrees_celsius degrees_c degree_c centigrade | 1 | K
°F   | F ℉ ºF degF fahrenheit degree_fahrenheit degrees_fahrenheit degrees_f degree_f | 5/9 | K
L    | litre l liter litres liters                         | 0.001                  | m3 *
cc   | ccm                                                 | 0.000001               | m3
US_gal | gal gallon gallons us_gallon us_gallons           | 0.003785411784         | m3
US_qt  | qt quart quarts                                   | 0.000946352946         | m3
US_pt  | pt pint pints us_pint us_pints                    | 0.000473176473         | m3
US_cup | cup cups                                          | 0.0002365882365        | m3
US_fl_oz | floz fl_oz fluid_ounce fluid_ounces us_fluid_ounce us_fluid_ounces | 0.0000295735295625 | m3
US_tbsp | tbsp tablespoon tablespoons                      | 0.00001478676478125    | m3
US_tsp | tsp teaspoon teaspoons                            | 0.00000492892159375    | m3
imp_gal | imperial_gallon imperial_gallons uk_gallon uk_gallons | 0.00454609        | m3
imp_pt | imperial_pint imperial_pints uk_pint uk_pints     | 0.00056826125          | m3
imp_fl_oz | imperial_fluid_ounce imperial_fluid_ounces     | 0.0000284130625        | m3
bbl  | barrel barrels                                      | 0.158987294928         | m3
ha   | hectare hectares                                    | 10000                  | m2
acres | acre                                               | 4046.8564224           | m2
mph  |                                                     | 0.44704                | m s-1
kn   | knot knots kt kts                                   | 1852/3600              | m s-1
km/h | kmh kph kmph                                        | 1/3.6                  | m s-1
B    | byte bytes                                          | 8                      | bit *
bit  | bit bits                                            | 1                      | bit *
KiB  | kibibyte kibibytes                                  | 8192                   | bit
MiB  | mebibyte mebibytes                                  | 8388608                | bit
GiB  | gibibyte gibibytes                                  | 8589934592             | bit
TiB  | tebibyte tebibytes                                  | 8796093022208          | bit
bit/s | bps                                                | 1                      | bit s-1
kbit/s | kbps Kbps                                         | 1000                   | bit s-1
Mbit/s | Mbps mbps                                         | 1000000                | bit s-1
Gbit/s | Gbps gbps                                         | 1000000000             | bit s-1
J    | joule joules                                        | 1                      | kg m2 s-2 *
cal  | calorie calories                                    | 4.184                  | kg m2 s-2 *
Wh   | watt_hour watt_hours                                | 3600                   | kg m2 s-2 *
BTU  | btu                                                 | 1055.05585262          | kg m2 s-2
W    | watt watts                                          | 1                      | kg m2 s-3 *
hp   | horsepower                                          | 745.69987158227022     | kg m2 s-3
PS   |                                                     | 735.49875              | kg m2 s-3
N    | newton newtons                                      | 1                      | kg m s-2 *
lbf  |                                                     | 4.4482216152605        | kg m s-2
Pa   | pascal pascals                                      | 1                      | kg m-1 s-2 *
bar  | bar bars                                            | 100000                 | kg m-1 s-2 *
atm  | atmosphere atmospheres                              | 101325                 | kg m-1 s-2
mmHg | mmhg                                                | 133.322387415          | kg m-1 s-2
psi  |                                                     | 4.4482216152605/0.00064516 | kg m-1 s-2
Hz   | hertz                                               | 1                      | s-1 *
rpm  |                                                     | 1/60                   | s-1
mpg  |                                                     | 1609.344/0.003785411784 | m-2
°    | deg degree degrees º                                | 1                      | degree
turns | turn revolution revolutions                        | 360                    | degree
rad  | radian radians                                      | 180/pi                 | degree
"""
PREFIXES = {
    "k": ("kilo", 3), "M": ("mega", 6), "G": ("giga", 9), "T": ("tera", 12), "P": ("peta", 15), "h": ("hecto", 2),
    "d": ("deci", -1), "c": ("centi", -2), "m": ("milli", -3), "µ": ("micro", -6), "μ": ("micro", -6),
    "u": ("micro", -6), "n": ("nano", -9),
}  # fmt: skip
# Written so by many, and meant as bytes.
SLOPPY = {
    "kb": "kB",
    "KB": "kB",
    "mb": "MB",
    "gb": "GB",
    "tb": "TB",
    "Kb": "kbit",
    "Mb": "Mbit",
    "Gb": "Gbit",
    "Tb": "Tbit",
}
AMBIGUOUS = {
    "ton": "A ton may be a metric ton (t), a short ton (US) or a long ton (UK). Please say which.",
    "b": "Please write bit or B (byte).",
}
AMBIGUOUS["tons"] = AMBIGUOUS["ton"]
CURRENCIES = (
    "usd",
    "eur",
    "gbp",
    "jpy",
    "chf",
    "cny",
    "inr",
    "brl",
    "mxn",
    "cad",
    "aud",
    "dollar",
    "euro",
    "yen",
    "rupee",
)
# Where zero stands on the scale, in kelvin.
SCALES = {"°C": Fraction("273.15"), "°F": Fraction("459.67") * 5 / 9}
DIMENSIONS = ("m", "kg", "s", "K", "bit", "degree")
NONE = (0,) * len(DIMENSIONS)
Dimensions = tuple[int, ...]


@dataclass(frozen=True)
class Measure:
    """One named unit. An inexact factor (of radians) is the one to π."""

    symbol: str
    factor: Fraction
    dimensions: Dimensions
    per_pi: bool = False


@dataclass(frozen=True)
class Unit:
    """A product of named units with their powers, such as km·h⁻¹; without any it is that of a plain number."""

    parts: tuple[tuple[str, int], ...] = ()

    @property
    def dimensions(self) -> Dimensions:
        total = list(NONE)
        for symbol, exponent in self.parts:
            for place, size in enumerate(_by_symbol()[symbol].dimensions):
                total[place] += size * exponent
        return tuple(total)

    @property
    def factor(self) -> Number:
        """To the base units. Zero on its scale is another matter, see SCALES."""
        total: Number = Fraction(1)
        for symbol, exponent in self.parts:
            measure = _by_symbol()[symbol]
            factor = divide(measure.factor, +mp().pi) if measure.per_pi else measure.factor
            total = multiply(total, power(factor, Fraction(exponent)))
        return total

    @property
    def scale(self) -> Fraction | None:
        """Where zero stands, in kelvin, for a temperature on a scale; None for any other unit."""
        return SCALES.get(self.parts[0][0]) if len(self.parts) == 1 and self.parts[0][1] == 1 else None

    @classmethod
    def of(cls, dimensions: Dimensions) -> "Unit | None":
        """The base unit of these dimensions, where they are those of one."""
        names = [name for name, size in zip(DIMENSIONS, dimensions, strict=True) if size]
        return cls(((names[0].replace("degree", "°"), 1),)) if len(names) == 1 and 1 in dimensions else None

    def raised(self, exponent: int) -> "Unit":
        return Unit(tuple((symbol, power * exponent) for symbol, power in self.parts if power * exponent))

    def __str__(self) -> str:
        above = [_shown(symbol, power) for symbol, power in self.parts if power > 0]
        below = [_shown(symbol, -power, below=True) for symbol, power in self.parts if power < 0]
        if not above and below:
            return "1/" + "/".join(below)
        return "·".join(above) + "".join(f"/{one}" for one in below)


def join(left: Unit, right: Unit) -> tuple[Unit, Number]:
    """The product of two units, and the factor that comes of saying one kind of thing in one unit only."""
    parts = dict(left.parts)
    factor: Number = Fraction(1)
    for symbol, exponent in right.parts:
        dimensions = _by_symbol()[symbol].dimensions
        like = next((known for known in parts if _by_symbol()[known].dimensions == dimensions), symbol)
        if like != symbol:
            factor = multiply(
                factor, power(divide(Unit(((symbol, 1),)).factor, Unit(((like, 1),)).factor), Fraction(exponent))
            )
        parts[like] = parts.get(like, 0) + exponent
    return Unit(tuple((symbol, power) for symbol, power in parts.items() if power)), factor


def convert(number: Number, unit: Unit, target: Unit) -> Number:
    """The number in another unit of the same dimensions, or of the inverse ones, as litres in 100 km of miles a gallon.

    Raises CalculationError where they have nothing in common.
    """
    if unit.dimensions == target.dimensions:
        if unit.dimensions == (0, 0, 0, 1, 0, 0) and (unit.scale is not None or target.scale is not None):
            kelvin = multiply(number, unit.factor) + (unit.scale or 0)
            if kelvin < 0:
                raise CalculationError("This is below absolute zero (-273.15 °C).")
            return divide(kelvin - (target.scale or 0), target.factor)
        return divide(multiply(number, unit.factor), target.factor)
    if unit.dimensions == tuple(-size for size in target.dimensions) and number != 0:
        return divide(divide(Fraction(1), multiply(number, unit.factor)), target.factor)
    raise CalculationError(f"{str(unit) or 'A plain number'} cannot be turned into {str(target) or 'a plain number'}.")


def find(name: str) -> Unit | None:
    """The unit of a name, or None. Raises CalculationError for one that has several meanings, and for money."""
    name = SLOPPY.get(name, name)
    if name.lower() in AMBIGUOUS and name not in _by_name():
        raise CalculationError(AMBIGUOUS[name.lower()])
    if name.lower() in CURRENCIES or name.lower().rstrip("s") in CURRENCIES:
        raise CalculationError(
            "There are no exchange rates here; amounts of one currency can be calculated without its name."
        )
    found = _by_name().get(name)
    if found is None and len(name) > 1:
        found = _by_lower().get(name.lower())
    if found is None and (power := re.fullmatch(r"([a-zA-Zµμ]+)([23²³])", name)):
        base = find(power[1])
        return base.raised(2 if power[2] in "2²" else 3) if base else None
    return found


@cache
def _measures() -> list[tuple[Measure, list[str]]]:
    """All units with their names."""
    found: list[tuple[Measure, list[str]]] = []
    for line in TABLE.strip().split("\n"):
        symbol, names, factor, kind = (cell.strip() for cell in line.split("|"))
        others = [name for name in names.split() if name != symbol]
        prefixed = kind.endswith("*")
        sizes = {name: int(size or 1) for name, size in re.findall(r"([a-z]+|K)(-?\d)?", kind)}
        dimensions = tuple(sizes.get(name, 0) for name in DIMENSIONS)
        above, _slash, below = factor.partition("/")
        per_pi = below == "pi"
        value = Fraction(above) / (Fraction(below) if below and not per_pi else 1)
        found.append((Measure(symbol, value, dimensions, per_pi), [symbol, *others]))
        found += _with_prefixes(Measure(symbol, value, dimensions), others) if prefixed else []
    return found


def _with_prefixes(measure: Measure, others: list[str]) -> Iterator[tuple[Measure, list[str]]]:
    for short, (long, exponent) in PREFIXES.items():
        symbol = ("µ" if long == "micro" else short) + measure.symbol
        names = [f"{short}{measure.symbol}", *(f"{long}{name}" for name in others if len(name) > 2)]
        # "ml" beside "mL".
        names += [f"{short}{name}" for name in others if len(name) == 1]
        yield Measure(symbol, measure.factor * Fraction(10) ** exponent, measure.dimensions), names


@cache
def _by_symbol() -> dict[str, Measure]:
    return {measure.symbol: measure for measure, _names in reversed(_measures())}


@cache
def _by_name() -> dict[str, Unit]:
    # What the table names itself comes before what prefixes make of it.
    written = {line.split("|")[0].strip() for line in TABLE.strip().split("\n")}
    ordered = sorted(_measures(), key=lambda pair: pair[0].symbol not in written)
    names: dict[str, Unit] = {}
    for measure, known in ordered:
        for name in known:
            names.setdefault(name, Unit(((measure.symbol, 1),)))
    return names


@cache
def _by_lower() -> dict[str, Unit]:
    names: dict[str, Unit] = {}
    for name, unit in _by_name().items():
        names.setdefault(name.lower(), unit)
    return names


def _shown(symbol: str, power: int, below: bool = False) -> str:
    signs = str(power).translate(str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")) if power != 1 else ""
    name = symbol.replace("_", " ")
    return f"({name}){signs}" if "/" in name and (signs or below) else name + signs
