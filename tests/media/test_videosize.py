"""Which containers keep account of their own size."""

from __future__ import annotations

import pytest

from holdfast.media.videosize import told_size_bytes
from tests.media.videos import clip

TELL = {"AVI": ("mpeg4", "avi"), "ASF": ("wmv2", "asf"), "MATROSKA": ("libx264", "matroska")}


@pytest.mark.parametrize("name", TELL)
def test_a_whole_file_tells_its_size_also_when_cut(name: str) -> None:
    data = clip(*TELL[name])
    assert told_size_bytes(data, name) == len(data)
    assert told_size_bytes(memoryview(data)[: len(data) // 2], name) == len(data)


@pytest.mark.parametrize(("container", "name"), [("mp4", "MP4"), ("flv", "FLV"), ("mpegts", "MPEG-TS")])
def test_others_tell_none(container: str, name: str) -> None:
    assert told_size_bytes(clip(container=container), name) == 0


def test_an_asf_without_its_properties_tells_none() -> None:
    assert told_size_bytes(bytes(500), "ASF") == 0
