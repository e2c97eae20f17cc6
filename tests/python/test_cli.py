# SPDX-License-Identifier: Apache-2.0
"""The command `cogway`: verbs, exit statuses, JSON."""

import json
import re
import subprocess
import sys
from pathlib import Path

import cogway
import pytest
from cogway import cli
from cogway.cli import _bench, _demo, _kernels

DATA = Path(__file__).parent / "data" / "bench"
BENCHMARKS = Path(__file__).resolve().parents[2] / "benchmarks"
needs_benchmarks = pytest.mark.skipif(not BENCHMARKS.is_dir(), reason="the benchmarks are not here")


@pytest.fixture
def tiny(monkeypatch, tmp_path):
    """A benchmarks folder of one tiny question beside the real harness."""
    root = tmp_path / "benchmarks"
    root.mkdir()
    (root / "harness").symlink_to(BENCHMARKS / "harness")
    (root / "tiny").symlink_to(DATA / "tiny")
    monkeypatch.setenv("COGWAY_BENCHMARKS", str(root))
    return root


class TestCommand:
    def test_without_a_verb_it_shows_them_and_fails(self, capsys):
        assert cli.main([]) == 2
        shown = capsys.readouterr().err
        for verb in ("info", "demo", "bench"):
            assert verb in shown

    def test_help_is_not_a_failure(self, capsys):
        assert cli.main(["--help"]) == 0
        assert "info" in capsys.readouterr().out

    def test_an_unknown_verb_is_wrong_use(self, capsys):
        assert cli.main(["dance"]) == 2
        assert "dance" in capsys.readouterr().err

    def test_version(self, capsys):
        assert cli.main(["--version"]) == 0
        assert capsys.readouterr().out == f"cogway {cogway.__version__}\n"

    def test_an_unknown_option_of_a_verb_is_wrong_use(self):
        assert cli.main(["info", "--colour"]) == 2

    @pytest.mark.slow
    def test_python_m_cogway_is_the_command(self):
        done = subprocess.run(
            [sys.executable, "-m", "cogway", "--version"],
            capture_output=True,
            text=True,
            check=False,
        )
        assert (done.returncode, done.stdout) == (0, f"cogway {cogway.__version__}\n")

    def test_ctrl_c_ends_with_130(self, monkeypatch):
        def interrupted(found):
            raise KeyboardInterrupt

        monkeypatch.setattr("cogway.cli._info.execute", interrupted)
        assert cli.main(["info"]) == 130


class TestInfo:
    def test_it_names_the_version_the_machine_and_the_kernels(self, capsys):
        assert cli.main(["info"]) == 0
        shown = capsys.readouterr().out
        for part in (cogway.__version__, "GIL", "processors", "core.noop", "Python workers"):
            assert part in shown

    def test_its_json_has_the_stated_keys(self, capsys):
        assert cli.main(["info", "--json"]) == 0
        found = json.loads(capsys.readouterr().out)
        assert set(found) == {
            "cogway", "python", "machine", "debug", "packs", "kernels", "strategies"
        }  # fmt: skip
        assert found["cogway"]["version"] == cogway.__version__
        assert found["machine"]["allowed"] >= 1
        assert "core.noop" in {kernel["name"] for kernel in found["kernels"]}
        gil = found["python"]["gil"]["enabled"]
        offered = {each["name"]: each for each in found["strategies"]}
        assert list(offered) == ["main", "free_threaded", "processes"]
        assert offered["main"]["parallel"] is not gil
        assert offered["free_threaded"]["available"] is not gil
        assert ("GIL is on" in (offered["free_threaded"]["reason"] or "")) is gil
        assert offered["processes"] == {
            "name": "processes", "available": True, "reason": None, "parallel": True, "auto": gil
        }  # fmt: skip

    def test_kernels_shows_signatures_parameters_and_defaults(self, capsys):
        assert cli.main(["info", "--kernels"]) == 0
        shown = capsys.readouterr().out
        for kernel in cogway.kernels():
            assert f"{kernel.name}  {kernel.signature}".rstrip() in shown
            for parameter in kernel.parameters:
                assert parameter.name in shown
        assert 'color  rgb | gray = "rgb"' in re.sub(r"color +", "color  ", shown)

    def test_kernels_are_to_be_had_as_json(self, capsys):
        assert cli.main(["info", "--kernels", "--json"]) == 0
        found = {one["name"]: one for one in json.loads(capsys.readouterr().out)}
        assert set(found) == {kernel.name for kernel in cogway.kernels()}
        (decode,) = (kernel for kernel in cogway.kernels() if kernel.name == "image.decode")
        assert found["image.decode"]["doc"] == decode.doc
        names = [one["name"] for one in found["image.decode"]["parameters"]]
        assert names == [parameter.name for parameter in decode.parameters]

    @pytest.mark.parametrize(
        ("fields", "shown"),
        [
            ({"type": "int", "default": 3}, "int = 3"),
            ({"type": "floats", "default": [0.5, 1]}, "floats = [0.5, 1]"),
            ({"type": "string", "default": None}, "string, optional"),
            ({"type": "float", "required": True, "default": None}, "float, required"),
            ({"type": "choice", "choices": ("a", "b"), "default": "a"}, 'a | b = "a"'),
        ],
    )
    def test_a_parameter_says_its_type_and_default(self, fields, shown):
        assert _kernels._type({"required": False, "choices": (), **fields}) == shown

    def test_a_pack_that_is_not_there_fails_with_its_path(self, capsys):
        assert cli.main(["info", "--load", "/nowhere/libpack.so"]) == 1
        assert "/nowhere/libpack.so" in capsys.readouterr().err


class TestDemo:
    def test_its_arguments_are_handed_on_help_included(self, monkeypatch):
        seen = []
        monkeypatch.setattr("cogway.demo.main", lambda words: seen.append(words) or 0)
        assert cli.main(["demo", "--help", "--seconds", "3"]) == 0
        assert seen == [["--help", "--seconds", "3"]]

    def test_its_status_is_the_commands(self, monkeypatch):
        monkeypatch.setattr("cogway.demo.main", lambda words: 1)
        assert _demo.forward([]) == 1


@needs_benchmarks
class TestBench:
    def test_without_a_question_it_lists_them(self, tiny, capsys):
        assert cli.main(["bench"]) == 0
        assert "tiny: A question whose answers are known" in capsys.readouterr().out

    def test_the_list_is_to_be_had_as_json(self, tiny, capsys):
        assert cli.main(["bench", "--list", "--json"]) == 0
        (entry,) = json.loads(capsys.readouterr().out)
        assert entry["question"] == "tiny"
        assert entry["contestants"][:2] == ["cogway", "floor"]

    def test_an_unknown_question_is_wrong_use(self, tiny, capsys):
        assert cli.main(["bench", "big"]) == 2
        assert "'big'" in capsys.readouterr().err

    @pytest.mark.parametrize(
        "words",
        [
            ["--all", "tiny"],
            ["12"],
            ["tiny", "0"],
            ["tiny", "--rounds", "0"],
            ["tiny", "render"],
            ["tiny", "--store", "--quick"],
        ],
    )
    def test_words_that_exclude_each_other_are_wrong_use(self, tiny, words, capsys):
        assert cli.main(["bench", *words]) == 2
        assert "cogway bench:" in capsys.readouterr().err

    @pytest.mark.slow
    def test_it_measures_stores_and_renders(self, tiny, capsys):
        page = tiny.parent / "README.md"
        page.write_text("<!-- bench:tiny -->\n<!-- /bench -->\n")
        words = ["bench", "tiny", "--force", "--rounds", "1", "--json", "--store"]
        assert cli.main(words) == 1  # a contestant of it fails
        found = json.loads(capsys.readouterr().out)
        stored = list(tiny.glob("results/*/tiny.json"))
        assert len(stored) == 1
        assert json.loads(stored[0].read_text()) == found
        assert cli.main(["bench", "render", "--check"]) == 1
        assert cli.main(["bench", "render"]) == 0
        assert cli.main(["bench", "render", "--check"]) == 0
        assert "**cogway**" in page.read_text()

    @pytest.mark.slow
    def test_a_gate_turns_a_missed_target_into_a_failure(self, tiny, capsys):
        (tiny / "tiny").unlink()
        (tiny / "tiny").mkdir()
        for name in ("question", "cogway", "floor"):
            (tiny / "tiny" / f"{name}.py").symlink_to(DATA / "tiny" / f"{name}.py")
        words = ["bench", "tiny", "--force", "--rounds", "1"]
        assert cli.main(words) == 0
        assert cli.main([*words, "--gate"]) == 1
        assert "MISSED: at most 25 ns" in capsys.readouterr().out

    def test_a_contestants_interpreter_may_differ_by_question(self):
        sys.path.insert(0, str(BENCHMARKS))
        import argparse

        from harness import command

        found = argparse.Namespace(python=["/a/python", "loading=/b/python"])
        assert command._interpreter(found, "loading") == "/b/python"
        assert command._interpreter(found, "await") == "/a/python"
        assert command._interpreter(argparse.Namespace(python=[]), "x") == sys.executable

    def test_without_a_checkout_it_says_what_to_do(self, monkeypatch, tmp_path, capsys):
        monkeypatch.setenv("COGWAY_BENCHMARKS", str(tmp_path))
        assert _bench.find_benchmarks() is None
        assert cli.main(["bench", "await", "--json"]) == 1
        assert "checkout" in capsys.readouterr().err

    def test_the_checkout_is_found_from_a_folder_inside_it(self, monkeypatch):
        monkeypatch.delenv("COGWAY_BENCHMARKS", raising=False)
        monkeypatch.chdir(BENCHMARKS.parent / "docs")
        assert _bench.find_benchmarks() == BENCHMARKS
