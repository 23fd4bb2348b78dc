"""A service of projects and tasks, with FastAPI and SQLAlchemy on asyncio. It was written for SQLite.

    pip install fastapi uvicorn 'phantomdb[asyncio]'
    DATABASE_URL=phantomdb+file://./data/tasks uvicorn app:app

The URL is all that says which database it is: `sqlite+aiosqlite:///tasks.db`, `phantomdb+file://./data/tasks`, or
`phantomdb://host:8080/tasks`.
"""

from __future__ import annotations

import contextlib
import datetime
import enum
import os
from collections.abc import AsyncIterator
from typing import Any, Optional

from fastapi import Depends, FastAPI, HTTPException, Request
from pydantic import BaseModel, ConfigDict
from sqlalchemy import JSON, Enum, ForeignKey, String, UniqueConstraint, func, select
from sqlalchemy.dialects.sqlite import insert
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship, selectinload

URL = os.environ.get("DATABASE_URL", "sqlite+aiosqlite:///tasks.db")


class Base(DeclarativeBase):
    """The models' base."""


class State(enum.Enum):
    """How far a task is."""

    open = "open"
    done = "done"


class Project(Base):
    """A project has tasks."""

    __tablename__ = "projects"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(100), unique=True)
    created: Mapped[datetime.datetime] = mapped_column(server_default=func.now())
    tasks: Mapped[list[Task]] = relationship(back_populates="project", cascade="all, delete-orphan")


class Task(Base):
    """A task of a project."""

    __tablename__ = "tasks"
    __table_args__ = (UniqueConstraint("project_id", "title"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    project_id: Mapped[int] = mapped_column(ForeignKey("projects.id"), index=True)
    title: Mapped[str] = mapped_column(String(200))
    state: Mapped[State] = mapped_column(Enum(State), default=State.open)
    due: Mapped[Optional[datetime.date]]
    labels: Mapped[list[str]] = mapped_column(JSON, default=list)
    project: Mapped[Project] = relationship(back_populates="tasks")


class Setting(Base):
    """A setting of a project."""

    __tablename__ = "settings"
    project_id: Mapped[int] = mapped_column(ForeignKey("projects.id"), primary_key=True)
    name: Mapped[str] = mapped_column(String(50), primary_key=True)
    value: Mapped[dict[str, Any]] = mapped_column(JSON)


class NewTask(BaseModel):
    """A task that a client sends."""

    title: str
    due: Optional[datetime.date] = None
    labels: list[str] = []


class TaskAnswer(NewTask):
    """A task that a client gets."""

    model_config = ConfigDict(from_attributes=True)
    id: int
    state: State


class ProjectAnswer(BaseModel):
    """A project that a client gets."""

    model_config = ConfigDict(from_attributes=True)
    id: int
    name: str
    created: datetime.datetime
    tasks: list[TaskAnswer]


class Summary(BaseModel):
    """The number of tasks in a state."""

    state: State
    tasks: int


def create_app(url: str = URL) -> FastAPI:
    """The service on the database of a URL. Its tables are made when it starts."""
    engine = create_async_engine(url)

    @contextlib.asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with engine.begin() as connection:
            await connection.run_sync(Base.metadata.create_all)
        yield
        await engine.dispose()

    app = FastAPI(title="Tasks", lifespan=lifespan)
    app.state.sessions = async_sessionmaker(engine, expire_on_commit=False)
    add_routes(app)
    return app


async def session(request: Request) -> AsyncIterator[AsyncSession]:
    """A session for each request. What a request leaves uncommitted is rolled back."""
    async with request.app.state.sessions() as opened:
        yield opened


async def project_of(id: int, opened: AsyncSession) -> Project:
    """The project with its tasks. Answers 404 when there is none."""
    found = await opened.get(Project, id, options=[selectinload(Project.tasks)])
    if found is None:
        raise HTTPException(404, "there is no such project")
    return found


def add_routes(app: FastAPI) -> None:
    """The routes."""

    @app.post("/projects", status_code=201)
    async def create_project(name: str, opened: AsyncSession = Depends(session)) -> int:
        project = Project(name=name)
        opened.add(project)
        try:
            await opened.commit()
        except IntegrityError:
            raise HTTPException(409, "a project has that name") from None
        return project.id

    @app.get("/projects/{id}")
    async def read_project(id: int, opened: AsyncSession = Depends(session)) -> ProjectAnswer:
        return ProjectAnswer.model_validate(await project_of(id, opened))

    @app.delete("/projects/{id}", status_code=204)
    async def delete_project(id: int, opened: AsyncSession = Depends(session)) -> None:
        await opened.delete(await project_of(id, opened))
        await opened.commit()

    @app.post("/projects/{id}/tasks", status_code=201)
    async def create_tasks(id: int, tasks: list[NewTask], opened: AsyncSession = Depends(session)) -> list[int]:
        project = await project_of(id, opened)
        made = [Task(**task.model_dump()) for task in tasks]
        project.tasks += made
        try:
            await opened.commit()
        except IntegrityError:
            raise HTTPException(409, "two tasks of a project cannot have one title") from None
        return [task.id for task in made]

    @app.get("/tasks")
    async def find_tasks(
        text: str = "",
        state: Optional[State] = None,
        until: Optional[datetime.date] = None,
        skip: int = 0,
        limit: int = 20,
        opened: AsyncSession = Depends(session),
    ) -> list[TaskAnswer]:
        query = select(Task).where(Task.title.ilike(f"%{text}%")).order_by(Task.id).offset(skip).limit(limit)
        if state is not None:
            query = query.where(Task.state == state)
        if until is not None:
            query = query.where(Task.due <= until)
        return [TaskAnswer.model_validate(task) for task in await opened.scalars(query)]

    @app.patch("/tasks/{id}")
    async def change_task(id: int, state: State, opened: AsyncSession = Depends(session)) -> TaskAnswer:
        task = await opened.get(Task, id)
        if task is None:
            raise HTTPException(404, "there is no such task")
        task.state = state
        await opened.commit()
        return TaskAnswer.model_validate(task)

    @app.get("/summary")
    async def summary(opened: AsyncSession = Depends(session)) -> list[Summary]:
        query = select(Task.state, func.count()).group_by(Task.state).order_by(Task.state)
        return [Summary(state=state, tasks=count) for state, count in await opened.execute(query)]

    @app.put("/projects/{id}/settings/{name}", status_code=204)
    async def set_setting(
        id: int, name: str, value: dict[str, Any], opened: AsyncSession = Depends(session)
    ) -> None:
        await project_of(id, opened)
        new = insert(Setting).values(project_id=id, name=name, value=value)
        await opened.execute(new.on_conflict_do_update(["project_id", "name"], set_={"value": new.excluded.value}))
        await opened.commit()

    @app.get("/projects/{id}/settings")
    async def read_settings(id: int, opened: AsyncSession = Depends(session)) -> dict[str, Any]:
        rows = await opened.execute(select(Setting.name, Setting.value).where(Setting.project_id == id))
        return {name: value for name, value in rows}


app = create_app()
