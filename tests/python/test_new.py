# SPDX-License-Identifier: Apache-2.0
"""`cogway new kernel`: each language's project builds, passes its own test and loads."""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from cogway.cli import main

NEEDS = {
    "c": ("cc", "make", "pkg-config"),
    "cpp": ("c++", "cmake", "make"),
    "cython": ("cc", "make"),
    "numba": (),
    "rust": ("cargo", "cc"),
}
PACKAGES = {"cython": "Cython", "numba": "numba"}


def new(*words: str) -> int:
    return main(["new", *words])


def run(folder: Path, *words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(folder / "run"), *words],
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
        env={**os.environ, "PYTHON": sys.executable, **environment},
    )


@pytest.fixture
def project(tmp_path):
    assert new("kernel", "mine", "--lang", "c", "--folder", str(tmp_path / "mine")) == 0
    return tmp_path / "mine"


@pytest.mark.slow
@pytest.mark.parametrize("language", sorted(NEEDS))
def test_a_project_builds_and_passes_its_own_test(language, tmp_path, script):
    for tool in NEEDS[language]:
        if shutil.which(tool) is None:
            pytest.skip(f"{language}: {tool} is not installed")
    package = PACKAGES.get(language)
    if package is not None and importlib.util.find_spec(package) is None:
        pytest.skip(f"{language}: {package} is not installed")
    folder = tmp_path / f"my_{language}"
    assert new("kernel", folder.name, "--lang", language, "--folder", str(folder)) == 0
    built = run(folder, "test")
    assert built.returncode == 0, built.stdout + built.stderr
    assert "OK" in built.stderr
    if language == "numba":
        use, pack = f"import sys; sys.path.insert(0, {str(folder)!r}); import my_numba", "numba"
        named = "import my_numba"
    else:
        library = next(path for path in folder.rglob("*.so") if "deps" not in path.parts)
        use, pack = f"cogway.load({str(library)!r})", f"my_{language}"
        named = str(library.relative_to(folder))
    script(
        f"""
        import array, cogway
        {use}
        (kernel,) = [one for one in cogway.kernels() if one.pack == {pack!r}]
        assert kernel.name == "my_{language}.scale"
        assert [one.name for one in kernel.parameters] == ["factor", "offset"]
        with cogway.Engine(native_workers=1) as engine:
            result = engine.c_spawn(kernel.name, array.array("f", [1, 2]), factor=3).result()
            assert memoryview(result).tolist() == [3, 6]
        """
    )
    readme = (folder / "README.md").read_text()
    assert named in readme
    assert "@" not in readme


def test_what_is_written_is_named(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert new("kernel", "mine", "--lang", "rust", "--json") == 0
    found = json.loads(capsys.readouterr().out)
    assert found["folder"] == "mine"
    assert "src/lib.rs" in found["files"]
    written = [str(path.relative_to("mine")) for path in Path("mine").rglob("*") if path.is_file()]
    assert sorted(written) == found["files"]
    assert os.access("mine/run", os.X_OK)


@pytest.mark.parametrize(
    "name",
    ["../x", "/tmp/x", "a b", "", "X", "1st", "a-b", "a.b", "x;rm", "é", "a" * 41, "a\nb", "_a"],
)
def test_names_that_cannot_be(name, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert new("kernel", "--lang", "c", "--", name) == 1
    assert "cannot be a kernel's name" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "name", ["class", "fn", "struct", "json", "print", "match", "core", "demo", "numba"]
)
def test_names_that_mean_something(name, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert new("kernel", name, "--lang", "c") == 1
    assert "choose another" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_wrong_use(capsys):
    assert new("kernel", "mine") == 2
    assert "--lang" in capsys.readouterr().err
    assert new("kernel", "mine", "--lang", "cobol") == 2
    assert "cpp" in capsys.readouterr().err
    assert new("engine", "mine", "--lang", "c") == 2


def test_an_existing_folder_is_left_alone(tmp_path, capsys):
    folder = tmp_path / "mine"
    folder.mkdir()
    (folder / "precious").write_text("mine")
    assert new("kernel", "mine", "--lang", "c", "--folder", str(folder)) == 1
    assert "exists already" in capsys.readouterr().err
    assert [path.name for path in tmp_path.rglob("*")] == ["mine", "precious"]
    file = tmp_path / "file"
    file.write_text("mine")
    assert new("kernel", "mine", "--lang", "c", "--folder", str(file)) == 1
    assert new("kernel", "mine", "--lang", "c", "--folder", str(tmp_path / "a" / "b")) == 1
    assert "there is no folder" in capsys.readouterr().err
    empty = tmp_path / "empty"
    empty.mkdir()
    assert new("kernel", "mine", "--lang", "c", "--folder", str(empty)) == 0


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_that_cannot_be_written(tmp_path, capsys):
    tmp_path.chmod(0o500)
    assert new("kernel", "mine", "--lang", "c", "--folder", str(tmp_path / "mine")) == 1
    assert "cannot be written" in capsys.readouterr().err
    tmp_path.chmod(0o700)


def test_a_missing_compiler_is_named_when_writing(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("PATH", str(tmp_path))
    assert new("kernel", "mine", "--lang", "rust", "--folder", str(tmp_path / "mine")) == 0
    printed = capsys.readouterr().out
    assert "cargo is not installed" in printed
    assert "apt install cargo rustc" in printed


def test_a_missing_compiler_is_named_when_building(project, tmp_path):
    tools = tmp_path / "tools"
    tools.mkdir()
    for tool in ("sh", "dirname", "make", "pkg-config"):
        (tools / tool).symlink_to(shutil.which(tool) or shutil.which("sh"))
    failed = run(project, "build", PATH=str(tools))
    assert failed.returncode == 1
    assert "cc is not installed (a C compiler; Debian: apt install gcc)" in failed.stderr


def test_a_python_without_cogway_is_named(project):
    failed = run(project, PYTHON="/no/such/python")
    assert failed.returncode == 1
    assert "cogway is not installed for /no/such/python" in failed.stderr


def test_a_python_without_numba_is_named(tmp_path):
    assert new("kernel", "mine", "--lang", "numba", "--folder", str(tmp_path / "mine")) == 0
    python = tmp_path / "python"
    python.write_text('#!/bin/sh\ncase "$2" in *numba*) exit 1 ;; esac\n')
    python.chmod(0o755)
    failed = run(tmp_path / "mine", "test", PYTHON=str(python))
    assert failed.returncode == 1
    assert "numba is not installed" in failed.stderr
    assert "pip install numba" in failed.stderr


def test_an_unknown_word_is_named(project):
    failed = run(project, "biuld")
    assert failed.returncode == 1
    assert "unknown word 'biuld'" in failed.stderr


@pytest.mark.slow
def test_a_source_that_does_not_compile_fails_with_the_compiler_s_words(project):
    if shutil.which("cc") is None or shutil.which("pkg-config") is None:
        pytest.skip("c: cc or pkg-config is not installed")
    (project / "mine.c").write_text("int broken(void) { return nonsense; }\n")
    failed = run(project, "build")
    assert failed.returncode != 0
    assert "nonsense" in failed.stderr
