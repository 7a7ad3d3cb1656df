"""Documents against an operator's own copy of NCMEC's XML schema.

The schema is given to registered companies and is not part of Holdfast. It knows less than
`holdfast.reporting.cybertip.validate` does: no lengths, no zones, no rules across elements. But it is theirs.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from lxml import etree

from holdfast.errors import UnreadableError
from holdfast.reporting.cybertip.problems import Problem
from holdfast.reporting.cybertip.xml import NotXmlError, parse

__all__ = ["OwnSchema"]

MAX_SCHEMA_BYTES = 4 * 1024 * 1024


class OwnSchema:
    """A schema file. Raises `UnreadableError` when it cannot be read or is no schema that stands alone."""

    def __init__(self, path: Path) -> None:
        try:
            with path.open("rb") as file:
                data = file.read(MAX_SCHEMA_BYTES + 1)
            self._schema = etree.XMLSchema(parse(data))
        except (OSError, NotXmlError, etree.XMLSchemaParseError) as error:
            raise UnreadableError(f"The file {path} is no XML schema; nothing was checked.") from error

    def validate(self, xml: bytes) -> list[Problem]:
        """What the schema has against a document: rule "xsd", in the schema processor's words.

        The words may quote values of the document: they are for the person who wrote it, not for a log.
        """
        try:
            root = parse(xml)
        except NotXmlError as error:
            return [Problem("/", "xml", str(error))]
        self._schema.validate(root)
        errors: Any = self._schema.error_log  # the stubs do not know that it is a sequence
        return [Problem(entry.path or "/", "xsd", entry.message) for entry in errors]
