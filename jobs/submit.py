"""Start a long run outside the asking process, so that neither a page nor its server holds it.

A child process in a session of its own; with RAY_ADDRESS naming a Jobs API, a job on that cluster.
"""

import itertools
import shlex
import time
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any

from engine.result import Result
from engine.spec import SpecError
from jobs import children, turns
from jobs.cluster import NOT_SHIPPED, SUBMITTER, versions
from jobs.question import Question
from jobs.runner import RunnerName, named
from jobs.settings import ROOT, settings
from jobs.store import Status, Store
from jobs.tasks import RunError

FOLLOW_SECONDS = 0.5


def submit(question: Question, store: Store, runner: RunnerName = "auto") -> str:
    """Start the run outside this process, and return its key.

    Nothing is started when the store has the result or someone is at it.
    """
    if question.stored(store) is None and not _running(store, question):
        store.save_spec(question.key, question.record())
        store.clear_cancel(question.key)
        if settings().jobs_address and named(runner, question) == "ray":
            _submit_job(_client(), question, store)
        else:
            _start(question.key, store, ["run", question.key, "--store", store.root, "--runner", runner])
    return question.key


def _start(key: str, store: Store, arguments: list[str]) -> None:
    """In a process of its own; at its turn where one worker serves all."""
    if settings().mode == "cloud":
        turns.queue(store, key, arguments)
    else:
        children.start(arguments, key, {SUBMITTER: versions()})


def answer_by_job(question: Question, store: Store, progress: Callable[[Status], None] | None) -> Result:
    """The result of a run handed to the cluster's Jobs API, which must reach the same store.

    Raises `RunError` when the job ends without one, and when following it is interrupted.
    """
    client = _client()
    if not _running(store, question):
        store.save_spec(question.key, question.record())
        store.clear_cancel(question.key)
    job = _submit_job(client, question, store)
    try:
        return _followed(client, job, question, store, progress)
    except KeyboardInterrupt:
        raise RunError(
            f"The run goes on on the cluster, no longer followed; the same command follows it again, and `runs cancel "
            f"{question.key[:12]}` stops it."
        ) from None


def _followed(
    client: Any, job: str, question: Question, store: Store, progress: Callable[[Status], None] | None
) -> Result:
    while True:
        ended = client.get_job_status(job).is_terminal()
        result, status = question.stored(store), store.status(question.key)
        if status and progress:
            progress(status)
        if result is not None:
            return result
        if ended:
            raise RunError(_why(client, job, status))
        time.sleep(FOLLOW_SECONDS)


def _running(store: Store, question: Question) -> bool:
    status = store.status(question.key)
    return status is not None and status.state == "running"


def _why(client: Any, job: str, status: Status | None) -> str:
    if status is not None and status.state in ("failed", "cancelled"):
        return status.message
    told = (client.get_job_logs(job) or client.get_job_info(job).message or "").strip().splitlines()
    return f"Job {job} ended without a result in this store: {told[-1] if told else 'its log is empty'}"


def _client() -> Any:
    """The cluster's Jobs API; raises `RunError` when it can't be used or runs another Ray."""
    from ray.exceptions import AuthenticationError
    from ray.job_submission import JobSubmissionClient

    address = settings().jobs_address
    try:
        client = JobSubmissionClient(address)
    except AuthenticationError:
        raise RunError(
            f"The Jobs API at {address} asks for a token; set RAY_AUTH_MODE=token and RAY_AUTH_TOKEN or "
            "RAY_AUTH_TOKEN_PATH as the cluster has them."
        ) from None
    except (ConnectionError, RuntimeError) as error:
        raise RunError(f"No Jobs API answers at {address}, check RAY_ADDRESS: {_words(error)}") from error
    theirs, ours = client._server_ray_version, version("ray")
    if theirs != ours:
        raise RunError(f"The cluster at {address} runs Ray {theirs} and this is Ray {ours}; use the same on both.")
    return client


def _words(error: Exception) -> str:
    """An error of several lines as part of a sentence."""
    return " ".join(str(error).split())[:300]


def _submit_job(client: Any, question: Question, store: Store) -> str:
    """Hand the run over; its submission id is key and attempt, so that Ray refuses a second one of the same."""
    if question.files:
        raise SpecError("Your own files stay on this machine; name another runner than ray for them.")
    status = store.status(question.key)
    first = (status.attempt if status else 0) + (not _running(store, question))
    root = store.root if "://" in store.root else str(Path(store.root).resolve())
    asked = {
        "entrypoint": shlex.join(["python", "-m", "jobs", "run", question.key, "--store", root, "--runner", "ray"]),
        "runtime_env": {"working_dir": str(ROOT), "excludes": NOT_SHIPPED, "env_vars": _environment(root)},
    }
    for attempt in itertools.count(first):
        job = f"{question.key[:32]}-{attempt}"
        try:
            return client.submit_job(submission_id=job, **asked)
        except RuntimeError as error:
            if "already exists" not in str(error):
                raise RunError(f"The cluster refused the job: {_words(error)}") from error
        if not client.get_job_status(job).is_terminal():
            return job
    raise AssertionError("attempts never end")


def _environment(root: str) -> dict[str, str]:
    """What a job is told; credentials are the cluster's own affair and never travel."""
    here = settings()
    return {
        "WORKBENCH_STORE": root,
        "WORKBENCH_VINTAGE": here.vintage,
        "WORKBENCH_CHUNK_SECONDS": str(here.chunk_seconds),
        "WORKBENCH_WORKER_MB": str(here.worker_mb),
        "OPENBLAS_NUM_THREADS": "1",
        SUBMITTER: versions(),
    }
