# SPDX-License-Identifier: Apache-2.0
"""A kernel that crashes on purpose: the process ends as ever, and standard error says in which."""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import cogway

HERE = Path(__file__).parent / "debugging"
compiler = shutil.which("cc")
if compiler is None:
    sys.exit("this example compiles a kernel, and there is no cc on this machine")

with tempfile.TemporaryDirectory() as folder:
    pack = Path(folder) / "stray.so"
    # -I: the headers of the installed package, or, in a build tree, those of the checkout.
    headers = [cogway.get_include(), str(Path(__file__).parents[1] / "include")]
    flags = ["-g", "-O2", "-shared", "-fPIC", *(f"-I{path}" for path in headers)]
    subprocess.run([compiler, *flags, HERE / "stray.c", "-o", pack], check=True)

    # Without its mistake the kernel works ...
    fine = [sys.executable, HERE / "stray.py", pack, "none"]
    print(subprocess.run(fine, capture_output=True, text=True, check=True).stdout)

    # ... and with it the child dies of the signal, as it would without cogway,
    died = subprocess.run([*fine[:-1], "null"], capture_output=True, text=True, check=False)
    print("ended by signal", -died.returncode)
    # after a report that names kernel, thread and engine, the address, and how to find the line.
    print(died.stderr)
    assert "SIGSEGV in kernel 'stray.sum' on thread cw-native-" in died.stderr

    # faulthandler adds what Python's threads were at, and comes to the same end.
    child = [sys.executable, "-X", "faulthandler", HERE / "stray.py", pack, "null"]
    both = subprocess.run(child, capture_output=True, text=True, check=False)
    assert both.returncode == died.returncode
    assert "in kernel 'stray.sum'" in both.stderr
    assert "Fatal Python error: Segmentation fault" in both.stderr

    # With the variable set, cogway installs no handler.
    silent = subprocess.run(
        [*fine[:-1], "null"],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "COGWAY_CRASH_REPORT": "0", "PYTHONFAULTHANDLER": ""},
    )
    assert silent.returncode == died.returncode
    assert silent.stderr == ""
