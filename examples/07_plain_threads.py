# SPDX-License-Identifier: Apache-2.0
"""No event loop needed: the same tickets from plain threads."""

from concurrent.futures import wait
from threading import Thread

import cogway

with cogway.Engine(native_workers=2, python_workers=2) as engine:
    print(bytes(engine.c_spawn("core.copy", b"from the main thread").result()))

    def work(number: int) -> None:
        """Call kernels from a thread, and wait with a timeout."""
        result = engine.c_spawn("core.copy", bytes([number])).result(timeout=10)
        assert bytes(result) == bytes([number])

    threads = [Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    # Python callables run on the engine's Python workers ...
    tickets = [engine.spawn(pow, number, 2) for number in range(5)]
    print([ticket.result() for ticket in tickets])

    # ... and a ticket gives a concurrent.futures.Future where one is needed.
    done, _ = wait([engine.c_spawn("core.noop").as_concurrent() for _ in range(10)], timeout=10)
    print(len(done), "done")
