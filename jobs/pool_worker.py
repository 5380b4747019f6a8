"""A process of the pool: `python -m jobs.pool_worker FD`, FD its end of the pipe to the process that asks."""

import pickle
import signal
import sys
from multiprocessing.connection import Connection
from typing import Any

import polars as pl

from engine.study import Work
from jobs.worker import Limits, Overdue, compute_within, unpack

READY = "ready"


def serve(connection: Connection) -> None:
    """Compute the chunks that come through the pipe, after the work they are of, until it closes."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        study, packed, limits = connection.recv()
        work = unpack(study, packed)
        connection.send(READY)
        while True:
            connection.send(_answer(limits, study, work, connection.recv()))
    except (EOFError, BrokenPipeError, ConnectionResetError):
        return


def _answer(limits: Limits, study: str, work: Work[Any], chunk: Any) -> pl.DataFrame | Exception | Overdue:
    try:
        return compute_within(limits, study, work, chunk)
    except Overdue as late:
        return late
    except Exception as error:
        return _sendable(error)


def _sendable(error: Exception) -> Exception:
    """The error itself where it survives the pipe, else its words."""
    try:
        return pickle.loads(pickle.dumps(error))
    except Exception:
        return RuntimeError(f"{type(error).__name__}: {error}")


if __name__ == "__main__":
    serve(Connection(int(sys.argv[1])))
