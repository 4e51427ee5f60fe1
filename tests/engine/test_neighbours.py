"""Effective weights against finite differences of linear networks that are written down by hand."""

import gc
import weakref
from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import pytest
from keras import layers, ops

from filterviz_widget.engine.neighbours import neighbours
from filterviz_widget.model import read_model
from filterviz_widget.picture.neighbours import Neighbour, Neighbours
from tests.networks import with_weights

pytestmark = pytest.mark.usefixtures("quick_to_start")

SIZE = 9
ALL = 10_000

Linear = Callable[[Any], Any]
"""Written by hand: from maps of one layer, `(count, height, width, channels)`, to those of another, or to units."""


def weights(linear: Linear, shape: tuple[int, ...]) -> np.ndarray:
    """The effective weights `(filters, channels)`, from one changed number after the other."""
    count = int(np.prod(shape))
    changed = np.asarray(linear(np.eye(count, dtype=np.float32).reshape(count, *shape)), np.float64)
    change = changed - np.asarray(linear(np.zeros((1, *shape), np.float32)), np.float64)
    if change.ndim == 4:
        change = change[:, change.shape[1] // 2, change.shape[2] // 2]
    change = change.reshape(-1, shape[-1], change.shape[-1])  # positions, channels, filters
    return (np.sqrt((change**2).sum(0)) * np.sign(change.sum(0))).T


def check(model: Any, ways: dict[tuple[str, str], tuple[Linear, tuple[int, ...]]], **options: Any) -> None:
    """Compares both sides of all layers with the ways, by hand, from one layer to another; there must be no others."""
    view = read_model(model, **options)
    expected = {way: weights(*linear) for way, linear in ways.items()}
    names = {name for way in ways for name in way}
    for name in names:
        for filter in range(view.layer(name).filters):
            found = neighbours(view, name, filter, ALL)
            previous = {
                (source, channel): array[filter, channel]
                for (source, target), array in expected.items()
                for channel in range(array.shape[1])
                if target == name
            }
            following = {
                (target, number): array[number, filter]
                for (source, target), array in expected.items()
                for number in range(len(array))
                if source == name
            }
            for side, wanted in ((found.previous, previous), (found.next, following)):
                wanted = {key: weight for key, weight in wanted.items() if weight}
                got = {(one.layer, one.filter): one.weight for one in side}
                assert got.keys() == wanted.keys()
                assert got == pytest.approx(wanted, rel=1e-3, abs=1e-5 * max(map(abs, wanted.values()), default=0))
                sizes = [abs(one.weight) for one in side]
                assert sizes == sorted(sizes, reverse=True)


def built(inputs: Any, outputs: Any) -> Any:
    """A model with random weights and statistics; variances above zero."""
    model = with_weights(keras.Model(inputs, outputs))
    for layer in model._flatten_layers():
        if isinstance(layer, layers.BatchNormalization):
            gamma, beta, mean, variance = layer.get_weights()
            layer.set_weights([gamma, beta, mean, np.abs(variance) + 0.1])
    return model


def image(channels: int = 2) -> Any:
    return keras.Input((SIZE, SIZE, channels))


def convolved(model: Any, name: str, x: Any) -> Any:
    """A Conv2D without its activation, by its numbers."""
    layer = model.get_layer(name)
    return ops.conv(x, layer.kernel, layer.strides, layer.padding, dilation_rate=layer.dilation_rate) + layer.bias


def normalized(layer: Any, x: Any) -> Any:
    gamma, beta, mean, variance = layer.get_weights()
    return (x - mean) / np.sqrt(variance + layer.epsilon) * gamma + beta


def test_weights_of_two_plain_convolutions_are_those_of_the_kernel():
    model = keras.Sequential(
        [
            keras.Input((SIZE, SIZE, 1)),
            layers.Conv2D(3, 3, name="first"),
            layers.Conv2D(4, 3, padding="same", strides=2, name="second"),
        ]
    )
    with_weights(model)
    kernel = model.get_layer("second").kernel.numpy()
    expected = np.sqrt((kernel**2).sum((0, 1))) * np.sign(kernel.sum((0, 1)))
    view = read_model(model)
    for filter in range(3):
        found = neighbours(view, "first", filter, ALL)
        assert found.previous == ()
        assert {one.filter: one.weight for one in found.next} == pytest.approx(
            dict(enumerate(expected[filter])), rel=1e-5
        )
    strongest = np.argsort(-np.abs(expected[:, 2]))[:2]
    found = neighbours(view, "second", 2, 2)
    assert found == Neighbours(
        "second", 2, tuple(Neighbour("first", n, pytest.approx(expected[n, 2], rel=1e-5)) for n in strongest), ()
    )


def test_batch_normalization_rectifiers_and_max_pooling_between_are_linear():
    given = image()
    x = layers.Conv2D(3, 3, activation="relu", name="first")(given)
    x = layers.ReLU()(layers.BatchNormalization(name="norm")(x))
    x = layers.Dropout(0.5)(ops.maximum(layers.LeakyReLU()(x) - 100.0, 0.0))  # shut, at grey
    x = layers.MaxPooling2D(2)(x)
    model = built(given, layers.Conv2D(4, 3, activation="relu", name="second")(x))

    def linear(x: Any) -> Any:
        return convolved(model, "second", ops.average_pool(normalized(model.get_layer("norm"), x), 2, 2))

    check(model, {("first", "second"): (linear, (7, 7, 3))})


def test_every_activation_passes_as_identity():
    given = image()
    x = layers.Conv2D(3, 3, activation="sigmoid", name="first")(given)
    for activation in (layers.PReLU(), layers.ELU(), layers.Softmax(), layers.Activation("gelu"), ops.silu, ops.tanh):
        x = activation(x)
    x = x * ops.sigmoid(x) / ops.sigmoid(x)  # a product and a quotient, of which gate and divisor are held
    x = layers.Activation(lambda x: ops.minimum(ops.relu(x), 3.0))(x)
    x = layers.Lambda(lambda x: ops.clip(x - 5.0, 0, 6))(x)  # shut, at grey
    model = built(given, layers.Conv2D(2, 3, name="second")(x))
    check(model, {("first", "second"): (lambda x: convolved(model, "second", x), (7, 7, 3))})


def test_a_residual_addition_has_weights_from_both_convolutions():
    given = image()
    stem = layers.Conv2D(3, 3, padding="same", activation="relu", name="stem")(given)
    x = layers.Conv2D(3, 3, padding="same", name="branch")(stem)
    x = layers.BatchNormalization(name="norm")(x)
    x = layers.ReLU()(layers.Add()([stem, x]))
    model = built(given, layers.Conv2D(2, 3, strides=2, name="last")(x))
    shape = (SIZE, SIZE, 3)
    check(
        model,
        {
            ("stem", "branch"): (lambda x: convolved(model, "branch", x), shape),
            ("stem", "last"): (lambda x: convolved(model, "last", x), shape),
            ("branch", "last"): (lambda x: convolved(model, "last", normalized(model.get_layer("norm"), x)), shape),
        },
    )


def test_a_concatenation_keeps_its_branches_apart():
    given = image()
    a = layers.Conv2D(2, 3, padding="same", name="a")(given)
    b = layers.Conv2D(3, 1, name="b")(given)
    x = layers.Concatenate()([given, a, 2.0 * layers.ReLU()(b) - 1.0])
    model = built(given, layers.Conv2D(2, 3, name="last")(x))
    kernel = model.get_layer("last").kernel
    check(
        model,
        {
            ("a", "last"): (lambda x: ops.conv(x, kernel[:, :, 2:4]), (SIZE, SIZE, 2)),
            ("b", "last"): (lambda x: ops.conv(2.0 * x, kernel[:, :, 4:]), (SIZE, SIZE, 3)),
        },
    )


def test_all_kinds_of_convolutions_have_weights():
    given = image()
    x = layers.Conv2D(2, 3, name="first")(given)
    x = layers.DepthwiseConv2D(3, depth_multiplier=2, activation="relu", name="depthwise")(x)
    x = layers.SeparableConv2D(3, 3, activation="relu", name="separable")(x)
    x = layers.Conv2DTranspose(2, 3, strides=2, activation="relu", name="transposed")(x)
    model = built(given, layers.Conv2D(2, 3, dilation_rate=2, name="dilated")(x))
    get = model.get_layer
    check(
        model,
        {
            ("first", "depthwise"): (lambda x: ops.depthwise_conv(x, get("depthwise").kernel), (7, 7, 2)),
            ("depthwise", "separable"): (
                lambda x: ops.separable_conv(x, get("separable").depthwise_kernel, get("separable").pointwise_kernel),
                (5, 5, 4),
            ),
            ("separable", "transposed"): (
                lambda x: ops.conv_transpose(x, get("transposed").kernel, 2, "valid"),
                (3, 3, 3),
            ),
            ("transposed", "dilated"): (
                lambda x: ops.conv(x, get("dilated").kernel, dilation_rate=2),
                (7, 7, 2),
            ),
        },
    )


def test_units_see_the_whole_map():
    given = image()
    x = layers.Conv2D(3, 3, strides=2, activation="relu", name="first")(given)
    flat = layers.Dense(4, activation="relu", name="flat")(layers.Flatten()(layers.MaxPooling2D(2)(x)))
    mean = layers.Dense(3, activation="softmax", name="mean")(layers.GlobalAveragePooling2D()(x))
    largest = layers.Dense(2, name="largest")(layers.GlobalMaxPooling2D()(x))
    model = built(given, [layers.Dense(2, name="last")(flat), mean, largest])
    get = model.get_layer

    def through_flat(x: Any) -> Any:
        pooled = ops.average_pool(x, 2, 2)
        return ops.reshape(pooled, (len(x), -1)) @ get("flat").kernel

    check(
        model,
        {
            ("first", "flat"): (through_flat, (4, 4, 3)),
            ("first", "mean"): (lambda x: ops.mean(x, (1, 2)) @ get("mean").kernel, (4, 4, 3)),
            ("first", "largest"): (lambda x: ops.mean(x, (1, 2)) @ get("largest").kernel, (4, 4, 3)),
            ("flat", "last"): (lambda x: x @ get("last").kernel, (4,)),
        },
    )


def test_more_positions_than_units_give_the_same():
    """One pass back for each unit, instead of one forward for each position."""
    given = image()
    x = layers.Conv2D(2, 3, name="first")(given)
    model = built(given, layers.Dense(3, name="units")(layers.Flatten()(layers.ReLU()(x))))
    kernel = model.get_layer("units").kernel
    check(model, {("first", "units"): (lambda x: ops.reshape(x, (len(x), -1)) @ kernel, (7, 7, 2))})


def test_nested_models_are_passed_through():
    inner_image = keras.Input((7, 7, 3))
    x = layers.BatchNormalization(name="norm")(inner_image)
    x = layers.Conv2D(2, 3, activation="relu", name="inside")(x)
    inner = keras.Model(inner_image, layers.AveragePooling2D(2)(x), name="inner")
    given = image()
    x = inner(layers.Conv2D(3, 3, name="stem")(given))
    model = built(given, layers.Conv2D(2, 3, padding="same", name="head")(x))
    check(
        model,
        {
            ("stem", "inner/inside"): (
                lambda x: convolved(inner, "inside", normalized(inner.get_layer("norm"), x)),
                (7, 7, 3),
            ),
            ("inner/inside", "head"): (lambda x: convolved(model, "head", ops.average_pool(x, 2, 2)), (5, 5, 2)),
        },
    )


@pytest.mark.parametrize("pool", [lambda x: ops.mean(x, (1, 2), keepdims=True), lambda x: x], ids=["one", "a map"])
def test_a_gate_is_held_as_it_is_for_the_grey_image(pool):
    given = image()
    x = layers.Conv2D(3, 3, activation="elu", name="first")(given)
    gate = layers.Conv2D(3, 1, activation="sigmoid", name="gate")(pool(x))
    model = built(given, layers.Conv2D(2, 3, name="last")(layers.Multiply()([x, gate])))
    values, open_by = (each.numpy() for each in keras.Model(given, [x, gate])(np.ones((1, SIZE, SIZE, 2), np.float32)))
    assert np.abs(values).max() > 0.1
    assert 0.1 < open_by.mean() < 0.9
    ways = {
        ("first", "gate"): (lambda x: convolved(model, "gate", pool(x)), (7, 7, 3)),
        ("first", "last"): (lambda x: convolved(model, "last", x * open_by), (7, 7, 3)),
    }
    check(model, ways, input_range=(-1, 3))


def test_normalizations_hold_their_statistics_of_the_grey_image():
    given = image()
    x = layers.Conv2D(4, 3, padding="same", name="first")(given)
    for layer in (layers.LayerNormalization(name="layer"), layers.GroupNormalization(2, name="group")):
        model = built(given, layers.Conv2D(2, 3, name="last")(layer(x)))
        values = keras.Model(given, x)(np.full((1, SIZE, SIZE, 2), 0.5, np.float32)).numpy()
        if layer.name == "layer":
            variance = values.var(-1, keepdims=True)
        else:
            variance = values.reshape(1, SIZE * SIZE, 2, 2).var((1, 3)).repeat(2, 1)[:, None, None]
        scale = layer.gamma.numpy() / np.sqrt(variance + layer.epsilon)
        linear = lambda x, scale=scale, model=model: convolved(model, "last", x * scale)  # noqa: E731
        check(model, {("first", "last"): (linear, (SIZE, SIZE, 4))})


@pytest.mark.parametrize("interpolation", ["nearest", "bilinear", "bicubic"])
def test_maps_that_are_made_larger_are_followed(interpolation):
    larger = layers.UpSampling2D(2, interpolation=interpolation)
    given = image()
    x = layers.Conv2D(2, 5, strides=2, name="first")(given)
    model = built(given, layers.Conv2D(2, 3, name="last")(larger(x)))
    check(model, {("first", "last"): (lambda x: convolved(model, "last", larger(x)), (3, 3, 2))})


def test_the_larger_of_two_branches_passes_as_their_mean():
    given = image()
    x = ops.maximum(layers.Conv2D(2, 3, name="a")(given), layers.Conv2D(2, 3, name="b")(given))
    model = built(given, layers.Conv2D(2, 3, name="last")(x))
    way = lambda x: convolved(model, "last", x / 2), (7, 7, 2)
    check(model, {("a", "last"): way, ("b", "last"): way})


def test_wrapped_and_shared_layers_have_neighbours():
    given = keras.Input((SIZE, SIZE, 3))
    shared = layers.Conv2D(3, 3, padding="same", activation="relu", name="shared")
    wrapped = layers.SpectralNormalization(layers.Conv2D(2, 3), name="wrapped")
    model = built(given, wrapped(shared(shared(given))))
    check(
        model,
        {
            ("shared", "shared:1"): (lambda x: convolved(model, "shared", x), (SIZE, SIZE, 3)),
            ("shared:1", "wrapped"): (lambda x: wrapped(x, training=False), (SIZE, SIZE, 3)),
        },
    )


def test_any_layer_has_neighbours():
    given = image()
    x = layers.MaxPooling2D(2, name="pool")(layers.Conv2D(2, 3, padding="same", activation="relu", name="first")(given))
    model = built(given, layers.Conv2D(3, 3, name="last")(x))
    found = neighbours(read_model(model), "pool", 1, ALL)
    assert found.previous == (Neighbour("first", 1, pytest.approx(0.5)),)  # four times a quarter
    assert [one.layer for one in found.next] == ["last"] * 3


def test_the_sign_is_that_of_the_largest_entry_where_the_sum_is_zero():
    model = keras.Sequential(
        [
            keras.Input((SIZE, SIZE, 1)),
            layers.Conv2D(1, 1, use_bias=False, name="first"),
            layers.Conv2D(1, (1, 3), use_bias=False, name="second"),
        ]
    )
    model.set_weights([np.ones((1, 1, 1, 1)), np.array([1.0, -2.0, 1.0]).reshape(1, 3, 1, 1)])
    view = read_model(model)
    expected = pytest.approx(-np.sqrt(6))
    assert neighbours(view, "second", 0, 1).previous == (Neighbour("first", 0, expected),)
    assert neighbours(view, "first", 0, 1).next == (Neighbour("second", 0, expected),)


def test_weights_that_are_zero_are_no_neighbours():
    model = keras.Sequential(
        [keras.Input((SIZE, SIZE, 1)), layers.Conv2D(2, 1, name="first"), layers.Conv2D(2, 3, name="second")]
    )
    with_weights(model)
    kernel, bias = model.layers[1].get_weights()
    kernel[:, :, 1] = 0
    model.layers[1].set_weights([kernel, bias])
    view = read_model(model)
    assert neighbours(view, "first", 1, ALL).next == ()
    assert [one.filter for one in neighbours(view, "second", 0, ALL).previous] == [0]


def small() -> Any:
    given = image()
    x = layers.MaxPooling2D(2)(layers.Conv2D(3, 3, activation="relu", name="first")(given))
    x = layers.Conv2D(4, 3, activation="swish", name="second")(layers.BatchNormalization(name="norm")(x))
    return built(given, layers.Dense(2, activation="softmax", name="units")(layers.Flatten()(x)))


def test_weights_that_change_give_new_neighbours():
    model = small()
    view = read_model(model)
    before = neighbours(view, "second", 1, ALL)
    kernel, bias = model.get_layer("second").get_weights()
    model.get_layer("second").set_weights([-3 * kernel, bias])
    after = neighbours(view, "second", 1, ALL)
    assert [one.weight for one in after.previous] == pytest.approx([-3 * one.weight for one in before.previous])
    assert after.next == before.next


def test_the_model_is_as_it_was():
    model = small()
    activations = [(layer, getattr(layer, "activation", None)) for layer in model.layers]
    values = [variable.numpy() for variable in model.variables]
    attributes = [dict(vars(layer)) for layer in model.layers]
    view = read_model(model)
    for name in ("first", "second", "units"):
        neighbours(view, name, 0, 3)
    assert activations == [(layer, getattr(layer, "activation", None)) for layer in model.layers]
    assert attributes == [vars(layer) for layer in model.layers]
    for variable, value in zip(model.variables, values, strict=True):
        np.testing.assert_array_equal(variable, value)


def test_what_is_compiled_goes_with_the_view():
    model = small()
    view = read_model(model)
    neighbours(view, "second", 0, 3)
    alive = weakref.ref(view), weakref.ref(model.get_layer("second"))
    del view, model
    gc.collect()
    assert [one() for one in alive] == [None, None]


def test_a_layer_behind_that_refuses_the_size_is_left_out():
    view = read_model(small(), image_size=21)
    found = neighbours(view, "second", 0, ALL)
    assert [one.layer for one in found.previous] == ["first"] * 3
    assert found.next == ()
    with pytest.raises(ValueError, match="'units' cannot be computed from an image of 21 x 21 pixels"):
        neighbours(view, "units", 0, ALL)


@pytest.mark.parametrize("shape", [(None, None, 2), (SIZE, SIZE, 2)])
def test_a_model_of_an_open_size_has_the_same_weights(shape):
    given = keras.Input(shape)
    a = layers.Conv2D(3, 3, padding="same", activation="relu", name="a")(given)
    b = layers.Conv2D(3, 3, padding="same", strides=1, activation="relu", name="b")(a)
    model = built(given, layers.Conv2D(2, 3, name="last")(layers.Add()([a, b])))
    way = lambda x: convolved(model, "last", x), (SIZE, SIZE, 3)
    first = lambda x: convolved(model, "b", x), (SIZE, SIZE, 3)
    check(model, {("a", "last"): way, ("b", "last"): way, ("a", "b"): first}, image_size=SIZE)


def test_images_that_a_layer_puts_into_the_batch_are_followed():
    given = image()
    x = layers.Conv2D(2, 3, padding="same", name="first")(given)
    x = ops.reshape(ops.transpose(x, (0, 3, 1, 2)), (-1, SIZE, SIZE, 1))  # each channel as an image
    x = layers.Conv2D(3, 3, padding="same", name="alone")(x)
    x = ops.transpose(ops.reshape(x, (-1, 2, SIZE, SIZE, 3)), (0, 2, 3, 1, 4))
    model = built(given, layers.Conv2D(2, 3, name="last")(ops.reshape(x, (-1, SIZE, SIZE, 6))))
    view = read_model(model)
    kernel = model.get_layer("last").kernel.numpy().reshape(3, 3, 2, 3, 2)  # of image and filter of "alone"
    for filter in range(2):
        found = {(one.layer, one.filter): one.weight for one in neighbours(view, "last", filter, ALL).previous}
        array = kernel[..., filter]
        expected = np.sqrt((array**2).sum((0, 1, 2))) * np.sign(array.sum((0, 1, 2)))
        assert found == pytest.approx({("alone", number): weight for number, weight in enumerate(expected)}, rel=1e-4)
        for number in range(3):
            back = {(one.layer, one.filter): one.weight for one in neighbours(view, "alone", number, ALL).next}
            assert back["last", filter] == pytest.approx(expected[number], rel=1e-4)


def test_numbers_that_do_not_fit_are_refused():
    view = read_model(small())
    with pytest.raises(ValueError, match="filter must be a whole number from 0 to 3, got 4"):
        neighbours(view, "second", 4, 3)
    with pytest.raises(ValueError, match="most must be a whole number from 1"):
        neighbours(view, "second", 0, 0)
    with pytest.raises(ValueError, match="did you mean 'second'"):
        neighbours(view, "secnd", 0, 3)


def test_both_sides_are_drawn():
    found = neighbours(read_model(small()), "first", 2, 3)
    before, behind = found.plot().axes
    assert [text.get_text() for text in before.texts] == ["nothing before it"]
    assert [label.get_text() for label in behind.get_yticklabels()] == [f"second {one.filter}" for one in found.next]
    assert [bar.get_width() for bar in behind.patches] == [one.weight for one in found.next]
    assert found._repr_png_().startswith(b"\x89PNG")
    assert 200 < found.nbytes < 10_000
