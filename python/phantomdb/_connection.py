"""What synchronous and asynchronous connections have in common."""

from __future__ import annotations

import json
import os
from typing import Any, Generic, NamedTuple, Optional, TypeVar

from . import _errors
from ._errors import ProgrammingError, check_open
from ._native import Client, Session
from ._url import parse

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


def check_isolation(level: Optional[str]) -> Optional[str]:
    """The name of an isolation level in upper case. Raises ProgrammingError when there is none of that name."""
    if level is None:
        return None
    name = level.upper().replace("_", " ")
    if name not in ISOLATION_LEVELS:
        raise ProgrammingError(f"there is no isolation level {level!r}; there are {', '.join(ISOLATION_LEVELS)}")
    return name


class BaseConnection:
    """A connection to one database, but for what waits."""

    # DB-API 2.0 suggests the exceptions as attributes, for code that has only a connection.
    Warning = _errors.Warning
    Error = _errors.Error
    InterfaceError = _errors.InterfaceError
    DatabaseError = _errors.DatabaseError
    DataError = _errors.DataError
    OperationalError = _errors.OperationalError
    IntegrityError = _errors.IntegrityError
    InternalError = _errors.InternalError
    ProgrammingError = _errors.ProgrammingError
    NotSupportedError = _errors.NotSupportedError

    #: The name of the class in ``repr``.
    _shown_as: str

    def __init__(
        self,
        url: Optional[str],
        database: Optional[str],
        client: Optional[Client],
        autocommit: bool,
        options: dict[str, Any],
    ) -> None:
        self._closed = True
        self._owns_client = client is None
        self._client, self._session, self.database = open_session(url, client, database, autocommit, options)
        self._closed = False
        #: True to have the exact types of columns in ``cursor.description``.
        self.exact_types = False
        self._autocommit = autocommit
        self._isolation_level: Optional[str] = None
        self._read_only = False

    @property
    def closed(self) -> bool:
        """True once the connection is closed."""
        return self._closed

    @property
    def in_transaction(self) -> bool:
        """True while a transaction is open. One begins with the first statement that may write."""
        return not self._closed and self._session.in_transaction()

    def _call_text(self, name: str, fields: Optional[dict[str, Any]]) -> str:
        """A call about the database, as the native part reads it."""
        check_open(self._closed, "connection")
        return call_text(name, None if fields is None else {"database": self.database, **fields})

    def __repr__(self) -> str:
        state = "closed" if self._closed else "open"
        return f"<{self._shown_as} to {self._client.url} database {self.database!r}, {state}>"


def answer_of(text: str) -> Any:
    """The answer of a call; None for a call without one."""
    return json.loads(text) if text else None


C = TypeVar("C", bound=BaseConnection)


class BaseSnapshot(Generic[C]):
    """A state of a database that was kept. ``drop`` lets go of it."""

    def __init__(self, connection: C, made: dict[str, Any]) -> None:
        self._connection = connection
        self.id: str = made["snapshot_id"]
        #: The size in bytes.
        self.size: int = made["bytes"]

    def _clone_text(self, database: str) -> str:
        return call_text("createDatabase", {"name": database, "template": self.id})

    def _check_drop(self) -> None:
        if self._connection.closed:
            raise ProgrammingError("the connection that made the snapshot is closed")
