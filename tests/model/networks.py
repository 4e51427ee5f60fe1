"""Small models of every kind that a user may bring, each with what its layers give by another way."""

from collections.abc import Callable
from typing import Any, NamedTuple

import keras
import numpy as np
from keras import layers, ops

from tests.networks import with_weights

SIZE = 12


class Case(NamedTuple):
    """A model, what `read_model` is told, and for each of some layers a function of images that gives its output."""

    model: Any
    expected: dict[str, Callable[[Any], Any]]
    options: dict[str, Any] = {}  # noqa: RUF012  # never changed
    shape: tuple[int, int, int] = (SIZE, SIZE, 3)


def conv(filters: int = 4, name: str = "conv", **options: Any) -> Any:
    return layers.Conv2D(filters, 3, padding="same", name=name, **options)


def sub(model: Any, layer: str) -> Callable[[Any], Any]:
    """Keras' own way, which ends at the border of a nested model and insists on the declared size."""
    cut = keras.Model(model.inputs[0], model.get_layer(layer).output)
    return lambda images: cut(images, training=False)


def backbone(name: str = "backbone", shape: tuple[Any, ...] = (SIZE, SIZE, 3)) -> Any:
    image = keras.Input(shape)
    x = conv(4, "first", activation="relu")(image)
    x = layers.BatchNormalization(name="norm")(x)
    return with_weights_above_zero(keras.Model(image, conv(5, "second", activation="relu")(x), name=name))


def with_weights_above_zero(model: Any) -> Any:
    """Random weights; a variance must not be negative."""
    with_weights(model)
    model.set_weights([np.abs(weight) + 0.1 if weight.ndim == 1 else weight for weight in model.get_weights()])
    return model


def sequential() -> Case:
    model = keras.Sequential([keras.Input((SIZE, SIZE, 3)), conv(activation="relu"), layers.Flatten(), layers.Dense(3)])
    return Case(model, {"conv": sub(model, "conv"), model.layers[2].name: sub(model, model.layers[2].name)})


def functional_with_branches_and_a_dictionary_of_outputs() -> Case:
    image = keras.Input((SIZE, SIZE, 3))
    a, b = conv(4, "a", activation="relu")(image), conv(4, "b")(image)
    both = layers.Concatenate(name="both")([a, layers.Add(name="sum")([a, b])])
    model = keras.Model(image, {"map": both, "mean": layers.GlobalAveragePooling2D()(b)})
    return Case(model, {name: sub(model, name) for name in ("a", "b", "sum", "both")})


class Subclassed(keras.Model):
    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.scale = layers.Rescaling(0.5)
        self.conv = conv(4, "conv")
        self.drop = layers.Dropout(0.5)
        self.units = layers.Dense(3, name="units")

    def call(self, images: Any, training: bool = False) -> Any:
        x = ops.relu(self.conv(self.scale(images)))
        x = self.drop(x, training=training)
        return self.units(ops.mean(x[:, 1:], axis=(1, 2)))


def subclassed() -> Case:
    model = Subclassed()
    model(np.zeros((1, SIZE, SIZE, 3), np.float32))
    with_weights(model)
    return Case(model, {"conv": lambda x: model.conv(x * 0.5), "units": model})


@keras.saving.register_keras_serializable("filterviz-tests")
class Block(layers.Layer):
    def __init__(self, filters: int, **options: Any) -> None:
        super().__init__(**options)
        self.filters = filters
        self.conv, self.norm = conv(filters, "conv"), layers.BatchNormalization(name="norm")

    def build(self, shape: Any) -> None:
        self.conv.build(shape)
        self.norm.build((*shape[:-1], self.filters))

    def call(self, x: Any) -> Any:
        return ops.relu(self.norm(self.conv(x))) + 1


def functional_with_a_block() -> Case:
    image = keras.Input((SIZE, SIZE, 3))
    x = conv(3, "stem")(image)
    block = Block(4, name="block")
    model = with_weights_above_zero(keras.Model(image, block(x)))
    stem = sub(model, "stem")
    return Case(model, {"block/conv": lambda x: block.conv(stem(x)), "block": model})


class SubclassedOfBlocks(keras.Model):
    def __init__(self) -> None:
        super().__init__()
        self.blocks = [Block(3, name="one"), Block(4, name="two")]
        self.base = backbone(shape=(SIZE, SIZE, 4))

    def call(self, images: Any) -> Any:
        for block in self.blocks:
            images = block(images)
        return self.base(images)


def subclassed_of_blocks_and_a_functional_model() -> Case:
    model = SubclassedOfBlocks()
    model(np.zeros((1, SIZE, SIZE, 3), np.float32))
    with_weights_above_zero(model)
    one, two = model.blocks
    return Case(
        model,
        {
            "one/conv": one.conv,
            "two/conv": lambda x: two.conv(one(x)),
            "backbone/first": lambda x: model.base.get_layer("first")(two(one(x))),
            "backbone/second": model,
        },
    )


class Scaled(keras.Model):
    """Uses a weight of its own, a layer twice, and a layer that it never needs."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.gamma = self.add_weight(shape=(3,), initializer="ones", name="gamma")
        self.conv, self.idle = conv(3, "conv"), layers.Dropout(0.5)

    def call(self, images: Any) -> Any:
        return self.conv(ops.tanh(self.conv(images * self.gamma)) - self.gamma)


def a_weight_of_the_models_own(dtype: str) -> Callable[[], Case]:
    def case() -> Case:
        model = Scaled(dtype=dtype)
        model(np.zeros((1, SIZE, SIZE, 3), np.float32))
        with_weights(model)
        return Case(model, {"conv": lambda x: model.conv(x * model.gamma.numpy()), "conv:1": model})

    case.__name__ = f"a_weight_of_the_models_own_{dtype}"
    return case


def functional_in_functional() -> Case:
    inner = backbone()
    image = keras.Input((SIZE, SIZE, 3))
    x = inner(layers.Rescaling(2.0, -1.0)(image))
    model = keras.Model(image, layers.Dense(2, name="units")(layers.GlobalMaxPooling2D()(x)))
    first, second = sub(inner, "first"), sub(inner, "second")
    return Case(
        model,
        {"backbone/first": lambda x: first(x * 2 - 1), "backbone/second": lambda x: second(x * 2 - 1), "units": model},
    )


def three_deep_with_sequential_in_between() -> Case:
    inner = backbone(shape=(SIZE, SIZE, 4))
    middle = keras.Sequential([keras.Input((SIZE, SIZE, 3)), conv(4, "stem"), inner], name="middle")
    image = keras.Input((SIZE, SIZE, 3))
    model = keras.Model(image, layers.Flatten()(middle(image)))
    stem, second = sub(middle, "stem"), sub(inner, "second")
    return Case(model, {"middle/stem": stem, "middle/backbone/second": lambda x: second(stem(x))})


def subclass_in_sequential() -> Case:
    part = Subclassed(name="part")
    model = with_weights(keras.Sequential([keras.Input((SIZE, SIZE, 3)), part, layers.Dense(2, name="last")]))
    return Case(model, {"part/conv": lambda x: part.conv(x * 0.5), "part/units": part, "last": model})


def a_layer_used_twice() -> Case:
    image = keras.Input((SIZE, SIZE, 3))
    shared = conv(3, "shared", activation="relu")
    model = with_weights(keras.Model(image, shared(layers.AveragePooling2D(2)(shared(image)))))
    return Case(model, {"shared": shared, "shared:1": model})


def a_model_used_twice() -> Case:
    inner = keras.Sequential([keras.Input((SIZE, SIZE, 3)), conv(3, "conv")], name="inner")
    image = keras.Input((SIZE, SIZE, 3))
    model = with_weights(keras.Model(image, inner(inner(image))))
    return Case(model, {"inner/conv": inner, "inner:1/conv": lambda x: inner(inner(x))})


def an_image_and_a_vector() -> tuple[Any, Any]:
    image, vector = keras.Input((SIZE, SIZE, 3), name="image"), keras.Input((4,), name="vector")
    x = layers.Multiply()([conv(4, "before")(image), layers.Reshape((1, 1, 4))(vector + 1)])
    side = layers.Dense(3, name="side")(vector)
    return with_weights(keras.Model([image, vector], [conv(5, "after", use_bias=True)(x), side])), vector


def another_input_at_zeros() -> Case:
    model, _ = an_image_and_a_vector()
    return Case(model, {"after": lambda x: model([x, np.zeros((len(x), 4), np.float32)])[0]})


def another_input_at_a_given_array() -> Case:
    model, _ = an_image_and_a_vector()
    given = np.array([1.0, -2.0, 3.0, 0.5], np.float32)
    return Case(
        model,
        {"after": lambda x: model([x, np.tile(given, (len(x), 1))])[0]},
        {"other_inputs": {"vector": given}},
    )


def the_second_of_two_images_in_a_dictionary() -> Case:
    left, right = keras.Input((SIZE, SIZE, 3), name="left"), keras.Input((SIZE, SIZE, 3), name="right")
    shared = conv(3, "shared")
    model = with_weights(
        keras.Model({"left": left, "right": right}, layers.Subtract()([shared(left), 2 * shared(right)]))
    )
    return Case(
        model, {"shared:1": shared, model.layers[-1].name: lambda x: shared(x * 0) - 2 * shared(x)}, {"input": "right"}
    )


def a_nested_model_with_a_dictionary_of_inputs() -> Case:
    # The names are in the opposite of the alphabet's order, by which a dictionary is flattened.
    z, a = keras.Input((SIZE, SIZE, 3), name="z"), keras.Input((SIZE, SIZE, 3), name="a")
    first, second = conv(3, "first"), conv(2, "second")
    inner = keras.Model({"z": z, "a": a}, second(layers.Add()([first(z), 3 * a])), name="inner")
    image = keras.Input((SIZE, SIZE, 3))
    model = with_weights(keras.Model(image, inner({"a": image, "z": layers.Rescaling(2.0)(image)})))
    return Case(
        model,
        {"inner/first": lambda x: first(2 * x), "inner/second": lambda x: second(first(2 * x) + 3 * x)},
    )


def channels(count: int) -> Callable[[], Case]:
    def case() -> Case:
        model = keras.Sequential([keras.Input((SIZE, SIZE, count)), conv()])
        return Case(model, {"conv": model}, shape=(SIZE, SIZE, count))

    case.__name__ = f"{count}_channels"
    return case


def an_open_size() -> Case:
    model = keras.Sequential([keras.Input((None, None, 3)), conv()])
    return Case(model, {"conv": model}, shape=(224, 224, 3))


def an_open_size_and_a_wanted_one() -> Case:
    model = keras.Sequential([keras.Input((None, None, 3)), conv()])
    return Case(model, {"conv": model}, {"image_size": (9, 17)}, (9, 17, 3))


def another_size_than_the_fixed_one() -> Case:
    inner = backbone()
    model = keras.Sequential([keras.Input((SIZE, SIZE, 3)), inner, layers.Flatten(), layers.Dense(2)])
    free = backbone(shape=(None, None, 3))
    free.set_weights(inner.get_weights())
    return Case(model, {"backbone/second": free}, {"image_size": (20, 16)}, (20, 16, 3))


def a_subclass_at_another_size() -> Case:
    model = Subclassed()
    model(np.zeros((1, SIZE, SIZE, 3), np.float32))
    return Case(model, {"units": model}, {"image_size": (9, 20)}, (9, 20, 3))


def precision(dtype: str) -> Callable[[], Case]:
    def case() -> Case:
        model = keras.Sequential(
            [
                keras.Input((SIZE, SIZE, 3), dtype="float64" if dtype == "float64" else "float32"),
                conv(activation="relu", dtype=dtype),
                layers.BatchNormalization(dtype=dtype),
                Block(3, name="block", dtype=dtype),
            ]
        )
        norm, block = model.layers[1:]
        conv_alone = sub(model, "conv")
        return Case(
            model,
            {"conv": conv_alone, "block": model, "block/conv": lambda x: block.conv(norm(conv_alone(x)))},
        )

    case.__name__ = dtype
    return case


def every_kind_of_layer() -> Case:
    image = keras.Input((SIZE, SIZE, 3))
    x = layers.DepthwiseConv2D(3, depth_multiplier=2, name="depthwise")(image)
    x = layers.SeparableConv2D(4, 3, name="separable")(x)
    x = layers.Conv2DTranspose(5, 3, strides=2, name="transpose")(x)
    x = layers.Activation("relu", name="relu")(x)
    x = layers.Reshape((5, 17, 17), name="odd")(x)
    model = with_weights(keras.Model(image, x))
    return Case(model, {name: sub(model, name) for name in ("depthwise", "separable", "transpose", "relu", "odd")})


def logits_before_a_softmax() -> Case:
    model = with_weights(
        keras.Sequential(
            [keras.Input((SIZE, SIZE, 3)), layers.Flatten(), layers.Dense(3, activation="softmax", name="predictions")]
        )
    )
    kernel, bias = model.get_layer("predictions").get_weights()
    return Case(model, {"predictions": lambda x: np.reshape(x, (len(x), -1)) @ kernel + bias})


def a_tail_that_is_left_out() -> Case:
    """What comes after the layer is not run: the tail would refuse the size."""
    model = keras.Sequential(
        [keras.Input((SIZE, SIZE, 3)), conv(), layers.Flatten(), layers.Dense(2), layers.Softmax()]
    )
    conv_alone = model.get_layer("conv")
    return Case(model, {"conv": conv_alone}, {"image_size": 31}, (31, 31, 3))


def training_only_layers() -> Case:
    image = keras.Input((SIZE, SIZE, 3))
    x = layers.RandomRotation(0.3)(layers.RandomFlip()(image))
    x = layers.Dropout(0.5)(conv(4, "first")(x), training=True)
    x = layers.GaussianNoise(1.0)(x)
    x = layers.BatchNormalization(name="norm")(x, training=True)
    model = with_weights_above_zero(keras.Model(image, conv(4, "second")(x)))
    first, norm, second = (model.get_layer(name) for name in ("first", "norm", "second"))
    return Case(model, {"second": lambda x: second(norm(first(x), training=False))})


def arithmetic_in_the_graph() -> Case:
    image = keras.Input((SIZE, SIZE, 3))
    x = keras.applications.mobilenet_v2.preprocess_input(image)
    first = conv(4, "conv")
    model = with_weights(keras.Model(image, keras.activations.relu(first(x) * 2 + 1)))
    return Case(model, {"conv": lambda x: first(x / 127.5 - 1)})


class OnTwice(keras.Model):
    """A Functional model whose own call does something else than its graph."""

    def __init__(self, **options: Any) -> None:
        image = keras.Input((SIZE, SIZE, 3))
        super().__init__(image, conv(4, "conv")(image), **options)

    def call(self, images: Any, training: Any = None, mask: Any = None) -> Any:
        return super().call(images * 2.0 + 1.0, training=training)


class OnTwiceInARow(keras.Sequential):
    def call(self, images: Any, training: Any = None, mask: Any = None) -> Any:
        return super().call(images * 2.0 + 1.0, training=training)


def a_call_of_the_models_own(kind: str) -> Callable[[], Case]:
    def case() -> Case:
        row = OnTwiceInARow([keras.Input((SIZE, SIZE, 3)), conv(4, "conv")], name="inner")
        inner = OnTwice(name="inner") if kind == "functional" else row
        if kind != "nested":
            return Case(with_weights(inner), {"conv": inner})
        model = with_weights(keras.Sequential([keras.Input((SIZE, SIZE, 3)), layers.Rescaling(3.0), inner]))
        return Case(model, {"inner/conv": lambda x: inner(3 * x), "inner": model})

    case.__name__ = f"a_call_of_the_models_own_{kind}"
    return case


CASES = [
    sequential,
    functional_with_branches_and_a_dictionary_of_outputs,
    subclassed,
    functional_with_a_block,
    subclassed_of_blocks_and_a_functional_model,
    *(a_weight_of_the_models_own(dtype) for dtype in ("float32", "mixed_float16")),
    functional_in_functional,
    three_deep_with_sequential_in_between,
    subclass_in_sequential,
    a_layer_used_twice,
    a_model_used_twice,
    another_input_at_zeros,
    another_input_at_a_given_array,
    the_second_of_two_images_in_a_dictionary,
    a_nested_model_with_a_dictionary_of_inputs,
    *(channels(count) for count in (1, 2, 4, 7)),
    an_open_size,
    an_open_size_and_a_wanted_one,
    another_size_than_the_fixed_one,
    a_subclass_at_another_size,
    *(precision(dtype) for dtype in ("float64", "mixed_float16", "mixed_bfloat16")),
    every_kind_of_layer,
    logits_before_a_softmax,
    a_tail_that_is_left_out,
    training_only_layers,
    arithmetic_in_the_graph,
    *(a_call_of_the_models_own(kind) for kind in ("functional", "sequential", "nested")),
]
