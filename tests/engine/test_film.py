"""The film of an ascent: evenly spaced, bounded, and of the very ascent whose picture is shown."""

import io

import numpy as np
import pytest
from PIL import Image

from filterviz_widget.description.presets import PRESETS
from filterviz_widget.engine import Engine
from filterviz_widget.engine.film import MOST_FRAMES, distance
from filterviz_widget.model import read_model
from filterviz_widget.picture.animation import animation
from tests.networks import SIZE, network_with_dead_filters, small_network, wanted


@pytest.fixture(scope="module")
def engine():
    return Engine(read_model(small_network()))


@pytest.mark.parametrize("iterations", [1, 2, 20, 40, 41, 100, 1000])
def test_frames_come_at_even_distances_and_are_at_most_forty(engine, iterations):
    film = engine.film(wanted(iterations=iterations))
    step = distance(iterations)
    assert [iteration for iteration, _ in film.frames] == list(range(step, iterations, step))
    assert len(film.frames) <= MOST_FRAMES


def test_a_frame_is_the_picture_of_a_shorter_run(engine):
    """Of the classic method, whose iterations do not know how many there will be."""
    film = dict(engine.film(wanted(iterations=12)).frames)
    frame = np.asarray(Image.open(io.BytesIO(film[5])), float)
    assert frame.shape == (SIZE, SIZE, 3)
    runs = [engine.picture(wanted(iterations=count)).image for count in range(1, 13)]
    far = [np.abs(frame.mean(2) - image.mean(2)).mean() for image in runs]  # WebP loses colours first
    assert int(np.argmin(far)) + 1 == 5


def test_a_film_is_kept_with_the_weights_that_it_was_made_with(engine):
    asked = wanted(filter=2)
    assert engine.filmed(asked) is None
    film = engine.film(asked)
    assert engine.film(asked) is film
    layer = engine.view.operation("first")
    layer.set_weights([1.5 * weight for weight in layer.get_weights()])
    assert engine.filmed(asked) is None


def test_octaves_and_closed_filters_have_a_film_of_their_own_iterations(engine):
    robust = PRESETS["robust"]
    asked = wanted(method=robust.method, iterations=30)
    numbers = [iteration for iteration, _ in engine.film(asked).frames]
    assert numbers == sorted(set(numbers))
    assert numbers[-1] < 30
    closed = Engine(read_model(network_with_dead_filters()))
    numbers = [iteration for iteration, _ in closed.film(wanted("dead", 1)).frames]
    assert numbers == sorted(set(numbers))


@pytest.mark.parametrize("kind", [".gif", ".webp"])
def test_an_animation_has_every_frame_and_ends_with_the_picture(engine, kind):
    asked = wanted(iterations=6)
    film, picture = engine.film(asked), engine.picture(asked)
    last = io.BytesIO()
    Image.fromarray(picture.image).save(last, "PNG")
    data = animation([each for _, each in film.frames], last.getvalue(), kind)
    with Image.open(io.BytesIO(data)) as image:
        assert image.n_frames == 6
        assert image.info.get("loop") == 0
        image.seek(5)
        end = np.asarray(image.convert("RGB"), float)
    assert np.abs(end - picture.image).mean() < 20
