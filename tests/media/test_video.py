"""What a video shows, from real tiny files: which picture at which moment, in every coding; what is told."""

from __future__ import annotations

import gc
import itertools

import av
import numpy as np
import pytest

from holdfast.errors import NotMatchableError
from holdfast.media.types import Reason, VideoLimits, VideoMode
from holdfast.media.video import VideoDecoder
from tests.media.videos import alone, clip, jpegs, nearest, remuxed, scene, scene_luma, sound, stills, turned

QUIET = (("x265-params", "log-level=none"),)

# name: (coding, container, pixel format, options, our name of the container)
FORMS: dict[str, tuple[str, str, str, tuple[tuple[str, str], ...], str]] = {
    "H.264 in MP4": ("libx264", "mp4", "yuv420p", (), "MP4"),
    "H.264 in fragments": ("libx264", "mp4", "yuv420p", (), "MP4"),
    "H.264 in QuickTime": ("libx264", "mov", "yuv420p", (), "MP4"),
    "H.264 in Matroska": ("libx264", "matroska", "yuv420p", (), "MATROSKA"),
    "H.264 in FLV": ("libx264", "flv", "yuv420p", (), "FLV"),
    "H.264 in AVI": ("libx264", "avi", "yuv420p", (), "AVI"),
    "H.264 in a transport stream": ("libx264", "mpegts", "yuv420p", (), "MPEG-TS"),
    "H.265": ("libx265", "mp4", "yuv420p", QUIET, "MP4"),
    "H.265, 10 bits": ("libx265", "mp4", "yuv420p10le", QUIET, "MP4"),
    "AV1": ("libsvtav1", "mp4", "yuv420p", (("preset", "12"),), "MP4"),
    "VP8": ("libvpx", "webm", "yuv420p", (), "MATROSKA"),
    "VP9": ("libvpx-vp9", "webm", "yuv420p", (("cpu-used", "8"),), "MATROSKA"),
    "MPEG-1": ("mpeg1video", "mpeg", "yuv420p", (("b", "900k"),), "MPEG-PS"),
    "MPEG-2": ("mpeg2video", "mpegts", "yuv420p", (("b", "900k"),), "MPEG-TS"),
    "MPEG-2, bare": ("mpeg2video", "mpeg2video", "yuv420p", (("b", "900k"),), "MPEG-VIDEO"),
    "MPEG-4 out of order in AVI": ("mpeg4", "avi", "yuv420p", (("bf", "2"), ("b", "900k")), "AVI"),
    "MS MPEG-4": ("msmpeg4", "avi", "yuv420p", (("b", "900k"),), "AVI"),
    "H.263": ("h263", "3gp", "yuv420p", (("b", "900k"),), "MP4"),
    "Sorenson": ("flv", "flv", "yuv420p", (("b", "900k"),), "FLV"),
    "WMV": ("wmv2", "asf", "yuv420p", (("b", "900k"),), "ASF"),
    "RealVideo": ("rv20", "rm", "yuv420p", (("b", "900k"),), "REALMEDIA"),
    "Motion JPEG": ("mjpeg", "avi", "yuvj420p", (), "AVI"),
    "ProRes": ("prores", "mov", "yuv422p10le", (), "MP4"),
    "Cinepak": ("cinepak", "mov", "rgb24", (), "MP4"),
    "animation": ("qtrle", "mov", "rgb24", (), "MP4"),
    "raw": ("rawvideo", "avi", "yuv420p", (), "AVI"),
    "raw, packed": ("rawvideo", "avi", "uyvy422", (), "AVI"),
    "FFV1": ("ffv1", "matroska", "bgr0", (), "MATROSKA"),
}
SIGNS = tuple(itertools.product((1, -1), repeat=2))
TURNS = [(a, 0, 0, d) for a, d in SIGNS] + [(0, b, c, 0) for b, c in SIGNS]
FRAGMENTS = (("movflags", "frag_keyframe+empty_moov"),)


def form(name: str, seconds: int = 3) -> bytes:
    codec, container, pixel_format, options, _ = FORMS[name]
    size = (176, 144) if codec == "h263" else (96, 80)
    return clip(
        codec,
        container,
        pixel_format,
        seconds=seconds,
        fps=25 if codec.startswith("mpeg") else 5,
        size=size,
        options=options,
        container_options=FRAGMENTS if "fragments" in name else (),
    )


@pytest.mark.parametrize("name", FORMS)
def test_every_form_shows_each_second_what_was_put_there(name: str) -> None:
    video = alone(form(name))
    assert video.info.format == FORMS[name][4]
    assert [frame.time_s for frame in video.frames] == [0.0, 1.0, 2.0]
    assert [nearest(frame) for frame in video.frames] == [0, 1, 2]
    assert video.incomplete is None
    assert video.notes == ()
    assert video.duration_s == pytest.approx(3, abs=0.15)


@pytest.mark.parametrize("name", ["H.264 in AVI", "H.264 in MP4", "MPEG-4 out of order in AVI", "VP9"])
def test_every_frame_comes_in_the_order_in_which_it_is_shown(name: str) -> None:
    video = alone(form(name), every_s=0.0)
    fps = len(video.frames) / 3
    assert [frame.index for frame in video.frames] == list(range(len(video.frames)))
    np.testing.assert_allclose([frame.time_s for frame in video.frames], np.arange(3 * fps) / fps, atol=1e-3)
    assert [nearest(frame) for frame in video.frames] == [int(n / fps) for n in range(int(3 * fps))]


def test_frames_are_taken_by_the_moment_at_which_they_are_shown_whatever_their_rate() -> None:
    stamps = (0, 40, 900, 1010, 1900, 1950, 1999, 3500)  # milliseconds; each frame shows the next scene
    for container in ("mp4", "matroska"):
        video = alone(clip(container=container, stamps=stamps, options=(("bf", "0"),)), every_s=0.5)
        shown = {frame.time_s: (frame.index, nearest(frame)) for frame in video.frames}
        for moment_s, (index, number) in shown.items():
            expected = max(n for n, stamp in enumerate(stamps) if stamp <= 1000 * moment_s + 1)
            assert (index, number) == (expected, expected % 6)
        assert list(shown)[:8] == [0.0, 0.5, 1.0, 1.5, 2.0, 2.5, 3.0, 3.5]


def test_a_frame_that_still_stands_is_the_same_frame() -> None:
    planes = [np.full((64, 64), value, np.uint8) for value in (30, 90, 200)]
    video = alone(stills((0, planes[0]), (25, planes[1]), (31, planes[2]), (40, planes[0])))
    assert [frame.time_s for frame in video.frames] == [0.0, 1.0, 2.0, 3.0, 4.0]
    assert [frame.index for frame in video.frames] == [0, 0, 0, 1, 3]
    assert [int(frame.luma[0, 0]) for frame in video.frames] == [30, 30, 30, 90, 30]
    assert video.frames[0].luma is video.frames[1].luma


@pytest.mark.parametrize(("container", "options"), [("matroska", (("live", "1"),)), ("mpegts", ())])
def test_a_length_that_nobody_tells_is_found_out(
    container: str, options: tuple[tuple[str, str], ...]
) -> None:
    video = alone(clip(container=container, container_options=options))
    if container == "matroska":
        assert video.info.duration_s is None
    assert video.duration_s == pytest.approx(4.0)
    assert video.incomplete is None


def test_a_file_that_starts_late_starts_at_nought() -> None:
    video = alone(clip(stamps=tuple(range(7000, 10000, 200)), container="matroska"))
    assert video.frames[0].time_s == 0.0
    assert video.duration_s == pytest.approx(3.0, abs=0.25)


def test_sound_beside_the_pictures_is_no_matter() -> None:
    video = alone(clip(sound=True))
    assert [nearest(frame) for frame in video.frames] == [0, 1, 2, 3]
    assert video.incomplete is None
    assert video.info.tracks == 1


def test_sound_alone_is_no_video() -> None:
    with pytest.raises(NotMatchableError, match="holds no video") as caught:
        alone(sound())
    assert caught.value.reason == Reason.NOT_MEDIA


def test_a_cover_is_not_the_video_but_can_be_looked_at() -> None:
    data = remuxed(clip(), cover=scene(4))
    video, cover = alone(data), alone(data, track=1)
    assert [nearest(frame) for frame in video.frames] == [0, 1, 2, 3]
    assert [nearest(frame) for frame in cover.frames] == [4]
    assert (video.info.codec, cover.info.codec) == ("h264", "mjpeg")
    for each in (video, cover):
        assert each.info.tracks == 2
        assert "2 tracks with pictures" in each.notes[0]
        assert each.incomplete is None


def test_further_tracks_can_be_looked_at() -> None:
    data = remuxed(clip(), beside=clip("mpeg4", seconds=2))
    assert alone(data).info.codec == "h264"
    other = alone(data, track=1)
    assert other.info.codec == "mpeg4"
    assert [frame.time_s for frame in other.frames] == [0.0, 1.0]
    with pytest.raises(NotMatchableError, match="no more"):
        alone(data, track=2)


@pytest.mark.parametrize("size", [(97, 81), (33, 64), (64, 5), (17, 2)])
def test_odd_sizes_are_whole(size: tuple[int, int]) -> None:
    for codec, container, pixel_format in (("rawvideo", "avi", "yuv420p"), ("libx264", "mp4", "yuv444p")):
        (frame, *_) = alone(clip(codec, container, pixel_format, seconds=1, size=size)).frames
        assert frame.luma.shape == (size[1], size[0])
        assert (frame.width, frame.height, frame.scale) == (*size, 1)
        if min(size) > 30:
            assert nearest(frame) == 0


def test_a_size_that_changes_on_the_way_is_followed() -> None:
    small, large = clip(container="mpegts"), clip(container="mpegts", size=(192, 160))
    video = alone(small + large)
    assert [frame.luma.shape for frame in video.frames[:4]] == [(80, 96)] * 4
    assert [frame.luma.shape for frame in video.frames[4:8]] == [(160, 192)] * 4
    assert [nearest(frame) for frame in video.frames[:8]] == [0, 1, 2, 3] * 2


@pytest.mark.parametrize("options", [(("flags", "+ildct+ilme"), ("x264-params", "tff=1"))])
def test_interlaced_video_is_looked_at_and_told(options: tuple[tuple[str, str], ...]) -> None:
    video = alone(clip(options=options))
    assert [nearest(frame) for frame in video.frames] == [0, 1, 2, 3]
    assert video.notes == ("interlaced: both fields of a frame were looked at together",)


@pytest.mark.parametrize(("transfer", "name"), [("smpte2084", "PQ"), ("arib-std-b67", "HLG")])
def test_high_dynamic_range_is_looked_at_and_told(transfer: str, name: str) -> None:
    options = (*QUIET, ("color_trc", transfer))
    video = alone(clip("libx265", "mp4", "yuv420p10le", options=options))
    assert [nearest(frame) for frame in video.frames] == [0, 1, 2, 3]
    assert video.notes[0].startswith(f"high dynamic range, {name}")


def test_transparency_is_told() -> None:
    video = alone(clip("ffv1", "matroska", "yuva420p"))
    assert [nearest(frame) for frame in video.frames] == [0, 1, 2, 3]
    assert video.notes == ("transparency in the video was not looked at",)


@pytest.mark.parametrize("matrix", TURNS)
def test_it_is_turned_as_the_container_says(matrix: tuple[int, int, int, int]) -> None:
    a, b, c, d = matrix
    (frame, *_) = alone(turned(clip(seconds=1, options=(("qp", "10"),)), matrix)).frames
    # ISO/IEC 14496-12, 6.2.2: what is stored at (x, y) is shown at (a x + c y, b x + d y), moved into view.
    luma = scene_luma(0)
    y, x = np.mgrid[: luma.shape[0], : luma.shape[1]]
    across, down = a * x + c * y, b * x + d * y
    across, down = across - across.min(), down - down.min()
    shown = np.empty((down.max() + 1, across.max() + 1))
    shown[down, across] = luma
    assert frame.luma.shape == shown.shape == (frame.height, frame.width)
    assert np.corrcoef(frame.luma.ravel(), shown.ravel())[0, 1] > 0.98


@pytest.mark.parametrize(("orientation", "turn"), [(1, 0), (3, 180), (6, 270), (8, 90)])
def test_motion_jpeg_with_exif_is_turned_and_looked_at(orientation: int, turn: int) -> None:
    video = alone(jpegs(*(scene(n) for n in range(3)), orientation=orientation))
    assert len(video.frames) == 3
    assert video.incomplete is None
    for n, frame in enumerate(video.frames):
        shown = np.rot90(scene_luma(n), turn // 90)
        assert frame.luma.shape == shown.shape
        assert np.corrcoef(frame.luma.ravel(), shown.ravel())[0, 1] > 0.98


def test_frames_are_let_go_one_by_one() -> None:
    """Without the help of the garbage collector: at 8K a few dozen of them fill the memory of a worker."""
    decoder = VideoDecoder(clip(), VideoLimits(), every_s=0.0)
    gc.collect()
    before = _frames_in_memory()
    gc.disable()
    try:
        assert len([frame for frame in decoder.frames() if frame is not None]) == 20
        assert _frames_in_memory() <= before + 2
    finally:
        gc.enable()


def _frames_in_memory() -> int:
    return sum(issubclass(type(each), av.VideoFrame) for each in gc.get_objects())


KEYS_EVERY_2_S = (("x264-params", "keyint=10:min-keyint=10:scenecut=0:bframes=2"),)


@pytest.mark.parametrize("container", ["mp4", "mpegts", "avi", "matroska", "flv"])
def test_triage_decodes_nothing_but_keyframes(container: str) -> None:
    data = clip(container=container, seconds=8, options=KEYS_EVERY_2_S)
    video = alone(data, mode=VideoMode.KEYFRAMES)
    np.testing.assert_allclose([frame.time_s for frame in video.frames], [0, 2, 4, 6], atol=1e-3)
    assert [nearest(frame) for frame in video.frames] == [0, 2, 4, 0]
    assert video.frames_decoded == 4
    assert video.incomplete is None


def test_triage_leaves_out_keyframes_that_come_too_soon() -> None:
    data = clip(seconds=8, options=(("g", "1"),))
    assert len(alone(data, mode=VideoMode.KEYFRAMES, every_s=0.0).frames) == 40
    video = alone(data, mode=VideoMode.KEYFRAMES, every_s=1.5)
    np.testing.assert_allclose([frame.time_s for frame in video.frames], [0, 1.6, 3.2, 4.8, 6.4], atol=1e-6)
    assert video.frames_decoded == 5


def test_frames_at_one_time_stamp_are_seen_one_after_the_other() -> None:
    still = bytearray(clip(seconds=6, options=(("bf", "0"),)))
    at = still.index(b"stts") + 16
    still[at : at + 4] = bytes(4)  # every frame lasts no time at all
    video = alone(bytes(still), every_s=0.2)
    assert {nearest(frame) for frame in video.frames} == set(range(6))


def test_triage_goes_on_where_time_stamps_jump_back() -> None:
    late = clip(container="mpegts", stamps=tuple(range(60_000, 64_000, 500)), options=(("g", "1"),))
    early = clip(container="mpegts", seconds=4, options=(("g", "1"),))
    video = alone(late + early, mode=VideoMode.KEYFRAMES)
    assert len(video.frames) == 8


def test_quick_decoding_is_near_enough() -> None:
    data = clip(size=(320, 240), options=(("crf", "30"),))
    exact, quick = alone(data), alone(data, mode=VideoMode.QUICK)
    assert [frame.time_s for frame in quick.frames] == [frame.time_s for frame in exact.frames]
    for one, other in zip(exact.frames, quick.frames, strict=True):
        assert (one.luma != other.luma).any()
        assert np.corrcoef(one.luma.ravel(), other.luma.ravel())[0, 1] > 0.99


@pytest.mark.parametrize(
    ("limits", "kept", "reason", "words"),
    [
        (VideoLimits(max_duration_s=2.5), 3, Reason.TOO_MANY_FRAMES, "max_duration_s"),
        (VideoLimits(max_frames=2), 2, Reason.TOO_MANY_FRAMES, "max_frames"),
    ],
)
def test_what_lies_past_a_limit_is_told(limits: VideoLimits, kept: int, reason: Reason, words: str) -> None:
    video = alone(clip(), limits)
    assert [nearest(frame) for frame in video.frames] == list(range(kept))
    assert video.incomplete == reason
    assert words in video.incomplete_detail
    assert "of 4 s" in video.incomplete_detail


@pytest.mark.parametrize("limits", [VideoLimits(max_duration_s=4), VideoLimits(max_frames=4)])
def test_a_limit_that_is_just_kept_is_no_limit(limits: VideoLimits) -> None:
    assert alone(clip(), limits).incomplete is None


def test_too_many_pixels_are_not_decoded() -> None:
    with pytest.raises(NotMatchableError, match=r"96 x 80 pixels, the limit is 7,679") as caught:
        VideoDecoder(clip(), VideoLimits(max_pixels=7679))
    assert caught.value.reason == Reason.TOO_LARGE
    assert alone(clip(), VideoLimits(max_pixels=7680)).frames


def test_a_video_that_grows_past_the_limit_is_looked_at_up_to_there() -> None:
    for size, reason in (((128, 112), Reason.TOO_LARGE), ((320, 240), Reason.DAMAGED)):
        data = clip(container="mpegts") + clip(container="mpegts", size=size)
        video = alone(data, VideoLimits(max_pixels=10_000))
        assert [nearest(frame) for frame in video.frames[:4]] == [0, 1, 2, 3]
        assert {frame.luma.shape for frame in video.frames} == {(80, 96)}
        assert video.incomplete == reason
