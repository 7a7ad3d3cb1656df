"""PDQ against the authors' published values, against a slow oracle, and against itself."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from holdfast.errors import BadEntryError
from holdfast.hashing.code import Convention, PdqHash, distance_bits
from holdfast.hashing.orientation import Orientation
from holdfast.hashing.pdq import block64, pdq, pdq_from_blocks, pdq_orientations
from tests.hashing import oracle

UInt8Array = npt.NDArray[np.uint8]
COMPUTED = (Convention.FULL, Convention.NEAREST_512)

# (file, hash, distance at most) published by the authors: PDQMD5TestData.csv, made by their C++ program.
# Another JPEG decoder than theirs accounts for the 2 bits of the sharpened picture.
PUBLISHED_NEAREST_512 = [
    ("misc-images/c.png", "e4cc89d91c623842f8d1f1d9a398e78c9f199a3bf87925f2b7e11e0bf061b064", 0),
    ("misc-images/small.jpg", "0007001f003f003f007f00ff00ff00ff01ff01ff01ff03ff03ff03ff03ff03ff", 0),
    ("misc-images/wee.jpg", "6227401f601ff4ccafcc9fad4b0d95d371a2eb7265a3285234d228ca94deeb2d", 0),
    ("bridge-mods/aaa-orig.jpg", "d8f8f0cee0f4a84f0637022a078f67f0b36e2ed596621e1d33e6339c4e9c9b22", 0),
    ("bridge-mods/blur-a-little.jpg", "d8f8f0cee0f4a84f0637022a078f67f0b36e2ed596621e1d33e6339c4e9c9b22", 0),
    ("bridge-mods/blur-a-lot.jpg", "d8f8f0cee0f4a84f0637022a078f67f0b36e2ed596621e1d33e6339c4e9c9b22", 0),
    ("bridge-mods/high-contrast.jpg", "d8f8f0cee0f4a84f0637022a078f67f0b36e2ed596621e1d33e6339c4e9c9b22", 0),
    (
        "bridge-mods/high-saturation.jpg",
        "d8f8f0cee0f4a84f0637022a038f67f0b36e2ed596631e1d33e6339c4e9c9b22",
        0,
    ),
    (
        "bridge-mods/sharpen-a-little.jpg",
        "d8f8f0cee0f4a84f0e370222038f67f0b36e2ed596231e1d33e6b39c4e9c9b22",
        0,
    ),
    ("bridge-mods/sharpen-a-lot.jpg", "d0f8f0cec0f4a84f0e370a22338f67f0b36a2ef596231e1d72e6a39c4e9c9b22", 2),
    (
        "bridge-mods/shrink-a-little.jpg",
        "d8f8f0cee0f4a84f0e370a22038f67f0b36e2ed596621e1d33e6339c4e9c9b22",
        0,
    ),
    ("bridge-mods/shrink-a-lot.jpg", "d0f8f1ccc0f4a84d0a370a3a228f67f0b36e2ed5b6623e1d33e6339c4e9c9b22", 0),
    ("bridge-mods/square-128x128.jpg", "d8f8f1eec0f4a84f0e37022a078f63f0b36e2ed596621e1d33e6239c4e9c9b22", 0),
    ("bridge-mods/square-256x256.jpg", "d8f8f0cec4f4a84f0637022a078f67f0b36e2ee5b6621e1d33e6239c4e9c9b22", 0),
    ("bridge-mods/square-512x512.jpg", "d8f8f0cec0f4a84f0637022a278f67f0b36e2ed596621e1d33e6339c4e9c9b22", 0),
]
# From the authors' Python tests; these are at most 512 pixels a side, so both conventions give them.
PUBLISHED_SMALL = [
    ("labelme-subset/q0122.jpg", "cfb2009ddd21c6dab0046a7745b5984757a8a4535b3377aea2591d32b33ff940"),
    ("labelme-subset/q0291.jpg", "a0fe94f1e5cc1cc8dd855948498dc9243f7ca27336f036d7f212b74bc103c9a7"),
    ("labelme-subset/q0746.jpg", "1049d96239e24d4dca2c55512b8bdb77425f4dbcf575a0a95555aaab5554aaaa"),
    ("labelme-subset/q1050.jpg", "489db672e9190276d452aeab41eba20f02375fe4092d88defdf491a5c55c5f70"),
    ("labelme-subset/q2821.jpg", "b150231ffae4710ffcf4f18bb574b109a576f14bb8543189f8743289f174b109"),
]


def float_luma(path: Path) -> npt.NDArray[np.float32]:
    """Luma as the reference makes it: 0.299 R + 0.587 G + 0.114 B, float32 (h, w)."""
    rgb = np.asarray(Image.open(path).convert("RGB"))
    luma: npt.NDArray[np.float32] = (rgb @ np.array([0.299, 0.587, 0.114])).astype(np.float32)
    return luma


def noise(height: int, width: int, seed: int = 0) -> UInt8Array:
    return np.random.default_rng(seed).integers(0, 256, (height, width), dtype=np.uint8)


@pytest.mark.shared_data
@pytest.mark.parametrize(("name", "value", "at_most"), PUBLISHED_NEAREST_512)
def test_the_authors_values(shared_data: Path, name: str, value: str, at_most: int) -> None:
    luma = float_luma(shared_data / "images/pdq-reference" / name)
    published = PdqHash.from_hex(value)
    assert pdq(luma, convention=Convention.NEAREST_512).distance(published) <= at_most
    # The authors ask implementations to stay within 10 bits of each other.
    assert pdq(luma).distance(published) <= (0 if max(luma.shape) <= 512 else 10)


@pytest.mark.shared_data
@pytest.mark.parametrize(("name", "value"), PUBLISHED_SMALL)
def test_the_authors_values_up_to_512_pixels(shared_data: Path, name: str, value: str) -> None:
    luma = float_luma(shared_data / "images/pdq-reference/reg-test-input" / name)
    for convention in COMPUTED:
        assert pdq(luma, convention=convention).hex == value


@pytest.mark.shared_data
def test_no_bit_off_the_python_library(shared_data: Path) -> None:
    pdqhash = pytest.importorskip("pdqhash")
    folders = ("photos", "pdq-reference/bridge-mods", "pdq-reference/reg-test-input/labelme-subset")
    paths = [path for folder in folders for path in sorted((shared_data / "images" / folder).iterdir())]
    for path in paths[::4] + paths[-7:]:
        rgb = np.asarray(Image.open(path).convert("RGB"))
        luma = (rgb[:, :, 0] * 0.299 + rgb[:, :, 1] * 0.587 + rgb[:, :, 2] * 0.114).astype(np.float32)
        expected, quality = pdqhash.compute(np.ascontiguousarray(rgb))
        ours = pdq(luma)
        assert (np.unpackbits(ours.bits) != expected).sum() == 0, path.name
        assert ours.quality == quality, path.name


def assert_as_oracle(luma: npt.NDArray[Any], convention: Convention) -> None:
    source = oracle.nearest_512(luma) if convention is Convention.NEAREST_512 else luma
    expected = oracle.block(source)
    ours = block64(luma, convention=convention)
    assert ours is not None
    assert ours.dtype == np.float32
    np.testing.assert_allclose(ours, expected, rtol=0, atol=1e-3)
    values, clear = oracle.bits(oracle.coefficients(expected))
    hashed = pdq(luma, convention=convention)
    assert clear.sum() > 150  # sides of 8 or 16 have coefficients that are zero but for rounding
    assert (np.unpackbits(hashed.bits).astype(bool) == values)[clear].all()
    assert abs(hashed.quality - oracle.quality(expected)) <= 1


@settings(max_examples=40, deadline=None)
@given(st.integers(5, 300), st.integers(5, 300), st.integers(0, 9), st.booleans())
def test_any_size_is_as_published(height: int, width: int, seed: int, as_float: bool) -> None:
    luma = noise(height, width, seed)
    assert_as_oracle(luma.astype(np.float32) if as_float else luma, Convention.FULL)


@pytest.mark.parametrize("shape", [(64, 64), (5, 5), (128, 129), (513, 64), (90, 1100), (600, 520)])
@pytest.mark.parametrize("convention", COMPUTED)
def test_edge_sizes_are_as_published(shape: tuple[int, int], convention: Convention) -> None:
    assert_as_oracle(noise(*shape), convention)


@settings(max_examples=40, deadline=None)
@given(st.sampled_from([2, 3, 4, 8]), st.integers(20, 700), st.integers(20, 700), st.sampled_from(COMPUTED))
def test_a_scaled_luma_hashes_as_its_enlargement(
    scale: int, height: int, width: int, convention: Convention
) -> None:
    small = noise(-(-height // scale), -(-width // scale))
    large = small.repeat(scale, axis=0).repeat(scale, axis=1)[:height, :width]
    ours = block64(small, scale=scale, width=width, height=height, convention=convention)
    whole = block64(np.ascontiguousarray(large), convention=convention)
    assert ours is not None
    assert whole is not None
    np.testing.assert_allclose(ours, whole, rtol=0, atol=1e-3)


def test_orientations_are_the_hashes_of_the_turned_picture() -> None:
    # At 64 x 64 the samples of the turned picture are the turned samples, so nothing is approximate.
    luma = noise(64, 64)
    for orientation, ours in zip(Orientation, pdq_orientations(luma), strict=True):
        assert ours.distance(pdq(orientation.undo(luma))) <= 2, orientation


def test_undo_takes_apply_back() -> None:
    picture = noise(5, 9)
    assert len({orientation.apply(picture).tobytes() for orientation in Orientation}) == 8
    for orientation in Orientation:
        np.testing.assert_array_equal(orientation.undo(orientation.apply(picture)), picture)
    np.testing.assert_array_equal(Orientation.ROTATED_90.apply(picture)[0], picture[::-1, 0])
    np.testing.assert_array_equal(Orientation.MIRRORED.apply(picture), picture[:, ::-1])
    np.testing.assert_array_equal(Orientation.FLIPPED.apply(picture), picture[::-1])
    np.testing.assert_array_equal(Orientation.TRANSPOSED.apply(picture), picture.T)


@pytest.mark.shared_data
def test_the_authors_turned_pictures_are_recognised(shared_data: Path) -> None:
    folder = shared_data / "images/pdq-reference/reg-test-input/dih"
    original = pdq(float_luma(folder / "bridge-1-original.jpg"))
    expected = {
        "bridge-2-rotate-90.jpg": Orientation.ROTATED_270,  # the authors turn counter-clockwise
        "bridge-3-rotate-180.jpg": Orientation.ROTATED_180,
        "bridge-4-rotate-270.jpg": Orientation.ROTATED_90,
        "bridge-5-flipx.jpg": Orientation.FLIPPED,
        "bridge-6-flipy.jpg": Orientation.MIRRORED,
        "bridge-7-flip-plus-1.jpg": Orientation.TRANSPOSED,
        "bridge-8-flip-minus-1.jpg": Orientation.TRANSVERSE,
    }
    for name, orientation in expected.items():
        distances = [hashed.distance(original) for hashed in pdq_orientations(float_luma(folder / name))]
        assert tuple(Orientation)[int(np.argmin(distances))] is orientation
        assert min(distances) <= 10
        assert sorted(distances)[1] > 60


def test_blocks_in_a_batch_hash_as_one_by_one() -> None:
    lumas = [noise(100 + i, 200 - i, i) for i in range(5)]
    blocks = np.stack([block for block in map(block64, lumas) if block is not None])
    codes, qualities = pdq_from_blocks(blocks)
    turned, _ = pdq_from_blocks(blocks, orientations=True)
    assert (codes.shape, turned.shape) == ((5, 32), (5, 8, 32))
    for luma, code, quality, eight in zip(lumas, codes, qualities, turned, strict=True):
        assert pdq(luma) == PdqHash(code, int(quality))
        assert [hashed.bits.tobytes() for hashed in pdq_orientations(luma)] == [
            row.tobytes() for row in eight
        ]
    with pytest.raises(ValueError, match="float32"):
        pdq_from_blocks(blocks.astype(np.float64))


def test_views_of_an_array_hash_as_copies() -> None:
    luma = noise(300, 400)
    part = luma[10:290:2, 20:]
    assert pdq(part) == pdq(part.copy())


@pytest.mark.parametrize("shape", [(1, 1), (4, 900), (900, 4)])
def test_too_few_pixels_have_no_hash(shape: tuple[int, int]) -> None:
    luma = noise(*shape)
    assert block64(luma) is None
    assert (pdq(luma).hex, pdq(luma).quality) == ("0" * 64, 0)
    assert {hashed.hex for hashed in pdq_orientations(luma)} == {"0" * 64}


def test_flat_grey_is_featureless() -> None:
    hashed = pdq(np.full((500, 700), 128, np.uint8))
    assert (hashed.quality, hashed.featureless) == (0, True)
    assert not pdq(noise(64, 64)).featureless


NAN = np.full((80, 80), np.float32(1.0))
NAN[2, 2] = np.nan  # a pixel that no sample sees


@pytest.mark.parametrize(
    "luma",
    [
        np.zeros((9, 9)),
        np.zeros((9, 9), np.uint16),
        [[1, 2], [3, 4]],
        np.zeros(9, np.uint8),
        np.zeros((9, 9, 3), np.uint8),
        np.zeros((0, 9), np.uint8),
        np.full((80, 80), 256.0, np.float32),
        np.full((80, 80), -1.0, np.float32),
        NAN,
    ],
)
def test_what_is_no_luma_is_refused(luma: Any) -> None:
    with pytest.raises(ValueError, match="luma"):
        pdq(luma)


def test_sizes_that_do_not_fit_are_refused() -> None:
    luma = noise(50, 60)
    wrong: list[dict[str, Any]] = [
        {"scale": 2},
        {"scale": 0},
        {"width": 61},
        {"scale": 2, "width": 121, "height": 100},
    ]
    for options in wrong:
        with pytest.raises(ValueError, match=r"scale|luma"):
            pdq(luma, **options)
    with pytest.raises(ValueError, match="unknown"):
        pdq(luma, convention=Convention.UNKNOWN)


def test_hex_goes_there_and_back() -> None:
    hashed = pdq(noise(70, 70))
    again = PdqHash.from_hex(hashed.hex.upper(), hashed.quality, hashed.convention)
    assert (again, hash(again), again.distance(hashed)) == (hashed, hash(hashed), 0)
    assert distance_bits(hashed.bits, hashed.bits ^ np.uint8(255)) == 256
    assert hashed.hex not in repr(hashed)


@pytest.mark.parametrize(
    "text", ["", "ab" * 31, "ab" * 33, "g" * 64, "+f" * 32, " " * 64, "é" * 64, "٣" * 64]
)
def test_what_is_no_hex_is_refused_and_not_repeated(text: str) -> None:
    with pytest.raises(BadEntryError) as refused:
        PdqHash.from_hex(text)
    assert not text or text not in str(refused.value)
