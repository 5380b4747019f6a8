"""The part of the data page that says what changed between two vintages."""

from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pytest

from jobs import client
from jobs.settings import settings
from tests.views.opening import opened
from views import _changes, content

PAGE = "views/provenance.py"
SAMPLES = Path(__file__).resolve().parents[1] / "samples"


@pytest.fixture
def older(tmp_path: Path) -> Iterator[str]:
    """A home with one imported vintage, its models those of a sample; only one study's figures are compared."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("WORKBENCH_HOME", str(tmp_path))
        patch.setattr(_changes, "STUDIES", {"export-controls": content.STUDIES["export-controls"]})
        settings.cache_clear()
        client.store.cache_clear()
        name = "epoch_all_2025-03.csv"
        client.import_files({name: (SAMPLES / name).read_bytes()}, "older")
        yield "older"
    settings.cache_clear()
    client.store.cache_clear()


def test_with_one_vintage_the_page_says_how_to_get_another() -> None:
    told = [info.value for info in opened(PAGE).info]
    assert any(text.startswith("There is one vintage only.") for text in told)


def test_two_vintages_are_compared(older: str) -> None:
    app = opened(PAGE, changes_from=older, changes_to="2025-10")
    assert not app.exception
    expected = client.data_changes(older, "2025-10")
    assert any(str(expected.summary["finding"]) in markdown.value for markdown in app.markdown)
    assert expected.tables["revised"].is_empty()
    assert "There are none." in [info.value for info in app.info]
    app.segmented_control(key="changes").set_value("Rows added").run()
    assert any(frame.value.shape[0] == expected.tables["added"].height for frame in app.dataframe)
    assert "Choose two different vintages." in [
        i.value for i in app.selectbox(key="changes_to").set_value(older).run().info
    ]


def test_headline_figures_stand_side_by_side(older: str) -> None:
    app = opened(PAGE, changes_from=older, changes_to="2025-10")
    shown = pl.DataFrame(app.dataframe[-1].value)
    assert shown.columns == ["study", "figure", older, "2025-10", "change"]
    rows = shown.filter(pl.col("figure") == "rows").row(0, named=True)
    assert rows["2025-10"] == 936
    assert rows["change"] == rows["2025-10"] - rows[older]


def test_changes_of_a_vintage_that_is_not_there_are_refused() -> None:
    with pytest.raises(client.BAD_INPUT, match="There is no vintage 'nowhere'"):
        client.data_changes("2025-10", "nowhere")


def test_a_vintage_does_not_differ_from_itself() -> None:
    found = client.data_changes("2025-10", "2025-10")
    assert found.summary["finding"] == "No table differs between vintage 2025-10 and vintage 2025-10."
    assert found.summary["cells"] == 0
