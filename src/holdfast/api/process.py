"""One API process: `python -m holdfast.api.process LINE HOME`, started by the supervisor.

Decode workers start, and the lists are opened, while the rest is still being loaded: what takes longest
begins first. The listening socket comes from the supervisor; several processes accept on the same one.
"""

from __future__ import annotations

import gc
import os
import signal
import sys
import threading
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from holdfast.errors import HoldfastError
from holdfast.service.hardening import no_core_dumps
from holdfast.service.line import Line
from holdfast.service.logs import load_structlog

if TYPE_CHECKING:
    import socket

    from holdfast.media.pool import DecodePool
    from holdfast.service.runtime import Runtime

__all__ = ["main"]

MEASURES = "PROMETHEUS_MULTIPROC_DIR"
KEEP_ALIVE_S = 75  # longer than load balancers keep an idle connection, so that they close it, not we
MARGIN_S = 10.0


def main(line: Line, home: Path) -> int:
    """Serves until SIGTERM or until the supervisor is gone; the exit status."""
    no_core_dumps()
    gc.disable()  # while loading: whatever is loaded stays
    load_structlog()
    try:
        _run(line, home)
    except HoldfastError as error:
        line.tell({"failed": str(error)})
        return 1
    return 0


def _run(line: Line, home: Path) -> None:
    from holdfast.media.pool import DecodePool
    from holdfast.settings import load_settings

    settings = load_settings(home)
    with DecodePool(settings.media.image_limits(), workers=settings.media.workers) as pool:
        threading.Thread(target=_start_workers, args=(pool,), daemon=True).start()
        from holdfast.service.logs import set_up_logs
        from holdfast.service.runtime import Runtime

        set_up_logs()
        told = line.begin()
        if told["measures"]:
            os.environ[MEASURES] = told["measures"]  # before the library is loaded, which looks at it once
        listening = line.listening_socket()
        with Runtime(home, settings=settings, pool=pool, share=1 / told["processes"]) as runtime:
            _serve(runtime, listening, line)


def _serve(runtime: Runtime, listening: socket.socket, line: Line) -> None:
    opening = threading.Thread(target=_look, args=(runtime,), name="first-look", daemon=True)
    opening.start()
    import structlog
    import uvicorn

    from holdfast.api.app import create_app
    from holdfast.service.chores import Chores

    drain_s = runtime.settings.server.drain_s
    config = uvicorn.Config(
        create_app(runtime),
        loop="uvloop",
        http="httptools",
        ws="none",
        lifespan="on",
        access_log=False,
        log_config=None,
        proxy_headers=False,  # the gate believes trusted proxies only
        server_header=False,
        timeout_keep_alive=KEEP_ALIVE_S,
        timeout_graceful_shutdown=max(1, round(drain_s)),
    )
    # The server raises the signal that ended it once more when it is done.
    signal.signal(signal.SIGTERM, lambda *_: None)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    gc.freeze()
    gc.enable()
    chores = Chores(runtime, line)
    chores.start()
    structlog.get_logger(__name__).info("the API process serves", pid=os.getpid())
    line.watch(chores.hear, grace_s=drain_s + MARGIN_S)
    try:
        uvicorn.Server(config).run(sockets=[listening])
    finally:
        chores.stop()


def _start_workers(pool: DecodePool) -> None:
    with suppress(HoldfastError):  # the first upload meets the same error, and is answered 503
        pool.sandbox_status()


def _look(runtime: Runtime) -> None:
    """The first look at the lists. Its failure shows in /health/ready; the follower goes on trying."""
    import structlog

    from holdfast.records.worker import describe

    try:
        runtime.follower.look()
    except Exception as error:  # noqa: BLE001  (a database that is away at the start may come back)
        structlog.get_logger(__name__).error("the lists cannot be opened yet", error=describe(error))


def run() -> Any:
    """The program."""
    return main(Line(int(sys.argv[1])), Path(sys.argv[2]))


if __name__ == "__main__":
    sys.exit(run())
