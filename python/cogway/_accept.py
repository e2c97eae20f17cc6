# SPDX-License-Identifier: Apache-2.0
"""Native functions of every kind as kernels."""

from __future__ import annotations

import re
import sys
import threading
from typing import TYPE_CHECKING, Any, Literal, overload

from cogway import _core
from cogway._arguments import raw_argument

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from cogway._acceptors.function import NativeFunction
    from cogway._core import Kernel

__all__ = ["accept", "kernel"]

_ACCEPTED = (
    "a ctypes or cffi function, a numba @cfunc, the capsule of a Cython 'cdef api' function, a "
    "scipy LowLevelCallable, or (address, signature)"
)
_TABLE = "cogway_kernel"

_named: dict[str, Kernel] = {}
_lock = threading.Lock()


def _describe(function: Any, signature: str | None) -> NativeFunction:
    """Find out what a function is.

    Raises:
        TypeError: It is of no kind that is accepted, or it needs the GIL.
    """
    if type(function) is tuple and len(function) == 2 and isinstance(function[1], str):
        where, text = function
        if type(where).__name__ == "PyCapsule" or _is_ctypes_function(where):
            return _describe(where, text)
        return _address(where, text, function)
    if type(function).__name__ == "PyCapsule":
        from cogway._acceptors import cython_function

        return cython_function.accept(function, signature)
    if _is_ctypes_function(function):
        from cogway._acceptors import ctypes_function

        return ctypes_function.accept(function, signature)
    from cogway._acceptors import cffi_function, numba_function, scipy_function

    if numba_function.is_cfunc(function):
        return numba_function.accept(function, signature)
    if scipy_function.is_low_level_callable(function):
        return scipy_function.accept(function, signature, _describe)
    if cffi_function.is_cffi(function):
        return cffi_function.accept(function, signature)
    if isinstance(function, int) or signature is not None:
        return _address(function, signature, function)
    what = f"{type(function).__name__} {getattr(function, '__qualname__', function)!r:.100}"
    if callable(function):
        raise TypeError(f"{what} is Python, which needs the GIL: give it to spawn()")
    raise TypeError(f"{what} is no kernel: name one, or give {_ACCEPTED}")


def _is_ctypes_function(function: Any) -> bool:
    ctypes = sys.modules.get("ctypes")
    return ctypes is not None and isinstance(function, ctypes._CFuncPtr)


def _address(where: Any, signature: str | None, owner: Any) -> NativeFunction:
    from cogway._acceptors import address

    return address.accept(where, signature, owner)


def accept(function: Any, nogil: bool | None) -> Kernel:
    """Make a kernel of what a call was given in place of a name.

    Raises:
        TypeError: It is of no kind that is accepted, or may need the GIL.
        ValueError: Its signature is malformed, or does not say enough.
    """
    found = _describe(function, None)
    words = re.sub(r"[^a-z0-9_]+", "_", found.name.lower()).strip("_")
    if not words[:1].isalpha():
        words = f"f{words}"
    return _register(f"{found.kind}.{words[:40]}", found, nogil=nogil, anonymous=True)


def _register(
    name: str,
    found: NativeFunction,
    *,
    arguments: Iterable[Any] | None = None,
    returns: str = "value",
    nogil: bool | None = None,
    doc: str = "",
    anonymous: bool = False,
    replace: bool = False,
) -> Kernel:
    if found.signature.strip().rstrip("*") == _TABLE:
        return _core.accept_table("" if anonymous else name, found.address, found.owner, replace)
    runs_free = found.nogil if nogil is None else nogil
    return _core.accept(
        name, found.kind, found.address, found.signature,
        None if arguments is None else tuple(raw_argument(one) for one in arguments),
        returns, doc, found.owner, found.user_data, anonymous, replace, runs_free,
        found.knows_const,
    )  # fmt: skip


@overload
def kernel(
    name: str,
    function: Any,
    signature: str | None = ...,
    *,
    arguments: Iterable[Any] | None = ...,
    returns: Literal["value", "status", "ignore"] = ...,
    nogil: bool | None = ...,
    doc: str = ...,
    replace: bool = ...,
) -> Kernel: ...
@overload
def kernel(
    name: str,
    *,
    signature: str | None = ...,
    arguments: Iterable[Any] | None = ...,
    returns: Literal["value", "status", "ignore"] = ...,
    nogil: bool | None = ...,
    doc: str = ...,
    replace: bool = ...,
) -> Callable[[Any], Kernel]: ...


def kernel(
    name: str,
    function: Any = None,
    signature: str | None = None,
    *,
    arguments: Iterable[Any] | None = None,
    returns: Literal["value", "status", "ignore"] = "value",
    nogil: bool | None = None,
    doc: str = "",
    replace: bool = False,
) -> Any:
    """Register a native function as a kernel of the process, under a name.

    Every engine of the process can call it from then on, by its name or by what this returns. It
    runs on native workers, which have no GIL and no interpreter. Without a function it returns a
    decorator.

    Args:
        name: Lower-case words joined by dots, such as ``"mine.scale"``.
        function: A ctypes or cffi function, a numba ``@cfunc``, the capsule of a Cython ``cdef
            api`` function, a scipy ``LowLevelCallable``, ``(address, signature)``, or
            ``(address, "cogway_kernel")`` for a declaration of ``kernel_abi.h``.
        signature: Its C signature, where the function does not tell, or tells the wrong one.
        arguments: What each parameter is given, in order: `In`, `Out`, `InOut`, `Scalar`; a str or
            ``...`` for a dimension; a number, an address or None for a constant. Parameters of type
            ``cogway_context*`` and ``const cogway_host*`` are given by the engine and left out
            here. Default: the convention (see the guide): ``const T*`` is an input, ``T*`` an
            output, the one integer after them how many elements there are, other numbers scalars.
        returns: What the function's result is: ``"value"``, the first result of the call;
            ``"status"``, 0 for success, anything else fails the call (of a function that takes
            types of ``kernel_abi.h``, with that status code); ``"ignore"``.
        nogil: True states that the function never needs the GIL, where its kind does not show it:
            a capsule, an address.
        doc: What it does, for people.
        replace: Take the name from a kernel that has it. Calls in flight go on with that one.

    Returns:
        The kernel. The process keeps it; `replace` lets go of the one before.

    Raises:
        TypeError: It is of no kind that is accepted, needs the GIL, or nothing says that it does
            not.
        ValueError: Signature or arguments are malformed or do not agree, or the name is taken by
            another function.

    Threads: any.

    Example:
        >>> import ctypes
        >>> libm = ctypes.CDLL("libm.so.6")
        >>> libm.cbrt.argtypes, libm.cbrt.restype = [ctypes.c_double], ctypes.c_double
        >>> cbrt = kernel("doc.cbrt", libm.cbrt)
    """
    if function is None:
        return lambda decorated: kernel(
            name, decorated, signature,
            arguments=arguments, returns=returns, nogil=nogil, doc=doc, replace=replace,
        )  # fmt: skip
    found = _describe(function, signature)
    made = _register(
        name, found, arguments=arguments, returns=returns, nogil=nogil, doc=doc, replace=replace
    )
    with _lock:
        _named[name] = made
    return made
