"""What synchronous and asynchronous connections have in common."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple, Optional, Union

from ._errors import InterfaceError, ProgrammingError
from ._native import Client, Session
from ._url import parse

#: The parameters of a statement: a sequence for ``$1`` or ``?``, a mapping for ``:name``.
Parameters = Union[Sequence[Any], Mapping[str, Any]]
#: A column of a result, as DB-API 2.0 describes it.
Column = tuple[str, str, None, Optional[int], Optional[int], Optional[int], Optional[bool]]
#: The columns of a result (None when the statement has no rows), the rows, and the number of rows that were changed.
Answer = tuple[Optional[list[dict[str, Any]]], list[tuple[Any, ...]], int]

ISOLATION_LEVELS = ("READ UNCOMMITTED", "READ COMMITTED", "REPEATABLE READ", "SERIALIZABLE")


def open_client(
    url: Optional[str] = None,
    *,
    token: Optional[str] = None,
    create_database: bool = True,
    connect_timeout: Optional[float] = None,
    request_timeout: Optional[float] = None,
    statement_timeout: Optional[float] = None,
    retries: Optional[int] = None,
    ca: Optional[str] = None,
    template: Optional[str] = None,
) -> tuple[Client, Optional[str]]:
    """Makes the client of a URL, and returns it with the database that the URL names. Nothing is connected yet.

    Times are in seconds. ``template`` is the file of a saved snapshot, in which state new databases in memory or in a directory
    begin. Raises ProgrammingError for a URL or an option that cannot be used.
    """
    text = url or os.environ.get("PHANTOMDB_URL") or "http://localhost:8080"
    target = parse(text)
    if token is not None and target.token is not None and token != target.token:
        raise ProgrammingError("the password in the URL and the argument token are two different tokens; leave one out")
    options: dict[str, Any] = {"createDatabase": create_database}
    if token or target.token:
        options["token"] = token or target.token
    times = {
        "connectTimeoutMs": connect_timeout,
        "requestTimeoutMs": request_timeout,
        "statementTimeoutMs": statement_timeout,
    }
    options.update({name: round(seconds * 1000) for name, seconds in times.items() if seconds is not None})
    if retries is not None:
        options["retries"] = retries
    if ca is not None:
        options["tls"] = {"ca": [_authorities(ca)]}
    if template is not None:
        options["template"] = {"path": template}
    return Client(target.connection_string, json.dumps(options)), target.database


def _authorities(ca: str) -> str:
    """The certificates in PEM, which are given as text or as the path of a file."""
    if "-----BEGIN" in ca:
        return ca
    try:
        with open(ca, encoding="ascii") as file:
            return file.read()
    except OSError as error:
        raise ProgrammingError(f"the certificates {ca!r} cannot be read: {error}") from error


def open_session(
    url: Optional[str], client: Optional[Client], database: Optional[str], autocommit: bool, options: dict[str, Any]
) -> tuple[Client, Session, str]:
    """The client, a session and its database for the arguments of ``connect``."""
    named: Optional[str] = None
    if client is None:
        client, named = open_client(url, **options)
    elif url is not None or options:
        raise ProgrammingError("the client has its URL and its options already")
    if database is not None and named is not None and database != named:
        raise ProgrammingError(f"the URL names the database {named!r}, and the argument database {database!r}")
    chosen = database or named
    if not chosen:
        raise ProgrammingError("no database is named: end the URL with /NAME, or pass the argument database")
    return client, client.session(chosen, autocommit), chosen


def call_text(name: str, fields: Optional[dict[str, Any]]) -> str:
    """A call of the contract as the native part reads it."""
    if fields is None:
        return json.dumps(name)
    return json.dumps({name: fields})


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


def described(columns: Optional[list[dict[str, Any]]]) -> Optional[list[Column]]:
    """``cursor.description`` of the columns of a result."""
    if columns is None:
        return None
    return [_description(column) for column in columns]


class DescribedParameter(NamedTuple):
    """A parameter of a statement that was described."""

    #: The name in ``:name``; None for ``$1`` and ``?``.
    name: Optional[str]
    #: How its values travel, such as ``integer``; ``any`` for a parameter that takes the type of its value.
    type: str
    #: The type in SQL, without a length or a precision. None for a parameter that takes the type of its value.
    sql_type: Optional[str]


class DescribedColumn(NamedTuple):
    """A column of the result of a statement that was described."""

    name: str
    #: How its values travel, such as ``integer``.
    type: str
    #: The type in SQL, such as ``VARCHAR(40)``, where it is known.
    sql_type: Optional[str]
    #: False when no row has NULL there, True when a row may have, None when nothing is known.
    nullable: Optional[bool]


class Description(NamedTuple):
    """What a statement takes and returns."""

    #: In the order of their numbers.
    parameters: list[DescribedParameter]
    #: Empty for a statement that returns no rows.
    columns: list[DescribedColumn]


def description_of(names: Optional[list[str]], answer: dict[str, Any]) -> Description:
    """The answer of the call ``describeStatement``."""
    parameters = [
        DescribedParameter(names[number] if names and number < len(names) else None, each["type"], each.get("sqlType"))
        for number, each in enumerate(answer["parameters"])
    ]
    columns = [
        DescribedColumn(each["name"], each["type"], each.get("sqlType"), each.get("nullable"))
        for each in answer["columns"]
    ]
    return Description(parameters, columns)


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
        self._check_result()
        if self._next >= len(self._rows):
            return None
        self._next += 1
        return self._rows[self._next - 1]

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


def check_sequence(parameters: Iterable[Parameters]) -> list[Parameters]:
    """The lists of parameters for ``executemany``."""
    if isinstance(parameters, (str, bytes, Mapping)):
        raise ProgrammingError("executemany takes a sequence of sequences or mappings")
    return list(parameters)


def check_open(closed: bool, what: str) -> None:
    """Raises InterfaceError when ``what`` is closed."""
    if closed:
        raise InterfaceError(f"the {what} is closed")


def check_isolation(level: Optional[str]) -> Optional[str]:
    """The name of an isolation level in upper case. Raises ProgrammingError when there is none of that name."""
    if level is None:
        return None
    name = level.upper().replace("_", " ")
    if name not in ISOLATION_LEVELS:
        raise ProgrammingError(f"there is no isolation level {level!r}; there are {', '.join(ISOLATION_LEVELS)}")
    return name
