"""A method of a client looks like the function that builds its call: signature, documentation and all."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import update_wrapper
from typing import Any, TypeVar

__all__ = ["as_method"]

M = TypeVar("M", bound=Callable[..., Any])


def as_method(method: M, build: Callable[..., Any]) -> M:
    """``method`` with the name, documentation and signature of ``build``, and a ``self`` before."""
    update_wrapper(method, build)
    signature = inspect.signature(build)
    self = inspect.Parameter("self", inspect.Parameter.POSITIONAL_ONLY)
    parameters = [self, *signature.parameters.values()]
    seen = signature.replace(parameters=parameters, return_annotation=inspect.Signature.empty)
    vars(method)["__signature__"] = seen  # what `inspect` and `help` read
    return method
