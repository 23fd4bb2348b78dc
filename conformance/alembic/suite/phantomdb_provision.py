"""What the tests find in a database."""

from sqlalchemy import event
from sqlalchemy.testing.provision import post_configure_engine, prepare_for_drop_tables


@post_configure_engine.for_db("phantomdb")
def _schema(url, engine, follower_ident):
    """The tests of schemas use this one."""

    @event.listens_for(engine, "first_connect")
    def create(dbapi_connection, record):
        dbapi_connection.cursor().execute("CREATE SCHEMA IF NOT EXISTS test_schema")
        dbapi_connection.commit()


@prepare_for_drop_tables.for_db("phantomdb")
def _nothing_is_open(config, connection):
    """A transaction that was left open ends with its connection."""
