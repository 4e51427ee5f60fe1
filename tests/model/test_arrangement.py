"""An input that the model makes an image of is shown as that image; one that it does not is refused with what to do."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers, ops

from filterviz_widget.model import read_model
from tests.model.networks import with_weights


def network(shape, *first, **options):
    return with_weights(
        keras.Sequential(
            [
                keras.Input(shape, **options),
                *first,
                layers.Conv2D(4, 3, name="conv"),
                layers.Flatten(),
                layers.Dense(2, name="units"),
            ],
            name="mine",
        )
    )


def turned(axes, size):
    return layers.Lambda(lambda x: ops.transpose(x, axes), output_shape=size)


def test_a_large_image_takes_no_memory_where_its_size_says_already_that_it_is_one():
    model = keras.Sequential(
        [keras.Input((200_000, 200_000, 3)), layers.Conv2D(4, 3, name="conv"), layers.GlobalAveragePooling2D()]
    )
    view = read_model(model, image_size=32)  # as numbers it would be 480 GB
    assert view.image_shape == (32, 32, 3)


GREY = (10, 12, 1)
FRAMES = (10, 12, 4)
# What is drawn, the model's input, how it makes an image of it, and what a person would feed it for that image.
ARRANGED = {
    "frames first, Permute": (FRAMES, (4, 10, 12), [layers.Permute((2, 3, 1))], lambda x: x.transpose(0, 3, 1, 2)),
    "frames first, Lambda": (FRAMES, (4, 10, 12), [turned((0, 2, 3, 1), FRAMES)], lambda x: x.transpose(0, 3, 1, 2)),
    "frames first, scaled before": (
        FRAMES,
        (4, 10, 12),
        [layers.Rescaling(1 / 255), layers.Permute((2, 3, 1))],
        lambda x: x.transpose(0, 3, 1, 2),
    ),
    "frames first, scaled within": (
        FRAMES,
        (4, 10, 12),
        [layers.Lambda(lambda x: ops.transpose(x, (0, 2, 3, 1)) / 255 - 0.5, output_shape=FRAMES)],
        lambda x: x.transpose(0, 3, 1, 2),
    ),
    "frames first, cropped after": (
        FRAMES,
        (4, 10, 12),
        [layers.Permute((2, 3, 1)), layers.Cropping2D(1)],
        lambda x: x.transpose(0, 3, 1, 2),
    ),
    "frames first, by Reshape": (FRAMES, (4, 10, 12), [layers.Reshape(FRAMES)], lambda x: x.reshape(-1, 4, 10, 12)),
    "frames in the middle": (FRAMES, (10, 4, 12), [layers.Permute((1, 3, 2))], lambda x: x.transpose(0, 1, 3, 2)),
    "frames first, and on its side": (
        FRAMES,
        (4, 12, 10),
        [layers.Permute((3, 2, 1))],
        lambda x: x.transpose(0, 3, 2, 1),
    ),
    "grey, by Reshape": (GREY, (10, 12), [layers.Reshape(GREY)], lambda x: x[..., 0]),
    "grey, by Lambda": (GREY, (10, 12), [layers.Lambda(lambda x: x[..., None])], lambda x: x[..., 0]),
    "grey, on its side": (
        GREY,
        (12, 10),
        [layers.Permute((2, 1)), layers.Reshape(GREY)],
        lambda x: x[..., 0].transpose(0, 2, 1),
    ),
    "grey, three times": (
        GREY,
        (10, 12),
        [layers.Lambda(lambda x: ops.stack([x, x, x], axis=-1))],
        lambda x: x[..., 0],
    ),
    "one row": (FRAMES, (480,), [layers.Reshape(FRAMES)], lambda x: x.reshape(-1, 480)),
    "one row, frames first": (
        FRAMES,
        (480,),
        [layers.Reshape((4, 10, 12)), layers.Permute((2, 3, 1))],
        lambda x: x.transpose(0, 3, 1, 2).reshape(-1, 480),
    ),
    "one row, scaled": (GREY, (120,), [layers.Rescaling(1 / 255), layers.Reshape(GREY)], lambda x: x.reshape(-1, 120)),
    "a column of rows": (GREY, (120, 1), [layers.Reshape(GREY)], lambda x: x.reshape(-1, 120, 1)),
}


@pytest.mark.parametrize("kind", ARRANGED)
def test_an_input_that_becomes_an_image_is_drawn_as_that_image(kind):
    image_shape, shape, first, feed = ARRANGED[kind]
    model = network(shape, *first)
    view = read_model(model)
    assert view.image_shape == image_shape
    images = np.random.default_rng(3).uniform(0, 1, (2, *image_shape)).astype(np.float32)
    np.testing.assert_allclose(view.cut("units")(images), model(feed(images)), rtol=1e-4, atol=1e-4)
    given = tf.constant(images)

    @tf.function
    def slope(given):
        with tf.GradientTape() as tape:
            tape.watch(given)
            output = view.cut("conv")(given)
        return output, tape.gradient(output, given)

    output, gradient = slope(given)
    assert view.layer("conv").shape == tuple(output.shape[1:])
    assert gradient.shape == given.shape
    assert np.abs(gradient).max() > 0
    says_a_range = any(isinstance(layer, layers.Rescaling) for layer in first) or "within" in kind
    assert view.input_range == ((0, 255) if says_a_range else (0, 1))


@pytest.mark.parametrize(
    ("shape", "first"),
    [
        ((10, 12, 3), []),
        ((10, 12, 3), [layers.Permute((2, 1, 3))]),  # on its side, and an image either way
        ((10, 12, 3), [layers.Permute((3, 1, 2)), layers.Permute((2, 3, 1))]),  # there and back
        ((10, 12, 4), [layers.Permute((3, 1, 2))]),  # spectrograms, whose times become channels
        ((10, 12, 3), [layers.Reshape((5, 24, 3))]),
        ((10, 12, 3), [layers.Cropping2D(1), layers.Rescaling(2.0)]),
        ((12, 12, 12), [layers.Rescaling(1 / 255)]),
    ],
)
def test_an_input_that_is_an_image_stays_one(shape, first):
    assert read_model(network(shape, *first)).image_shape == shape


def test_open_sizes_and_other_sizes_are_arranged_too():
    image = keras.Input((4, None, None))
    model = with_weights(keras.Model(image, layers.Conv2D(4, 3, name="conv")(layers.Permute((2, 3, 1))(image))))
    images = np.random.default_rng(3).uniform(0, 1, (2, 9, 17, 4)).astype(np.float32)
    view = read_model(model, image_size=(9, 17))
    assert view.image_shape == (9, 17, 4)
    np.testing.assert_allclose(view.cut("conv")(images), model(images.transpose(0, 3, 1, 2)), rtol=1e-4, atol=1e-5)
    assert read_model(model).image_shape == (224, 224, 4)
    grey = keras.Input((None, None))
    model = with_weights(keras.Model(grey, layers.Conv2D(4, 3, name="conv")(grey[..., None])))
    view = read_model(model, image_size=(9, 17))
    np.testing.assert_allclose(view.cut("conv")(images[..., :1]), model(images[..., 0]), rtol=1e-4, atol=1e-5)
    fixed = read_model(network((480,), layers.Reshape(FRAMES)), image_size=(20, 24))
    with pytest.raises(ValueError, match=r"image of 20 x 24 pixels\. The model's own size is 10 x 12: try that"):
        fixed.cut("conv")(np.zeros((1, 20, 24, 4), np.float32))


def test_a_subclass_may_turn_its_input():
    class Agent(keras.Model):
        def __init__(self):
            super().__init__()
            self.conv = layers.Conv2D(4, 3, name="conv")

        def call(self, frames):
            return self.conv(ops.transpose(frames, (0, 2, 3, 1)) / 255)

    model = Agent()
    images = np.random.default_rng(3).uniform(0, 255, (2, *FRAMES)).astype(np.float32)
    expected = model(images.transpose(0, 3, 1, 2))
    for options in ({}, {"image_size": (10, 12)}):
        view = read_model(model, **options)
        assert (view.image_shape, view.input_range) == (FRAMES, (0, 255))
        np.testing.assert_allclose(view.cut("conv")(images), expected, rtol=1e-4, atol=1e-4)


def test_preprocess_and_other_inputs_are_of_the_image_as_it_is_drawn():
    frames, actions = keras.Input((4, 10, 12), name="frames"), keras.Input((3,), name="actions")
    x = layers.Conv2D(2, 3)(layers.Permute((2, 3, 1))(frames))
    both = layers.Concatenate()([layers.Flatten()(x), actions])
    model = with_weights(keras.Model([frames, actions], layers.Dense(2, name="units")(both)))
    images = np.random.default_rng(3).uniform(0, 1, (2, *FRAMES)).astype(np.float32)
    view = read_model(model, preprocess=lambda x: x[:, ::-1], other_inputs={"actions": [1.0, 2.0, 3.0]})
    expected = model([images[:, ::-1].transpose(0, 3, 1, 2), np.tile([[1.0, 2.0, 3.0]], (2, 1))])
    np.testing.assert_allclose(view.cut("units")(images), expected, rtol=1e-4, atol=1e-4)
    assert view.input_name == "frames"


def mlp(shape):
    return with_weights(
        keras.Sequential([keras.Input(shape, name="x"), layers.Flatten(), layers.Dense(2, name="units")], name="mine")
    )


@pytest.mark.parametrize(
    ("shape", "line"),
    [
        ((28, 28), "keras.Sequential([keras.Input((28, 28, 1)), keras.layers.Reshape((28, 28)), model])"),
        ((784,), "keras.Sequential([keras.Input((28, 28, 1)), keras.layers.Reshape((784,)), model])"),
        ((3072,), "keras.Sequential([keras.Input((32, 32, 3)), keras.layers.Reshape((3072,)), model])"),
        ((28, 30), "keras.Sequential([keras.Input((28, 30, 1)), keras.layers.Reshape((28, 30)), model])"),
    ],
)
def test_an_input_that_never_becomes_an_image_is_refused_with_a_line_that_works(shape, line):
    model = mlp(shape)
    with pytest.raises(ValueError, match="Expected a model with an image input") as caught:
        read_model(model)
    assert f"its inputs are 'x' {(None, *shape)} float32." in str(caught.value)
    assert line in str(caught.value)
    view = read_model(eval(line, {"keras": keras, "model": model}))
    images = np.random.default_rng(3).uniform(0, 1, (2, *view.image_shape)).astype(np.float32)
    np.testing.assert_allclose(view.cut("mine/units")(images), model(images.reshape(2, *shape)), rtol=1e-4, atol=1e-4)


def test_a_row_of_no_particular_length_is_refused_with_words_for_the_shape():
    with pytest.raises(ValueError, match=r"Input\(\(height, width, channels\)\), keras.layers.Reshape\(\(50,\)\)"):
        read_model(mlp((50,)))


def test_of_several_inputs_the_one_that_is_or_becomes_an_image_is_taken():
    frames, vector = keras.Input((10, 12), name="grey"), keras.Input((6,), name="vector")
    x = layers.Conv2D(4, 3, name="conv")(layers.Reshape(GREY)(frames))
    joined = layers.Concatenate()([layers.GlobalMaxPooling2D()(x), vector])
    model = with_weights(keras.Model([vector, frames], layers.Dense(2, name="units")(joined)))
    view = read_model(model)
    assert (view.input_name, view.image_shape) == ("grey", GREY)
    with pytest.raises(ValueError, match=r"'vector' \(None, 6\) float32, 'grey' \(None, 10, 12\) float32"):
        read_model(model, input="vector")
    other = keras.Input((10, 12), name="other")
    both = layers.Concatenate()([layers.Reshape(GREY)(frames), layers.Reshape(GREY)(other)])
    with pytest.raises(ValueError, match=r"several image inputs: 'grey' .*, 'other' .*Say which one to optimise"):
        read_model(keras.Model([frames, other], layers.Conv2D(2, 3)(both)))


def test_whole_numbers_are_refused_in_any_arrangement():
    model = keras.Sequential(
        [keras.Input((10, 12), dtype="uint8", name="grey"), layers.Reshape(GREY), layers.Rescaling(1)]
    )
    with pytest.raises(ValueError, match=r"its inputs are 'grey' \(None, 10, 12\) uint8"):
        read_model(model)
