"""OpenID Connect, as a client: where to send the browser, and what its return proves.

    begun = provider.begin(redirect_uri)          # send the browser to begun.address, keep begun.facts
    claims = provider.finish(answer, begun.facts, redirect_uri)

Authorization code flow (OpenID Connect Core 1.0, section 3.1) with PKCE (RFC 7636), `state`, `nonce` and the
issuer in the answer (RFC 9207). What a token must be is in `oidc_token`. Nothing is read from the
environment, no redirect is followed, and no answer above 1 MiB is taken.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import secrets
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode, urlsplit

from holdfast.access.oidc_token import verified_claims
from holdfast.errors import NotAuthenticatedError, ProviderError, SettingsError

if TYPE_CHECKING:
    import httpx2

__all__ = ["REFUSED", "Begun", "Client", "Provider"]

KEPT_S = 3600.0  # how long the provider's description is believed
KEYS_PAUSE_S = 30.0  # between two looks at its keys for the sake of an unknown one
MAX_BYTES = 1024 * 1024
_LOOPBACK = ("localhost", "127.0.0.1", "::1")


@dataclass(frozen=True, slots=True)
class Client:
    """What the provider calls us. Without a secret we are a public client, and PKCE alone proves who asks."""

    issuer: str
    client_id: str
    secret: str | None = field(default=None, repr=False)
    scopes: tuple[str, ...] = ("openid",)
    timeout_s: float = 10.0


@dataclass(frozen=True, slots=True)
class Begun:
    """A sign-in that began. ``facts`` are kept for this browser until it comes back."""

    address: str
    facts: dict[str, str] = field(repr=False)


class Provider:
    """One identity provider. Safe to use from many threads. Asks it for the first time when it is used.

    Raises SettingsError for an issuer without TLS that is not on loopback.
    """

    def __init__(
        self,
        client: Client,
        *,
        clock: Callable[[], float] = time.monotonic,
        transport: httpx2.BaseTransport | None = None,
    ) -> None:
        _require_tls(client.issuer, "oidc.issuer")
        self._client = client
        self._clock = clock
        self._transport = transport
        self._lock = threading.Lock()
        self._described: tuple[float, dict[str, Any]] | None = None
        self._keys: tuple[float, dict[str, Any]] | None = None

    def begin(self, redirect_uri: str) -> Begun:
        """Where to send a browser that wants to sign in. Raises `ProviderError`."""
        state, nonce, verifier = (secrets.token_urlsafe(32) for _ in range(3))
        asked = {
            "response_type": "code",
            "client_id": self._client.client_id,
            "redirect_uri": redirect_uri,
            "scope": " ".join(self._client.scopes),
            "state": state,
            "nonce": nonce,
            "code_challenge": _base64url(hashlib.sha256(verifier.encode()).digest()),
            "code_challenge_method": "S256",
        }
        where = self._endpoint("authorization_endpoint")
        address = f"{where}{'&' if urlsplit(where).query else '?'}{urlencode(asked)}"
        return Begun(address, {"state": state, "nonce": nonce, "verifier": verifier})

    def finish(
        self, answer: Mapping[str, str], facts: Mapping[str, Any], redirect_uri: str
    ) -> dict[str, Any]:
        """The claims about whoever signed in there. ``answer`` is the query with which the browser returned.

        Raises NotAuthenticatedError, whose ``reason`` says for the log what was wrong; ProviderError.
        """
        if not hmac.compare_digest(answer.get("state", ""), str(facts["state"])):
            raise NotAuthenticatedError("oidc_state", REFUSED)
        if answer.get("iss", self._client.issuer) != self._client.issuer:
            raise NotAuthenticatedError("oidc_issuer", REFUSED)
        if "error" in answer or not answer.get("code"):
            raise NotAuthenticatedError("oidc_denied", REFUSED)
        tokens = self._exchange(answer["code"], str(facts["verifier"]), redirect_uri)
        id_token = tokens.get("id_token")
        if not isinstance(id_token, str):
            raise NotAuthenticatedError("oidc_no_token", REFUSED)
        return verified_claims(
            id_token,
            keys=self._keys_for,
            issuer=self._client.issuer,
            client_id=self._client.client_id,
            nonce=str(facts["nonce"]),
        )

    def _exchange(self, code: str, verifier: str, redirect_uri: str) -> dict[str, Any]:
        fields = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": redirect_uri,
            "code_verifier": verifier,
        }
        headers = {}
        methods = self._description().get("token_endpoint_auth_methods_supported", ["client_secret_basic"])
        if self._client.secret is None:
            fields["client_id"] = self._client.client_id
        elif "client_secret_basic" in methods:
            pair = f"{quote(self._client.client_id, safe='')}:{quote(self._client.secret, safe='')}"
            headers["authorization"] = f"Basic {base64.b64encode(pair.encode()).decode()}"
        else:
            fields |= {"client_id": self._client.client_id, "client_secret": self._client.secret}
        status, body = self._ask("POST", self._endpoint("token_endpoint"), fields, headers)
        if status in (400, 401):
            # The code is used up, of another client or not of this verifier. Its words may quote the code.
            raise NotAuthenticatedError("oidc_code", REFUSED)
        return _object(status, body)

    def _keys_for(self, fresh: bool) -> dict[str, Any]:
        """The provider's keys; with ``fresh`` they are looked at again, at most every half minute."""
        with self._lock:
            known = self._keys
            age_s = None if known is None else self._clock() - known[0]
            is_enough = age_s is not None and (age_s < KEYS_PAUSE_S if fresh else age_s < KEPT_S)
        if known is not None and is_enough:
            return known[1]
        read_s = self._clock()
        found = _object(*self._ask("GET", self._endpoint("jwks_uri")))
        with self._lock:
            self._keys = (read_s, found)
        return found

    def _endpoint(self, name: str) -> str:
        address = self._description().get(name)
        if not isinstance(address, str):
            raise ProviderError(f"The identity provider names no {name}. Nobody was signed in.")
        _require_tls(address, name)
        return address

    def _description(self) -> dict[str, Any]:
        with self._lock:
            known = self._described
        if known is not None and self._clock() - known[0] < KEPT_S:
            return known[1]
        read_s = self._clock()
        issuer = self._client.issuer
        found = _object(*self._ask("GET", f"{issuer.rstrip('/')}/.well-known/openid-configuration"))
        if found.get("issuer") != issuer:
            raise ProviderError(
                "The identity provider calls itself otherwise than the setting oidc.issuer. "
                "Nobody was signed in."
            )
        with self._lock:
            self._described = (read_s, found)
        return found

    def _ask(
        self,
        method: str,
        address: str,
        fields: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> tuple[int, bytes]:
        import httpx2

        asked = {"accept": "application/json", **(headers or {})}
        try:
            with (
                httpx2.Client(
                    timeout=self._client.timeout_s,
                    trust_env=False,
                    follow_redirects=False,
                    transport=self._transport,
                ) as client,
                client.stream(method, address, data=fields, headers=asked) as answer,
            ):
                body = b""
                for piece in answer.iter_bytes():
                    body += piece
                    if len(body) > MAX_BYTES:
                        raise ProviderError(
                            "The identity provider's answer is too large. Nobody was signed in."
                        )
                return answer.status_code, body
        except httpx2.HTTPError as error:
            raise ProviderError(
                f"The identity provider does not answer ({type(error).__name__}). "
                "Nobody was signed in. Try again."
            ) from error


REFUSED = "The identity provider's answer was not accepted. Nobody was signed in. Begin again."


def _object(status: int, body: bytes) -> dict[str, Any]:
    try:
        found = json.loads(body)
    except ValueError:
        found = None
    if status != 200 or not isinstance(found, dict):
        raise ProviderError(f"The identity provider answered with status {status}. Nobody was signed in.")
    return found


def _require_tls(address: str, what: str) -> None:
    parts = urlsplit(address)
    if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in _LOOPBACK):
        raise SettingsError(f"{what} is {address[:200]}; it needs https. Nobody can sign in with it.")


def _base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
