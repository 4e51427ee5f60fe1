"""The explorer of signals, volumes and spectrograms: what the page is told, and which options are off."""

import keras
import numpy as np
import pytest
import traitlets

from filterviz_widget import FilterExplorer
from tests.dimensions import SHAPES, made

PANELS = ["kernel", "field", "strongest", "map", "inhibits", "photo", "without", "neighbours", "sheet"]


def opened(name, layer, **options):
    given = np.random.default_rng(4).uniform(-1, 1, (5, *SHAPES[name])).astype(np.float32)
    about = {"layer": layer, "filter": 1, "iterations": 3, "images": given, "photo": given[0], "panels": PANELS}
    explorer = FilterExplorer(made(name), **about, **options)
    explorer.wait(60)
    assert explorer._wishes.wait(60)
    return explorer


@pytest.fixture(scope="module")
def signal():
    explorer = opened("signals", "separable")
    yield explorer
    explorer.close()


@pytest.fixture(scope="module")
def volume():
    explorer = opened("volumes", "conv")
    yield explorer
    explorer.close()


@pytest.mark.parametrize("which", ["signal", "volume"])
def test_every_panel_has_something_to_show(which, request):
    explorer = request.getfixturevalue(which)
    for name in PANELS:
        shown = getattr(explorer, f"{name}_panel")
        assert not shown.get("error"), (name, shown)
        assert not shown.get("empty"), (name, shown)
    assert explorer.error == ""
    assert explorer.figure(60).axes


def test_the_page_is_told_what_a_signal_is(signal):
    assert signal.data == {"kind": "signal", "slices": 1, "words": "A signal of 60 steps in 3 channels."}
    assert signal.image_size == [240, 480]
    field = signal.field_panel
    assert field["image"] == [240, 480]
    assert field["rows"] == [[0, 240]]
    first = field["columns"][5]  # sees steps 9 to 17 of 60
    assert first == [round(9 * 480 / 60), round(18 * 480 / 60)]
    assert field["words"] == "9 steps; the next position lies 2 steps on."
    assert signal.map_panel["shape"] == [1, len(field["columns"])]


def test_what_means_nothing_for_a_signal_is_off_with_the_reason(signal):
    assert signal.inapplicable["rotation"] == "A signal has one direction: there is nothing to rotate."
    assert signal.presets["robust"]["options"]["rotation"] == 0
    assert signal.presets["robust"]["options"]["jitter"] == 8
    with pytest.raises(traitlets.TraitError, match=r"rotation=5\.0 has no meaning here\. A signal has one direction"):
        signal.options = {"rotation": 5}
    accepted, problems = signal._accept({"method": "robust", "options": {}})
    assert (accepted["options"]["rotation"], problems) == (0, [])


def test_the_page_is_told_the_slices_of_a_volume(volume):
    assert (volume.data["kind"], volume.data["slices"]) == ("volume", 8)
    assert volume.data["words"] == "8 slices, or frames, of 12 x 10 pixels in 2 channels."
    assert volume.image_size == [12, 10]
    field = volume.field_panel
    assert field["image"] == [8 * 12, 10]
    assert len(field["rows"]) == 8 * 10 == volume.map_panel["shape"][0]
    assert field["rows"][3 * 10 + 4] == [3 * 12 + 4, 3 * 12 + 7]
    assert field["depth"] == [[0, 3], [0, 3], [0, 3], [2, 5], [2, 5], [4, 7], [4, 7], [4, 7]]
    assert field["words"].startswith("3 slices of 3 x 2 pixels; the next position lies 1 pixel on.")
    assert "rotation" not in volume.inapplicable


def test_a_pinned_volume_shows_all_slices_at_once(volume):
    from filterviz_widget.widgets.view_figure import decoded

    volume.pin()
    assert decoded(volume.image).shape == (96, 10, 3)
    assert decoded(volume.pinned["image"]).shape == (3 * 13 - 1, 3 * 11 - 1, 3)
    volume.unpin()


def test_the_lines_that_make_a_spectrogram_again_make_the_same_bytes():
    model = keras.Sequential([keras.Input((40, 12, 1)), keras.layers.Conv2D(2, 3, name="conv")])
    explorer = FilterExplorer(model, data="spectrogram", method="robust", iterations=2, panels=[])
    picture = explorer.wait(60)
    assert explorer.data["words"] == "A spectrogram of 40 times and 12 frequencies."
    assert "data='spectrogram'" in explorer.code()
    scope = {"model": model}
    exec(explorer.code(), scope)
    assert scope["picture"].description == picture.description
    np.testing.assert_array_equal(scope["picture"].raw, picture.raw)
    explorer.options = {"rotation": 10, "moves": "both"}
    assert explorer.wait(60).description.method.rotation == 10
    explorer.close()
