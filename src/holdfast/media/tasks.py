"""What decode workers can do: a closed list. Imported only where codecs may be loaded."""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import Any

from holdfast.media.image import decode_image
from holdfast.media.messages import image_to_message
from holdfast.media.preview import make_preview
from holdfast.media.shared import Output
from holdfast.media.types import ImageLimits, VideoLimits, VideoMode
from holdfast.media.videomessages import video_parts

__all__ = ["STREAMS", "TASKS", "Stream", "Task"]

# (the bytes of the file, arguments as plain data, where arrays go) -> the answer as plain data
Task = Callable[[memoryview, dict[str, Any], Output], dict[str, Any]]
# The same, but the answer comes in parts, of which the last is returned.
Stream = Callable[[memoryview, dict[str, Any], Output], Generator[dict[str, Any], None, dict[str, Any]]]


def _image(data: memoryview, arguments: dict[str, Any], output: Output) -> dict[str, Any]:
    limits = ImageLimits(**arguments["limits"])
    image = decode_image(data, limits, exact=arguments["exact"], allocate=output.empty)
    return image_to_message(image, output)


def _preview(data: memoryview, arguments: dict[str, Any], output: Output) -> dict[str, Any]:
    limits = ImageLimits(**arguments["limits"])
    pixels, is_several = make_preview(data, limits, max_side_px=arguments["max_side_px"])
    return {"picture": output.add(pixels), "is_several": is_several}


def _sound(data: memoryview, arguments: dict[str, Any], output: Output) -> dict[str, Any]:
    from holdfast.media.sound import sketch_sound  # as for videos

    sketch = sketch_sound(data, max_s=arguments["max_s"])
    return {
        "picture": output.add(sketch.picture),
        "duration_s": sketch.duration_s,
        "tracks": sketch.tracks,
    }


def _video(
    data: memoryview, arguments: dict[str, Any], output: Output
) -> Generator[dict[str, Any], None, dict[str, Any]]:
    from holdfast.media.video import VideoDecoder  # loaded by the fork server before the first such worker

    decoder = VideoDecoder(
        data,
        VideoLimits(**arguments["limits"]),
        every_s=arguments["every_s"],
        mode=VideoMode(arguments["mode"]),
        min_side=arguments["min_side"],
        track=arguments["track"],
        span_s=arguments["span_s"],
    )
    return (yield from video_parts(decoder, output))


TASKS: dict[str, Task] = {"image": _image, "preview": _preview, "sound": _sound}
STREAMS: dict[str, Stream] = {"video": _video}
