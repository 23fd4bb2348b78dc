"""The code of the guide and of the README, and the tour."""

from __future__ import annotations

import pathlib
import re
import subprocess
import sys

import pytest

HERE = pathlib.Path(__file__).resolve().parents[1]
PAGES = {"guide": HERE.parent / "docs" / "python.md", "readme": HERE / "README.md"}

#: What is added to a block that only defines something.
CHECKS = {
    "from fastapi": """
import asyncio

import httpx


async def use() -> None:
    async with engine.begin() as connection:
        await connection.run_sync(Base.metadata.create_all)
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url="http://app") as client:
        assert (await client.post("/notes", params={"text": "hello"})).json() == 1
        assert (await client.get("/notes")).json() == ["hello"]


asyncio.run(use())
"""
}


def blocks() -> list[tuple[str, str]]:
    """The blocks of Python, with the page and the line of each."""
    found = []
    for page, path in PAGES.items():
        text = path.read_text(encoding="utf-8")
        for match in re.finditer(r"^```python\n(.*?)^```", text, re.DOTALL | re.MULTILINE):
            line = text.count("\n", 0, match.start()) + 1
            found.append((f"{page}-{line}", match.group(1)))
    return found


@pytest.mark.parametrize("code", [code for _, code in blocks()], ids=[name for name, _ in blocks()])
def test_a_block_runs(code: str, tmp_path: pathlib.Path) -> None:
    added = next((check for mark, check in CHECKS.items() if mark in code), "")
    program = tmp_path / "test_block.py"
    program.write_text(code + added, encoding="utf-8")
    command = [sys.executable, "-m", "pytest", "-q", str(program)] if "import pytest" in code else [sys.executable, str(program)]
    ran = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert ran.returncode == 0, ran.stdout + ran.stderr


def test_the_tour_runs() -> None:
    ran = subprocess.run([sys.executable, "examples/tour.py"], cwd=HERE, capture_output=True, text=True)
    assert ran.returncode == 0, ran.stderr
    assert "asyncio: ['Ann', 'Bob', 'Cid']" in ran.stdout
