"""Turns: where one worker serves all visitors, runs wait in a queue in which every visitor gets a turn.

The queue is a folder under the home: a ticket a run, and a lock held by whoever runs. The lock is a descriptor that
the process of the run inherits, so that the system lets go of it however that process ends. A run that ends starts
the next one; should it be killed, whoever looks at a waiting run does.
"""

import json
import os
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from jobs import children
from jobs.settings import settings
from jobs.store import Status, Store, write_atomically

LOCK_VARIABLE = "WORKBENCH_TURN"
VISITOR_VARIABLE = "WORKBENCH_VISITOR"
REMEMBERED = 1_000


@dataclass(frozen=True)
class Ticket:
    """A run that waits: its key, the store it is in, the command that runs it, who asked, and when (Unix time)."""

    key: str
    root: str
    arguments: tuple[str, ...]
    visitor: str
    asked: float


_visitor: dict[str, Callable[[], str]] = {"who": lambda: ""}


def visitors(who: Callable[[], str]) -> None:
    """Say how to find out who asks; without that all are one visitor."""
    _visitor["who"] = who


def queue(store: Store, key: str, arguments: Sequence[str]) -> None:
    """Let a run wait for its turn, which may come at once; a run that waits already keeps its place."""
    if not _path(key).exists():
        _put(store, key, arguments, _visitor["who"]())
    serve()


def queue_again(store: Store, key: str, arguments: Sequence[str]) -> None:
    """Let a run whose turn is over wait for another one; `hand_over` then starts the next."""
    _put(store, key, arguments, os.environ.get(VISITOR_VARIABLE, ""))


def others_wait() -> bool:
    """Whether this process has a turn that another visitor waits for."""
    mine = os.environ.get(VISITOR_VARIABLE, "")
    return LOCK_VARIABLE in os.environ and any(ticket.visitor != mine for ticket in tickets())


def _put(store: Store, key: str, arguments: Sequence[str], visitor: str) -> None:
    ticket = Ticket(key, store.root, tuple(arguments), visitor, time.time())
    write_atomically(_path(key), json.dumps(asdict(ticket)).encode())
    store.save_status(key, replace(store.status(key) or Status("waiting"), state="waiting", message=""))


def serve() -> None:
    """Start the run whose turn it is, unless one is under way."""
    with _free_lock() as lock:
        if lock is not None:
            _start_next(lock)


def hand_over() -> None:
    """At the end of a run that had its turn: start the next one."""
    lock = os.environ.pop(LOCK_VARIABLE, "")
    if lock:
        _start_next(int(lock))


def watched(store: Store, key: str, status: Status) -> Status:
    """A waiting run's status with its place in the queue; makes sure that the queue moves."""
    if status.state != "waiting":
        return status
    serve()
    waiting = [ticket.key for ticket in in_order(tickets(), _served())]
    if key not in waiting:
        return _left_behind(store, key)
    before = waiting.index(key)
    ahead = "1 run is" if before == 1 else f"{before} runs are"
    message = f"{ahead} before it in the queue." if before else "It is next."
    return replace(status, message=message)


def withdraw(store: Store, key: str) -> bool:
    """Take a waiting run out of the queue; whether it was in it."""
    if not _take_ticket(key):
        return False
    status = store.status(key) or Status("waiting")
    store.save_status(key, replace(status, state="cancelled", message="It was cancelled while it waited."))
    return True


def in_order(waiting: Sequence[Ticket], served: Sequence[str]) -> list[Ticket]:
    """Tickets in the order of their turns: visitors not served yet first, then the one served longest ago.

    `served` are the visitors of past turns, in order. Each visitor's own runs keep their order.
    """
    left, order, past = sorted(waiting, key=lambda ticket: ticket.asked), list[Ticket](), list(served)
    while left:
        last = {visitor: place for place, visitor in enumerate(past)}
        chosen = min(left, key=lambda ticket: last.get(ticket.visitor, -1))
        left.remove(chosen)
        order.append(chosen)
        past.append(chosen.visitor)
    return order


def tickets() -> list[Ticket]:
    """Every run that waits."""
    found = []
    for path in sorted(_folder().glob("*.json")):
        try:
            values = json.loads(path.read_text())
            found.append(Ticket(**{**values, "arguments": tuple(values["arguments"])}))
        except (OSError, ValueError, TypeError, KeyError):
            continue
    return found


def _left_behind(store: Store, key: str) -> Status:
    """The status of a run that waits without a ticket: it has just begun, or its process never got that far."""
    with _free_lock() as lock:
        status = store.status(key) or Status("waiting")
        if lock is not None and status.state == "waiting" and not _path(key).exists():
            status = status.lost()
            store.save_status(key, status)
    return status


def _start_next(lock: int) -> None:
    """Start the process of the next run, which inherits the lock."""
    ticket = next((ticket for ticket in in_order(tickets(), _served()) if _take_ticket(ticket.key)), None)
    if ticket is not None:
        _remember(ticket.visitor)
        turn = {LOCK_VARIABLE: str(lock), VISITOR_VARIABLE: ticket.visitor}
        children.start(ticket.arguments, ticket.key, turn, keep_open=(lock,))


def _take_ticket(key: str) -> bool:
    """Remove a run's ticket; whether it was there, which only one of several takers is told."""
    try:
        _path(key).unlink()
    except FileNotFoundError:
        return False
    return True


@contextmanager
def _free_lock() -> Iterator[int | None]:
    """The lock, if nobody holds it; let go of at the end by this process, not by one that inherited it."""
    import fcntl

    _folder().mkdir(parents=True, exist_ok=True)
    lock = os.open(_folder() / "lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield None
        else:
            yield lock
    finally:
        os.close(lock)


def _served() -> list[str]:
    """Visitors of past turns, in order."""
    try:
        return [str(visitor) for visitor in json.loads((_folder() / "served").read_text())]
    except (OSError, ValueError):
        return []


def _remember(visitor: str) -> None:
    past = [*(other for other in _served() if other != visitor), visitor][-REMEMBERED:]
    write_atomically(_folder() / "served", json.dumps(past).encode())


def _path(key: str) -> Path:
    return _folder() / f"{key}.json"


def _folder() -> Path:
    return settings().home / "turns"
