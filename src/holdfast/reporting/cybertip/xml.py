"""XML in and out: without entities, without the network, within limits."""

from __future__ import annotations

from lxml import etree

__all__ = ["MAX_DOCUMENT_BYTES", "NotXmlError", "parse", "serialise"]

MAX_DOCUMENT_BYTES = 16 * 1024 * 1024
XSI = "http://www.w3.org/2001/XMLSchema-instance"


class NotXmlError(ValueError):
    """The bytes are no XML document, or one that we do not read. The message quotes nothing of it."""


def parse(data: bytes) -> etree._Element:
    """The root element. Raises `NotXmlError`: malformed, too large, or with a document type."""
    if len(data) > MAX_DOCUMENT_BYTES:
        raise NotXmlError(f"it has {len(data)} bytes, more than {MAX_DOCUMENT_BYTES}")
    parser = etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
    )
    try:
        root = etree.fromstring(data, parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise NotXmlError("it is not well-formed XML") from error
    if root.getroottree().docinfo.internalDTD is not None:
        raise NotXmlError("it has a document type, and we read none that has")
    return root


def serialise(root: etree._Element) -> bytes:
    """The document in UTF-8 with its declaration, indented only where there is no text."""
    etree.indent(root)
    return etree.tostring(root, encoding="UTF-8", xml_declaration=True)
