"""A real identity provider in a process of its own: prints its address, ends when its input does."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["identity_provider"]


@contextmanager
def identity_provider() -> Iterator[str]:
    """Its issuer, for the block. It knows people of two groups and lets in whoever says who they are."""
    # Its own libraries warn of one another, which is no business of our tests.
    command = [sys.executable, "-W", "ignore", __file__]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin is not None and process.stdout is not None
        yield process.stdout.readline().strip()
        process.stdin.close()


def main() -> None:
    from oidc_provider_mock import User, run_server_in_thread

    people = [
        User(sub="ana", claims={"name": "Ana Ruiz", "groups": ["moderators"]}),
        User(sub="bo", claims={"name": "Bo", "groups": ["sales"]}),
    ]
    with run_server_in_thread(user_claims=people) as running:
        sys.stdout.write(f"http://localhost:{running.server_port}\n")
        sys.stdout.flush()
        sys.stdin.read()


if __name__ == "__main__":
    main()
