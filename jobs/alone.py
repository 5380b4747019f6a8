"""A run in a process of its own: within the memory that a run may take, and giving way once its turn is over."""

import os
import signal
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace

from jobs import memory, turns
from jobs.execute import Cancelled, execute
from jobs.question import Question
from jobs.runner import RunnerName
from jobs.settings import settings
from jobs.store import Status, Store


def run_alone(question: Question, store: Store, runner: RunnerName) -> None:
    """Run a question; should its processes take more memory than a run may, this process ends, and says so.

    Where runs wait for their turns, this one stops when it has had its time and another visitor waits: what is done
    is kept, and it goes on at its next turn.
    """
    key, most = question.key, settings().run_mb
    arguments = ["run", key, "--store", store.root, "--runner", runner]
    with memory.bounded(most, lambda taken: _end(store, key, taken, most)), _giving_way(store, key, arguments):
        execute(question, store, runner)


@contextmanager
def _giving_way(store: Store, key: str, arguments: Sequence[str]) -> Iterator[None]:
    ended, over = threading.Event(), threading.Event()
    threading.Thread(target=_watch_turn, args=(store, key, ended, over), daemon=True).start()
    try:
        yield
    except Cancelled:
        if not over.is_set():
            raise
        turns.queue_again(store, key, arguments)
    finally:
        ended.set()


def _watch_turn(store: Store, key: str, ended: threading.Event, over: threading.Event) -> None:
    """Ask the run to stop once its time is over and somebody waits for it."""
    wait = settings().turn_seconds
    while not ended.wait(wait):
        wait = 1.0
        if turns.others_wait() and (status := store.status(key)) and status.state == "running":
            over.set()
            store.request_cancel(key)
            return


def _end(store: Store, key: str, taken_mb: int, most_mb: int) -> None:
    """End this process and its workers with a status a person understands. Finished chunks are kept."""
    for worker in memory.descendants():
        os.kill(worker, signal.SIGKILL)
    turns.hand_over()
    message = (
        f"It took {taken_mb:,} MiB of memory, and a run may take {most_mb:,} here (WORKBENCH_RUN_MB); "
        "ask for less at once, or run it on a laptop."
    )
    status = store.status(key) or Status("failed")
    store.save_status(key, replace(status, state="failed", message=message, peak_mb=taken_mb))
    os._exit(1)
