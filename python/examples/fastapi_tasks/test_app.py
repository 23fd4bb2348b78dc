"""The tests of the service. Each of them finds 10 projects with 20 tasks."""

from __future__ import annotations

from typing import Any

import pytest
from fastapi.testclient import TestClient


def new_project(client: TestClient, name: str = "new") -> int:
    answer = client.post("/projects", params={"name": name})
    assert answer.status_code == 201
    return int(answer.json())


def tasks(client: TestClient, **query: Any) -> list[dict[str, Any]]:
    answer = client.get("/tasks", params={"limit": 1_000, **query})
    assert answer.status_code == 200
    found: list[dict[str, Any]] = answer.json()
    return found


def test_a_project_is_made_and_read(client: TestClient) -> None:
    id = new_project(client)
    project = client.get(f"/projects/{id}").json()
    assert (project["id"], project["name"], project["tasks"]) == (id, "new", [])
    assert project["created"].startswith("20")


def test_two_projects_cannot_have_one_name(client: TestClient) -> None:
    new_project(client)
    assert client.post("/projects", params={"name": "new"}).status_code == 409
    assert client.post("/projects", params={"name": "project 3"}).status_code == 409


def test_there_is_no_project(client: TestClient) -> None:
    assert client.get("/projects/12345").status_code == 404


def test_tasks_are_made_together(client: TestClient) -> None:
    id = new_project(client)
    body = [{"title": "a", "labels": ["x", "ü"], "due": "2026-12-31"}, {"title": "b"}]
    assert len(client.post(f"/projects/{id}/tasks", json=body).json()) == 2
    first, second = client.get(f"/projects/{id}").json()["tasks"]
    assert (first["labels"], first["due"], first["state"]) == (["x", "ü"], "2026-12-31", "open")
    assert (second["labels"], second["due"]) == ([], None)


def test_tasks_are_made_all_or_none(client: TestClient) -> None:
    id = new_project(client)
    body = [{"title": "a"}, {"title": "b"}, {"title": "a"}]
    assert client.post(f"/projects/{id}/tasks", json=body).status_code == 409
    assert client.get(f"/projects/{id}").json()["tasks"] == []


def test_a_project_goes_with_its_tasks(client: TestClient) -> None:
    assert client.delete("/projects/1").status_code == 204
    assert client.get("/projects/1").status_code == 404
    assert len(tasks(client)) == 180


@pytest.mark.parametrize("number", range(1, 11))
def test_a_project_has_its_tasks(client: TestClient, number: int) -> None:
    project = client.get(f"/projects/{number}").json()
    assert [task["title"] for task in project["tasks"]] == [f"task {task} of project {number - 1}" for task in range(20)]


@pytest.mark.parametrize("text, count", [("task 7 of", 10), ("PROJECT 4", 20), ("nothing", 0), ("", 200)])
def test_tasks_are_found_by_their_text(client: TestClient, text: str, count: int) -> None:
    assert len(tasks(client, text=text)) == count


@pytest.mark.parametrize("day", range(1, 21))
def test_tasks_are_found_by_their_day(client: TestClient, day: int) -> None:
    assert len(tasks(client, until=f"2026-01-{day:02}")) == 10 * day


@pytest.mark.parametrize("page", range(10))
def test_tasks_come_page_by_page(client: TestClient, page: int) -> None:
    found = tasks(client, skip=20 * page, limit=20)
    assert [task["id"] for task in found] == list(range(20 * page + 1, 20 * page + 21))


@pytest.mark.parametrize("id", range(1, 41))
def test_a_task_is_done(client: TestClient, id: int) -> None:
    assert client.get("/summary").json() == [{"state": "open", "tasks": 200}]
    assert client.patch(f"/tasks/{id}", params={"state": "done"}).json()["state"] == "done"
    assert [task["id"] for task in tasks(client, state="done")] == [id]
    counts = {part["state"]: part["tasks"] for part in client.get("/summary").json()}
    assert counts == {"open": 199, "done": 1}


def test_a_setting_is_set_again(client: TestClient) -> None:
    for value in ({"on": True}, {"on": False, "list": [1, None, "x"]}):
        assert client.put("/projects/1/settings/mail", json=value).status_code == 204
        assert client.get("/projects/1/settings").json() == {"mail": value}


@pytest.mark.parametrize("path", ["/projects/0/tasks", "/projects/0/settings/x"])
def test_nothing_is_added_to_no_project(client: TestClient, path: str) -> None:
    if path.endswith("tasks"):
        assert client.post(path, json=[{"title": "a"}]).status_code == 404
    else:
        assert client.put(path, json={}).status_code == 404
