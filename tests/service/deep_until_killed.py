"""Deep checks on one home until the process is killed: `python -m tests.service.deep_until_killed HOME KEYS
URL`.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

from holdfast.service.deep_worker import DeepWorker
from holdfast.service.runtime import Runtime
from holdfast.settings import DeepSettings, Settings, VaultSettings

if __name__ == "__main__":
    settings = Settings(
        database_url=sys.argv[3],
        vault=VaultSettings(key_file=Path(sys.argv[2])),
        deep=DeepSettings(uploads_per_pass=3),
    )
    with Runtime(Path(sys.argv[1]), settings=settings) as runtime:
        worker = DeepWorker(runtime, lease_s=0.4, poll_s=0.01)
        runtime.screener.refresh()
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        worker.start()
        while True:
            time.sleep(1)
