"""Where a store is: a folder, or a bucket that speaks S3, reached with credentials from the environment alone."""

import os
import re
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import obstore
import pyarrow.fs as pafs
from obstore.exceptions import BaseError
from obstore.store import LocalStore, S3Store

from engine.spec import SpecError

CREDENTIALS = (
    "AWS_ACCESS_KEY_ID",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
)
PATIENCE: Any = {"max_retries": 3, "retry_timeout": timedelta(seconds=20)}
TOLD = 160
MESSAGE = re.compile("<Message>([^<]*)</Message>")
ADDRESS = re.compile(r"[a-z][a-z0-9+.-]+:/", re.IGNORECASE)


def is_local(root: str) -> bool:
    """Whether a store's root names a folder rather than an address."""
    return ADDRESS.match(root) is None


def opened(root: str) -> tuple[pafs.FileSystem, str, Any]:
    """File system, base path on it, and the object store that creates a file only once.

    Raises `SpecError`, one sentence, for an address that is none, without credentials, or that does not answer.
    """
    return _folder(Path(root)) if is_local(root) else _bucket(root)


def _folder(path: Path) -> tuple[pafs.FileSystem, str, Any]:
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise SpecError(f"The store {path} can't be used as a folder ({error.strerror}); name another one.") from error
    base = str(path.resolve())
    return pafs.LocalFileSystem(), base, LocalStore(base)


def _bucket(url: str) -> tuple[pafs.FileSystem, str, Any]:
    _refuse(url, os.environ)
    plain = os.environ.get("AWS_ENDPOINT_URL", "").startswith("http://")
    leases = S3Store.from_url(url, client_options={"allow_http": plain}, retry_config=PATIENCE)
    try:
        obstore.list_with_delimiter(leases)
        return *pafs.FileSystem.from_uri(url), leases
    except (BaseError, OSError) as error:
        raise SpecError(
            f"The store {url} does not answer ({_reason(error)}); check the bucket's name, and AWS_ENDPOINT_URL, "
            "AWS_REGION and the credentials in the environment."
        ) from error


def _refuse(url: str, environment: Mapping[str, str]) -> None:
    """A store's address is printed, logged and sent to clusters; secrets have no place in it."""
    parts = urlsplit(url)
    if parts.scheme != "s3" or not url.startswith("s3://") or not parts.hostname:
        raise SpecError(f"The store {url[:TOLD]} is neither a folder nor of the form s3://BUCKET/PREFIX.")
    if "@" in parts.netloc or parts.query:
        raise SpecError(
            f"The store {parts.scheme}://{parts.hostname}{parts.path} must be named without credentials or options; "
            "they come from the environment (AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_ENDPOINT_URL)."
        )
    if not any(name in environment for name in CREDENTIALS):
        raise SpecError(
            f"The store {url} needs credentials in the environment: AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or "
            "those of a role."
        )


def _reason(error: Exception) -> str:
    """What the server says is wrong, or else the end of the library's first line; its dump follows that."""
    told = str(error)
    said = MESSAGE.search(told)
    return (said[1] if said else told.strip().splitlines()[0].rpartition(" - ")[2])[:TOLD].rstrip(". ")
