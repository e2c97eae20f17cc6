# SPDX-License-Identifier: Apache-2.0
"""`python stray.py PACK BUG [SECONDS]`: runs the kernel of stray.c with one of its mistakes."""

import os
import sys
from array import array

import cogway

pack, bug = sys.argv[1:3]
deadline = float(sys.argv[3]) if len(sys.argv) > 3 else None

cogway.load(pack)
with cogway.Engine(native_workers=2, name="shop") as engine:
    ticket = engine.c_spawn("stray.sum", array("f", range(1000)), bug=bug, deadline=deadline)
    while not ticket.running() and not ticket.done():
        pass
    print("process", os.getpid(), flush=True)
    try:
        print("the sum is", ticket.result().item())
    except TimeoutError:
        print("stopped by its deadline")
