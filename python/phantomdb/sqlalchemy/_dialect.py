"""The dialect: PostgreSQL's SQL over PhantomDB's own driver."""

from __future__ import annotations

import os
import sys
import threading
from typing import Any

from sqlalchemy.dialects.postgresql.base import PGDialect
from sqlalchemy.engine.interfaces import BindTyping

from .. import _connection, _url
from .._errors import ProgrammingError
from ._compilers import Compiler, DDLCompiler, ExecutionContext, IdentifierPreparer, TypeCompiler
from ._reflection import DEFAULT_SCHEMA, Reflection
from ._types import COLSPECS

#: The grammar is that of this version of PostgreSQL, by which SQLAlchemy decides what it may write.
GRAMMAR = (16, 0)

#: The arguments of an engine's connections that make the client, which they share.
_CLIENT_OPTIONS = (
    "token",
    "create_database",
    "connect_timeout",
    "request_timeout",
    "statement_timeout",
    "retries",
    "ca",
    "template",
)
_SECONDS = ("connect_timeout", "request_timeout", "statement_timeout")


class Dialect(Reflection, PGDialect):  # type: ignore[misc]
    """PhantomDB, over HTTP or with the database in this process."""

    name = "phantomdb"
    driver = "http"
    default_paramstyle = "numeric_dollar"
    supports_statement_cache = True
    bind_typing = BindTyping.NONE

    supports_sequences = False
    preexecute_autoincrement_sequences = False
    postfetch_lastrowid = False
    supports_native_decimal = True
    supports_native_uuid = True
    supports_native_enum = True
    supports_constraint_comments = False
    supports_smallserial = True
    supports_virtual_generated_columns = False
    supports_sane_multi_rowcount = True
    # A statement takes 32,766 parameters.
    insertmanyvalues_max_parameters = 32_700
    use_insertmanyvalues = True

    statement_compiler = Compiler
    ddl_compiler = DDLCompiler
    type_compiler_cls = TypeCompiler
    preparer = IdentifierPreparer
    execution_ctx_cls = ExecutionContext
    colspecs = COLSPECS

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if "alembic" in sys.modules:
            # A program that migrates has loaded Alembic, which finds the class by the name of its dialect.
            from . import _alembic as _alembic
        self._client: Any = None
        self._process = os.getpid()
        self._opening = threading.Lock()

    @classmethod
    def import_dbapi(cls) -> Any:
        import phantomdb

        return phantomdb

    @classmethod
    def get_async_dialect_cls(cls, url: Any) -> Any:
        from ._async import AsyncDialect

        return AsyncDialect

    def create_connect_args(self, url: Any) -> Any:
        path = url.database or ""
        target = _url.locate(url.drivername, url.host, url.port, path, url.password)
        options: dict[str, Any] = {"connection_string": target.connection_string, "database": target.database}
        if target.token is not None:
            options["token"] = target.token
        for name, value in url.query.items():
            if name not in _CLIENT_OPTIONS:
                listed = ", ".join(_CLIENT_OPTIONS)
                raise ProgrammingError(f"the URL has the option {name!r}; the options are {listed}")
            options[name] = _typed(name, value)
        return [], options

    def _client_of(self, options: dict[str, Any]) -> Any:
        """The client that all connections of this engine share, so that they share its databases in memory too."""
        made = {name: options.pop(name) for name in _CLIENT_OPTIONS if name in options}
        connection_string = options.pop("connection_string", None)
        if "client" in options:
            return options.pop("client")
        with self._opening:
            # A process that was forked needs a client of its own.
            if self._client is None or self._process != os.getpid():
                self._client, _ = _connection.open_client(connection_string, **made)
                self._process = os.getpid()
            return self._client

    def connect(self, *arguments: Any, **options: Any) -> Any:
        client = self._client_of(options)
        return self.loaded_dbapi.connect(client=client, **options)

    def _get_server_version_info(self, connection: Any) -> tuple[int, ...]:
        return GRAMMAR

    def _get_default_schema_name(self, connection: Any) -> str:
        return DEFAULT_SCHEMA

    def initialize(self, connection: Any) -> None:
        # What PostgreSQL's dialect asks its server does not depend on the engine here.
        self.server_version_info = GRAMMAR
        self.default_schema_name = DEFAULT_SCHEMA
        self.default_isolation_level = self.get_default_isolation_level(connection.connection.dbapi_connection)
        self._backslash_escapes = False

    def get_isolation_level_values(self, dbapi_connection: Any) -> list[str]:
        return ["AUTOCOMMIT", *_connection.ISOLATION_LEVELS]

    def get_isolation_level(self, dbapi_connection: Any) -> str:
        if dbapi_connection.autocommit:
            return "AUTOCOMMIT"
        return dbapi_connection.isolation_level or "READ COMMITTED"

    def set_isolation_level(self, dbapi_connection: Any, level: str) -> None:
        if level == "AUTOCOMMIT":
            dbapi_connection.autocommit = True
            return
        dbapi_connection.autocommit = False
        dbapi_connection.isolation_level = level

    def detect_autocommit_setting(self, dbapi_connection: Any) -> bool:
        return bool(dbapi_connection.autocommit)

    def set_readonly(self, connection: Any, value: bool) -> None:
        connection.read_only = value

    def get_readonly(self, connection: Any) -> bool:
        return bool(connection.read_only)

    def set_deferrable(self, connection: Any, value: bool) -> None:
        raise NotImplementedError("PhantomDB has no deferrable transactions")

    def get_deferrable(self, connection: Any) -> bool:
        return False

    def is_disconnect(self, e: Any, connection: Any, cursor: Any) -> bool:
        # A connection is a database and a transaction, not a socket: nothing that fails makes the others useless.
        return bool(connection is not None and getattr(connection, "closed", False))

    def do_begin_twophase(self, connection: Any, xid: Any) -> None:
        raise NotImplementedError("PhantomDB has no two-phase transactions")


def _typed(name: str, value: Any) -> Any:
    """An option that stands in a URL as text."""
    if name in _SECONDS:
        return float(value)
    if name == "retries":
        return int(value)
    if name == "create_database":
        return str(value).lower() not in ("false", "0", "no")
    return value
