"""Files that a page was given: kept by content under the home, so that runs and their records find them again."""

import hashlib
import re
from pathlib import Path

from engine.tables import TableError, ingest
from jobs.data.writing import replace_file
from jobs.settings import settings

NAME_LETTERS = 50


def keep_upload(table: str, name: str, content: bytes) -> Path:
    """Keep a file that serves as a table, and give its place: HOME/uploads/SHA-256 of the content/its own name.

    The same file has the same place, which nobody can guess without the content. Raises `TableError`, keeping
    nothing, for a file that is too big or can't serve.
    """
    most = settings().download_bytes
    if len(content) > most:
        raise TableError(f"{name} is larger than {most // 2**20} MB, the most that is taken here.")
    path = upload_path(name, content)
    try:
        if not path.is_file():
            ingest(content, path.name, expect=table)
            path.parents[1].mkdir(mode=0o700, parents=True, exist_ok=True)
            path.parent.mkdir(exist_ok=True)
            replace_file(path, content)
    except OSError as error:
        raise TableError(f"{name} can't be kept ({error.strerror or error}).") from None
    return path


def upload_path(name: str, content: bytes) -> Path:
    """Where a file of that name and content is kept."""
    return settings().home / "uploads" / hashlib.sha256(content).hexdigest() / own_name(name)


def own_name(name: str) -> str:
    """A file's name without folders and marks that a file system or a sentence may not bear; its end is kept."""
    plain = re.sub(r"[^\w.() -]", "_", name.replace("\\", "/").rsplit("/", 1)[-1])[-NAME_LETTERS:].strip(" .")
    return plain or "table"
