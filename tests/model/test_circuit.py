"""Which convolutions come before and behind a layer, in networks whose wiring is written down here."""

import keras
import pytest
from keras import layers, ops

from filterviz_widget.model import read_model
from filterviz_widget.model.circuit import circuit
from tests.model.networks import CASES, SIZE, Case, backbone, conv, functional_with_a_block

pytestmark = pytest.mark.usefixtures("quick_to_start")


def around(model, layer, **options):
    found = circuit(read_model(model, **options), layer)
    return found.before, found.after


def test_a_chain_is_followed_through_all_that_is_no_convolution():
    model = keras.Sequential(
        [
            keras.Input((SIZE, SIZE, 3)),
            conv(name="first"),
            layers.BatchNormalization(),
            layers.ReLU(),
            layers.Dropout(0.5),
            layers.ZeroPadding2D(1),
            layers.MaxPooling2D(),
            conv(name="second"),
            layers.GlobalMaxPooling2D(),
            layers.Dense(2, name="units"),
            layers.Softmax(),
        ]
    )
    assert around(model, "first") == ((), ("second",))
    assert around(model, "second") == (("first",), ("units",))
    assert around(model, "units") == (("second",), ())


def test_a_residual_addition_lets_what_came_before_the_block_through():
    image = keras.Input((SIZE, SIZE, 3))
    x = conv(4, "stem")(image)
    for number in "12":
        x = layers.Add()([x, conv(4, f"block{number}")(layers.ReLU()(x))])
    model = keras.Model(image, conv(4, "last")(x))
    assert around(model, "stem") == ((), ("block1", "block2", "last"))
    assert around(model, "block2") == (("stem", "block1"), ("last",))
    assert around(model, "last") == (("stem", "block1", "block2"), ())


def test_a_concatenation_joins_its_branches():
    image = keras.Input((SIZE, SIZE, 3))
    a, b = conv(2, "a")(image), conv(3, "b")(image)
    both = layers.Concatenate()([a, layers.BatchNormalization()(b), image])
    model = keras.Model(image, [conv(2, "c")(both), layers.Dense(2, name="d")(layers.Flatten()(both))])
    for name in "cd":
        before, after = around(model, name)
        assert (set(before), after) == ({"a", "b"}, ())
    for name in "ab":
        before, after = around(model, name)
        assert (before, set(after)) == ((), {"c", "d"})


def test_nested_models_are_entered_and_left():
    image = keras.Input((SIZE, SIZE, 3))
    x = backbone()(conv(3, "stem")(image))
    model = keras.Model(image, conv(2, "head")(x))
    assert around(model, "stem") == ((), ("backbone/first",))
    assert around(model, "backbone/first") == (("stem",), ("backbone/second",))
    assert around(model, "head") == (("backbone/second",), ())


def test_inputs_of_a_nested_model_are_told_apart_by_name():
    z, a = keras.Input((SIZE, SIZE, 2), name="z"), keras.Input((SIZE, SIZE, 2), name="a")
    inner = keras.Model([z, a], layers.Add()([conv(2, "on_z")(z), conv(2, "on_a")(a)]), name="inner")
    image = keras.Input((SIZE, SIZE, 3))
    model = keras.Model(image, inner({"a": conv(2, "for_a")(image), "z": conv(2, "for_z")(image)}))
    assert around(model, "inner/on_a") == (("for_a",), ())
    assert around(model, "for_z") == ((), ("inner/on_z",))


def test_a_block_is_what_its_last_step_is():
    case = functional_with_a_block()
    assert around(case.model, "block/conv") == (("stem",), ())
    assert around(case.model, "block") == (("block/conv",), ())


def test_each_use_of_a_shared_layer_stands_for_itself():
    shared = conv(3, "shared")
    image = keras.Input((SIZE, SIZE, 3))
    model = keras.Model(image, conv(2, "last")(shared(layers.ReLU()(shared(image)))))
    assert around(model, "shared") == ((), ("shared:1",))
    assert around(model, "shared:1") == (("shared",), ("last",))


def test_a_wrapped_convolution_counts():
    model = keras.Sequential(
        [
            keras.Input((SIZE, SIZE, 3)),
            conv(name="first"),
            layers.SpectralNormalization(conv(), name="wrapped"),
            conv(name="last"),
        ]
    )
    assert around(model, "wrapped") == (("first",), ("last",))


def test_a_dense_layer_over_a_map_is_a_convolution_of_one_pixel():
    model = keras.Sequential(
        [keras.Input((SIZE, SIZE, 3)), conv(name="first"), layers.Dense(4, name="dense"), conv(name="last")]
    )
    assert around(model, "first") == ((), ("dense",))
    assert around(model, "last") == (("dense",), ())


def test_nothing_is_directly_behind_a_layer_with_a_kernel_that_cannot_be_shown():
    image = keras.Input((SIZE, SIZE, 3))
    x = layers.Reshape((SIZE * SIZE, 4))(conv(name="first")(image))
    x = layers.Reshape((SIZE, SIZE, 4))(layers.MultiHeadAttention(1, 2, name="attention")(x, x))
    model = keras.Model(image, conv(name="last")(x))
    assert around(model, "first") == ((), ())
    assert around(model, "last") == ((), ())


def test_what_does_not_depend_on_the_image_is_no_neighbour():
    image, vector = keras.Input((SIZE, SIZE, 3), name="image"), keras.Input((4,), name="vector")
    x = layers.Multiply()([conv(4, "before")(image), layers.Reshape((1, 1, 4))(layers.Dense(4)(vector))])
    model = keras.Model([image, vector], conv(5, "after")(x))
    assert around(model, "after") == (("before",), ())


def test_any_layer_can_be_asked_for():
    image = keras.Input((SIZE, SIZE, 3))
    x = layers.ReLU(name="relu")(conv(4, "first")(image))
    model = keras.Model(image, conv(4, "second")(ops.maximum(x, 0)))
    assert around(model, "relu") == (("first",), ("second",))
    assert around(model, "second") == (("first",), ())
    with pytest.raises(ValueError, match="did you mean 'first'"):
        around(model, "frist")


@pytest.mark.parametrize("make", CASES, ids=lambda case: case.__name__)
def test_the_two_directions_agree_in_every_kind_of_model(make):
    case: Case = make()
    view = read_model(case.model, **case.options)
    found = {info.name: circuit(view, info.name) for info in view.layers if info.kind != "other"}
    found = {name: one for name, one in found.items() if one.maker == name}  # without blocks
    forward = {(name, other) for name, one in found.items() for other in one.after}
    back = {(other, name) for name, one in found.items() for other in one.before}
    assert forward == back
