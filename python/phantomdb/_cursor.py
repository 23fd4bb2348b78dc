"""What synchronous and asynchronous cursors have in common."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Generic, Optional, TypeVar, Union

from ._errors import ProgrammingError, check_open

if TYPE_CHECKING:
    from ._connection import BaseConnection

#: The parameters of a statement: a sequence for ``$1`` or ``?``, a mapping for ``:name``.
Parameters = Union[Sequence[Any], Mapping[str, Any]]
#: A column of a result, as DB-API 2.0 describes it.
Column = tuple[str, str, None, Optional[int], Optional[int], Optional[int], Optional[bool]]
#: The columns of a result (None when the statement has no rows), the rows, and the number of rows that were changed.
Answer = tuple[Optional[list[dict[str, Any]]], list[tuple[Any, ...]], int]

def check_sequence(parameters: Iterable[Parameters]) -> list[Parameters]:
    """The lists of parameters for ``executemany``."""
    if isinstance(parameters, (str, bytes, Mapping)):
        raise ProgrammingError("executemany takes a sequence of sequences or mappings")
    return list(parameters)


#: The numbers in a type's name: its length, or its precision and its scale.
_NUMBERS = re.compile(r"(VARCHAR|CHAR|DECIMAL|TIMESTAMP|TIME)\((\d+)(?:,(-?\d+))?\)")


def _description(column: dict[str, Any]) -> Column:
    size = precision = scale = None
    exact = column.get("sqlType")
    numbers = _NUMBERS.fullmatch(exact) if exact else None
    if numbers is not None and numbers[1] in ("VARCHAR", "CHAR"):
        size = int(numbers[2])
    elif numbers is not None:
        precision, scale = int(numbers[2]), None if numbers[3] is None else int(numbers[3])
    return (column["name"], column["type"], None, size, precision, scale, column.get("nullable"))


#: The descriptions of lists of columns, by their identity. The native part gives the same list for the same columns.
_descriptions: dict[int, tuple[list[dict[str, Any]], list[Column]]] = {}
_DESCRIPTIONS_MAX = 500


def described(columns: Optional[list[dict[str, Any]]]) -> Optional[list[Column]]:
    """``cursor.description`` of the columns of a result."""
    if columns is None:
        return None
    # The list is kept with its description, so that no other one gets its identity.
    _, description = _descriptions.get(id(columns), (None, None))
    if description is None:
        description = [_description(column) for column in columns]
        if len(_descriptions) >= _DESCRIPTIONS_MAX:
            _descriptions.clear()
        _descriptions[id(columns)] = (columns, description)
    return list(description)


class Rows:
    """The rows of the last result of a cursor, and how many were read."""

    rowcount: int
    arraysize: int

    def __init__(self) -> None:
        self.arraysize = 1
        self._clear()

    def _clear(self) -> None:
        self._columns: Optional[list[dict[str, Any]]] = None
        self._description: Optional[list[Column]] = None
        self.rowcount = -1
        self._rows: list[tuple[Any, ...]] = []
        self._next = 0

    def _take(self, answer: Answer) -> None:
        columns, rows, affected = answer
        self._columns = columns
        self._description = None
        self._rows = rows
        self._next = 0
        # A write with RETURNING has both.
        self.rowcount = len(rows) if columns is not None else affected

    def _take_all(self, answers: list[Answer]) -> None:
        """The rows of several statements one after the other."""
        self._take(answers[-1])
        self._rows = [row for _, rows, _ in answers for row in rows]
        self.rowcount = sum(len(rows) if columns is not None else affected for columns, rows, affected in answers)

    @property
    def description(self) -> Optional[list[Column]]:
        """The columns of the last result, or None when it has none. They are described when they are first asked for."""
        if self._description is None:
            self._description = described(self._columns)
        return self._description

    def _check_result(self) -> None:
        if self._columns is None:
            raise ProgrammingError("there is no result to fetch: no statement ran, or the last one returns no rows")

    def _one(self) -> Optional[tuple[Any, ...]]:
        if self._columns is None:
            self._check_result()
        place = self._next
        if place >= len(self._rows):
            return None
        self._next = place + 1
        return self._rows[place]

    def _many(self, size: Optional[int]) -> list[tuple[Any, ...]]:
        self._check_result()
        count = self.arraysize if size is None else size
        if count < 0:
            raise ProgrammingError("the number of rows to fetch cannot be negative")
        rows = self._rows[self._next : self._next + count]
        self._next += len(rows)
        return rows

    def _all(self) -> list[tuple[Any, ...]]:
        self._check_result()
        rows = self._rows[self._next :] if self._next else list(self._rows)
        self._next = len(self._rows)
        return rows

    @property
    def rownumber(self) -> Optional[int]:
        """The number of rows that were read, or None without a result."""
        return None if self._columns is None else self._next

    @property
    def lastrowid(self) -> None:
        """Always None: use ``INSERT … RETURNING``."""
        return None


C = TypeVar("C", bound="BaseConnection")


class BaseCursor(Rows, Generic[C]):
    """A cursor of a connection, but for what waits."""

    connection: C

    def __init__(self, connection: C) -> None:
        super().__init__()
        self.connection = connection
        self._closed = False

    def _check(self) -> None:
        # Each statement and each row comes here, and a call takes long in Python.
        if self._closed or self.connection._closed:
            check_open(self._closed, "cursor")
            check_open(self.connection._closed, "connection")

    def _begin(self) -> None:
        """Makes ready for another statement."""
        self._check()
        self._clear()

    def _begin_many(self, parameters: Iterable[Parameters]) -> list[Parameters]:
        """Makes ready for a statement with several lists of parameters, and returns the lists."""
        self._begin()
        lists = check_sequence(parameters)
        if not lists:
            self.rowcount = 0
        return lists

    def _take_many(self, outcome: Union[Answer, list[Answer]]) -> None:
        if isinstance(outcome, list):
            self._take_all(outcome)
        else:
            self._take(outcome)

    def _end(self) -> None:
        self._clear()
        self._closed = True
