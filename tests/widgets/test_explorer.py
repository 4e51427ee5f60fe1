"""The widget's Python side, on a real model with a real worker."""

import gc
import json
import random
import threading
import weakref
from concurrent.futures import CancelledError

import ipywidgets
import keras
import numpy as np
import pytest
import tensorflow as tf
import traitlets

from filterviz_widget import FilterExplorer, FilterPicture
from filterviz_widget.description.presets import PRESETS
from filterviz_widget.session.worker import THREAD_NAME
from filterviz_widget.widgets.live_widget import WIDGETS
from tests.networks import SIZE, small_network, with_weights


@pytest.fixture(scope="module")
def model():
    return small_network()


@pytest.fixture
def explorer(model):
    explorer = FilterExplorer(model)
    yield explorer
    explorer.close()


@pytest.fixture(scope="module")
def shared(model):
    explorer = FilterExplorer(model)
    explorer.wait(60)
    yield explorer
    explorer.close()


def threads():
    return [thread for thread in threading.enumerate() if thread.name.startswith(THREAD_NAME)]


# From the first display to a picture


def test_a_new_explorer_draws_at_once_and_tells_all_about_the_picture(explorer):
    picture = explorer.wait(60)
    assert isinstance(picture, FilterPicture)
    assert picture is explorer.picture
    assert (explorer.layer, explorer.filter, explorer.step_size, explorer.iterations) == ("first", 0, 1.0, 20)
    assert explorer.status == "done"
    assert explorer.iteration == 20
    np.testing.assert_array_equal(np.float32(explorer.activations), picture.activations)
    assert explorer.image.startswith("data:image/png;base64,")
    assert explorer.shown == {
        "layer": "first",
        "filter": 0,
        "step_size": 1.0,
        "iterations": 20,
        "seed": 0,
        "options": PRESETS["classic"].method.options(),
    }
    assert picture.image.shape == picture.raw.shape == (SIZE, SIZE, 3)
    assert picture.description.image_size == (SIZE, SIZE)


def test_the_state_names_every_layer_with_its_filters_and_shape(explorer):
    named = [(entry["name"], entry["filters"], entry["shape"]) for entry in explorer.layers if entry["kind"] != "other"]
    assert named == [("first", 6, [16, 16, 6]), ("second", 8, [6, 6, 8]), ("units", 3, [3])]
    assert explorer.input_range_source == "assumed, nothing in the model says"


def test_the_page_is_told_what_every_method_brings(explorer):
    for name, preset in PRESETS.items():
        assert explorer.presets[name] == {
            "options": preset.method.options(),
            "step_size": preset.step_size,
            "iterations": preset.iterations,
            "help": preset.help,
        }


def test_the_whole_state_is_json(explorer):
    explorer.wait(60)
    json.dumps(explorer.get_state(), allow_nan=False)


def test_a_setting_from_python_draws_anew_and_the_last_one_wins(explorer):
    explorer.layer = "second"
    for filter in range(8):
        explorer.filter = filter
    assert explorer.wait(60).description.filter == 7
    assert explorer.shown["layer"] == "second"
    explorer.seed, explorer.iterations, explorer.step_size = 5, 7, 2.5
    picture = explorer.wait(60)
    assert (picture.description.seed, picture.description.iterations, picture.description.step_size) == (5, 7, 2.5)


def test_a_change_of_layer_keeps_the_filter_inside_it(explorer):
    explorer.layer = "second"
    explorer.filter = 7
    explorer.layer = "first"
    assert explorer.filter == 5
    assert explorer.wait(60).description.filter == 5


def test_going_back_to_a_picture_seen_before_computes_nothing(explorer):
    first = explorer.wait(60)
    explorer.filter = 1
    explorer.wait(60)
    seen = []
    explorer.observe(lambda change: seen.append(change.new), "status")
    explorer.filter = 0
    assert explorer.wait(60) is first
    assert "running" not in seen


def test_refresh_draws_with_the_new_weights(model):
    own = keras.models.clone_model(model)
    with_weights(own)
    with_refresh = FilterExplorer(own)
    before = with_refresh.wait(60)
    with_weights(own, seed=6)
    with_refresh.refresh()
    assert not np.array_equal(with_refresh.wait(60).raw, before.raw)
    with_refresh.close()


def test_numpy_numbers_are_numbers(explorer):
    explorer.filter, explorer.step_size = np.int64(3), np.float32(0.5)
    assert explorer.wait(60).description.filter == 3
    json.dumps(explorer.get_state())


def test_save_waits_and_writes_the_picture(explorer, tmp_path):
    explorer.filter = 2
    explorer.save(tmp_path / "x.png")
    assert (tmp_path / "x.png").read_bytes() == explorer.picture._repr_png_()


def test_code_makes_the_same_bytes_again(explorer, model):
    for name in PRESETS:
        explorer.method = name
        explorer.layer, explorer.filter, explorer.seed, explorer.iterations = "second", 3, 11, 9
        explorer.options = {"blur": 0.5, "direction": [[1, 1.0], [2, -0.5]]}
        picture = explorer.wait(60)
        made = {"model": model}
        exec(explorer.code(), made)
        assert made["picture"].description == picture.description
        assert made["picture"].image.tobytes() == picture.image.tobytes()
        assert made["picture"].raw.tobytes() == picture.raw.tobytes()


# Methods


def test_a_method_brings_its_numbers_and_options_keep_what_is_not_named(explorer):
    explorer.method = "robust"
    robust = PRESETS["robust"]
    assert (explorer.step_size, explorer.iterations) == (robust.step_size, robust.iterations)
    assert explorer.options == robust.method.options()
    explorer.options = {"jitter": 2}
    assert explorer.options == robust.method.options() | {"jitter": 2.0}
    explorer.iterations = 5
    assert explorer.wait(60).description.method == robust.method.replaced(jitter=2.0)


def test_options_can_be_given_when_the_explorer_is_made(model):
    explorer = FilterExplorer(model, method="robust", jitter=3, sign=-1, iterations=4)
    assert explorer.wait(60).description.method == PRESETS["robust"].method.replaced(jitter=3.0, sign=-1)
    assert (explorer.iterations, explorer.step_size) == (4, PRESETS["robust"].step_size)
    explorer.close()


def test_an_option_without_effect_says_why(explorer):
    assert "octaves" not in explorer.inapplicable
    explorer.layer = "units"
    assert "whole image" in explorer.inapplicable["octaves"]
    assert "no centre" in explorer.inapplicable["objective"]
    explorer.layer = "first"
    explorer.options = {"objective": "layer"}
    assert "whole layer" in explorer.inapplicable["filter"]


def test_the_way_back_from_the_whole_layer_to_one_unit_stays_open(explorer):
    explorer.options = {"objective": "layer"}
    explorer.layer = "units"
    assert "filter" in explorer.inapplicable
    assert "objective" not in explorer.inapplicable


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"jiter": 3}, "no option 'jiter'; did you mean 'jitter'"),
        ({"jitter": -1}, "jitter must be a number from 0 to 64, got -1"),
        ({"sign": 0}, "sign must be one of 1, -1, got 0"),
        ({"objective": "max"}, "objective must be one of 'mean', 'center', 'layer', got 'max'"),
        ({"octaves": True}, "octaves must be one of"),
        ({"direction": {99: 1.0}}, "filters from 0 to 5"),
        ({"direction": "abc"}, "direction must be weights of filters"),
    ],
)
def test_a_wrong_option_is_refused_with_what_is_expected(shared, options, words):
    before = shared.options
    with pytest.raises(traitlets.TraitError, match=words):
        shared.options = options
    assert shared.options == before


# The worker


class Blocked(keras.layers.Layer):
    """Passes images on when it is let."""

    def __init__(self, gate, entered, **kwargs):
        super().__init__(**kwargs)
        self.gate, self.entered = gate, entered

    def call(self, images):
        def wait(images):
            self.entered.set()
            self.gate.wait(60)
            return images

        passed = tf.numpy_function(wait, [images], images.dtype)
        passed.set_shape(images.shape)
        return images + 0.0 * tf.stop_gradient(passed)


@pytest.fixture
def blocked():
    gate, entered = threading.Event(), threading.Event()
    inputs = keras.Input((SIZE, SIZE, 3))
    outputs = keras.layers.Conv2D(40, 3, name="conv")(Blocked(gate, entered)(inputs))
    # Where no range is given, the layer is tried on images when the model is read.
    explorer = FilterExplorer(keras.Model(inputs, outputs), input_range=(0, 1))
    yield explorer, gate, entered
    gate.set()
    explorer.close()


def test_settings_return_while_the_worker_is_at_work_and_only_the_newest_is_drawn_next(blocked):
    explorer, gate, entered = blocked
    assert entered.wait(60)
    shown = []
    explorer.observe(lambda change: shown.append(change.new["filter"]), "shown")
    for filter in range(1, 40):
        explorer.filter = filter  # would never return if the worker had to answer first
    gate.set()
    assert explorer.wait(60).description.filter == 39
    assert set(shown) <= {0, 39}


def test_a_superseded_run_stops_long_before_its_end(explorer):
    running = threading.Event()
    explorer.observe(lambda change: change.new > 0 and running.set(), "iteration")
    explorer.wait(60)
    running.clear()
    explorer.iterations = 10_000
    assert running.wait(60)
    explorer.set_state({"iterations": 3, "filter": 1})
    explorer.wait(60)
    assert explorer.iteration == 3


def test_cancel_stops_and_keeps_the_picture_so_far(explorer):
    explorer.wait(60)
    moving = threading.Event()
    explorer.observe(lambda change: change.new > 5 and moving.set(), "iteration")
    explorer.iterations = 10_000
    assert moving.wait(60)
    explorer.cancel()
    with pytest.raises(Exception, match="stopped before"):
        explorer.wait(60)
    assert explorer.status == "cancelled"
    assert 5 < explorer.iteration < 10_000
    assert explorer.image
    explorer.iterations = 4
    assert len(explorer.wait(60).activations) == 5


def test_who_waits_while_it_is_closed_hears_that(model):
    explorer = FilterExplorer(model, iterations=10_000)
    heard = []

    def wait():
        with pytest.raises(CancelledError) as caught:
            explorer.wait(60)
        heard.append(str(caught.value))

    waiting = threading.Thread(target=wait)
    waiting.start()
    explorer.close()
    waiting.join(60)
    assert heard == ["It was closed before the picture was final."]


def test_nothing_is_shown_before_the_first_picture(model):
    assert FilterExplorer.shown.default() is None
    explorer = FilterExplorer(model, layer="second", iterations=3)
    explorer.wait(60)
    assert explorer.shown["layer"] == "second"
    explorer.close()


def test_the_page_can_stop_and_run_again(explorer):
    explorer.iterations = 10_000
    explorer._handle_custom_msg({"type": "cancel"}, [])
    with pytest.raises(Exception, match="stopped before"):
        explorer.wait(60)
    explorer.iterations = 5
    before = explorer.wait(60)
    explorer._handle_custom_msg({"type": "run"}, [])
    again = explorer.wait(60)
    assert again is not before
    assert again.image.tobytes() == before.image.tobytes()
    for nonsense in (None, [], {"type": 3}, {"kind": "run"}, "cancel"):
        explorer._handle_custom_msg(nonsense, [])


def test_an_explorer_has_a_thread_only_while_there_is_work_and_close_ends_it(model):
    before = len(threads())
    explorers = [FilterExplorer(model, iterations=10_000) for _ in range(3)]
    assert len([thread for thread in threads() if thread.name.startswith(f"{THREAD_NAME}worker")]) == 3
    for explorer in explorers:
        explorer.close()
    assert len(threads()) == before
    explorers[0].close()
    with pytest.raises(RuntimeError, match="closed"):
        explorers[0].wait()
    resting = FilterExplorer(model)
    resting.wait(60)
    assert resting._session._ahead.wait(60)
    assert len(threads()) == before
    resting.close()


def test_the_layers_beside_the_shown_one_are_compiled_while_nothing_moves():
    model = small_network()
    explorer = FilterExplorer(model, layer="first", iterations=3)
    explorer.wait(60)
    assert explorer._session._ahead.wait(60)
    statuses = []
    explorer.observe(lambda change: statuses.append(change.new), "status")
    explorer.layer = "second"
    picture = explorer.wait(60)
    explorer.close()
    assert picture.description.layer == "second"
    assert statuses == ["running", "done"]


def test_frames_on_the_way_come_in_the_quick_format_and_the_picture_as_png(model):
    explorer = FilterExplorer(model, layer="second", iterations=3)
    explorer.wait(60)
    images = []
    explorer.observe(lambda change: images.append(change.new.partition(";")[0]), "image")
    explorer.iterations = 4000
    explorer.wait(60)
    explorer.close()
    assert set(images[:-1]) == {"data:image/webp"}
    assert images[-1] == "data:image/png"


def test_a_closed_explorer_lets_go_of_the_model():
    own = small_network()
    explorer = FilterExplorer(own, layer="second", method="robust", iterations=3)
    explorer.wait(60)
    gone = weakref.ref(own)
    explorer.close()
    del own
    gc.collect()
    assert gone() is None


def test_waiting_inside_an_observer_is_refused_instead_of_waiting_forever(explorer):
    explorer.wait(60)
    raised = []

    def observer(change):
        try:
            explorer.wait(5)
        except RuntimeError as error:
            raised.append(str(error))

    explorer.observe(observer, "iteration")
    explorer.filter = 4
    explorer.wait(60)
    assert raised
    assert "observe `status`" in raised[0]


def test_an_observer_that_raises_is_named_and_the_picture_is_finished(explorer):
    explorer.wait(60)

    def observer(change):
        raise KeyError("oh")

    explorer.observe(observer, "image")
    explorer.filter = 3
    explorer.wait(60)
    assert explorer.status == "done"
    assert "observer of 'image' raised KeyError" in explorer.error


# As ipywidgets do


def test_it_links_lays_out_and_stands_in_boxes(explorer):
    slider = ipywidgets.IntSlider(max=5)
    ipywidgets.jslink((slider, "value"), (explorer, "filter"))
    traitlets.link((slider, "value"), (explorer, "filter"))
    box = ipywidgets.HBox([explorer, slider])
    slider.value = 4
    assert explorer.wait(60).description.filter == 4
    explorer.layout = ipywidgets.Layout(width="50%")
    assert explorer in box.children
    box.close()
    slider.close()


# What cannot be


@pytest.mark.parametrize(
    ("arguments", "error", "words"),
    [
        ({"filtr": 3}, TypeError, "unknown argument 'filtr'. Did you mean 'filter'"),
        ({"layer": "secnd"}, traitlets.TraitError, "no layer 'secnd'; did you mean 'second'"),
        ({"filter": 6}, traitlets.TraitError, "filter must be a whole number from 0 to 5, got 6"),
        ({"filter": 1.5}, traitlets.TraitError, "filter must be a whole number from 0 to 5, got 1.5"),
        (
            {"step_size": float("nan")},
            traitlets.TraitError,
            "step_size must be a number from 0.01 to 1,000 grey levels",
        ),
        ({"iterations": 10**9}, traitlets.TraitError, "iterations must be a whole number from 1 to 10,000"),
        ({"seed": -1}, traitlets.TraitError, "seed must be a whole number from 0"),
        ({"method": "best"}, ValueError, "method must be one of 'classic', 'robust', 'natural', got 'best'"),
        ({"jitter": 1e6}, ValueError, "jitter must be a number from 0 to 64"),
        ({"image_size": 0}, ValueError, "from 1 to 2,?048 pixels"),
        ({"input_range": (1, 0)}, ValueError, 'input_range must be "auto" or two finite numbers'),
    ],
)
def test_wrong_arguments_are_refused_and_leave_nothing_open(model, arguments, error, words):
    before = len(threads()), set(WIDGETS)
    with pytest.raises(error, match=words):
        FilterExplorer(model, **arguments)
    assert (len(threads()), set(WIDGETS)) == before


def test_models_that_cannot_be_shown_are_refused_in_words():
    with pytest.raises(TypeError, match="Expected a Keras 3 model"):
        FilterExplorer(b"not a model")
    with pytest.raises(ValueError, match="not built"):
        FilterExplorer(keras.Sequential([keras.layers.Conv2D(2, 3)]))
    flat = keras.Sequential([keras.Input((8, 8, 1)), keras.layers.Flatten(), keras.layers.Dense(2, name="only")])
    with pytest.raises(ValueError, match="no convolutional layer"):
        FilterExplorer(flat)


class Failing(keras.layers.Layer):
    """Raises while a graph is traced, as a layer with a bug would."""

    broken = False

    def __init__(self, error, **kwargs):
        super().__init__(**kwargs)
        self.error = error

    def call(self, images):
        if self.broken:
            raise self.error
        return images


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (ZeroDivisionError("a bug of mine"), "Layer late could not be run: .*a bug of mine"),
        (tf.errors.ResourceExhaustedError(None, None, ""), "too little memory for layer late: .* Try image_size="),
    ],
)
def test_a_failure_inside_the_model_is_shown_with_the_layers_name_and_the_widget_goes_on(error, words):
    inputs = keras.Input((SIZE, SIZE, 3))
    early = keras.layers.Conv2D(2, 3, name="early")(inputs)
    failing = Failing(error)
    model = with_weights(keras.Model(inputs, keras.layers.Conv2D(2, 3, name="late")(failing(early))))
    failing.broken = True
    explorer = FilterExplorer(model, layer="late")
    with pytest.raises(RuntimeError, match=words):
        explorer.wait(60)
    assert explorer.status == "error"
    assert "late" in explorer.error
    explorer.layer = "early"
    assert explorer.wait(60).description.layer == "early"
    assert explorer.error == ""
    explorer.close()


def test_the_model_and_the_global_settings_are_as_they_were():
    own = small_network()
    own.compile("adam", "mse")
    own.fit(np.zeros((2, SIZE, SIZE, 3)), np.zeros((2, 3)), verbose=0)
    own.layers[0].trainable = False

    def state():
        return {
            "weights": [weight.tobytes() for weight in own.get_weights()],
            "optimizer": [np.asarray(variable).tobytes() for variable in own.optimizer.variables],
            "trainable": [layer.trainable for layer in own.layers],
            "compiled": own.compiled,
            "policy": keras.config.dtype_policy().name,
            "floatx": keras.config.floatx(),
            "names": keras.layers.Dense(1).name,
            "threads": tf.config.threading.get_intra_op_parallelism_threads(),
            "eager": tf.config.functions_run_eagerly(),
        }

    # Making a layer counts its automatic name up by one; nothing else does.
    before = state()
    tf.random.set_seed(1)
    drawn = tf.random.uniform(()).numpy(), random.getstate()
    tf.random.set_seed(1)
    explorer = FilterExplorer(own, layer="second", method="robust", iterations=5)
    explorer.wait(60)
    explorer.close()
    assert (tf.random.uniform(()).numpy(), random.getstate()) == drawn
    after = state()
    numbers = [int(each.pop("names").removeprefix("dense").lstrip("_") or 0) for each in (before, after)]
    assert numbers[1] == numbers[0] + 1
    assert after == before


# What the page sends


@pytest.mark.parametrize(
    ("message", "words"),
    [
        ({"filter": 99}, "filter must be a whole number from 0 to 5, got 99; 5 is used."),
        ({"filter": "3"}, "filter must be a whole number from 0 to 5, got '3'."),
        ({"step_size": float("inf")}, "step_size must be a number"),
        ({"layer": "<img src=x onerror=alert(1)>"}, "There is no layer '<img src=x"),
        ({"method": "best"}, "method must be one of"),
        ({"options": {"jitter": 1e9}}, "jitter must be a number from 0 to 64"),
        ([1, 2], "Expected the settings as a dictionary, got list"),
    ],
)
def test_what_the_page_sends_wrongly_is_said_in_words_and_the_widget_goes_on(shared, message, words):
    shared.set_state({"method": "classic", "layer": "first", "filter": 0, "iterations": 5})
    shared.set_state(message)
    assert words in shared.error
    shared.set_state({"filter": 2})
    assert shared.error == ""
    assert shared.wait(60).description.filter == 2


def test_a_message_with_several_settings_is_one_wish(explorer):
    explorer.wait(60)
    wanted = []
    explorer.observe(lambda change: change.new and wanted.append(tuple(change.new.values())[:5]), "shown")
    explorer.set_state({"filter": 7, "layer": "second", "seed": 3, "iterations": 2, "method": "classic"})
    explorer.wait(60)
    assert set(wanted) == {("second", 7, 1.0, 2, 3)}
