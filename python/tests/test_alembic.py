"""Alembic: migrations up and down, and autogenerate, which finds nothing the second time."""

from __future__ import annotations

import pathlib

import alembic.command
import alembic.config
import pytest
from sqlalchemy import Engine, create_engine, inspect, text

MODELS = '''
import sqlalchemy as sa

metadata = sa.MetaData()
sa.Table(
    "people",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("big", sa.BigInteger, nullable=False, server_default="5"),
    sa.Column("name", sa.String(40), nullable=False, unique=True, server_default="it's"),
    sa.Column("note", sa.Text, comment="a note"),
    sa.Column("at", sa.DateTime, server_default=sa.func.now()),
    sa.Column("seen", sa.DateTime(timezone=True)),
    sa.Column("born", sa.Date),
    sa.Column("clock", sa.Time),
    sa.Column("price", sa.Numeric(10, 2)),
    sa.Column("size", sa.Float),
    sa.Column("ratio", sa.Double),
    sa.Column("done", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Column("key", sa.Uuid),
    sa.Column("data", sa.JSON),
    sa.Column("raw", sa.LargeBinary),
    sa.Column("mood", sa.Enum("calm", "wild", name="mood")),
    sa.Column("twice", sa.Integer, sa.Computed("big * 2")),
    sa.CheckConstraint("price >= 0", name="price_not_negative"),
    sa.Index("by_note", "note", "born"),
    sa.Index("by_lower", sa.text("lower(note)"), unique=True),
    comment="everybody",
)
sa.Table(
    "pets",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("owner", sa.Integer, sa.ForeignKey("people.id", ondelete="CASCADE"), index=True),
    sa.Column("name", sa.String(20)),
    sa.UniqueConstraint("owner", "name", name="one_name"),
)
'''

ENVIRONMENT = '''
import pathlib
import runpy

from alembic import context

config = context.config
models = runpy.run_path(config.attributes["models"])
with config.attributes["engine"].connect() as connection:
    context.configure(
        connection=connection, target_metadata=models["metadata"], compare_type=True, compare_server_default=True
    )
    with context.begin_transaction():
        context.run_migrations()
'''

SCRIPT = '''
"""${message}"""
from alembic import op
import sqlalchemy as sa
${imports if imports else ""}
revision = ${repr(up_revision)}
down_revision = ${repr(down_revision)}
branch_labels = None
depends_on = None


def upgrade():
    ${upgrades if upgrades else "pass"}


def downgrade():
    ${downgrades if downgrades else "pass"}
'''


@pytest.fixture
def engine(url: str) -> Engine:
    return create_engine(url)


@pytest.fixture
def config(tmp_path: pathlib.Path, engine: Engine) -> alembic.config.Config:
    scripts = tmp_path / "migrations"
    (scripts / "versions").mkdir(parents=True)
    (scripts / "env.py").write_text(ENVIRONMENT)
    (scripts / "script.py.mako").write_text(SCRIPT)
    (tmp_path / "models.py").write_text(MODELS)
    config = alembic.config.Config()
    config.set_main_option("script_location", str(scripts))
    config.set_main_option("path_separator", "os")
    config.attributes["models"] = str(tmp_path / "models.py")
    config.attributes["engine"] = engine
    return config


def body(script: object, function: str) -> str:
    """The statements of a function of a migration."""
    source = pathlib.Path(script.path).read_text()  # type: ignore[attr-defined]
    after = source.split(f"def {function}():\n", 1)[1].split("\ndef ", 1)[0]
    return "\n".join(line.strip() for line in after.splitlines() if line.strip() and not line.strip().startswith("#"))


def test_a_second_revision_is_empty_and_migrations_go_both_ways(config: alembic.config.Config, engine: Engine) -> None:
    first = alembic.command.revision(config, "first", autogenerate=True)
    assert "people" in body(first, "upgrade")
    alembic.command.upgrade(config, "head")
    second = alembic.command.revision(config, "second", autogenerate=True)
    assert body(second, "upgrade") == "pass"
    assert body(second, "downgrade") == "pass"
    alembic.command.upgrade(config, "head")
    alembic.command.check(config)
    models = pathlib.Path(config.attributes["models"])
    changed = MODELS.replace('sa.Column("note", sa.Text, comment="a note")', 'sa.Column("note", sa.String(99), nullable=False)')
    changed = changed.replace('sa.Column("born", sa.Date)', 'sa.Column("born", sa.Date), sa.Column("added", sa.Integer, index=True)')
    changed = changed.replace('sa.UniqueConstraint("owner", "name", name="one_name")', 'sa.UniqueConstraint("name", name="other")')
    changed = changed.replace('server_default="5"', 'server_default="6"')
    models.write_text(changed)
    third = alembic.command.revision(config, "third", autogenerate=True)
    steps = body(third, "upgrade")
    for part in ("added", "one_name", "other", "String(length=99)", "server_default"):
        assert part in steps, steps
    with engine.begin() as connection:
        connection.execute(text("INSERT INTO people (name, note) VALUES ('Ann', 'x')"))
    alembic.command.upgrade(config, "head")
    alembic.command.check(config)
    with engine.connect() as connection:
        assert connection.execute(text("SELECT name, note, big FROM people")).all() == [("Ann", "x", 5)]
    alembic.command.downgrade(config, "base")
    assert inspect(engine).get_table_names() == ["alembic_version"]


def test_a_migration_that_fails_leaves_nothing(config: alembic.config.Config, engine: Engine) -> None:
    script = alembic.command.revision(config, "broken")
    path = pathlib.Path(script.path)  # type: ignore[union-attr]
    broken = 'op.create_table("half", sa.Column("id", sa.Integer))\n    op.execute("SELEC")'
    path.write_text(path.read_text().replace("def upgrade():\n    pass", f"def upgrade():\n    {broken}"))
    with pytest.raises(Exception, match="(?i)syntax"):
        alembic.command.upgrade(config, "head")
    assert "half" not in inspect(engine).get_table_names()
