# SPDX-License-Identifier: Apache-2.0
"""The quiet check of `cogway bench`: from texts of /proc, with no clock."""

import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
BENCHMARKS = ROOT / "benchmarks"
if not BENCHMARKS.is_dir():
    pytest.skip("the benchmarks are not here", allow_module_level=True)
sys.path.insert(0, str(BENCHMARKS))

from harness import machine, quiet, run  # noqa: E402
from harness import question as questions  # noqa: E402

DATA = Path(__file__).parent / "data" / "bench"


def stat(*cpus):
    """/proc/stat of processors given as (user, idle, steal) in ticks."""
    lines = ["cpu  0 0 0 0 0 0 0 0 0 0"]
    for number, (user, idle, steal) in enumerate(cpus):
        lines.append(f"cpu{number} {user} 0 0 {idle} 0 0 0 {steal} 0 0")
    return "\n".join([*lines, "intr 12345", "ctxt 678"])


def watch(cpus, texts, own):
    texts, own = iter(texts), iter(own)
    return quiet.Watch(cpus, lambda: next(own), lambda: next(texts))


def test_only_the_chosen_processors_count():
    times = quiet.parse_stat(stat((100, 100, 0), (900, 0, 100)), [0])
    assert times == quiet.CpuTimes(busy=1.0, steal=0.0, total=2.0)


def test_more_than_one_digit_of_a_processor_is_read():
    text = stat(*[(100, 0, 0)] * 12)
    assert quiet.parse_stat(text, [1]).busy == 1.0
    assert quiet.parse_stat(text, [1, 11]).busy == 2.0


def test_own_time_is_not_foreign():
    reading = watch([0], [stat((0, 0, 0)), stat((90, 10, 0))], [5.0, 5.9]).read()
    assert reading.foreign == 0.0
    assert reading.reasons() == []


def test_what_others_use_is_foreign():
    reading = watch(
        [0, 1], [stat((0, 0, 0), (0, 0, 0)), stat((100, 0, 0), (20, 80, 0))], [0.0, 1.0]
    )
    found = reading.read()
    assert found.foreign == pytest.approx(0.1)
    assert found.reasons() == []
    noisy = watch([0], [stat((0, 0, 0)), stat((50, 50, 0))], [0.0, 0.2]).read()
    assert noisy.reasons() == ["other processes used 30% of the cores"]


def test_steal_is_told():
    reading = watch([0], [stat((0, 0, 0)), stat((0, 95, 5))], [0.0, 0.0]).read()
    assert reading.reasons() == ["the hypervisor took 5% of the cores"]


def test_load_counts_only_where_it_is_not_our_own():
    assert quiet.Quiet(0.0, 0.0, 2.0).reasons() == ["the load average is 2.00 per core"]
    assert quiet.Quiet(0.0, 0.0, None).reasons() == []
    assert quiet.load_per_core(2, "1.50 0.10 0.05 1/200 4321") == 0.75


def test_waiting_ends_with_quiet_or_with_patience():
    looks = []
    texts = iter([stat((0, 0, 0)), stat((0, 0, 0)), stat((100, 0, 0)), stat((100, 0, 0)),
                  stat((100, 100, 0))])  # fmt: skip
    made = quiet.Watch([0], lambda: 0.0, lambda: next(texts))
    reading = quiet.wait_until_quiet(made, lambda: None, patience_s=9.0, pause=looks.append)
    assert reading.reasons() == []
    assert looks == [1.0, 1.0]

    ticks = iter(range(0, 10000, 100))
    always = quiet.Watch([0], lambda: 0.0, lambda: stat((next(ticks), 0, 0)))
    looks.clear()
    reading = quiet.wait_until_quiet(always, lambda: None, patience_s=3.0, pause=looks.append)
    assert reading.reasons()
    assert len(looks) == 4


def test_a_noisy_machine_is_refused_or_marked(monkeypatch):
    monkeypatch.setattr(quiet, "load_per_core", lambda cores, text=None: 9.0)
    monkeypatch.setattr(
        quiet, "wait_until_quiet", lambda watch, load, **how: quiet.Quiet(0.5, 0.0, load())
    )
    asked = questions.load(DATA, "tiny")
    with pytest.raises(run.NotQuietError, match="50% of the cores; the load average is 9"):
        run.run(asked, run.Options())
    options = run.Options(look_s=0.0, force=True, rounds=1, cases=("plain",), only=("floor",))
    found = run.run(asked, options)
    assert "before: other processes used 50% of the cores" in found.noisy


CPUINFO = "processor\t: 0\nmodel name\t: Fancy(R) Chip(TM) 9000 CPU @ 3.20GHz\n"


def test_the_machine_line_names_what_a_reader_needs():
    host = machine.Machine(
        cpu=machine.cpu_model(CPUINFO),
        cores=2,
        architecture="x86_64",
        memory_gib=machine.memory_gib("MemTotal:       16777216 kB\n"),
        kernel="6.1.0",
        compiler="g++ 12.2.0",
        python="3.13.0",
        gil=True,
        cogway="0.1.0",
    )
    assert host.slug == "fancy-chip-9000-2-cores-x86-64"
    assert host.line() == (
        "Fancy Chip 9000, 2 cores (x86_64), 16 GiB, Linux 6.1.0, g++ 12.2.0, CPython 3.13.0, "
        "cogway 0.1.0"
    )


def test_this_machine_can_be_described():
    host = machine.describe(1, "3.13.0", False, None)
    assert host.cpu
    assert host.memory_gib > 0
    assert "without the GIL" in host.line()
    assert "cogway not installed" in host.line()
