# SPDX-License-Identifier: Apache-2.0
"""The interface records: what they see, and that a change needs a line in the changelog."""

from pathlib import Path

import pytest
from lint import RULES, Tree, cpp_declarations
from lint.api_snapshot import renew

HEADER = """
#pragma once
// class NotThis { int x; };
namespace cogway {
namespace detail { class Hidden {}; }
enum class Order : int { fifo, lifo };
inline constexpr int kLimit = 8;
/// A queue.
template <typename T, template <typename> class Atom = std::atomic>
class Ring final : public Base {
 public:
  explicit Ring(std::size_t capacity) : capacity_(capacity), mask_{capacity - 1} {}
  bool try_push(T value) noexcept { return push(value, [] { return 1; }); }
  struct Slot { int index = 0; std::vector<int> words{1, 2}; };
 private:
  void push(T value);
  std::size_t capacity_;
};
}  // namespace cogway
"""


def test_declarations_of_a_header():
    assert list(cpp_declarations.declarations(HEADER)) == [
        "cogway: enum class Order : int",
        "cogway::Order: fifo, lifo",
        "cogway: inline constexpr int kLimit = 8",
        "cogway: template <typename T, template <typename> class Atom = std::atomic> "
        "class Ring final : public Base",
        "cogway::Ring: explicit Ring(std::size_t capacity)",
        "cogway::Ring: bool try_push(T value) noexcept",
        "cogway::Ring: struct Slot",
        "cogway::Ring::Slot: int index = 0",
        "cogway::Ring::Slot: std::vector<int> words{}",
    ]


@pytest.fixture
def tree(tmp_path: Path) -> Tree:
    (tmp_path / "python/cogway").mkdir(parents=True)
    (tmp_path / "include/cogway/base").mkdir(parents=True)
    (tmp_path / "CHANGELOG.md").write_text("## Unreleased\n\n- base: a clock\n\n## 0.1.0\n")
    (tmp_path / "include/cogway/base/clock.hpp").write_text("namespace cogway { int now(); }\n")
    (tmp_path / "python/cogway/__init__.py").write_text(
        "from cogway._engine import Engine\n__all__ = ['Engine', 'load']\n"
        "def load(path: str) -> None: ...\n"
    )
    (tmp_path / "python/cogway/_engine.py").write_text(
        "class Engine:\n    def close(self, timeout: float = 1) -> None: ...\n"
        "    def _hidden(self): ...\n"
    )
    renew(Tree(tmp_path))
    return Tree(tmp_path)


def breaches(tree: Tree) -> list[str]:
    return [str(breach) for breach in RULES["api-snapshot"](Tree(tree.root))]


def test_records_hold_names_and_signatures(tree):
    assert breaches(tree) == []
    python = (tree.root / "tools/lint/api/python.txt").read_text().splitlines()[1:]
    assert python == [
        "class cogway.Engine()",
        "def cogway.Engine.close(self, timeout: float=1) -> None",
        "def cogway.load(path: str) -> None",
    ]
    cpp = (tree.root / "tools/lint/api/cpp.txt").read_text().splitlines()[1:]
    assert cpp == ["# cogway/base/clock.hpp", "cogway: int now()"]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("include/cogway/base/clock.hpp", "namespace cogway { long now(); }\n"),
        ("python/cogway/_engine.py", "class Engine:\n    def close(self) -> None: ...\n"),
    ],
)
def test_a_change_is_found_and_needs_a_changelog_line(tree, name, text):
    (tree.root / name).write_text(text)
    (breach,) = breaches(tree)
    assert "the public interface changed" in breach
    with pytest.raises(ValueError, match=r"CHANGELOG\.md says nothing"):
        renew(Tree(tree.root))
    (tree.root / "CHANGELOG.md").write_text("## Unreleased\n\n- base: another clock\n")
    renew(Tree(tree.root))
    assert breaches(tree) == []


def test_a_private_change_is_none(tree):
    (tree.root / "include/cogway/base/clock.hpp").write_text(
        "namespace cogway { int now(); namespace detail { int later(); } }\n"
    )
    assert breaches(tree) == []
