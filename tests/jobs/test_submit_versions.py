"""A cluster of another Ray is refused before anything is handed over: Ray's own client, and a stand-in for the head."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.metadata import version

import pytest

from jobs import submit
from jobs.settings import Settings
from jobs.tasks import RunError

OURS = version("ray")


class JobsApi(ThreadingHTTPServer):
    """What a head answers about its version; whatever else is asked is noted."""

    daemon_threads = True
    ray_version = OURS

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Answer)
        self.asked: list[str] = []


class Answer(BaseHTTPRequestHandler):
    server: JobsApi

    def do_GET(self) -> None:
        self.server.asked.append(self.path)
        said = {"version": "4", "ray_version": self.server.ray_version, "ray_commit": "", "session_name": ""}
        body = json.dumps(said).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Nothing."""


@pytest.fixture
def api(monkeypatch: pytest.MonkeyPatch) -> Iterator[JobsApi]:
    """A Jobs API that RAY_ADDRESS names."""
    monkeypatch.setenv("RAY_AUTH_MODE", "disabled")
    with JobsApi() as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        monkeypatch.setenv("RAY_ADDRESS", f"http://127.0.0.1:{server.server_port}")
        monkeypatch.setattr(submit, "settings", Settings)
        yield server
        server.shutdown()


def test_another_ray_is_refused_by_a_sentence_that_names_both(api: JobsApi) -> None:
    api.ray_version = "2.59.1"
    said = f"runs Ray 2\\.59\\.1 and this is Ray {OURS}; use the same on both"
    with pytest.raises(RunError, match=said) as refused:
        submit._client()
    assert f"http://127.0.0.1:{api.server_port}" in str(refused.value)
    assert set(api.asked) == {"/api/version"}


def test_the_same_ray_is_taken(api: JobsApi) -> None:
    assert submit._client()._server_ray_version == OURS
    assert set(api.asked) == {"/api/version"}
