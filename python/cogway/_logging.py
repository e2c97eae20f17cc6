# SPDX-License-Identifier: Apache-2.0
"""Where what kernels and native workers log becomes records of Python's `logging`.

A line of the kernel ``image.decode`` goes to the logger ``cogway.kernel.image.decode``; what the
engine itself has to say goes to ``cogway.engine``.
"""

from __future__ import annotations

import logging

_ENGINE = "cogway.engine"


def emit(records: list[tuple[int, int, str, str]]) -> None:
    """Log records taken from an engine's ring: level, worker, name, message.

    Threads: called by whichever attached thread finds them.
    """
    for level, worker, name, message in records:
        logger = logging.getLogger(name if name == _ENGINE else f"cogway.kernel.{name}")
        if logger.isEnabledFor(level):
            logger.log(level, "%s", message, extra={"cogway_worker": worker})
