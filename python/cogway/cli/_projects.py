# SPDX-License-Identifier: Apache-2.0
"""The projects that `cogway new kernel` writes: which files, out of which templates."""

from __future__ import annotations

import builtins
import keyword
import re
import shutil
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

_TEMPLATES = Path(__file__).parent / "templates"
_SHARED = {
    "README.md": "shared/readme",
    "test_@NAME@.py": "shared/test",
    "demo.py": "shared/demo",
    "run": "shared/run",
    ".gitignore": "",
}


class ProjectError(Exception):
    """A project cannot be written; says why and what to do."""


@dataclass(frozen=True, slots=True)
class Language:
    """What a project in one language is made of."""

    sources: dict[str, str]  # file: template, also in place of a shared one
    table: dict[str, str]  # file: what it holds, for the README
    library: str = ""
    describe: str = ""
    run: str = ""
    tools: tuple[tuple[str, str], ...] = ()  # programs of which each is needed, and how to get them
    ignored: str = "build/\n"
    note: str = ""


LANGUAGES = {
    "c": Language(
        {"@NAME@.c": "c/source", "Makefile": "c/makefile"},
        {"@NAME@.c": "the kernel", "Makefile": "how it is compiled"},
        "build/@NAME@.so",
        "scale_describe",
        "scale_run",
        (("cc", "gcc"), ("make", "make"), ("pkg-config", "pkg-config")),
    ),
    "cpp": Language(
        {"@NAME@.cpp": "cpp/source", "CMakeLists.txt": "cpp/cmakelists"},
        {"@NAME@.cpp": "the kernel", "CMakeLists.txt": "how it is compiled"},
        "build/@NAME@.so",
        ".shape<function>()",
        "scale",
        (("c++", "g++"), ("cmake", "cmake"), ("make", "make")),
        "build/\nbuild.log\n",
    ),
    "cython": Language(
        {"@NAME@.pyx": "cython/source", "Makefile": "cython/makefile"},
        {"@NAME@.pyx": "the kernel", "Makefile": "how it is compiled"},
        "build/@NAME@.so",
        "describe",
        "scale_items",
        (("cc", "gcc"), ("make", "make")),
    ),
    "numba": Language(
        {
            "@NAME@.py": "numba/source",
            "README.md": "numba/readme",
            "test_@NAME@.py": "numba/test",
            "demo.py": "numba/demo",
        },
        {"@NAME@.py": "the kernel"},
        ignored="__pycache__/\n",
    ),
    "rust": Language(
        {"src/lib.rs": "rust/source", "src/abi.rs": "rust/abi", "Cargo.toml": "rust/cargo"},
        {
            "src/lib.rs": "the kernel",
            "src/abi.rs": "what it sees of cogway",
            "Cargo.toml": "how it is compiled",
        },
        "target/release/lib@NAME@.so",
        "describe",
        "items",
        (("cargo", "cargo rustc"), ("cc", "gcc")),
        "target/\nbuild.log\nCargo.lock\n",
    ),
}


def check_name(name: str) -> None:
    """Refuse what cannot be a kernel's, a file's and a crate's name at once.

    Raises:
        ProjectError: With the reason.
    """
    if not re.fullmatch(r"[a-z][a-z0-9_]{0,39}", name):
        raise ProjectError(
            f"{name!r} cannot be a kernel's name: a lower-case letter, then up to 39 lower-case "
            "letters, digits and underscores"
        )
    taken = (
        name in _template("shared/reserved").split()
        or keyword.iskeyword(name)
        or keyword.issoftkeyword(name)
        or name in sys.stdlib_module_names
        or hasattr(builtins, name)
    )
    if taken:
        raise ProjectError(f"{name!r} means something else in one of the languages: choose another")
    import cogway

    if any(pack.name == name for pack in cogway.packs()):
        raise ProjectError(f"{name!r} is the name of a pack that cogway brings: choose another")


def missing_tools(language: Language) -> list[tuple[str, str]]:
    """Return the programs that a project needs and this machine lacks, with Debian's packages."""
    return [(tool, packages) for tool, packages in language.tools if shutil.which(tool) is None]


def write(name: str, language: Language, folder: Path) -> list[str]:
    """Write a project into a new folder, whole or not at all.

    Returns:
        The files, relative to the folder.

    Raises:
        ProjectError: The folder exists and is not empty, or cannot be made.
    """
    if folder.exists() and not (folder.is_dir() and not any(folder.iterdir())):
        raise ProjectError(f"{folder} exists already: choose another name, or --folder")
    if not folder.parent.is_dir():
        raise ProjectError(f"there is no folder {folder.parent} to make {folder.name} in")
    files = _files(name, language)
    try:
        with tempfile.TemporaryDirectory(prefix=f".{name}-", dir=folder.parent) as scratch:
            made = Path(scratch) / "project"
            for relative, text in files.items():
                path = made / relative
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text, encoding="utf-8")
            (made / "run").chmod(0o755)
            made.rename(folder)
    except OSError as error:
        raise ProjectError(f"{folder} cannot be written: {error.strerror or error}") from error
    return sorted(files)


def _files(name: str, language: Language) -> dict[str, str]:
    build = _template(f"{next(iter(language.sources.values())).partition('/')[0]}/build").rstrip()
    table = "\n".join(f"| `{file}` | {holds} |" for file, holds in language.table.items())
    filled = {
        "@BUILD@": build,
        "@TABLE@": table,
        "@LIBRARY@": language.library,
        "@DESCRIBE@": language.describe,
        "@RUN@": language.run,
        "@NOTE@\n": language.note,
        "@NAME@": name,  # last: the others hold it
    }
    files = {}
    for target, template in {**_SHARED, **language.sources}.items():
        text = _template(template) if template else language.ignored
        for mark, value in filled.items():
            text = text.replace(mark, value)
        files[target.replace("@NAME@", name)] = text
    return files


def _template(name: str) -> str:
    """Return a template without its first line: our licence, which is not the project's."""
    return (_TEMPLATES / f"{name}.in").read_text(encoding="utf-8").partition("\n")[2]
