"""What the stand-in says of a document: its code and tables are not those of the product."""

from __future__ import annotations

from datetime import datetime

from standins.cybertipline import grammar, rules
from standins.cybertipline.tree import MalformedError, read

__all__ = ["stand_in_errors"]


def stand_in_errors(xml: bytes, at: datetime, *, of_batched: bool = False) -> list[str]:
    """What the stand-in would refuse; an empty list when it takes the document."""
    try:
        root = read(xml)
    except MalformedError as error:
        return [str(error)]
    found = grammar.errors(root, at)
    if not found:
        found = (
            rules.report_errors(root)
            if root.name == "report"
            else rules.file_errors(root, batched=of_batched)
        )
    return found
