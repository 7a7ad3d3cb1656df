"""`python -m holdfast.service.preparing HOME`: makes a home ready in a short process of its own.

The supervisor starts it, so that the supervisor itself, which stays for months, loads no database library.
The answer is one JSON object on standard output, a pipe.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

from holdfast.errors import HoldfastError

__all__ = ["answer"]


def answer(home: Path, *, with_keys: bool) -> dict[str, Any]:
    """What was made, or why it could not be."""
    os.nice(5)  # the API process, which loads at the same time, takes longer and goes first
    from holdfast.service.setup import prepare

    try:
        made = prepare(home, with_keys=with_keys)
    except HoldfastError as error:
        return {"error": str(error), "kind": type(error).__name__}
    return {
        "key_file": str(made.key_file or ""),
        "admin": made.admin,
        "upload": made.upload,
    }


if __name__ == "__main__":
    sys.stdout.write(json.dumps(answer(Path(sys.argv[1]), with_keys=sys.argv[2:] == ["keys"])))
