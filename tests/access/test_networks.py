"""Source networks: IPv4, IPv6, and IPv4 written in IPv6."""

from __future__ import annotations

import pytest

from holdfast.access.networks import inside, parse_networks
from holdfast.errors import UsageError


@pytest.mark.parametrize(
    ("networks", "address", "expected"),
    [
        (["192.0.2.0/24"], "192.0.2.255", True),
        (["192.0.2.0/24"], "192.0.3.0", False),
        (["192.0.2.7"], "192.0.2.7", True),
        (["192.0.2.7"], "192.0.2.8", False),
        (["192.0.2.0/24"], "::ffff:192.0.2.9", True),
        (["192.0.2.0/24"], "::ffff:192.0.3.9", False),
        (["::ffff:192.0.2.0/120"], "192.0.2.9", True),
        (["::ffff:192.0.2.0/120"], "::ffff:c000:209", True),
        (["::ffff:192.0.2.0/120"], "192.0.3.9", False),
        (["2001:db8::/32"], "2001:db8:ffff::1", True),
        (["2001:db8::/32"], "2001:DB8:0:0:0:0:0:1", True),
        (["2001:db8::/32"], "2001:db9::1", False),
        (["2001:db8::/32", "192.0.2.0/24"], "192.0.2.1", True),
        (["::/0"], "192.0.2.1", False),
        (["::/0"], "::ffff:192.0.2.1", False),
        (["0.0.0.0/0"], "::ffff:192.0.2.1", True),
        (["0.0.0.0/0"], "2001:db8::1", False),
        (["fe80::/10"], "fe80::1%eth0", True),
        (["0.0.0.0/0", "::/0"], None, False),
        (["0.0.0.0/0", "::/0"], "", False),
        (["0.0.0.0/0", "::/0"], "unix:", False),
        (["0.0.0.0/0", "::/0"], "192.0.2.1, 10.0.0.1", False),
        (["0.0.0.0/0"], "192.0.2", False),
        (["0.0.0.0/0"], "3221225985", False),
        (["10.0.0.0/8"], "012.0.0.1", False),
    ],
)
def test_inside(networks: list[str], address: str | None, expected: bool) -> None:
    assert inside(address, parse_networks(networks)) is expected


@pytest.mark.parametrize(
    "text", ["", "192.0.2.1/24", "192.0.2.0/33", "2001:db8::1/32", "example.org", "10.0.0.0-9"]
)
def test_not_a_network(text: str) -> None:
    with pytest.raises(UsageError, match="is not a network"):
        parse_networks([text])
