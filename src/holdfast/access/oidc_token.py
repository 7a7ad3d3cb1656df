"""What an ID token must be: signed, for us, now, for this sign-in (OpenID Connect Core 1.0, 3.1.3.7)."""

from __future__ import annotations

import hmac
import time
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from holdfast.errors import NotAuthenticatedError, ProviderError

if TYPE_CHECKING:
    from joserfc.jwk import KeySet

__all__ = ["ALGORITHMS", "verified_claims"]

# Only asymmetric signatures: no "none", and no secret that a client could sign with itself.
ALGORITHMS = (
    *("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512"),
    *("EdDSA", "Ed25519"),
)
LEEWAY_S = 60  # by which the provider's clock may differ from ours
MAX_AGE_S = 600  # a token is taken from the provider within this time after it was made


def verified_claims(
    id_token: str,
    *,
    keys: Callable[[bool], dict[str, Any]],
    issuer: str,
    client_id: str,
    nonce: str,
    now_s: Callable[[], float] = time.time,
) -> dict[str, Any]:
    """The claims of a token that is sound. ``keys(True)`` looks for new keys at the provider.

    Raises NotAuthenticatedError, whose ``reason`` says for the log what was wrong.
    """
    claims = _signed(id_token, keys)
    _require(claims.get("iss") == issuer, "oidc_issuer")
    audience = claims.get("aud")
    audiences = audience if isinstance(audience, list) else [audience]
    _require(client_id in audiences, "oidc_audience")
    _require(claims.get("azp", client_id) == client_id, "oidc_audience")
    _require(len(audiences) == 1 or "azp" in claims, "oidc_audience")
    now = now_s()
    _require(_number(claims.get("exp")) > now - LEEWAY_S, "oidc_expired")
    _require(now - MAX_AGE_S < _number(claims.get("iat")) < now + LEEWAY_S, "oidc_issued_at")
    _require(_number(claims.get("nbf", 0)) < now + LEEWAY_S, "oidc_issued_at")
    given = claims.get("nonce")
    _require(isinstance(given, str) and hmac.compare_digest(given.encode(), nonce.encode()), "oidc_nonce")
    subject = claims.get("sub")
    _require(isinstance(subject, str) and 0 < len(subject) <= 255, "oidc_subject")
    return claims


def _signed(id_token: str, keys: Callable[[bool], dict[str, Any]]) -> dict[str, Any]:
    """The claims whose signature fits one of the keys; an unknown one is looked for once: keys rotate."""
    from joserfc import jwt
    from joserfc.errors import InvalidKeyIdError, JoseError

    try:
        try:
            token = jwt.decode(id_token, _key_set(keys(False)), algorithms=ALGORITHMS)
        except InvalidKeyIdError:
            token = jwt.decode(id_token, _key_set(keys(True)), algorithms=ALGORITHMS)
    except (JoseError, ValueError, TypeError, KeyError) as error:
        raise NotAuthenticatedError("oidc_signature", REFUSED) from error
    return dict(token.claims)


def _key_set(found: dict[str, Any]) -> KeySet:
    """The keys that can be used; of a kind that we do not know there may be others."""
    from joserfc.errors import JoseError
    from joserfc.jwk import KeySet, import_key

    listed = found.get("keys")
    usable = []
    for key in listed if isinstance(listed, list) else []:
        with suppress(JoseError, ValueError, TypeError, KeyError):
            if key["kty"] != "oct":
                usable.append(import_key(key))
    if not usable:
        raise ProviderError("The identity provider shows no key that can be used. Nobody was signed in.")
    return KeySet(usable)


def _number(value: object) -> float:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else float("-inf")


def _require(holds: bool, reason: str) -> None:
    if not holds:
        raise NotAuthenticatedError(reason, REFUSED)


REFUSED = "The identity provider's answer was not accepted. Nobody was signed in. Begin again."
