"""Pictures made up for tests: benign by construction, and rich enough for a perceptual hash."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
from PIL import Image

__all__ = ["encoded", "picture"]


def picture(seed: int, width: int = 640, height: int = 480) -> Image.Image:
    """A colourful scene of soft blobs and edges; each seed gives another, unrelated one."""
    random = np.random.default_rng(seed)
    y, x = np.mgrid[0 : 1 : height * 1j, 0 : 1 : width * 1j]
    planes = np.zeros((height, width, 3))
    for _ in range(40):
        centre, radius = random.random(2), random.uniform(0.03, 0.25)
        inside = ((x - centre[0]) ** 2 + ((y - centre[1]) * random.uniform(0.5, 2)) ** 2) < radius**2
        planes[inside] = random.random(3) * 255
    planes += random.normal(0, 4, planes.shape)
    return Image.fromarray(np.clip(planes, 0, 255).astype(np.uint8))


def encoded(image: Image.Image, image_format: str = "JPEG", **options: Any) -> bytes:
    """The picture as file bytes."""
    buffer = io.BytesIO()
    if "append_images" in options:
        options["append_images"] = [one.copy() for one in options["append_images"]]
    image.copy().save(buffer, image_format, **options)  # a picture remembers how it was saved last
    return buffer.getvalue()
