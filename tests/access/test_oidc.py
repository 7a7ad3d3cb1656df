"""OpenID Connect: what is accepted, and one by one everything that is not."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlsplit

import httpx2
import pytest
from joserfc import jwt
from joserfc.jwk import RSAKey

from holdfast.access.oidc import Client, Provider
from holdfast.access.oidc_people import person_for
from holdfast.access.people import add_person, disable_person
from holdfast.access.roles import Role
from holdfast.errors import ConflictError, NotAuthenticatedError, ProviderError, SettingsError
from holdfast.records.database import Database

ISSUER = "https://id.example.org"
BACK = "https://holdfast.example.org/console/sign-in/oidc/back"
KEYS = [RSAKey.generate_key(2048, {"kid": f"key{number}"}) for number in range(2)]


@dataclass
class Idp:
    """A provider whose every answer a test can bend."""

    key: RSAKey = field(default_factory=lambda: KEYS[0])
    shown: list[dict[str, Any]] = field(default_factory=lambda: [KEYS[0].as_dict(private=False)])
    description: dict[str, Any] = field(default_factory=dict)
    claims: dict[str, Any] = field(default_factory=dict)
    header: dict[str, Any] = field(default_factory=dict)
    token: str | None = None
    asked: list[httpx2.Request] = field(default_factory=list)
    codes: set[str] = field(default_factory=lambda: {"the-code"})
    challenge: str = ""
    nonce: str = ""

    def answer(self, request: httpx2.Request) -> httpx2.Response:
        self.asked.append(request)
        if request.url.path == "/.well-known/openid-configuration":
            said = {"issuer": ISSUER, "jwks_uri": f"{ISSUER}/keys", "token_endpoint": f"{ISSUER}/token"}
            said["authorization_endpoint"] = f"{ISSUER}/authorize"
            return httpx2.Response(200, json={**said, **self.description})
        if request.url.path == "/keys":
            return httpx2.Response(200, json={"keys": self.shown})
        return self._exchange(request)

    def _exchange(self, request: httpx2.Request) -> httpx2.Response:
        sent = dict(parse_qsl(request.content.decode()))
        proof = base64.urlsafe_b64encode(hashlib.sha256(sent["code_verifier"].encode()).digest())
        if sent["code"] not in self.codes or proof.rstrip(b"=").decode() != self.challenge:
            return httpx2.Response(400, json={"error": "invalid_grant"})
        self.codes.remove(sent["code"])
        return httpx2.Response(200, json={"access_token": "x", "id_token": self.token or self.id_token()})

    def id_token(self) -> str:
        now = int(time.time())
        said = {"iss": ISSUER, "aud": "holdfast", "sub": "ana-1", "iat": now, "exp": now + 300}
        claims = {**said, "nonce": self.nonce, **self.claims}
        given = {name: value for name, value in claims.items() if value is not None}
        return jwt.encode({"alg": "RS256", "kid": self.key.kid, **self.header}, given, self.key)


class Flow:
    """One sign-in with a provider, step by step."""

    def __init__(self, idp: Idp, **client: Any) -> None:
        self.idp = idp
        self.now_s = 0.0
        wanted = Client(ISSUER, "holdfast", **client)
        transport = httpx2.MockTransport(idp.answer)
        self.provider = Provider(wanted, clock=lambda: self.now_s, transport=transport)

    def begin(self) -> dict[str, str]:
        begun = self.provider.begin(BACK)
        query = parse_qs(urlsplit(begun.address).query)
        self.query = {name: values[0] for name, values in query.items()}
        self.idp.challenge, self.idp.nonce = self.query["code_challenge"], self.query["nonce"]
        return begun.facts

    def finish(self, facts: dict[str, str], **answer: str) -> dict[str, Any]:
        said = {"code": "the-code", "state": facts["state"], **answer}
        return self.provider.finish({name: text for name, text in said.items() if text}, facts, BACK)

    def run(self, **answer: str) -> dict[str, Any]:
        return self.finish(self.begin(), **answer)


def reason(flow: Flow, **answer: str) -> str:
    with pytest.raises(NotAuthenticatedError) as refused:
        flow.run(**answer)
    return refused.value.reason


def test_a_sound_answer_gives_the_claims() -> None:
    flow = Flow(Idp(claims={"email": "ana@example.org"}), scopes=("openid", "email"))
    assert flow.run(iss=ISSUER)["sub"] == "ana-1"
    assert flow.query["code_challenge_method"] == "S256" and flow.query["scope"] == "openid email"
    assert flow.query["redirect_uri"] == BACK
    sent = dict(parse_qsl(flow.idp.asked[1].content.decode()))
    assert sent["client_id"] == "holdfast" and "authorization" not in flow.idp.asked[1].headers


def test_the_secret_goes_where_the_provider_wants_it() -> None:
    flow = Flow(Idp(), secret="se:cret/é")
    flow.run()
    basic = flow.idp.asked[1].headers["authorization"].removeprefix("Basic ")
    assert base64.b64decode(basic) == b"holdfast:se%3Acret%2F%C3%A9"
    flow = Flow(
        Idp(description={"token_endpoint_auth_methods_supported": ["client_secret_post"]}), secret="s"
    )
    flow.run()
    assert dict(parse_qsl(flow.idp.asked[1].content.decode()))["client_secret"] == "s"


def test_state_issuer_and_refusals_in_the_answer() -> None:
    assert reason(Flow(Idp()), state="other") == "oidc_state"
    assert reason(Flow(Idp()), state="") == "oidc_state"
    assert reason(Flow(Idp()), iss="https://evil.example") == "oidc_issuer"
    assert reason(Flow(Idp()), error="access_denied") == "oidc_denied"
    assert reason(Flow(Idp()), code="") == "oidc_denied"


def test_a_code_works_once_and_for_its_verifier_only() -> None:
    flow = Flow(Idp())
    facts = flow.begin()
    flow.finish(facts)
    with pytest.raises(NotAuthenticatedError) as refused:
        flow.finish(facts)
    assert refused.value.reason == "oidc_code"
    other = Flow(Idp())
    facts = {**other.begin(), "verifier": "stolen-code-without-its-verifier"}
    with pytest.raises(NotAuthenticatedError) as refused:
        other.finish(facts)
    assert refused.value.reason == "oidc_code"


NOW = int(time.time())


@pytest.mark.parametrize(
    ("claims", "why"),
    [
        ({"iss": "https://evil.example"}, "oidc_issuer"),
        ({"iss": ISSUER + "/"}, "oidc_issuer"),
        ({"iss": None}, "oidc_issuer"),
        ({"aud": "another"}, "oidc_audience"),
        ({"aud": ["holdfast", "another"]}, "oidc_audience"),  # without azp
        ({"aud": ["holdfast", "another"], "azp": "another"}, "oidc_audience"),
        ({"azp": "another"}, "oidc_audience"),
        ({"aud": None}, "oidc_audience"),
        ({"exp": NOW - 864_000}, "oidc_expired"),
        ({"exp": None}, "oidc_expired"),
        ({"exp": "tomorrow"}, "oidc_expired"),
        ({"exp": True}, "oidc_expired"),
        ({"iat": NOW - 864_000}, "oidc_issued_at"),
        ({"iat": NOW + 864_000}, "oidc_issued_at"),
        ({"iat": None}, "oidc_issued_at"),
        ({"nbf": NOW + 864_000}, "oidc_issued_at"),
        ({"nonce": "another"}, "oidc_nonce"),
        ({"nonce": None}, "oidc_nonce"),
        ({"nonce": 7}, "oidc_nonce"),
        ({"sub": None}, "oidc_subject"),
        ({"sub": ""}, "oidc_subject"),
        ({"sub": "x" * 256}, "oidc_subject"),
        ({"sub": 7}, "oidc_subject"),
    ],
)
def test_claims_that_are_not_for_us_now_are_refused(claims: dict[str, Any], why: str) -> None:
    assert reason(Flow(Idp(claims=claims))) == why


def test_several_audiences_with_us_as_the_authorised_party_are_fine() -> None:
    assert Flow(Idp(claims={"aud": ["holdfast", "another"], "azp": "holdfast"})).run()["sub"] == "ana-1"


def _unsigned(idp: Idp, alg: str, **header: str) -> str:
    parts = [{"alg": alg, **header}, json.loads(_part(idp.id_token()))]
    texts = [base64.urlsafe_b64encode(json.dumps(one).encode()).rstrip(b"=").decode() for one in parts]
    return f"{texts[0]}.{texts[1]}."


def _part(token: str) -> bytes:
    body = token.split(".")[1]
    return base64.urlsafe_b64decode(body + "=" * (-len(body) % 4))


def test_only_asymmetric_signatures_by_the_providers_keys_count() -> None:
    def refuse(token: str, idp: Idp | None = None) -> None:
        flow = Flow(idp or Idp())
        facts = flow.begin()
        flow.idp.token = token if token != "fresh" else None
        with pytest.raises(NotAuthenticatedError) as refused:
            flow.finish(facts)
        assert refused.value.reason == "oidc_signature"

    good = Idp().id_token()
    for alg in ("none", "None", "NONE", ""):
        refuse(_unsigned(Idp(), alg))
    confused = _unsigned(Idp(), "HS256", kid="key0")[:-1]  # signed with what everybody knows: the public key
    tag = hmac.digest(KEYS[0].as_pem(private=False), confused.encode(), "sha256")
    refuse(f"{confused}.{base64.urlsafe_b64encode(tag).rstrip(b'=').decode()}")
    refuse(good[:-4] + ("AAAA" if good[-4:] != "AAAA" else "BBBB"))
    refuse("not.a.token")
    stranger = RSAKey.generate_key(2048, {"kid": "key0"})
    refuse("fresh", Idp(key=stranger))
    refuse("fresh", Idp(key=RSAKey.generate_key(2048, {"kid": "unknown"})))


def test_new_keys_are_found_and_nobody_makes_us_ask_all_the_time() -> None:
    flow = Flow(Idp())
    flow.run()
    flow.idp.codes.add("the-code")
    flow.idp.key, flow.idp.shown = KEYS[1], [{"kty": "new-kind"}, KEYS[1].as_dict(private=False)]
    assert reason(flow) == "oidc_signature"  # looked at a moment ago
    flow.idp.codes.add("the-code")
    flow.now_s = 31.0
    assert flow.run()["sub"] == "ana-1"
    looks = sum(request.url.path == "/keys" for request in flow.idp.asked)
    flow.idp.key = RSAKey.generate_key(2048, {"kid": "unknown"})
    for _ in range(3):
        flow.idp.codes.add("the-code")
        assert reason(flow) == "oidc_signature"
    assert sum(request.url.path == "/keys" for request in flow.idp.asked) == looks


@pytest.mark.parametrize(
    "idp",
    [
        Idp(description={"issuer": "https://evil.example"}),
        Idp(description={"authorization_endpoint": None}),
    ],
)
def test_a_provider_that_is_another_is_not_used(idp: Idp) -> None:
    with pytest.raises(ProviderError, match="Nobody was signed in"):
        Flow(idp).begin()


def test_what_the_provider_fails_at_is_its_failure() -> None:
    def broken(answer: Any) -> Provider:
        return Provider(Client(ISSUER, "holdfast"), transport=httpx2.MockTransport(answer))

    def away(_: httpx2.Request) -> httpx2.Response:
        raise httpx2.ConnectTimeout("away")

    for answer in (
        away,
        lambda _: httpx2.Response(500),
        lambda _: httpx2.Response(200, text="<html>"),
        lambda _: httpx2.Response(302, headers={"location": "https://evil.example"}),
        lambda _: httpx2.Response(200, content=b" " * 2_000_000),
    ):
        with pytest.raises(ProviderError, match="Nobody was signed in"):
            broken(answer).begin(BACK)
    with pytest.raises(ProviderError, match="no key"):
        Flow(Idp(shown=[{"kty": "oct", "k": "AAAA"}])).run()


def test_without_tls_only_loopback_is_asked() -> None:
    with pytest.raises(SettingsError, match="https"):
        Provider(Client("http://id.example.org", "holdfast"))
    Provider(Client("http://localhost:8080", "holdfast"))
    with pytest.raises(SettingsError, match="token_endpoint"):
        Flow(Idp(description={"token_endpoint": "http://id.example.org/token"})).run()


def who(database: Database, claims: dict[str, Any], roles_claim: str | None = None) -> Any:
    roles = {"moderators": ("reviewer",), "chiefs": ("lead", "auditor")}
    with database.write() as connection:
        return person_for(connection, claims, issuer=ISSUER, roles_claim=roles_claim, roles=roles)


KNOWN = {"sub": "ana-1", "name": "Ana", "email": "Ana@example.org", "email_verified": True}


def test_somebody_who_was_added_comes_in_by_a_verified_address(database: Database) -> None:
    with database.write() as connection:
        ana = add_person(connection, name="Ana", roles=[Role.LEAD], by="t", email="ana@example.org")
    for unproved in (False, "true", None):
        with pytest.raises(NotAuthenticatedError):
            who(database, {**KNOWN, "email_verified": unproved})
    assert who(database, KNOWN).id == ana.id
    assert who(database, {"sub": "ana-1"}).id == ana.id  # from now on the provider's own name counts
    with pytest.raises(NotAuthenticatedError):
        who(database, {**KNOWN, "sub": "another"})  # the address alone is no way in any more
    with database.write() as connection:
        disable_person(connection, ana.id, by="t")
    with pytest.raises(NotAuthenticatedError):
        who(database, KNOWN)


def test_the_providers_groups_give_roles_and_take_them(database: Database) -> None:
    for groups in (None, [], ["staff"], {"moderators": 1}, [7]):
        with pytest.raises(NotAuthenticatedError, match="no role"):
            who(database, {**KNOWN, "groups": groups}, "groups")
    ana = who(database, {**KNOWN, "groups": ["staff", "moderators"]}, "groups")
    assert ana.roles == {Role.REVIEWER} and ana.email == "ana@example.org"
    changed = who(database, {**KNOWN, "groups": "chiefs"}, "groups")
    assert (changed.id, changed.roles) == (ana.id, {Role.LEAD, Role.AUDITOR})
    with pytest.raises(NotAuthenticatedError):
        who(database, {**KNOWN, "groups": []}, "groups")
    with pytest.raises(ConflictError):
        who(database, {**KNOWN, "sub": "another", "groups": ["moderators"]}, "groups")
