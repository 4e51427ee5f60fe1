"""The table of models: each is drawn, and its activation is that of an independent forward pass; or it is refused."""

import inspect

import keras
import numpy as np
import pytest
import tensorflow as tf

from filterviz_widget import visualize_filter
from filterviz_widget.engine import READING, engine_of
from filterviz_widget.model.keras_private import functional
from filterviz_widget.model.load import load
from scripts.models_page import PAGE, page
from tests.zoo import ROWS, Made

pytestmark = pytest.mark.usefixtures("quick_to_start")


def made(row, **fixtures):
    thing = row.make(**{name: fixtures[name] for name in inspect.signature(row.make).parameters})
    if isinstance(thing, Made):
        return thing
    if row.error:
        return Made(thing, lambda _: None)
    return Made(thing, keras.Model(thing.inputs[0], thing.get_layer(row.layer).output))


def way_of(model, view):
    """Which of `WAYS` it was read by."""
    if "traced by TensorFlow" in view.note:
        return "traced"
    return "graph" if functional(load(model)) is not None else "followed"


@pytest.mark.parametrize("row", [row for row in ROWS if not row.error], ids=lambda row: row.name)
def test_a_model_is_drawn_and_its_activation_is_that_of_another_forward_pass(row, tmp_path):
    model, forward, more = made(row, folder=tmp_path)
    options = {**row.options, **more}
    view = engine_of(model, **{name: options[name] for name in READING if name in options}).view
    info = view.layer(row.layer)
    assert (view.image_shape, view.input_range) == (row.size, row.range)
    assert row.source in view.input_range_source
    assert info.note == row.note
    assert bool(view.note) == (row.way == "traced" or row.name == "never_called")
    assert way_of(model, view) == row.way

    picture = visualize_filter(model, row.layer, row.filter, iterations=3, precision="float32", **options)
    assert picture.raw.shape == row.size
    assert (picture.note, picture.error) == (row.caption, "")
    maps = np.asarray(forward(tf.constant(picture.raw[None])), np.float64)[0]
    assert maps.shape[-1] == info.filters
    scale = np.abs(maps).mean()
    assert picture.activations[-1] == pytest.approx(
        maps[..., row.filter].mean(), rel=row.tolerance, abs=row.tolerance * scale
    )
    assert picture.activations[-1] > picture.activations[0]


@pytest.mark.parametrize("row", [row for row in ROWS if row.error], ids=lambda row: row.name)
def test_what_is_no_model_of_images_is_told_what_it_is_what_is_expected_and_the_nearest_way(row, tmp_path, monkeypatch):
    thing, _, more = made(row, folder=tmp_path, monkeypatch=monkeypatch)
    with pytest.raises(row.error) as caught:
        visualize_filter(thing, "conv", 0, **{**row.options, **more})
    message = str(caught.value)
    for part in (row.expected, *row.says):
        assert part in message


def test_no_two_rows_have_one_name_and_each_says_what_it_is():
    names = [row.name for row in ROWS]
    assert len(set(names)) == len(names)
    assert all(row.what.endswith(".") for row in ROWS)


def test_the_page_is_up_to_date():
    assert PAGE.read_text("utf-8") == page(), "run python -m scripts.models_page"
