"""`holdfast worker` by itself: it delivers, keeps house, and ends when told."""

from __future__ import annotations

import signal
import subprocess

from holdfast.cli.opened import open_home
from holdfast.records import jobs
from holdfast.service import facts
from holdfast.service.schedule import PREFIX
from tests.decisions_webhooks.conftest import Receiver, receiver
from tests.service.serving import PROGRAM, Service, wait_for

__all__ = ["receiver"]


def test_it_delivers_keeps_house_and_ends_when_told(service: Service, receiver: Receiver) -> None:
    service.settings["HOLDFAST_WEBHOOKS__ALLOW_LOOPBACK_HTTP"] = "true"
    service.settings["HOLDFAST_VAULT__KEY_FILE"] = str(service.folder / "keys")
    assert service.run("init", "--yes").returncode == 0
    assert service.run("webhook", "add", "desk", receiver.url + "/hook").returncode == 0
    with open_home(service.home) as opened, opened.database.write() as connection:
        job = jobs.enqueue(connection, "bank.import", {})  # it fails, but it is tried
    with subprocess.Popen([*PROGRAM, "worker"], env=service.environment, stderr=subprocess.PIPE) as worker:
        try:
            told = service.run("webhook", "test", "desk", "--wait", "120")
            assert told.returncode == 0, told.stderr
            wait_for(lambda: clock(service) >= {"actions.overdue", "vault.expired", "jobs.prune"}, "house")
            wait_for(lambda: attempts(service, job) > 0, "the job to be tried")
        finally:
            worker.send_signal(signal.SIGTERM)
            _, log = worker.communicate(timeout=120)
    assert worker.returncode == 0, log
    assert receiver.paths() == ["/hook"]


def test_without_a_key_file_it_says_so(service: Service) -> None:
    assert service.run("init", "--yes").returncode == 0
    service.settings["HOLDFAST_VAULT__KEY_FILE"] = str(service.folder / "nowhere")
    done = service.run("worker")
    assert done.returncode == 1 and "cannot be had" in done.stderr and "Traceback" not in done.stderr


def clock(service: Service) -> set[str]:
    with open_home(service.home) as opened, opened.database.read() as connection:
        return set(facts.read_all(connection, PREFIX))


def attempts(service: Service, job: int) -> int:
    with open_home(service.home) as opened, opened.database.read() as connection:
        return jobs.get(connection, job).attempts
