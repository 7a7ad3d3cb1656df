"""`holdfast notice` and `holdfast case`: from what somebody told us to a decision, on the machine itself."""

from __future__ import annotations

import json

import pytest

from holdfast.errors import ConflictError, LeaseLostError, NotFoundError, UsageError
from tests.cli.conftest import Commands


def test_a_notice_becomes_a_case_that_is_decided(commands: Commands) -> None:
    assert "There is no such case" in commands.run("case", "list")
    words = ["--kind", "user", "--text", "look at this", "--account", "user-1"]
    (made,) = commands.json("notice", "add", *words, "--content", "post/1")
    assert (made["known_copies"], made["reference"][:3]) == (0, "NT-")
    (listed,) = commands.json("notice", "list")
    assert (listed["reference"], listed["outcome"]) == (made["reference"], None)
    case = str(made["case"])
    (shown,) = commands.json("case", "show", case)
    assert (shown["account"], shown["text_count"], shown["state"]) == ("user-1", 1, "open")
    (lease,) = commands.json("case", "take", case)
    given = [case, "--outcome", "nothing", "--reason", "nothing there", "--fence", lease["fence"]]
    with pytest.raises(ConflictError):
        commands.run("case", "decide", *given, "--version", "99")
    (done,) = commands.json("case", "decide", *given, "--version", shown["version"])
    assert done["state"] == "waiting"  # for review.undo_s seconds
    with pytest.raises(LeaseLostError):
        commands.run("case", "decide", *given, "--version", shown["version"])
    assert case in commands.run("case", "list", "--state", "waiting")
    document = json.loads(commands.run("case", "export", case))
    assert document["notices"][0]["words"]["text"] == "look at this"
    assert document["decisions"][0]["outcome"] == "nothing"


def test_imminent_danger_goes_first(commands: Commands) -> None:
    commands.run("notice", "add", "--kind", "police", "--text", "x", "--account", "a")
    commands.run("notice", "add", "--kind", "user", "--text", "x", "--account", "b", "--imminent")
    assert [one["priority"] for one in commands.json("case", "list")] == [0, 1]
    with pytest.raises(UsageError):
        commands.run("notice", "add", "--kind", "user")
    with pytest.raises(NotFoundError):
        commands.run("case", "show", "99")
