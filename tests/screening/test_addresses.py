"""Only public unicast addresses, also when an address carries another inside."""

from __future__ import annotations

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.screening.addresses import is_public

INWARD_V4 = [
    "0.0.0.0",
    "0.1.2.3",
    "10.0.0.1",
    "10.255.255.255",
    "100.64.0.1",
    "100.100.100.200",
    "100.127.255.255",
    "127.0.0.1",
    "127.8.8.8",
    "168.63.129.16",
    "169.254.169.254",
    "169.254.170.2",
    "172.16.0.1",
    "172.31.255.255",
    "192.0.0.1",
    "192.0.0.192",
    "192.0.2.1",
    "192.88.99.1",
    "192.168.0.1",
    "192.168.255.255",
    "198.18.0.1",
    "198.19.255.255",
    "198.51.100.1",
    "203.0.113.1",
    "224.0.0.1",
    "239.255.255.255",
    "240.0.0.1",
    "255.255.255.255",
]
INWARD_V6 = [
    "::",
    "::1",
    "::2",
    "::7f00:1",
    "::a00:1",
    "fe80::1",
    "fe80::1%eth0",
    "febf::1",
    "fec0::1",
    "fc00::1",
    "fd00:ec2::254",
    "ff02::1",
    "ff0e::1",
    "100::1",
    "64:ff9b:1::1",
    "64:ff9b:1::a00:1",
    "2001::1",
    "2001:0:4136:e378:8000:63bf:3fff:fdd2",
    "2001:10::1",
    "2001:20::1",
    "2001:db8::1",
    "2002:7f00:1::",
    "2002:808:808::",
    "3fff::1",
    "4000::1",
    "5f00::1",
    "e000::1",
    "2606:4700::5efe:a00:1",
    "2606:4700::200:5efe:a00:1",
]
PUBLIC = "1.1.1.1 8.8.8.8 9.255.255.255 11.0.0.0 100.63.255.255 100.128.0.0 126.255.255.255 128.0.0.1 "
PUBLIC += (
    "168.63.129.15 169.253.255.255 172.15.255.255 172.32.0.0 192.167.255.255 198.17.255.255 223.255.255.254 "
)
PUBLIC += "2606:4700::1111 2a00:1450:4001:80b::200e 2001:4860:4860::8888 ::ffff:8.8.8.8 64:ff9b::808:808"


@pytest.mark.parametrize("text", INWARD_V4 + INWARD_V6)
def test_inward_addresses(text: str) -> None:
    assert not is_public(ipaddress.ip_address(text))


@pytest.mark.parametrize("text", PUBLIC.split())
def test_public_addresses(text: str) -> None:
    assert is_public(ipaddress.ip_address(text))


@pytest.mark.parametrize("prefix", ["::ffff:0:0", "64:ff9b::", "64:ff9b:1::", "::", "::ffff:0:0:0"])
@pytest.mark.parametrize("text", INWARD_V4)
def test_inward_addresses_inside_ipv6(prefix: str, text: str) -> None:
    carried = ipaddress.IPv6Address(int(ipaddress.IPv6Address(prefix)) + int(ipaddress.IPv4Address(text)))
    assert not is_public(carried)


@given(st.ip_addresses(v=4))
def test_whatever_python_calls_not_global_is_not_public(address: ipaddress.IPv4Address) -> None:
    assert not is_public(address) or (address.is_global and not address.is_multicast)


@given(st.integers(0, 2**64 - 1), st.sampled_from(INWARD_V4))
def test_6to4_and_teredo_never(rest: int, text: str) -> None:
    inside = int(ipaddress.IPv4Address(text))
    assert not is_public(ipaddress.IPv6Address((0x2002 << 112) | (inside << 80) | rest))
    assert not is_public(ipaddress.IPv6Address((0x20010000 << 96) | (rest << 32) | (inside ^ 0xFFFFFFFF)))


def test_only_the_network_allowed_in_code_opens() -> None:
    allowed = [ipaddress.ip_network("127.0.0.1/32")]
    assert is_public(ipaddress.ip_address("127.0.0.1"), allowed)
    for text in ("127.0.0.2", "::1", "::ffff:127.0.0.1", "10.0.0.1"):
        assert not is_public(ipaddress.ip_address(text), allowed)
