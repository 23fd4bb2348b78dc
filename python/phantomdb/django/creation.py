"""Databases for tests, and their clones."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from contextlib import closing
from typing import Any, Optional

from django.db.backends.base.creation import TEST_DATABASE_PREFIX, BaseDatabaseCreation
from django.db.utils import NotSupportedError

from .. import _connection
from .._dbapi import connect
from .._errors import Error
from .._native import Client
from ._settings import Place, client_of, connection_options, is_url, place, with_database


#: Where the settings of a test database have the file that its clones begin as. Processes of parallel tests get the settings.
_TEMPLATE = "PHANTOMDB_TEMPLATE"


def _template_of(settings: dict[str, Any]) -> Optional[str]:
    template: Optional[str] = settings["TEST"].get(_TEMPLATE)
    return template


class DatabaseCreation(BaseDatabaseCreation):
    """Makes databases by calls of the contract, and clones them from snapshots."""

    connection: Any

    def _get_test_db_name(self) -> str:
        settings = self.connection.settings_dict
        name = settings["TEST"]["NAME"]
        if name:
            return str(name) if is_url(str(name)) else with_database(settings, str(name))
        return with_database(settings, TEST_DATABASE_PREFIX + place(settings).database)

    def _place(self, name: str) -> Place:
        return place({**self.connection.settings_dict, "NAME": name})

    def _client(self, where: Place) -> Client:
        return client_of(where, connection_options(self.connection.settings_dict)[0])

    def _call(self, where: Place, name: str, fields: dict[str, Any]) -> Any:
        session = self._client(where).session(where.database, True)
        try:
            return session.call(_connection.call_text(name, fields))
        finally:
            session.close()

    def _create_test_db(self, verbosity: int, autoclobber: bool, keepdb: bool = False) -> str:
        name = self._get_test_db_name()
        where = self._place(name)
        if keepdb:
            self._call(where, "createDatabase", {"name": where.database, "ifNotExists": True})
            return name
        try:
            self._call(where, "createDatabase", {"name": where.database})
        except Error as error:
            if error.code != "ALREADY_EXISTS":
                raise
            self._confirm(name, autoclobber)
            self._drop(where)
            self._call(where, "createDatabase", {"name": where.database})
        return name

    def _confirm(self, name: str, autoclobber: bool) -> None:
        self.log(f"There is a test database {self._place(name).database!r} already.")
        if autoclobber:
            return
        if input("Type 'yes' to delete it, or 'no' to cancel: ") != "yes":
            self.log("Tests cancelled.")
            sys.exit(1)

    def _drop(self, where: Place) -> None:
        try:
            self._call(where, "dropDatabase", {"name": where.database})
        except Error as error:
            if error.code != "UNKNOWN_DATABASE":
                raise

    def _destroy_test_db(self, test_database_name: str, verbosity: int) -> None:
        where = self._place(test_database_name)
        source = place(self.connection.settings_dict)
        if not source.is_remote and where != source:
            # A clone ends with its process.
            return
        self._drop(where)

    def destroy_test_db(self, *arguments: Any, suffix: Any = None, **options: Any) -> None:
        """Removes the test database, or a clone of it, and with the former the file of the clones."""
        super().destroy_test_db(*arguments, suffix=suffix, **options)
        if suffix is None and (template := self.connection.settings_dict["TEST"].pop(_TEMPLATE, None)):
            shutil.rmtree(os.path.dirname(template), ignore_errors=True)

    # A process of parallel tests has a clone of the test database, which begins as a snapshot of it. On a server the clone is
    # another database. Processes cannot share a database in memory or in a directory, so there the snapshot travels in a file:
    # each process has the clone in its memory.

    def get_test_db_clone_settings(self, suffix: Any) -> dict[str, Any]:
        settings = self.connection.settings_dict
        where = place(settings)
        clone = f"{where.database}_{suffix}"
        if where.is_remote:
            return {**settings, "NAME": with_database(settings, clone)}
        template = _template_of(settings)
        options = {**settings["OPTIONS"], "create_database": True, **({"template": template} if template else {})}
        return {**settings, "NAME": f"phantomdb+memory:///{clone}", "OPTIONS": options}

    def _clone_test_db(self, suffix: Any, verbosity: int, keepdb: bool = False) -> None:
        settings = self.connection.settings_dict
        source = place(settings)
        if not source.is_remote:
            # One file serves all processes.
            if _template_of(settings) is None:
                settings["TEST"][_TEMPLATE] = self._save(source)
            return
        clone = place(self.get_test_db_clone_settings(suffix))
        if keepdb:
            self._call(source, "createDatabase", {"name": clone.database, "ifNotExists": True})
        else:
            self._drop(clone)
            self._copy(source, clone)

    def _save(self, source: Place) -> str:
        """Writes the test database to a file, which is removed together with it."""
        path = os.path.join(tempfile.mkdtemp(prefix="phantomdb-test-"), source.database)
        with closing(connect(database=source.database, client=self._client(source))) as connection:
            snapshot = connection.snapshot()
            snapshot.save(path)
            snapshot.drop()
        return path

    def _copy(self, source: Place, clone: Place) -> None:
        """Makes a database of a server that begins as another one."""
        with closing(connect(database=source.database, client=self._client(source))) as connection:
            try:
                snapshot = connection.snapshot()
            except Error as error:
                raise NotSupportedError(
                    f"the server keeps no snapshots, so the test database cannot be cloned ({error}); start it with "
                    "--allow-snapshots, or run the tests without --parallel (PostgreSQL has no snapshots)"
                ) from error
            snapshot.clone(clone.database)
            snapshot.drop()

    def test_db_signature(self) -> tuple[Any, ...]:
        where = self._place(self._get_test_db_name())
        return (self.connection.settings_dict["ENGINE"], where.connection_string, where.database)
