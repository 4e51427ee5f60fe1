"""The history's widget as a user meets it, against a strict stand-in for the host."""

import re
from typing import Any

from playwright.sync_api import Locator, Page, expect


def saves(page: Page) -> list[dict[str, Any]]:
    return page.evaluate("model.saves")


def slider(page: Page, name: str) -> Locator:
    return page.get_by_role("slider", name=name, exact=True)


def test_before_the_first_record_it_stands_and_says_so(blank: Page) -> None:
    blank.evaluate(
        "() => { window.model = new fv.FakeHistory(); fv.mountHistory(model, one);"
        " model.kernel({ note: 'Nothing yet' }) }"
    )
    expect(blank.get_by_text("Nothing yet")).to_be_visible()
    for control in (slider(blank, "Epoch"), slider(blank, "Filter"), blank.get_by_role("combobox", name="Layer")):
        expect(control).to_be_disabled()
        expect(control).to_have_accessible_description("Nothing is recorded yet.")
    expect(blank.get_by_role("button", name="Play")).to_be_disabled()
    blank.evaluate("model.record(2)")
    expect(slider(blank, "Epoch")).to_be_enabled()


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
    expect(slider(history, "Epoch")).to_have_attribute("aria-valuetext", "after epoch 5")
    assert saves(history) == [{"epoch": 4}], "the kernel moves the epoch, the page does not"


def test_a_thumb_under_a_hand_stays_while_records_arrive(history: Page) -> None:
    thumb = slider(history, "Epoch")
    box = thumb.bounding_box()
    assert box
    history.mouse.move(box["x"] + box["width"] - 9, box["y"] + box["height"] / 2)
    history.mouse.down()
    expect(thumb).to_have_attribute("aria-valuetext", "after epoch 3")
    history.evaluate("model.record(5)")  # the kernel follows, as the newest was looked at
    assert [thumb.get_attribute("max"), thumb.input_value()] == ["3", "3"]
    history.mouse.up()
    assert [thumb.get_attribute("max"), thumb.input_value()] == ["4", "4"]
    expect(thumb).to_have_attribute("aria-valuetext", "after epoch 4")


def test_a_click_on_a_curve_jumps_to_the_epoch(history: Page) -> None:
    plot = history.get_by_role("img", name=re.compile("^loss, epoch 0"))
    box = plot.bounding_box()
    assert box
    history.mouse.click(box["x"] + box["width"] * 0.65, box["y"] + box["height"] / 2)
    assert saves(history)[-1] == {"epoch": 2}
    expect(history.get_by_role("img", name="loss, epoch 2: 1.75")).to_be_visible()


def test_a_click_on_the_present_epoch_asks_nothing_and_waits_for_no_answer(history: Page) -> None:
    plot = history.get_by_role("img", name=re.compile("^loss, epoch 0"))
    plot.click(position={"x": 2, "y": 20})
    history.clock.run_for(6000)
    assert saves(history) == []
    expect(history.get_by_text("No answer from the kernel")).to_be_hidden()


def test_validation_is_dashed_beside_what_it_validates_and_says_its_value(history: Page) -> None:
    assert history.locator(".filterviz-chart").count() == 2
    loss = history.locator(".filterviz-chart").first
    assert loss.locator(".filterviz-plot .filterviz-dashed").get_attribute("d")
    slider(history, "Epoch").press("End")
    expect(loss.locator(".filterviz-key-entry")).to_have_text(["loss", "val_loss 2"])
    expect(loss.get_by_role("img", name="loss, epoch 3: 1.5, val_loss 2")).to_be_visible()


def test_the_norms_of_all_layers_stand_pale_around_that_of_the_chosen_one(history: Page) -> None:
    chart = history.locator(".filterviz-chart").last
    expect(chart.get_by_role("img")).to_have_accessible_name("Gradient norm: conv1, epoch 0: 1")
    history.get_by_role("combobox", name="Layer").select_option("net/conv2")
    expect(chart.get_by_role("img")).to_have_accessible_name("Gradient norm: conv2, epoch 0: 0, dead")
    expect(chart.locator(".filterviz-key-entry")).to_have_text(["conv2", "conv1"])
    assert chart.locator(".filterviz-plot .filterviz-strong").get_attribute("d") == "", "zero has no logarithm"
    history.evaluate("model.kernel({ norms: { conv1: [1, 1, 1, 1] }, marks: {} })")
    expect(chart.get_by_role("img")).to_have_accessible_name("Gradient norm: conv2, epoch 0: no number, frozen")


def test_a_chart_does_not_say_the_same_at_both_ends(history: Page) -> None:
    history.evaluate("model.kernel({ logs: { loss: [null, 0.23104, 0.23102, 0.23101] } })")
    loss = history.locator(".filterviz-chart").first
    expect(loss.locator(".filterviz-curve-high")).to_have_text("0.23104")
    expect(loss.locator(".filterviz-curve-low")).to_have_text("0.23101")


def test_every_press_of_a_key_reaches_the_next_recorded_epoch(history: Page) -> None:
    history.evaluate("model.kernel({ epochs: [0, 5, 10, 15] })")
    slider(history, "Epoch").press("ArrowRight")
    expect(slider(history, "Epoch")).to_have_attribute("aria-valuetext", "after epoch 5")
    box = history.get_by_role("spinbutton", name="Epoch")
    box.fill("11")
    box.press("Enter")
    expect(box).to_have_value("10")
    history.clock.run_for(200)
    assert saves(history)[-1] == {"epoch": 2}
    box.fill("9")
    box.press("Enter")
    expect(box).to_have_value("10")


def test_the_pixels_of_the_picture_are_whole_numbers_of_the_screens(history: Page) -> None:
    picture = history.get_by_role("img", name="What filter 0 of layer conv1 responds to, epoch 0")
    expect(picture).to_be_visible()
    history.wait_for_function("image => image.style.width", arg=picture.element_handle())
    box = picture.bounding_box()
    assert box
    assert box["width"] == box["height"]
    assert box["width"] % 4 == 0
    assert box["width"] > 200


def test_without_a_kernel_everything_stays_and_the_controls_rest(history: Page) -> None:
    history.get_by_role("button", name="Play").click()
    history.evaluate("model.live(false)")
    expect(history.get_by_text("Not connected to a kernel")).to_be_visible()
    for name in ("Epoch", "Filter"):
        expect(slider(history, name)).to_be_disabled()
    expect(history.get_by_role("button", name="Play")).to_be_disabled()
    history.clock.run_for(3000)
    assert saves(history) == [], "play has stopped"
    expect(history.get_by_text("activation 2")).to_be_visible()
    history.evaluate("model.live(true)")
    expect(history.get_by_text("Not connected to a kernel")).to_be_hidden()
    expect(slider(history, "Epoch")).to_be_enabled()


def test_two_views_agree(history: Page) -> None:
    history.evaluate("() => void fv.mountHistory(model, document.querySelector('#two'))")
    views = [history.locator(name).get_by_role("slider", name="Epoch", exact=True) for name in ("#one", "#two")]
    views[1].press("End")
    for view in views:
        expect(view).to_have_attribute("aria-valuetext", "after epoch 3")
    history.evaluate("model.record(5)")
    assert saves(history) == [{"epoch": 3}]


def test_filters_are_those_recorded_and_a_layer_brings_one_that_it_has(history: Page) -> None:
    slider(history, "Filter").press("End")
    assert saves(history)[-1] == {"layer": "conv1", "filter": 5}
    history.get_by_role("combobox", name="Layer").select_option("net/conv2")
    history.clock.run_for(200)
    assert saves(history)[-1] == {"layer": "net/conv2", "filter": 0}


def test_a_dead_layer_is_named_in_words_with_a_sign(history: Page) -> None:
    expect(history.get_by_text("⚠ conv2: dead")).to_be_visible()
    history.evaluate("model.kernel({ marks: { conv1: ['exploding', '', '', ''], conv2: ['dead', '', '', ''] } })")
    expect(history.get_by_text("⚠ conv1: exploding · ⚠ conv2: dead")).to_be_visible()
    slider(history, "Epoch").press("End")
    expect(history.get_by_text("conv2: dead")).to_be_hidden()
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


def test_what_is_shown_is_named_right_also_where_a_host_tells_of_it_before_its_epoch(history: Page) -> None:
    """marimo sets one trait after the other."""
    history.evaluate(
        """() => {
          const shown = { ...model.get("shown"), epoch: 4 };
          model.kernel({ shown });
          model.kernel({ epochs: [0, 1, 2, 3, 7] });
        }"""
    )
    expect(history.get_by_role("img", name="What filter")).to_have_accessible_name(
        "What filter 0 of layer conv1 responds to, epoch 7"
    )
