"""Runs in processes of their own, which outlive whoever asked for them."""

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence

from jobs.settings import ROOT, settings


def start(
    arguments: Sequence[str], key: str, extra: Mapping[str, str] | None = None, keep_open: Sequence[int] = ()
) -> None:
    """Start `python -m jobs ARGUMENTS` in a session of its own; what it prints goes to HOME/logs/KEY.log.

    `extra` is added to its environment; `keep_open` are file descriptors it inherits.
    """
    logs = settings().home / "logs"
    logs.mkdir(parents=True, exist_ok=True)
    _children[:] = running()
    with (logs / f"{key}.log").open("ab") as log:
        child = subprocess.Popen(
            [sys.executable, "-m", "jobs", *arguments],
            cwd=ROOT,
            env={**os.environ, "OPENBLAS_NUM_THREADS": "1", **(extra or {})},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
            pass_fds=tuple(keep_open),
        )
    _children.append(child)


def running() -> list[subprocess.Popen[bytes]]:
    """Processes that this one has started and that go on."""
    return [child for child in _children if child.poll() is None]


# Held until they end: a child that is let go of while it runs stays a zombie afterwards.
_children: list[subprocess.Popen[bytes]] = []
