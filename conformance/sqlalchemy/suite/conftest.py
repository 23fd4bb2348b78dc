"""SQLAlchemy's own plugin for pytest, and the databases that its tests need."""

import os

import pytest

pytest.register_assert_rewrite("sqlalchemy.testing.assertions")

if os.environ.get("PHANTOMDB_SUITE_DIALECT") == "phantomdb":
    from sqlalchemy.testing.provision import post_configure_engine, prepare_for_drop_tables, temp_table_keyword_args

    @post_configure_engine.for_db("phantomdb")
    def _schema(url, engine, follower_ident):
        """The suite's tests of schemas use this one."""
        from sqlalchemy import event

        @event.listens_for(engine, "first_connect")
        def create(dbapi_connection, record):
            dbapi_connection.cursor().execute("CREATE SCHEMA IF NOT EXISTS test_schema")
            dbapi_connection.commit()

    @temp_table_keyword_args.for_db("phantomdb")
    def _temporary(cfg, eng):
        return {"prefixes": ["TEMPORARY"]}

    @prepare_for_drop_tables.for_db("phantomdb")
    def _nothing_is_open(config, connection):
        """A transaction that was left open ends with its connection."""


from sqlalchemy.testing.plugin.pytestplugin import *  # noqa: E402,F403
