"""The arithmetic of receptive fields against the support of gradients."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

from filterviz_widget import receptive_field
from filterviz_widget.model import read_model
from scripts.compare_fields import compare_fields, corners_and_between, gradient_boxes


def check(model, names=None, **reading):
    view = read_model(model, **reading)
    for info in view.layers:
        if names is not None and info.name not in names:
            continue
        field = view.receptive_field(info.name)
        assert not field.unknown
        assert (*field.map_size, info.filters) == info.shape if len(info.shape) == 3 else field.map_size == (1, 1)
        positions = corners_and_between(field.map_size)
        boxes = [field.box(position) for position in positions]
        assert boxes == gradient_boxes(view, info.name, positions, rounds=4), (info.name, positions)


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
    before, gated = view.receptive_field("before"), view.receptive_field("gated")
    assert before.size == (5, 13)
    assert (before.is_whole, gated.is_whole) == (False, True)
    # Where a gated map lies in the image is where what moves with the position does.
    assert (gated.size, gated.stride) == ((3, 11), (1, 1))
    for centres, size in zip(gated.centres, gated.image_size, strict=True):
        np.testing.assert_array_equal(centres, np.arange(size) + 0.5)


@pytest.mark.parametrize(
    "stack",
    [
        [layers.Conv2D(2, 3, dilation_rate=3, padding="same")],
        [layers.ZeroPadding2D(4), layers.Conv2D(2, 3, dilation_rate=4)],
        [layers.ZeroPadding2D(((2, 1), (0, 3))), layers.DepthwiseConv2D(2, dilation_rate=(3, 2), padding="same")],
        [layers.Conv2D(2, 3, strides=3), layers.SeparableConv2D(2, 3, dilation_rate=2, padding="same")],
        [layers.Conv2DTranspose(2, 3, dilation_rate=3, padding="same")],
        [layers.Conv2DTranspose(2, 4, dilation_rate=(2, 3))],
        [layers.Conv2D(2, 2, strides=2), layers.Conv2DTranspose(2, 2, strides=3)],
    ],
)
def test_between_the_taps_of_a_kernel_nothing_is_seen(stack):
    """Which shows at borders, where a tap lies outside and the next one is the first."""
    view = read_model(keras.Sequential([keras.Input((24, 26, 3)), *stack]))
    last = view.layers[-1].name
    field = view.receptive_field(last)
    positions = [(place, min(place, field.map_size[1] - 1)) for place in range(field.map_size[0])]
    assert [field.box(position) for position in positions] == gradient_boxes(view, last, positions, rounds=2)


def test_a_border_that_strides_do_not_reach_is_no_part_of_the_whole():
    def units(*first):
        stack = [keras.Input((24, 24, 3)), *first, layers.GlobalAveragePooling2D(), layers.Dense(2, name="units")]
        return read_model(keras.Sequential(stack)).receptive_field("units")

    field = units(layers.Conv2D(2, 3, strides=2))
    assert (field.box(), field.is_whole) == ((0, 0, 23, 23), True)
    field = units(layers.Cropping2D(3), layers.Conv2D(2, 3, strides=2))
    assert (field.box(), field.is_whole) == ((3, 3, 20, 20), False)
    image = keras.Input((24, 24, 3))
    x = layers.Conv2D(2, 3, strides=2, name="before")(image)
    gate = layers.Dense(2, "sigmoid")(layers.GlobalAveragePooling2D(keepdims=True)(x))
    view = read_model(keras.Model(image, layers.Multiply(name="gated")([x, gate])))
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


def test_of_each_family(application):
    """With few layers and a small image; scripts/check_applications.py does it with all members, at full size."""
    scales = [(one, one.numpy()) for one in application.model.variables if 0 < np.abs(one).max() < 1e-4]
    size = (64, 96) if application.images.shape[1] == 32 else (81, 98)  # NASNet adds maps up that must halve evenly
    view = read_model(application.model, image_size=size, input_range=application.input_range)
    try:
        for scale, values in scales:  # too small for float32 to see through several
            scale.assign(np.full_like(values, 0.5))
        found = compare_fields(view, part=3, whole=1, look_at=12)
    finally:
        for scale, values in scales:
            scale.assign(values)
    assert found.part + found.whole >= 3
    assert not found.differ


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


def test_nothing_of_the_model_is_changed_or_run():
    image, calls = keras.Input((24, 24, 3)), []

    class Counting(layers.Layer):
        def build(self, shape):
            self.count = self.add_weight(shape=(), trainable=False)

        def call(self, x):
            self.count.assign_add(1.0)
            calls.append(1)
            return x * 1.0

    norm, drop, own = layers.BatchNormalization(), layers.Dropout(0.5, seed=1), Counting(name="own")
    x = own(drop(norm(layers.Conv2D(3, 3)(image), training=True), training=True))
    model = keras.Model(image, layers.Conv2D(4, 3, name="last")(x))
    view = read_model(model)
    before, count = [np.array(variable) for variable in model.variables], len(calls)
    field = view.receptive_field("last")
    assert field.unknown == ("own",)
    assert len(calls) == count
    for old, variable in zip(before, model.variables, strict=True):
        np.testing.assert_array_equal(old, variable)


@pytest.mark.parametrize(
    "moved",
    [
        lambda x: x[:, ::-1],
        lambda x: x[:, ::2],
        lambda x: keras.ops.transpose(x, (0, 2, 1, 3)),
        layers.Permute((2, 1, 3)),
        layers.UpSampling2D(2, interpolation="bicubic"),
        layers.Resizing(9, 11, interpolation="lanczos3"),
        layers.Resizing(9, 11, antialias=True),
        lambda x: keras.ops.average_pool(x, 2, 2),
        lambda x: layers.Concatenate(axis=1)([x, x]),
    ],
)
def test_what_moves_places_in_a_way_that_is_not_known_sees_the_whole_image(moved):
    image = keras.Input((25, 25, 3))
    field = read_model(keras.Model(image, layers.Conv2D(4, 3, name="last")(moved(image)))).receptive_field("last")
    assert field.is_whole
    assert len(field.unknown) == 1
    down, across = field.centres
    assert (np.diff(down) > 0).all()  # maps are spread evenly over the image
    assert 0 < across[0] < across[-1] < 25


@pytest.mark.parametrize(("size", "stride"), [(2, 2), (3, 2), (3, 3), (5, 2), (5, 3)])
def test_padding_of_a_transposed_convolutions_output(size, stride):
    stack = [layers.Conv2D(3, 2, strides=2), layers.Conv2DTranspose(2, size, stride, "same", output_padding=1)]
    check(keras.Sequential([keras.Input((24, 24, 3)), *stack]))


def test_units_that_become_a_map_see_the_whole_image():
    image = keras.Input((24, 24, 3))
    units = layers.Dense(24 * 24 * 2)(layers.Flatten()(layers.Conv2D(4, 3, padding="same", strides=2)(image)))
    x = layers.Conv2D(4, 3, padding="same", name="last")(layers.Reshape((24, 24, 2))(units))
    field = read_model(keras.Model(image, x)).receptive_field("last")
    assert (field.map_size, field.is_whole) == ((24, 24), True)


def test_a_flat_input_is_the_image_that_it_is_arranged_as():
    model = keras.Sequential([keras.Input((784,)), layers.Reshape((28, 28, 1)), layers.Conv2D(2, 3, name="conv")])
    assert receptive_field(model, "conv").box((1, 2)) == (1, 2, 4, 5)


def test_bad_input_is_named():
    model = keras.Sequential([keras.Input((20, 20, 3)), layers.Conv2D(2, 3, name="conv")])
    with pytest.raises(ValueError, match="did you mean 'conv'"):
        receptive_field(model, "con")
    with pytest.raises(ValueError, match=r"position from \(0, 0\) to \(17, 17\), got \(18, 0\)"):
        receptive_field(model, "conv").box((18, 0))
    for wrong in (3, (1.5, 0), (0, 0, 0), "ab"):
        with pytest.raises(ValueError, match="Expected a position"):
            receptive_field(model, "conv").box(wrong)
    with pytest.raises(TypeError, match="no option 'method'"):
        receptive_field(model, "conv", method="robust")


def test_an_image_that_is_too_small_for_a_layer_is_said_to_be():
    model = keras.Sequential([keras.Input((None, None, 3)), keras.layers.Conv2D(2, 30, name="far")])
    with pytest.raises(ValueError, match="'far' has an empty map for an image of 20 x 20 pixels"):
        read_model(model, image_size=20).receptive_field("far")
