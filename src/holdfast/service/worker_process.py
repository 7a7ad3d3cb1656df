"""The worker process: jobs, webhooks, housekeeping, merging of the index, deep checks, reports.

python -m holdfast.service.worker_process LINE HOME      started by the supervisor
holdfast worker                                          by itself, as many as you like
"""

from __future__ import annotations

import os
import sys
import threading
from pathlib import Path

from holdfast.errors import HoldfastError
from holdfast.service.hardening import no_core_dumps
from holdfast.service.line import Line
from holdfast.service.logs import load_structlog

__all__ = ["main", "work"]

MARGIN_S = 10.0


def main(line: Line, home: Path) -> int:
    """Works until SIGTERM or until the supervisor is gone; the exit status."""
    line.begin()
    try:
        work(home, line=line)
    except HoldfastError as error:
        line.tell({"failed": str(error)})
        return 1
    return 0


def work(home: Path, *, threads: int | None = None, line: Line | None = None) -> None:
    """Works until SIGTERM or SIGINT. For the main thread.

    ``threads`` goes before the settings. Raises what the home, its settings or its keys are wrong with.
    """
    no_core_dumps()
    load_structlog()
    os.nice(5)  # an upload goes before a job where processors are short
    from holdfast.decisions.webhooks.deliver import Deliverer
    from holdfast.records.worker import Worker
    from holdfast.service.deep_worker import DeepWorker
    from holdfast.service.housekeeping import housekeeping
    from holdfast.service.jobs import handlers
    from holdfast.service.logs import set_up_logs
    from holdfast.service.merging import Merger
    from holdfast.service.reach import webhook_reach
    from holdfast.service.report_worker import ReportWorker
    from holdfast.service.runtime import Runtime
    from holdfast.service.schedule import Schedule

    set_up_logs()
    with Runtime(home) as runtime:
        server, webhooks = runtime.settings.server, runtime.settings.webhooks
        if line is not None:
            line.watch(lambda _: None, grace_s=server.drain_s + MARGIN_S)
        deliverer = Deliverer(
            runtime.database,
            runtime.sealer,
            reach=webhook_reach(webhooks),
            timeout_s=webhooks.timeout_s,
            proxy=webhooks.proxy,
        )
        delivering = threading.Thread(target=deliverer.run, name="webhooks", daemon=True)
        schedule = Schedule(runtime.database, housekeeping(runtime))
        merger = Merger(runtime.database, runtime.home)
        deep = DeepWorker(runtime)
        reports = ReportWorker(runtime)
        worker = Worker(runtime.database, handlers(runtime), threads=threads or server.job_threads or 1)
        runtime.counters.start()
        for one in (delivering, schedule, merger, deep, reports):
            one.start()
        try:
            worker.run(handle_signals=True)
        finally:
            deliverer.stop()
            schedule.stop()
            merger.stop()
            deep.stop()
            reports.stop()
            delivering.join()


if __name__ == "__main__":
    sys.exit(main(Line(int(sys.argv[1])), Path(sys.argv[2])))
