"""What comes over the wire is not trusted: whatever a page sends, it is answered in words and in JSON, and soon."""

import logging
import math
from pathlib import Path

import ipywidgets
import pytest

from filterviz_widget import FilterExplorer
from filterviz_widget.widgets.atlas_widget import AtlasWidget
from tests.networks import small_network
from tests.widgets.hostile import MEGABYTE, nested
from tests.widgets.page import Page, Raised
from tests.widgets.valid import invalid

HALF = "\ud800"
"""Half a character: JSON may have it, and UTF-8 has not."""


@pytest.fixture(scope="module")
def explorer():
    explorer = FilterExplorer(small_network(), iterations=2)
    explorer.wait(60)
    yield explorer
    explorer.close()


@pytest.fixture
def raised():
    handler = Raised()
    loggers = [logging.getLogger(), logging.getLogger("traitlets")]
    for logger in loggers:
        logger.addHandler(handler)
    yield handler.words
    for logger in loggers:
        logger.removeHandler(handler)


def update(**state):
    return {"method": "update", "state": state}


def custom(type, **more):
    return {"method": "custom", "content": {"type": type, **more}}


HUGE = 10**400
HOSTILE = [
    *(update(filter=value) for value in (HUGE, -HUGE, 1e308, nested(5000), "9" * MEGABYTE, {"a": nested(900)}, HALF)),
    *(update(options={"jitter": value}) for value in (HUGE, nested(5000), "x" * MEGABYTE, bytes(MEGABYTE))),
    *(update(options={"direction": value}) for value in (HUGE, [[HUGE, 1]], [[1, HUGE]], nested(5000), [[1]] * 9999)),
    *(update(options={"sign": value}) for value in (HUGE, nested(5000))),
    *(update(options=value) for value in (nested(5000), HUGE, "x" * MEGABYTE, {str(n): n for n in range(10_000)})),
    update(options={"x" * MEGABYTE: 1, HALF: 2}),
    *(update(layer=value) for value in ("x" * MEGABYTE, nested(5000), HUGE, b"first", HALF)),
    *(update(method=value) for value in ("x" * MEGABYTE, nested(5000), [])),
    *(update(all_layers=value) for value in (nested(5000), HUGE)),
    *(update(panels=value) for value in (b"", b"kernel", ["kernel"] * MEGABYTE, nested(5000), [HALF])),
    *(update(sheet_of=value) for value in (nested(5000), HUGE, b"map")),
    *(update(tooltip=value) for value in (math.inf, "x" * MEGABYTE, nested(5000), HALF, True)),
    *(update(tabbable=value) for value in (math.nan, HUGE, "yes")),
    *(update(layout=value) for value in ("IPY_MODEL_nothing", math.inf, nested(5000), HALF)),
    *(update(**state) for state in ({"_esm": "alert(1)"}, {"error": "x" * MEGABYTE}, {"image": b"1"}, {"heard": -3})),
    *({"method": "update", "state": state} for state in (None, [], 3, "x", nested(5000))),
    *({"method": method} for method in ("update", "custom", "request_state", "x" * MEGABYTE, None, nested(5000), HALF)),
    *(None, [], 3, "x", HALF, {}, nested(5000)),
    *(custom("news", since=value) for value in (HUGE, -1, True, math.nan, "x", 10**4000)),
    *(custom("sheet", pages=value) for value in ("all", [1.5], [-1], [True], list(range(65)), [HUGE], nested(900))),
    *(custom("save", kind=value) for value in ("exe", ["gif"], HALF)),
    *(custom("photo", name=value) for value in ({}, HALF, nested(5000), "x" * MEGABYTE)),
    *(custom("attention", row=value, column=1) for value in (HUGE, math.inf, "1")),
    *(custom(kind) for kind in ("swap", "unpin", "x" * MEGABYTE, HALF, None, 3)),
    *({"method": "custom", "content": content} for content in (None, [], "run", nested(5000))),
]


@pytest.mark.parametrize("message", HOSTILE, ids=range(len(HOSTILE)))
def test_no_hostile_message_raises_or_comes_back_large_or_is_left_without_an_answer(explorer, message, raised):
    settings = {name: getattr(explorer, name) for name in explorer.SETTINGS}
    answer = Page(explorer).message(message, [b"x"])
    assert answer.wrong == raised == []
    assert answer.bytes < 2000
    assert invalid(explorer) == []
    explorer.set_state(settings)
    assert explorer.error == ""


@pytest.mark.parametrize("paths", [[["x", 0]], [[]], [["options", "jitter"]], 3, [3], None, [["filter"]]])
def test_buffers_beside_settings_have_nowhere_to_go(explorer, paths, raised):
    message = {"method": "update", "state": {"filter": 1}, "buffer_paths": paths}
    assert Page(explorer).message(message, [b"x"]).wrong == raised == []
    assert explorer.filter == 1


def test_a_layout_is_one_and_no_other_widget(explorer, raised):
    page, before, other = Page(explorer), explorer.layout, ipywidgets.IntSlider()
    wide = ipywidgets.Layout(width="50%")
    for model_id, expected in ((other.model_id, before), (explorer.model_id, before), (wide.model_id, wide)):
        assert page.message(update(layout=f"IPY_MODEL_{model_id}")).wrong == raised == []
        assert explorer.layout is expected
    assert page.message(update(layout=f"IPY_MODEL_{before.model_id}")).wrong == []
    for each in (other, wide):
        each.close()


def test_who_asks_for_the_state_has_it_and_an_answer(explorer):
    page = Page(explorer)
    explorer._handle_msg({"content": {"data": {"method": "request_state"}}, "buffers": []})
    whole, answer = (each.data["state"] for each in page.sent)
    assert {"layers", "image", "_esm"} <= whole.keys()
    assert "heard" in answer


def test_who_claims_to_have_heard_what_was_never_told_takes_no_letter_from_the_others(explorer):
    page = Page(explorer)
    explorer.send({"type": "file", "name": "x"}, [b"data"])
    page.message(custom("news", since=10**400))
    explorer._handle_custom_msg({"type": "news", "since": 0}, [])
    assert "file" in [each.data["content"]["type"] for each in page.sent if each.data["method"] == "custom"]


def test_what_cannot_be_pinned_yet_is_said_and_raises_nothing(raised):
    explorer = FilterExplorer(small_network(), iterations=10_000)
    assert Page(explorer).message(custom("pin")).wrong == raised == []
    assert explorer.error == "There is no finished picture to pin yet: call wait() first."
    explorer.close()


def test_a_file_whose_name_is_no_text_can_be_a_photo(explorer, tmp_path):
    from PIL import Image

    path = tmp_path / "x\udcff.png"
    Image.new("RGB", (30, 30)).save(path)
    explorer.photo = path
    assert explorer.photo_info["name"] == "x?.png"
    assert invalid(explorer) == []


@pytest.mark.parametrize("path", ["x" * MEGABYTE + ".json", HALF + ".json", nested(5000), 10**400, b"a.json", math.nan])
def test_an_atlas_sends_no_nonsense_back(tmp_path: Path, path, raised):
    widget = AtlasWidget(tmp_path, 3, lambda: None)
    page = Page(widget)
    answer = page.message(custom("file", path=path))
    assert answer.wrong == raised == []
    assert answer.bytes < 500
    assert page.message(update(tooltip="an atlas")).wrong == raised == []
    assert widget.error == ""
    if widget.has_trait("tooltip"):  # from ipywidgets 8 on
        assert widget.tooltip == "an atlas"
    widget.close()
