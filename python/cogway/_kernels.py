# SPDX-License-Identifier: Apache-2.0
"""What is known about kernels, and how packs of them are loaded."""

from __future__ import annotations

import os
import threading
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cogway import _core

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["KernelInfo", "PackInfo", "ParameterInfo", "kernels", "load", "packs"]


@dataclass(frozen=True, slots=True)
class ParameterInfo:
    """One parameter of a kernel, as the kernel declares it.

    Attributes:
        name: The keyword to give it by.
        type: One of ``bool int float string ints floats choice``.
        doc: What it means.
        required: Whether it must be given.
        default: The value taken when it is not given, or None.
        choices: What a ``choice`` may be.
    """

    name: str
    type: str
    doc: str
    required: bool
    default: Any
    choices: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class KernelInfo:
    """A registered kernel.

    Attributes:
        name: What `c_spawn` takes, for example ``"image.decode"``.
        signature: Inputs and outputs, for people.
        doc: What it does; the first line is a summary.
        pack: The pack that brought it.
        min_inputs: Fewest inputs of a call.
        max_inputs: Most inputs of a call.
        outputs: How many results a call has: none gives None, one a Buffer, several a tuple.
        parameters: In the order of declaration.
    """

    name: str
    signature: str
    doc: str
    pack: str
    min_inputs: int
    max_inputs: int
    outputs: int
    parameters: tuple[ParameterInfo, ...]


@dataclass(frozen=True, slots=True)
class PackInfo:
    """A loaded kernel pack.

    Attributes:
        name: The pack's name.
        version: The pack's own version.
        path: The file it was loaded from; empty for the kernels of the core.
        kernels: The names that it registered.
    """

    name: str
    version: str
    path: str
    kernels: tuple[str, ...]


_bundled_lock = threading.Lock()
_bundled_loaded = False


def _load_bundled() -> None:
    """Load the packs that come with cogway, once; the first engine does it, not the import."""
    global _bundled_loaded
    if _bundled_loaded:
        return
    with _bundled_lock:
        if not _bundled_loaded:
            for path in sorted(Path(__file__).parent.joinpath("packs").glob("libcogway_*.so")):
                _core.load_pack(str(path))
            _bundled_loaded = True


def _after_fork_in_child() -> None:
    global _bundled_lock
    _bundled_lock = threading.Lock()


os.register_at_fork(after_in_child=_after_fork_in_child)


_built: dict[str, tuple[int, int]] = {}
"""Of each pack that `load` was given: when its file was written, and its size."""


def _kernel(fields: dict[str, Any]) -> KernelInfo:
    parameters = tuple(ParameterInfo(**parameter) for parameter in fields.pop("parameters"))
    return KernelInfo(**fields, parameters=parameters)


def _kernel_infos(fields: Sequence[dict[str, Any]]) -> tuple[KernelInfo, ...]:
    return tuple(_kernel(one) for one in fields)


def _pack(fields: dict[str, Any]) -> PackInfo:
    return PackInfo(**{**fields, "kernels": tuple(fields["kernels"])})


def load(path: str | os.PathLike[str]) -> PackInfo:
    """Load a kernel pack: a shared object that exports ``cogway_pack_v1``.

    Every engine of the process can call its kernels from then on. Loading the same file again
    changes nothing and returns what it registered. A pack is never unloaded, so a file that was
    rebuilt since is not what runs: a RuntimeWarning says so.

    Args:
        path: The file.

    Returns:
        What the pack registered.

    Raises:
        FileNotFoundError: There is no such file.
        OSError: The file is no shared object of this machine, or lacks something it is linked to.
        ValueError: A kernel of that name exists already, or a declaration is malformed.
        RuntimeError: The file is no pack, or was built for another ABI.
    """
    try:
        pack = _pack(_core.load_pack(os.fspath(path)))
    except FileNotFoundError as error:
        if not os.path.exists(path):
            raise
        raise OSError(str(error)) from None
    file = os.stat(pack.path)
    built = (file.st_mtime_ns, file.st_size)
    if _built.setdefault(pack.path, built) != built:
        warnings.warn(
            f"{pack.path} has changed since it was loaded, and what was loaded then still runs: "
            "start a new process to use what was built since",
            RuntimeWarning,
            stacklevel=2,
        )
    return pack


def packs() -> tuple[PackInfo, ...]:
    """Return the packs that are loaded, the core's own first."""
    _load_bundled()
    return tuple(_pack(pack) for pack in _core.packs())


def kernels() -> tuple[KernelInfo, ...]:
    """Return every registered kernel in order of registration."""
    _load_bundled()
    return _kernel_infos(_core.kernels())
