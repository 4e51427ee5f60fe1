"""Any sequence of what a page, Python, a training and a file do to a history's widget: it shows what was recorded."""

import re
import tempfile
from pathlib import Path

import pytest
import traitlets
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from filterviz_widget import FilterHistory
from filterviz_widget.history.shown import shown
from tests.history.networks import examples, small
from tests.widgets.any_message import anything, messages_of
from tests.widgets.page import Page
from tests.widgets.valid import fixed, invalid

MODEL, WEIGHTS = small(), small().get_weights()

FILTERS = (0, 2, 4)
"""That are drawn; the layer `first` has no fifth."""

allowed = {
    "epoch": st.integers(0, 6),
    "layer": st.sampled_from(["first", "second"]),
    "filter": st.sampled_from(FILTERS),
}
named = st.sampled_from(sorted(allowed)).flatmap(lambda name: st.tuples(st.just(name), allowed[name]))
sent = st.fixed_dictionaries({}, optional={name: anything | values for name, values in allowed.items()})
messages = messages_of(sent, ["save", "nonsense"])


class Recorded(RuleBasedStateMachine):
    """A history, and the widget that shows it."""

    @initialize(has_probe=st.booleans())
    def begin(self, has_probe):
        MODEL.set_weights(WEIGHTS)
        self.history = FilterHistory(examples() if has_probe else None, filters=FILTERS, iterations=1)
        self.folder, self.is_loaded = tempfile.TemporaryDirectory(), False
        self.look()

    def look(self):
        self.widget = self.history.widget()
        self.page, self.fixed, self.heard = Page(self.widget), self.settled(), self.widget.heard

    def settled(self):
        """What nobody changes; the layers are known with the first record."""
        return {**fixed(self.widget), "layers": []}

    def choices(self, name):
        """What the history has of a setting."""
        if not self.history.count:
            return ()
        if name == "epoch":
            return range(self.history.count)
        if name == "layer":
            return self.history.layers
        return next(entry.filters for entry in self.history.layout if self.widget.layer in ("", entry.name))

    # What happens to it

    @rule(data=messages, buffers=st.lists(st.sampled_from([b"", b"bytes"]), max_size=2))
    def the_page_says(self, data, buffers):
        assert self.page.message(data, buffers).wrong == []

    @rule(name_and_value=named)
    def the_page_sets(self, name_and_value):
        name, value = name_and_value
        is_there = value in self.choices(name)
        assert self.page.message({"method": "update", "state": {name: value}}).wrong == []
        if is_there:
            assert (self.widget.error, getattr(self.widget, name)) == ("", value)

    @rule(name_and_value=named)
    def python_sets(self, name_and_value):
        name, value = name_and_value
        if value in self.choices(name):
            setattr(self.widget, name, value)
            assert getattr(self.widget, name) == value

    @rule(name=st.sampled_from(sorted(allowed)), value=anything)
    def python_sets_anything(self, name, value):
        self.widget.wait(30)  # the kernel moves the epoch, too
        before = [getattr(self.widget, each) for each in self.widget.SETTINGS]
        try:
            setattr(self.widget, name, value)
        except traitlets.TraitError as error:
            said = str(error)
        else:
            return
        assert len(said) < 2000
        assert [getattr(self.widget, each) for each in self.widget.SETTINGS] == before

    @precondition(lambda self: not self.is_loaded and self.history.count < 5)
    @rule(epochs=st.integers(1, 2))
    def it_is_trained(self, epochs):
        count = self.history.count
        MODEL.fit(*examples(), epochs=epochs, callbacks=[self.history], verbose=0)
        assert (self.history.error, self.history.count) == ("", count + epochs + (count == 0))

    @precondition(lambda self: self.history.count)
    @rule()
    def it_is_saved_and_loaded(self):
        path = Path(self.folder.name) / "run.h5"
        self.history.save(path)
        before, old = self.history, self.widget
        self.history, self.is_loaded = FilterHistory.load(path), True
        assert self.history.epochs == before.epochs
        self.look()
        before.close()
        assert old.closed

    @rule()
    def its_widget_is_closed(self):
        self.widget.close()
        assert repr(self.widget) == "FilterHistory (closed)"
        self.page.message({"method": "update", "state": {"epoch": 1}})
        self.widget.close()
        assert self.page.unreadable() == []
        self.look()

    # What it must be

    @rule()
    def what_is_shown_is_what_was_recorded(self):
        widget, history = self.widget, self.history
        assert widget.wait(30)
        assert widget.epochs == list(history.epochs)
        assert widget.status == "ready"
        if not history.count:
            assert widget.shown == {}
            return
        for name, numbers in widget.logs.items():
            assert numbers == [log.get(name) for log in history.logs]
        layer = next(entry for entry in history.layout if widget.layer in ("", entry.name))
        epoch, filter = widget.epoch, widget.filter
        right = shown(history.record(epoch), layer, filter, bool(history.probe_size))
        assert widget.shown == {"epoch": epoch, "layer": layer.name, "filter": filter, **right._asdict()}

    @invariant()
    def its_state_is_valid(self):
        if hasattr(self, "widget"):
            assert invalid(self.widget) == []
            assert self.settled() == self.fixed
            assert self.widget.heard >= self.heard
            self.heard = self.widget.heard

    def teardown(self):
        if not hasattr(self, "widget"):
            return
        self.history.close()
        assert self.widget.closed
        assert self.history.is_training is False
        with pytest.raises(RuntimeError, match=re.escape("This history is closed")):
            self.history.widget()
        self.folder.cleanup()


TestRecorded = Recorded.TestCase
TestRecorded.settings = settings(max_examples=20, stateful_step_count=20, deadline=None)
