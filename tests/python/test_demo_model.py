# SPDX-License-Identifier: Apache-2.0
"""The demo's models: each learns, from buffers of the bus as from arrays."""

from __future__ import annotations

import cogway
import pytest
from cogway.demo.trainer import make_model

numpy = pytest.importorskip("numpy")

MODELS = [
    "numpy",
    pytest.param("torch", marks=pytest.mark.torch),
]


@pytest.fixture
def model(request):
    if request.param == "torch":
        pytest.importorskip("torch", reason="torch is not installed")
    made = make_model(request.param, classes=2)
    assert made.name == request.param
    return made


def pictures(count=16):
    """Dark and bright ones, labelled so."""
    labels = [number % 2 for number in range(count)]
    draw = numpy.random.default_rng(0)
    batch = draw.normal(0, 0.1, (count, 3, 32, 32)).astype(numpy.float32)
    batch += numpy.asarray(labels, numpy.float32)[:, None, None, None]
    return batch, labels


@pytest.mark.parametrize("model", MODELS, indirect=True)
def test_a_model_learns_to_tell_dark_from_bright(model):
    batch, labels = pictures()
    losses = [model.train_step(batch, labels) for _ in range(120)]
    assert losses[-1] < losses[0] / 2
    assert model.predict(batch) == labels


@pytest.mark.parametrize("model", MODELS, indirect=True)
def test_a_model_takes_a_buffer_of_the_bus(model):
    batch, labels = pictures()
    with cogway.Engine(native_workers=1) as engine:
        buffer = engine.bus.lease(batch.shape, "float32")
        numpy.asarray(buffer)[:] = batch
        losses = [model.train_step(buffer, labels) for _ in range(3)]
        assert losses == pytest.approx(
            [make_model(model.name, classes=2).train_step(batch, labels), *losses[1:]], rel=1e-4
        )
        predicted = model.predict(buffer)
        del buffer
    assert len(predicted) == len(labels)


def test_a_model_that_is_not_there_is_refused(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "cogway.demo.model_torch", None)
    with pytest.raises(ImportError):
        make_model("torch", classes=2)
    assert make_model("auto", classes=2).name == "numpy"
