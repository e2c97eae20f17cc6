# SPDX-License-Identifier: Apache-2.0
"""How calls and their outcomes travel to another process, and back.

A value is pickled with protocol 5. Its bytes do not go through the pickle: buffers of the bus are
sent as they are, what a type gives out of band (numpy arrays) is copied into one.

A message is its attachments, each a buffer of the bus, then one record of the channel: who dies in
between has sent nothing.
"""

from __future__ import annotations

import importlib
import io
import pickle
import struct
import time
from types import FunctionType, ModuleType
from typing import TYPE_CHECKING, Any

from cogway._core import Buffer
from cogway._errors import BusExhausted
from cogway._processes.functions import by_value, findable, importable

if TYPE_CHECKING:
    from collections.abc import Callable

    from cogway._core import SharedBus

_HEAD = struct.Struct("<BB")
"""What the message is, and how it is put: the flags below."""
_LONG = 1
"""The pickle is the last attachment: it is too long for the record."""
_SIDES = 2
"""Before the pickle stands another one: which attachments are its out-of-band buffers."""
MESSAGE_BYTES = 2040
_PATIENCE = 10.0
"""Seconds that a copy waits for room on the bus."""
_IN_BAND = 4096
"""Bytes from which on a copy into a buffer of its own costs less than one through the pickle."""


def _copied(bus: SharedBus, what: Any) -> Buffer:
    """Copy into the bus; where that is full, wait a while for what others give back."""
    deadline = time.monotonic() + _PATIENCE
    while True:
        try:
            return bus.copy(what)
        except BusExhausted:
            size = what.nbytes if isinstance(what, (Buffer, memoryview)) else len(what)
            rest = deadline - time.monotonic()
            if rest <= 0 or size > bus.capacity:
                raise
            try:
                bus.lease(size, policy="wait", timeout=rest).release()
            except TimeoutError:
                continue  # the last try says who holds it


class _Attachments:
    """What a message carries beside its pickle."""

    def __init__(self, bus: SharedBus) -> None:
        self.bus = bus
        self.buffers: list[Buffer] = []
        self.sides: list[tuple[int, bool]] = []

    def add(self, buffer: Buffer) -> int:
        """Return the number of one more."""
        self.buffers.append(buffer)
        return len(self.buffers) - 1

    def take_out(self, flat: pickle.PickleBuffer) -> bool:
        """Return whether a buffer stays in the pickle."""
        with memoryview(flat) as view:
            if view.nbytes < _IN_BAND:
                return True
            readonly = view.readonly
        with flat.raw() as view:
            self.sides.append((self.add(_copied(self.bus, view)), readonly))
        return False


class _Pickler(pickle.Pickler):
    """Takes buffers out of what it pickles."""

    def __init__(self, file: io.BytesIO, attachments: _Attachments) -> None:
        # Not a method of its own: the cycle would keep what was pickled until the next collection.
        super().__init__(file, protocol=5, buffer_callback=attachments.take_out)
        self._attachments = attachments

    def persistent_id(self, obj: Any) -> int | None:
        """Return the attachment that a buffer is: itself, if the bus holds it, else a copy."""
        if type(obj) is not Buffer:
            return None
        bus = self._attachments.bus
        return self._attachments.add(obj if obj.shared_bus_id == bus.id else _copied(bus, obj))

    def reducer_override(self, obj: Any) -> Any:
        """Send by value what the other side cannot import."""
        kind = type(obj)
        if kind is FunctionType or issubclass(kind, type):
            return NotImplemented if importable(obj) else by_value(obj)
        if kind is ModuleType:
            return importlib.import_module, (obj.__name__,)
        return NotImplemented


class _Unpickler(pickle.Unpickler):
    """Puts them in again."""

    def __init__(
        self, file: io.BytesIO, attached: list[Any], sides: list[tuple[int, bool]]
    ) -> None:
        # What was writable there is so here, a copy of its own; what was not is read where it lies.
        flat = (attached[i] if readonly else bytearray(attached[i]) for i, readonly in sides)
        super().__init__(file, buffers=flat)
        self._attached = attached

    def persistent_load(self, number: Any) -> Any:
        """Return the attachment."""
        return self._attached[number]


def round_trip(value: Any, bus: SharedBus) -> Any:
    """Return what the other side would make of a value."""
    file = io.BytesIO()
    attachments = _Attachments(bus)
    _Pickler(file, attachments).dump(value)
    file.seek(0)
    return _Unpickler(file, attachments.buffers, attachments.sides).load()


_ATOMS = frozenset({type(None), bool, int, float, str, bytes})
"""Types whose values hold nothing that has to be looked at."""
_FUNCTIONS = (FunctionType, type(len))


def _plain(value: Any) -> bytes | None:
    """Return the pickle of an atom, or of a call of an importable function with atoms.

    The same bytes as the long way makes, without its Python code.
    """
    if type(value) in _ATOMS:
        return pickle.dumps(value, 5)
    if type(value) is tuple and len(value) == 3 and type(value[0]) in _FUNCTIONS:
        function, arguments, keywords = value
        if type(arguments) is tuple and keywords == {} and findable(function.__module__ or ""):
            for each in arguments:
                if type(each) not in _ATOMS:
                    return None
            try:
                return pickle.dumps(value, 5)
            except pickle.PicklingError:  # not found by its name
                return None
    return None


class Message:
    """A value on its way: what its records and attachments are.

    Raises:
        Exception: Whatever pickling it raised, `BusExhausted` too; nothing has been sent.
    """

    def __init__(self, kind: int, value: Any, bus: SharedBus) -> None:
        """Pickle the value and copy what has to be copied; nothing is sent yet."""
        self._bus = bus
        self._attached: list[Buffer] = []
        data, flags = _plain(value), 0
        if data is None:
            attachments = _Attachments(bus)
            file = io.BytesIO()
            _Pickler(file, attachments).dump(value)
            self._attached = attachments.buffers
            data = file.getvalue()
            if attachments.sides:
                data, flags = pickle.dumps(attachments.sides) + data, _SIDES
        if _HEAD.size + len(data) > MESSAGE_BYTES:
            self._attached.append(_copied(bus, data))
            data, flags = b"", flags | _LONG
        self._record = _HEAD.pack(kind, flags) + data

    def send(self, put: Callable[[Buffer | bytes], None]) -> None:
        """Put the attachments and the record, in this order, into a channel."""
        for buffer in self._attached:
            try:
                put(buffer)
            except BufferError:  # a part of a buffer, or one that somebody writes
                put(_copied(self._bus, buffer))
        put(self._record)


class Arrived:
    """Collects a message from the records of a channel."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self._attached: list[Buffer] = []
        self._record = b""

    def add(self, item: Buffer | bytes) -> bool:
        """Take the next of the channel; return whether the message is whole."""
        if isinstance(item, Buffer):
            self._attached.append(item)
            return False
        self._record = item
        return True

    @property
    def kind(self) -> int:
        """What the message is."""
        return self._record[0]

    def value(self) -> Any:
        """Return the value. Raises whatever unpickling it raises."""
        _, flags = _HEAD.unpack_from(self._record)
        long = self._attached.pop() if flags & _LONG else None
        data: Any = self._record[_HEAD.size :] if long is None else bytes(long)
        del long
        if not self._attached:
            return pickle.loads(data)
        file = io.BytesIO(data)
        sides = pickle.load(file) if flags & _SIDES else []
        return _Unpickler(file, self._attached, sides).load()
