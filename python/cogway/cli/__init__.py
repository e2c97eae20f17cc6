# SPDX-License-Identifier: Apache-2.0
"""The command `cogway`: `info`, `demo`, `new`, `bench` and `bus`.

Exit status: 0 done, 1 it did not work, 2 wrong use. Every verb has `--json`.
"""

from cogway.cli._command import main

__all__ = ["main"]
