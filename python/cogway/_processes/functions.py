# SPDX-License-Identifier: Apache-2.0
"""How functions and classes travel to another process: by name, as code, or by value.

What the other side can import goes by its name. A function that asks for builtins only, beside
what it imports itself, goes as its code. The rest (of a script, a notebook, a closure) takes
cloudpickle.
"""

from __future__ import annotations

import builtins
import functools
import importlib.machinery
import marshal
import pickle
import sys
from types import CodeType, FunctionType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

_MAIN = ("__main__", "__mp_main__")


@functools.cache
def findable(module: str) -> bool:
    """Whether an import finds the module, which may have been loaded in another way."""
    if module in _MAIN:
        return False
    top = module.partition(".")[0]
    if top in sys.builtin_module_names or top in sys.stdlib_module_names:
        return True
    try:
        return importlib.machinery.PathFinder.find_spec(top) is not None
    except (ImportError, ValueError):
        return False


def importable(obj: Any) -> bool:
    """Whether the other side finds this very object by its module and name."""
    module = getattr(obj, "__module__", None)
    name = getattr(obj, "__qualname__", "<")
    if module is None or "<" in name or not findable(module):
        return False
    found: Any = sys.modules.get(module)
    for part in name.split("."):
        found = getattr(found, part, None)
    return found is obj


@functools.lru_cache(1024)
def _packed(code: CodeType) -> tuple[bytes, frozenset[str]]:
    """Return a code object as bytes, and the globals that it asks for."""
    return marshal.dumps(code), frozenset(_globals_of(code))


def _globals_of(code: CodeType) -> set[str]:
    """Return the names of globals that a code object and those inside it may ask for."""
    import dis

    names = {
        each.argval
        for each in dis.get_instructions(code)
        if each.opname.endswith(("_GLOBAL", "_NAME"))
        and not each.opname.startswith(("IMPORT_", "STORE_NAME"))
    }
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            names |= _globals_of(constant)
    return names


def _self_contained(function: FunctionType) -> bool:
    """Whether the function needs nothing but its arguments, builtins and what it imports."""
    return function.__closure__ is None and all(
        hasattr(builtins, name) and name not in function.__globals__
        for name in _packed(function.__code__)[1]
    )


def _function(
    code: bytes, name: str, qualname: str, module: str, defaults: Any, kwdefaults: Any
) -> FunctionType:
    made = FunctionType(marshal.loads(code), {"__builtins__": builtins, "__name__": module}, name)
    made.__qualname__, made.__module__ = qualname, module
    made.__defaults__, made.__kwdefaults__ = defaults, kwdefaults
    return made


def by_value(obj: Any) -> tuple[Callable[..., Any], tuple[Any, ...]]:
    """Reduce what cannot be imported, for a pickler's `reducer_override`.

    Raises:
        pickle.PicklingError: It takes cloudpickle, which is not installed.
    """
    if isinstance(obj, FunctionType) and _self_contained(obj):
        parts = (obj.__name__, obj.__qualname__, obj.__module__)
        code, _ = _packed(obj.__code__)
        return _function, (code, *parts, obj.__defaults__, obj.__kwdefaults__)
    try:
        import cloudpickle  # type: ignore[import-untyped]
    except ModuleNotFoundError:
        raise pickle.PicklingError(
            f"{obj!r} cannot be sent to a worker process: it is not found by its name in an "
            "importable module, and needs more than builtins. Move it into a module, or install "
            "cloudpickle"
        ) from None
    module = sys.modules.get(obj.__module__)
    if module is not None and obj.__module__ not in _MAIN and not findable(obj.__module__):
        cloudpickle.register_pickle_by_value(module)  # it would go by name, as it is in sys.modules
    return cloudpickle.loads, (cloudpickle.dumps(obj),)
