"""Rules for the details of a file. Source: appendix C, and the schema's choice."""

from __future__ import annotations

from collections.abc import Iterator

from lxml import etree

from holdfast.reporting.cybertip.rules.words import Rule, Scope, path_of
from holdfast.reporting.cybertip.texts import parse_boolean
from holdfast.reporting.cybertip.vocabulary import FileRelevance

__all__ = ["RULES"]


def _exif_needs_view(root: etree._Element) -> Iterator[str]:
    exif = root.find("exifViewedByEsp")
    is_true = exif is not None and parse_boolean(exif.text) is True
    if exif is not None and is_true and parse_boolean(root.findtext("fileViewedByEsp")) is not True:
        yield path_of(exif)


def _meme_or_annotations(root: etree._Element) -> Iterator[str]:
    meme = root.find("potentialMeme")
    if meme is not None and root.find("fileAnnotations") is not None:
        yield path_of(meme)


def _supplemental_unclassified(root: etree._Element) -> Iterator[str]:
    classification = root.find("industryClassification")
    if classification is not None and _is_supplemental(root):
        yield path_of(classification)


def _supplemental_no_meme(root: etree._Element) -> Iterator[str]:
    if _is_supplemental(root):
        for path in ("potentialMeme", "fileAnnotations/potentialMeme"):
            for node in root.iterfind(path):
                yield path_of(node)


def _is_supplemental(root: etree._Element) -> bool:
    return root.findtext("fileRelevance") == FileRelevance.SUPPLEMENTAL


RULES = (
    Rule(
        "exif_needs_view",
        Scope.FILE_DETAILS,
        "may be true only where the file itself was viewed",
        _exif_needs_view,
    ),
    Rule(
        "meme_or_annotations",
        Scope.FILE_DETAILS,
        "must not stand beside fileAnnotations",
        _meme_or_annotations,
    ),
    Rule(
        "supplemental_unclassified",
        Scope.FILE_DETAILS,
        "must not be given for a supplemental file",
        _supplemental_unclassified,
    ),
    Rule(
        "supplemental_no_meme",
        Scope.FILE_DETAILS,
        "must not be set for a supplemental file",
        _supplemental_no_meme,
    ),
)
