# SPDX-License-Identifier: Apache-2.0
"""Rendered figures: pages hold what the stored results say, and nothing typed by hand."""

import shutil
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
BENCHMARKS = ROOT / "benchmarks"
if not BENCHMARKS.is_dir():
    pytest.skip("the benchmarks are not here", allow_module_level=True)
sys.path.insert(0, str(BENCHMARKS))

from harness import plot, render, run, store  # noqa: E402
from harness import question as questions  # noqa: E402

DATA = Path(__file__).parent / "data" / "bench"


@pytest.fixture(scope="module")
def outcomes():
    outcome = run.run(questions.load(DATA, "tiny"), run.Options(look_s=0.0, force=True, rounds=1))
    return {"tiny": outcome}


def test_the_pages_equal_the_rendering_of_the_stored_results():
    differing = render.render_pages(ROOT, write=False)
    assert differing == [], "run `cogway bench render`"


def test_every_block_of_the_pages_names_a_question():
    known = {*questions.discover(BENCHMARKS), "targets", "soak"}
    for page in render.pages(ROOT):
        if page.is_file():
            for match in render._BLOCK.finditer(page.read_text(encoding="utf-8")):
                assert match["name"].partition(":")[0].strip() in known, page


def test_a_block_holds_losing_rows_too(outcomes):
    text = render.block("tiny", outcomes)
    ours, slow = text.index("**cogway**"), text.index("slow peer")
    assert text.index("bare floor") < ours < slow  # the best first; the floor beats us, and shows
    assert "1.20 |" in text
    assert "Not installed for this run: peer_missing." in text


def test_a_block_may_choose_cases(outcomes):
    text = render.block("tiny: doubled", outcomes)
    assert "| doubled |" in text
    assert "plain" not in text


def test_targets_are_one_table(outcomes):
    text = render.block("targets", outcomes)
    assert "| tiny | cost at most 1.5 x the floor | 1.20 ≤ 1.5 × floor | met |" in text
    assert "**missed**" in text


def test_a_question_without_results_says_how_to_get_them(outcomes):
    assert "`cogway bench absent --store`" in render.block("absent", outcomes)
    assert "`cogway bench --all --store`" in render.block("targets", {})


def test_rendering_keeps_the_rest_of_the_page_and_is_idempotent(outcomes):
    page = "# Top\n\n<!-- bench:tiny -->\nold\n<!-- /bench -->\n\nrest\n"
    once = render.render(page, outcomes)
    assert once.startswith("# Top\n\n<!-- bench:tiny -->\n| case |")
    assert once.endswith("<!-- /bench -->\n\nrest\n")
    assert "old" not in once
    assert render.render(once, outcomes) == once


def test_an_unknown_case_is_refused_with_the_known_ones(outcomes):
    with pytest.raises(render.RenderError, match=r"'tripled'.*'plain', 'doubled'"):
        render.render("<!-- bench:tiny: tripled -->\n<!-- /bench -->\n", outcomes)


def test_an_open_block_is_refused(outcomes):
    with pytest.raises(render.RenderError, match="has no"):
        render.render("<!-- bench:tiny -->\n", outcomes)


def test_pages_are_compared_and_written(outcomes, tmp_path):
    store.save(tmp_path / "benchmarks", outcomes["tiny"])
    page = tmp_path / "README.md"
    page.write_text("<!-- bench:tiny -->\n<!-- /bench -->\n")
    (tmp_path / "docs").mkdir()
    untouched = tmp_path / "docs" / "plain.md"
    untouched.write_text("no block\n")
    assert render.render_pages(tmp_path, write=False) == [page]
    assert "bare floor" not in page.read_text()
    assert render.render_pages(tmp_path, write=True) == [page]
    assert "bare floor" in page.read_text()
    assert render.render_pages(tmp_path, write=False) == []


@pytest.mark.parametrize("suffix", [".png", ".svg"])
@pytest.mark.slow
def test_a_plot_is_drawn(outcomes, tmp_path, suffix):
    pytest.importorskip("matplotlib")
    path = plot.plot(outcomes["tiny"], tmp_path / f"tiny{suffix}")
    head = path.read_bytes()[:64]
    assert head.startswith(b"\x89PNG") or b"<?xml" in head
    shutil.rmtree(tmp_path)


def test_a_plot_without_matplotlib_says_what_to_install(outcomes, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with pytest.raises(plot.PlotError, match="pip install matplotlib"):
        plot.plot(outcomes["tiny"], tmp_path / "tiny.svg")


def test_a_figure_stands_within_a_line(outcomes):
    (row,) = (
        row
        for row in outcomes["tiny"].rows
        if (row.case, row.contestant, row.metric.name) == ("plain", "cogway", "cost")
    )
    name = "tiny; plain; cogway; cost"
    text = f"| <!-- figure:{name} -->–<!-- /figure --> of it |"
    found = render.render(text, outcomes)
    assert (
        f"-->{render.table.number(row.median)} {row.metric.unit}<!-- /figure --> of it |" in found
    )
    assert render.render(found, outcomes) == found
    assert render.figure(f"{name} ratio", outcomes) == f"{render.table.number(row.ratio)} ×"


def test_a_figure_that_is_not_stored_is_a_dash(outcomes):
    assert render.figure("elsewhere; plain; cogway; cost", outcomes) == "–"
    assert render.figure("tiny; plain; nobody; cost", outcomes) == "–"
    with pytest.raises(render.RenderError, match="no case 'none'"):
        render.figure("tiny; none; cogway; cost", outcomes)
    with pytest.raises(render.RenderError, match="expected question; case"):
        render.figure("tiny", outcomes)


def test_every_figure_of_the_pages_names_what_its_question_has():
    for page in render.pages(ROOT):
        for match in render._FIGURE.finditer(page.read_text(encoding="utf-8")):
            name, case, contestant, metric = (part.strip() for part in match["name"].split(";"))
            asked = questions.load(BENCHMARKS, name)
            assert metric.split()[0] in {found.name for found in asked.case(case).metrics}, match[0]
            assert contestant in {path.stem for path in asked.contestants()}, match[0]
