"""The arguments of a call, from JSON or from Python's literals: what comes out is the text of one JSON object."""

import ast
import json
import math
import re
from typing import Any

# A backslash that begins no escape of Python: LaTeX and paths hold many. Python warns of each.
LOOSE_BACKSLASH = re.compile(r"\\(?:([\\'\"abfnrtvxuUN0-7\n])|)")
# The words of JSON that models write for Python's.
WORDS = {"true": True, "false": False, "null": None}


def from_json(text: str) -> str:
    """The object that `text` is, also where it was encoded twice. Raises ValueError for anything else."""
    value = decode(text)
    if isinstance(value, str):
        value = decode(value)
    return encode(value)


def decode(text: str) -> Any:
    """The value of a JSON text; strings may hold raw line breaks. Raises ValueError."""
    try:
        return json.loads(text, strict=False)
    except RecursionError as error:
        raise ValueError("nested too deep") from error


def encode(value: Any) -> str:
    """`value` as the text of a JSON object. Raises ValueError where it is none, or nothing that JSON holds."""
    if not isinstance(value, dict):
        raise ValueError("not an object")
    return json.dumps(_plain(value), ensure_ascii=False)


def from_python(text: str) -> list[tuple[str, str]]:
    """Names and arguments of the calls in `f(a='x')` or `[f(a='x'), g()]`, by literals and keywords only.

    All arguments may also be one dict, as in `f({'a': 'x'})`. Raises ValueError.
    """
    escaped = LOOSE_BACKSLASH.sub(lambda found: found.group() if found.group(1) else r"\\", text)
    try:
        node = ast.parse(escaped.strip(), mode="eval").body
        calls = node.elts if isinstance(node, ast.List) else [node]
        return [_call(call) for call in calls]
    except (SyntaxError, TypeError, RecursionError, MemoryError) as error:
        raise ValueError("not a list of calls") from error


def _call(node: ast.expr) -> tuple[str, str]:
    if not isinstance(node, ast.Call) or any(keyword.arg is None for keyword in node.keywords):
        raise ValueError("not a call with keywords")
    arguments: Any = {str(one.arg): _value(one.value) for one in node.keywords}
    if node.args:
        if arguments or len(node.args) > 1:
            raise ValueError("arguments without keywords")
        arguments = _value(node.args[0])
    return ast.unparse(node.func), encode(arguments)


def _value(node: ast.expr) -> Any:
    return ast.literal_eval(_Words().visit(node))


class _Words(ast.NodeTransformer):
    def visit_Name(self, node: ast.Name) -> ast.expr:
        return ast.Constant(WORDS[node.id]) if node.id in WORDS else node


def _plain(value: Any) -> Any:
    """`value` as JSON has it, its strings without what no database accepts. Raises ValueError."""
    match value:
        case str():
            return value.replace("\0", "").encode(errors="replace").decode()
        case None | bool() | int():
            return value
        case float() if math.isfinite(value):
            return value
        case list() | tuple():
            return [_plain(item) for item in value]
        case dict() if all(isinstance(key, str) for key in value):
            return {_plain(key): _plain(item) for key, item in value.items()}
    raise ValueError("not a value of JSON")
