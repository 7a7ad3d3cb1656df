"""The words that reviewers choose from, each with what it means, in one place.

Labels are those of the industry's classification (Tech Coalition, July 2022), annotations and incident types
those of the CyberTipline (../reporting has the form that they end in).
"""

from __future__ import annotations

from typing import Final

__all__ = [
    "ACCOUNT_ACTIONS",
    "ENTRY_IS_WRONG",
    "FILE_ANNOTATIONS",
    "INCIDENT_TYPES",
    "LABELS",
    "NOTICE_KINDS",
    "NOT_A_MATCH",
    "OUTCOMES",
    "REPORT_ANNOTATIONS",
]

LABELS: Final = {
    "A1": "A child before puberty; a sex act: intercourse of any kind, bestiality, masturbation, sadistic or "
    "masochistic abuse, degradation.",
    "A2": "A child before puberty; lascivious exhibition: the focus is on genitals, anus or pubic area, and "
    "it is meant to elicit a sexual response.",
    "B1": "A child in puberty; a sex act, as in A1.",
    "B2": "A child in puberty; lascivious exhibition, as in A2.",
    "none": "Not child sexual abuse material. Say why: it is told to whoever listed it.",
}

# Why something is not what the list says. The second field: is the entry wrong, or only this match of it?
_NOT_A_MATCH: Final = {
    "different_content": ("Another picture altogether: the match is wrong.", False),
    "not_abuse": ("The same content, and it is not abuse: the entry is wrong.", True),
    "adult": ("Adults only: the entry is wrong.", True),
    "artwork": ("A drawing or artwork that the law here allows: the entry is wrong here.", True),
    "medical_or_teaching": ("Medicine, teaching or news: the entry is wrong.", True),
    "cannot_tell": ("It cannot be told; the benefit of the doubt.", False),
}
NOT_A_MATCH: Final = {code: words for code, (words, _) in _NOT_A_MATCH.items()}
ENTRY_IS_WRONG: Final = frozenset(code for code, (_, is_wrong) in _NOT_A_MATCH.items() if is_wrong)

FILE_ANNOTATIONS: Final = {
    "animeDrawingVirtualHentai": "Drawn, animated or virtual.",
    "potentialMeme": "Passed on in outrage or as a joke.",
    "viral": "Spreading fast.",
    "possibleSelfProduction": "Perhaps made by the child.",
    "physicalHarm": "A child is hurt.",
    "violenceGore": "Violence.",
    "bestiality": "An animal takes part.",
    "liveStreaming": "From a live stream.",
    "infant": "An infant.",
    "generativeAi": "Made or altered by generative AI.",
}
REPORT_ANNOTATIONS: Final = {
    "sextortion": "Somebody is blackmailed with pictures.",
    "csamSolicitation": "Somebody asks for such material.",
    "minorToMinorInteraction": "Both are minors.",
    "spam": "Sent in bulk.",
    "sadisticOnlineExploitation": "A group drives children to hurt themselves or others.",
}
INCIDENT_TYPES: Final = (
    "Child Pornography (possession, manufacture, and distribution)",
    "Child Sex Trafficking",
    "Child Sex Tourism",
    "Child Sexual Molestation",
    "Misleading Domain Name",
    "Misleading Words or Digital Images on the Internet",
    "Online Enticement of Children for Sexual Acts",
    "Unsolicited Obscene Material Sent to a Child",
)
OUTCOMES: Final = {
    "report": "It stays held, and a report is drafted.",
    "hold": "It stays held, and nothing is reported.",
    "release": "It is released, and destroyed after the days for second thoughts.",
    "nothing": "Nothing to do: what was written in holds nothing to act on.",
}
ACCOUNT_ACTIONS: Final = ("suspend", "disable", "restore")
NOTICE_KINDS: Final = (
    "user",
    "survivor",
    "guardian",
    "trusted_flagger",
    "hotline",
    "ncmec",
    "police",
)
