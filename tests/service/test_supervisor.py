"""`holdfast serve`, as an operator runs it: real processes, real signals, real kills."""

from __future__ import annotations

import os
import signal
import socket
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from holdfast.access.keys import create_key
from holdfast.access.roles import Role
from holdfast.decisions.rules import DEFAULT_RULES
from holdfast.records.home import Home
from holdfast.service.opening import open_home_vault
from holdfast.service.setup import prepare
from holdfast.settings import load_settings
from tests.pictures import encoded, picture
from tests.service.serving import Service, descendants, is_running, wait_for


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Service]:
    """A service that is not started yet; whatever is left of it is ended."""
    made = Service(tmp_path)
    yield made
    if made.process is not None and made.process.poll() is None:
        below = descendants(made.pid)
        made.process.kill()
        made.process.wait()
        if made.process.stdout is not None:
            made.process.stdout.close()
        for pid in below:
            if is_running(pid):
                os.kill(pid, signal.SIGKILL)


def lead_key(service: Service) -> str:
    with Home(service.home).database() as database, database.write() as connection:
        return create_key(connection, name="lead", roles=[Role.LEAD], created_by="tests").text


def test_a_first_serve_answers_survives_a_kill_and_ends_gently(
    service: Service, record_property: Callable[[str, object], None]
) -> None:
    service.start()
    record_property("ready", service.output.splitlines()[-1])
    assert service.ask("/health/ready")[0] == 200
    upload = encoded(picture(1))
    status, answer = service.ask("/v1/screen", key=service.key("upload"), data=upload)
    assert status == 200 and answer["outcome"] in ("no_match", "not_scanned", "not_matchable")
    assert service.ask("/v1/screen", key=service.key("admin"), data=upload)[0] == 403
    assert service.ask("/v1/screen", data=upload)[0] == 401

    (api,) = service.children("api_process")
    wait_for(lambda: len(service.children("worker_process")) == 1, "the worker process")
    os.kill(api, signal.SIGKILL)  # its request waits in the socket's queue until another takes it
    assert service.ask("/health/live")[0] == 200
    assert service.children("api_process") != [api]
    (worker,) = service.children("worker_process")
    os.kill(worker, signal.SIGKILL)
    wait_for(lambda: service.children("worker_process") not in ([], [worker]), "another worker process")

    everything = descendants(service.pid)
    begun = time.monotonic()
    assert service.stop() == 0
    assert time.monotonic() - begun < 15
    assert [pid for pid in everything if is_running(pid)] == []
    assert service.key("upload") not in service.log and service.key("admin") not in service.log
    assert service.log.count("it is started again") == 2, service.log


def test_when_the_supervisor_is_killed_nothing_stays(service: Service) -> None:
    service.settings["HOLDFAST_SERVER__DRAIN_S"] = "2"
    service.start()
    service.ask("/v1/screen", key=service.key("upload"), data=encoded(picture(1)))
    wait_for(lambda: len(service.children("worker_process")) == 1, "the worker process")
    everything = descendants(service.pid)
    assert len(everything) >= 4  # API, fork server, decode worker, worker process
    service.stop(signal.SIGKILL)
    wait_for(lambda: not any(map(is_running, everything)), "the end of every process", 20)


def test_a_reload_reaches_every_process_and_a_bad_file_changes_nothing(service: Service) -> None:
    service.settings["HOLDFAST_SERVER__JOB_THREADS"] = "0"
    shipped = DEFAULT_RULES.read_text(encoding="utf-8")
    service.home.mkdir(mode=0o700)
    (service.home / "rules.toml").write_text(shipped, encoding="utf-8")
    service.start("--processes", "2")
    wait_for(lambda: service.log.count("the API process serves") == 2, "two API processes")
    key = lead_key(service)

    def versions() -> set[str]:
        answers = [service.ask("/v1/screen", key=key, data=b"no picture") for _ in range(12)]
        assert {status for status, _ in answers} == {200}
        return {answer["rules_version"].partition("+")[0] for _, answer in answers}

    def reload(text: str) -> None:
        new = service.home / "rules.new"
        new.write_text(text, encoding="utf-8")
        new.replace(service.home / "rules.toml")
        os.kill(service.pid, signal.SIGHUP)

    assert versions() == {"shipped-1"}
    reload(shipped.replace('version = "shipped-1"', 'version = "mine-2"'))
    wait_for(lambda: versions() == {"mine-2"}, "the new rules in both processes")
    reload("nonsense")
    wait_for(lambda: service.log.count("not in force") == 2, "both processes to refuse the file")
    assert versions() == {"mine-2"}
    service.stop()


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
