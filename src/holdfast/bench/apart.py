"""Benches and the demo work on homes of their own: never with the settings of whoever starts them."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["apart"]

_KEPT = "HOLDFAST_CACHE_DIR"  # compiled kernels: no setting


@contextmanager
def apart() -> Iterator[None]:
    """Without the ``HOLDFAST_*`` variables of this process, which are there again afterwards.

    HOLDFAST_DATABASE_URL would have an operator's own database filled with pictures of the demo.
    """
    own = {name: os.environ.pop(name) for name in list(os.environ) if _is_setting(name)}
    try:
        yield
    finally:
        os.environ.update(own)


def _is_setting(name: str) -> bool:
    return name.startswith("HOLDFAST_") and name != _KEPT
