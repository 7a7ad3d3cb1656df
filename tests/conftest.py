"""Fixtures shared by all tests."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real benign photographs, films and music that lies beside a checkout."""
    folder = Path(os.environ.get("HOLDFAST_SHARED_DATA", REPOSITORY.parent / "shared" / "data"))
    if not folder.is_dir():
        pytest.skip(f"needs the shared folder of benign media ({folder} is absent; set HOLDFAST_SHARED_DATA)")
    return folder
