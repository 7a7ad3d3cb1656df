"""The fixed words of the CyberTipline, exactly as its schema spells them."""

from __future__ import annotations

from enum import StrEnum

__all__ = [
    "COUNTRIES",
    "US_STATES",
    "AccountRelation",
    "AddressType",
    "BatchReason",
    "Classification",
    "EmailType",
    "EventName",
    "FileRelevance",
    "IncidentType",
    "MetadataType",
    "PhoneType",
]


class IncidentType(StrEnum):
    """What a report is about. The names are those of the law of the time they were written in."""

    CSAM = "Child Pornography (possession, manufacture, and distribution)"
    TRAFFICKING = "Child Sex Trafficking"
    SEX_TOURISM = "Child Sex Tourism"
    MOLESTATION = "Child Sexual Molestation"
    MISLEADING_DOMAIN = "Misleading Domain Name"
    MISLEADING_WORDS_OR_IMAGES = "Misleading Words or Digital Images on the Internet"
    ENTICEMENT = "Online Enticement of Children for Sexual Acts"
    OBSCENE_MATERIAL_SENT = "Unsolicited Obscene Material Sent to a Child"


class BatchReason(StrEnum):
    """Why many persons are reported at once."""

    VIRAL_POTENTIAL_MEME = "VIRAL_POTENTIAL_MEME"


class EventName(StrEnum):
    """When an address or a device was seen."""

    LOGIN = "Login"
    REGISTRATION = "Registration"
    PURCHASE = "Purchase"
    UPLOAD = "Upload"
    OTHER = "Other"
    UNKNOWN = "Unknown"


class EmailType(StrEnum):
    HOME = "Home"
    WORK = "Work"
    BUSINESS = "Business"
    RECOVERY = "Recovery"


class PhoneType(StrEnum):
    MOBILE = "Mobile"
    HOME = "Home"
    BUSINESS = "Business"
    WORK = "Work"
    FAX = "Fax"
    INTERNET = "Internet"
    RECOVERY = "Recovery"


class AddressType(StrEnum):
    HOME = "Home"
    BUSINESS = "Business"
    BILLING = "Billing"
    SHIPPING = "Shipping"
    TECHNICAL = "Technical"


class AccountRelation(StrEnum):
    """How an associated account belongs to the person it stands under."""

    BILLING = "Billing"
    LINKED = "Linked"
    BUSINESS = "Business"
    CREATOR = "Creator"
    PARENT_OR_GUARDIAN = "Parent/Guardian"
    OTHER = "Other"


class FileRelevance(StrEnum):
    """Why a file is there: what is reported, or what helps to understand it (a transcript)."""

    REPORTED = "Reported"
    SUPPLEMENTAL = "Supplemental Reported"


class Classification(StrEnum):
    """The industry's scale: A before puberty, B in puberty; 1 a sex act, 2 lascivious display.

    For companies that signed the memorandum of the Industry Hash Sharing Platform.
    """

    A1 = "A1"
    A2 = "A2"
    B1 = "B1"
    B2 = "B2"


class MetadataType(StrEnum):
    EXIF = "EXIF"
    HASH = "HASH"


# ISO 3166-1 alpha-2, and Kosovo. The schema also lists codes that are no country (A1, EU, ...); the
# documentation asks for ISO codes, so those are refused.
COUNTRIES = frozenset(
    """
    AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR BS BT BV BW
    BY BZ CA CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE EG EH ER ES ET FI
    FJ FK FM FO FR GA GB GD GE GF GG GH GI GL GM GN GP GQ GR GS GT GU GW GY HK HM HN HR HT HU ID IE IL IM IN
    IO IQ IR IS IT JE JM JO JP KE KG KH KI KM KN KP KR KW KY KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME
    MF MG MH MK ML MM MN MO MP MQ MR MS MT MU MV MW MX MY MZ NA NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF
    PG PH PK PL PM PN PR PS PT PW PY QA RE RO RS RU RW SA SB SC SD SE SG SH SI SJ SK SL SM SN SO SR SS ST SV
    SX SY SZ TC TD TF TG TH TJ TK TL TM TN TO TR TT TV TW TZ UA UG UM US UY UZ VA VC VE VG VI VN VU WF WS XK
    YE YT ZA ZM ZW
    """.split()  # noqa: SIM905  (readable)
)

# The states, the District of Columbia, and the territories that the schema knows.
US_STATES = frozenset(
    """
    AK AL AR AZ CA CO CT DC DE FL GA GU HI IA ID IL IN KS KY LA MA MD ME MI MN MO MS MT NC ND NE NH NJ NM NV
    NY OH OK OR PA PR RI SC SD TN TX UT VA VI VT WA WI WV WY
    """.split()  # noqa: SIM905  (readable)
)
