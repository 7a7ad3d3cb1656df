"""`holdfast serve`, as an operator runs it: real processes, real signals, real kills."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable

from holdfast.access.keys import create_key
from holdfast.access.roles import Role
from holdfast.decisions.rules import DEFAULT_RULES
from holdfast.records.home import Home
from tests.pictures import encoded, picture
from tests.service.serving import Service, descendants, is_running, wait_for


def lead_key(service: Service) -> str:
    with Home(service.home).database() as database, database.write() as connection:
        return create_key(connection, name="lead", roles=[Role.LEAD], created_by="tests").text


def test_a_first_serve_answers_survives_a_kill_and_ends_gently(
    service: Service, record_property: Callable[[str, object], None]
) -> None:
    service.settings["HOLDFAST_SERVER__DRAIN_S"] = "900"  # what hangs would hang for as long
    service.start()
    record_property("ready", service.output.splitlines()[-1])
    assert service.ask("/health/ready")[0] == 200
    upload = encoded(picture(1))
    status, answer = service.ask("/v1/screen", key=service.key("upload"), data=upload)
    assert status == 200 and answer["outcome"] in ("no_match", "not_scanned", "not_matchable")
    assert service.ask("/v1/screen", key=service.key("admin"), data=upload)[0] == 403
    assert service.ask("/v1/screen", data=upload)[0] == 401

    (api,) = service.children("api.process")
    wait_for(lambda: len(service.children("service.worker_process")) == 1, "the worker process")
    os.kill(api, signal.SIGKILL)  # its request waits in the socket's queue until another takes it
    assert service.ask("/health/live")[0] == 200
    assert service.children("api.process") != [api]
    (worker,) = service.children("service.worker_process")
    os.kill(worker, signal.SIGKILL)
    wait_for(lambda: service.children("service.worker_process") not in ([], [worker]), "another worker")

    everything = descendants(service.pid)
    assert service.stop() == 0
    assert [pid for pid in everything if is_running(pid)] == []
    assert service.key("upload") not in service.log and service.key("admin") not in service.log
    assert service.log.count("it is started again") == 2, service.log


def test_when_the_supervisor_is_killed_nothing_stays(service: Service) -> None:
    service.settings["HOLDFAST_SERVER__DRAIN_S"] = "2"
    service.start()
    service.ask("/v1/screen", key=service.key("upload"), data=encoded(picture(1)))
    wait_for(lambda: len(service.children("service.worker_process")) == 1, "the worker process")
    everything = descendants(service.pid)
    assert len(everything) >= 4  # API, fork server, decode worker, worker process
    service.stop(signal.SIGKILL)
    wait_for(lambda: not any(map(is_running, everything)), "the end of every process")


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

    def put(text: str) -> None:
        new = service.home / "rules.new"
        new.write_text(text, encoding="utf-8")
        new.replace(service.home / "rules.toml")

    assert versions() == {"shipped-1"}
    put(shipped.replace('version = "shipped-1"', 'version = "mine-2"'))
    told = service.run("rules", "reload")
    assert told.returncode == 0 and "mine-2" in told.stdout, told.stderr
    wait_for(lambda: service.log.count("were read again") == 2, "both processes to read the rules")
    assert versions() == {"mine-2"}
    put("nonsense")
    refused = service.run("rules", "reload")
    assert refused.returncode == 2 and "rules.toml" in refused.stderr
    os.kill(service.pid, signal.SIGHUP)  # whoever does not check first
    wait_for(lambda: service.log.count("not in force") == 2, "both processes to refuse the file")
    assert versions() == {"mine-2"}
    service.stop()
