"""Start a long run outside the asking process, so that neither a page nor its server holds it."""

import os
import subprocess
import sys

from jobs.question import Question
from jobs.runner import RunnerName
from jobs.settings import ROOT, settings
from jobs.store import Store


def submit(question: Question, store: Store, runner: RunnerName = "auto") -> str:
    """Start the run in a child process in a session of its own, and return its key.

    Nothing is started when the store has the result or someone is at it.
    """
    status = store.status(question.key)
    if store.result(question.key) is None and (status is None or status.state != "running"):
        store.save_spec(question.key, question.record())
        _start(["run", question.key, "--store", store.root, "--runner", runner], question.key)
    return question.key


def _start(arguments: list[str], key: str) -> None:
    logs = settings().home / "logs"
    logs.mkdir(parents=True, exist_ok=True)
    _children[:] = [child for child in _children if child.poll() is None]
    with (logs / f"{key}.log").open("ab") as log:
        child = subprocess.Popen(
            [sys.executable, "-m", "jobs", *arguments],
            cwd=ROOT,
            env={**os.environ, "OPENBLAS_NUM_THREADS": "1"},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    _children.append(child)


# Held until they end: a child that is let go of while it runs stays a zombie afterwards.
_children: list[subprocess.Popen[bytes]] = []
