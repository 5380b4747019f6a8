"""One download: bounded in time and size, its content checked, the last good copy kept beside its record."""

import datetime as dt
import hashlib
import json
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from jobs.data.writing import replace_file
from jobs.settings import settings

if TYPE_CHECKING:
    import httpx

_CONNECT_SECONDS = 10.0
_REDIRECTS = 5


class DownloadError(RuntimeError):
    """A download that did not give the whole file; the message says why in a few words."""


@dataclass(frozen=True)
class Copy:
    """A raw file as downloaded: where from, when (UTC), its SHA-256 and size, and the name it is kept under."""

    url: str
    retrieved: str
    sha256: str
    size: int
    kept_as: str

    @property
    def day(self) -> str:
        return self.retrieved[:10]


def fetch(url: str) -> bytes:
    """The body at a URL. Raises `DownloadError` when offline, late, too large, cut short, refused or redirected
    to an unencrypted address."""
    import httpx

    limit = settings()
    deadline = time.monotonic() + limit.download_seconds
    patience = httpx.Timeout(limit.download_seconds, connect=min(_CONNECT_SECONDS, limit.download_seconds))
    try:
        with (
            httpx.Client(timeout=patience, follow_redirects=True, max_redirects=_REDIRECTS) as client,
            client.stream("GET", url, headers={"Accept-Encoding": "identity"}) as response,
        ):
            _accept(response, url)
            return _body(response, deadline)
    except (httpx.ConnectError, httpx.ConnectTimeout):
        raise DownloadError("offline") from None
    except httpx.TimeoutException:
        raise DownloadError(f"no answer within {limit.download_seconds:g} s") from None
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise DownloadError(f"the download failed ({str(error) or type(error).__name__})") from None


def _accept(response: "httpx.Response", url: str) -> None:
    if response.status_code != 200:
        raise DownloadError(f"the server answered {response.status_code}")
    if url.startswith("https:") and response.url.scheme != "https":
        raise DownloadError("the server redirected to an unencrypted address")
    if int(response.headers.get("content-length") or 0) > settings().download_bytes:
        raise DownloadError(_too_large())


def _body(response: "httpx.Response", deadline: float) -> bytes:
    limit = settings()
    parts: list[bytes] = []
    size = 0
    for part in response.iter_bytes():
        parts.append(part)
        size += len(part)
        if size > limit.download_bytes:
            raise DownloadError(_too_large())
        if time.monotonic() > deadline:
            raise DownloadError(f"not finished within {limit.download_seconds:g} s")
    promised = response.headers.get("content-length")
    if promised and "content-encoding" not in response.headers and int(promised) != size:
        raise DownloadError(f"cut short at {size} of {promised} bytes")
    return b"".join(parts)


def _too_large() -> str:
    return f"larger than the {settings().download_bytes:,} bytes allowed"


def keep(file: str, url: str, data: bytes) -> Copy:
    """Make these bytes the last good copy of a file; the earlier copy goes when the new one is in place."""
    folder = _folder()
    folder.mkdir(parents=True, exist_ok=True)
    sha256 = hashlib.sha256(data).hexdigest()
    now = dt.datetime.now(dt.UTC).isoformat(timespec="seconds")
    copy = Copy(url, now, sha256, len(data), f"{sha256[:16]}-{file}")
    replace_file(folder / copy.kept_as, data)
    replace_file(_record(file), (json.dumps(asdict(copy), indent=1) + "\n").encode())
    for old in folder.glob(f"*-{file}"):
        if old.name != copy.kept_as:
            old.unlink(missing_ok=True)
    return copy


def last_good(file: str) -> tuple[Copy, bytes] | None:
    """The kept copy of a file with its record; None when there is none or its bytes are not what was kept."""
    try:
        copy = Copy(**json.loads(_record(file).read_text(encoding="utf-8")))
        data = (_folder() / Path(copy.kept_as).name).read_bytes()
    except (OSError, ValueError, TypeError):
        return None
    return (copy, data) if hashlib.sha256(data).hexdigest() == copy.sha256 else None


def _folder() -> Path:
    return settings().home / "downloads"


def _record(file: str) -> Path:
    return _folder() / f"{file}.json"
