"""Where webhooks may go: public addresses, and what the operator names."""

from __future__ import annotations

from ipaddress import ip_address

import pytest

from holdfast.errors import UsageError
from holdfast.service.reach import webhook_reach
from holdfast.settings import WebhookSettings


@pytest.mark.parametrize(
    ("address", "settings", "allowed"),
    [
        ("1.1.1.1", {}, True),
        ("2606:4700::1111", {}, True),
        ("10.20.0.5", {}, False),
        ("10.20.0.5", {"allow_networks": ["10.20.0.0/16"]}, True),
        ("10.21.0.5", {"allow_networks": ["10.20.0.0/16"]}, False),
        ("169.254.169.254", {"allow_networks": ["10.0.0.0/8"]}, False),
        ("fd00::1", {"allow_networks": ["10.0.0.0/8", "fd00::/8"]}, True),
        ("127.0.0.1", {}, False),
        ("127.0.0.1", {"allow_loopback_http": True}, True),
        ("::1", {"allow_loopback_http": True}, True),
    ],
)
def test_reach(address: str, settings: dict[str, object], allowed: bool) -> None:
    reach = webhook_reach(WebhookSettings.model_validate(settings))
    assert reach.may_reach(ip_address(address)) is allowed
    assert reach.allow_loopback_http is bool(settings.get("allow_loopback_http"))


def test_a_network_that_is_none() -> None:
    with pytest.raises(UsageError, match="not a network"):
        webhook_reach(WebhookSettings(allow_networks=("inside",)))
