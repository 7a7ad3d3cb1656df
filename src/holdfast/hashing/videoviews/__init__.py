"""A piece of a video through many views: what of an edited copy is looked up."""

from __future__ import annotations

from holdfast.hashing.videoviews.views import VideoViews, video_views

__all__ = ["VideoViews", "video_views"]
