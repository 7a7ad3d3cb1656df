"""A worker that was taken over may say anything: whatever makes no sense is refused."""

from __future__ import annotations

import copy
import os
import socket
import sys
from typing import Any

import numpy as np
import pytest

from holdfast.media import wire
from holdfast.media.image import decode_image
from holdfast.media.messages import image_from_message, image_to_message
from holdfast.media.shared import Output, SharedBuffer, read_array
from holdfast.media.types import ImageLimits
from tests.media.samples import stored

LIMITS = ImageLimits()


def sound() -> tuple[dict[str, Any], list[Any]]:
    image = decode_image(stored("PNG"), LIMITS)
    buffer = SharedBuffer("holdfast-test")
    output = Output(buffer.descriptor, 10_000_000)
    message = image_to_message(image, output)
    arrays = [read_array(buffer, place, 10_000_000) for place in output.places]
    buffer.close()
    return message, arrays


def test_a_sound_message_is_the_image() -> None:
    message, arrays = sound()
    image = image_from_message(message, arrays, LIMITS)
    assert image.format == "PNG"
    assert image.frames[0].luma.shape == (212, 300)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("format",), "EXE"),
        (("mode",), 5),
        (("mode",), "x" * 5000),
        (("frames",), []),
        (("frames",), 7),
        (("frames", 0), [0, 300]),
        (("frames", 0, 0), 9),
        (("frames", 0, 0), -1),
        (("frames", 0, 1), 301),
        (("frames", 0, 1), 10**12),
        (("frames", 0, 2), 0),
        (("frames", 0, 2), "212"),
        (("frames", 0, 3), 2),
        (("frames", 0, 3), 3),
        (("frames", 0, 4), -1),
        (("frames", 0, 5), "pink"),
        (("frames", 0, 6), 0),
        (("frames", 0, 6), 5),
        (("total",), 0),
        (("total",), True),
        (("incomplete",), "tired"),
        (("detail",), None),
        (("notes",), [1]),
    ],
)
def test_any_other_is_refused(path: tuple[Any, ...], value: Any) -> None:
    message, arrays = sound()
    broken: Any = copy.deepcopy(message)
    inner = broken
    for step in path[:-1]:
        inner = inner[step]
    inner[path[-1]] = value
    with pytest.raises(ValueError, match=r"a worker's|is not a valid Reason|values to unpack"):
        image_from_message(broken, arrays, LIMITS)


def test_unrounded_luma_must_be_luma() -> None:
    message, arrays = sound()
    for value in (np.nan, np.inf, -1.0, 256.0):
        arrays[1][0, 0] = value
        with pytest.raises(ValueError, match="a worker's frame"):
            image_from_message(message, arrays, LIMITS)


@pytest.mark.parametrize(
    "place",
    [
        None,
        [],
        [0, "u1"],
        [0, "O", [4]],
        [0, "u1", []],
        [0, "u1", [1, 1, 1, 1]],
        [-1, "u1", [4]],
        [0, "u1", [-4]],
        [0, "u1", [0]],
        [0, "u1", [2**62, 2**62]],
        [0, "u1", [2 * 1024 * 1024]],
        [1024 * 1024 - 3, "u1", [4]],
        [0.5, "u1", [4]],
        [0, ["u1"], [4]],
        [0, "u1", ["4"]],
        [0, "f8", [10, 100]],
    ],
)
def test_arrays_outside_the_shared_memory_are_refused(place: object) -> None:
    buffer = SharedBuffer("holdfast-test")
    buffer.write(b"abcd")
    try:
        assert read_array(buffer, [0, "u1", [2, 2]], 4096).tolist() == [[97, 98], [99, 100]]
        with pytest.raises(ValueError, match="a worker's array"):
            read_array(buffer, place, 4096)
    finally:
        buffer.close()


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="needs sealed memory files")
def test_shared_memory_cannot_be_taken_away() -> None:
    buffer = SharedBuffer("holdfast-test")
    buffer.write(bytes(5000))
    with pytest.raises(PermissionError):
        os.ftruncate(buffer.descriptor, 0)
    buffer.close()


def test_output_beyond_its_limit_is_a_memory_error() -> None:
    buffer = SharedBuffer("holdfast-test")
    output = Output(buffer.descriptor, 5000)
    first = output.empty(10, 10)
    first[:] = 3
    assert output.add(first) == 0
    assert output.add(np.ones((4, 4), np.float32)) == 1
    with pytest.raises(MemoryError):
        output.add(np.zeros(5000, np.uint8))
    np.testing.assert_array_equal(read_array(buffer, output.places[0], 5000), first)
    assert read_array(buffer, output.places[1], 5000).sum() == 16
    buffer.close()


@pytest.mark.parametrize(
    "data",
    [
        b"\xff\xff\xff\xff",
        b"\x04\0\0\0[1]x",
        b"\x03\0\0\0{{}",
        b"\x02\0\0\0[]",
        b"\x02\0\0\0{}trailing",
        (200_000).to_bytes(4, "little") + b"[" * 200_000,
    ],
)
def test_nonsense_on_the_wire_is_refused(data: bytes) -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        theirs.sendall(data)
        with pytest.raises(wire.MalformedMessageError):
            wire.receive(ours, timeout_s=120)


def test_silence_on_the_wire_ends() -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        theirs.sendall(b"\x10\0\0\0half")
        with pytest.raises(TimeoutError):
            wire.receive(ours, timeout_s=0.05)
        theirs.close()
        assert wire.receive(ours, timeout_s=120) is None
