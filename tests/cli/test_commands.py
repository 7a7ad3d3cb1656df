"""The commands as a user types them: in processes of their own, with their exit status."""

from __future__ import annotations

import hashlib
import json
import os
import resource
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from tests.pictures import encoded, picture

LOADED = (
    "import atexit, sys; atexit.register(lambda: sys.stderr.write(' '.join(sys.modules)));"
    "from holdfast.cli.main import main; main()"
)
PROGRAM = [sys.executable, "-c", "from holdfast.cli.main import main; main()"]


class Home:
    """A home, and files beside it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.environment = {**os.environ, "HOLDFAST_HOME": str(folder / "home"), "PYTHONIOENCODING": "utf-8"}

    def run(self, *arguments: object, status: int = 0) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            [*PROGRAM, *map(str, arguments)],
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == status, done.stdout + done.stderr
        assert "Traceback" not in done.stderr
        return done

    def json(self, *arguments: object, status: int = 0) -> list[dict[str, Any]]:
        return [
            json.loads(line) for line in self.run(*arguments, "--json", status=status).stdout.splitlines()
        ]

    def file(self, name: str, data: bytes) -> Path:
        path = self.folder / name
        path.write_bytes(data)
        return path


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path)


def test_a_first_day(home: Home) -> None:
    known = home.file("known.jpg", encoded(picture(1), quality=90))
    altered = home.file("altered.jpg", encoded(picture(1).resize((300, 225)), quality=40))
    other = home.file("other.jpg", encoded(picture(2)))
    home.run("bank", "create", "KNOWN", "--trusted")
    assert "entry 1" in home.run("bank", "add", "KNOWN", known).stdout
    answers = home.json("match", altered, other)
    assert [a["outcome"] for a in answers] == ["match", "no_match"]
    (match,) = answers[0]["matches"]
    assert match["bank"] == "KNOWN" and match["label"] == "known.jpg" and match["algorithm"] == "pdq"
    promised = {"bank", "entry", "label", "algorithm", "distance", "tier", "view"}
    assert promised <= set(match) and {"query_start_s", "ref_end_s"} <= set(match)
    home.run("match", altered, "--exit-code", status=3)
    home.run("match", other, "--exit-code")
    listed = home.json("bank", "list")
    assert listed[0]["entries"] == 1 and listed[0]["trusted"] is True
    assert "known.jpg" in home.run("bank", "show", "KNOWN").stdout
    home.run("bank", "remove", "KNOWN", "1")
    assert home.json("match", altered)[0]["outcome"] == "no_match"


def test_hash_prints_what_match_uses(home: Home) -> None:
    path = home.file("large.png", encoded(picture(3, 900, 700), "PNG"))
    (answer,) = home.json("hash", path)
    assert {one["convention"] for one in answer["pdq"]} == {"full", "nearest-512"}
    import hashlib

    assert answer["sha256"] == hashlib.sha256(path.read_bytes()).hexdigest()
    plain = home.run("hash", path).stdout
    assert answer["pdq"][0]["hash"] in plain


def test_bad_input_each_with_its_own_outcome(home: Home) -> None:
    home.run("bank", "create", "KNOWN")
    good = home.file("good.jpg", encoded(picture(1)))
    home.run("bank", "add", "KNOWN", good)
    whole = encoded(picture(5), quality=95)
    frames = [Image.new("P", (8, 8), number % 7) for number in range(10_000)]
    files = {
        "empty.jpg": (b"", "not_matchable", "empty"),
        "words.jpg": (b"not a picture at all, only words " * 5, "not_matchable", "not_media"),
        "cut.jpg": (whole[: len(whole) // 2], "not_matchable", "truncated"),
        "bomb.png": (encoded(Image.new("1", (30000, 30000)), "PNG"), "not_matchable", "too_large"),
        "pixel.png": (encoded(Image.new("RGB", (1, 1)), "PNG"), "not_matchable", "too_small"),
        "grey.png": (encoded(Image.new("L", (2500, 2000), 99), "PNG"), "not_matchable", "featureless"),
        "long.gif": (
            encoded(frames[0], "GIF", save_all=True, append_images=frames[1:], optimize=False),
            "not_matchable",
            None,
        ),
    }
    paths = [home.file(name, data) for name, (data, _, _) in files.items()]
    answers = home.json("match", *paths, home.folder / "absent.jpg", good, status=1)
    for (name, (_, outcome, reason)), answer in zip(files.items(), answers, strict=False):
        assert answer["outcome"] == outcome, (name, answer)
        assert reason is None or answer["reason"] == reason, (name, answer)
        assert answer["detail"]
    assert answers[-2]["outcome"] == "error" and "absent.jpg" in answers[-2]["file"]
    assert answers[-1]["outcome"] == "match"  # the rest of the batch goes on


def test_import_reports_bad_lines_and_keeps_the_good_ones(home: Home) -> None:
    good = "f8f8f0cee0f4a84f06370a22038f63f0b36e2ed596621e1d33e6b39c4e9c9b22"
    path = home.file("list.txt", f"{good}\nnonsense\n{good[:-1]}z\n".encode())
    home.run("bank", "create", "KNOWN")
    (answer,) = home.json("bank", "import", "KNOWN", path, "--algorithm", "pdq", status=1)
    assert (answer["added"], answer["bad_lines"]) == (1, 2)
    assert [problem["line"] for problem in answer["problems"]] == [2, 3]
    assert home.json("bank", "list")[0]["fingerprints"] == 1


def test_a_list_of_bare_digests_is_not_taken_for_pdq(home: Home) -> None:
    photo = encoded(picture(1))
    path = home.file("list.txt", f"{hashlib.sha256(photo).hexdigest()}\n".encode())
    home.run("bank", "create", "KNOWN")
    for command in (("bank", "import", "KNOWN", path), ("bank", "add", "KNOWN", path)):
        assert "--algorithm sha256" in home.run(*command, status=1).stderr
    assert home.json("bank", "list")[0]["fingerprints"] == 0
    (answer,) = home.json("bank", "import", "KNOWN", path, "--algorithm", "sha256")
    assert answer["added"] == 1
    (found,) = home.json("match", home.file("photo.jpg", photo))
    assert found["outcome"] == "match" and found["matches"][0]["exact"]


def test_export_needs_the_sources_consent(home: Home) -> None:
    home.run("bank", "create", "KNOWN")
    home.run("bank", "add", "KNOWN", home.file("known.jpg", encoded(picture(1))))
    refused = home.run("bank", "export", "KNOWN", status=1)
    assert "terms" in refused.stderr and refused.stdout == ""
    home.run("bank", "terms", "own", "--export")
    out = home.folder / "list.csv"
    home.run("bank", "export", "KNOWN", "--out", out)
    assert out.stat().st_mode & 0o077 == 0
    home.run("bank", "create", "COPY")
    home.run("bank", "import", "COPY", out, "--keep-sources")
    counts = {bank["bank"]: bank["fingerprints"] for bank in home.json("bank", "list")}
    assert counts["COPY"] == counts["KNOWN"] > 3


@pytest.mark.parametrize(
    ("arguments", "status", "words"),
    [
        (("match", "x.jpg", "--bank", "NOPE"), 2, "no bank"),
        (("bank", "show", "NOPE"), 2, "no bank"),
        (("bank", "create", "A", "--max-distance-bits", "64"), 2, "63"),
        (("bank", "remove", "A"), 2, "whole-bank"),
        (("scan", "nowhere"), 2, "not a folder"),
        (("nonsense",), 2, "No such command"),
        (("bank", "remove", "A", "99999999999999999999999"), 2, "less than or equal"),
        (("bank", "show", "\udcff"), 2, "no bank"),
        (("bank", "create", "\udcff", "--max-distance-bits", "-1"), 2, "bits"),
    ],
)
def test_errors_say_what_happened(home: Home, arguments: tuple[str, ...], status: int, words: str) -> None:
    home.file("x.jpg", encoded(picture(1, 64, 64)))
    arguments = tuple(str(home.folder / a) if a.endswith(".jpg") else a for a in arguments)
    assert words in home.run(*arguments, status=status).stderr


def test_a_wrong_setting_is_named(home: Home) -> None:
    (home.folder / "home").mkdir(mode=0o700)
    home.file("home/settings.toml", b"[media]\nmax_pixles = 3\n")
    assert "media.max_pixles" in home.run("bank", "list", status=2).stderr


def test_a_home_that_others_can_read_is_refused(home: Home) -> None:
    home.run("bank", "create", "KNOWN")
    (home.folder / "home").chmod(0o755)
    assert "chmod 700" in home.run("bank", "list", status=2).stderr


def test_doctor(home: Home) -> None:
    home.run("bank", "create", "KNOWN")
    home.run("bank", "add", "KNOWN", home.file("known.jpg", encoded(picture(1))))
    home.run("match", home.folder / "known.jpg")
    findings = home.json("doctor", "--full")
    assert {f["check"] for f in findings} >= {
        "holdfast",
        "kernels",
        "decode workers",
        "home",
        "records",
        "index",
    }
    assert not [f for f in findings if f["state"] == "problem"]
    (index,) = (home.folder / "home").rglob("codes-*.hfx")
    data = bytearray(index.read_bytes())
    data[16 * 1024 :] = bytes(byte ^ 1 for byte in data[16 * 1024 :])  # behind the header
    index.write_bytes(data)
    broken = home.json("doctor", "--full", status=1)
    assert [f["check"] for f in broken if f["state"] == "problem"] == ["index"]


def test_help_starts_fast() -> None:
    """0.13 s of processor time on a quiet machine, where it loads hardly more than it prints with."""
    program = [sys.executable, "-c", LOADED, "--help"]
    loaded = set(subprocess.run(program, check=True, capture_output=True, text=True).stderr.split())
    others = {name.partition(".")[0] for name in loaded} - sys.stdlib_module_names
    assert others <= {"__main__", "_distutils_hack", "annotated_doc", "holdfast", "shellingham", "typer"}
    assert "typer" in others and len(loaded) < 300
    assert min(_processor_s([*PROGRAM, "--help"]) for _ in range(5)) < 0.3


def _processor_s(command: list[str]) -> float:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, check=True, capture_output=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def test_version(home: Home) -> None:
    assert home.run("--version").stdout.startswith("holdfast 0.")
