# SPDX-License-Identifier: Apache-2.0
"""Kernel packs that tests compile as a user would: a C compiler and the header we ship."""

from __future__ import annotations

import functools
import shutil
import subprocess
import tempfile
from pathlib import Path

import cogway
import pytest

DEAF = """
#include <cogway/kernel_abi.h>
#include <semaphore.h>
#include <stdatomic.h>

/* deaf.wait never asks whether it is cancelled: it returns when deaf.release has run, if ever.
   deaf.release returns when a kernel has gone through, so that no later one takes its turn; at once
   when none has come, as in a test that was skipped. */
static sem_t gate, gone;
static atomic_int inside;

static int32_t wait_for_gate(const cogway_call* call) {
  (void)call;
  atomic_fetch_add(&inside, 1);
  while (sem_wait(&gate) != 0) {
  }
  atomic_fetch_sub(&inside, 1);
  sem_post(&gone);
  return COGWAY_OK;
}

static int32_t open_gate(const cogway_call* call) {
  (void)call;
  if (atomic_load(&inside) == 0) return COGWAY_OK;
  sem_post(&gate);
  while (sem_wait(&gone) != 0) {
  }
  return COGWAY_OK;
}

static const cogway_kernel kernels[] = {
    {.size = sizeof(cogway_kernel), .name = "deaf.wait", .max_inputs = 1, .run = wait_for_gate},
    {.size = sizeof(cogway_kernel), .name = "deaf.release", .run = open_gate},
};
static const cogway_pack pack = {
    .size = sizeof(cogway_pack),
    .abi = COGWAY_KERNEL_ABI,
    .name = "deaf",
    .version = "1.0",
    .kernels = kernels,
    .n_kernels = 2,
};

__attribute__((visibility("default"))) const cogway_pack* cogway_pack_v1(const cogway_host* host) {
  if (host->abi != COGWAY_KERNEL_ABI || sem_init(&gate, 0, 0) != 0 ||
      sem_init(&gone, 0, 0) != 0)
    return 0;
  return &pack;
}
"""


def include_folder() -> Path:
    """Where kernel_abi.h is: in the package that is tested, or beside it in a build tree."""
    shipped = Path(cogway.get_include())
    return shipped if shipped.is_dir() else Path(__file__).parents[2] / "include"


def compile_pack(name: str, source: str, folder: Path, *flags: str) -> Path:
    """Compile C source as the guide says; skips the test where there is no compiler."""
    compiler = shutil.which("cc") or shutil.which("gcc")
    if compiler is None:
        pytest.skip("there is no C compiler")
    (folder / f"{name}.c").write_text(source)
    subprocess.run(
        [compiler, "-O2", "-Wall", "-Wextra", "-Werror", "-shared", "-fPIC", "-I", include_folder(),
         f"{name}.c", "-o", f"{name}.so", "-lm", *flags],
        cwd=folder, check=True,
    )  # fmt: skip
    return folder / f"{name}.so"


@functools.cache
def load_pack(name: str, *flags: str) -> cogway.PackInfo:
    """Compile data/packs/<name>.c and load it, once a process."""
    source = Path(__file__).parent / "data" / "packs" / f"{name}.c"
    folder = Path(tempfile.mkdtemp(prefix="cogway-pack-"))
    return cogway.load(compile_pack(name, source.read_text(), folder, *flags))
