"""Settings, from the environment alone (prefix WORKBENCH_), with defaults that suit a laptop."""

import functools
from pathlib import Path

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

ROOT = Path(__file__).resolve().parent.parent


class Settings(BaseSettings):
    """Where things are kept and what this machine may do."""

    model_config = SettingsConfigDict(env_prefix="WORKBENCH_", frozen=True)

    home: Path = Field(ROOT / ".workbench", description="imported vintages, downloads and the default store")
    store: str = Field("", description="directory or URL of the run store; empty means HOME/store")
    vintage: str = Field("2025-10", description="data vintage used when none is named")
    workers: int = Field(0, ge=0, description="processes or threads of a pool; 0 means one a core")
    ray_address: str = Field("", validation_alias="RAY_ADDRESS", description="existing Ray cluster")
    epoch_url: str = Field("https://epoch.ai/data", description="base address for `data refresh`")
    download_seconds: float = Field(60.0, gt=0, description="time-out of one download")
    download_bytes: int = Field(64 * 2**20, gt=0, description="size cap of one download")

    @property
    def store_root(self) -> str:
        return self.store or str(self.home / "store")

    @property
    def bundled(self) -> Path:
        """Directory of the tables that ship with the project."""
        return ROOT / "data"


@functools.cache
def settings() -> Settings:
    """The settings of this process, read once."""
    return Settings()
