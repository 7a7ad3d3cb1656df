"""The words that policies, rules and facts are written in, each in one place.

Countries are ISO 3166-1 alpha-2 codes, with XK (Kosovo), which geolocation databases use.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

__all__ = [
    "ALGORITHMS",
    "ANY",
    "BANK_KINDS",
    "CLASSIFICATIONS",
    "CONTEXT_FIELDS",
    "COUNTRIES",
    "COUNTRY_GROUPS",
    "DECISIVE_DISTANCE_BITS",
    "EEA",
    "MEDIA",
    "OUTCOMES",
    "PLAIN_VIEWS",
    "RULE_OUTCOMES",
    "STANDINGS",
    "SURFACES",
    "TIERS",
    "UNCLASSIFIED",
    "UNKNOWN",
    "UNMATCHABLE_REASONS",
    "VIEWS",
    "expand_countries",
]


def _codes(text: str) -> frozenset[str]:
    return frozenset(text.split())


ANY: Final = "*"
UNKNOWN: Final = "unknown"
UNCLASSIFIED: Final = "unclassified"

SURFACES: Final = ("public", "private", UNKNOWN)
OUTCOMES: Final = ("match", "possible", "no_match", "not_matchable", "not_scanned", "error")
RULE_OUTCOMES: Final = OUTCOMES[:-1]  # an error is no answer about content: no rule may decide on it
MEDIA: Final = ("image", "video", "audio", UNKNOWN)
# Why content is not matchable: the words of `media.types.Reason` (a test holds the two together).
UNMATCHABLE_REASONS: Final = (
    "empty",
    "not_media",
    "damaged",
    "truncated",
    "too_small",
    "too_large",
    "too_many_frames",
    "too_slow",
    "keyframes_only",
    "out_of_memory",
    "crashed",
    "featureless",
)
TIERS: Final = ("match", "possible", "same_scene")
BANK_KINDS: Final = ("known", "benign")
CLASSIFICATIONS: Final = ("A1", "A2", "B1", "B2")
# What people have said of an entry, and what the flood brake says of it (see `brakes`). "conflict" is said
# of one match: the very same file is on a trusted and on a benign list.
STANDINGS: Final = ("none", "confirmed", "disputed", "held", "conflict")

# What was done to the upload before it matched. Only the first three may decide without a person.
VIEWS: Final = ("as_is", "orientation", "border", "box", "uncrop", "tilt", "zoom", "other")
PLAIN_VIEWS: Final = frozenset(VIEWS[:3])

# The kind of evidence each algorithm gives. An algorithm that is absent here may hold content, never decide.
ALGORITHMS: Final[Mapping[str, str]] = {
    "md5": "digest",
    "sha1": "digest",
    "sha256": "digest",
    "pdq": "picture",
    "vpdq": "picture",
    "video": "picture",
    "audio": "sound",
}

# Architecture, section 7: nothing farther than this blocks or reports by itself.
DECISIVE_DISTANCE_BITS: Final = 31

CONTEXT_FIELDS: Final = (
    "content_reference",
    "account",
    "surface",
    "urls",
    "country",
    "uploaded_at",
    "ip",
    "port",
    "original_name",
)

COUNTRIES: Final = _codes("""
    AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR BS BT BV
    BW BY BZ CA CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE EG EH ER ES
    ET FI FJ FK FM FO FR GA GB GD GE GF GG GH GI GL GM GN GP GQ GR GS GT GU GW GY HK HM HN HR HT HU ID IE
    IL IM IN IO IQ IR IS IT JE JM JO JP KE KG KH KI KM KN KP KR KW KY KZ LA LB LC LI LK LR LS LT LU LV LY
    MA MC MD ME MF MG MH MK ML MM MN MO MP MQ MR MS MT MU MV MW MX MY MZ NA NC NE NF NG NI NL NO NP NR NU
    NZ OM PA PE PF PG PH PK PL PM PN PR PS PT PW PY QA RE RO RS RU RW SA SB SC SD SE SG SH SI SJ SK SL SM
    SN SO SR SS ST SV SX SY SZ TC TD TF TG TH TJ TK TL TM TN TO TR TT TV TW TZ UA UG UM US UY UZ VA VC VE
    VG VI VN VU WF WS XK YE YT ZA ZM ZW
""")

EU: Final = _codes("AT BE BG CY CZ DE DK EE ES FI FR GR HR HU IE IT LT LU LV MT NL PL PT RO SE SI SK")
EEA: Final = EU | frozenset({"IS", "LI", "NO"})
COUNTRY_GROUPS: Final[Mapping[str, frozenset[str]]] = {"EU": EU, "EEA": EEA}


def expand_countries(names: tuple[str, ...], groups: Mapping[str, frozenset[str]]) -> frozenset[str]:
    """Every country code that ``names`` (codes, group names, "unknown") stand for."""
    found: set[str] = set()
    for name in names:
        found |= groups.get(name, frozenset({name}))
    return frozenset(found)
