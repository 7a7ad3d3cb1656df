"""Formats are told by their first bytes; the size of JPEG XL is read without decoding."""

from __future__ import annotations

import pytest

from holdfast.media.formats import FORMATS, jxl_size, sniff
from tests.media.samples import scene, stored
from tests.pictures import encoded


@pytest.mark.parametrize("name", FORMATS)
def test_each_format_is_told(name: str) -> None:
    assert sniff(stored(name)) == name
    assert sniff(memoryview(stored(name))[:64]) == name


def test_the_other_brands_tell_avif_from_heic() -> None:
    def head(major: bytes, *others: bytes) -> bytes:
        body = b"ftyp" + major + bytes(4) + b"".join(others)
        return (len(body) + 4).to_bytes(4, "big") + body

    assert sniff(head(b"mif1", b"miaf", b"avif")) == "AVIF"
    assert sniff(head(b"mif1", b"heic")) == "HEIF"
    assert sniff(head(b"isom", b"mp41", b"avif")) is None


@pytest.mark.parametrize("size", [(64, 64), (1600, 1004), (37, 91), (800, 600), (3000, 2), (256, 256)])
@pytest.mark.parametrize("options", [{}, {"use_container": True}], ids=["bare", "boxed"])
def test_the_size_of_jpeg_xl(size: tuple[int, int], options: dict[str, bool]) -> None:
    assert jxl_size(encoded(scene().resize(size), "JXL", effort=1, **options)) == size


@pytest.mark.parametrize(
    "data", [b"", b"\xff", b"\0\0\0\x0cJXL \r\n\x87\n" + bytes(40), b"GIF89a" + bytes(20)]
)
def test_no_size_where_there_is_none(data: bytes) -> None:
    assert jxl_size(data) is None
