"""Settings, from the environment alone (prefix WORKBENCH_), with defaults that suit a laptop."""

import functools
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

ROOT = Path(__file__).resolve().parent.parent
CLOUD_RUN_MB = 500
CLOUD_STORE_MB = 200
CLOUD_CHUNK_SECONDS = 60.0


class Settings(BaseSettings):
    """Where things are kept and what this machine may do."""

    model_config = SettingsConfigDict(env_prefix="WORKBENCH_", frozen=True)

    home: Path = Field(ROOT / ".workbench", description="imported vintages, downloads and the default store")
    store: str = Field("", description="directory or URL of the run store; empty means HOME/store")
    vintage: str = Field("2025-10", description="data vintage used when none is named")
    mode: Literal["laptop", "cloud"] = Field(
        "laptop", description="cloud: a small shared machine, with one worker, no Ray, limits and a queue"
    )
    run_mb: int = Field(0, ge=0, description="memory of a long run in MiB, all its processes; 0 means no bound")
    turn_seconds: float = Field(60.0, gt=0, description="time of a run in cloud mode while other visitors wait")
    store_mb: int = Field(0, ge=0, description="quota of runs and uploads in MiB; 0 means none")
    workers: int = Field(0, ge=0, description="processes or threads of a pool; 0 means one a core")
    chunk_seconds: float = Field(600.0, gt=0, description="time a chunk may take before its worker is ended")
    worker_mb: int = Field(0, ge=0, description="memory of a worker in MiB; 0 means its share of the machine's")
    ray_address: str = Field(
        "",
        validation_alias="RAY_ADDRESS",
        description="existing Ray cluster: host:port to join it, http://host:port to submit to its Jobs API",
    )
    epoch_url: str = Field("https://epoch.ai/data", description="base address for `data refresh`")
    download_seconds: float = Field(60.0, gt=0, description="time-out of one download")
    download_bytes: int = Field(64 * 2**20, gt=0, description="size cap of one download")

    @model_validator(mode="before")
    @classmethod
    def _small_machine(cls, given: dict[str, Any]) -> dict[str, Any]:
        """In cloud mode: one worker, no Ray, and bounds on memory, store and chunks unless they are given."""
        if given.get("mode") != "cloud":
            return given
        bounds = {"run_mb": CLOUD_RUN_MB, "store_mb": CLOUD_STORE_MB, "chunk_seconds": CLOUD_CHUNK_SECONDS}
        return {**bounds, **given, "workers": 1, "RAY_ADDRESS": ""}

    @property
    def store_root(self) -> str:
        return self.store or str(self.home / "store")

    @property
    def jobs_address(self) -> str:
        """The Jobs API long runs are handed to; empty where there is none."""
        return self.ray_address if self.ray_address.startswith(("http://", "https://")) else ""

    @property
    def joined_address(self) -> str:
        """The cluster this process itself joins; empty where there is none."""
        return "" if self.jobs_address else self.ray_address

    @property
    def bundled(self) -> Path:
        """Directory of the tables that ship with the project."""
        return ROOT / "data"


@functools.cache
def settings() -> Settings:
    """The settings of this process, read once."""
    return Settings()
