# SPDX-License-Identifier: Apache-2.0
"""The commands of docs/guides/debugging-native-code.md do what the page says, where tools exist."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import cogway
import pytest

ROOT = Path(__file__).parents[2]
GUIDE = ROOT / "docs" / "guides" / "debugging-native-code.md"
EXAMPLES = ROOT / "examples" / "debugging"

pytestmark = pytest.mark.slow


def commands(heading: str) -> list[str]:
    """The lines that a reader types under a heading, continued lines joined."""
    section = GUIDE.read_text().partition(f"{heading}\n")[2].split("\n## ")[0]
    blocks = re.findall(r"^```console\n(.*?)^```", section, re.MULTILINE | re.DOTALL)
    text = "".join(blocks).replace("\\\n", " ")
    return [line[2:] for line in text.splitlines() if line.startswith("$ ")]


def environment(folder: Path) -> dict[str, str]:
    """As the reader's: `python` is this one, and headers are found in a build tree too."""
    python = folder / "bin" / "python"
    python.parent.mkdir()
    python.symlink_to(sys.executable)
    return {
        **os.environ,
        "PATH": f"{python.parent}:{os.environ['PATH']}",
        "CPATH": str(ROOT / "include"),
        "PYTHONPATH": str(Path(cogway.__file__).parents[1]),
        "PYTHONFAULTHANDLER": "",
    }


@pytest.fixture
def desk(tmp_path):
    """A folder with the example built, and a function that types commands into a shell there."""
    if shutil.which("cc") is None:
        pytest.skip("this machine has no C compiler")
    for name in ("stray.c", "stray.py"):
        shutil.copy(EXAMPLES / name, tmp_path)
    variables = environment(tmp_path)

    def type_in(*lines: str, check: bool = False) -> str:
        ended = subprocess.run(
            ["bash", "-c", "\n".join(("ulimit -c 0", *lines))],
            cwd=tmp_path,
            env=variables,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=120,
            check=False,
        )
        assert not check or ended.returncode == 0, ended.stdout
        return ended.stdout

    built = type_in(*commands("# Debugging native code"), check=True)
    assert "the sum is 499500.0" in built
    return type_in


def needs(tool: str) -> None:
    if shutil.which(tool) is None:
        pytest.skip(f"this machine has no {tool}")


def test_a_crash(desk):
    (line,) = commands("## What a crash looks like")
    text = desk(line)
    assert "SIGSEGV in kernel 'stray.sum' on thread cw-native-" in text
    if shutil.which("addr2line") is not None:
        found = desk(text.partition("its line: ")[2].splitlines()[0])
        assert "sum_of" in found
        assert "stray.c:" in found


def test_gdb(desk):
    needs("gdb")
    run, start, attach = commands("## gdb on a worker")
    text = desk(run)
    assert re.search(r'Thread \d+ "cw-native-\d" received signal SIGSEGV', text), text
    assert re.search(r"#0 +sum_of \(items=.*0x0, .*stray.c:\d+", text), text
    assert re.search(r"#1 .* run \(call=", text), text
    lines = (
        f"coproc stray {{ exec {start.removesuffix('&')}; }}",
        'read -r word process <&"${stray[0]}"',
        attach.replace("PID", '"$process"'),
        "kill $process",
    )
    # gdb stops the worker anywhere, also in what the kernel asks the host, or on the way to it.
    for _ in range(5):
        text = desk(*lines)
        if "Operation not permitted" in text:
            pytest.skip("this machine does not let gdb attach")
        if re.search(r'"cw-native-\d"\):\n(#.*\n)*?#\d+ .*\brun \(call=', text):
            return
    text = re.sub(r"^(\[New LWP|\[Thread debugging|Using host).*\n", "", text, flags=re.MULTILINE)
    pytest.fail(f"no worker was seen in its kernel: {text}")


def test_perf(desk):
    needs("perf")
    record, report = commands("## perf with frame pointers")
    text = desk(record)
    if "stray.data" not in desk("ls") or "Captured and wrote" not in text:
        pytest.skip(f"perf cannot record here: {text.strip()[-200:]}")
    text = desk(report)
    assert re.search(r"cw-native-\d +stray\.so +\[\.\] sum_of", text), text


def test_sanitizers(desk):
    compile_it, preload, options, past_end, overflow = commands(
        "## A sanitizer build of your kernel"
    )
    if "cannot find" in desk(compile_it):
        pytest.skip("the compiler has no sanitizers")
    text = desk(preload, options, past_end)
    assert "AddressSanitizer: heap-buffer-overflow" in text, text
    assert re.search(r"#0 .* in sum_of_copy .*stray\.c:\d+", text), text
    text = desk(preload, options, overflow)
    assert "runtime error: signed integer overflow" in text, text


def test_debug_mode(desk):
    (line,) = commands("## Debug mode")
    text = desk(line)
    section = GUIDE.read_text().partition("## Debug mode\n")[2]
    (promised,) = re.findall(r"^cogway\.KernelError: stray.*", section, re.MULTILINE)
    assert text.splitlines()[-1] == promised.replace("/home/you", desk("pwd -P").strip())
    assert "the sum is" in desk(line.removeprefix("COGWAY_DEBUG=1 "))  # unseen without it
