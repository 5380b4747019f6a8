"""Refreshing from a publisher that behaves and from one that does not: a real server on loopback."""

import hashlib
import io
import socket
import threading
import time
import zipfile
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from engine.tables import TableError
from jobs import data
from jobs.data.download import DownloadError, fetch, last_good
from jobs.settings import settings

SAMPLES = Path(__file__).parents[1] / "samples"
MODELS = (SAMPLES / "epoch_all_unseen.csv").read_bytes()
HARDWARE = (SAMPLES / "epoch_ml_hardware_2025-09.csv").read_bytes()
Answer = Callable[[BaseHTTPRequestHandler], None]


def benchmarks() -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as out:
        for path in sorted((SAMPLES / "benchmarks_2026").iterdir()):
            out.writestr(zipfile.ZipInfo(path.name), path.read_bytes())
    return stream.getvalue()


def body(payload: bytes, *, promise: int | None = None, status: int = 200) -> Answer:
    def answer(request: BaseHTTPRequestHandler) -> None:
        request.send_response(status)
        request.send_header("Content-Length", str(len(payload) if promise is None else promise))
        request.end_headers()
        request.wfile.write(payload)

    return answer


def moved(to: str) -> Answer:
    def answer(request: BaseHTTPRequestHandler) -> None:
        request.send_response(302)
        request.send_header("Location", to)
        request.send_header("Content-Length", "0")
        request.end_headers()

    return answer


def silent(stop: threading.Event) -> Answer:
    def answer(request: BaseHTTPRequestHandler) -> None:
        stop.wait(5)

    return answer


def dripping(stop: threading.Event) -> Answer:
    def answer(request: BaseHTTPRequestHandler) -> None:
        request.send_response(200)
        request.send_header("Content-Length", "100000")
        request.end_headers()
        while not stop.wait(0.02):
            request.wfile.write(b"x")
            request.wfile.flush()

    return answer


def endless(request: BaseHTTPRequestHandler) -> None:
    request.send_response(200)
    request.end_headers()
    while True:
        request.wfile.write(b"x" * 65_536)


class Site:
    """A server whose answer to each path can be set."""

    def __init__(self) -> None:
        self.answers: dict[str, Answer] = {}
        self.stop = threading.Event()
        site = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                try:
                    site.answers.get(self.path, body(b"no such page", status=404))(self)
                except OSError:
                    self.close_connection = True

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        self.thread.start()
        self.url = f"http://127.0.0.1:{self.server.server_port}"

    def good(self) -> None:
        self.answers |= {
            "/data/all_ai_models.csv": body(MODELS),
            "/data/ml_hardware.csv": body(HARDWARE),
            "/data/benchmark_data.zip": body(benchmarks()),
        }

    def close(self) -> None:
        self.stop.set()
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()


@pytest.fixture
def site():
    made = Site()
    made.good()
    yield made
    made.close()


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch, site):
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("WORKBENCH_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("WORKBENCH_EPOCH_URL", f"{site.url}/data/")
    monkeypatch.setenv("WORKBENCH_DOWNLOAD_SECONDS", "0.4")
    monkeypatch.setenv("WORKBENCH_DOWNLOAD_BYTES", "300000")
    settings.cache_clear()
    yield tmp_path / "home"
    settings.cache_clear()


def files_in(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


def test_a_refresh_makes_a_vintage_with_url_time_and_sha256(site):
    made = data.refresh("today")
    assert made.summary["rows"] == {
        "models": 2,
        "interventions": 77,
        "publications": 234,
        "hardware": 2,
        "benchmarks": 3,
    }
    sources = {row["table"]: row for row in made.tables["sources"].iter_rows(named=True)}
    assert sources["models"]["url"] == f"{site.url}/data/all_ai_models.csv"
    assert sources["models"]["sha256"] == hashlib.sha256(MODELS).hexdigest()
    assert sources["models"]["retrieved"].startswith("20")
    assert sources["interventions"]["vintage"] == "2025-10"
    assert data.load_tables(["models"], "today").tables["models"]["model"].to_list() == ["Sample Eight", "Sample Nine"]
    assert data.status("today").summary == made.summary


def test_the_raw_bytes_are_kept_untouched_with_their_record(home):
    data.refresh("today")
    copy, raw = last_good("all_ai_models.csv") or pytest.fail("no copy")
    assert raw == MODELS
    assert (copy.sha256, copy.size) == (hashlib.sha256(MODELS).hexdigest(), len(MODELS))
    assert len(files_in(home / "downloads")) == 6


def test_release_dates_follow_the_versions_that_came_along():
    data.refresh("today")
    models = data.load_tables(["models"], "today").tables["models"]
    assert str(models["release_date"][0]) == "2026-04-28"


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        (lambda site: body(b"", status=500), "the server answered 500"),
        (lambda site: body(b"gone", status=404), "the server answered 404"),
        (lambda site: body(b"<!DOCTYPE html><html>hello</html>"), "is a web page or XML, not a CSV file"),
        (lambda site: body(b""), "is empty"),
        (lambda site: body(MODELS.replace(b"Publication date", b"Day")), "has no column 'Publication date'"),
        (lambda site: body(MODELS[:800], promise=len(MODELS)), "the download failed"),
        (lambda site: body(MODELS[: len(MODELS) - 40]), "cells, the header"),
        (lambda site: body(b"x" * 300_001), "larger than the 300,000 bytes allowed"),
        (lambda site: endless, "larger than the 300,000 bytes allowed"),
        (lambda site: silent(site.stop), "no answer within 0.4 s"),
        (lambda site: dripping(site.stop), "not finished within 0.4 s"),
        (lambda site: moved("/data/all_ai_models.csv"), "redirect"),
        (lambda site: moved("/nowhere"), "the server answered 404"),
    ],
    ids=[
        "500",
        "404",
        "html",
        "empty",
        "no-column",
        "truncated",
        "cut-line",
        "oversize",
        "endless",
        "silent",
        "dripping",
        "loop",
        "redirect-404",
    ],
)
def test_one_bad_answer_spoils_neither_the_rest_nor_the_last_good_copy(home, site, answer, says):
    first = data.refresh("first")
    kept = files_in(home / "downloads")
    site.answers["/data/all_ai_models.csv"] = answer(site)
    start = time.monotonic()
    second = data.refresh("second")
    assert time.monotonic() - start < 10
    warning = second.warnings[0]
    assert warning.startswith("all_ai_models.csv: ")
    assert says in warning
    assert f": using the copy of {first.summary['retrieved'][:10]}." in warning
    assert second.inputs == first.inputs
    assert last_good("all_ai_models.csv")[1] == MODELS
    assert set(kept) == set(files_in(home / "downloads"))
    assert sorted(p.name for p in (home / "vintages").iterdir()) == ["first", "second"]


def test_a_redirect_is_followed(site):
    site.answers["/moved.csv"] = body(MODELS)
    site.answers["/data/all_ai_models.csv"] = moved("/moved.csv")
    assert data.refresh("today").warnings == data.status("today").warnings
    assert last_good("all_ai_models.csv")[1] == MODELS


def test_offline_uses_the_last_good_copies_and_says_of_when(site, monkeypatch):
    first = data.refresh("first")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        monkeypatch.setenv("WORKBENCH_EPOCH_URL", f"http://127.0.0.1:{free.getsockname()[1]}")
        settings.cache_clear()
        second = data.refresh("second")
    day = first.summary["retrieved"][:10]
    assert [w for w in second.warnings if "offline" in w] == [
        f"{name}: offline: using the copy of {day}."
        for name in ("all_ai_models.csv", "ml_hardware.csv", "benchmark_data.zip")
    ]
    assert second.summary["retrieved"] == first.summary["retrieved"]
    assert second.inputs == first.inputs


def test_with_nothing_to_be_had_nothing_is_written(home, site):
    site.answers.clear()
    with pytest.raises(TableError) as error:
        data.refresh("today")
    assert str(error.value).startswith(
        "Nothing could be refreshed, and nothing was changed: all_ai_models.csv: the server"
    )
    assert "and there is no earlier copy" in str(error.value)
    assert files_in(home) == {} if home.exists() else True
    assert data.vintages() == ("2025-10",)


def test_a_file_without_a_copy_is_left_to_the_bundled_table(site):
    site.answers["/data/ml_hardware.csv"] = body(b"", status=500)
    made = data.refresh("today")
    assert made.summary["rows"]["hardware"] == 161
    assert made.warnings[0] == "ml_hardware.csv: the server answered 500, and there is no earlier copy."
    assert "Vintage today has no hardware of its own; the bundled 2025-10 table is used." in made.warnings


def test_a_refresh_of_a_vintage_keeps_its_other_tables(site):
    data.import_files([SAMPLES / "gta_interventions_2025-10.csv", SAMPLES / "epoch_clean_2025-10.csv"], "mine")
    made = data.refresh("mine")
    assert (made.summary["rows"]["interventions"], made.summary["rows"]["models"]) == (3, 2)
    assert data.load_tables(["interventions"], "mine").tables["interventions"].height == 3


def test_the_bundled_vintage_and_bad_names_are_refused(home):
    with pytest.raises(TableError, match="can't be replaced"):
        data.refresh("2025-10")
    with pytest.raises(TableError, match="can't be called"):
        data.refresh("../x")
    assert not home.exists()


def test_a_damaged_copy_is_not_used(home, site):
    data.refresh("first")
    (copy,) = (p for p in (home / "downloads").iterdir() if p.name.endswith("-all_ai_models.csv"))
    copy.write_bytes(b"Model,Publication date\nForged,2024-01-01\n")
    assert last_good("all_ai_models.csv") is None
    site.answers["/data/all_ai_models.csv"] = body(b"", status=500)
    made = data.refresh("second")
    assert made.warnings[0] == "all_ai_models.csv: the server answered 500, and there is no earlier copy."
    assert made.summary["rows"]["models"] == 3047


def test_only_the_newest_copy_is_kept(home, site):
    data.refresh("first")
    newer = MODELS + MODELS.splitlines(keepends=True)[1].replace(b"Sample Eight", b"Sample Ten")
    site.answers["/data/all_ai_models.csv"] = body(newer)
    assert data.refresh("first").summary["rows"]["models"] == 3
    assert last_good("all_ai_models.csv")[1] == newer
    assert len([p for p in (home / "downloads").iterdir() if p.name.endswith("-all_ai_models.csv")]) == 1


@pytest.mark.parametrize("url", ["not a url", "ftp://127.0.0.1/x", "http://"])
def test_an_address_that_is_none_is_a_download_error(url):
    with pytest.raises(DownloadError):
        fetch(url)
