"""What a database of ``DATABASES`` names, and the clients that its connections share."""

from __future__ import annotations

import os
import threading
from dataclasses import dataclass, replace
from typing import Any, Optional

from django.core.exceptions import ImproperlyConfigured

from .. import _connection, _url
from .._errors import ProgrammingError
from .._native import Client

#: The options that make the client. The others of ``OPTIONS`` are those of a connection.
_CLIENT_OPTIONS = (
    "connect_timeout",
    "request_timeout",
    "statement_timeout",
    "retries",
    "create_database",
    "ca",
    "template",
)
_CONNECTION_OPTIONS = ("isolation_level",)


@dataclass(frozen=True)
class Place:
    """Where a database is."""

    connection_string: str
    database: str
    token: Optional[str]

    @property
    def is_in_memory(self) -> bool:
        """True for a database that ends with the process."""
        return self.connection_string.startswith("memory:")

    @property
    def is_remote(self) -> bool:
        """True for a database on a server."""
        return self.connection_string.startswith("http")

    @property
    def directory(self) -> Optional[str]:
        """The directory of a database in files."""
        return self.connection_string.removeprefix("file:") if self.connection_string.startswith("file:") else None

    def named(self, database: str) -> Place:
        """The place of another database beside this one."""
        return replace(self, database=database)


def is_url(name: str) -> bool:
    """True when ``NAME`` says where the database is, and not only what it is called."""
    return name.partition(":")[0].lower().split("+")[0] == "phantomdb" and ":" in name


def place(settings: dict[str, Any]) -> Place:
    """Where the database of these settings is. Raises ImproperlyConfigured."""
    name = str(settings.get("NAME") or "")
    if settings.get("USER") or settings.get("PASSWORD"):
        raise ImproperlyConfigured("PhantomDB has no users: leave out USER and PASSWORD, and set TOKEN to the token")
    token = settings.get("TOKEN") or None
    if not is_url(name):
        return _place_of_parts(settings, name, token)
    for part in ("HOST", "PORT"):
        if settings.get(part):
            raise ImproperlyConfigured(f"NAME is a URL, which says where the database is: leave out {part}")
    try:
        target = _url.parse(name)
    except ProgrammingError as error:
        raise ImproperlyConfigured(f"NAME: {error}") from error
    if not target.database:
        raise ImproperlyConfigured("NAME is a URL without a database: end it with /NAME")
    if token and target.token and token != target.token:
        raise ImproperlyConfigured("TOKEN and the password in the URL are two different tokens; leave one out")
    return Place(target.connection_string, target.database, target.token or token)


def _place_of_parts(settings: dict[str, Any], name: str, token: Optional[str]) -> Place:
    if not name:
        raise ImproperlyConfigured(
            "DATABASES needs NAME: a URL such as phantomdb+file://./data/app, or the name of a database with HOST"
        )
    host = str(settings.get("HOST") or "localhost")
    scheme, separator, rest = host.partition("://")
    if separator and scheme not in ("http", "https"):
        raise ImproperlyConfigured("HOST is the name of a host, with https:// before it for TLS")
    port = settings.get("PORT") or None
    try:
        target = _url.locate(
            "phantomdb+https" if scheme == "https" and separator else "phantomdb",
            rest.rstrip("/") if separator else host,
            None if port is None else int(port),
            name,
            token,
        )
    except (ProgrammingError, ValueError) as error:
        raise ImproperlyConfigured(f"HOST, PORT and NAME: {error}") from error
    return Place(target.connection_string, name, token)


def with_database(settings: dict[str, Any], database: str) -> str:
    """``NAME`` for another database in the same place."""
    name = str(settings["NAME"])
    return f"{name.rpartition('/')[0]}/{database}" if is_url(name) else database


def connection_options(settings: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """The options of the client and of the connection in ``OPTIONS``. Raises ImproperlyConfigured."""
    options = dict(settings.get("OPTIONS") or {})
    client = {name: options.pop(name) for name in _CLIENT_OPTIONS if name in options}
    connection = {name: options.pop(name) for name in _CONNECTION_OPTIONS if name in options}
    if options:
        known = ", ".join((*_CLIENT_OPTIONS, *_CONNECTION_OPTIONS))
        raise ImproperlyConfigured(f"OPTIONS has {', '.join(map(repr, options))}; the options are {known}")
    return client, connection


_clients: dict[tuple[Any, ...], Client] = {}
_opening = threading.Lock()


def client_of(place: Place, options: dict[str, Any]) -> Client:
    """The client of a place. The connections of all threads share it, and so its databases in memory."""
    # A process that was forked needs clients of its own.
    key = (os.getpid(), place.connection_string, place.token, tuple(sorted(options.items())))
    with _opening:
        client = _clients.get(key)
        if client is None:
            client, _ = _connection.open_client(place.connection_string, token=place.token, **options)
            _clients[key] = client
        return client
