# SPDX-License-Identifier: Apache-2.0
"""Tickets as concurrent.futures futures, and the thread that resolves them."""

import resource

import pytest


def test_descriptors_beyond_what_select_takes(script):
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < 1100:
        pytest.skip(f"this machine allows {hard} descriptors")
    script("""
        import os, resource, cogway
        _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (1100, hard))
        engine = cogway.Engine(native_workers=1, python_workers=1)
        while os.open(os.devnull, os.O_RDONLY) < 1030:
            pass
        future = engine.c_spawn("core.noop").as_concurrent()
        assert future.result(timeout=30) is None
        pipeline = cogway.Pipeline(engine).source([1, 2]).python(str)
        assert [item.value for item in pipeline] == ["1", "2"]
        engine.close()
    """)
