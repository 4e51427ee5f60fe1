"""Copies of a history: searches over hyperparameters copy every callback for each trial."""

import copy
import gc
import pickle
import weakref

import numpy as np
import pytest

from filterviz_widget import FilterHistory
from tests.history.networks import examples, small


def history(**options):
    x, y = examples(6)
    return FilterHistory(
        **{"probe": (x, y), "layers": ["first"], "filters": [0], "iterations": 2, "jitter": 2} | options
    )


@pytest.mark.parametrize("how", [copy.deepcopy, copy.copy, lambda one: copy.deepcopy([one])[0]])
def test_every_copy_records_its_own_trial_and_the_original_stays_empty(how):
    original = history()
    x, y = examples()
    trials = []
    for seed in (0, 1):
        trial, model = how(original), small()
        model.set_weights([weight + seed for weight in model.get_weights()])
        model.fit(x, y, epochs=1, callbacks=[trial], verbose=0)
        trials.append((trial, model))
    assert original.epochs == ()
    for trial, model in trials:
        assert trial.epochs == (0, 1)
        np.testing.assert_array_equal(trial.kernels("first")[-1], model.get_layer("first").get_weights()[0])
        assert trial.settings == original.settings
        assert len(trial.gradients[1]) == 6
    assert (trials[0][0].kernels("first") != trials[1][0].kernels("first")).any()


def test_the_probes_arrays_are_shared():
    x, y = examples(6)
    original = history(probe=(x, y))
    assert copy.deepcopy(original)._probe.x is original._probe.x


def test_a_copy_of_a_used_history_is_empty_and_records_from_the_beginning():
    model, (x, y) = small(), examples()
    original, heard = history(), []
    original.subscribe(heard.append)
    model.fit(x, y, epochs=2, callbacks=[original], verbose=0)
    other = copy.deepcopy(original)
    assert (other.epochs, other.layers, other.error, repr(other)) == ((), (), "", "FilterHistory: nothing recorded yet")
    model.fit(x, y, epochs=1, callbacks=[other], verbose=0)
    assert (original.epochs, other.epochs, len(heard)) == ((0, 1, 2), (0, 1), 3)
    assert other.widget() is not original.widget()
    other.close()
    assert original.kernels("first").shape[0] == 3
    original.close()


def test_a_copy_does_not_hold_its_original():
    original = history()
    other = copy.deepcopy(original)
    gone = weakref.ref(original)
    del original
    gc.collect()
    assert gone() is None
    assert other.settings.filters == (0,)


def test_a_copy_of_a_loaded_history_records_without_a_probe(tmp_path):
    model, (x, y) = small(), examples()
    original = history(preprocess="tf")
    model.fit(x, y, epochs=1, callbacks=[original], verbose=0)
    original.save(tmp_path / "run.h5")
    other = copy.deepcopy(FilterHistory.load(tmp_path / "run.h5"))
    assert (other.epochs, other.probe_size, other.settings) == ((), 0, original.settings)
    model.fit(x, y, epochs=1, callbacks=[other], verbose=0)
    assert (other.error, other.layers, other.epochs) == ("", ("first",), (0, 1))
    np.testing.assert_array_equal(other.pictures("first")[0], original.pictures("first")[-1])


def test_what_a_class_of_ones_own_holds_is_copied_too():
    class Named(FilterHistory):
        def __init__(self, name):
            super().__init__(filters=())
            self.names = [name]

    original = Named("one")
    other = copy.deepcopy(original)
    other.names.append("two")
    assert (type(other), original.names, other.names) == (Named, ["one"], ["one", "two"])


def test_a_history_is_not_pickled_and_that_is_said():
    with pytest.raises(TypeError, match="cannot be pickled: save"):
        pickle.dumps(history())
