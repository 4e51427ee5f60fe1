"""Any sequence of what a page, Python and a training do to an explorer: its state stays valid, its picture right."""

import io
import re
from concurrent.futures import CancelledError

import ipywidgets
import numpy as np
import pytest
import traitlets
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from PIL import Image

from filterviz_widget import FilterExplorer
from filterviz_widget.engine import engine_of
from filterviz_widget.widgets.explorer_files import CLOSED
from filterviz_widget.widgets.panel_names import PANELS
from tests.networks import SIZE, small_network
from tests.widgets.any_message import anything, messages_of
from tests.widgets.page import Page
from tests.widgets.valid import fixed, invalid

MODEL, OTHER = small_network(), small_network()
"""One that is looked at, and an equal one, of whose weights the explorer's engine knows nothing."""

WEIGHTS = MODEL.get_weights()

allowed = {
    "layer": st.sampled_from(["first", "second"]),
    "filter": st.integers(0, 5),
    "step_size": st.sampled_from([0.5, 1.0, 4.0]),
    "iterations": st.integers(1, 20),
    "seed": st.integers(0, 3),
    "method": st.sampled_from(["classic", "robust"]),
    "options": st.fixed_dictionaries(
        {},
        optional={
            "sign": st.sampled_from([1, -1]),
            "jitter": st.sampled_from([0, 2, 5]),
            "direction": st.sampled_from([[], [[1, 1.0], [5, -0.5]]]),
        },
    ),
    "all_layers": st.booleans(),
    "panels": st.lists(st.sampled_from(PANELS), max_size=3),
    "sheet_of": st.sampled_from(["map", "strongest", "optimum"]),
}
named = st.sampled_from(sorted(allowed)).flatmap(lambda name: st.tuples(st.just(name), allowed[name]))
sent = st.fixed_dictionaries({}, optional={name: anything | values for name, values in allowed.items()})
messages = messages_of(
    sent, ["cancel", "run", "sheet", "attention", "photo", "pin", "unpin", "swap", "save", "nonsense"]
)


def photo_file():
    buffer = io.BytesIO()
    Image.fromarray(np.random.default_rng(0).integers(0, 255, (30, 30, 3), np.uint8)).save(buffer, "JPEG")
    return buffer.getvalue()


class Explored(RuleBasedStateMachine):
    """`stale`: whether the weights have changed since a picture was asked for."""

    explorer: FilterExplorer | None = None

    @initialize()
    def begin(self):
        MODEL.set_weights(WEIGHTS)
        for model in (MODEL, OTHER):  # a sequence that fails does so again, without what was drawn in those before
            engine_of(model)._seen.clear()
        self.links = []
        self.reopen()

    # What happens to it

    @precondition(lambda self: self.explorer is None)
    @rule()
    def reopen(self):
        images = np.random.default_rng(1).random((4, SIZE, SIZE, 3), np.float32)
        self.explorer = FilterExplorer(MODEL, layer="second", iterations=5, images=images, panels=["kernel"])
        self.page, self.fixed, self.heard, self.stale = Page(self.explorer), fixed(self.explorer), 0, False
        self.explorer.observe(self._asked, [*self.explorer.SETTINGS[:7]])

    def _asked(self, change):
        self.stale = False

    @precondition(lambda self: self.explorer)
    @rule(data=messages, buffers=st.lists(st.sampled_from([b"", b"no photo"]) | st.builds(photo_file), max_size=2))
    def the_page_says(self, data, buffers):
        assert self.page.message(data, buffers).wrong == []

    @precondition(lambda self: self.explorer)
    @rule(name_and_value=named)
    def the_page_sets(self, name_and_value):
        name, value = name_and_value
        assert self.page.message({"method": "update", "state": {name: value}}).wrong == []
        assert self.explorer.error == ""
        if name not in ("options", "panels"):
            assert getattr(self.explorer, name) == value

    @precondition(lambda self: self.explorer)
    @rule(name_and_value=named)
    def python_sets(self, name_and_value):
        name, value = name_and_value
        setattr(self.explorer, name, value)
        if name not in ("options", "panels"):
            assert getattr(self.explorer, name) == value

    @precondition(lambda self: self.explorer)
    @rule(name=st.sampled_from(sorted(allowed)), value=anything)
    def python_sets_anything(self, name, value):
        before = {each: getattr(self.explorer, each) for each in self.explorer.SETTINGS}
        try:
            setattr(self.explorer, name, value)
        except traitlets.TraitError as error:
            said = str(error)
        else:
            return
        assert len(said) < 2000
        assert {each: getattr(self.explorer, each) for each in self.explorer.SETTINGS} == before

    @precondition(lambda self: self.explorer)
    @rule(changes=st.lists(named, max_size=3))
    def python_holds(self, changes):
        with self.explorer.hold_trait_notifications():
            for name, value in changes:
                setattr(self.explorer, name, value)

    @rule(seed=st.integers(0, 5))
    def it_is_trained(self, seed):
        rng = np.random.default_rng(seed)
        MODEL.set_weights([each + rng.normal(0, 0.05, each.shape).astype(each.dtype) for each in WEIGHTS])
        self.stale = True

    @rule(seed=st.integers(0, 5))
    def one_variable_is_assigned(self, seed):
        kernel = MODEL.get_layer("first").kernel
        kernel.assign(kernel.numpy() * (1 + seed / 10))
        self.stale = True

    @precondition(lambda self: self.explorer)
    @rule(to=st.integers(0, 5))
    def it_is_linked(self, to):
        slider = ipywidgets.IntSlider(max=5)
        self.links.append((traitlets.link((slider, "value"), (self.explorer, "filter")), slider))
        slider.value = to
        assert self.explorer.filter == to

    @precondition(lambda self: self.links)
    @rule()
    def it_is_unlinked(self):
        link, slider = self.links.pop()
        link.unlink()
        slider.close()

    @precondition(lambda self: self.explorer)
    @rule()
    def it_is_displayed(self):
        self.explorer._repr_mimebundle_()

    @precondition(lambda self: self.explorer)
    @rule()
    def it_is_cancelled(self):
        self.explorer.cancel()

    @precondition(lambda self: self.explorer)
    @rule()
    def it_is_refreshed(self):
        self.explorer.refresh()
        self.stale = False

    # What it must be

    @precondition(lambda self: self.explorer)
    @rule(goes_back=st.booleans())
    def the_last_picture_is_that_of_the_settings_and_the_weights(self, goes_back):
        explorer = self.explorer
        explorer.iterations = min(explorer.iterations, 20)
        if self.stale and goes_back:  # to a picture that was drawn with other weights, perhaps
            before, explorer.filter = explorer.filter, (explorer.filter + 1) % 3
            explorer.filter = before
        elif self.stale:
            self.it_is_refreshed()
        try:
            picture = explorer.wait(60)
        except CancelledError:
            self.it_is_refreshed()
            picture = explorer.wait(60)
        OTHER.set_weights(MODEL.get_weights())
        engine = engine_of(OTHER)
        assert picture.description == engine.settled(explorer._wanted())
        right = engine.picture(picture.description)
        assert picture.raw.tobytes() == right.raw.tobytes()
        assert picture.image.tobytes() == right.image.tobytes()
        assert explorer.picture is picture
        assert (explorer.status, explorer.iteration) == ("done", len(picture.activations) - 1)
        assert np.array_equal(np.float32(explorer.activations), picture.activations)
        assert explorer.image.startswith("data:image/png")
        assert explorer.shown["filter"] == explorer.filter

    @precondition(lambda self: self.explorer)
    @rule()
    def it_is_closed(self):
        explorer, self.explorer = self.explorer, None
        while self.links:
            self.it_is_unlinked()
        explorer.close()
        assert repr(explorer) == "FilterExplorer (closed)"
        for use in (explorer.wait, explorer.refresh, explorer.code, explorer.facets, explorer.to_html, explorer.figure):
            with pytest.raises(RuntimeError, match=re.escape(CLOSED)):
                use()
        explorer.close()
        explorer.cancel()
        assert not explorer._is_working()
        assert self.page.unreadable() == []

    @invariant()
    def its_state_is_valid(self):
        if self.explorer:
            assert invalid(self.explorer) == []
            assert fixed(self.explorer) == self.fixed
            assert self.explorer.heard >= self.heard
            self.heard = self.explorer.heard

    def teardown(self):
        if self.explorer:
            self.it_is_closed()


TestExplored = Explored.TestCase
TestExplored.settings = settings(max_examples=40, stateful_step_count=25, deadline=None)
