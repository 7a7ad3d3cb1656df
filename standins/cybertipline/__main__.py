"""`python -m standins.cybertipline`: serves until interrupted, and prints where."""

from __future__ import annotations

import argparse
import contextlib

from standins.cybertipline.answers import NOT_FILED
from standins.cybertipline.server import ACCOUNT, StandIn


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m standins.cybertipline", description=NOT_FILED)
    parser.add_argument("--port", type=int, default=8700, help="0 takes a free one")
    parser.add_argument("--user", default=ACCOUNT[0])
    parser.add_argument("--password", default=ACCOUNT[1])
    parser.add_argument(
        "--fault",
        action="append",
        default=[],
        metavar="CALL=FAULT",
        help="for example finish=drop_after; repeatable",
    )
    given = parser.parse_args()
    server = StandIn(port=given.port, accounts={given.user: given.password})
    for one in given.fault:
        call, _, fault = one.partition("=")
        server.faults.add(call, fault)
    print(f"{server.url}  ({NOT_FILED})", flush=True)
    with contextlib.suppress(KeyboardInterrupt):
        server.serve()


if __name__ == "__main__":
    main()
