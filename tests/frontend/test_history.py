"""The history's widget as a user meets it, against a strict stand-in for the host."""

import re
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect


@pytest.fixture
def history(blank: Page) -> Page:
    """The widget in #one with four records, its model as `model`."""
    blank.evaluate(
        "() => { window.model = new fv.FakeHistory(); window.unmount = fv.mountHistory(model, one); model.record(4) }"
    )
    return blank


def saves(page: Page) -> list[dict[str, Any]]:
    return page.evaluate("model.saves")


def slider(page: Page, name: str) -> Locator:
    return page.get_by_role("slider", name=name, exact=True)


def test_before_the_first_record_it_stands_and_says_so(blank: Page) -> None:
    blank.evaluate(
        "() => { const model = new fv.FakeHistory(); fv.mountHistory(model, one);"
        " model.kernel({ note: 'Nothing yet' }) }"
    )
    expect(blank.get_by_text("Nothing yet")).to_be_visible()
    expect(blank.get_by_role("button", name="Play")).to_be_disabled()


def test_kernel_gradient_and_picture_stand_side_by_side_with_words(history: Page) -> None:
    for name in ("Kernel of filter 0 of layer conv1, epoch 0", "Gradient of filter 0 of layer conv1, epoch 0"):
        expect(history.get_by_role("img", name=name)).to_be_visible()
    expect(history.get_by_role("img", name="What filter 0 of layer conv1 responds to, epoch 0")).to_be_visible()
    expect(history.get_by_text("activation 2")).to_be_visible()
    expect(history.locator(".filterviz-legend").first).to_have_text("-0.50.5")


def test_the_epoch_slider_says_the_epoch_and_sends_its_place(history: Page) -> None:
    expect(slider(history, "Epoch")).to_have_attribute("aria-valuetext", "before training")
    slider(history, "Epoch").press("End")
    expect(slider(history, "Epoch")).to_have_attribute("aria-valuetext", "after epoch 3")
    assert saves(history)[-1] == {"epoch": 3}


def test_play_goes_to_the_last_epoch_and_stops_there(history: Page) -> None:
    history.get_by_role("button", name="Play").click()
    expect(history.get_by_role("button", name="Pause")).to_be_visible()
    history.clock.run_for(5000)
    assert [save["epoch"] for save in saves(history) if "epoch" in save] == [1, 2, 3]
    expect(history.get_by_role("button", name="Play")).to_be_visible()


def test_pause_holds_the_epoch(history: Page) -> None:
    history.get_by_role("button", name="Play").click()
    history.clock.run_for(700)
    history.get_by_role("button", name="Pause").click()
    history.clock.run_for(5000)
    assert history.evaluate("model.get('epoch')") == 1


def test_who_looks_at_the_newest_epoch_goes_on_to_see_the_newest(history: Page) -> None:
    history.evaluate("model.record(5)")
    assert history.evaluate("model.get('epoch')") == 0, "who looks at another stays there"
    slider(history, "Epoch").press("End")
    history.evaluate("model.record(6)")
    assert history.evaluate("model.get('epoch')") == 5


def test_a_click_on_a_curve_jumps_to_the_epoch(history: Page) -> None:
    plot = history.get_by_role("img", name=re.compile("^loss, epoch 0"))
    box = plot.bounding_box()
    assert box
    history.mouse.click(box["x"] + box["width"] * 0.65, box["y"] + box["height"] / 2)
    assert saves(history)[-1] == {"epoch": 2}
    expect(history.get_by_role("img", name="loss, epoch 2: 1.75")).to_be_visible()


def test_validation_stands_pale_beside_what_it_validates(history: Page) -> None:
    assert history.locator(".filterviz-chart").count() == 2
    expect(history.get_by_text("pale: val_loss")).to_be_visible()


def test_filters_are_those_recorded_and_a_layer_brings_one_that_it_has(history: Page) -> None:
    slider(history, "Filter").press("End")
    assert saves(history)[-1] == {"layer": "conv1", "filter": 5}
    history.get_by_role("combobox", name="Layer").select_option("conv2")
    history.clock.run_for(200)
    assert saves(history)[-1] == {"layer": "conv2", "filter": 0}


def test_a_dead_layer_is_named_in_words_with_a_sign(history: Page) -> None:
    expect(history.get_by_text("⚠ conv2: dead")).to_be_visible()
    history.evaluate("model.kernel({ marks: {} })")
    expect(history.get_by_text("conv2: dead")).to_be_hidden()


def test_a_frozen_layer_shows_words_in_place_of_the_gradient(history: Page) -> None:
    history.evaluate(
        "model.kernel({ shown: { ...model.get('shown'), gradient: '', gradient_words: 'frozen: no gradient' } })"
    )
    expect(history.get_by_text("frozen: no gradient")).to_be_visible()
    expect(history.get_by_role("img", name=re.compile("^Gradient of"))).to_be_hidden()


def test_an_error_is_alerted_and_a_removed_view_listens_no_more(history: Page) -> None:
    history.evaluate("model.kernel({ error: 'Recording stopped' })")
    expect(history.get_by_role("alert")).to_have_text("Recording stopped")
    history.evaluate("unmount()")
    assert history.evaluate("model.listening()") == 0
