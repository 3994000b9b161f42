"""A tool is a function: its type hints and its docstring are the schema that the model is given.

    @tool
    async def weather(place: str, days: Annotated[int, Bounds(1, 7)] = 1, *, run: UUID) -> str:
        \"""Find out what the weather will be.

        What follows the first paragraph is for engineers, but for the list of parameters:

        - place: a town, with its country if there are several
        - days: how many days from today
        \"""

Parameters before the star come from the model, those after it from the turn: the model never learns of them. The
former are str, int, float, bool, Literal, or a list of one of these; one with a default may be left out.
"""

import inspect
import json
import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import NoneType, UnionType
from typing import Annotated, Any, Generic, Literal, ParamSpec, TypeVar, Union, get_args, get_origin, get_type_hints

Given = ParamSpec("Given")
Result = TypeVar("Result")

# Where a parameter has no bounds of its own: characters of a text, items of a list.
MOST_CHARACTERS = 2000
MOST_ITEMS = 20
# Characters of a number, and of a value that an error repeats.
LONGEST_NUMBER = 40
EXCERPT = 40
TYPES = {str: "string", int: "integer", float: "number", bool: "boolean"}
TRUE, FALSE = ("true", "yes", "1"), ("false", "no", "0")
NAME = re.compile(r"[a-z][a-z0-9_]{0,63}")
LISTED = re.compile(r"^- (\w+): (.+(?:\n {2,}\S.*)*)", re.MULTILINE)


class ArgumentsError(Exception):
    """The arguments of a call do not fit its tool. The text is one line for the model, which may try again."""


@dataclass(frozen=True)
class Bounds:
    """The least and the most that a parameter may be: a number itself, the length of a text or list."""

    least: int | None = None
    most: int | None = None


@dataclass(frozen=True)
class Kind:
    """What values a parameter takes."""

    type: str
    bounds: Bounds = Bounds()
    choices: tuple[Any, ...] = ()
    items: "Kind | None" = None

    @property
    def schema(self) -> dict[str, Any]:
        """The kind as JSON Schema.

        It has no bounds of lengths: llama.cpp makes a grammar of it, and refuses every request with a tool whose text
        may have 2000 characters, https://github.com/ggml-org/llama.cpp/issues/27087.
        """
        is_number = self.type in ("integer", "number")
        parts = {
            "type": self.type,
            "enum": list(self.choices) or None,
            "items": self.items.schema if self.items else None,
            "minimum": self.bounds.least if is_number else None,
            "maximum": self.bounds.most if is_number else None,
        }
        return {key: value for key, value in parts.items() if value is not None}

    @property
    def words(self) -> str:
        """The kind as an error names it."""
        if self.choices:
            return "one of " + ", ".join(json.dumps(choice, ensure_ascii=False) for choice in self.choices)
        least, most = self.bounds.least, self.bounds.most
        span = f"{least} to {most}" if least is not None and most is not None else ""
        span = span or (f"at least {least}" if least is not None else f"at most {most}" if most is not None else "")
        match self.type:
            case "string":
                return f"a text of {span} characters"
            case "array":
                return f"a list of {span} items, each {self.items.words if self.items else 'anything'}"
            case "boolean":
                return "true or false"
        return ("a whole number" if self.type == "integer" else "a number") + (f", {span}" if span else "")

    def read(self, value: Any) -> Any:
        """`value` as this kind. Models write numbers as texts, texts as numbers, one value for a list, and lists as
        texts: these are what they mean. Raises ValueError for the rest."""
        if self.type == "array" and self.items:
            return [self.items.read(item) for item in self._within(_listed(value), len)]
        if self.choices:
            return self._choice(value)
        match self.type:
            case "string":
                return self._within(_text(value).strip(), len)
            case "boolean":
                return _truth(value)
        number = _number(value)
        if self.type == "integer":
            if number != int(number):
                raise ValueError
            number = int(number)
        return self._within(number, lambda item: item)

    def _within(self, value: Any, size: Callable[[Any], float]) -> Any:
        least, most = self.bounds.least, self.bounds.most
        if (least is not None and size(value) < least) or (most is not None and size(value) > most):
            raise ValueError
        return value

    def _choice(self, value: Any) -> Any:
        wanted = _text(value).strip().casefold()
        for choice in self.choices:
            if str(choice).casefold() == wanted:
                return choice
        raise ValueError


@dataclass(frozen=True)
class Parameter:
    """What the model may or must say in a call."""

    name: str
    description: str
    kind: Kind
    required: bool


@dataclass(frozen=True)
class FunctionTool(Generic[Given, Result]):
    """A function with the schema that the model is given. Calling it calls the function."""

    function: Callable[Given, Result]
    name: str
    description: str
    parameters: tuple[Parameter, ...]

    def __call__(self, *args: Given.args, **kwargs: Given.kwargs) -> Result:
        return self.function(*args, **kwargs)

    @property
    def schema(self) -> dict[str, Any]:
        """The parameters as JSON Schema."""
        return {
            "type": "object",
            "properties": {one.name: {**one.kind.schema, "description": one.description} for one in self.parameters},
            "required": [one.name for one in self.parameters if one.required],
        }

    def coerce(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """The arguments as the function takes them: those it does not know are dropped, defaults are left to it.

        Raises ArgumentsError with all that is wrong.
        """
        values: dict[str, Any] = {}
        wrong: list[str] = []
        for one in self.parameters:
            value = arguments.get(one.name)
            if _is_missing(value, one):
                if one.required:
                    wrong.append(f'"{one.name}" is missing: it must be {one.kind.words}')
                continue
            try:
                values[one.name] = one.kind.read(value)
            except (ValueError, OverflowError):
                wrong.append(f'"{one.name}" must be {one.kind.words}, not {_excerpt(value)}')
        if wrong:
            raise ArgumentsError(f"{self.name} was not called: {'; '.join(wrong)}.")
        return values


def tool(function: Callable[Given, Result]) -> FunctionTool[Given, Result]:
    """Make a function a tool. Raises TypeError where hints or docstring say too little, or something else."""
    name = function.__name__
    if not NAME.fullmatch(name):
        raise TypeError(f"{name}: a tool is named in small letters")
    hints = get_type_hints(function, include_extras=True)
    description, listed = _docstring(function)
    parameters = []
    for one in inspect.signature(function).parameters.values():
        if one.kind is one.KEYWORD_ONLY:
            continue
        if one.kind is not one.POSITIONAL_OR_KEYWORD or one.name not in hints or one.name not in listed:
            raise TypeError(f"{name}: {one.name} needs a type, and a line in the docstring's list")
        required = one.default is one.empty
        parameters.append(Parameter(one.name, listed.pop(one.name), kind_of(hints[one.name]), required))
    if listed or not description:
        raise TypeError(f"{name}: the docstring has no first paragraph, or lists what is no parameter: {[*listed]}")
    return FunctionTool(function, name, description, tuple(parameters))


def kind_of(hint: Any) -> Kind:
    """The kind that a type hint stands for. Raises TypeError for one that no parameter may have."""
    bounds: Bounds | None = None
    if get_origin(hint) is Annotated:
        hint, *notes = get_args(hint)
        bounds = next((note for note in notes if isinstance(note, Bounds)), None)
    if get_origin(hint) in (Union, UnionType):
        # `T | None` stands beside a default of None.
        rest = [item for item in get_args(hint) if item is not NoneType]
        if len(rest) == 1:
            kind = kind_of(rest[0])
            return Kind(kind.type, bounds or kind.bounds, kind.choices, kind.items)
    if get_origin(hint) is list:
        return Kind("array", _filled(bounds, MOST_ITEMS), items=kind_of(*get_args(hint)))
    if get_origin(hint) is Literal and len({type(choice) for choice in get_args(hint)}) == 1:
        choices = get_args(hint)
        if isinstance(choices[0], str | int) and not isinstance(choices[0], bool):
            return Kind(TYPES[type(choices[0])], choices=choices)
    if hint is str:
        return Kind("string", _filled(bounds or Bounds(least=1), MOST_CHARACTERS))
    if isinstance(hint, type) and hint in TYPES:
        return Kind(TYPES[hint], bounds or Bounds())
    raise TypeError(f"{hint} is no type that a model can give")


def _filled(bounds: Bounds | None, most: int) -> Bounds:
    """Bounds that have an upper one in any case."""
    if bounds is None:
        return Bounds(most=most)
    return Bounds(bounds.least, bounds.most if bounds.most is not None else most)


def _docstring(function: Callable[..., Any]) -> tuple[str, dict[str, str]]:
    """The first paragraph, and the parameters that are listed below it."""
    text = inspect.getdoc(function) or ""
    first, _, rest = text.partition("\n\n")
    return _joined(first), {name: _joined(words) for name, words in LISTED.findall(rest)}


def _joined(lines: str) -> str:
    return " ".join(lines.split())


def _is_missing(value: Any, parameter: Parameter) -> bool:
    """Whether nothing was given. Models fill what they leave out with nothing, or with the words for it."""
    if parameter.required or not isinstance(value, str):
        return value is None
    return value.strip().lower() in ({""} if parameter.kind.type == "string" else {"", "null", "none"})


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if not isinstance(value, str | int | float):
        raise ValueError("not a text")
    # Without what no database and no request accepts.
    return str(value).replace("\0", "").encode(errors="replace").decode()


def _number(value: Any) -> float | int:
    if isinstance(value, str) and len(value) <= LONGEST_NUMBER:
        value = int(value) if re.fullmatch(r"\s*[+-]?\d+\s*", value) else float(value)
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise ValueError("not a number")
    return value


def _truth(value: Any) -> bool:
    word = _text(value).strip().lower()
    if word not in (*TRUE, *FALSE):
        raise ValueError("neither true nor false")
    return word in TRUE


def _listed(value: Any) -> Sequence[Any]:
    if isinstance(value, str) and value.lstrip().startswith("["):
        try:
            value = json.loads(value)
        except (ValueError, RecursionError):
            return [value]
    return value if isinstance(value, list) else [value]


def _excerpt(value: Any) -> str:
    """A value as the model gave it, on one line."""
    text = json.dumps(value, ensure_ascii=False, default=str).encode(errors="replace").decode()
    return text if len(text) <= EXCERPT else f"{text[:EXCERPT]}…"
