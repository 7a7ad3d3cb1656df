"""A service that cannot start says why and leaves nothing running; keys stay out of logs."""

from __future__ import annotations

import socket

from holdfast.records.home import Home
from holdfast.service.opening import open_home_vault
from holdfast.service.setup import prepare
from holdfast.settings import load_settings
from tests.service.serving import Service


def test_a_port_in_use_is_named(service: Service) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        done = service.run("serve", "--port", str(taken.getsockname()[1]))
    assert done.returncode == 2 and "cannot listen" in done.stderr and "--port" in done.stderr


def test_a_home_whose_key_is_lost_is_not_served(service: Service) -> None:
    keys = service.folder / "keys"
    service.home.mkdir(mode=0o700)
    (service.home / "settings.toml").write_text(f'[vault]\nkey_file = "{keys}"\n', encoding="utf-8")
    prepare(service.home)
    with Home(service.home).database() as database:
        vault = open_home_vault(load_settings(service.home), service.home, database)
        vault.hold(b"a harmless text", reason="test", actor="tests")
    keys.unlink()
    done = service.run("serve", "--port", "0")
    assert done.returncode == 1 and "is gone" in done.stderr and "Put your copy" in done.stderr
    assert not keys.exists()


def test_no_key_gets_into_a_journal(service: Service) -> None:
    service.settings |= {"JOURNAL_STREAM": "8:1234", "HOLDFAST_SERVER__JOB_THREADS": "0"}
    service.start(until="listens on")
    assert "hf_" not in service.output
    assert service.stop() == 0
