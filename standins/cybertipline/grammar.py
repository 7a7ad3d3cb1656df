"""Whether a document keeps grammar.txt, with errors in the manner of a schema processor (Xerces)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from standins.cybertipline.tree import Node
from standins.cybertipline.wording import check

__all__ = ["errors"]

XSI = "xmlns:xsi", "xsi:noNamespaceSchemaLocation", "xsi:schemaLocation"


@dataclass(frozen=True)
class Child:
    name: str
    kind: str
    mark: str  # "" | "?" | "*" | "+"

    @property
    def may_be_absent(self) -> bool:
        return self.mark in ("?", "*")

    @property
    def may_repeat(self) -> bool:
        return self.mark in ("*", "+")


@dataclass(frozen=True)
class Shape:
    manner: str  # "sequence" | "choice" | "any" | "text" | "empty"
    children: tuple[Child, ...]
    text: str | None
    attributes: dict[str, tuple[str, bool]]  # name -> (kind of text, whether it must be there)


def errors(root: Node, now: datetime) -> list[str]:
    """What is wrong with a document; an empty list when nothing is."""
    if root.name not in ("report", "fileDetails"):
        return [_at(root, f"cvc-elt.1: Cannot find the declaration of element '{root.name}'.")]
    return list(_check(root, root.name, now, is_root=True))


def _check(node: Node, kind: str, now: datetime, *, is_root: bool = False) -> Iterator[str]:
    shape = _SHAPES.get(kind) or Shape("text", (), kind, {})
    yield from _check_attributes(node, shape, now, is_root)
    if shape.manner == "text":
        if node.children:
            yield _at(node, f"cvc-type.3.1.2: Element '{node.name}' must have no element children.")
        elif wrong := check(shape.text or "text", node.text, now):
            yield _at(node, f"{wrong} (element '{node.name}')")
        return
    if node.text.strip():
        yield _at(node, f"cvc-complex-type.2.3: Element '{node.name}' cannot have character content.")
    yield from {"choice": _choice, "any": _any, "sequence": _sequence, "empty": _sequence}[shape.manner](
        node, shape
    )
    kinds = {child.name: child.kind for child in shape.children}
    for child in node.children:
        if child.name in kinds:
            yield from _check(child, kinds[child.name], now)


def _check_attributes(node: Node, shape: Shape, now: datetime, is_root: bool) -> Iterator[str]:
    for name, text in node.attributes.items():
        if name in shape.attributes:
            if wrong := check(shape.attributes[name][0], text, now):
                yield _at(node, f"{wrong} (attribute '{name}')")
        elif not (is_root and name in XSI):
            where = f"is not allowed to appear in element '{node.name}'."
            yield _at(node, f"cvc-complex-type.3.2.2: Attribute '{name}' {where}")
    for name, (_, must) in shape.attributes.items():
        if must and name not in node.attributes:
            yield _at(node, f"cvc-complex-type.4: Attribute '{name}' must appear on element '{node.name}'.")


def _sequence(node: Node, shape: Shape) -> Iterator[str]:
    """Walk the expected children once; the first child that fits nowhere ahead is the error."""
    place, count = 0, 0
    for child in node.children:
        step, seen = place, count
        while step < len(shape.children):
            wanted = shape.children[step]
            if wanted.name == child.name and (seen == 0 or wanted.may_repeat):
                break
            if seen == 0 and not wanted.may_be_absent:
                step = len(shape.children)
                break
            step, seen = step + 1, 0
        if step == len(shape.children):
            yield _unexpected(child, _expected(shape, place, count))
            return
        place, count = step, seen + 1
    left = [child for child in shape.children[place + (count > 0) :] if not child.may_be_absent]
    if left:
        yield _incomplete(node, _expected(shape, place, count))


def _expected(shape: Shape, place: int, count: int) -> list[str]:
    names = []
    for number, child in enumerate(shape.children[place:]):
        if not (number == 0 and count and not child.may_repeat):
            names.append(child.name)
        if not child.may_be_absent and not (number == 0 and count):
            break
    return names


def _choice(node: Node, shape: Shape) -> Iterator[str]:
    names = [child.name for child in shape.children]
    if not node.children:
        yield _incomplete(node, names)
    elif node.children[0].name not in names:
        yield _unexpected(node.children[0], names)
    elif len(node.children) > 1:
        yield _unexpected(node.children[1], [])


def _any(node: Node, shape: Shape) -> Iterator[str]:
    left = [child.name for child in shape.children]
    for child in node.children:
        if child.name not in left:
            yield _unexpected(child, left)
            return
        left.remove(child.name)


def _unexpected(child: Node, names: list[str]) -> str:
    found = f"Invalid content was found starting with element '{child.name}'."
    if not names:
        return _at(child, f"cvc-complex-type.2.4.d: {found} No child element is expected at this point.")
    return _at(child, f"cvc-complex-type.2.4.a: {found} One of '{{{', '.join(names)}}}' is expected.")


def _incomplete(node: Node, names: list[str]) -> str:
    return _at(
        node,
        f"cvc-complex-type.2.4.b: The content of element '{node.name}' is not complete. "
        f"One of '{{{', '.join(names)}}}' is expected.",
    )


def _at(node: Node, text: str) -> str:
    return f"[{node.line},{node.column}] - {text}"


def _read_shapes() -> dict[str, Shape]:
    shapes = {}
    lines = Path(__file__).with_name("grammar.txt").read_text(encoding="utf-8").splitlines()
    for line in lines:
        if line.strip() and not line.startswith("#"):
            name, _, body = line.partition(" = ")
            shapes[name] = _shape(body.split())
    return shapes


def _shape(tokens: list[str]) -> Shape:
    children, attributes, manner, text = [], {}, "sequence", None
    for token in tokens:
        if token.startswith("@"):
            name, kind = token[1:].split(":", 1)
            attributes[name] = (kind.rstrip("!"), kind.endswith("!"))
        elif token.startswith("="):
            manner, text = "text", token[1:]
        else:
            manner = {"|": "choice", "&": "any"}.get(token[0], manner)
            match = re.fullmatch(r"[|&]?(\w+):(.+?)([?*+]?)", token)
            assert match is not None, token
            children.append(Child(match[1], match[2], match[3]))
    return Shape("empty" if not children and text is None else manner, tuple(children), text, attributes)


_SHAPES = _read_shapes()
