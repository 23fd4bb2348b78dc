"""PhantomDB for Python: the interface of DB-API 2.0 (PEP 249).

``phantomdb.aio`` has the same for asyncio, and ``phantomdb.sqlalchemy`` is the dialect of SQLAlchemy.
"""

from ._connection import DescribedColumn, DescribedParameter, Description, open_client
from ._cursor import Parameters
from ._dbapi import Connection, Cursor, Snapshot, connect
from ._errors import (
    DatabaseError,
    DataError,
    Error,
    IntegrityError,
    InterfaceError,
    InternalError,
    NotSupportedError,
    OperationalError,
    ProgrammingError,
    Warning,
)
from ._native import Client
from ._types import (
    BINARY,
    DATETIME,
    NUMBER,
    ROWID,
    STRING,
    Binary,
    Date,
    DateFromTicks,
    Json,
    Time,
    TimeFromTicks,
    Timestamp,
    TimestampFromTicks,
)

__version__ = "0.1.0"

#: The version of DB-API.
apilevel = "2.0"
#: Threads may share the module and connections.
threadsafety = 2
#: Parameters are written ``$1 … $n``. ``?`` and ``:name`` are understood too.
paramstyle = "numeric_dollar"

__all__ = [
    "BINARY",
    "DATETIME",
    "NUMBER",
    "ROWID",
    "STRING",
    "Binary",
    "Client",
    "Connection",
    "Cursor",
    "DataError",
    "DatabaseError",
    "Date",
    "DateFromTicks",
    "DescribedColumn",
    "DescribedParameter",
    "Description",
    "Error",
    "IntegrityError",
    "InterfaceError",
    "InternalError",
    "Json",
    "NotSupportedError",
    "OperationalError",
    "Parameters",
    "ProgrammingError",
    "Snapshot",
    "Time",
    "TimeFromTicks",
    "Timestamp",
    "TimestampFromTicks",
    "Warning",
    "apilevel",
    "connect",
    "open_client",
    "paramstyle",
    "threadsafety",
]
