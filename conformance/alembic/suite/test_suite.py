"""Alembic's suite for dialects."""

from alembic.testing.suite import *  # noqa: F403
