"""What is measured through Django, whose models need settings before they can be defined."""

from __future__ import annotations

import itertools
from typing import Any, Callable

import django
from django.conf import settings

if not settings.configured:
    settings.configure(USE_TZ=False, DATABASES={"default": {"ENGINE": "django.db.backends.dummy"}})
    django.setup()

from django.db import connections, models, transaction  # noqa: E402

from cases import INSERTED, NEW_MAPPINGS, ROWS, Operation, emptied, in_threads, written  # noqa: E402
from contestants import CALLERS, COLUMNS, Contestant, person  # noqa: E402


class Row(models.Model):
    """The columns of both tables."""

    id = models.IntegerField(primary_key=True)
    name = models.CharField(max_length=100)
    email = models.CharField(max_length=100)
    age = models.IntegerField()
    score = models.FloatField()
    born = models.DateTimeField()

    class Meta:
        abstract = True


class Person(Row):
    """A row that is read."""

    class Meta:
        app_label = "bench"
        db_table = "people"
        managed = False


class Copy(Row):
    """A row that is written."""

    class Meta:
        app_label = "bench"
        db_table = "copies"
        managed = False


def _alias(side: Contestant) -> str:
    """The name of the contestant's database in Django's settings, to which it is added."""
    alias = side.name.replace(" ", "-")
    if alias not in connections.settings:
        databases = {"default": connections.settings["default"], alias: side.django}
        connections.settings[alias] = connections.configure_settings(databases)[alias]
    return alias


def _closing(alias: str) -> Callable[[], None]:
    return lambda: connections[alias].close()


def _tuple(item: Row) -> tuple[Any, ...]:
    return tuple(getattr(item, name) for name in COLUMNS)


def row(side: Contestant) -> Operation:
    """One row by its key."""
    alias = _alias(side)
    operation = Operation(
        lambda: _tuple(Person.objects.using(alias).get(pk=next(operation.keys))), close=_closing(alias)
    )
    return operation


def rows(side: Contestant) -> Operation:
    """Many rows."""
    alias = _alias(side)

    def run() -> Any:
        people = list(Person.objects.using(alias).order_by("id")[:ROWS])
        return len(people), _tuple(people[-1])

    return Operation(run, close=_closing(alias))


def insert(side: Contestant) -> Operation:
    """Many rows that are inserted by ``bulk_create``."""
    alias = _alias(side)
    connection, empty = emptied(side)

    def run() -> Any:
        Copy.objects.using(alias).bulk_create([Copy(**mapping) for mapping in NEW_MAPPINGS])
        return lambda: written(connection.cursor())

    def close() -> None:
        connections[alias].close()
        connection.close()

    return Operation(run, before=empty, close=close, heavy=True)


def insert_and_update(side: Contestant) -> Operation:
    """A transaction."""
    alias = _alias(side)
    connection, empty = emptied(side)
    keys = itertools.count(1)

    def run() -> Any:
        key = next(keys)
        with transaction.atomic(using=alias):
            Copy.objects.using(alias).create(**dict(zip(COLUMNS, person(key))))
            return Copy.objects.using(alias).filter(pk=key).update(age=models.F("age") + 1)

    empty()
    connection.close()
    return Operation(run, close=_closing(alias))


def threads(side: Contestant) -> Operation:
    """Finds from many threads, each of which has a connection of its own."""
    alias = _alias(side)
    return in_threads(lambda number, key: Person.objects.using(alias).get(pk=key).age, lambda: None)


#: The cases by their names. Django's finds from tasks run in one thread, so there is nothing to compare.
CASES: dict[str, Callable[[Contestant], Operation]] = {
    "one row by its key": row,
    f"{ROWS:,} rows": rows,
    f"{INSERTED:,} rows inserted": insert,
    "transaction: insert, update": insert_and_update,
    f"find from {CALLERS} threads": threads,
}
