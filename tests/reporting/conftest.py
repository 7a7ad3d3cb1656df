"""A stand-in for the CyberTipline, and a client of it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from holdfast.reporting.cybertip.client import Client
from holdfast.reporting.cybertip.destination import Credentials, CyberTipline, Environment
from standins.cybertipline import StandIn

ACCOUNT = Credentials("usr123", "pswd123")


@pytest.fixture
def stand_in() -> Iterator[StandIn]:
    with StandIn() as server:
        yield server


@pytest.fixture
def client(stand_in: StandIn) -> Iterator[Client]:
    with Client(CyberTipline(Environment.TEST, stand_in.url), ACCOUNT, timeout_s=0.5) as made:
        yield made
