"""Segments as files: built straight into one, and opened from one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from holdfast.errors import IndexFileError
from holdfast.matching.build import Blocks, build_segment
from holdfast.matching.plan import Plan, cost_limit
from holdfast.matching.segment import SIGNATURE_PADDING, Arrays, Segment
from holdfast.matching.segments import SectionWriter, read_sections

__all__ = ["copy_segment", "open_segment", "write_segment"]


def write_segment(
    path: Path,
    blocks: Blocks,
    count: int,
    widest_id: int,
    properties: dict[str, Any],
    plan: Plan | None = None,
) -> None:
    """Builds a segment straight into a file (see `build_segment`): what is filled can be written out at once.

    The file appears whole or not at all, and replaces another one of that name.
    """
    writer = SectionWriter(path)
    try:
        segment = build_segment(blocks, count, widest_id, writer.section, plan)
        writer.commit(_own_properties(segment) | {"caller": properties})
    finally:
        writer.abandon()


def copy_segment(path: Path, segment: Segment, properties: dict[str, Any]) -> None:
    """Writes a segment, from which nothing was removed, as it is. Otherwise as `write_segment`."""
    writer = SectionWriter(path)
    try:
        for name, array in segment.arrays._asdict().items():
            writer.section(name, array.dtype.str, array.shape)[...] = array
        writer.commit(_own_properties(segment) | {"caller": properties})
    finally:
        writer.abandon()


def _own_properties(segment: Segment) -> dict[str, Any]:
    return {
        "widths": segment.plan.widths,
        "key_bits": segment.plan.key_bits,
        "block_bits": segment.plan.block_bits,
        "parity": segment.parity,
        "dense": segment.dense,
    }


def open_segment(path: Path) -> tuple[Segment, dict[str, Any]]:
    """A segment mapped from a file, and the properties that its writer gave. Raises `IndexFileError`."""
    properties, sections = read_sections(path)
    try:
        plan = Plan(
            tuple(int(width) for width in properties["widths"]),
            tuple(int(bits) for bits in properties["key_bits"]),
            int(properties["block_bits"]),
        )
        arrays = Arrays(*(sections[name] for name in Arrays._fields)).read_only()
        limit = cost_limit(len(arrays.codes))
        segment = Segment(arrays, plan, int(properties["parity"]), int(properties["dense"]), limit)
        caller: dict[str, Any] = properties["caller"]
    except (KeyError, TypeError, ValueError) as error:
        raise IndexFileError(f"{path}: its header lacks something. It was not used. Remove it.") from error
    if not _fits_together(segment):
        raise IndexFileError(f"{path}: its sections do not fit together. It was not used. Remove it.")
    return segment, caller


def _fits_together(segment: Segment) -> bool:
    arrays, plan, count = segment.arrays, segment.plan, len(segment.codes)
    entries = len(plan.widths) * count
    return (
        plan.is_sound()
        and [array.dtype.str for array in arrays]
        in (["<u8", ids, "<u4", "<u2", "|u1"] for ids in ("<u4", "<i8"))
        and arrays.codes.shape == (count, 4)
        and arrays.ids.shape == (count,)
        and arrays.offsets.shape == (plan.offset_bases(count)[-1],)
        and arrays.signatures.shape == (entries + SIGNATURE_PADDING,)
        and arrays.positions.shape == (3 * entries,)
        and segment.parity in (-1, 0, 1)
        and 0 <= segment.dense <= count
    )
