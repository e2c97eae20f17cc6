# SPDX-License-Identifier: Apache-2.0
"""`cogway bus`: what it tells of living, dead and damaged buses, and what it repairs."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from cogway import Bus
from cogway.cli import main

MIB = 1 << 20


@pytest.fixture
def name(request):
    """A name for a bus."""
    return f"cli-{os.getpid()}-{abs(hash(request.node.name)) % 10**9}"


def killed(name, create=False):
    """A process that took part in the bus, leased 1 MiB and was killed."""
    enter = f"Bus.create({name!r}, bytes=8 << 20)" if create else f"Bus.open({name!r})"
    code = f"from cogway import Bus\nbus = {enter}\nheld = bus.lease(1 << 20)\nprint('up')\ninput()"
    process = subprocess.Popen(
        [sys.executable, "-u", "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert process.stdout.readline() == b"up\n"
    process.kill()
    process.communicate()
    return process.pid


def shown(capsys, *words):
    """What `cogway bus … --json` prints, and its exit status."""
    status = main(["bus", *words, "--json"])
    return json.loads(capsys.readouterr().out), status


def test_list_info_and_stats(name, capsys):
    with Bus.create(name, bytes=8 * MIB) as bus:
        held = bus.lease(MIB)
        found, status = shown(capsys, "list")
        assert status == 0
        assert {"name": name, "capacity": 8 * MIB, "participants": 1} in found["buses"]
        found, status = shown(capsys, "info", name)
        assert (status, found["capacity"]) == (0, 8 * MIB)
        (owner,) = found["owners"]
        assert (owner["pid"], owner["alive"], owner["waiting"]) == (os.getpid(), True, False)
        found, status = shown(capsys, "stats", name)
        assert (status, found["leased_bytes"]) == (0, held.nbytes)
        assert found["owners"][0]["leased_bytes"] == held.nbytes
        assert len(bus.statistics().owners) == 1  # the command takes no part
        assert shown(capsys, "diagnose", name) == ({"name": name, "problems": []}, 0)
        assert main(["bus", "stats", name]) == 0
        assert "leased_bytes       1048576" in capsys.readouterr().out
    with pytest.raises(FileExistsError, match="takes part"):
        Bus.remove(name)


def test_channels_are_shown(name, capsys):
    with Bus.create(name, bytes=8 * MIB) as bus:
        channel = bus.channel("frames", capacity=5, policy="fail")
        channel.send(b"x" * 16)
        expected = {
            "name": "frames",
            "capacity": 5,
            "policy": "fail",
            "kind": "mpmc",
            "messages": 1,
            "bytes": 16,
            "closed": False,
            "openers": [bus.participant],
            "filling": [],
        }
        for action in ("info", "stats"):
            assert shown(capsys, action, name)[0]["channels"] == [expected]
        assert main(["bus", "info", name]) == 0
        assert "name=frames  capacity=5  policy=fail" in capsys.readouterr().out


def test_the_dead_are_found_and_what_they_held_taken_back(name, capsys):
    with Bus.create(name, bytes=8 * MIB) as bus:
        pid = killed(name)
        found, status = shown(capsys, "diagnose", name)
        assert status == 1
        (problem,) = found["problems"]
        assert problem.startswith(f"process {pid} (")
        assert problem.endswith(") died with 1 buffers")
        found, status = shown(capsys, "repair", name)
        assert status == 0
        assert found == {"name": name, "removed": False, "reclaimed": 1, "disinherited": 0}
        assert bus.statistics().live_buffers == 0
        assert shown(capsys, "diagnose", name)[1] == 0


def test_handles_that_nobody_attaches_are_given_up(name, capsys):
    with Bus.create(name, bytes=8 * MIB):
        with Bus.open(name) as other:
            other.hand_over(other.lease(MIB))
        found, status = shown(capsys, "diagnose", name)
        assert status == 1
        assert found["problems"] == ["1048576 bytes are held for handles whose senders have left"]
        assert shown(capsys, "repair", name)[0]["disinherited"] == 0
        assert shown(capsys, "repair", name, "--disinherit")[0]["disinherited"] == 1
        assert shown(capsys, "diagnose", name)[1] == 0


def test_a_bus_of_the_dead_is_removed(name, capsys):
    killed(name, create=True)
    found, status = shown(capsys, "diagnose", name)
    assert status == 1
    assert "nobody takes part in it any more" in found["problems"]
    found, status = shown(capsys, "repair", name)
    assert (status, found["removed"], found["reclaimed"]) == (0, True, 1)
    assert list(Path("/dev/shm").glob(f"cogway.{name}.*")) == []
    assert name not in Bus.names()


def test_what_cannot_be_opened_is_told(name, capsys):
    assert main(["bus", "info", name]) == 1
    assert "there is no bus" in capsys.readouterr().err
    assert main(["bus", "info", "a/b"]) == 1
    assert main(["bus"]) == 2
    capsys.readouterr()
    path = Path(f"/dev/shm/cogway.{name}.bus")
    path.touch(0o600)
    path.write_bytes(b"garbage " * 100_000)
    found, _ = shown(capsys, "list")
    (entry,) = [entry for entry in found["buses"] if entry["name"] == name]
    assert "not a bus of cogway" in entry["problem"]
    assert main(["bus", "repair", name]) == 1
    path.unlink()
