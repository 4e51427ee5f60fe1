"""Answers about filters are kept as long as the weights are the same, and no longer."""

import numpy as np
import pytest

from filterviz_widget.description.question import AblationOf, FeatureMapsOf, FieldOf, KernelOf, StrongestOf
from filterviz_widget.description.reading import Array
from filterviz_widget.engine import Engine
from filterviz_widget.engine.strongest import sparseness, strongest
from filterviz_widget.images import PhotoSet
from filterviz_widget.model import read_model
from tests.networks import SIZE, small_network


@pytest.fixture
def engine():
    return Engine(read_model(small_network(), input_range=(0, 1)))


@pytest.fixture(scope="module")
def images():
    return np.random.default_rng(0).uniform(0, 1, (9, SIZE, SIZE, 3)).astype(np.float32)


def test_an_answer_is_found_once_and_anew_with_other_weights(engine, images):
    asked = FeatureMapsOf("second", engine.reading, Array.of(images[0]))
    assert engine.answers.known(asked) is None
    first = engine.answers.answer(asked)
    assert engine.answers.known(asked) is first
    assert engine.answers.answer(asked) is first
    layer = engine.view.operation("first")
    layer.set_weights([2 * weight for weight in layer.get_weights()])
    assert engine.answers.known(asked) is None
    assert not np.allclose(engine.answers.answer(asked).maps, first.maps)


def test_weights_behind_the_layer_matter_only_where_the_answer_depends_on_them(engine, images):
    photos = PhotoSet(images, engine.answers.format)
    maps = FeatureMapsOf("second", engine.reading, Array.of(images[0]))
    without = AblationOf("second", engine.reading, 1, photos.key)
    first, second = engine.answers.answer(maps), engine.answers.answer(without, photos)
    units = engine.view.operation("units")
    units.set_weights([2 * weight for weight in units.get_weights()])
    assert engine.answers.answer(maps) is first
    assert engine.answers.answer(without, photos) is not second


def test_one_pass_serves_all_filters_and_is_not_made_again(engine, images):
    photos, read = PhotoSet(images, engine.answers.format), []
    asked = StrongestOf("second", engine.reading, photos.key, 3)
    first = engine.answers.answer(asked, photos, told=read.append)
    assert engine.answers.answer(asked, photos, told=read.append) is first
    assert read == [9]
    assert first.strongest.numbers.shape == (8, 3)


def test_a_set_of_the_same_images_is_known_again(engine, images):
    one, other = (PhotoSet(images.copy(), engine.answers.format) for _ in range(2))
    assert one.key == other.key
    assert PhotoSet(images[::-1], engine.answers.format).key != one.key
    assert PhotoSet(images, engine.answers.format, labels=[0] * 9).key != one.key
    assert PhotoSet(list(images), engine.answers.format).key != PhotoSet(list(images), engine.answers.format).key


def test_a_question_about_images_that_were_not_given_is_refused(engine, images):
    with pytest.raises(ValueError, match="images that were not given"):
        engine.answers.answer(StrongestOf("second", engine.reading, "set-0"), PhotoSet(images, engine.answers.format))


def test_who_is_asked_to_stop_stops_and_nothing_is_kept(engine, images):
    photos = PhotoSet(images, engine.answers.format)
    asked = StrongestOf("second", engine.reading, photos.key)

    def stop():
        raise InterruptedError

    with pytest.raises(InterruptedError):
        engine.answers.answer(asked, photos, check=stop)
    assert engine.answers.known(asked) is None


def test_batches_that_must_be_quick_find_the_same(engine, images):
    photos = PhotoSet(images, engine.answers.format)
    forward = engine.answers.forward("second")
    plain = strongest(forward, photos, 4)
    paced = strongest(forward, photos, 4, seconds=1e-9)  # one image at a time
    np.testing.assert_array_equal(plain.strongest.numbers, paced.strongest.numbers)
    np.testing.assert_allclose(plain.strongest.values, paced.strongest.values, rtol=1e-5)


def test_a_filter_that_answers_to_one_image_alone_is_most_selective():
    values = np.array([[1, 1, 0, 1], [1, 0, 0, 2], [1, 0, 0, 3], [1, 0, 0, 4]], np.float32)
    # 1 - (mean^2 / mean of squares), over 1 - 1/n: by hand 0, 1, undefined, and 1 - (6.25 / 7.5) over 0.75.
    np.testing.assert_allclose(sparseness(values), [0, 1, np.nan, (1 - 6.25 / 7.5) / 0.75], atol=1e-6)


# Kernels


def test_a_kernel_is_the_layers_own(engine):
    found = engine.answers.answer(KernelOf("second", engine.reading, 5))
    kernel = engine.view.operation("second").kernel.numpy()
    np.testing.assert_array_equal(found.values, kernel[..., 5])
    norms = np.linalg.norm(kernel[..., 5].reshape(9, 6), axis=0)
    assert found.order == np.argsort(-norms, kind="stable").tolist()
    assert found.image.shape[2] == 3
    assert "all 6 inputs" in found.words
    assert not found.is_colour


def test_the_first_layers_kernel_is_in_colour_in_the_order_of_the_image(engine):
    found = engine.answers.answer(KernelOf("first", engine.reading, 2))
    assert found.is_colour
    np.testing.assert_array_equal(found.values, engine.view.operation("first").kernel.numpy()[..., 2])
    turned = Engine(read_model(small_network(), preprocess="caffe"), preprocess="caffe")
    other = turned.answers.answer(KernelOf("first", turned.reading, 2))
    np.testing.assert_array_equal(other.values, found.values[..., ::-1])  # "caffe" feeds blue, green, red


def test_units_have_a_kernel_of_single_weights_and_pooling_has_none(engine):
    assert engine.answers.answer(KernelOf("units", engine.reading, 1)).values.shape == (1, 1, 8)
    with pytest.raises(ValueError, match="no kernel that can be shown"):
        engine.answers.answer(KernelOf("pool", engine.reading, 0))


def test_the_parts_of_a_separable_convolution_are_multiplied():
    """Against the layer's own output for an impulse."""
    import keras

    model = keras.Sequential(
        [keras.Input((7, 7, 2)), keras.layers.SeparableConv2D(3, 3, depth_multiplier=2, use_bias=False, name="apart")]
    )
    engine = Engine(read_model(model, input_range=(0, 1)))
    found = engine.answers.answer(KernelOf("apart", engine.reading, 1))
    for channel in range(2):
        impulse = np.zeros((1, 7, 7, 2), np.float32)
        impulse[0, 3, 3, channel] = 1
        answer = model(impulse).numpy()[0, 1:4, 1:4, 1]
        np.testing.assert_allclose(found.values[..., channel], answer[::-1, ::-1], rtol=1e-4, atol=1e-6)


def test_what_cannot_be_seen_of_a_layer_that_is_not_there(engine):
    with pytest.raises(ValueError, match="There is no layer 'third'"):
        engine.answers.answer(FieldOf("third", engine.reading))
