# SPDX-License-Identifier: Apache-2.0
"""The rules of the house. ``RULES`` maps each rule's name to its check of a tree."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lint.api_snapshot import api_snapshot
from lint.clang_tidy import clang_tidy
from lint.contracts import contracts
from lint.documented_names import documented_names
from lint.figures import figures
from lint.file_size import blob_size, file_size, root_entries
from lint.forbidden import forbidden
from lint.include_law import include_law
from lint.memory_order import memory_order
from lint.names import names
from lint.programs import (
    clang_format,
    mypy,
    repo_review,
    ruff,
    ruff_format,
    stubtest,
    type_completeness,
)
from lint.python_law import python_law
from lint.spdx import spdx
from lint.tree import Breach, Tree
from lint.umbrella import umbrella

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

RULES: dict[str, Callable[[Tree], Iterable[Breach]]] = {
    "file-size": file_size,
    "root-entries": root_entries,
    "blob-size": blob_size,
    "spdx": spdx,
    "names": names,
    "include-law": include_law,
    "umbrella": umbrella,
    "python-law": python_law,
    "memory-order": memory_order,
    "contracts": contracts,
    "figures": figures,
    "forbidden": forbidden,
    "api-snapshot": api_snapshot,
    "documented-names": documented_names,
    "clang-format": clang_format,
    "ruff": ruff,
    "ruff-format": ruff_format,
    "mypy": mypy,
    "stubtest": stubtest,
    "type-completeness": type_completeness,
    "repo-review": repo_review,
    "clang-tidy": clang_tidy,
}

__all__ = ["RULES", "Breach", "Tree"]
