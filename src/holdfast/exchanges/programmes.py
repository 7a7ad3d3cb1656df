"""The programmes that can be set up, with the fields that each asks for.

Names of programmes and fields are those of Meta's `threatexchange` library, so that what was set up for it
can be set up here unchanged.
"""

from __future__ import annotations

from holdfast.exchanges.models import Field, Programme

__all__ = ["PROGRAMMES"]

_NOT_YET = "This version keeps the configuration and does not fetch from this programme."

# https://report.cybertip.org/hashsharing and its siblings: one database for each kind of member and content.
_NCMEC_ENVIRONMENTS = (
    "https://report.cybertip.org/hashsharing",
    "https://report.cybertip.org/exploitative-hashsharing",
    "https://lesp.ncmec.org/csam-hashsharing",
    "https://hashsharing.ncmec.org/npo",
    "https://hashsharing.ncmec.org/exploitative",
    "https://hashsharing.ncmec.org/generative-ai-csam",
    "https://hashsharing.ncmec.org/generative-ai-exploitative",
    "https://exttest.cybertip.org/hashsharing",
    "https://exttest.cybertip.org/exploitative-hashsharing",
    "https://betalesp.ncmec.org/csam-hashsharing",
    "https://hashsharing-test.ncmec.org/npo",
    "https://hashsharing-test.ncmec.org/exploitative",
    "https://hashsharing-test.ncmec.org/generative-ai-csam",
    "https://hashsharing-test.ncmec.org/generative-ai-exploitative",
)

_ALL = (
    Programme("sample"),
    Programme(
        "fb_threatexchange",
        config=(Field("privacy_group", "number", "Id of the ThreatPrivacyGroup of this collaboration."),),
        credentials=(Field("api_token", "string", "Access token of your app: APP_ID|SECRET."),),
        why_not_fetched=_NOT_YET,
    ),
    Programme(
        "ncmec",
        config=(
            Field("environment", "enum", "Which database to connect to.", choices=_NCMEC_ENVIRONMENTS),
            Field(
                "only_esp_ids",
                "set_of_number",
                "Only take entries of the electronic service providers (ESP) with these ids.",
                required=False,
                default=[],
            ),
        ),
        credentials=(
            Field("user", "string", "User name for NCMEC's hash sharing."),
            Field("password", "string", "Password for NCMEC's hash sharing."),
        ),
        why_not_fetched=_NOT_YET,
    ),
    Programme(
        "stop_ncii",
        credentials=(
            Field("fetch_function_key", "string", "Key of the endpoint that gives out hashes."),
            Field("subscription_key", "string", "Subscription key, sent with every request."),
            Field("base_url_override", "string", "Another base URL, for testing.", required=False),
        ),
        why_not_fetched=_NOT_YET,
    ),
)

# By the programme's name, in the order in which they are listed.
PROGRAMMES = {programme.kind: programme for programme in _ALL}
