"""Pages are tested on a store of their own and on the bundled tables; charts on small invented frames."""

import datetime as dt
from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pytest

from jobs import client
from jobs.settings import settings


@pytest.fixture(scope="session", autouse=True)
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A workbench home that starts empty."""
    folder = tmp_path_factory.mktemp("home")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("WORKBENCH_HOME", str(folder))
        settings.cache_clear()
        client.store.cache_clear()
        yield folder
    settings.cache_clear()
    client.store.cache_clear()


@pytest.fixture
def models() -> pl.DataFrame:
    """Seven models of the export-control study, none of them in level High."""
    kinds = ["Industry", "Academia", "Industry", "Government", "Academia, Industry", "Industry", "Other"]
    levels = ["Low", "Low", "Medium", "Medium", "Medium", "Low", "Medium"]
    return pl.DataFrame(
        {
            "model": [f"model {i}" for i in range(7)],
            "organization": [f"lab {i % 3}" for i in range(7)],
            "organization_type": kinds,
            "country": ["Freedonia"] * 7,
            "year": [2019, 2020, 2021, 2022, 2023, 2024, 2025],
            "publication_date": [dt.date(2019 + i, 5, 1) for i in range(7)],
            "parameters": [10.0**i for i in range(6, 13)],
            "training_compute_flop": [10.0**i for i in range(18, 25)],
            "log10_parameters": [float(i) for i in range(6, 13)],
            "log10_compute_flop": [float(i) for i in range(18, 25)],
            "publication_share_percent": [1.5, 2.5, 3.5, 12.5, 13.5, 20.5, 30.5],
            "controls": [0, 1, 3, 4, 5, 2, 6],
            "publication_bin": ["Low", "Low", "Low", "Medium", "Medium", "High", "High"],
            "control_bin": levels,
        }
    )


@pytest.fixture
def by_year() -> pl.DataFrame:
    """Yearly means of the efficiency study, 2011 to 2025."""
    years = list(range(2011, 2026))
    return pl.DataFrame(
        {
            "year": years,
            "n": [i + 1 for i in range(15)],
            "composite": [0.30 + 0.02 * i for i in range(15)],
            "pct_change": [None, *(5.0 - i for i in range(14))],
            "cost_per_flop": [0.40 + 0.01 * i for i in range(15)],
            "cost_per_parameter": [None if i < 3 else 0.5 for i in range(15)],
            "compute_per_dollar": [0.40 + 0.01 * i for i in range(15)],
            "compute_per_watt": [0.20 + 0.03 * i for i in range(15)],
            "flop_per_joule": [0.6] * 15,
        }
    )
