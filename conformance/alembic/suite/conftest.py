"""Alembic's own plugin for pytest, and the schema that its tests need."""

import os
import pathlib

import alembic
import pytest

pytest.register_assert_rewrite("sqlalchemy.testing.assertions")

_plugin = pathlib.Path(alembic.__file__).parent / "testing" / "plugin" / "bootstrap.py"
to_bootstrap = "pytest"
exec(compile(_plugin.read_text(encoding="utf-8"), "bootstrap.py", "exec"), globals(), locals())

from sqlalchemy.testing import asyncio  # noqa: E402
from sqlalchemy.testing.plugin.pytestplugin import *  # noqa: E402,F403

asyncio.ENABLE_ASYNCIO = False

if os.environ.get("PHANTOMDB_SUITE_DIALECT") == "phantomdb":
    import phantomdb_provision  # noqa: F401
