"""What in a photo excites a filter: from a description with a photo to its frames and its picture, painted."""

import json
import re
from dataclasses import replace

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

from filterviz_widget.demo import flower_model, flowers
from filterviz_widget.description import Description
from filterviz_widget.description.method import Method
from filterviz_widget.description.presets import ACCENTUATION
from filterviz_widget.description.reading import Array, Reading
from filterviz_widget.engine import Engine
from filterviz_widget.engine.compiled import Compiled
from filterviz_widget.model import read_model
from filterviz_widget.picture.display import FAINT, PAPER, accentuated
from tests.networks import SIZE, network_with_dead_filters, overflowing, small_network, wanted

SHAPE = (SIZE, SIZE, 3)
PHOTOS = [Array.of(np.random.default_rng(seed).uniform(0.2, 0.8, SHAPE).astype(np.float32)) for seed in range(4)]
METHOD, STEP_SIZE, ITERATIONS, _ = ACCENTUATION
WANTED = wanted(method=METHOD, photo=PHOTOS[0])


@pytest.fixture(scope="module")
def engine():
    return Engine(read_model(small_network()))


def keras_activation(model, layer, image, filter):
    cut = keras.Model(model.inputs, model.get_layer(layer).output)
    return float(np.mean(cut(tf.constant(image[None]))[..., filter]))


def statuses(engine, description):
    return [frame.status for frame in engine.stream(description)]


# The picture


def test_on_the_flowers_the_activation_rises_and_the_picture_is_still_the_photo():
    model, (photos, _) = flower_model(), flowers(17, seed=11)
    engine, layer = Engine(read_model(model, input_range=(0, 1))), "conv4"
    cut = keras.Model(model.inputs, model.get_layer(layer).output)
    answers = cut(tf.constant(photos)).numpy().mean((1, 2))
    rises = []
    for place in (0, 5, 10):
        filter = int(np.argmax((answers[place] - answers.mean(0)) / answers.std(0)))  # what stands out in this photo
        described = engine.describe(layer, filter, step_size=STEP_SIZE, iterations=ITERATIONS)
        picture = engine.picture(replace(described, method=METHOD, photo=Array.of(photos[place])))
        assert picture.note == ""
        assert picture.activations[0] > 0
        rises.append(picture.activations[-1] / picture.activations[0])
        assert np.corrcoef(np.clip(picture.raw, 0, 1).ravel(), photos[place].ravel())[0, 1] > 0.6
    assert min(rises) > 1.5


def test_its_curve_begins_with_what_keras_says_of_the_photo_and_ends_with_what_it_says_of_the_picture():
    model = small_network()
    still = METHOD.replaced(jitter=0)  # the first activation is otherwise that of the moved photo
    picture = Engine(read_model(model)).picture(replace(WANTED, method=still))
    for image, found in ((PHOTOS[0].numpy(), picture.activations[0]), (picture.raw, picture.activations[-1])):
        assert found == pytest.approx(keras_activation(model, "second", image, 3), rel=1e-3)
    assert picture.activations[-1] > picture.activations[0]


def test_its_description_gives_the_same_bytes_by_another_engine_and_however_it_is_cut_into_chunks(engine, monkeypatch):
    first = engine.picture(WANTED)
    again = Description.from_json(json.loads(json.dumps(WANTED.to_json())))
    monkeypatch.setattr(Compiled, "count", lambda self, budget: 3)
    other = Engine(read_model(small_network())).picture(again)
    assert other.description == first.description
    for name in ("image", "raw", "activations"):
        assert getattr(first, name).tobytes() == getattr(other, name).tobytes()


def test_another_photo_filter_and_nearness_is_another_picture_and_nothing_is_compiled_anew(engine):
    pictures = [engine.picture(WANTED)]
    method = METHOD.replaced(nearness=10, jitter=1)
    for change in ({"photo": PHOTOS[1]}, {"filter": 5}, {"method": method}, {"photo": PHOTOS[2], "seed": 3}):
        other = replace(WANTED, **change)
        assert "compiling" not in statuses(engine, other)
        pictures.append(engine.picture(other))
        assert statuses(engine, other) == ["done"], "it is kept"
    assert len({picture.raw.tobytes() for picture in pictures}) == len(pictures)


def test_with_and_without_a_photo_have_ascents_of_their_own(engine):
    plain = replace(WANTED, photo=None, method=METHOD.replaced(nearness=0))
    expected = Engine(read_model(small_network())).picture(plain)
    engine.picture(replace(plain, photo=PHOTOS[0]))
    assert engine.picture(plain).raw.tobytes() == expected.raw.tobytes()


def test_the_model_is_the_same_after_as_before():
    model = small_network()
    before = [weight.tobytes() for weight in model.get_weights()], model.to_json(), model.name, model.trainable
    Engine(read_model(model)).picture(WANTED)
    assert (
        [weight.tobytes() for weight in model.get_weights()],
        model.to_json(),
        model.name,
        model.trainable,
    ) == before


def test_every_frame_shows_the_photo_in_the_making(engine):
    frames = list(engine.stream(replace(WANTED, iterations=400, seed=8)))
    images = [frame.image for frame in frames if frame.image is not None]
    assert len(images) > 2
    assert {(image.shape, image.dtype) for image in images} == {(SHAPE, np.dtype(np.uint8))}
    assert frames[-1].iteration == 400


def test_compiled_ahead_it_starts_at_once():
    engine = Engine(read_model(small_network()))
    engine.prepare(WANTED, lambda: None)
    assert statuses(engine, WANTED)[0] == "running"


@pytest.mark.parametrize("layer", ["first", "second", "units"])
@pytest.mark.parametrize("method", [METHOD, Method(nearness=1.0), Method(parameterization="phase", nearness=1.0)])
def test_it_works_for_every_layer_and_parameterization(engine, layer, method):
    picture = engine.picture(replace(WANTED, layer=layer, filter=2, method=method))
    assert picture.activations[-1] > picture.activations[0]
    assert picture.note == ""


@pytest.mark.parametrize("precision", ["bfloat16", "float16"])
def test_in_reduced_precision_it_is_nearly_the_same_picture(engine, precision):
    exact, reduced = engine.picture(WANTED), engine.picture(replace(WANTED, precision=precision))
    assert np.corrcoef(exact.raw.ravel(), reduced.raw.ravel())[0, 1] > 0.98


# Batches


def test_pictures_of_several_photos_ascend_together_as_they_would_alone(engine):
    batch = [replace(WANTED, filter=place, seed=9 - place, photo=PHOTOS[place]) for place in range(4)]
    for description, picture in zip(batch, engine.together(batch), strict=True):
        assert picture.description == description
        np.testing.assert_allclose(picture.raw, engine.picture(description).raw, atol=1e-4)


def test_a_batch_of_which_only_some_have_a_photo_is_refused_in_words(engine):
    with pytest.raises(
        ValueError, match="Of 2 pictures that ascend together, 1 start at a photo: expected all or none"
    ):
        engine.together([WANTED, replace(WANTED, photo=None)])


def test_facets_of_a_photo_differ_by_their_moves(engine):
    pictures = engine.facets(replace(WANTED, facets=3, method=METHOD.replaced(diversity=1.0)))
    assert [picture.facet for picture in pictures] == [0, 1, 2]
    assert len({picture.raw.tobytes() for picture in pictures}) == 3


def test_with_patience_it_comes_to_rest_each_of_a_batch_by_itself(engine):
    method = Method(nearness=10.0, patience=10)
    batch = [replace(WANTED, iterations=2000, method=method, photo=photo, step_size=0.5) for photo in PHOTOS[:2]]
    alone = [engine.picture(each) for each in batch]
    for picture, single in zip(engine.together(batch), alone, strict=True):
        assert re.fullmatch(r"Flat after \d+ of 2000 iterations\.", picture.note)
        assert picture.raw.tobytes() == single.raw.tobytes()


def test_one_that_is_not_finite_leaves_the_others_of_its_batch_alone():
    engine = Engine(read_model(overflowing(3)))
    pictures = engine.together([replace(WANTED, filter=filter) for filter in (2, 3)])
    assert "filter 3 is NaN or infinite at iteration 1" in pictures[1].error
    assert pictures[0].error == ""
    assert pictures[0].activations[-1] > pictures[0].activations[0]


# What is said


def test_a_photo_that_does_not_fit_the_model_is_refused_in_words(engine):
    grey = Array.of(PHOTOS[0].numpy()[..., :1])
    with pytest.raises(ValueError, match=r"image shape \(20, 20, 3\), got \(20, 20, 1\)"):
        engine.picture(replace(WANTED, photo=grey))


def test_there_is_one_octave_which_is_said_to_those_alone_who_asked_for_more():
    engine = Engine(read_model(small_network(size=None), image_size=72))
    photo = Array.of(np.random.default_rng(5).uniform(0.2, 0.8, (72, 72, 3)).astype(np.float32))
    one, two, three = (
        engine.picture(wanted(size=72, photo=photo, iterations=6, method=METHOD.replaced(octaves=count)))
        for count in (1, 2, 3)
    )
    assert three.note == "An ascent that starts at a photo has one octave, the photo's own size."
    assert (one.note, two.note) == ("", "")
    assert one.raw.tobytes() == two.raw.tobytes() == three.raw.tobytes()


def closed_on(photo):
    """A network whose filter 3 of `second` is shut by a little at the photo."""
    keras.utils.set_random_seed(0)
    model = keras.Sequential(
        [
            keras.Input(SHAPE),
            layers.Conv2D(4, 3, activation="relu", name="first"),
            layers.Conv2D(4, 3, activation="relu", name="second"),
        ]
    )
    first, second = model.layers
    first.set_weights([np.abs(first.get_weights()[0]), np.zeros(4)])
    kernel, bias = (np.abs(each) for each in second.get_weights())
    bias[3] = -1.02 * np.max(tf.nn.conv2d(first(tf.constant(photo.numpy()[None])), kernel, 1, "VALID")[..., 3])
    second.set_weights([kernel, bias])
    return model


@pytest.mark.parametrize("nearness", [0.0, 1.0])
def test_a_filter_that_is_closed_on_the_photo_is_opened_from_there_and_the_caption_says_so(nearness):
    model = closed_on(PHOTOS[0])
    engine = Engine(read_model(model))
    method = Method(nearness=nearness)
    closed = wanted(filter=3, photo=PHOTOS[0], method=method, step_size=5.0, iterations=30)
    picture = engine.picture(closed)
    assert re.fullmatch(
        r"Closed on this photo; opened with redirected gradients in the first (\d+ iterations|iteration)\.",
        picture.note,
    )
    assert not picture.is_dead
    assert picture.activations[0] == 0 < picture.activations[-1]
    assert picture.activations[-1] == pytest.approx(keras_activation(model, "second", picture.raw, 3), rel=1e-3)
    neighbour, same = engine.together([replace(closed, filter=0, photo=PHOTOS[1]), closed])
    assert neighbour.note == ""
    assert same.note == picture.note
    np.testing.assert_allclose(same.raw, picture.raw, atol=1e-4)


def test_a_filter_that_is_dead_on_the_photo_is_shown_before_its_activation_from_the_photo_on():
    picture = Engine(read_model(network_with_dead_filters())).picture(wanted("dead", 1, photo=PHOTOS[0]))
    assert picture.note.startswith("Filter 1 of dead is dead on this photo: its gradient is exactly zero")
    assert "pre-activation" in picture.note
    assert 0 < np.abs(picture.raw - PHOTOS[0].numpy()).mean() < 0.2


def test_where_nothing_wakes_a_filter_the_photo_is_shown_as_it_is():
    picture = Engine(read_model(network_with_dead_filters("weights"))).picture(wanted("dead", 1, photo=PHOTOS[0]))
    assert picture.is_dead
    assert picture.note.endswith("This is the photo as it is.")
    assert np.array_equal(picture.raw, PHOTOS[0].numpy())
    assert np.abs(picture.image - 255 * PHOTOS[0].numpy()).max() <= 0.51


def test_where_no_gradient_can_pass_the_photo_is_shown_as_it_is():
    image = keras.Input(SHAPE)
    cut = layers.Lambda(tf.stop_gradient, name="cut")(layers.Conv2D(3, 3)(image))
    model = keras.Model(image, layers.Conv2D(4, 3, activation="elu", name="second")(cut))
    picture = Engine(read_model(model)).picture(WANTED)
    assert picture.note.startswith("No gradient comes from the layer second to the image.")
    assert picture.note.endswith("This is the photo as it is.")
    np.testing.assert_allclose(picture.raw, PHOTOS[0].numpy(), atol=1e-4)


def test_colours_of_other_images_are_explained_as_ever():
    model = small_network(channels=5)
    photo = Array.of(np.random.default_rng(5).uniform(0.2, 0.8, (SIZE, SIZE, 5)).astype(np.float32))
    picture = Engine(read_model(model)).picture(replace(WANTED, photo=photo))
    assert picture.image.shape == SHAPE
    assert picture.note.startswith("The first three principal components of 5 channels")


# How it is painted


def test_it_is_painted_in_the_input_range_as_a_photograph_is():
    model = small_network()
    low, high = -1.0, 1.0
    photo = Array.of((2 * PHOTOS[0].numpy() - 1).astype(np.float32))
    reading = Reading("", (SIZE, SIZE), (low, high))
    still = replace(WANTED, photo=photo, reading=reading, method=Method(), step_size=0.01, iterations=1)
    picture = Engine(read_model(model, input_range=(low, high))).picture(still)
    strongest = np.abs(picture.image.astype(float) - 255 * PHOTOS[0].numpy()).max(axis=2) < 3
    assert strongest.mean() > 0.05, "what matters most is shown as it is"


def test_what_matters_little_fades_to_light_grey_with_a_little_of_the_luminance():
    image = np.random.default_rng(0).uniform(-0.2, 1.2, (40, 40, 3)).astype(np.float32)
    saliency = np.ones((40, 40, 1), np.float32)
    saliency[:20] = 0
    before = image.copy()
    shown = accentuated(image, saliency).astype(float)
    pixels = np.clip(image, 0, 1) * 255
    np.testing.assert_allclose(shown[25:], pixels[25:], atol=0.51)
    luminance = pixels[:15].mean(axis=2, keepdims=True)
    np.testing.assert_allclose(shown[:15], np.repeat(PAPER * (1 - FAINT) + FAINT * luminance, 3, 2), atol=0.51)
    assert np.array_equal(image, before)
    assert np.array_equal(accentuated(image), accentuated(image, np.zeros_like(saliency)))
    assert np.array_equal(accentuated(image, saliency), accentuated(image, 1e-12 * saliency)), "units do not matter"
    few = np.zeros_like(saliency)
    few[18:22, 18:22] = 1
    assert accentuated(image[..., :1], few).shape == (40, 40, 1)
