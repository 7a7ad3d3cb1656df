"""A decode worker: a child process that does one task after another, and can do nothing else."""

from __future__ import annotations

import gc
import os
import resource
import signal
import socket
import sys
import time
from collections.abc import Generator, Iterator
from typing import Any

from holdfast.errors import NotMatchableError
from holdfast.media import wire
from holdfast.media.sandbox import WorkerSetup, enter_sandbox
from holdfast.media.shared import Output, map_input
from holdfast.media.tasks import STREAMS, TASKS
from holdfast.media.types import Reason

__all__ = ["run_worker"]

_FIRST_DESCRIPTOR = 3  # the worker's own are 3, 4 and 5; 0, 1 and 2 stay closed
_KEEP_HIGH = 64
_LEAST_S = 0.001  # a timer of 0 would never end


def run_worker(channel: int, source: int, target: int, setup: WorkerSetup, parent_pid: int) -> None:
    """Serve requests from the descriptor ``channel`` until its other end closes. For a fresh child."""
    _keep_only(channel, source, target)
    connection = socket.socket(fileno=_FIRST_DESCRIPTOR)
    data = map_input(_FIRST_DESCRIPTOR + 1, setup.input_bytes)
    output = Output(_FIRST_DESCRIPTOR + 2, setup.output_bytes)
    status = enter_sandbox(setup, parent_pid, _FIRST_DESCRIPTOR + 2)
    wire.send(connection, {"sandbox": status.to_json()})
    while (request := wire.receive(connection)) is not None:
        for answer in _answers(request, data, output):
            usage = resource.getrusage(resource.RUSAGE_SELF)
            answer["cpu_s"] = time.process_time()
            answer["peak_bytes"] = usage.ru_maxrss * (1 if sys.platform == "darwin" else 1024)
            wire.send(connection, answer)
            if answer.get("more") and wire.receive(connection) is None:  # asks for the next part
                return


def _keep_only(*descriptors: int) -> None:
    """Close all but ``descriptors``, and renumber these from `_FIRST_DESCRIPTOR` on."""
    for place, descriptor in enumerate(descriptors):
        os.dup2(descriptor, _KEEP_HIGH + place)
    os.closerange(0, _KEEP_HIGH)
    os.closerange(_KEEP_HIGH + len(descriptors), resource.getrlimit(resource.RLIMIT_NOFILE)[0])
    for place in range(len(descriptors)):
        os.dup2(_KEEP_HIGH + place, _FIRST_DESCRIPTOR + place)
        os.close(_KEEP_HIGH + place)


def _answers(request: dict[str, Any], data: memoryview, output: Output) -> Iterator[dict[str, Any]]:
    """Do one task under its CPU timer, whose default action ends this process; "more" says that more follows.

    The timer stands still while the service works on a part.
    """
    left_s: float = request["cpu_s"]
    parts = _start(request, data[: request["size_bytes"]], output)
    more = True
    while more:
        output.restart()
        signal.setitimer(signal.ITIMER_PROF, left_s)
        try:
            value = next(parts)
        except StopIteration as end:
            value, more = end.value, False
        except NotMatchableError as error:
            yield {"reason": error.reason, "message": str(error)[:500]}
            return
        except MemoryError:
            gc.collect()
            yield {
                "reason": Reason.OUT_OF_MEMORY,
                "message": "Not matchable: decoding needs more memory than a worker may take. "
                f"Raise {request['section']}.max_memory_bytes to look at it.",
            }
            return
        finally:
            left_s = signal.setitimer(signal.ITIMER_PROF, 0)[0] or _LEAST_S
        yield {"value": value, "arrays": output.places, "more": more}


def _start(
    request: dict[str, Any], data: memoryview, output: Output
) -> Generator[dict[str, Any], None, dict[str, Any]]:
    """The task as parts, the last one returned."""
    if (stream := STREAMS.get(request["task"])) is not None:
        return (yield from stream(data, request["arguments"], output))
    return TASKS[request["task"]](data, request["arguments"], output)
