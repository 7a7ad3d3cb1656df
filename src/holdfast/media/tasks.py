"""What decode workers can do: a closed list. Imported only where codecs may be loaded."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from holdfast.media.image import decode_image
from holdfast.media.messages import image_to_message
from holdfast.media.shared import Output
from holdfast.media.types import ImageLimits

__all__ = ["TASKS", "Task"]

# (the bytes of the file, arguments as plain data, where arrays go) -> the answer as plain data
Task = Callable[[memoryview, dict[str, Any], Output], dict[str, Any]]


def _image(data: memoryview, arguments: dict[str, Any], output: Output) -> dict[str, Any]:
    limits = ImageLimits(**arguments["limits"])
    image = decode_image(data, limits, exact=arguments["exact"], allocate=output.empty)
    return image_to_message(image, output)


TASKS: dict[str, Task] = {"image": _image}
