"""`holdfast hash FILE...`: digests and perceptual hashes of files, without any bank."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from holdfast.cli.options import HomeOption, JsonOption
from holdfast.cli.output import message, print_json
from holdfast.errors import InputError

__all__ = ["hash_files"]


def hash_files(
    files: Annotated[
        list[Path],
        typer.Argument(metavar="FILE...", help="Photographs and videos to hash.", show_default=False),
    ],
    home: HomeOption,
    states: Annotated[
        bool,
        typer.Option(
            "--states",
            help="Also number the distinct pictures of a video, one number a frame: its states, a sidecar "
            "of the vPDQ hash.",
        ),
    ] = False,
    json: JsonOption = False,
) -> None:
    """Print MD5, SHA-1, SHA-256, and PDQ hashes of pictures or the vPDQ hash of videos.

    PDQ comes in both conventions in use: "full" (the picture as it is) and "nearest-512" (the C++ tool
    of the PDQ authors, which first picks 512 x 512 pixels). vPDQ is the PDQ hash of a frame a second, a line
    each: frame,quality,hash,seconds. Exit status 1 when a file could not be hashed.
    """
    from holdfast.screening.hashes import FileHasher
    from holdfast.settings import load_settings

    failed = False
    settings = load_settings(home)
    with FileHasher(settings.media, video=settings.video.video_limits()) as hasher:
        for path in files:
            try:
                hashes = hasher.hash_file(path)
            except InputError as error:
                failed = True
                if json:
                    print_json({"file": str(path), "error": str(error)})
                else:
                    message(f"{path}: {error}")
                continue
            failed = failed or hashes.reason != ""
            if json:
                print_json(hashes.to_json(with_states=states))
            else:
                _print_plain(hashes.lines(with_states=states))
    if failed:
        raise typer.Exit(1)


def _print_plain(lines: list[str]) -> None:
    for line in lines:
        typer.echo(line)
