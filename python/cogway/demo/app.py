# SPDX-License-Identifier: Apache-2.0
"""The demo itself: the same training three times, a live view, a closing table, two pictures."""

from __future__ import annotations

import argparse
import json
import math
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cogway.demo import photographs, report
from cogway.demo.budget import Budget
from cogway.demo.recipe import Recipe
from cogway.demo.training import FeedFailedError, train_with
from cogway.demo.view import View, make_view

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cogway.demo.photographs import Photographs

FEEDS = ("cogway", "threads", "processes")


def parse(arguments: Sequence[str]) -> argparse.Namespace:
    """Read the command line."""
    usual = Recipe()
    parser = argparse.ArgumentParser(
        prog="cogway demo",
        description="Train a small classifier on real photographs, fed by cogway and by Pillow.",
    )
    parser.add_argument(
        "--feed", choices=FEEDS, action="append",
        help="train with this feed only; may be given again (default: all three)",
    )  # fmt: skip
    parser.add_argument(
        "--seconds", type=float, default=usual.seconds,
        help="end each training after that many seconds (default: %(default)g)",
    )  # fmt: skip
    parser.add_argument(
        "--budget", type=float, default=usual.budget,
        help="seconds that the whole demo may take; trainings are ended earlier where needed "
        "(default: %(default)g)",
    )  # fmt: skip
    parser.add_argument(
        "--epochs", type=int, default=usual.epochs,
        help="passes over the data (default: %(default)d)",
    )  # fmt: skip
    parser.add_argument(
        "--workers", type=int, default=usual.workers,
        help="threads or processes that load (default: %(default)d)",
    )  # fmt: skip
    parser.add_argument(
        "--tiles", type=int, default=photographs.TRAIN_PER_CLASS,
        help="tiles of each class to train on (default: %(default)d)",
    )  # fmt: skip
    parser.add_argument("--model", choices=("auto", "torch", "numpy"), default="auto")
    parser.add_argument(
        "--output", type=Path, default=Path("demo-output"), help="folder for report and pictures"
    )
    parser.add_argument(
        "--share", type=Path, default=Path("/usr/share"),
        help="folder below which the photographs' packages are unpacked (default: %(default)s)",
    )  # fmt: skip
    parser.add_argument("--cache", type=Path, help="folder for the tiles (default: XDG cache)")
    parser.add_argument("--plain", action="store_true", help="lines of text instead of a live view")
    parser.add_argument("--json", action="store_true", help="print the report as JSON")
    options = parser.parse_args(arguments)
    for name in ("seconds", "budget", "epochs", "workers", "tiles"):
        if not 0 < getattr(options, name) < math.inf:
            parser.error(f"--{name} must be greater than 0, and finite")
    return options


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the demo; return the exit status (0; 1 when something is missing; 130 on Ctrl-C)."""
    options = parse(sys.argv[1:] if arguments is None else arguments)
    try:
        options.output.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        # Now, not when the trainings are over.
        reason = error.strerror or error
        print(f"cogway demo: {options.output} cannot be written: {reason}", file=sys.stderr)
        return 1
    budget = Budget(options.budget)
    view = make_view(live=not (options.plain or options.json), quiet=options.json)
    try:
        with view:
            data = photographs.prepare(
                share=options.share,
                cache=options.cache,
                per_class=(options.tiles, max(options.tiles // 5, 1)),
                on_progress=view.preparing,
            )
            results = run_feeds(data, options, view, budget)
            if "cogway" in results:
                from cogway.demo.contact_sheet import draw_contact_sheet

                sheet = draw_contact_sheet(data, Recipe(), options.output / "samples.jpg")
                view.note(f"augmented samples: {sheet}")
        plot = report.draw_throughput(results, options.output / "throughput.png")
        told = report.write(results, data, budget, options.output)
    except KeyboardInterrupt:
        view.note("interrupted: everything is stopped")
        return 130
    except (photographs.PhotographsMissingError, FeedFailedError) as error:
        print(f"cogway demo: {error}", file=sys.stderr)
        return 1
    if options.json:
        print(json.dumps(told, indent=1))
        return 0
    print(report.table(results))
    print(plot)
    print(f"{told['seconds']:.0f} s in all, of at most {budget.seconds:.0f}")
    return 0


def run_feeds(
    data: Photographs, options: argparse.Namespace, view: View, budget: Budget
) -> dict[str, dict[str, Any]]:
    """Train once with each feed, and once with none; return what each training ended with."""
    recipe = replace(
        Recipe(), epochs=options.epochs, seconds=options.seconds, workers=options.workers
    )
    feeds = ("none", *(options.feed or FEEDS))
    view.begin(data, feeds, recipe)
    results = {}
    for number, feed in enumerate(feeds):
        limited = replace(recipe, seconds=budget.share(recipe.seconds, len(feeds) - number))
        if feed == "none":
            limited = replace(limited, epochs=1)  # it has one, and learns nothing from more
        with budget.measure() as spent:
            results[feed] = train_with(feed, data, limited, options.model, view.event)
            spent(results[feed]["seconds"])
    return results
