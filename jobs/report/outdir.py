"""The output folder: refused before any work where it can't be, and written whole or not at all."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from engine.spec import SpecError


@contextmanager
def whole_folder(out: Path) -> Iterator[Path]:
    """A folder to fill that becomes `out` once all went well; nothing is left of it otherwise.

    Raises `SpecError`, one sentence, for an `out` that is a file, holds anything, or can't be written.
    """
    target = _checked(out)
    made = _parents(target)
    try:
        folder = Path(tempfile.mkdtemp(prefix=f".{target.name}.", dir=target.parent))
    except OSError as error:
        _undo(made)
        raise SpecError(f"{out} can't be written ({error.strerror}); name another folder.") from None
    try:
        yield folder
        _keep(folder, target)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        _undo(made)
        raise


def _checked(out: Path) -> Path:
    try:
        target = out.resolve()
        if target.is_dir() and any(target.iterdir()):
            raise SpecError(f"{out} is not empty; name a new or an empty folder.")
        if not target.is_dir() and target.exists():
            raise SpecError(f"{out} is a file; name a folder.")
    except RuntimeError:
        raise SpecError(f"{out} leads in a circle; name another folder.") from None
    except (OSError, ValueError) as error:
        raise SpecError(f"{out} can't be a folder ({error}).") from None
    return target


def _parents(target: Path) -> list[Path]:
    """Make the folders above the target; those that were not there, deepest first."""
    missing = [folder for folder in target.parents if not folder.exists()]
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        _undo(missing)
        raise SpecError(f"{target} can't be made ({error.strerror}); name another folder.") from None
    return missing


def _undo(made: list[Path]) -> None:
    for folder in made:
        if folder.is_dir() and not any(folder.iterdir()):
            folder.rmdir()


def _keep(folder: Path, target: Path) -> None:
    """Everything to disk, then the one rename that makes it visible."""
    for place, _, names in os.walk(folder):
        for name in names:
            _sync(Path(place) / name)
        _sync(Path(place))
    folder.chmod(0o755)
    try:
        folder.rename(target)
    except OSError as error:
        raise SpecError(f"{target} was filled by someone else meanwhile ({error.strerror}).") from None
    _sync(target.parent)


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
