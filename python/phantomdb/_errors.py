"""The exceptions of DB-API 2.0, with what the database said about the error."""

from __future__ import annotations

import json
from typing import Any, Optional


class Warning(Exception):  # noqa: A001 - the name is that of DB-API 2.0
    """An important warning. PhantomDB raises none; the name is part of DB-API 2.0."""


class Error(Exception):
    """The base class of every error of the database and of this package.

    Attributes:
        code: the code of the error in PhantomDB's contract, such as ``UNIQUE_VIOLATION``; None when the error did not
            come from a database.
        details: what else is known, by the names that the contract uses.
        request_id: the id under which the log of the server knows the request.
    """

    def __init__(
        self,
        message: str = "",
        *,
        code: Optional[str] = None,
        details: Optional[dict[str, Any]] = None,
        request_id: Optional[str] = None,
    ) -> None:
        super().__init__(message)
        self.code = code
        self.details: dict[str, Any] = details or {}
        self.request_id = request_id

    @property
    def table(self) -> Optional[str]:
        """The table at fault, if one is known."""
        table: Optional[str] = self.details.get("table")
        return table

    @property
    def columns(self) -> list[str]:
        """The columns at fault, as far as they are known."""
        return list(self.details.get("columns", ()))

    @property
    def constraint(self) -> Optional[str]:
        """The name of the constraint that was violated, if there is one."""
        constraint: Optional[str] = self.details.get("constraint")
        return constraint

    @property
    def position(self) -> Optional[int]:
        """The character of the statement at which the error is, from 1."""
        position: Optional[int] = self.details.get("position")
        return position


class InterfaceError(Error):
    """The package was used wrongly: a closed cursor, for example."""


class DatabaseError(Error):
    """An error of the database."""


class DataError(DatabaseError):
    """A value does not fit: out of range, or of another type."""


class OperationalError(DatabaseError):
    """The database could not do its work: it was not reached, a lock or a time-out ended the work."""


class IntegrityError(DatabaseError):
    """A constraint was violated."""


class InternalError(DatabaseError):
    """The database found a fault in itself."""


class ProgrammingError(DatabaseError):
    """The statement is wrong: its syntax, or a name that does not exist."""


class NotSupportedError(DatabaseError):
    """The database does not have what the statement asks for."""


_CLASSES: dict[str, type[Error]] = {
    "UNIQUE_VIOLATION": IntegrityError,
    "FOREIGN_KEY_VIOLATION": IntegrityError,
    "NOT_NULL_VIOLATION": IntegrityError,
    "CHECK_VIOLATION": IntegrityError,
    "EXCLUSION_VIOLATION": IntegrityError,
    "SYNTAX_ERROR": ProgrammingError,
    "UNKNOWN_FUNCTION": ProgrammingError,
    "UNKNOWN_TABLE": ProgrammingError,
    "UNKNOWN_COLUMN": ProgrammingError,
    "UNKNOWN_DATABASE": ProgrammingError,
    "UNKNOWN_CONSTRAINT": ProgrammingError,
    "ALREADY_EXISTS": ProgrammingError,
    "NOT_FOUND": ProgrammingError,
    "BAD_REQUEST": ProgrammingError,
    "TYPE_MISMATCH": DataError,
    "OUT_OF_RANGE": DataError,
    "UNSUPPORTED": NotSupportedError,
    "INTERNAL": InternalError,
    "SERIALIZATION_FAILURE": OperationalError,
    "DEADLOCK": OperationalError,
    "LOCK_TIMEOUT": OperationalError,
    "STATEMENT_TIMEOUT": OperationalError,
    "TRANSACTION_EXPIRED": OperationalError,
    "WRONG_SERVER": OperationalError,
    "UNAUTHORIZED": OperationalError,
    "FORBIDDEN": OperationalError,
    "TOO_LARGE": OperationalError,
    "TOO_MANY_REQUESTS": OperationalError,
    "STORAGE_FULL": OperationalError,
    "UNAVAILABLE": OperationalError,
}


def from_native(code: str, message: str, details: str, request_id: Optional[str]) -> Error:
    """The exception for an error of the contract. A code that a newer server has is a DatabaseError."""
    return _CLASSES.get(code, DatabaseError)(
        message, code=code, details=json.loads(details or "{}"), request_id=request_id
    )


def check_open(closed: bool, what: str) -> None:
    """Raises InterfaceError when ``what`` is closed."""
    if closed:
        raise InterfaceError(f"the {what} is closed")
