"""A Python without OpenCV, as it is where the extra `holdfast[local]` was not installed."""

from __future__ import annotations

import builtins
import sys
from typing import Any

import pytest

__all__ = ["hide_opencv"]


def hide_opencv(monkeypatch: pytest.MonkeyPatch) -> None:
    """Importing it fails until the test ends."""
    real = builtins.__import__

    def absent(name: str, *rest: Any) -> Any:
        if name == "cv2":
            raise ImportError(name)
        return real(name, *rest)

    monkeypatch.delitem(sys.modules, "cv2", raising=False)
    monkeypatch.setattr(builtins, "__import__", absent)
