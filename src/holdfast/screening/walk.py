"""The files of a folder tree, always in the same order, from any point of it on."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

__all__ = ["Found", "walk"]


@dataclass(frozen=True, slots=True)
class Found:
    """A file, or a folder that could not be listed: then ``problem`` says why. ``parts`` leads there."""

    parts: tuple[str, ...]
    path: Path
    problem: str = ""


def walk(root: Path, after: tuple[str, ...] | None = None) -> Iterator[Found]:
    """Files below ``root`` in the order of their parts, only those that come later than ``after``.

    The order depends on names alone, so a walk that goes on after a stop sees each file once, as long
    as nothing is renamed. Symbolic links are not followed: they may lead out of the tree or in circles.
    """
    yield from _walk(root, (), after)


def _walk(folder: Path, parts: tuple[str, ...], after: tuple[str, ...] | None) -> Iterator[Found]:
    try:
        with os.scandir(folder) as listing:
            children = sorted(listing, key=lambda child: child.name)
    except OSError as error:
        if after is None or parts > after:
            yield Found(
                parts, folder, f"this folder cannot be listed: {error.strerror}. Nothing in it was checked."
            )
        return
    for child in children:
        here = (*parts, child.name)
        if child.is_symlink():
            continue
        if child.is_dir(follow_symlinks=False):
            if after is None or here >= after[: len(here)]:
                yield from _walk(Path(child.path), here, after)
        elif after is None or here > after:
            yield Found(here, Path(child.path))
