# SPDX-License-Identifier: Apache-2.0
"""Buffers: one piece of memory seen by kernels, numpy and everything that knows DLPack."""

import cogway
import numpy as np

with cogway.Engine() as engine:
    buffer = engine.bus.lease((4, 3), "float32")

    array = np.asarray(buffer)
    array[:] = np.arange(12).reshape(4, 3)
    print(buffer, "holds", array.tolist())

    # The same memory again, through another protocol, and a part of it.
    assert np.from_dlpack(buffer).ctypes.data == array.ctypes.data
    print("row 2:", np.asarray(buffer[2]))
    del array

    # A kernel reads it where it lies.
    copied = engine.c_spawn("core.copy", buffer).result()
    assert bytes(copied) == bytes(buffer)

    # Frozen, it is immutable and may be read from anywhere.
    buffer.freeze()
    assert not np.asarray(buffer).flags.writeable

    # Memory is counted, and free again when the last view is gone.
    print(engine.bus.statistics().live_buffers, "buffers alive")
    del copied
    print(engine.bus.statistics().live_buffers, "buffer alive")
