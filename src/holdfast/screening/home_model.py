"""The false-alarm model that a home judges by: its own calibration, or the shipped one."""

from __future__ import annotations

from pathlib import Path

import structlog

from holdfast.errors import SettingsError
from holdfast.matching.calibration.model import COARSE, FalseAlarmModel, default_model
from holdfast.matching.calibration.stored import read_model

__all__ = ["CALIBRATION_NAME", "HomeModel", "home_model"]

CALIBRATION_NAME = "calibration.json"

log = structlog.get_logger(__name__)


def home_model(home: Path) -> FalseAlarmModel:
    """The calibration of this home, or the shipped one where it has none. Raises `SettingsError`."""
    path = home / CALIBRATION_NAME
    return read_model(path) if path.exists() else default_model()


class HomeModel:
    """The model of a home, read again when its file has changed. Safe to use from many threads.

    A new file that cannot be read changes nothing: what was before goes on judging, and the log says so. The
    first one has to be readable: raises `SettingsError`.
    """

    def __init__(self, home: Path) -> None:
        self._home = home
        self._stamp = self._look()
        self.current = home_model(home)

    def refresh(self) -> None:
        """Takes in what `holdfast bank calibrate` has written since. Costs one look at the file."""
        stamp = self._look()
        if stamp == self._stamp:
            return
        self._stamp = stamp
        try:
            self.current = home_model(self._home)
        except SettingsError as error:
            log.warning("the calibration is not in force; what was before stays", error=str(error))

    def warm_up(self) -> None:
        """Makes the table that the first matches of uploads would otherwise wait for."""
        self.current.family(COARSE).warm_up()

    def _look(self) -> tuple[int, int]:
        try:
            status = (self._home / CALIBRATION_NAME).stat()
        except OSError:
            return 0, 0
        return status.st_mtime_ns, status.st_size
