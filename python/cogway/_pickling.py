# SPDX-License-Identifier: Apache-2.0
"""How buffers travel by pickle: as their bytes, or as a handle of a bus that both sides share."""

from __future__ import annotations

import os
import pickle
import threading
import weakref
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from cogway._core import Buffer, SharedBus

    Handle = tuple[int, int, int]

_lock = threading.RLock()  # opening a bus enters it
_here: weakref.WeakValueDictionary[str, SharedBus] = weakref.WeakValueDictionary()
"""Buses that this process created or opened, by id."""
_opened: dict[str, SharedBus] = {}
"""Buses that were opened to attach what was unpickled: each stays open, once."""
_registered = False
_AFTER_QUEUES = -100


def _forget() -> None:
    """Drop what a forked child inherited: it takes part in no bus."""
    global _lock, _registered
    _lock = threading.RLock()
    _registered = False
    _here.clear()
    _opened.clear()


os.register_at_fork(after_in_child=_forget)


def entered(bus: SharedBus) -> None:
    """Have buffers of this bus travel to other processes of this machine as handles.

    multiprocessing's queues, pipes and pools pickle with its ForkingPickler, whose output is read
    once, soon, on this machine. What `pickle` itself writes may be kept or sent elsewhere.
    """
    global _registered
    with _lock:
        _here[bus.id] = bus
        if _registered:
            return
        _registered = True
    from multiprocessing.reduction import ForkingPickler
    from multiprocessing.util import Finalize

    from cogway._core import Buffer

    ForkingPickler.register(Buffer, reduce_for_peer)
    # After the feeders of queues, which pickle until their end. A child of multiprocessing runs no
    # other exit functions.
    Finalize(None, _leave, exitpriority=_AFTER_QUEUES)


def _leave() -> None:
    """Bequeath what is in transit: the receivers may come after the end of this process."""
    with _lock:
        buses = [*_here.values(), *_opened.values()]
    for bus in buses:
        bus.close()


def reduce_for_peer(buffer: Buffer) -> tuple[Callable[..., Buffer], tuple[Any, ...]]:
    """Reduce a frozen buffer of a bus with a name to a handle, any other one to its bytes."""
    from cogway._core import shared_handle

    handle = shared_handle(buffer)
    if handle is not None:
        return attach, handle
    return reduce(buffer, pickle.DEFAULT_PROTOCOL)


def reduce(buffer: Buffer, protocol: int) -> tuple[Callable[..., Buffer], tuple[Any, ...]]:
    """Reduce a buffer to its bytes: out of band from protocol 5 on, where the pickler does that."""
    flat: Any
    if protocol >= 5 and buffer.is_c_contiguous and buffer.dtype != "bfloat16":
        flat = pickle.PickleBuffer(buffer)
    else:
        flat = buffer.tobytes()
    return rebuild, (flat, buffer.dtype, buffer.shape)


def rebuild(flat: Any, dtype: str, shape: tuple[int, ...]) -> Buffer:
    """Make a Buffer of bytes that were pickled, without another copy."""
    from cogway._core import buffer_of_bytes

    return buffer_of_bytes(flat, dtype, shape)


def attach(name: str, bus_id: str, handle: Handle) -> Buffer:
    """Attach what another process of this machine pickled, taking part in its bus if need be.

    Raises:
        LookupError: Nobody holds the buffer any more, or its bus is gone.
    """
    with _lock:
        bus = _here.get(bus_id) or _opened.get(bus_id)
        if bus is None or bus.closed:
            bus = _opened[bus_id] = _open(name, bus_id)
    return bus.attach(handle)


def _open(name: str, bus_id: str) -> SharedBus:
    from cogway._core import Bus

    try:
        bus = Bus.open(name)
    except FileNotFoundError as missing:
        raise LookupError(f"the bus {name!r} of a pickled buffer is gone") from missing
    if bus.id != bus_id:
        raise LookupError(f"the bus {name!r} of a pickled buffer is gone: another one has its name")
    return bus
