# SPDX-License-Identifier: Apache-2.0
"""Each rule of tools/lint finds a seeded breach, and leaves its lawful twin alone."""

import shutil

import pytest
from lint.programs import program

LICENCE = "// SPDX-License-Identifier: Apache-2.0\n"

CONTRACT = "// **Threads**: any. **Ownership**: none. **Progress**: wait-free. **Order**: none.\n"

CASES = [
    # rule, file, text that breaks it, text that keeps it (None: no text would)
    ("file-size", "src/base/clock.cpp", "int a;\n" * 401, "int a;\n" * 400),
    ("file-size", "include/cogway/base/clock.hpp", "int a;\n" * 201, "int a;\n" * 200),
    ("file-size", "python/cogway/flow.py", "a = 1\n" * 301, "a = 1\n" * 300),
    ("file-size", "tests/python/test_flow.py", "a = 1\n" * 501, "a = 1\n" * 500),
    ("file-size", "include/cogway/kernel_abi.h", "int a;\n" * 601, "int a;\n" * 600),
    ("blob-size", "docs/picture.png", "x" * 200_001, "x" * 200_000),
    ("spdx", "src/base/clock.cpp", "int a;\n", LICENCE),
    ("spdx", "dev", "#!/bin/sh\necho\n", "#!/bin/sh\n# SPDX-License-Identifier: Apache-2.0\n"),
    (
        "include-law",
        "include/cogway/queue/ring.hpp",
        '#include "cogway/bus/buffer.hpp"\n',
        '#include "cogway/sync/flag.hpp"\n',
    ),
    ("include-law", "src/engine/engine.cpp", "#include <Python.h>\n", "#include <vector>\n"),
    ("include-law", "src/bus/bus.cpp", "#include <sys/mman.h>\n", "#include <cstring>\n"),
    (
        "include-law",
        "packs/image/decode.cpp",
        '#include "cogway/base/status.hpp"\n',
        '#include "cogway/kernel_abi.h"\n',
    ),
    (
        "include-law",
        "include/cogway/kernel/view.hpp",
        '#include "cogway/bus/layout.hpp"\n',
        '#include "cogway/kernel/status.hpp"\n',
    ),
    (
        "include-law",
        "src/engine/engine.cpp",
        '#include "cogway/bus/detail/block.hpp"\n',
        '#include "cogway/engine/detail/block.hpp"\n',
    ),
    (
        "include-law",
        "tests/cpp/sync/flag_test.cpp",
        '#include "cogway/engine/engine.hpp"\n',
        '#include "cogway/base/clock.hpp"\n',
    ),
    (
        "python-law",
        "python/cogway/demo/show.py",
        "from cogway._engine import Engine\n",
        "from cogway import Engine\nfrom cogway.demo._view import View\n",
    ),
    (
        "python-law",
        "examples/01_first.py",
        "import cogway._core\n",
        "import cogway\nfrom cogway import __version__\n",
    ),
    (
        "python-law",
        "python/cogway/__init__.py",
        "import asyncio\n",
        "def run():\n    import asyncio\n",
    ),
    (
        "memory-order",
        "src/sync/flag.cpp",
        "void f() { a.load(std::memory_order_acquire); }\n",
        "// order: acquire, pairs with set() release; publishes b\n"
        "void f() { a.load(std::memory_order_acquire); }\n",
    ),
    (
        "memory-order",
        "src/sync/flag.cpp",
        "// order: too far above\n\n\n\nint x = a.load(std::memory_order_relaxed);\n",
        "// order: none of the weak ones\nint x = a.load(std::memory_order_seq_cst);\n",
    ),
    (
        "forbidden",
        "src/module/module.cpp",
        "void f() { PyGILState_Ensure(); }\n",
        '// PyGILState_Ensure() is not for us\nconst char* name = "PyGILState_Ensure()";\n',
    ),
    (
        "forbidden",
        "src/sync/flag.cpp",
        "std::atomic_thread_fence(std::memory_order_seq_cst);\n",
        "// no atomic_thread_fence here\n",
    ),
    (
        "forbidden",
        "src/engine/worker.cpp",
        "std::this_thread::sleep_for(1ms);\n",
        "event.wait(1ms); // never sleep_for(1ms)\n",
    ),
    ("forbidden", "src/base/text.cpp", 'auto s = std::format("{}", 1);\n', "auto s = format(1);\n"),
    ("forbidden", "tests/python/test_a.py", "time.sleep(0.1)\n", "event.wait()\n"),
    ("forbidden", "tests/python/test_a.py", "asyncio.sleep(0.1)\n", "asyncio.sleep(0)\n"),
    ("forbidden", "src/base/clock.cpp", "// TODO later\n", "// TODO(#12) later\n"),
    (
        "forbidden",
        "src/base/clock.cpp",
        "// --- The clock\n// ---------------------\n",
        "// --- The clock ---------------------\n// A row of -------------------------\n",
    ),
    (
        "figures",
        "docs/guides/a.md",
        "A wake-up costs about\n25 µs.\n",
        "A window of 150 µs, doubling from 1 to 128 ms.\n",
    ),
    (
        "figures",
        "README.md",
        "It does 172 k/s.\n",
        "<!-- bench:await -->\n| 172 k/s |\n<!-- /bench -->\n```c\nwait(1); // takes 2 ms\n```\n",
    ),
    (
        "figures",
        "src/base/a.cpp",
        "int a;  // some 20 to 25 µs each\n",
        'const char* a = "takes 2 ms";  // at most 50 µs\n',
    ),
    ("figures", "include/cogway/base/a.hpp", "/// 3 ns dearer.\n", "/// Dearer by a little.\n"),
    ("names", "src/base/clock_utils.cpp", "int a;\n", None),
    ("names", "python/cogway/helpers/clock.py", "a = 1\n", None),
    ("names", "include/cogway/bus/BufferManager.hpp", "int a;\n", None),
    ("names", "python/cogway/compat/utils/clock.py", "a = 1\n", None),
    (
        "contracts",
        "include/cogway/sync/flag.hpp",
        "// **Threads**: any. **Order**: none.\nclass Flag {};\n",
        CONTRACT + "class Flag {};\n",
    ),
    (
        "contracts",
        "include/cogway/sync/flag.hpp",
        "struct Flag {\n  std::atomic<int> a;\n};\n",
        "class Flag;\nenum class Kind { a };\nstruct Options {\n  int a = 1;\n};\n",
    ),
    (
        "contracts",
        "include/cogway/queue/ring.hpp",
        CONTRACT + "template <typename T>\nclass SmallQueue {};\n",
        CONTRACT + "// **Linearizable?** Yes.\ntemplate <typename T>\nclass SmallQueue {};\n",
    ),
    (
        "contracts",
        "include/cogway/base/os/clock.hpp",
        "int now();\n",
        CONTRACT + "int now();\n",
    ),
    (
        "documented-names",
        "python/cogway/__init__.py",
        '__all__ = ["Engine"]\n',
        '__all__ = ["__version__"]\n',
    ),
    ("clang-format", "src/base/clock.cpp", "int  a ;\n", "int a;\n"),
    ("ruff", "python/cogway/a.py", "import os\n", '"""A."""\n'),
    ("ruff-format", "python/cogway/a.py", "a  = 1\n", "a = 1\n"),
]


@pytest.mark.parametrize(("rule", "name", "broken", "lawful"), CASES)
def test_rule_finds_a_breach_and_only_that(check, rule, name, broken, lawful):
    assert [breach.path for breach in check(rule, {name: broken})] == [name]
    if lawful is not None:
        assert check(rule, {name: lawful}) == []


def test_a_file_named_after_a_noun_is_lawful(check):
    files = ("src/base/clock.cpp", "src/bus/commonality.hpp", "python/cogway/compat/ft_utils/a.py")
    assert check("names", dict.fromkeys(files, "")) == []


def test_a_breach_names_its_line(check):
    text = LICENCE + "\nvoid f() { PyGILState_Release(g); }\n"
    (breach,) = check("forbidden", {"src/module/module.cpp": text})
    assert str(breach).startswith("src/module/module.cpp:3: PyGILState_Release")


def test_root_entries_are_counted_by_folder(check):
    lawful = {f"src/{number}.txt": "" for number in range(40)}
    assert check("root-entries", lawful) == []
    assert len(check("root-entries", {f"file{number}": "" for number in range(24)})) == 1


def test_a_documented_name_is_found_in_the_reference(check):
    files = {
        "python/cogway/__init__.py": '__all__ = ["Engine"]\n',
        "docs/reference/engine.md": "```{eval-rst}\n.. autoclass:: cogway.Engine\n```\n",
    }
    assert check("documented-names", files) == []


def test_mypy_finds_a_wrong_type(check):
    settings = '[tool.mypy]\nstrict = true\nfiles = ["python"]\n'
    broken = {"pyproject.toml": settings, "python/a.py": "x: int = 'text'\n"}
    (breach,) = check("mypy", broken)
    assert (breach.path, breach.line) == ("python/a.py", 1)
    assert check("mypy", {"python/a.py": "x: int = 1\n"}) == []


def test_importing_the_package_imports_nothing_heavy(check):
    files = {
        "python/cogway/__init__.py": "from cogway._engine import Engine\n",
        "python/cogway/_engine.py": "def run():\n    from cogway import _loop\n",
        "python/cogway/_loop.py": "import asyncio\n",
    }
    assert check("python-law", files) == []
    (breach,) = check("python-law", {"python/cogway/_engine.py": "from cogway import _loop\n"})
    assert breach.path == "python/cogway/_loop.py"


def test_the_umbrella_names_every_public_header(check):
    text = '#include "cogway/base/clock.hpp"\n'
    files = {
        "include/cogway/base/clock.hpp": "",
        "include/cogway/base/os/futex.hpp": "",
        "include/cogway/python/bridge.hpp": "",
        "include/cogway/cogway.hpp": text,
    }
    assert check("umbrella", files) == []
    assert len(check("umbrella", {"include/cogway/bus/bus.hpp": ""})) == 1
    assert (
        len(check("umbrella", {"include/cogway/cogway.hpp": text + '#include "cogway/bus/a.hpp"'}))
        == 2
    )


def needs(name):
    """Skips where the program is not installed; ./dev lint installs it."""
    return pytest.mark.skipif(shutil.which(program(name)) is None, reason=f"{name} is absent")


@needs("basedpyright")
@pytest.mark.slow
def test_a_public_name_without_a_type_is_found(check):
    files = {
        "python/cogway/py.typed": "",
        "python/cogway/__init__.py": "__all__ = ['double']\n\n\ndef double(x):\n    return [x]\n",
    }
    breaches = check("type-completeness", files)
    assert {(breach.path, breach.line) for breach in breaches} == {("python/cogway/__init__.py", 4)}
    typed = "__all__ = ['double']\n\n\ndef double(x: int) -> list[int]:\n    return [x]\n"
    assert check("type-completeness", {"python/cogway/__init__.py": typed}) == []


@needs("sp-repo-review")
@pytest.mark.slow
def test_a_repository_without_a_readme_is_found(check):
    project = '[project]\nname = "a"\nversion = "1"\n'
    before = check("repo-review", {"pyproject.toml": project})
    assert any("PY002" in breach.text for breach in before)
    after = check("repo-review", {"README.md": "# a\n"})
    assert not any("PY002" in breach.text for breach in after)
