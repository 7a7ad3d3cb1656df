"""What a decode worker cannot do: looked at from outside, and tried from inside."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from holdfast.media.landlock import landlock_version
from holdfast.media.pool import DecodePool
from holdfast.media.sandbox import SandboxStatus
from tests.media.samples import stored

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="needs Linux")

# Each attempt is tried after the sandbox is closed; what comes back says how it ended.
ATTEMPTS = """
import ctypes, json, mmap, os, resource, signal, socket, sys, threading
from holdfast.media import sandbox
from holdfast.media.sandbox import WorkerSetup, enter_sandbox

layers = sys.argv[1]
if layers == "seccomp":
    sandbox.take_away_files = lambda: ""
if layers == "landlock":
    sandbox.restrict_system_calls = lambda: ""
setup = WorkerSetup(2**20, 2**20, 256 * 2**20, 60)
parent = os.getpid()
read, write = os.pipe()
pid = os.fork()
if pid:
    os.close(write)
    os.waitpid(pid, 0)
    print(os.read(read, 65536).decode())
    sys.exit()

libc = ctypes.CDLL(None, use_errno=True)
def call(number, *arguments):
    if libc.syscall(number, *arguments) < 0:
        raise OSError(ctypes.get_errno(), "")
def new_process():
    if os.fork() == 0:
        os._exit(0)
def executable_memory():
    mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_EXEC)
def tcp():
    socket.socket().connect(("127.0.0.1", 9))
def thread():
    done = []
    worker = threading.Thread(target=done.append, args=(1,))
    worker.start(); worker.join()
    assert done
def too_much_memory():
    bytearray(600 * 2**20)
attempts = {
    "open a file": lambda: open("/etc/hostname"),
    "open a file of its own package": lambda: open(sandbox.__file__),
    "make a file": lambda: os.open("/tmp/holdfast-sandbox-test", os.O_CREAT | os.O_WRONLY),
    "list a folder": lambda: os.listdir("/"),
    "look at a file": lambda: os.stat("/etc/passwd"),
    "remove a file": lambda: os.unlink("/tmp/no-such-file"),
    "make a socket": lambda: socket.socket(socket.AF_INET),
    "make a local socket": lambda: socket.socketpair(),
    "connect": tcp,
    "run a program": lambda: os.execv("/bin/true", ["true"]),
    "start a process": new_process,
    "kill its parent": lambda: os.kill(parent, 0),
    "trace its parent": lambda: libc.ptrace(16, parent, 0, 0) and call(-1),
    "make executable memory": executable_memory,
    "open a descriptor": lambda: os.dup(0),
    "raise its limits": lambda: resource.setrlimit(resource.RLIMIT_AS, (2**50, 2**50)),
    "change its user": lambda: os.setuid(1000),
    "take too much memory": too_much_memory,
    "start a thread": thread,
    "use memory": lambda: bytearray(20 * 2**20),
}
status = enter_sandbox(setup, parent, max(read, write))
results = {"status": status.to_json()}
for name, attempt in attempts.items():
    try:
        attempt()
        results[name] = "done"
    except BaseException as error:
        results[name] = f"{type(error).__name__} {getattr(error, 'errno', '')}".strip()
os.write(write, json.dumps(results).encode())
os._exit(0)
"""


def tried(layers: str) -> dict[str, str]:
    command = [sys.executable, "-c", textwrap.dedent(ATTEMPTS), layers]
    done = subprocess.run(command, check=True, capture_output=True, text=True, timeout=240)
    results: dict[str, str] = json.loads(done.stdout)
    return results


@pytest.fixture(scope="module")
def worker(pool: DecodePool) -> Path:
    """The worker's folder under /proc, after it has done some work."""
    pool.decode_image(stored("PNG"))
    folder = Path(f"/proc/{pool.worker_pids()[0]}")
    if not os.access(folder / "fd", os.R_OK):
        pytest.skip("needs root: a worker hides from processes of the same user")
    return folder


def test_with_all_layers_nothing_is_reachable() -> None:
    if not SandboxStatus.from_json(tried("all").pop("status")).seccomp:  # type: ignore[arg-type]
        pytest.skip("this kernel refuses system call filters")
    results = tried("all")
    assert results.pop("start a thread") == results.pop("use memory") == "done"
    assert results.pop("take too much memory") == "MemoryError"
    assert results.pop("raise its limits") in ("PermissionError 1", "ValueError")
    results.pop("status")
    assert set(results.values()) <= {"PermissionError 1", "OSError 24"}, results


def test_landlock_alone_takes_the_file_system() -> None:
    if landlock_version() == 0:
        pytest.skip("this kernel has no Landlock")
    results = tried("landlock")
    assert results["run a program"] == "PermissionError 13"
    for attempt in ("open a file", "open a file of its own package", "list a folder", "make a file"):
        assert results[attempt] in ("PermissionError 13", "OSError 24"), attempt
    assert results["use memory"] == "done"


def test_seccomp_alone_takes_files_network_and_processes() -> None:
    results = tried("seccomp")
    for attempt in ("open a file", "look at a file", "make a socket", "run a program", "start a process"):
        assert results[attempt] == "PermissionError 1", attempt


def test_a_worker_has_an_empty_environment(worker: Path) -> None:
    assert (worker / "environ").read_bytes() == b""


def test_a_worker_has_only_its_own_descriptors(worker: Path) -> None:
    targets = {entry.name: str(entry.readlink()) for entry in (worker / "fd").iterdir()}
    assert sorted(targets) == ["3", "4", "5"]
    assert targets["3"].startswith("socket:")
    assert "holdfast-input" in targets["4"]
    assert "holdfast-output" in targets["5"]


def test_a_worker_is_single_threaded_and_filtered(worker: Path, pool: DecodePool) -> None:
    lines = dict(
        line.split(":\t", 1) for line in (worker / "status").read_text().splitlines() if ":\t" in line
    )
    assert lines["Threads"] == "1"
    assert lines["NoNewPrivs"] == "1"
    if pool.sandbox_status().seccomp:
        assert lines["Seccomp"] == "2"


def test_secrets_of_the_service_do_not_reach_the_server() -> None:
    program = """
        import os
        from holdfast.media.pool import DecodePool
        with DecodePool(workers=1) as pool:
            pool.sandbox_status()
            assert b"hunter2" not in open(f"/proc/{pool.server_pid}/environ", "rb").read()
    """
    environment = {**os.environ, "HOLDFAST_SECRET": "hunter2"}
    subprocess.run([sys.executable, "-c", textwrap.dedent(program)], check=True, timeout=240, env=environment)


def test_the_status_says_what_holds_here(pool: DecodePool) -> None:
    status = pool.sandbox_status()
    assert status.resource_limits
    assert status.no_new_privileges
    assert status.not_dumpable
    assert status.dies_with_parent
    assert status.landlock == landlock_version()
    assert status.complete == (not status.missing)
    assert SandboxStatus.from_json(json.loads(json.dumps(status.to_json()))) == status
