"""A vintage from what the publisher has today, or from the last good copy of it."""

import datetime as dt
from dataclasses import dataclass

from engine.result import Result
from engine.tables import Ingested, TableError, ingest
from jobs.data.download import Copy, DownloadError, fetch, keep, last_good
from jobs.data.importing import new_vintage_dir
from jobs.data.layout import BUNDLED, manifest, vintages
from jobs.data.status import report
from jobs.data.writing import Part, dated, write_vintage
from jobs.settings import settings

FILES = {"models": "all_ai_models.csv", "hardware": "ml_hardware.csv", "benchmark_scores": "benchmark_data.zip"}


@dataclass(frozen=True)
class Got:
    """One refreshed table, or none, and what there is to say about it."""

    part: Part | None
    warning: str = ""


def refresh(vintage: str | None = None) -> Result:
    """Download Epoch's models, hardware and benchmarks into a vintage (named after today when None).

    A file that can't be had or read is replaced by its last good copy, with a warning; one without a copy is
    left out, so that the bundled table serves. The vintage's other tables stay. Raises `TableError`, changing
    nothing, when no file could be had at all. Returns what `status` says of the vintage.
    """
    name = vintage or dt.datetime.now(dt.UTC).date().isoformat()
    target = new_vintage_dir(name, replace=True)
    got = {table: _table(table, file) for table, file in FILES.items()}
    warnings = [one.warning for one in got.values() if one.warning]
    parts = {table: one.part for table, one in got.items() if one.part}
    if not parts:
        reasons = "; ".join(warning.rstrip(".") for warning in warnings)
        raise TableError(f"Nothing could be refreshed, and nothing was changed: {reasons}.")
    kept = manifest(name)["tables"] if name in vintages() else {}
    return report(write_vintage(target, name, dated(parts), kept), manifest(BUNDLED), warnings)


def _table(table: str, file: str) -> Got:
    url = f"{settings().epoch_url.rstrip('/')}/{file}"
    try:
        data = fetch(url)
        made = ingest(data, file, table)
    except DownloadError as error:
        return _from_copy(table, file, str(error))
    except TableError as error:
        return _from_copy(table, file, f"the download can't be used ({str(error).rstrip('.')})")
    return Got(_part(made, keep(file, url, data)))


def _from_copy(table: str, file: str, reason: str) -> Got:
    found = last_good(file)
    if found is None:
        return Got(None, f"{file}: {reason}, and there is no earlier copy.")
    copy, data = found
    return Got(_part(ingest(data, file, table), copy), f"{file}: {reason}: using the copy of {copy.day}.")


def _part(made: Ingested, copy: Copy) -> Part:
    return Part(made, copy.retrieved, copy.url)
