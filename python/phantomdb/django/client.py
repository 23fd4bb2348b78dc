"""``manage.py dbshell``, which is the shell of the command line."""

from __future__ import annotations

from typing import Any, Optional

from django.core.exceptions import ImproperlyConfigured
from django.db.backends.base.client import BaseDatabaseClient

from ._settings import place


class DatabaseClient(BaseDatabaseClient):
    """Starts ``phantomdb sql``."""

    executable_name = "phantomdb"

    @classmethod
    def settings_to_cmd_args_env(
        cls, settings_dict: dict[str, Any], parameters: list[str]
    ) -> tuple[list[str], Optional[dict[str, str]]]:
        """The command and its environment, which has the token. Raises ImproperlyConfigured."""
        where = place(settings_dict)
        if where.is_in_memory:
            raise ImproperlyConfigured("a database in memory belongs to its process; no other program can open it")
        command = [cls.executable_name, "sql", where.connection_string, "--database", where.database, *parameters]
        return command, {"PHANTOMDB_TOKEN": where.token} if where.token else None
