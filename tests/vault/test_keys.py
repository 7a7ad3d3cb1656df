"""Key files that are unsafe are refused; rotation reaches running processes; a key service plugs in."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from holdfast.errors import KeyUnavailableError, SettingsError
from holdfast.vault.keys import FileKeys, KeyService, WrappedKey, add_key, create_key_file, default_key_file
from holdfast.vault.keys import open_keys as open_keys_named

DATA_KEY = bytes(range(32))


@pytest.fixture(params=["file", "plug-in"])
def service(
    request: pytest.FixtureRequest, home: Path, key_file: Path, monkeypatch: pytest.MonkeyPatch
) -> KeyService:
    """Each way to have keys, opened as the settings open it."""
    monkeypatch.syspath_prepend(str(Path(__file__).parent))
    name = "file" if request.param == "file" else "example_key_service:ExampleKeyService"
    return open_keys_named(name, home=home, key_file=key_file, options={"name": "tests"})


def test_contract_round_trip_and_context(service: KeyService) -> None:
    wrapped = service.wrap(DATA_KEY, context=b"item 1")
    assert wrapped.wrapped_by == service.current_id()
    assert DATA_KEY not in wrapped.blob
    assert service.unwrap(wrapped, context=b"item 1") == DATA_KEY
    with pytest.raises(KeyUnavailableError):
        service.unwrap(wrapped, context=b"item 2")


def test_contract_every_altered_byte_and_unknown_key_is_refused(service: KeyService) -> None:
    wrapped = service.wrap(DATA_KEY, context=b"item")
    for at in range(len(wrapped.blob)):
        altered = bytearray(wrapped.blob)
        altered[at] ^= 1
        with pytest.raises(KeyUnavailableError):
            service.unwrap(WrappedKey(wrapped.wrapped_by, bytes(altered)), context=b"item")
    for bad in (WrappedKey("kek-of-nobody", wrapped.blob), WrappedKey(wrapped.wrapped_by, b"")):
        with pytest.raises(KeyUnavailableError):
            service.unwrap(bad, context=b"item")


def test_created_with_mode_0600_and_never_written_over(home: Path, key_file: Path) -> None:
    assert key_file.stat().st_mode & 0o777 == 0o600
    before = key_file.read_bytes()
    with pytest.raises(FileExistsError):
        create_key_file(key_file, home=home)
    assert key_file.read_bytes() == before
    assert list(key_file.parent.iterdir()) == [key_file]


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o602, 0o601])
def test_a_file_that_others_can_touch_is_refused(home: Path, key_file: Path, mode: int) -> None:
    key_file.chmod(mode)
    with pytest.raises(KeyUnavailableError, match="by others"):
        FileKeys(key_file, home=home)


def test_a_file_of_another_user_is_refused(home: Path, key_file: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root can give a file away")
    os.chown(key_file, 65534, 65534)
    with pytest.raises(KeyUnavailableError, match="another user"):
        FileKeys(key_file, home=home)


def test_a_key_inside_the_home_only_in_development(home: Path) -> None:
    inside = home / "keys" / "k"
    with pytest.raises(SettingsError, match="inside the home"):
        create_key_file(inside, home=home)
    assert not inside.exists()
    create_key_file(inside, home=home, development=True)
    with pytest.raises(SettingsError, match="inside the home"):
        FileKeys(inside, home=home)
    assert FileKeys(inside, home=home, development=True).is_development


def test_a_link_out_of_the_home_that_comes_back_is_seen(home: Path, tmp_path: Path) -> None:
    inside = home / "k"
    create_key_file(inside, home=home, development=True)
    link = tmp_path / "looks-outside"
    link.symlink_to(inside)
    with pytest.raises(SettingsError, match="inside the home"):
        FileKeys(link, home=home)


def test_development_mode_is_not_flagged_for_a_key_outside(home: Path, key_file: Path) -> None:
    assert not FileKeys(key_file, home=home, development=True).is_development


def test_rotation_reaches_a_running_process_and_old_keys_still_open(home: Path, key_file: Path) -> None:
    running = FileKeys(key_file, home=home)
    old = running.wrap(DATA_KEY, context=b"item")
    added = add_key(key_file)
    new = running.wrap(DATA_KEY, context=b"item")
    assert (new.wrapped_by, old.wrapped_by != added) == (added, True)
    assert key_file.stat().st_mode & 0o777 == 0o600
    for wrapped in (old, new):
        assert running.unwrap(wrapped, context=b"item") == DATA_KEY


def test_same_id_with_another_key_is_a_clear_error(home: Path, key_file: Path) -> None:
    keys = FileKeys(key_file, home=home)
    wrapped = keys.wrap(DATA_KEY, context=b"item")
    key_file.unlink()
    create_key_file(key_file, home=home)
    key_file.write_text(key_file.read_text().replace(keys.current_id(), wrapped.wrapped_by))
    with pytest.raises(KeyUnavailableError, match="does not open"):
        FileKeys(key_file, home=home).unwrap(wrapped, context=b"item")


@pytest.mark.parametrize("text", ["", "# only a comment\n", "kek-1 2026 c2hvcnQ=\n", "one line\n", "\x80"])
def test_a_file_without_good_keys_is_refused(home: Path, key_file: Path, text: str) -> None:
    key_file.write_text(text, encoding="latin-1")
    with pytest.raises(KeyUnavailableError):
        FileKeys(key_file, home=home)


def test_a_missing_file_says_so_also_while_running(home: Path, key_file: Path) -> None:
    keys = FileKeys(key_file, home=home)
    key_file.unlink()
    with pytest.raises(KeyUnavailableError, match="cannot be had"):
        keys.wrap(DATA_KEY, context=b"item")


@pytest.mark.parametrize(
    "name", ["no-such-entry-point", "no.such.module:X", "holdfast.vault.keys:NoSuchName"]
)
def test_an_unknown_service_is_a_settings_error(home: Path, name: str) -> None:
    with pytest.raises(SettingsError, match="There is no key service"):
        open_keys_named(name, home=home, key_file=None, options={})


def test_the_default_place_is_outside_and_differs_by_home(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    first, second = default_key_file(tmp_path / "a" / "home"), default_key_file(tmp_path / "b" / "home")
    assert first != second
    assert first.is_relative_to(tmp_path / "config")
