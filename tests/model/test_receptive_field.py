"""The arithmetic of receptive fields against the support of gradients."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

from filterviz_widget import receptive_field
from filterviz_widget.model import read_model


def support(view, layer, position):
    """Where the image has a gradient from a position of a layer, as a box; (0, 0, 0, 0) for nowhere."""
    features = view.cut(layer)
    total = np.zeros(view.image_shape[:2])
    rng = np.random.default_rng(0)
    for _ in range(4):
        image = tf.constant(rng.uniform(0, 1, (1, *view.image_shape)), tf.float32)
        with tf.GradientTape() as tape:
            tape.watch(image)
            maps = features(image)
            vector = maps[:, position[0], position[1]] if len(maps.shape) == 4 else maps
            value = tf.reduce_sum(vector * tf.constant(rng.normal(size=vector.shape[-1]), tf.float32))
        total += np.abs(tape.gradient(value, image))[0].sum(-1)
    rows, columns = np.nonzero(total)
    return (rows.min(), columns.min(), rows.max() + 1, columns.max() + 1) if len(rows) else (0, 0, 0, 0)


def check(model, names=None, **reading):
    view = read_model(model, **reading)
    for info in view.layers:
        if names is not None and info.name not in names:
            continue
        field = view.receptive_field(info.name)
        rows, columns = field.map_size
        assert not field.unknown
        assert (*field.map_size, info.filters) == info.shape if len(info.shape) == 3 else field.map_size == (1, 1)
        for position in {(0, 0), (rows // 2, columns // 3), (rows - 1, columns - 1)}:
            assert field.box(position) == support(view, info.name, position), (info.name, position)


def flat_and_tall():
    inputs = keras.Input((29, 34, 3))
    x = layers.Conv2D(4, 3, padding="same")(inputs)
    near, far = layers.Conv2D(4, 1)(x), layers.Conv2D(4, (1, 5), padding="same", dilation_rate=2)(x)
    x = layers.Concatenate()([near, layers.Add()([x, far])]) * 2.0
    gate = layers.Dense(8, "sigmoid")(layers.GlobalAveragePooling2D(keepdims=True)(x))
    before = layers.Conv2D(3, 3, strides=2, name="before")(x)
    return keras.Model(inputs, [before, layers.Multiply(name="gated")([x, gate])])


STACKS = {
    "strides": [
        layers.Conv2D(2, 3, strides=2, padding="same"),
        layers.Conv2D(2, 4, padding="same"),
        layers.AveragePooling2D(3, 2, padding="same"),
        layers.Conv2D(2, 3, dilation_rate=2, padding="same"),
    ],
    "borders": [
        layers.Conv2D(2, (5, 3), strides=(2, 3)),
        layers.ZeroPadding2D(((2, 1), (0, 3))),
        layers.Conv2D(2, 2),
        layers.Cropping2D(((1, 0), (2, 1))),
        layers.Conv2D(2, 3, padding="same"),
    ],
    "transposed": [
        layers.Conv2D(2, 3, strides=2),
        layers.Conv2DTranspose(2, 4, strides=2, padding="same"),
        layers.Conv2DTranspose(2, 3, strides=3),
        layers.Conv2DTranspose(2, 3, strides=2, padding="same", output_padding=0),
        layers.Conv2DTranspose(2, 2, strides=3),
    ],
    "resized": [
        layers.Conv2D(2, 3, strides=2, padding="same"),
        layers.UpSampling2D(2, interpolation="bilinear"),
        layers.Conv2D(2, 3),
        layers.UpSampling2D((3, 2)),
        layers.SeparableConv2D(3, 3, padding="same"),
        layers.DepthwiseConv2D(3, 2),
        layers.Resizing(20, 31),
        layers.Conv2D(2, 1),
    ],
    "units": [layers.Conv2D(2, 3), layers.PReLU(keras.initializers.Constant(0.3)), layers.Flatten(), layers.Dense(3)],
}


@pytest.mark.parametrize("stack", STACKS)
def test_a_box_is_where_the_gradient_is(stack):
    check(keras.Sequential([keras.Input((29, 34, 3)), *STACKS[stack]]))


def test_branches_count_together_and_a_gate_sees_the_whole_image():
    model = flat_and_tall()
    check(model)
    view = read_model(model)
    assert view.receptive_field("before").size == (5, 13)
    assert not view.receptive_field("before").is_whole
    assert view.receptive_field("gated").is_whole


@pytest.mark.big
def test_published_sizes():
    """Of Araujo et al. 2019, for the last layers before pooling, but for what padding of even sizes adds."""
    vgg = keras.applications.VGG16(weights=None, include_top=False)
    assert receptive_field(vgg, "block5_pool", image_size=224).size == (212, 212)
    assert receptive_field(vgg, "block4_conv3", image_size=224).stride == (8, 8)
    mobile = keras.applications.MobileNetV2(weights=None, include_top=False, input_shape=(224, 224, 3))
    assert receptive_field(mobile, "out_relu").size == (491, 491)


@pytest.mark.big
@pytest.mark.parametrize(
    ("name", "some"),
    [
        ("MobileNetV2", ("Conv1", "block_5_project_BN", "block_11_depthwise_relu")),
        ("InceptionV3", ("conv2d_35", "mixed3", "mixed10")),
        ("DenseNet121", ("conv2_block6_concat", "conv4_block1_concat")),
        ("EfficientNetB0", ("stem_conv", "block2a_dwconv", "top_conv")),
    ],
)
def test_of_known_networks(name, some):
    keras.utils.set_random_seed(0)
    keras.backend.clear_session()
    model = getattr(keras.applications, name)(weights=None, include_top=False, input_shape=(128, 128, 3))
    check(model, some, input_range=(0, 1))


def test_what_is_not_counted_is_said():
    model = keras.Sequential([keras.Input((20, 20, 3)), layers.GroupNormalization(3, name="norm"), layers.Conv2D(2, 3)])
    field = read_model(model).receptive_field(model.layers[-1].name)
    assert (field.size, field.through_statistics, field.unknown) == ((3, 3), ("norm",), ())

    class Turned(layers.Layer):
        def call(self, x):
            return tf.reverse(x, [1])

    model = keras.Sequential([keras.Input((20, 20, 3)), layers.Conv2D(2, 3), Turned(name="turned")])
    field = read_model(model).receptive_field("turned")
    assert (field.is_whole, field.unknown, field.map_size) == (True, ("turned",), (18, 18))


def test_a_flat_input_is_the_image_that_it_is_arranged_as():
    model = keras.Sequential([keras.Input((784,)), layers.Reshape((28, 28, 1)), layers.Conv2D(2, 3, name="conv")])
    assert receptive_field(model, "conv").box((1, 2)) == (1, 2, 4, 5)


def test_bad_input_is_named():
    model = keras.Sequential([keras.Input((20, 20, 3)), layers.Conv2D(2, 3, name="conv")])
    with pytest.raises(ValueError, match="did you mean 'conv'"):
        receptive_field(model, "con")
    with pytest.raises(ValueError, match=r"position from \(0, 0\) to \(17, 17\), got \(18, 0\)"):
        receptive_field(model, "conv").box((18, 0))
    with pytest.raises(TypeError, match="no option 'method'"):
        receptive_field(model, "conv", method="robust")
