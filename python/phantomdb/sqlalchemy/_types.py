"""How values of SQLAlchemy's types travel, where Python's own class does not say it."""

from __future__ import annotations

import datetime
import decimal
import json
from typing import Any, Callable, Optional

from sqlalchemy import types as sqltypes
from sqlalchemy.dialects import postgresql
from sqlalchemy.dialects.postgresql.json import JSONPathType as PGJSONPathType

from .._types import Json, without_zone

_Processor = Optional[Callable[[Any], Any]]

_combine = datetime.datetime.combine


class DateTime(sqltypes.DateTime):
    """A time. Every stored time is in UTC: one without a zone is taken to be in UTC, and read back without its zone."""

    def bind_processor(self, dialect: Any) -> _Processor:
        if self.timezone:
            return None

        def process(value: Any) -> Any:
            # psycopg drops the zone as PostgreSQL does: the clock on the wall is what is stored.
            if isinstance(value, datetime.datetime) and value.tzinfo is not None:
                return without_zone(value)
            return value

        return process

    def result_processor(self, dialect: Any, coltype: object) -> _Processor:
        has_zone = self.timezone
        if coltype == "timestamp":
            # All values but NULL have the zone UTC.
            return None if has_zone else _without_zone

        def process(value: Any) -> Any:
            if not isinstance(value, datetime.datetime):
                return value
            if has_zone:
                return value if value.tzinfo is not None else value.replace(tzinfo=datetime.timezone.utc)
            return without_zone(value)

        return process


def _without_zone(value: Any) -> Any:
    # Each row comes here, so it makes no call more than it must.
    return None if value is None else _combine(value, value.time())


class Date(sqltypes.Date):
    """A date. A time is cut to its day, as PostgreSQL does it."""

    def bind_processor(self, dialect: Any) -> _Processor:
        def process(value: Any) -> Any:
            return value.date() if isinstance(value, datetime.datetime) else value

        return process

    def result_processor(self, dialect: Any, coltype: object) -> _Processor:
        if coltype == "date":
            return None

        def process(value: Any) -> Any:
            return value.date() if isinstance(value, datetime.datetime) else value

        return process


class Numeric(sqltypes.Numeric[Any]):
    """A decimal, or a float with ``asdecimal=False``."""

    def bind_processor(self, dialect: Any) -> _Processor:
        return None

    def result_processor(self, dialect: Any, coltype: object) -> _Processor:
        if not self.asdecimal:
            return None if coltype == "float" else _as_float
        return None if coltype == "decimal" else _as_decimal(None)


class Float(sqltypes.Float[Any]):
    """A float, or a decimal of its digits with ``asdecimal=True``."""

    def bind_processor(self, dialect: Any) -> _Processor:
        return None

    def result_processor(self, dialect: Any, coltype: object) -> _Processor:
        if self.asdecimal:
            return _as_decimal(self._effective_decimal_return_scale)
        return None if coltype == "float" else _as_float


def _as_float(value: Any) -> Any:
    return float(value) if isinstance(value, (decimal.Decimal, int)) else value


def _as_decimal(scale: Optional[int]) -> Callable[[Any], Any]:
    def process(value: Any) -> Any:
        if isinstance(value, float):
            return decimal.Decimal(repr(value) if scale is None else f"{value:.{scale}f}")
        if isinstance(value, int):
            return decimal.Decimal(value)
        return value

    return process


class _Document:
    """What the types of documents have in common."""

    none_as_null: bool
    should_evaluate_none: bool

    def bind_processor(self, dialect: Any) -> _Processor:
        serializer = dialect._json_serializer

        def process(value: Any) -> Any:
            if value is sqltypes.JSON.NULL:
                return Json(None, serializer)
            if value is None and self.none_as_null:
                return None
            if isinstance(value, _null_types()):
                return None
            return Json(value, serializer)

        return process

    def result_processor(self, dialect: Any, coltype: object) -> _Processor:
        deserializer = dialect._json_deserializer
        if deserializer is None:
            # The rows have documents as Python's objects already.
            return None

        def process(value: Any) -> Any:
            return None if value is None else deserializer(json.dumps(value))

        return process


def _null_types() -> tuple[type, ...]:
    from sqlalchemy.sql import elements

    return (elements.Null,)


class JSON(_Document, postgresql.JSON):  # type: ignore[misc]
    """A document."""

    render_bind_cast = False


class JSONB(_Document, postgresql.JSONB):  # type: ignore[misc]
    """A document."""

    render_bind_cast = False


class JSONIndexType(sqltypes.JSON.JSONIndexType):
    """A key or a place in a document, which is a parameter of its own type."""

    def bind_processor(self, dialect: Any) -> _Processor:
        return None


class JSONIntIndexType(sqltypes.JSON.JSONIntIndexType):
    """A place in an array."""

    def bind_processor(self, dialect: Any) -> _Processor:
        return None


class JSONStrIndexType(sqltypes.JSON.JSONStrIndexType):
    """A key of an object."""

    def bind_processor(self, dialect: Any) -> _Processor:
        return None


class JSONPathType(PGJSONPathType):
    """A path into a document: an array of keys, as text."""


class Uuid(sqltypes.Uuid[Any]):
    """A UUID, or its text with ``as_uuid=False``. With ``native_uuid=False`` it is stored as 32 characters."""

    def bind_processor(self, dialect: Any) -> _Processor:
        if not self.native_uuid:
            return super().bind_processor(dialect)  # type: ignore[no-any-return]
        if self.as_uuid:
            return None

        def process(value: Any) -> Any:
            import uuid

            return uuid.UUID(value) if isinstance(value, str) else value

        return process

    def result_processor(self, dialect: Any, coltype: object) -> _Processor:
        if not self.native_uuid:
            return super().result_processor(dialect, coltype)  # type: ignore[no-any-return]
        if self.as_uuid:
            return None

        def process(value: Any) -> Any:
            return None if value is None else str(value)

        return process


COLSPECS: dict[Any, Any] = {
    sqltypes.ARRAY: postgresql.ARRAY,
    sqltypes.Date: Date,
    sqltypes.DateTime: DateTime,
    sqltypes.Numeric: Numeric,
    sqltypes.Float: Float,
    sqltypes.JSON: JSON,
    postgresql.JSON: JSON,
    postgresql.JSONB: JSONB,
    sqltypes.JSON.JSONIndexType: JSONIndexType,
    sqltypes.JSON.JSONIntIndexType: JSONIntIndexType,
    sqltypes.JSON.JSONStrIndexType: JSONStrIndexType,
    sqltypes.JSON.JSONPathType: JSONPathType,
    sqltypes.Uuid: Uuid,
}


def type_of(described: Optional[dict[str, Any]], written: str) -> sqltypes.TypeEngine[Any]:
    """The type of SQLAlchemy for the description of a column's type; NullType for a type that PhantomDB does not have."""
    if described is None:
        return sqltypes.NULLTYPE
    name = described["name"]
    if name == "ARRAY":
        element = described["element"]
        return postgresql.ARRAY(type_of(element, element["name"]))
    if name in ("VARCHAR", "CHAR"):
        kind = sqltypes.VARCHAR if name == "VARCHAR" else sqltypes.CHAR
        return kind(described.get("length"))
    if name == "DECIMAL":
        return sqltypes.NUMERIC(described.get("precision"), described.get("scale"))
    if name == "TIMESTAMP":
        return postgresql.TIMESTAMP(timezone=False, precision=described.get("precision", 3))
    if name == "TIME":
        return postgresql.TIME(timezone=False, precision=described.get("precision", 3))
    if name == "ENUM":
        return sqltypes.Enum(*described["values"])
    made = _NAMED.get(name)
    return made() if made is not None else sqltypes.NULLTYPE


_NAMED: dict[str, Callable[[], sqltypes.TypeEngine[Any]]] = {
    "TINYINT": sqltypes.SMALLINT,
    "SMALLINT": sqltypes.SMALLINT,
    "MEDIUMINT": sqltypes.INTEGER,
    "INTEGER": sqltypes.INTEGER,
    "BIGINT": sqltypes.BIGINT,
    "TEXT": sqltypes.TEXT,
    "CITEXT": postgresql.CITEXT,
    "BOOLEAN": sqltypes.BOOLEAN,
    "DATE": sqltypes.DATE,
    "REAL": sqltypes.REAL,
    "FLOAT": sqltypes.FLOAT,
    "DOUBLE PRECISION": sqltypes.DOUBLE_PRECISION,
    "UUID": sqltypes.UUID,
    "BLOB": postgresql.BYTEA,
    "JSON": postgresql.JSON,
    "JSONB": postgresql.JSONB,
}
