"""The receiver's check: the specification's published example, and everything that must not pass."""

from __future__ import annotations

import base64
import subprocess
import sys
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.client.webhooks import WebhookVerificationError, verify
from holdfast.decisions.webhooks.signing import new_secret, secret_text, signed_headers

# https://github.com/standard-webhooks/standard-webhooks, the example that its libraries are tested with.
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
BODY = b'{"test": 2432232314}'
AT_S = 1614265330
HEADERS = {
    "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
    "webhook-timestamp": str(AT_S),
    "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
}


def test_the_published_example() -> None:
    assert verify(SECRET, HEADERS, BODY, now_s=AT_S) == {"test": 2432232314}


def test_header_names_in_any_case_and_the_secret_without_its_prefix() -> None:
    shouted = {name.upper(): value for name, value in HEADERS.items()}
    assert verify(SECRET.removeprefix("whsec_"), shouted, BODY, now_s=AT_S)


def test_one_of_several_signatures_or_secrets_is_enough() -> None:
    signature = HEADERS["webhook-signature"]
    several = f"v1a,Zm9v v1,Ceo5qEr07ixe2NLpvHk3FH9bwy/WavXrAFQ/9tdO6mc= {signature} v1,!!! v2,x"
    assert verify(SECRET, {**HEADERS, "webhook-signature": several}, BODY, now_s=AT_S)
    assert verify([secret_text(new_secret()), SECRET], HEADERS, BODY, now_s=AT_S)


@pytest.mark.parametrize("missing", list(HEADERS))
def test_a_missing_header(missing: str) -> None:
    headers = {name: value for name, value in HEADERS.items() if name != missing}
    with pytest.raises(WebhookVerificationError, match=missing):
        verify(SECRET, headers, BODY, now_s=AT_S)


@pytest.mark.parametrize(
    "changed",
    [
        {"webhook-id": "msg_other"},
        {"webhook-timestamp": str(AT_S + 1)},
        {"webhook-signature": "v1,Ceo5qEr07ixe2NLpvHk3FH9bwy/WavXrAFQ/9tdO6mc="},
        {"webhook-signature": HEADERS["webhook-signature"].replace("v1,", "v2,")},
        {"webhook-signature": HEADERS["webhook-signature"].replace("v1,", "")},
        {"webhook-signature": "v1,"},
        {"webhook-signature": "v1,not base64"},
        {"webhook-timestamp": "-1"},
        {"webhook-timestamp": "1614265330.0"},
        {"webhook-timestamp": "١٦١٤٢٦٥٣٣٠"},
    ],
)
def test_a_changed_header(changed: dict[str, str]) -> None:
    with pytest.raises(WebhookVerificationError):
        verify(SECRET, HEADERS | changed, BODY, now_s=AT_S)


def test_a_changed_body_or_another_secret() -> None:
    with pytest.raises(WebhookVerificationError, match="signature"):
        verify(SECRET, HEADERS, BODY + b" ", now_s=AT_S)
    with pytest.raises(WebhookVerificationError, match="signature"):
        verify(secret_text(new_secret()), HEADERS, BODY, now_s=AT_S)


@pytest.mark.parametrize("secret", ["", "whsec_", "whsec_%%%", []])
def test_a_secret_that_is_none_never_verifies(secret: str | list[str]) -> None:
    with pytest.raises(WebhookVerificationError):
        verify(secret, HEADERS, BODY, now_s=AT_S)


@pytest.mark.parametrize("off_s", [-301, 301])
def test_old_and_future_messages(off_s: int) -> None:
    with pytest.raises(WebhookVerificationError, match="clock"):
        verify(SECRET, HEADERS, BODY, now_s=AT_S + off_s)
    assert verify(SECRET, HEADERS, BODY, 301, now_s=AT_S + off_s)
    with pytest.raises(WebhookVerificationError, match="clock"):
        verify(SECRET, HEADERS, BODY)  # against the real clock it is years old


def test_a_signed_body_that_is_not_json() -> None:
    secret = new_secret()
    with pytest.raises(WebhookVerificationError, match="JSON"):
        verify(secret_text(secret), signed_headers("msg_1", int(time.time()), b"{", [secret]), b"{")


@given(
    st.lists(st.binary(min_size=24, max_size=64), min_size=1, max_size=3, unique=True),
    st.dictionaries(st.text(max_size=5), st.integers(), max_size=3),
    st.integers(1, 2**40),
    st.integers(0, 2**16),
)
def test_the_sender_and_the_receiver_agree(
    secrets: list[bytes], data: dict[str, int], at_s: int, flip: int
) -> None:
    """Two implementations that share no code; and one changed bit is always noticed."""
    body = repr(sorted(data.values())).encode()
    headers = signed_headers("msg_1", at_s, body, secrets)
    for secret in secrets:
        assert verify(secret_text(secret), headers, body, now_s=at_s) == sorted(data.values())
    changed = bytearray(body)
    changed[(flip // 8) % len(body)] ^= 1 << (flip % 8)
    with pytest.raises(WebhookVerificationError, match="signature"):
        verify(secret_text(secrets[0]), headers, bytes(changed), now_s=at_s)


def test_our_signatures_are_those_of_the_example() -> None:
    secret = base64.b64decode(SECRET.removeprefix("whsec_"))
    assert signed_headers(HEADERS["webhook-id"], AT_S, BODY, [secret]) == HEADERS


def test_the_helper_needs_nothing_but_the_standard_library() -> None:
    code = (
        "import sys; before = set(sys.modules); import holdfast.client.webhooks; "
        "new = {name.split('.')[0] for name in set(sys.modules) - before}; "
        "print(*sorted(new - set(sys.stdlib_module_names)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["holdfast"]
