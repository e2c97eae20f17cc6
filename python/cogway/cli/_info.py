# SPDX-License-Identifier: Apache-2.0
"""`cogway info`: what is installed, and what this machine lets it do."""

from __future__ import annotations

import json
import os
import platform
import sys
import sysconfig
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from cogway.cli import _kernels

if TYPE_CHECKING:
    import argparse
    from collections.abc import Mapping, Sequence

NAME = "info"
HELP = "show the build, the machine, packs, kernels and strategies"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of the verb."""
    parser.add_argument("--json", action="store_true", help="print it as JSON")
    parser.add_argument(
        "--kernels",
        action="store_true",
        help="only the kernels, each with its signature, parameters and documentation",
    )
    parser.add_argument(
        "--load",
        action="append",
        default=[],
        metavar="PACK",
        help="load a kernel pack first (a shared object; may be given again)",
    )


def gather(packs: Sequence[str] = ()) -> dict[str, Any]:
    """Return everything that the verb shows, after loading `packs`.

    Raises:
        OSError: a pack cannot be opened.
        ValueError: a file is not a kernel pack of this ABI.
    """
    import cogway

    for path in packs:
        cogway.load(path)
    gil = bool(getattr(sys, "_is_gil_enabled", lambda: True)())
    return {
        "cogway": dict(cogway.build_info()),
        "python": {
            "version": platform.python_version(),
            "executable": sys.executable,
            "gil": {
                "built_in": not sysconfig.get_config_var("Py_GIL_DISABLED"),
                "enabled": gil,
            },
        },
        "machine": {
            "kernel": platform.release(),
            "architecture": platform.machine(),
            **cogway.processors(),
        },
        "debug": os.environ.get("COGWAY_DEBUG", "") not in ("", "auto", "0"),
        "packs": [asdict(pack) for pack in cogway.packs()],
        "kernels": [asdict(kernel) for kernel in cogway.kernels()],
        "strategies": [
            {
                "name": name,
                "available": reason is None,
                "reason": reason,
                "parallel": name != "main" or not gil,
                "auto": name == ("processes" if gil else "free_threaded"),
            }
            for name, reason in cogway.strategies().items()
        ],
    }


def _words_of(strategy: Mapping[str, Any]) -> str:
    """Return what one strategy is, or why it cannot be had."""
    name = f"{strategy['name']}{' (auto)' if strategy['auto'] else ''}"
    if not strategy["available"]:
        return f"{name}: not here: {strategy['reason']}"
    kind = "processes on a shared bus" if strategy["name"] == "processes" else "threads"
    return f"{name}: {kind}, {'in parallel' if strategy['parallel'] else 'one at a time'}"


def text(found: Mapping[str, Any]) -> str:
    """Return the same for people."""
    own, python, machine = found["cogway"], found["python"], found["machine"]
    gil = "on" if python["gil"]["enabled"] else "off"
    if not python["gil"]["enabled"] or python["gil"]["built_in"]:
        note = ""
    else:
        note = " (this build can run without it; an imported module turned it on)"
    quota = "no quota" if machine["quota"] is None else f"a quota of {machine['quota']:g}"
    build = [own["compiler"], "optimised" if own["optimized"] else "not optimised"]
    build += ["asserts"] if own["asserts"] else []
    build += [f"{own['sanitizer']} sanitizer"] if own["sanitizer"] else []
    build.append(f"kernel ABI {own['kernel_abi']}")
    lines = [
        f"cogway          {own['version']}",
        f"build           {', '.join(build)}",
        f"Python          {python['version']}, GIL {gil}{note}",
        f"machine         Linux {machine['kernel']}, {machine['architecture']}",
        f"processors      {machine['allowed']} allowed, {quota}, {machine['usable']} usable",
    ]
    label = "Python workers"
    for strategy in found["strategies"]:
        lines.append(f"{label:<16}{_words_of(strategy)}")
        label = ""
    if found["debug"]:
        lines.append("debug mode      on by COGWAY_DEBUG: slow, finds what kernels overwrite")
    for pack in found["packs"]:
        lines += ["", f"pack {pack['name']} {pack['version']}  {pack['path']}".rstrip()]
        for kernel in found["kernels"]:
            if kernel["pack"] == pack["name"]:
                summary = kernel["doc"].partition("\n")[0]
                lines.append(f"  {kernel['name']:<18} {summary}")
    return "\n".join(lines)


def execute(found: argparse.Namespace) -> int:
    """Print it."""
    try:
        gathered = gather(found.load)
    except (OSError, ValueError, RuntimeError) as error:
        print(f"cogway info: {error}", file=sys.stderr)
        return 1
    if found.kernels:
        kernels = gathered["kernels"]
        print(json.dumps(kernels, indent=1) if found.json else _kernels.text(kernels))
    else:
        print(json.dumps(gathered, indent=1) if found.json else text(gathered))
    return 0
