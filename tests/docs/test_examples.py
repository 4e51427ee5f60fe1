"""Every example in a docstring runs, and gives what it says."""

import doctest
import importlib
import inspect
import pkgutil
from types import ModuleType

import keras
import pytest

import filterviz_widget
from tests.docs import scenes
from tests.docs.test_pages import wrong

FLAGS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE

SCENES = {
    "filterviz_widget.atlas.atlas": scenes.few,
    "filterviz_widget.model.view": scenes.inside,
    "filterviz_widget.twin.twin": scenes.inside,
    "filterviz_widget.attention": scenes.transformer,
    "filterviz_widget.picture.attention": scenes.transformer,
    "filterviz_widget.picture.kernels": scenes.training,
    "filterviz_widget.widgets.filter_history": scenes.training,
    "filterviz_widget.widgets.history_widget": scenes.trained,
    "filterviz_widget.widgets.explorer_files": scenes.explored,
    "filterviz_widget.description.description": scenes.explored,
    "filterviz_widget.picture.filter_picture": scenes.explored,
}
"""Modules whose examples are about something else than the flowers' network alone."""

IN_WORDS = {
    "ascent.loop.Ascent": "of what the engine puts together",
    "atlas.atlas.Atlas.estimate": "starts a worker, and says how long this machine takes",
    "atlas.site.server": "serves until Ctrl-C",
    "engine.neighbours.neighbours": "of a model that is read",
    "images.photo_set.PhotoSet": "of any measure",
    "description.question.Question": "of an engine",
    "model.refusals.refusal": "of a function of the package's own, with words beside it",
}
"""Examples that are not run, but read: nearly all for those who work on the package, without what stands around."""


class Lenient(doctest.OutputChecker):
    """An example without an output is one whose output nobody would read: a figure, an array, a widget."""

    def check_output(self, want: str, got: str, optionflags: int) -> bool:
        return not want or super().check_output(want, got, optionflags)


def modules() -> list[ModuleType]:
    found = pkgutil.walk_packages(filterviz_widget.__path__, "filterviz_widget.")
    return [filterviz_widget, *(importlib.import_module(each.name) for each in found)]


EXAMPLES = [
    pytest.param(test, module, id=test.name.removeprefix("filterviz_widget."))
    for module in modules()
    for test in doctest.DocTestFinder().find(module, module.__name__)
    if test.examples
]
RUN = [each for each in EXAMPLES if each.id not in IN_WORDS]


def test_the_examples_are_found() -> None:
    names = {each.id for each in EXAMPLES}
    assert {"filterviz_widget", "visualize.visualize_filter", "atlas.atlas.Atlas.make"} <= names
    assert set(IN_WORDS) <= names
    assert len(RUN) >= 45


@pytest.mark.parametrize(("test", "module"), EXAMPLES)
def test_the_example_names_nothing_that_is_not_there(test: doctest.DocTest, module: ModuleType) -> None:
    assert wrong("".join(each.source for each in test.examples)) == []


@pytest.mark.parametrize(("test", "module"), RUN)
def test_the_example_gives_what_it_says(test: doctest.DocTest, module: ModuleType, scene) -> None:
    given, plain = scene(SCENES.get(module.__name__, dict)), scenes.public()
    # A name of the scene is not the package's room of that name, as `model` would be.
    own = {name: value for name, value in vars(module).items() if not inspect.ismodule(value)}
    around = {name: value for name, value in given.items() if value is not plain.get(name, own)}
    # A user's example means the public functions, and one for those who work here the module's own.
    is_public = not plain.keys().isdisjoint(test.name.split("."))
    test.globs = {**own, **plain, **around} if is_public else {**plain, **own, **around}
    keras.utils.clear_session()  # which numbers the names of layers anew, as in a user's first cell
    said: list[str] = []
    runner = doctest.DocTestRunner(Lenient(), optionflags=FLAGS)
    runner.run(test, out=said.append, clear_globs=False)
    assert runner.summarize(verbose=False).failed == 0, "".join(said)
