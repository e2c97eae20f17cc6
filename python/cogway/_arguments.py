# SPDX-License-Identifier: Apache-2.0
"""What the parameters of a native function mean: inputs, outputs, scalars, dimensions."""

from __future__ import annotations

import operator
from types import EllipsisType
from typing import Any, ClassVar, TypeAlias

from cogway._acceptors.element import element_text

__all__ = ["In", "InOut", "Out", "Scalar"]

Dimension: TypeAlias = int | str | EllipsisType
Shape: TypeAlias = Dimension | tuple[Dimension, ...]
RawArgument: TypeAlias = tuple[str, str, str, tuple[str, ...], str, float | int | None]
"""(role, name, element, shape, expression, value), as `_core.accept` takes it."""


def _dimension(value: Any) -> str:
    if value is Ellipsis:
        return "..."
    return value if isinstance(value, str) else str(operator.index(value))


def _shape(shape: Any) -> tuple[str, ...]:
    dimensions = shape if isinstance(shape, tuple) else (shape,)
    return tuple(_dimension(value) for value in dimensions)


class _BufferArgument:
    """A parameter that is the address of a buffer's elements."""

    _role: ClassVar[str] = ""

    def __init__(self, dtype: Any = None, shape: Shape = ..., *, name: str = "") -> None:
        self.dtype: Any = dtype
        self.shape: tuple[str, ...] = _shape(shape)
        self.name: str = name

    def _raw(self) -> RawArgument:
        element = "" if self.dtype is None else element_text(self.dtype)
        return (self._role, self.name, element, self.shape, "", None)

    def __repr__(self) -> str:
        """Return what it would be made by."""
        return f"{type(self).__name__}({self.dtype!r}, {', '.join(self.shape)})"


class In(_BufferArgument):
    """A pointer to an input: a buffer of the bus, bytes, an array, whatever `c_spawn` takes.

    The call is refused unless the input has this dtype and shape and is C-contiguous. A parameter
    of type ``const cogway_view*`` gets any strides.

    Args:
        dtype: Its elements: a dtype's name, a numpy dtype, a `ctypes.Structure`, or the text of a
            struct, ``"{double x, int32 n}"``. Default: what the signature's pointer points to.
        shape: A dimension or a tuple of them. A number is a size; a name is a size that other
            shapes may refer to, and must agree with; ``...`` is any number of dimensions, the same
            wherever it stands. Default: ``...``. ``()`` is one element.
        name: For messages. Default: the signature's.
    """

    _role = "in"


class Out(_BufferArgument):
    """A pointer to an output: memory of the bus, reserved before the call is queued.

    Args:
        dtype: As for `In`.
        shape: Dimensions that follow from those of the inputs and from integer scalars: numbers,
            names, ``...``, and expressions of them with ``+ - * //`` and brackets, such as
            ``"2*n + 1"``.
        name: For messages.
    """

    _role = "out"


class InOut(_BufferArgument):
    """A pointer to an output into which an input has been copied, for functions that work in place.

    Args:
        dtype: As for `In`.
        shape: As for `In`; the input may have any strides.
        name: For messages.
    """

    _role = "inout"


class Scalar:
    """A number that the caller gives, by position or by name.

    Args:
        name: Default: the signature's.
        default: What is taken when it is not given. None: it must be.
    """

    def __init__(self, name: str = "", default: float | None = None) -> None:
        """Name it."""
        self.name = name
        self.default = default

    def _raw(self) -> RawArgument:
        return ("scalar", self.name, "", (), "", self.default)

    def __repr__(self) -> str:
        """Return what it would be made by."""
        return f"Scalar({self.name!r}, {self.default!r})"


def raw_argument(argument: Any) -> RawArgument:
    """Return an element of ``arguments=`` as `_core.accept` takes it.

    Raises:
        TypeError: It is none of those there are.
    """
    if isinstance(argument, (_BufferArgument, Scalar)):
        return argument._raw()
    if argument is Ellipsis or isinstance(argument, str):
        return ("dimension", "", "", (), _dimension(argument), None)
    if argument is None:
        return ("constant", "", "", (), "", 0)
    if isinstance(argument, float):
        return ("constant", "", "", (), "", argument)
    try:
        return ("constant", "", "", (), "", operator.index(argument))
    except TypeError:
        raise TypeError(
            "arguments= holds In, Out, InOut and Scalar, dimensions (a str or ...), and constants "
            f"(a number, an address or None), not {argument!r}"
        ) from None
