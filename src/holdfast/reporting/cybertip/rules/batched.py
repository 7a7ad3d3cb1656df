"""Rules for a batched report of viral content, and for its one file. Source: appendix E."""

from __future__ import annotations

from collections.abc import Iterator

from lxml import etree

from holdfast.reporting.cybertip.rules.words import Rule, Scope, path_of
from holdfast.reporting.cybertip.vocabulary import FileRelevance

__all__ = ["RULES"]

_NOT_IN_REPORT = (
    "incidentSummary/escalateToHighPriority",
    "internetDetails",
    "lawEnforcement",
    "intendedRecipient",
    "victim",
    "additionalInfo",
)
_NOT_IN_FILE = (
    "originalFileName",
    "locationOfFile",
    "originalFileHash",
    "ipCaptureEvent",
    "deviceId",
    "details",
    "additionalInfo",
)
_ANNOTATIONS = ("viral", "potentialMeme")


def _batched_forbidden(root: etree._Element) -> Iterator[str]:
    for path in _NOT_IN_REPORT:
        for node in root.iterfind(path):
            yield path_of(node)


def _batched_person(root: etree._Element) -> Iterator[str]:
    for person in root.iterfind("personOrUserReported"):
        if [child.tag for child in person] != ["espIdentifier"]:
            yield path_of(person)


def _batched_file_forbidden(root: etree._Element) -> Iterator[str]:
    for path in _NOT_IN_FILE:
        for node in root.iterfind(path):
            yield path_of(node)


def _batched_annotation(root: etree._Element) -> Iterator[str]:
    annotations = root.find("fileAnnotations")
    if annotations is None or not any(annotations.find(name) is not None for name in _ANNOTATIONS):
        yield path_of(root)


def _batched_other_annotation(root: etree._Element) -> Iterator[str]:
    for node in root.iterfind("fileAnnotations/*"):
        if node.tag not in _ANNOTATIONS:
            yield path_of(node)


def _batched_relevance(root: etree._Element) -> Iterator[str]:
    relevance = root.find("fileRelevance")
    if relevance is not None and relevance.text != FileRelevance.REPORTED:
        yield path_of(relevance)


RULES = (
    Rule(
        "batched_forbidden",
        Scope.BATCHED_REPORT,
        "must not be in a batched report",
        _batched_forbidden,
    ),
    Rule(
        "batched_person",
        Scope.BATCHED_REPORT,
        "must hold the account's identifier and nothing else in a batched report",
        _batched_person,
    ),
    Rule(
        "batched_file_forbidden",
        Scope.BATCHED_FILE,
        "must not be given for the file of a batched report",
        _batched_file_forbidden,
    ),
    Rule(
        "batched_annotation",
        Scope.BATCHED_FILE,
        "must be annotated as viral, as a potential meme, or both",
        _batched_annotation,
    ),
    Rule(
        "batched_other_annotation",
        Scope.BATCHED_FILE,
        "must not be set for the file of a batched report",
        _batched_other_annotation,
    ),
    Rule(
        "batched_relevance",
        Scope.BATCHED_FILE,
        "must be Reported for the file of a batched report",
        _batched_relevance,
    ),
)
