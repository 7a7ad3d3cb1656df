"""XML read into nodes that know where they stood."""

from __future__ import annotations

from dataclasses import dataclass, field
from xml.parsers import expat

__all__ = ["MalformedError", "Node", "read"]

MAX_DEPTH = 30


class MalformedError(Exception):
    """Not XML, or XML with a document type."""


@dataclass
class Node:
    name: str
    attributes: dict[str, str]
    line: int
    column: int
    text: str = ""
    children: list[Node] = field(default_factory=list)

    def first(self, path: str) -> Node | None:
        """The first node at ``a/b/c`` below this one."""
        return next(iter(self.all(path)), None)

    def all(self, path: str) -> list[Node]:
        """Every node at ``a/b/c`` below this one."""
        found = [self]
        for name in path.split("/"):
            found = [child for node in found for child in node.children if child.name == name]
        return found

    def below(self, *names: str) -> list[Node]:
        """Every node of these names, at any depth."""
        found = []
        for child in self.children:
            if child.name in names:
                found.append(child)
            found += child.below(*names)
        return found

    def value(self, path: str) -> str | None:
        """The text of the first node at a path, without space around it."""
        node = self.first(path)
        return None if node is None else node.text.strip()


def read(data: bytes) -> Node:
    """The root. Raises `MalformedError`."""
    parser = expat.ParserCreate()
    roots: list[Node] = []
    open_nodes: list[Node] = []

    def start(name: str, attributes: dict[str, str]) -> None:
        if len(open_nodes) > MAX_DEPTH:
            raise MalformedError("The document is nested too deeply.")
        node = Node(name, attributes, parser.CurrentLineNumber, parser.CurrentColumnNumber + 1)
        (open_nodes[-1].children if open_nodes else roots).append(node)
        open_nodes.append(node)

    def text(data: str) -> None:
        open_nodes[-1].text += data

    def no_document_type(*_: object) -> None:
        raise MalformedError("DOCTYPE is disallowed.")

    parser.buffer_text = True
    parser.StartElementHandler = start
    parser.EndElementHandler = lambda _name: open_nodes.pop()
    parser.CharacterDataHandler = text
    parser.StartDoctypeDeclHandler = no_document_type
    try:
        parser.Parse(data, True)
    except expat.ExpatError as error:
        raise MalformedError(
            f"[{error.lineno},{error.offset + 1}] - {expat.ErrorString(error.code)}"
        ) from error
    return roots[0]
