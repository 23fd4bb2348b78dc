"""Cursors that take the parameters of Django: ``%s`` and ``%(name)s``."""

from __future__ import annotations

import datetime
import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, Optional

from .._cursor import Answer, Parameters, check_sequence
from .._dbapi import Connection, Cursor
from .._errors import ProgrammingError, check_open
from .._types import without_zone
from ._literals import cast_of, cast_of_all

#: Statements in which an expression must be the same as another one, with its parameters.
_COMPARES_EXPRESSIONS = re.compile(r"\b(?:GROUP BY|DISTINCT)\b", re.IGNORECASE)


class ParameterRow(tuple[Any, ...]):
    """The parameters of one of several rows of an INSERT, which has marks for one row."""


class DjangoConnection(Connection):
    """A connection whose cursors take the parameters of Django."""

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self._process = os.getpid()

    def close(self) -> None:
        """Closes the connection. In a process that was forked it is only given up: it belongs to the other one."""
        if self._process == os.getpid():
            super().close()
        self._closed = True

    def cursor(self) -> DjangoCursor:
        check_open(self._closed, "connection")
        return DjangoCursor(self)


class DjangoCursor(Cursor):
    """A cursor that takes ``%s`` and ``%(name)s``."""

    #: The zone of the times in results; None for times without one.
    zone: Optional[datetime.tzinfo] = datetime.timezone.utc
    #: The statement that ran last, and its parameters.
    last: tuple[str, Optional[Parameters]] = ("", None)

    def execute(self, sql: str, parameters: Optional[Parameters] = None) -> DjangoCursor:
        """Runs a statement. Without parameters (None) its ``%`` are plain characters.

        Parameters that are each a ``ParameterRow`` are the rows of an INSERT of one row.
        """
        self.last = (sql, parameters)
        if parameters is None:
            super().execute(sql)
        elif isinstance(parameters, Sequence) and parameters and isinstance(parameters[0], ParameterRow):
            super().executemany(*numbered_many(sql, parameters))
        else:
            super().execute(*numbered(sql, parameters))
        return self

    def executemany(self, sql: str, parameters: Iterable[Parameters]) -> DjangoCursor:
        """Runs a statement for each list of parameters, all or nothing."""
        lists = check_sequence(parameters)
        if not lists:
            super().executemany(sql, lists)
            return self
        text, values = numbered_many(sql, lists)
        self.last = (sql, lists[-1])
        super().executemany(text, values)
        return self

    def _take(self, answer: Answer) -> None:
        columns, rows, affected = answer
        zone = self.zone
        if columns is not None and zone is not datetime.timezone.utc:
            times = [index for index, column in enumerate(columns) if column["type"] == "timestamp"]
            rows = [_in_zone(row, times, zone) for row in rows] if times else rows
        super()._take((columns, rows, affected))


def _in_zone(row: tuple[Any, ...], times: list[int], zone: Optional[datetime.tzinfo]) -> tuple[Any, ...]:
    values = list(row)
    for index in times:
        value = values[index]
        if isinstance(value, datetime.datetime) and value.tzinfo is not None:
            values[index] = without_zone(value) if zone is None else value.astimezone(zone)
    return tuple(values)


def numbered(sql: str, parameters: Parameters) -> tuple[str, list[Any]]:
    """The statement with ``$1 … $n``, and its values. Raises ProgrammingError when they do not fit together.

    A value whose class says its type gets a cast to it, as a literal would have the type. Equal values of a statement
    that groups rows share a number: there ``a + $1`` in two places must be one expression.
    """
    values: list[Any] = []
    shared: Optional[dict[Any, int]] = {} if _COMPARES_EXPRESSIONS.search(sql) else None

    def mark(value: Any) -> str:
        number = len(values) + 1
        if shared is not None:
            try:
                number = shared.setdefault((type(value), value), number)
            except TypeError:
                # A value without a hash is equal to no other one.
                pass
        if number > len(values):
            values.append(value)
        return f"${number}{cast_of(value)}"

    if isinstance(parameters, Mapping):
        return _formatted(sql, _Marks(parameters, mark)), values
    return _formatted(sql, tuple([mark(value) for value in parameters])), values


def numbered_many(sql: str, lists: Sequence[Parameters]) -> tuple[str, list[list[Any]]]:
    """The statement with ``$1 … $n`` for several lists of parameters, and the values of each list.

    A parameter has a cast where the classes of its values say one type. Raises ProgrammingError when the statement and a
    list do not fit together.
    """
    first = lists[0]
    if isinstance(first, Mapping):
        names = list(dict.fromkeys(_NAMED.findall(sql)))
        lists = [_values_of(names, each) for each in lists]
    if len({len(each) for each in lists}) > 1:
        sizes = sorted({len(each) for each in lists})
        raise ProgrammingError(f"the lists of parameters have different lengths: {', '.join(map(str, sizes))}")
    marks = [f"${number}{cast_of_all(values)}" for number, values in enumerate(zip(*lists), start=1)]
    rows = [list(each) for each in lists]
    if isinstance(first, Mapping):
        return _formatted(sql, _Marks(dict(zip(names, marks)), str)), rows
    return _formatted(sql, tuple(marks)), rows


#: A parameter with a name.
_NAMED = re.compile(r"(?<!%)(?:%%)*%\(([^)]*)\)s")


def _values_of(names: list[str], parameters: Any) -> list[Any]:
    try:
        return [parameters[name] for name in names]
    except KeyError as error:
        raise _missing(error) from error


def _missing(error: KeyError) -> ProgrammingError:
    return ProgrammingError(f"the parameter %({error.args[0]})s has no value")


def _formatted(sql: str, marks: Any) -> str:
    """The statement with its parameters replaced by marks."""
    try:
        text: str = sql % marks
        return text
    except KeyError as error:
        raise _missing(error) from error
    except (TypeError, ValueError) as error:
        raise ProgrammingError(
            f"the statement and its parameters do not fit together ({error}); write %% for a character %"
        ) from error


class _Marks(Mapping[str, str]):
    """The marks of parameters with names, made when a statement asks for them."""

    def __init__(self, parameters: Mapping[str, Any], mark: Callable[[Any], str]) -> None:
        self._parameters = parameters
        self._mark = mark
        self._made: dict[str, str] = {}

    def __getitem__(self, name: str) -> str:
        if name not in self._made:
            self._made[name] = self._mark(self._parameters[name])
        return self._made[name]

    def __str__(self) -> str:
        # What %s would become.
        raise TypeError("the statement has %s, and its parameters have names")

    def __iter__(self) -> Iterator[str]:
        return iter(self._parameters)

    def __len__(self) -> int:
        return len(self._parameters)
