"""One engine per model and reading, found through the model, which it does not hold."""

import gc
import random
import weakref

import keras
import numpy as np
import pytest
from keras import layers

from filterviz_widget import FilterExplorer, visualize_filter, visualize_layer
from filterviz_widget.engine import engine_of, registry
from tests.networks import SIZE, small_network, wanted


def test_every_door_finds_the_same_engine():
    model = small_network()
    engine = engine_of(model)
    assert engine_of(model, image_size=None, input_range="auto") is engine
    explorer = FilterExplorer(model)
    assert explorer._engine() is engine
    explorer.close()


@pytest.mark.parametrize(
    "reading",
    [
        {"image_size": 24},
        {"input_range": (0, 255)},
        {"preprocess": "tf"},
        {"preprocess": lambda x: x * 2},
        {"channels": (2, 1, 0)},
    ],
)
def test_another_reading_is_another_engine_and_another_description(reading):
    model = small_network()
    engine, other = engine_of(model), engine_of(model, **reading)
    assert other is not engine
    assert engine_of(model, **reading) is other
    assert other.describe("second", 3) != engine.describe("second", 3)


def test_another_model_is_another_engine():
    assert engine_of(small_network()) is not engine_of(small_network())


def test_a_model_that_is_let_go_is_let_go_of():
    model = small_network()
    visualize_filter(model, "second", 0, iterations=2)
    gone, engine = weakref.ref(model), weakref.ref(engine_of(model))
    del model
    gc.collect()
    assert gone() is None
    assert engine() is None
    assert not any(known.model() is None for known in registry._known.values())


def test_a_model_whose_layers_have_changed_is_read_anew():
    model = small_network()
    engine = engine_of(model)
    model.get_layer("second").activation = keras.activations.linear
    changed = engine_of(model)
    assert changed is not engine
    picture = visualize_filter(model, "second", 3, iterations=2)
    cut = keras.Model(model.inputs, layers.Identity()(model.get_layer("second").output))
    own = model.get_layer("second")(model.get_layer("pool")(model.get_layer("first")(picture.raw[None])))
    assert cut is not None
    assert picture.activations[-1] == pytest.approx(float(np.mean(own[0, :, :, 3])), rel=1e-4)
    model.pop()
    assert [info.name for info in engine_of(model).view.layers if info.kind == "units"] == []


def test_an_activation_that_is_built_later_is_taken_over_by_an_open_explorer():
    keras.utils.set_random_seed(1)
    act = layers.PReLU(alpha_initializer=keras.initializers.Constant(0.25), shared_axes=[1, 2])
    model = keras.Sequential([keras.Input((SIZE, SIZE, 3)), layers.Conv2D(4, 3, activation=act, name="second")])
    count = len(model.variables)
    explorer = FilterExplorer(model, layer="second", filter=3, iterations=3)
    fresh = explorer.wait(60)
    assert len(model.variables) == count
    assert not act.built
    own = float(np.mean(model(fresh.raw[None])[0, :, :, 3]))  # this builds it
    assert fresh.activations[-1] == pytest.approx(own, rel=1e-4)
    act.alpha.assign(np.full(act.alpha.shape, 3.0))
    explorer.refresh()
    picture = explorer.wait(60)
    explorer.close()
    own = float(np.mean(model(picture.raw[None])[0, :, :, 3]))
    assert picture.activations[-1] == pytest.approx(own, rel=1e-4)


class Drawing(layers.Layer):
    """Draws from the global generators whenever it is called, as careless layers do."""

    def call(self, x):
        random.random()
        np.random.rand()  # noqa: NPY002  # the point
        return x


@pytest.mark.parametrize("door", ["explorer", "filter", "layer"])
def test_a_layer_that_draws_random_numbers_while_it_is_traced_leaves_the_users_as_they_were(door):
    image = keras.Input((SIZE, SIZE, 3))
    model = keras.Model(image, layers.Conv2D(4, 3, name="second")(Drawing()(image)))
    random.seed(1)
    np.random.seed(1)  # noqa: NPY002
    before = random.getstate(), np.random.get_state()[1].tolist()  # noqa: NPY002
    if door == "explorer":
        explorer = FilterExplorer(model, layer="second", iterations=2)
        explorer.wait(60)
        explorer.close()
    elif door == "filter":
        visualize_filter(model, "second", 1, iterations=2)
    else:
        list(visualize_layer(model, "second", [1], iterations=2, progress=False))
    assert (random.getstate(), np.random.get_state()[1].tolist()) == before  # noqa: NPY002


def test_the_same_description_gives_the_same_bytes_by_every_door_in_any_order():
    made = []
    for order in (("explorer", "filter", "layer"), ("layer", "explorer", "filter")):
        model = small_network()
        for door in order:
            if door == "explorer":
                explorer = FilterExplorer(model, layer="first", filter=5, seed=2, method="robust")
                # The page's moves, in another order each time.
                moves = [{"iterations": 9}, {"layer": "second"}, {"filter": 3}, {"options": {"jitter": 2}}]
                for move in moves if order[0] == "explorer" else moves[::-1]:
                    explorer.set_state(move)
                explorer.set_state({"filter": 3})
                made.append(explorer.wait(60))
                explorer.close()
            elif door == "filter":
                made.append(visualize_filter(model, "second", 3, seed=2, method="robust", iterations=9, jitter=2))
            else:
                options = {"seed": 2, "method": "robust", "iterations": 9, "jitter": 2}
                made += list(visualize_layer(model, "second", [3], progress=False, **options))
    assert len({picture.description for picture in made}) == 1
    assert len({picture.raw.tobytes() for picture in made}) == 1
    assert len({picture.image.tobytes() for picture in made}) == 1
    assert len({picture.activations.tobytes() for picture in made}) == 1


def test_two_explorers_that_draw_at_once_do_not_mix():
    model = small_network()
    explorers = [FilterExplorer(model, layer="second", filter=filter, iterations=400) for filter in range(4)]
    for filter, explorer in enumerate(explorers):
        picture = explorer.wait(60)
        alone = visualize_filter(small_network(), "second", filter, iterations=400)
        assert picture.raw.tobytes() == alone.raw.tobytes()
        explorer.close()


def test_what_is_described_is_checked_where_it_comes_in():
    engine = engine_of(small_network())
    assert engine.describe("second", 3, precision="float32") == wanted()
    with pytest.raises(ValueError, match="filter must be a whole number from 0 to 7, got 8"):
        engine.describe("second", 8)
    with pytest.raises(ValueError, match="precision must be one of"):
        engine.describe("second", 3, precision="half")
