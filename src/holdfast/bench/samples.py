"""Real photographs to show Holdfast on: pictures that come inside the scikit-image package.

That project documents their origin; they are in the public domain or freely licensed. Only its
picture files are read; none of its code is imported.
"""

from __future__ import annotations

from importlib import metadata
from pathlib import Path

from holdfast.errors import UnreadableError

__all__ = ["sample_photographs"]

_PACKAGE = "scikit-image"
_KNOWN = ("astronaut.png", "chelsea.png", "coffee.png", "rocket.jpg", "motorcycle_left.png")
_OTHERS = ("camera.png", "hubble_deep_field.jpg", "coins.png", "brick.png", "grass.png")


def sample_photographs() -> tuple[list[Path], list[Path]]:
    """(photographs to play the part of known content, unrelated photographs).

    Raises `UnreadableError` with the command to install them when the package is absent.
    """
    try:
        files = metadata.files(_PACKAGE) or []
    except metadata.PackageNotFoundError:
        files = []
    found = {file.name: Path(str(file.locate())) for file in files if file.parent.name == "data"}
    missing = [name for name in (*_KNOWN, *_OTHERS) if name not in found]
    if missing:
        raise UnreadableError(
            f"The demo's photographs come with the package {_PACKAGE}, which is not here "
            f"(no {missing[0]}). Nothing was done. Install them: pip install 'holdfast[demo]'"
        )
    return [found[name] for name in _KNOWN], [found[name] for name in _OTHERS]
