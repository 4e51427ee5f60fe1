"""What stands before the first weights is measured: which range it is made for, or why that cannot be said."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers, ops

from filterviz_widget.model import read_model
from tests.model.networks import Block

NOTHING = "assumed, nothing in the model says"
UNREAD = "assumed, what the {} does to the pixels could not be read"
ANY = "the {} standardises every image, so every range gives the same picture"


def behind(*first, shape=(8, 8, 3), last=None):
    """A model whose first convolution stands behind these layers."""
    return keras.Sequential([keras.Input(shape), *first, last or layers.Conv2D(2, 3, name="conv")])


def by(function, name="f"):
    return layers.Lambda(function, name=name)


class Scaled(layers.Layer):
    """Statistics that a person keeps in weights that are not trained."""

    def __init__(self, mean, deviation, **options):
        super().__init__(**options)
        self.mean, self.deviation = (
            self.add_weight(shape=(), initializer=keras.initializers.Constant(value), trainable=False)
            for value in (mean, deviation)
        )

    def call(self, x):
        return (x - self.mean) / self.deviation


class Coordinates(layers.Layer):
    """Scales the image and adds where each pixel is."""

    def call(self, x):
        rows = ops.zeros_like(x[..., :1]) + ops.reshape(ops.arange(8, dtype="float32"), (1, 8, 1, 1))
        return ops.concatenate([x / 255, rows], axis=-1)


def grey_as_rgb(x):
    return ops.concatenate([x, x, x], axis=-1) / 127.5 - 1


MEASURED = {
    "cropped before": ([layers.Cropping2D(1), layers.Rescaling(1 / 255, name="n")], (0, 255), "Rescaling layer 'n'"),
    "cropped after": ([by(lambda x: x / 127.5 - 1), layers.Cropping2D(1)], (0, 255), "Lambda layer 'f'"),
    "centred": ([layers.Cropping2D(1), by(lambda x: x / 255 - 0.5)], (0, 255), "Lambda layer 'f'"),
    "centred, unit range": ([by(lambda x: x - 0.5)], (0, 1), "Lambda layer 'f'"),
    "turned over": ([by(lambda x: 1 - x / 255)], (0, 255), "Lambda layer 'f'"),
    "turned over, unit range": ([by(lambda x: 1 - x)], (0, 1), "Lambda layer 'f'"),
    "turned over, symmetric": ([by(lambda x: 1 - x / 127.5)], (0, 255), "Lambda layer 'f'"),
    "turned over, grey levels": ([by(lambda x: 255 - x)], (0, 255), "Lambda layer 'f'"),
    "clipped": ([by(lambda x: tf.clip_by_value(x / 255, 0, 1))], (0, 255), "Lambda layer 'f'"),
    "clipped to one": ([by(lambda x: tf.clip_by_value(x, 0, 2) * 2 - 1)], (0, 1), "Lambda layer 'f'"),
    "in a pipeline": (
        [layers.Pipeline([layers.Rescaling(1 / 255), layers.RandomFlip()], name="p")],
        (0, 255),
        "Pipeline layer 'p'",
    ),
    "augmented": (
        [layers.RandAugment(value_range=(0, 255)), layers.Rescaling(1 / 255, name="n")],
        (0, 255),
        "Rescaling layer 'n'",
    ),
    "mixed": (
        [layers.AugMix(value_range=(0, 255)), layers.Rescaling(1 / 255, name="n")],
        (0, 255),
        "Rescaling layer 'n'",
    ),
    "dropped out": (
        [layers.SpatialDropout2D(0.2), layers.Rescaling(1 / 255, name="n")],
        (0, 255),
        "Rescaling layer 'n'",
    ),
    "magnified": ([layers.UpSampling2D(2), layers.Rescaling(1 / 255, name="n")], (0, 255), "Rescaling layer 'n'"),
    "pooled": ([layers.AveragePooling2D(2), layers.Rescaling(1 / 255, name="n")], (0, 255), "Rescaling layer 'n'"),
    "turned on its side": (
        [layers.Permute((2, 1, 3)), layers.Rescaling(1 / 255, name="n")],
        (0, 255),
        "Rescaling layer 'n'",
    ),
    "rectified": ([layers.ReLU(), layers.Rescaling(1 / 255, name="n")], (0, 255), "Rescaling layer 'n'"),
    "squashed after": ([layers.Rescaling(1 / 255, name="n"), by(ops.log1p)], (0, 255), "Rescaling layer 'n'"),
    "in patches": (
        [layers.Rescaling(1 / 255, name="n"), by(lambda x: tf.nn.space_to_depth(x, 2))],
        (0, 255),
        "Rescaling layer 'n'",
    ),
    "with coordinates": ([Coordinates(name="c")], (0, 255), "Coordinates layer 'c'"),
    "statistics of one's own": ([Scaled(127.5, 127.5, name="s")], (0, 255), "Scaled layer 's'"),
    "in two steps": (
        [layers.Rescaling(1 / 255, name="n"), layers.Rescaling(2, -1)],
        (0, 255),
        "Rescaling layer 'n'",
    ),
    "wide": ([by(lambda x: x / 65535)], (0, 65535), "Lambda layer 'f'"),
}


@pytest.mark.parametrize("kind", MEASURED)
def test_what_an_image_passes_first_says_the_range(kind):
    first, expected, source = MEASURED[kind]
    view = read_model(behind(*first))
    assert view.input_range == pytest.approx(expected, rel=1e-3)
    assert view.input_range_source == f"read from the {source}"


@pytest.mark.parametrize("policy", ["mixed_float16", "mixed_bfloat16", "float16", "float64"])
@pytest.mark.parametrize(
    ("make", "expected"),
    [
        (lambda: layers.Rescaling(1 / 255), (0, 255)),
        (lambda: layers.Rescaling(1 / 127.5, -1), (0, 255)),
        (lambda: layers.Rescaling(2, -1), (0, 1)),
        (lambda: layers.Normalization(mean=[123.7, 116.3, 103.5], variance=[58.4**2, 57.1**2, 57.4**2]), (0, 255)),
        (lambda: layers.Normalization(mean=[0.485, 0.456, 0.406], variance=[0.052, 0.05, 0.051]), (0, 1)),
    ],
    ids=["0 to 1", "-1 to 1", "unit", "grey levels", "statistics"],
)
def test_reduced_precision_does_not_lose_the_range(policy, make, expected):
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(policy)
    try:
        model = behind(make())
    finally:
        keras.config.set_dtype_policy(before)
    assert read_model(model).input_range == expected


def test_units_and_grey_images_have_a_beginning_too():
    units = behind(layers.Rescaling(1 / 255, name="n"), layers.Flatten(), last=layers.Dense(2, name="units"))
    assert read_model(units).input_range_source == "read from the Rescaling layer 'n'"
    statistics = layers.Normalization(mean=[0.485, 0.456, 0.406], variance=[0.052, 0.05, 0.051], name="n")
    units = behind(statistics, layers.Flatten(), last=layers.Dense(2, name="units"))
    assert read_model(units).input_range_source == "read from the Normalization layer 'n'"
    view = read_model(behind(by(grey_as_rgb), shape=(8, 8, 1)))
    assert (view.input_range, view.input_range_source) == ((0, 255), "read from the Lambda layer 'f'")


def test_a_beginning_within_a_block_or_a_nested_model_is_measured():
    class Front(layers.Layer):
        def __init__(self, **options):
            super().__init__(**options)
            self.scale, self.conv = layers.Rescaling(1 / 255, name="scale"), layers.Conv2D(2, 3, name="conv")

        def build(self, shape):
            self.conv.build(shape)

        def call(self, x):
            return self.conv(self.scale(x))

    view = read_model(behind(Front(name="front")))
    assert (view.input_range, view.input_range_source) == ((0, 255), "read from the Rescaling layer 'front/scale'")
    inner = keras.Sequential([keras.Input((8, 8, 3)), layers.RandomFlip(), by(lambda x: x / 255)], name="inner")
    view = read_model(behind(layers.Cropping2D(0), inner))
    assert (view.input_range, view.input_range_source) == ((0, 255), "read from the Lambda layer 'inner/f'")


def test_of_several_ways_into_a_model_the_first_that_says_something_counts():
    image = keras.Input((8, 8, 3))
    plain = layers.Conv2D(2, 3)(image)
    scaled = layers.Conv2D(2, 3)(layers.Rescaling(1 / 255, name="n")(image))
    view = read_model(keras.Model(image, [plain, scaled]))
    assert view.input_range == (0, 255)


STANDARDISING = {
    "GroupNormalization layer 'n'": lambda: layers.GroupNormalization(3, scale=False, center=False, name="n"),
    "LayerNormalization layer 'n'": lambda: layers.LayerNormalization(axis=(1, 2, 3), name="n"),
    "Lambda layer 'n'": lambda: by(tf.image.per_image_standardization, "n"),
}


@pytest.mark.parametrize("words", STANDARDISING)
def test_where_a_layer_standardises_every_image_every_range_is_as_good_as_another(words):
    model = behind(layers.ZeroPadding2D(0), STANDARDISING[words]())
    view = read_model(model)
    assert (view.input_range, view.input_range_source) == ((0, 1), ANY.format(words))
    image = np.random.default_rng(1).uniform(0, 1, (1, 8, 8, 3)).astype(np.float32)
    np.testing.assert_allclose(model(image), model(image * 255), atol=0.05)


def test_arithmetic_and_preprocess_may_standardise_too():
    image = keras.Input((8, 8, 3))
    standard = (image - ops.mean(image, (1, 2, 3), keepdims=True)) / ops.std(image, (1, 2, 3), keepdims=True)
    view = read_model(keras.Model(image, layers.Conv2D(2, 3)(standard)))
    assert view.input_range_source == ANY.format("arithmetic before the first layer")
    view = read_model(behind(), preprocess=tf.image.per_image_standardization)
    assert view.input_range_source == "preprocess standardises every image, so every range gives the same picture"


def test_the_flower_models_range_does_not_matter_and_it_says_so():
    from filterviz_widget.demo.network import build

    view = read_model(build())
    assert (view.input_range, view.input_range_source) == ((0, 1), ANY.format("GroupNormalization layer 'standardise'"))


class Opaque(layers.Layer):
    """Cannot be followed, and may do anything within."""

    def build(self, shape):
        self.w = self.add_weight(shape=(3,), initializer="ones")

    def call(self, x):
        return tf.nn.relu(x / 255.0) * self.w


@pytest.mark.parametrize(
    ("first", "source"),
    [
        ([by(ops.log1p)], UNREAD.format("Lambda layer 'f'")),
        ([layers.Cropping2D(1), by(lambda x: x * x), layers.ReLU()], UNREAD.format("Lambda layer 'f'")),
        ([layers.Activation("tanh", name="a")], UNREAD.format("Activation layer 'a'")),
        ([Opaque(name="o")], UNREAD.format("Opaque layer 'o'")),
        ([layers.Cropping2D(1), layers.RandomFlip()], NOTHING),
        ([by(lambda x: x)], NOTHING),
        ([by(lambda x: tf.clip_by_value(x, -1, 1))], NOTHING),
        ([Block(3, name="b")], NOTHING),
        ([layers.BatchNormalization()], NOTHING),  # that has seen nothing yet
    ],
)
def test_that_nothing_says_the_range_is_claimed_only_where_all_was_read(first, source):
    view = read_model(behind(*first))
    assert (view.input_range, view.input_range_source) == ((0, 1), source)


def test_a_preprocess_that_is_no_scale_and_offset_is_said_to_be_unread():
    view = read_model(behind(), preprocess=tf.math.log1p)
    assert view.input_range_source == "assumed, what preprocess does to the pixels could not be read"
    view = read_model(behind(layers.Rescaling(1 / 255, name="n")), preprocess=lambda x: x[:, ::-1])
    assert view.input_range == (0, 255)


@pytest.mark.parametrize(
    ("mean", "deviation", "expected"),
    [(0.13, 0.31, (0, 1)), (120.0, 60.0, (0, 255)), (-0.05, 0.5, (-1.3, 1.2))],
)
def test_a_batch_normalization_that_begins_a_trained_model_has_learnt_what_images_are_like(mean, deviation, expected):
    norm = layers.BatchNormalization(name="n", epsilon=1e-9)
    model = behind(norm)
    norm.moving_mean.assign(np.full(3, mean))
    norm.moving_variance.assign(np.full(3, deviation**2))
    norm.gamma.assign([3.0, 0.2, -1.0])
    view = read_model(model)
    assert view.input_range == pytest.approx(expected, abs=1e-4)
    assert view.input_range_source == "read from the BatchNormalization layer 'n'"


def test_a_weight_that_scales_the_image_is_no_part_of_the_beginning():
    class Learnt(keras.Model):
        def __init__(self):
            super().__init__()
            self.gain = self.add_weight(shape=(), initializer=keras.initializers.Constant(1 / 255), name="gain")
            self.conv = layers.Conv2D(2, 3)

        def call(self, x):
            return self.conv(x * self.gain)

    model = Learnt()
    model(np.zeros((1, 8, 8, 3), np.float32))
    assert read_model(model).input_range_source == NOTHING


def test_measuring_changes_nothing_and_builds_nothing():
    class Counting(layers.Layer):
        def __init__(self, **options):
            super().__init__(**options)
            self.count = self.add_weight(shape=(), trainable=False, initializer="zeros")

        def call(self, x):
            self.count.assign_add(1.0)
            return x / 255

    model = behind(Counting(name="c"), layers.Conv2D(3, 1, activation=layers.PReLU()))
    before = float(model.layers[0].count)
    assert read_model(model).input_range == (0, 255)
    assert float(model.layers[0].count) == before
    assert not model.layers[1].activation.built
