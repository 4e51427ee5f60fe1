"""From descriptions to frames: chunks, octaves, dead filters, caches."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from filterviz_widget.ascent import start_images
from filterviz_widget.description.description import Description
from filterviz_widget.description.method import PRESETS, Method
from filterviz_widget.engine import Frames
from filterviz_widget.engine.octaves import octaves
from filterviz_widget.engine.recent import Recent
from filterviz_widget.model import read_model
from tests.networks import SIZE, network_with_dead_filters, small_network

WANTED = Description("second", 3, 1.0, 20, 0, (SIZE, SIZE), (0.0, 1.0))


@pytest.fixture(scope="module")
def frames():
    return Frames(read_model(small_network()))


def last(frames, wanted):
    *_, frame = frames.stream(wanted)
    return frame


def test_a_stream_ends_with_the_finished_picture_and_its_whole_curve(frames):
    frame = last(frames, WANTED)
    assert (frame.status, frame.iteration, frame.description) == ("done", 20, WANTED)
    assert frame.picture.description == WANTED
    assert len(frame.activations) == 21
    assert frame.activations[-1] > frame.activations[0]
    assert frame.image.shape == (SIZE, SIZE, 3)


def test_frames_grow_and_the_curve_before_stays_as_it_was(frames):
    wanted = replace(WANTED, iterations=2000, filter=4)
    running = [frame for frame in frames.stream(wanted) if frame.image is not None]
    assert len(running) > 3
    for before, after in pairwise(running):
        assert after.iteration > before.iteration or after.status == "done"
        assert list(after.activations[: before.iteration]) == list(before.activations[: before.iteration])


def test_how_the_run_was_cut_into_chunks_leaves_no_trace_in_the_bytes():
    whole = last(Frames(read_model(small_network())), WANTED).picture
    frames = Frames(read_model(small_network()))
    last(frames, replace(WANTED, filter=1))  # from now on its chunks are larger: the time per iteration is known
    assert last(frames, WANTED).picture.raw.tobytes() == whole.raw.tobytes()


def test_a_picture_seen_before_comes_at_once(frames):
    last(frames, WANTED)
    assert [frame.status for frame in frames.stream(WANTED)] == ["done"]
    frames.forget_pictures()
    assert next(frames.stream(WANTED)).status == "running"


def test_a_layer_is_compiled_once_for_all_its_filters_and_numbers():
    frames = Frames(read_model(small_network()))
    robust = PRESETS["robust"].method
    statuses = []
    for filter in range(3):
        for method in (Method(), robust, robust.replaced(jitter=2.0), Method(sign=-1)):
            statuses += [
                frame.status for frame in frames.stream(replace(WANTED, filter=filter, iterations=3, method=method))
            ]
    assert statuses.count("compiling") == 2  # one for the plain ascent, one for the robust method


def test_the_caches_forget_what_was_not_used_for_longest():
    recent = Recent(2)
    for key in "ab":
        recent.put(key, key.upper())
    assert recent.get("a") == "A"
    recent.put("c", "C")
    assert recent.get("b") is None
    assert (recent.get("a"), recent.get("c"), len(recent)) == ("A", "C", 2)


def test_octaves_grow_to_the_picture_and_share_the_iterations():
    assert octaves((96, 96), 1, 20) == [((96, 96), 20)]
    assert octaves((96, 96), 3, 20) == [((49, 49), 6), ((69, 69), 6), ((96, 96), 8)]
    assert octaves((20, 96), 3, 20) == [((20, 96), 20)], "a size below 16 pixels shows nothing"
    assert octaves((96, 96), 3, 1) == [((96, 96), 1)]


def test_with_octaves_every_frame_has_the_size_of_the_picture():
    model = small_network(size=None)
    frames = Frames(read_model(model, image_size=48))
    wanted = replace(WANTED, image_size=(48, 48), method=Method(octaves=3), iterations=30)
    made = list(frames.stream(wanted))
    assert {frame.image.shape for frame in made if frame.image is not None} == {(48, 48, 3)}
    assert made[-1].activations[-1] > made[-1].activations[0]
    assert len(made[-1].activations) == 31


def test_the_pictures_of_a_batch_are_those_of_singles(frames):
    batch = [replace(WANTED, filter=filter, seed=filter) for filter in range(4)]
    for wanted, picture in zip(batch, frames.pictures(batch), strict=True):
        assert picture.description == wanted
        np.testing.assert_allclose(picture.raw, last(frames, wanted).picture.raw, atol=1e-5)


# Dead filters

DEAD = replace(WANTED, layer="dead", filter=1)


def test_a_filter_dead_behind_its_relu_is_shown_by_its_pre_activation_in_words():
    frames = Frames(read_model(network_with_dead_filters()))
    picture = last(frames, DEAD).picture
    assert "dead" in picture.note
    assert "pre-activation" in picture.note
    assert not np.allclose(picture.raw, start_images([0], (SIZE, SIZE, 3))[0])
    assert picture.activations[-1] > picture.activations[0]
    assert last(frames, replace(DEAD, filter=0)).picture.note == ""


def test_a_filter_that_nothing_wakes_shows_the_start_and_says_so():
    frames = Frames(read_model(network_with_dead_filters("weights")))
    picture = last(frames, DEAD).picture
    assert "start image" in picture.note
    assert np.array_equal(picture.raw, start_images([0], (SIZE, SIZE, 3))[0])
    assert not picture.activations.any()


def test_a_filter_that_answers_to_another_start_is_shown_from_there():
    model = network_with_dead_filters("weights")
    kernel, bias = model.get_weights()
    # An edge over noise of 4 grey levels: exceeded by some starts only, and not by the start of seed 0.
    kernel[..., 1] = np.random.default_rng(2).normal(size=kernel.shape[:3])
    responses = [_strongest(kernel[..., 1], seed) for seed in range(9)]
    best = int(np.argmax(responses))
    assert best != 0
    bias[1] = -(sorted(responses)[-1] + sorted(responses)[-2]) / 2
    model.set_weights([kernel, bias])
    picture = last(Frames(read_model(model)), DEAD).picture
    assert f"from seed {best} instead" in picture.note
    assert picture.activations[-1] > 0


def _strongest(kernel, seed):
    image = start_images([seed], (SIZE, SIZE, 3))[0].numpy()
    windows = np.lib.stride_tricks.sliding_window_view(image, (3, 3), axis=(0, 1))
    return np.einsum("yxcij,ijc->yx", windows, kernel).max()


def test_the_dead_of_a_batch_are_woken_and_their_neighbours_are_as_without_them():
    frames = Frames(read_model(network_with_dead_filters()))
    alive, woken = frames.pictures([replace(DEAD, filter=0), DEAD])
    assert "pre-activation" in woken.note
    np.testing.assert_allclose(alive.raw, last(frames, replace(DEAD, filter=0)).picture.raw, atol=1e-5)


def test_a_gradient_that_is_not_finite_ends_the_run_with_the_iteration_in_words():
    model = small_network()
    weights = model.get_weights()
    weights[0][0, 0, 0, 0] = np.nan
    model.set_weights(weights)
    with pytest.raises(FloatingPointError, match="filter 3 is NaN or infinite at iteration 1"):
        last(Frames(read_model(model)), WANTED)
