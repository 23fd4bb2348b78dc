"""Threads, and the lock of the interpreter."""

from __future__ import annotations

import gc
import os
import signal
import threading
import time

import pytest

import phantomdb

SLOW = (
    "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 300000) SELECT count(*) FROM n"
)


def test_threads_share_a_connection(connection: phantomdb.Connection) -> None:
    connection.execute("CREATE TABLE t (thread INTEGER, number INTEGER)")
    errors: list[Exception] = []

    def work(thread: int) -> None:
        try:
            for number in range(20):
                connection.execute("INSERT INTO t VALUES ($1, $2)", (thread, number))
        except Exception as error:  # noqa: BLE001
            errors.append(error)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    connection.commit()
    assert errors == []
    assert connection.execute("SELECT count(*), count(DISTINCT thread) FROM t").fetchone() == (160, 8)


def test_connections_of_threads_write_one_after_the_other(url: str, connection: phantomdb.Connection) -> None:
    connection.execute("CREATE TABLE t (n INTEGER)")
    connection.execute("INSERT INTO t VALUES (0)")
    connection.commit()

    def work() -> None:
        with phantomdb.connect(url) as own:
            for _ in range(10):
                own.execute("UPDATE t SET n = n + 1")
                own.commit()

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert connection.execute("SELECT n FROM t").fetchone() == (40,)


def test_other_threads_run_while_a_statement_does(connection: phantomdb.Connection) -> None:
    steps = 0
    done = threading.Event()

    def work() -> None:
        connection.execute(SLOW)
        done.set()

    thread = threading.Thread(target=work)
    thread.start()
    while not done.is_set():
        steps += 1
        time.sleep(0.0005)
    thread.join()
    # Were the interpreter locked, this thread would have taken a step before the statement and one after it.
    assert steps > 5


def test_a_signal_handler_may_use_other_connections(url: str, connection: phantomdb.Connection) -> None:
    connection.execute("CREATE TABLE t (n INTEGER)")
    connection.commit()
    found: list[object] = []

    def handle(number: int, frame: object) -> None:
        with phantomdb.connect(url) as other:
            found.append(other.execute("SELECT count(*) FROM t").fetchone())

    before = signal.signal(signal.SIGALRM, handle)
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.05)
        long = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3000000) SELECT count(*) FROM n"
        assert connection.execute(long).fetchone() == (3_000_000,)
    finally:
        signal.signal(signal.SIGALRM, before)
    assert found == [(0,)]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
def test_a_connection_to_a_server_survives_the_end_of_a_forked_child(server: str) -> None:
    url = f"{server.replace('http', 'phantomdb')}/forks"
    parents = [phantomdb.connect(url) for _ in range(2)]
    for parent in parents:
        parent.execute("SELECT 1").fetchone()
    child = os.fork()
    if child == 0:
        outcome = 1
        try:
            # The copies of the child are collected, which must not reach for the sockets of the parent.
            parent = parents[0]
            del parents
            gc.collect()
            parent = None  # type: ignore[assignment]
            gc.collect()
            with phantomdb.connect(url) as own:
                outcome = 0 if own.execute("SELECT 40 + $1", [2]).fetchone() == (42,) else 2
        finally:
            os._exit(outcome)
    _, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) == 0
    for parent in parents:
        assert parent.execute("SELECT 1").fetchone() == (1,)
        parent.close()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
def test_a_child_process_opens_connections_of_its_own(memory: str) -> None:
    with phantomdb.connect(memory) as parent:
        parent.execute("CREATE TABLE t (n INTEGER)")
        parent.commit()
        child = os.fork()
        if child == 0:
            outcome = 1
            try:
                with phantomdb.connect("phantomdb+memory:///app") as own:
                    row = own.execute("SELECT 40 + $1", [2]).fetchone()
                try:
                    parent.execute("SELECT 1")
                except phantomdb.InterfaceError:
                    outcome = 0 if row == (42,) else 2
            finally:
                os._exit(outcome)
        _, status = os.waitpid(child, 0)
        assert os.waitstatus_to_exitcode(status) == 0
        assert parent.execute("SELECT count(*) FROM t").fetchone() == (0,)
