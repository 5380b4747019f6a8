"""A real server that speaks S3 on loopback, in a process of its own, with one bucket."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import httpx

BUCKET = "runs"


@contextmanager
def s3_server() -> Iterator[Mapping[str, str]]:
    """The environment that reaches it: endpoint and credentials, which are nowhere else."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = subprocess.Popen(
        [str(Path(sys.executable).with_name("moto_server")), "-H", "127.0.0.1", "-p", str(port)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    endpoint = f"http://127.0.0.1:{port}"
    try:
        _make_bucket(endpoint)
        yield {
            **os.environ,
            "AWS_ENDPOINT_URL": endpoint,
            "AWS_ALLOW_HTTP": "true",
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_REGION": "us-east-1",
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_EC2_METADATA_DISABLED": "true",
        }
    finally:
        server.terminate()
        server.wait()


def _make_bucket(endpoint: str) -> None:
    end = time.monotonic() + 60
    while time.monotonic() < end:
        try:
            httpx.put(f"{endpoint}/{BUCKET}").raise_for_status()
            return
        except httpx.ConnectError:
            time.sleep(0.1)
    raise AssertionError("the S3 server never listened")
