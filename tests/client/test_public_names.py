"""The client is exactly what it says it is, costs nothing to import, and needs nothing of the rest."""

from __future__ import annotations

import inspect
import subprocess
import sys

import pytest

from holdfast import client

TABLE = [name for name, value in vars(client.Client).items() if not name.startswith("_") and callable(value)]


def test_every_public_name_is_there_and_listed_once() -> None:
    assert len(set(client.__all__)) == len(client.__all__)
    assert set(dir(client)) == set(client.__all__)
    for name in client.__all__:
        assert getattr(client, name) is not None
    with pytest.raises(AttributeError, match="nonsense"):
        _ = client.nonsense


def test_both_clients_have_the_same_methods() -> None:
    assert len(TABLE) > 40
    for name in TABLE:
        one, other = getattr(client.Client, name), getattr(client.AsyncClient, name)
        assert inspect.signature(one).parameters == inspect.signature(other).parameters, name
        assert one.__doc__, name


def test_a_method_shows_the_signature_of_its_call() -> None:
    with client.Client("https://holdfast.example.org", "") as one:
        assert list(inspect.signature(one.look_up).parameters) == ["algorithm", "value", "size_bytes"]


def test_import_is_light() -> None:
    code = (
        "import sys, holdfast.client; "
        "print([m for m in ('httpx2', 'anyio', 'numpy', 'sqlalchemy', 'pydantic') if m in sys.modules])"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, check=True).stdout == b"[]\n"


def test_making_a_client_loads_nothing_of_the_service() -> None:
    code = (
        "import sys; from holdfast.client import *; Client('https://h.example', ''); "
        "AsyncClient('https://h.example', ''); "
        "print(*sorted({m.split('.')[1] for m in sys.modules if m.startswith('holdfast.')}))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["client"]
