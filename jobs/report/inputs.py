"""The files a report is asked of: a user's own, with columns renamed as the configuration says, or synthetic ones."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import polars as pl

from engine.report.synthetic import synthetic_pairs, synthetic_scaling
from engine.spec import SpecError

READERS = {".csv": lambda path: pl.read_csv(path, infer_schema=False), ".parquet": pl.read_parquet}
Aliases = Mapping[str, Sequence[str]]


def synthetic_files(seed: int, folder: Path) -> dict[str, Path]:
    """The smoke test's files, drawn anew."""
    made = {"scaling": synthetic_scaling(seed), "diffusion_pairs": synthetic_pairs(seed)}
    for name, frame in made.items():
        frame.write_parquet(folder / f"SYNTHETIC_{name}.parquet")
    return {name: folder / f"SYNTHETIC_{name}.parquet" for name in made}


def renamed_file(path: Path, aliases: Aliases, folder: Path) -> tuple[Path, list[str]]:
    """The file with the first alias present of each column under its own name, and a sentence on each choice.

    A kind of file other than CSV and Parquet is left as it is, for its columns are looked up by their known names.
    """
    read = READERS.get(path.suffix.lower())
    if read is None:
        return path, [f"{path.name}: column lists are for CSV and Parquet files; its columns are read by known names."]
    try:
        frame = read(path)
    except (OSError, pl.exceptions.PolarsError) as error:
        raise SpecError(f"{path.name} can't be read ({' '.join(str(error).split())[:200]}).") from None
    chosen = {column: first for column, names in aliases.items() if (first := _first(names, frame.columns))}
    clashing = [column for column, first in chosen.items() if column != first and column in frame.columns]
    made = folder / path.name
    table = frame.drop(clashing).rename({first: column for column, first in chosen.items()}, strict=True)
    table.write_csv(made) if path.suffix.lower() == ".csv" else table.write_parquet(made)
    return made, [_told(path, column, aliases[column], chosen.get(column)) for column in aliases]


def _first(names: Sequence[str], columns: Sequence[str]) -> str | None:
    return next((name for name in names if name in columns), None)


def _told(path: Path, column: str, names: Sequence[str], chosen: str | None) -> str:
    if chosen is None:
        return f"{path.name}: {column}: none of {', '.join(names)} is there; the column is read by its known names."
    return f"{path.name}: {column} is read from '{chosen}'."
