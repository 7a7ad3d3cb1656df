"""Models as the page docs/api.md shows them: one example of each, and what their fields mean."""

from __future__ import annotations

import json
from typing import Any, Final

__all__ = ["Models", "value_of"]

MAX_DEPTH: Final = 6
MOMENT: Final = "2026-11-24T09:30:00Z"


class Models:
    """The named schemas of an OpenAPI document. An example is shown where its model comes up first."""

    def __init__(self, schemas: dict[str, Any]) -> None:
        self._schemas = schemas
        self._shown: set[str] = set()
        self._used: set[str] = set()

    def sample(self, schema: dict[str, Any]) -> str:
        """The model's name, with a block that holds one value of it where there was none yet."""
        name = _name(schema)
        self._use(schema)
        words = f"`{name.removeprefix('Page_').removesuffix('_')}`" if name else ""
        if name.startswith("Page_"):
            words = f"a page of {words}"
        if name and name in self._shown:
            return f"{words}, as above."
        self._shown |= {name, name.removeprefix("Page_").removesuffix("_")}
        text = json.dumps(value_of(schema, self._schemas), indent=2, ensure_ascii=False)
        return f"{words}\n\n```json\n{text}\n```"

    def meanings(self) -> str:
        """A table for each model that came up: what its fields mean, where a name alone does not say it."""
        parts = ["## Fields\n"]
        for name in sorted(self._used):
            model = self._schemas[name]
            rows = [
                f"| `{field}` | {one['description']} |"
                for field, one in model.get("properties", {}).items()
                if "description" in one
            ]
            if rows and not name.startswith("Page_"):
                about = model.get("description", "").replace("``", "`")
                parts.append("\n".join([f"### {name}\n\n{about}\n\n| field | |", "|---|---|", *rows, ""]))
        return "\n".join(parts)

    def _use(self, found: Any) -> None:
        """Notes every model that a schema names, and those that these name."""
        if isinstance(found, dict):
            name = _name(found)
            if name and name not in self._used:
                self._used.add(name)
                self._use(self._schemas[name])
        for one in found.values() if isinstance(found, dict) else found if isinstance(found, list) else ():
            self._use(one)


def value_of(schema: dict[str, Any], schemas: dict[str, Any], depth: int = 0) -> Any:
    """One value: the first example, else the default, else null where it may be, else something plain."""
    if "$ref" in schema:
        return value_of(schemas[_name(schema)], schemas, depth)
    if schema.get("examples"):
        return schema["examples"][0]
    if schema.get("default") is not None:
        return schema["default"]
    if "anyOf" in schema:
        may_be_null = {"type": "null"} in schema["anyOf"]
        return None if may_be_null else value_of(schema["anyOf"][0], schemas, depth)
    if "const" in schema or "enum" in schema:
        return schema.get("const") or schema["enum"][0]
    kind = schema.get("type")
    if kind == "object":
        return {name: value_of(one, schemas, depth + 1) for name, one in schema.get("properties", {}).items()}
    if kind == "array":
        return [] if depth > MAX_DEPTH else [value_of(schema.get("items", {}), schemas, depth + 1)]
    return _plain(kind, schema)


def _plain(kind: str | None, schema: dict[str, Any]) -> Any:
    if kind == "string":
        return MOMENT if schema.get("format") == "date-time" else "..."
    if kind in ("integer", "number"):
        return int(schema.get("minimum", 1))
    return False if kind == "boolean" else None


def _name(schema: dict[str, Any]) -> str:
    return str(schema.get("$ref", "")).rsplit("/", 1)[-1]
