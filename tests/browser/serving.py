"""A server of the app on a free loopback port, for browser tests and benchmarks."""

import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
START_SECONDS = 60
FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@contextmanager
def serve(home: Path) -> Iterator[str]:
    """Address of the app, with its imports, store and log (server.log) under `home`."""
    process, address = started(home, free_port())
    try:
        yield address
    finally:
        process.terminate()
        process.wait(timeout=20)


def started(home: Path, port: int) -> tuple[subprocess.Popen[bytes], str]:
    """A server that answers, and its address."""
    log = home / "server.log"
    command = [sys.executable, "-m", "streamlit", "run", "streamlit_app.py", "--server.address", "127.0.0.1"]
    command += ["--server.port", str(port), "--server.headless", "true"]
    with log.open("ab") as sink:
        process = subprocess.Popen(
            command, cwd=ROOT, env={**os.environ, "WORKBENCH_HOME": str(home)}, stdout=sink, stderr=sink
        )
    try:
        _wait(f"http://127.0.0.1:{port}/_stcore/health", process, log)
    except RuntimeError:
        process.kill()
        raise
    return process, f"http://127.0.0.1:{port}"


def free_port() -> int:
    """A port of the loopback interface that nobody listens on."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def _wait(address: str, process: subprocess.Popen[bytes], log: Path) -> None:
    end = time.monotonic() + START_SECONDS
    while time.monotonic() < end and process.poll() is None:
        try:
            with urllib.request.urlopen(address, timeout=2):
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.2)
    raise RuntimeError(f"the server did not start: {log.read_text(errors='replace')[-2000:]}")
