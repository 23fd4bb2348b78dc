"""The type objects and constructors of DB-API 2.0, and documents as parameters."""

from __future__ import annotations

import datetime
import json
import time
from typing import Any, Callable, Optional

Date = datetime.date
Time = datetime.time
Timestamp = datetime.datetime
Binary = bytes


def DateFromTicks(ticks: float) -> datetime.date:  # noqa: N802 - the name is that of DB-API 2.0
    """The date of a time in seconds since 1970, in the local zone."""
    return datetime.date(*time.localtime(ticks)[:3])


def TimeFromTicks(ticks: float) -> datetime.time:  # noqa: N802
    """The time of day of a time in seconds since 1970, in the local zone."""
    return datetime.time(*time.localtime(ticks)[3:6])


def TimestampFromTicks(ticks: float) -> datetime.datetime:  # noqa: N802
    """A time in seconds since 1970, in the local zone."""
    return datetime.datetime.fromtimestamp(ticks)


def without_zone(value: datetime.datetime) -> datetime.datetime:
    """The time on the clock, as ``value.replace(tzinfo=None)`` gives it, which takes several times as long."""
    return datetime.datetime.combine(value, value.time())


class TypeObject:
    """A group of types. It equals the type of each of its columns in ``cursor.description``."""

    def __init__(self, *types: str) -> None:
        self._types = frozenset(types)

    def __eq__(self, other: object) -> bool:
        if isinstance(other, TypeObject):
            return self._types == other._types
        return other in self._types

    def __hash__(self) -> int:
        return hash(self._types)

    def __repr__(self) -> str:
        return f"TypeObject({', '.join(sorted(self._types))})"


STRING = TypeObject("string", "enum", "uuid", "json")
BINARY = TypeObject("blob")
NUMBER = TypeObject("integer", "float", "decimal", "boolean")
DATETIME = TypeObject("timestamp", "date", "time")
# A row has no id beside its key.
ROWID = TypeObject()


class Json:
    """A parameter that is sent as a JSON document, whatever its class is.

    Dictionaries, lists and tuples are sent so by themselves. ``Json("text")`` is the document ``"text"``, and
    ``Json(None)`` the document ``null``, which is not NULL.
    """

    __slots__ = ("dumps", "value")

    def __init__(self, value: Any, dumps: Optional[Callable[[Any], str]] = None) -> None:
        self.value = value
        self.dumps = dumps

    def __repr__(self) -> str:
        return f"Json({self.value!r})"


def _default(value: object) -> object:
    if isinstance(value, Json):
        return value.value
    if isinstance(value, (datetime.datetime, datetime.date, datetime.time)):
        return value.isoformat()
    import decimal
    import uuid

    if isinstance(value, (uuid.UUID, decimal.Decimal)):
        return str(value)
    raise TypeError(f"a document cannot hold a value of the class {type(value).__qualname__}")


def dumps(value: Any) -> str:
    """The text of a document. Times, UUIDs and decimals in it become their text."""
    if isinstance(value, Json):
        return value.dumps(value.value) if value.dumps else dumps(value.value)
    return json.dumps(value, default=_default, ensure_ascii=False)
