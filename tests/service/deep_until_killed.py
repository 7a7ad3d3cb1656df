"""Deep checks on one home until the process is killed: `python -m tests.service.deep_until_killed HOME KEYS
URL`. However late the kill comes, some checks are left to do.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

from holdfast.service.deep_worker import DeepWorker
from holdfast.service.runtime import Runtime
from holdfast.settings import DeepSettings, Settings, VaultSettings

MOST = 6

if __name__ == "__main__":
    settings = Settings(
        database_url=sys.argv[3],
        vault=VaultSettings(key_file=Path(sys.argv[2])),
        deep=DeepSettings(uploads_per_pass=3),
    )
    with Runtime(Path(sys.argv[1]), settings=settings) as runtime:
        worker = DeepWorker(runtime, lease_s=0.4)
        runtime.screener.refresh()
        runtime.spool.sweep()
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        done = 0
        while True:
            done += worker.run_once() if done < MOST else 0
            time.sleep(0.01)
