"""What is not beyond doubt a URL of an allowed host is refused before anything is resolved."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.errors import FetchRefusedError, SettingsError
from holdfast.screening.urls import FetchPolicy, check_url

POLICY = FetchPolicy(
    hosts=("media.example.org", ".cdn.example.net", "9.9.9.9", "2606:4700::1111", "xn--mnchen-3ya.de")
)


@pytest.mark.parametrize(
    ("url", "host", "target"),
    [
        ("https://media.example.org", "media.example.org", "/"),
        ("HTTPS://MEDIA.example.ORG:443/a%2Fb?c=d&e#part", "media.example.org", "/a%2Fb?c=d&e"),
        ("https://media.example.org./x", "media.example.org", "/x"),
        ("https://a.b.cdn.example.net/ä?ö", "a.b.cdn.example.net", "/%C3%A4?%C3%B6"),
        ("https://9.9.9.9/", "9.9.9.9", "/"),
        ("https://[2606:4700:0::1111]/", "2606:4700::1111", "/"),
        ("https://münchen.de/", "xn--mnchen-3ya.de", "/"),
    ],
)
def test_allowed(url: str, host: str, target: str) -> None:
    found = check_url(url, POLICY)
    assert (found.scheme, found.host, found.port, found.path_and_query) == ("https", host, 443, target)
    assert check_url(found.url, POLICY) == found


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("http://media.example.org/", "scheme"),
        ("ftp://media.example.org/", "scheme"),
        ("file:///etc/passwd", "scheme"),
        ("gopher://media.example.org/", "scheme"),
        ("//media.example.org/", "scheme"),
        ("media.example.org", "scheme"),
        ("", "scheme"),
        ("https://cdn.example.net/", "host"),  # the suffix itself is not below itself
        ("https://evilcdn.example.net/", "host"),
        ("https://media.example.org.evil.net/", "host"),
        ("https://sub.media.example.org/", "host"),
        ("https:///", "host"),
        ("https://.cdn.example.net/", "host"),
        ("https://a..cdn.example.net/", "host"),
        ("https://media.example.org../", "host"),
        ("https://%6dedia.example.org/", "host"),
        ("https://user@media.example.org/", "userinfo"),
        ("https://user:word@media.example.org/", "userinfo"),
        ("https://@media.example.org/", "userinfo"),
        ("https://media.example.org@evil.net/", "userinfo"),
        ("https://media.example.org:8443/", "port"),
        ("https://media.example.org:80/", "port"),
        ("https://media.example.org:0/", "port"),
        ("https://media.example.org:65536/", "url"),
        ("https://media.example.org:x/", "url"),
        ("https://media.example.org\\@evil.net/", "url"),
        ("https://media.example.org /", "url"),
        (" https://media.example.org/", "url"),
        ("https://media.example.org/\r\nHost: evil", "url"),
        ("https://media.example\t.org/", "url"),
        ("https://[media.example.org]/", "url"),
        ("https://[::1/", "url"),
        ("https://media.example.org/" + "a" * 9000, "url"),
    ],
)
def test_refused(url: str, reason: str) -> None:
    with pytest.raises(FetchRefusedError) as caught:
        check_url(url, POLICY)
    assert caught.value.reason == reason


@pytest.mark.parametrize(
    "host",
    [
        "2130706433",
        "0x7f000001",
        "0x7f.0.0.1",
        "0177.0.0.1",
        "127.1",
        "127.0.1",
        "127.0.0.01",
        "00000127.0.0.1",
        "151587081",  # 9.9.9.9, which is on the list, as one number
        "9.9.2313",
        "011.9.9.9",
        "9.9.9.9.9",
        "media.example.0x7f",
        "①②⑦.0.0.1",
        "127。0。0。1",
        "127.0.0.1%2f",
        "[::ffff:9.9.9.9]",
        "[::9.9.9.9]",
        "[2606:4700::1111%25eth0]",
        "[2606:4700::1111%eth0]",
        "127.0.0.1",
        "localhost",
    ],
)
def test_odd_forms_of_addresses_are_refused(host: str) -> None:
    with pytest.raises(FetchRefusedError) as caught:
        check_url(f"https://{host}/", POLICY)
    assert caught.value.reason in ("host", "url")


def test_http_only_when_set() -> None:
    policy = FetchPolicy(hosts=("media.example.org",), allow_http=True)
    assert check_url("http://media.example.org/", policy).port == 80
    with pytest.raises(FetchRefusedError):
        check_url("http://media.example.org:443/", policy)


def test_an_empty_list_is_off() -> None:
    with pytest.raises(FetchRefusedError) as caught:
        check_url("https://media.example.org/", FetchPolicy())
    assert caught.value.reason == "off"


@pytest.mark.parametrize(
    "entry", ["", ".", "*", "*.example.org", "Example.org", "a b.org", "..org", ".org", "localhost"]
)
def test_a_list_entry_that_is_no_host_is_a_settings_error(entry: str) -> None:
    with pytest.raises(SettingsError, match="allow-list"):
        FetchPolicy(hosts=(entry,))


@given(
    st.text(max_size=40),
    st.sampled_from(["https://", "https://media.example.org", "https://a.cdn.example.net"]),
)
def test_nothing_but_a_listed_host_comes_through(text: str, start: str) -> None:
    try:
        found = check_url(start + text, POLICY)
    except FetchRefusedError as error:
        assert "?" not in str(error)
        return
    assert POLICY.allows_host(found.host)
    assert found.port == 443
    assert found.path_and_query.startswith("/")
    assert found.path_and_query.isascii() and not set(found.path_and_query) & set(" \r\n\t\\")
