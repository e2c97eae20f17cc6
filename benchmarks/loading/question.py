# SPDX-License-Identifier: Apache-2.0
"""How fast do JPEG files become training batches?"""

from harness import Case, Metric, Question, Target

SPEED = Metric("images_per_s", "1/s", "higher")
COST = Metric("cpu_ms_per_image", "ms")
STEADY = (SPEED, COST)

QUESTION = Question(
    title="JPEG files to 224x224 float32 batches of 64: random crop, flip, normalise, 2 workers",
    floor="floor",
    rounds=5,
    timeout_s=120.0,
    cases=(
        Case("tiles 500x375, steady", STEADY, {"do": "steady", "data": "tiles"}),
        Case("full-size photographs, steady", STEADY, {"do": "steady", "data": "whole"}, rounds=3),
        Case(
            "first batch of a new loader",
            (Metric("first_batch_ms", "ms"),),
            {"do": "first", "data": "tiles"},
            rounds=3,
        ),
        Case(
            "peak memory (PSS, all processes)",
            (Metric("peak_mb", "MB"),),
            {"do": "memory", "data": "tiles"},
            rounds=1,
        ),
    ),
    targets=(
        Target(
            "fused decode to batch, images/s against the C++ floor",
            "tiles 500x375, steady",
            "images_per_s",
            0.9,
            ">=",
            of=("floor",),
        ),
        Target(
            "fused decode to batch, images/s ahead of every Python peer",
            "tiles 500x375, steady",
            "images_per_s",
            1.0,
            ">=",
            of=("*",),
            exclude=("floor",),
        ),
    ),
)
