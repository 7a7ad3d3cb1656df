"""Settings: defaults, then `settings.toml` in the home, then the environment; the later wins.

    [media]
    max_pixels = 80_000_000        # or HOLDFAST_MEDIA__MAX_PIXELS=80000000

Every setting is described in docs/settings.md (a test holds the two together).
"""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from holdfast.errors import SettingsError

if TYPE_CHECKING:
    from holdfast.media.types import ImageLimits

__all__ = ["MediaSettings", "ScanSettings", "Settings", "load_settings"]

MEBIBYTE = 1024 * 1024


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class MediaSettings(_Section):
    """Limits on what comes from outside, and the decode workers."""

    workers: int | None = Field(
        default=None, ge=1, description="Decode workers; the number of processors by default."
    )
    max_bytes: int = Field(default=100 * MEBIBYTE, ge=1, description="Largest file that is decoded.")
    max_pixels: int = Field(
        default=120_000_000, ge=1, description="Largest picture (width x height) that is decoded."
    )
    max_frames: int = Field(default=256, ge=1, description="Frames of an animation that are looked at.")
    max_total_pixels: int = Field(
        default=400_000_000, ge=1, description="Pixels of all frames of one file together that are looked at."
    )
    max_memory_bytes: int = Field(
        default=2048 * MEBIBYTE, ge=256 * MEBIBYTE, description="Memory of one decode worker."
    )
    cpu_s: float = Field(default=10.0, gt=0, description="Processor time for one file.")
    wall_s: float = Field(default=20.0, gt=0, description="Time on the clock for one file.")

    def image_limits(self) -> ImageLimits:
        from holdfast.media.types import ImageLimits

        return ImageLimits(**self.model_dump(exclude={"workers"}))


class ScanSettings(_Section):
    """Folder scans."""

    checkpoint_s: float = Field(
        default=1.0, gt=0, description="At most this much work is done twice after a kill."
    )
    threads: int | None = Field(
        default=None, ge=1, description="Files in work at once; twice the processors by default."
    )


class Settings(BaseSettings):
    """All settings of one home."""

    model_config = SettingsConfigDict(
        env_prefix="HOLDFAST_", env_nested_delimiter="__", extra="forbid", frozen=True
    )

    database_url: str | None = Field(
        default=None, description="postgresql://USER@HOST/NAME; by default an SQLite file in the home."
    )
    media: MediaSettings = Field(default_factory=MediaSettings)
    scan: ScanSettings = Field(default_factory=ScanSettings)

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        return env_settings, init_settings  # the file is given as init values: the environment wins over it


def load_settings(home: Path) -> Settings:
    """The settings of ``home``. Raises `SettingsError`, naming what is wrong."""
    path = home / "settings.toml"
    values: dict[str, Any] = {}
    if path.is_file():
        try:
            values = tomllib.loads(path.read_text(encoding="utf-8"))
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise SettingsError(
                f"{path} is not valid TOML: {error}. Nothing was started. Mend the file."
            ) from error
    try:
        return Settings(**values)
    except ValidationError as error:
        problems = "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors())
        raise SettingsError(
            f"Settings are wrong (from {path} or HOLDFAST_* variables): {problems}. "
            "Nothing was started. docs/settings.md lists every setting."
        ) from error
