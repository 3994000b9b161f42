"""Statements on the way to the first word. Django builds the SQL of each query anew, which takes ten times as long as
to ask it: those here are written as any other query, and compiled once in a process. Rows are written without signals.

Values are bound in place of marks that the query is built with, so its SQL must not depend on them: no None, no list.
"""

import inspect
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import cache, cached_property
from secrets import randbelow
from typing import Any, Generic, NamedTuple, ParamSpec, TypeVar, cast
from uuid import UUID, uuid4

from django.db import DEFAULT_DB_ALIAS, connection, models
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import QuerySet
from django.db.models.expressions import DatabaseDefault
from django.db.models.sql.compiler import SQLCompiler
from django.db.transaction import TransactionManagementError

P = ParamSpec("P")
M = TypeVar("M", bound=models.Model)

Row = tuple[Any, ...]
Adapt = Callable[[Any, BaseDatabaseWrapper], Any]


def _as_it_is(value: Any, _connection: BaseDatabaseWrapper) -> Any:
    return value


UUIDS, TIMES = models.UUIDField(), models.DateTimeField()
# For each type of a parameter: a value that stands in no query by chance, and how the database takes one.
KINDS: Mapping[type, tuple[Callable[[], Any], Adapt]] = {
    UUID: (uuid4, UUIDS.get_db_prep_value),
    int: (lambda: 10**9 + randbelow(10**9), _as_it_is),
    str: (lambda: uuid4().hex, _as_it_is),
    datetime: (lambda: datetime.fromtimestamp(randbelow(10**8), UTC), TIMES.get_db_prep_value),
}


class Compiled(NamedTuple):
    """`values` are constants, or the names of parameters, where `named` says so. `locks`: the rows are locked."""

    sql: str
    values: tuple[Any, ...]
    named: tuple[bool, ...]
    compiler: SQLCompiler
    converters: dict[Any, Any]
    locks: bool


class Prepared(Generic[P]):
    """A query that `build` makes from parameters with types of KINDS. Raises TypeError where it cannot be one."""

    def __init__(self, build: Callable[P, QuerySet[Any, Any]]) -> None:
        self.build = build
        self._kinds: dict[str, type] = inspect.get_annotations(build, eval_str=True)
        self._kinds.pop("return", None)

    def rows(self, *args: P.args, **kwargs: P.kwargs) -> list[Row]:
        """What `build(…).values_list(…)` would find, each row as a tuple.

        Raises DatabaseError, TransactionManagementError where rows are locked outside of a transaction.
        """
        values = dict(zip(self._kinds, args, strict=False)) | kwargs
        compiled = self._compiled
        if compiled.locks and not connection.in_atomic_block:
            raise TransactionManagementError("rows are locked outside of a transaction")
        bound = [
            self._adapted(name, values[name]) if named else name
            for name, named in zip(compiled.values, compiled.named, strict=True)
        ]
        with connection.cursor() as cursor:
            cursor.execute(compiled.sql, bound)
            found = cursor.fetchall()
        if not compiled.converters:
            return list(map(tuple, found))
        return list(map(tuple, compiled.compiler.apply_converters(found, compiled.converters)))

    def first(self, *args: P.args, **kwargs: P.kwargs) -> Row | None:
        """The first of them. Raises DatabaseError."""
        found = self.rows(*args, **kwargs)
        return found[0] if found else None

    def value(self, *args: P.args, **kwargs: P.kwargs) -> Any:
        """The first column of the first of them; None where there is none. Raises DatabaseError."""
        found = self.rows(*args, **kwargs)
        return found[0][0] if found else None

    @property
    def model(self) -> type[models.Model] | None:
        """The model that is asked for."""
        return self._compiled.compiler.query.model

    def _adapted(self, name: str, value: Any) -> Any:
        kind = self._kinds[name]
        if not isinstance(value, kind):
            raise TypeError(f"{name} is no {kind.__name__}")
        return KINDS[kind][1](value, connection)

    @cached_property
    def _compiled(self) -> Compiled:
        marks = {name: KINDS[kind][0]() for name, kind in self._kinds.items()}
        query = self.build(**marks).query  # type: ignore[call-arg]
        compiler = query.get_compiler(DEFAULT_DB_ALIAS)
        sql, params = compiler.as_sql()
        adapted = {name: self._adapted(name, mark) for name, mark in marks.items()}
        found = [next((name for name, mark in adapted.items() if mark == param), None) for param in params]
        if missing := marks.keys() - set(found):
            raise TypeError(f"the query does not hold {', '.join(missing)} as they are")
        values = tuple(param if name is None else name for name, param in zip(found, params, strict=True))
        columns = [expression for expression, *_ in compiler.select[: compiler.col_count]]
        converters = compiler.get_converters(columns)
        named = tuple(name is not None for name in found)
        return Compiled(sql, values, named, compiler, converters, query.select_for_update)


class PreparedObjects(Generic[P, M]):
    """The same for objects of a model, with all of its columns and nothing related."""

    def __init__(self, build: Callable[P, QuerySet[M]]) -> None:
        self.build = build
        self._statement = Prepared(build)

    def first(self, *args: P.args, **kwargs: P.kwargs) -> M | None:
        """The first object of the query, None where there is none. Raises DatabaseError."""
        row = self._statement.first(*args, **kwargs)
        return None if row is None else self._model.from_db(DEFAULT_DB_ALIAS, self._columns, row)

    @cached_property
    def _model(self) -> type[M]:
        return cast(type[M], self._statement.model)

    @cached_property
    def _columns(self) -> list[str]:
        return [field.attname for field in self._model._meta.concrete_fields]


def insert(row: models.Model) -> None:
    """Write a new row. Raises DatabaseError."""
    fields = type(row)._meta.concrete_fields
    for field in fields:
        if isinstance(getattr(row, field.attname), DatabaseDefault):
            setattr(row, field.attname, field.db_default)
    values = [field.get_db_prep_save(field.pre_save(row, add=True), connection) for field in fields]
    with connection.cursor() as cursor:
        cursor.execute(_insertion(type(row)), values)
    row._state.adding, row._state.db = False, DEFAULT_DB_ALIAS


def update(model: type[models.Model], where: Mapping[str, Any], /, **values: Any) -> int:
    """Change columns of the rows whose columns are as `where` says. Returns how many. Raises DatabaseError."""
    named = [*values.items(), *where.items()]
    bound = [_field(model, name).get_db_prep_save(value, connection) for name, value in named]
    with connection.cursor() as cursor:
        cursor.execute(_change(model, tuple(values), tuple(where)), bound)
        count: int = cursor.rowcount
    return count


@cache
def _insertion(model: type[models.Model]) -> str:
    columns = [_quoted(field.column) for field in model._meta.concrete_fields]
    table, marks = _quoted(model._meta.db_table), ", ".join(["%s"] * len(columns))
    return f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({marks})"  # noqa: S608  Names of ours.


@cache
def _change(model: type[models.Model], changed: tuple[str, ...], where: tuple[str, ...]) -> str:
    setting, finding = ([f"{_quoted(_field(model, name).column)} = %s" for name in names] for names in (changed, where))
    table = _quoted(model._meta.db_table)
    return f"UPDATE {table} SET {', '.join(setting)} WHERE {' AND '.join(finding)}"  # noqa: S608  Names of ours.


def _field(model: type[models.Model], name: str) -> "models.Field[Any, Any]":
    return cast("models.Field[Any, Any]", model._meta.get_field(name))


def _quoted(name: str | Any) -> str:
    quoted: str = connection.ops.quote_name(name)
    return quoted
