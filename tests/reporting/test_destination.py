"""Production is one host; the test destination is never that host."""

from __future__ import annotations

import pytest

from holdfast.errors import DestinationError
from holdfast.reporting.cybertip.client import Client
from holdfast.reporting.cybertip.destination import Credentials, CyberTipline, Environment

PRODUCTION, TEST = Environment.PRODUCTION, Environment.TEST


def test_the_addresses_of_the_documentation_are_the_default() -> None:
    assert CyberTipline(PRODUCTION).base_url == "https://report.cybertip.org/ispws"
    assert CyberTipline(TEST).base_url == "https://exttest.cybertip.org/ispws"


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:8700/ispws",
        "https://127.0.0.1/ispws",
        "https://localhost/ispws",
        "https://10.1.2.3/ispws",
        "https://192.168.1.4/ispws",
        "https://[::1]/ispws",
        "https://exttest.cybertip.org/ispws",
        "https://report.cybertip.org.example.org/ispws",
        "https://report-cybertip.org/ispws",
        "http://report.cybertip.org/ispws",
        "https://report.cybertip.org:8443/ispws",
        "https://user@report.cybertip.org/ispws",
        "https://report.cybertip.org/ispws?x=1",
        "https://report.cybertip.org:x/ispws",
    ],
)
def test_production_refuses_every_other_address(url: str) -> None:
    with pytest.raises(DestinationError, match="othing was sent"):
        CyberTipline(PRODUCTION, url)


@pytest.mark.parametrize(
    "address", ["127.0.0.1", "10.0.0.8", "192.168.0.1", "169.254.169.254", "::1", "fd00::1"]
)
def test_production_refuses_a_name_that_leads_home(address: str) -> None:
    with pytest.raises(DestinationError, match="not NCMEC"):
        CyberTipline(PRODUCTION).check_addresses(lambda _host: ["151.101.1.1", address])
    CyberTipline(PRODUCTION).check_addresses(lambda _host: ["151.101.1.1"])


def test_a_client_of_production_looks_at_the_addresses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("holdfast.reporting.cybertip.destination._resolve", lambda _host: ["127.0.0.1"])
    with pytest.raises(DestinationError, match="not NCMEC"):
        Client(CyberTipline(PRODUCTION), Credentials("a", "b"))


@pytest.mark.parametrize(
    "url",
    [
        "https://report.cybertip.org/ispws",
        "https://REPORT.CYBERTIP.ORG./ispws",
        "https://report.cybertip.org:443/x",
    ],
)
def test_a_test_is_never_sent_to_production(url: str) -> None:
    with pytest.raises(DestinationError, match="what is sent there is filed"):
        CyberTipline(TEST, url)


@pytest.mark.parametrize(
    "url", ["http://example.org/ispws", "http://10.0.0.1/ispws", "ftp://localhost/x", "x"]
)
def test_a_test_is_encrypted_unless_it_stays_here(url: str) -> None:
    with pytest.raises(DestinationError):
        CyberTipline(TEST, url)
    for fine in ("http://127.0.0.1:1/ispws", "http://[::1]/ispws", "http://localhost:8700/ispws"):
        CyberTipline(TEST, fine)


def test_it_says_loudly_which_one_it_is() -> None:
    assert CyberTipline(PRODUCTION).banner.startswith("PRODUCTION: reports are filed")
    assert CyberTipline(TEST, "http://127.0.0.1:8700/ispws").banner.startswith("TEST: nothing is filed")
    assert CyberTipline(PRODUCTION).name != CyberTipline(TEST).name


def test_a_password_is_not_shown() -> None:
    assert "secret" not in repr(Credentials("user", "secret"))
