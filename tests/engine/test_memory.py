"""How much memory there is, and what is refused before it would end the process."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

from filterviz_widget.description import Description
from filterviz_widget.description.presets import PRESETS
from filterviz_widget.description.reading import Reading
from filterviz_widget.engine import memory
from filterviz_widget.engine.forward import Forward
from filterviz_widget.engine.memory import most_together
from filterviz_widget.model import read_model
from filterviz_widget.session.session import explain
from tests.networks import small_network


def test_less_memory_and_larger_pictures_mean_fewer_together(monkeypatch):
    view = read_model(keras.applications.MobileNetV2(weights=None, include_top=False, input_shape=(224, 224, 3)))
    counts = []
    for free in (4e9, 1e9, 1e6):
        monkeypatch.setattr(memory, "free", lambda free=free: free)
        counts.append(most_together(view, "Conv_1"))
    assert 64 > counts[0] > counts[1] > counts[2] == 1
    assert most_together(view, "Conv1") >= counts[-1]


def test_what_a_container_allows_counts_and_not_what_its_machine_has(monkeypatch, tmp_path):
    (tmp_path / "memory.max").write_text("3000000000\n")
    (tmp_path / "memory.current").write_text("1000000000\n")
    real = memory.Path

    def found(*parts):
        return real(tmp_path, *parts[1:]) if parts[0] == "/sys/fs/cgroup" else real(*parts)

    monkeypatch.setattr(memory, "Path", found)
    assert memory.free() <= 2e9
    (tmp_path / "memory.max").write_text("max\n")
    assert memory.free() > 2e9


@given(st.floats(1e5, 1e11), st.integers(16, 2048), st.integers(1, 16))
@settings(max_examples=60, deadline=None, derandomize=True)
def test_what_is_refused_is_said_with_the_layer_and_a_size_that_fits(free, side, together):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(memory, "free", lambda: free)
        try:
            memory.check(VIEW, "second", (side, side), together)
        except MemoryError as error:
            said = str(error)
        else:
            memory.check(VIEW, "second", (side // 2, side // 2), together)
            return
        assert f"layer second: An ascent on {together} image" in said
        smaller = int(said.partition("image_size=(")[2].partition(",")[0])
        assert 1 <= smaller < side
        if smaller > 1:
            memory.check(VIEW, "second", (smaller, smaller), together)


VIEW = read_model(small_network(size=None))


def test_on_a_gpu_nothing_is_refused_beforehand_as_it_says_so_itself(monkeypatch):
    view = read_model(small_network())
    monkeypatch.setattr(memory, "free", lambda: 1e5)
    with pytest.raises(MemoryError, match="There is too little memory for layer second"):
        memory.check(view, "second", (512, 512), 1)
    monkeypatch.setattr(tf.config, "list_physical_devices", lambda kind=None: [kind])
    memory.check(view, "second", (512, 512), 1)


@pytest.mark.parametrize("words", ["", "Unable to allocate 3.00 GiB for an array with shape (1, 2)"])
def test_what_python_and_numpy_say_of_a_picture_is_said_with_the_layer_and_a_size_too(words):
    description = Description("conv3", 2, 1.0, 20, 0, Reading("image", (64, 48), (0, 1)), PRESETS["classic"].method)
    said = explain(MemoryError(words), description)
    assert said == (
        "There is too little memory for layer conv3: it was used up by an image of 64 x 48 pixels. Try "
        "image_size=(32, 24), or an earlier layer."
    )
    assert explain(MemoryError(said), description) == said


def test_images_go_through_the_model_as_many_at_once_as_the_memory_holds(monkeypatch):
    forward, images = Forward(VIEW, "second"), np.random.default_rng(0).random((7, *VIEW.image_shape), np.float32)
    whole = forward.summary(images)
    for free, most in ((1e12, 7), (20e6, 2), (8e6, 1)):
        monkeypatch.setattr(memory, "free", lambda free=free: free)
        assert min(7, forward.most()) == most
        for one, other in zip(forward.summary(images), whole, strict=True):
            np.testing.assert_allclose(one, other, rtol=1e-5)
    monkeypatch.setattr(memory, "free", lambda: 1e6)
    for ask in (forward.summary, lambda images: forward.maps(images[:1])):
        with pytest.raises(
            MemoryError, match=r"layer second: The feature maps of 1 image of 224 x 224 .* Try image_size="
        ):
            ask(images)


def test_what_tensorflow_says_is_said_with_the_layer_and_a_size_and_what_has_words_stays():
    with pytest.raises(MemoryError, match=r"layer conv: .* of 64 x 32 pixels. Try image_size=\(32, 16\)"):  # noqa: SIM117
        with memory.told("conv", (64, 32)):
            raise tf.errors.ResourceExhaustedError(None, None, "OOM when allocating tensor")
    with (
        pytest.raises(MemoryError, match=r"^There is too little memory for layer conv: so$"),
        memory.told("conv", (64, 32)),
    ):
        raise MemoryError("There is too little memory for layer conv: so")
