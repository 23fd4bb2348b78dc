"""Values as literals of SQL, for definitions, which have no parameters, and for the log of queries."""

from __future__ import annotations

import datetime
import decimal
import math
import uuid
from collections.abc import Collection
from typing import Any

from .. import _types

class Integer(int):
    """An integer in an expression, where nothing else says that a parameter is a number."""


#: The type of a parameter by its Python class. PhantomDB infers the types of texts and integers from where they stand.
CASTS: dict[type, str] = {
    bool: "::boolean",
    bytes: "::bytea",
    bytearray: "::bytea",
    memoryview: "::bytea",
    datetime.date: "::date",
    datetime.datetime: "::timestamptz",
    datetime.time: "::time",
    datetime.timedelta: "::interval",
    decimal.Decimal: "::numeric",
    float: "::double precision",
    uuid.UUID: "::uuid",
    _types.Json: "::jsonb",
    int: "",
    str: "",
    list: "",
    tuple: "",
    type(None): "",
}


#: The casts to the types of integers, and the bits of their values.
_INTEGERS = (("::integer", 31), ("::bigint", 63))


def cast_of(value: object) -> str:
    """The cast that gives a parameter the type of its value."""
    if isinstance(value, Integer):
        fitting = (name for name, bits in _INTEGERS if -(1 << bits) <= value < 1 << bits)
        return next(fitting, "::numeric")
    known = CASTS.get(type(value))
    if known is not None:
        return known
    return next((CASTS[kind] for kind in type(value).__mro__ if kind in CASTS), "")


def cast_of_all(values: Collection[object]) -> str:
    """The cast of a parameter that takes one of the values after the other: none when their classes say different types."""
    kinds = {type(value): value for value in values if value is not None}
    # The cast of an `Integer` depends on its value.
    deciding = values if Integer in kinds else kinds.values()
    casts = {cast_of(value) for value in deciding if value is not None}
    return casts.pop() if len(casts) == 1 else ""


def _quoted(text: str) -> str:
    if "\0" in text:
        raise ValueError("a text cannot hold the character NUL")
    return "'" + text.replace("'", "''") + "'"


def literal(value: Any) -> str:
    """The literal of a value. Raises ValueError for a value that has none."""
    if value is None:
        return "NULL"
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, str):
        return _quoted(str(value))
    if isinstance(value, int):
        return str(int(value))
    if isinstance(value, (float, decimal.Decimal)) and math.isfinite(value):
        return repr(float(value)) if isinstance(value, float) else format(value, "f")
    if isinstance(value, (bytes, bytearray, memoryview)):
        return f"'\\x{bytes(value).hex()}'::bytea"
    if isinstance(value, datetime.timedelta):
        return f"'{value.days} days {value.seconds}.{value.microseconds:06} seconds'::interval"
    if isinstance(value, (datetime.date, datetime.time)):
        return _quoted(value.isoformat()) + cast_of(value)
    if isinstance(value, (list, tuple, dict, _types.Json)):
        return _quoted(_types.dumps(value)) + "::jsonb"
    if isinstance(value, (float, decimal.Decimal, uuid.UUID)):
        return _quoted(str(value)) + cast_of(value)
    raise ValueError(f"SQL has no literal for a value of the class {type(value).__qualname__}")
