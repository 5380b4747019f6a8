"""Shared by all tests: a store of its own for each test run, and the place of the source files."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

# Examples are the same in every run, and none fails for being slow on a busy machine.
settings.register_profile("house", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("house")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--data-dir", type=Path, default=None, help="source files for the checks in tests/figures")
    parser.addoption("--fault-repeats", type=int, default=1, help="how often each fault is made")


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """The figures are checked only where the source files are."""
    if collection_path.name == "figures" and config.getoption("--data-dir") is None:
        return True
    return None


@pytest.fixture(scope="session")
def data_dir(pytestconfig: pytest.Config) -> Path:
    """Directory of the publishers' source files."""
    return Path(pytestconfig.getoption("--data-dir")).resolve()


@pytest.fixture(scope="session")
def fault_repeats(pytestconfig: pytest.Config) -> int:
    """How often each fault is made."""
    return int(pytestconfig.getoption("--fault-repeats"))
