# SPDX-License-Identifier: Apache-2.0
"""`cogway bus`: the shared buses of this machine, who takes part, and what can be put right."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator

    from cogway import SharedBusOwner

NAME = "bus"
HELP = "list, inspect and repair the shared buses of this machine"

_ACTIONS = {
    "list": "the names of all shared buses, and why one cannot be opened",
    "info": "one bus: capacity, participants and channels",
    "stats": "one bus: bytes and buffers, by state and by owner",
    "diagnose": "what is wrong with one bus; exit status 1 if anything is",
    "repair": "take back what the dead held; remove a bus without a living participant",
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of the verb."""
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    for action, text in _ACTIONS.items():
        one = actions.add_parser(action, help=text, description=f"{text[0].upper()}{text[1:]}.")
        if action != "list":
            one.add_argument("name", help="the name that it was created with")
        if action == "repair":
            one.add_argument(
                "--disinherit",
                action="store_true",
                help="also give up on handles that nobody attached and whose senders have left",
            )
        one.add_argument("--json", action="store_true", help="print it as JSON")


def _list() -> dict[str, Any]:
    from cogway import Bus

    buses: list[dict[str, Any]] = []
    for name in Bus.names():
        entry: dict[str, Any] = {"name": name, "capacity": None, "participants": None}
        try:
            found = Bus.inspect(name)
        except Exception as problem:
            entry["problem"] = str(problem)
        else:
            entry["capacity"] = found.capacity
            entry["participants"] = sum(owner.alive for owner in found.owners)
        buses.append(entry)
    return {"buses": buses}


def _info(name: str) -> dict[str, Any]:
    from cogway import Bus

    found = Bus.inspect(name)
    shown = ("participant", "pid", "name", "alive", "waiting")
    return {
        "name": name,
        "capacity": found.capacity,
        "owners": [{key: getattr(owner, key) for key in shown} for owner in found.owners],
        "channels": [asdict(channel) for channel in found.channels],
    }


def _stats(name: str) -> dict[str, Any]:
    from cogway import Bus

    found = asdict(Bus.inspect(name))
    del found["in_transit"]  # which each process counts for itself
    lists = {key: list(found[key]) for key in ("owners", "words", "channels")}
    return {"name": name, **found, **lists}


def _diagnose(name: str) -> dict[str, Any]:
    from cogway import Bus

    found = Bus.inspect(name)
    problems = [problem for owner in found.owners for problem in _problems(owner)]
    if found.bequeathed_bytes:
        problems.append(
            f"{found.bequeathed_bytes} bytes are held for handles whose senders have left"
        )
    problems += [
        f"a process ended with mutex '{word.name}', and nobody has repaired it"
        for word in found.words
        if word.inconsistent
    ]
    owners = {owner.participant: owner for owner in found.owners}
    for channel in found.channels:
        for owner in (owners[who] for who in channel.filling if who in owners):
            if not owner.alive or _stopped(owner.pid):
                problems.append(
                    f"process {owner.pid} ({owner.name}) holds a slot of channel '{channel.name}' "
                    "and hides the messages after it"
                )
    if not any(owner.alive for owner in found.owners):
        problems.append("nobody takes part in it any more")
    return {"name": name, "problems": problems}


def _problems(owner: SharedBusOwner) -> Iterator[str]:
    process = f"process {owner.pid} ({owner.name})"
    if not owner.alive:
        yield f"{process} died with {owner.buffers} buffers"
    elif _stopped(owner.pid):
        yield f"{process} is stopped"
    if owner.alive and owner.waiting:
        yield f"{process} waits for room"


def _stopped(pid: int) -> bool:
    try:
        text = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return False
    return text.rpartition(")")[2].split()[0] in ("T", "t")


def _repair(name: str, disinherit: bool) -> dict[str, Any]:
    from cogway import Bus

    dead = sum(not owner.alive for owner in Bus.inspect(name).owners)
    result: dict[str, Any] = {"name": name, "removed": False, "reclaimed": dead, "disinherited": 0}
    try:
        Bus.remove(name)
        result["removed"] = True
    except FileExistsError:  # it lives: whoever takes part takes back what the dead held
        with Bus.open(name) as bus:
            bus.reclaim()
            if disinherit:
                result["disinherited"] = bus.disinherit()
    return result


def text(found: dict[str, Any]) -> Iterator[str]:
    """Return the same for people, line by line."""
    for key, value in found.items():
        if not isinstance(value, list):
            yield f"{key:18} {value}"
    for key, value in found.items():
        if isinstance(value, list):
            yield f"{key}:" if value else f"{key}: none"
            for entry in value:
                if isinstance(entry, dict):
                    yield "  " + "  ".join(f"{name}={part}" for name, part in entry.items())
                else:
                    yield f"  {entry}"


def _found(arguments: argparse.Namespace) -> dict[str, Any]:
    if arguments.action == "list":
        return _list()
    if arguments.action == "repair":
        return _repair(arguments.name, arguments.disinherit)
    return {"info": _info, "stats": _stats, "diagnose": _diagnose}[arguments.action](arguments.name)


def execute(arguments: argparse.Namespace) -> int:
    """Print what was asked for and return the exit status."""
    from cogway import CogwayError

    try:
        found = _found(arguments)
    except (OSError, ValueError, NotImplementedError, CogwayError) as problem:
        print(f"cogway bus: {problem}", file=sys.stderr)
        return 1
    print(json.dumps(found, indent=2) if arguments.json else "\n".join(text(found)))
    return 1 if found.get("problems") else 0
