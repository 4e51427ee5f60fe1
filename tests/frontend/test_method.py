"""The layers offered, the method and its options, as a user meets them."""

import re
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect


def saves(page: Page) -> list[dict[str, Any]]:
    return page.evaluate("model.saves")


def box(page: Page, name: str) -> Locator:
    return page.get_by_role("combobox", name=name, exact=True)


def slider(page: Page, name: str) -> Locator:
    return page.get_by_role("slider", name=name, exact=True)


def method(page: Page, name: str) -> Locator:
    return page.get_by_role("radiogroup", name="Method", exact=True).get_by_role("radio", name=name, exact=True)


def offered(page: Page) -> list[str]:
    return box(page, "Layer name").locator("option:not([disabled])").all_text_contents()


@pytest.fixture
def drawer(explorer: Page) -> Page:
    explorer.get_by_text("Options", exact=True).click()
    return explorer


# Layers


def test_convolutions_and_units_are_offered_and_the_rest_on_demand(explorer: Page) -> None:
    assert offered(explorer) == ["conv1", "conv2", "<b>conv3</b>", "logits"]
    groups = box(explorer, "Layer name").locator("optgroup")
    assert [group.get_attribute("label") for group in groups.all()] == ["Convolutions", "Units", "Not supported"]
    explorer.get_by_role("checkbox", name="All layers").check()
    assert saves(explorer) == [{"all_layers": True}]
    assert "pool" in offered(explorer)
    expect(slider(explorer, "Layer")).to_have_attribute("aria-valuetext", "conv1, layer 1 of 5")


def test_the_layer_on_the_screen_is_offered_whatever_it_is(explorer: Page) -> None:
    explorer.evaluate("model.kernel({ layer: 'pool' })")
    assert "pool" in offered(explorer)
    expect(slider(explorer, "Layer")).to_have_attribute("aria-valuetext", "pool, layer 2 of 5")


def test_the_places_of_the_layers_keep_their_names_under_a_hand(explorer: Page) -> None:
    """Who drags away from a layer that is offered only because it is on the screen may drag back to it."""
    explorer.evaluate("model.kernel({ layer: 'pool' })")
    thumb = slider(explorer, "Layer")
    box_of = thumb.bounding_box()
    assert box_of
    places = [box_of["x"] + 8 + step * (box_of["width"] - 16) / 4 for step in range(5)]
    explorer.mouse.move(places[1], box_of["y"] + 12)
    explorer.mouse.down()
    for step, name in ((2, "conv2"), (3, "<b>conv3</b>"), (4, "logits"), (1, "pool"), (2, "conv2")):
        explorer.mouse.move(places[step], box_of["y"] + 12)
        explorer.clock.run_for(100)
        assert explorer.evaluate("model.get('layer')") == name
        expect(box(explorer, "Layer name")).to_have_value(name)
    explorer.mouse.up()
    assert "pool" not in offered(explorer)
    expect(thumb).to_have_attribute("aria-valuetext", "conv2, layer 2 of 4")


def test_a_layer_that_cannot_be_shown_is_named_with_the_reason(explorer: Page) -> None:
    option = box(explorer, "Layer name").locator("option[disabled]")
    expect(option).to_have_text("time")
    expect(option).to_have_attribute("title", "Conv1D runs over sequences.")


@pytest.mark.parametrize(
    ("changes", "caption", "alternative"),
    [
        (
            {"layer": "logits", "filter": 1},
            "logits · unit 1 of 0\N{EN DASH}2 · before the softmax",
            "What unit 1 of layer logits responds to",
        ),
        (
            {"options": {"sign": -1}},
            "conv1 · filter 3 of 0\N{EN DASH}15 · what inhibits it",
            "What inhibits filter 3 of layer conv1",
        ),
        (
            {"options": {"objective": "layer", "direction": [[1, 1.0]]}},
            "conv1 · the whole layer",
            "What layer conv1 as a whole responds to",
        ),
        (
            {"options": {"direction": [[1, 1.0], [2, -1.0]]}},
            "conv1 · a direction of filters",
            "What a direction of filters of layer conv1 responds to",
        ),
    ],
)
def test_the_caption_says_what_was_sought(explorer: Page, changes: Any, caption: str, alternative: str) -> None:
    explorer.evaluate(
        """changes => { const plain = fv.shown();
          const options = { ...plain.options, ...changes.options };
          model.kernel({ image: fv.square(2), shown: { ...plain, ...changes, options } }) }""",
        changes,
    )
    explorer.clock.run_for(50)
    expect(explorer.locator("figcaption")).to_have_text(caption)
    expect(explorer.locator("figure img")).to_have_accessible_name(alternative)


def test_the_range_of_the_pixels_and_its_source_are_said(explorer: Page) -> None:
    words = "Pixels from 0 to 255 (read from the Rescaling layer 'rescaling')"
    expect(explorer.get_by_text(words)).to_be_visible()


# Method


def test_a_method_is_sent_with_all_that_it_brings_in_one_message(explorer: Page) -> None:
    method(explorer, "Robust").check()
    (sent,) = saves(explorer)
    assert (sent["method"], sent["step_size"], sent["iterations"]) == ("robust", 2, 100)
    assert sent["options"]["parameterization"] == "fourier"
    expect(explorer.get_by_role("spinbutton", name="Iterations", exact=True)).to_have_value("100")
    expect(explorer.get_by_text("changed", exact=True)).to_be_hidden()


def test_an_option_that_differs_is_marked_and_reset_brings_it_back(drawer: Page) -> None:
    reset = drawer.get_by_role("button", name="Reset options")
    expect(reset).to_be_disabled()
    drawer.get_by_role("spinbutton", name="Jitter", exact=True).fill("5")
    drawer.get_by_role("spinbutton", name="Jitter", exact=True).press("Enter")
    assert saves(drawer)[-1]["options"]["jitter"] == 5
    expect(drawer.get_by_text("changed", exact=True)).to_be_visible()
    reset.click()
    drawer.clock.run_for(200)
    assert saves(drawer)[-1]["options"]["jitter"] == 0
    expect(drawer.get_by_text("changed", exact=True)).to_be_hidden()


def test_the_arrow_keys_choose_a_method_and_its_tooltip_says_what_it_does(explorer: Page) -> None:
    expect(method(explorer, "Classic")).to_be_checked()
    expect(explorer.get_by_text("Robust", exact=True).locator("..")).to_have_attribute("title", re.compile("Fourier"))
    method(explorer, "Classic").focus()
    explorer.keyboard.press("ArrowRight")
    expect(method(explorer, "Robust")).to_be_checked()
    assert saves(explorer)[-1]["method"] == "robust"


def test_a_method_set_in_python_is_the_one_that_is_marked(explorer: Page) -> None:
    explorer.evaluate(
        "model.kernel({ method: 'robust', options: model.get('presets').robust.options, iterations: 100 })"
    )
    expect(method(explorer, "Robust")).to_be_checked()
    expect(explorer.get_by_text("changed", exact=True)).to_be_hidden()
    assert saves(explorer) == []


@pytest.mark.parametrize("width", [1200, 640, 400])
def test_nothing_moves_when_an_option_changes_and_a_message_comes(drawer: Page, width: int) -> None:
    drawer.set_viewport_size({"width": width, "height": 1400})
    drawer.clock.run_for(100)

    def places() -> list[Any]:
        parts = [method(drawer, "Classic"), slider(drawer, "Iterations"), box(drawer, "Sign"), slider(drawer, "Blur")]
        return [part.bounding_box() for part in parts]

    before = places()
    assert None not in before
    box(drawer, "Sign").select_option("-1")
    drawer.evaluate(
        "model.kernel({ note: 'The filter is dead.', error: 'Wrong.', inapplicable: { sign: 'Why not.' } })"
    )
    expect(drawer.get_by_text("changed", exact=True)).to_be_visible()
    expect(drawer.get_by_role("alert")).to_be_visible()
    assert places() == before
    assert drawer.evaluate("document.documentElement.scrollWidth") <= width


def test_a_long_source_of_the_range_wraps_and_pushes_nothing_aside(explorer: Page) -> None:
    before = slider(explorer, "Layer").bounding_box()
    explorer.evaluate("model.kernel({ input_range_source: 'read from the Rescaling layer ' + 'block/'.repeat(40) })")
    assert slider(explorer, "Layer").bounding_box() == before


# Options


def test_the_drawer_shows_what_the_kernel_declares_in_its_order(drawer: Page) -> None:
    headings = drawer.locator(".filterviz-heading")
    groups = ["Objective", "Parameterization and update", "Transformations", "Regularizers"]
    expect(headings).to_have_text(groups)
    named = drawer.get_by_role("group", name="Transformations").get_by_role("slider")
    assert [each.get_attribute("title") for each in named.all()] == [
        f"How much {name} there is" for name in ("Jitter", "Scale", "Rotation", "Blur")
    ]


def test_an_axis_that_only_the_kernel_knows_has_its_control(drawer: Page) -> None:
    drawer.evaluate(
        """() => {
          const axes = [
            { name: "warp", label: "Warp", help: "How far it bends", group: "New", unit: "px",
              low: -2, high: 9, reach: 4, step: 0.5 },
            { name: "start", label: "Start", help: "From where", group: "New", choices: [[0, "Grey"], [1.5, "Noise"]] },
          ];
          model.kernel({ axes, options: { warp: 1, start: 1.5 }, inapplicable: { warp: "Not here." } });
        }"""
    )
    expect(drawer.locator(".filterviz-heading")).to_have_text(["New"])
    warp = slider(drawer, "Warp")
    expect(warp).to_be_disabled()
    expect(warp).to_have_value("1")
    assert [warp.get_attribute(name) for name in ("min", "max", "step", "title")] == ["-2", "4", "0.5", "Not here."]
    expect(box(drawer, "Start").locator("option:checked")).to_have_text("Noise")
    box(drawer, "Start").select_option(label="Grey")
    assert saves(drawer) == [{"options": {"warp": 1, "start": 0}}]


def test_the_drawer_is_closed_at_first_and_opens_by_the_keyboard(explorer: Page) -> None:
    expect(slider(explorer, "Jitter")).to_be_hidden()
    explorer.get_by_text("Options", exact=True).press("Enter")
    expect(slider(explorer, "Jitter")).to_be_visible()


def test_every_axis_has_a_control_with_a_name(drawer: Page) -> None:
    for name in ("Maximise", "Sign", "Parameterization", "Update", "Octaves"):
        expect(box(drawer, name)).to_be_enabled()
    for name in ("Jitter", "Scale", "Rotation", "Blur", "L2", "Total variation"):
        expect(slider(drawer, name)).to_be_enabled()


@pytest.mark.parametrize(
    ("name", "words", "axis", "value"),
    [
        ("Sign", "Inhibits", "sign", -1),
        ("Maximise", "Whole layer (DeepDream)", "objective", "layer"),
        ("Octaves", "3", "octaves", 3),
        ("Parameterization", "Phase only (MaCo)", "parameterization", "phase"),
    ],
)
def test_a_choice_is_sent_as_the_kernel_knows_it(drawer: Page, name: str, words: str, axis: str, value: Any) -> None:
    box(drawer, name).select_option(label=words)
    assert saves(drawer)[-1]["options"][axis] == value


def test_an_option_beside_the_range_of_the_thumb_can_be_typed_and_one_beyond_the_limit_cannot(drawer: Page) -> None:
    jitter = drawer.get_by_role("spinbutton", name="Jitter", exact=True)
    jitter.fill("64")
    jitter.press("Enter")
    assert saves(drawer)[-1]["options"]["jitter"] == 64
    expect(slider(drawer, "Jitter")).to_have_value("32")
    jitter.fill("65")
    jitter.press("Enter")
    expect(drawer.get_by_text("Expected a number from 0 to 64")).to_be_visible()


def test_changes_of_two_options_in_a_moment_are_both_sent(drawer: Page) -> None:
    slider(drawer, "Jitter").press("ArrowRight")
    slider(drawer, "Rotation").press("ArrowRight")
    drawer.clock.run_for(200)
    last = saves(drawer)[-1]["options"]
    assert (last["jitter"], last["rotation"]) == (1, 1)


def test_an_amount_follows_the_keys_in_its_own_steps(drawer: Page) -> None:
    slider(drawer, "Scale").press("ArrowRight")
    expect(drawer.get_by_role("spinbutton", name="Scale", exact=True)).to_have_value("0.01")
    assert saves(drawer)[-1]["options"]["scale"] == 0.01


def test_what_has_no_effect_rests_and_says_why(drawer: Page) -> None:
    drawer.evaluate("model.kernel({ inapplicable: { octaves: 'Units see it whole.', filter: 'The whole layer.' } })")
    for control, reason in (
        (box(drawer, "Octaves"), "Units see it whole."),
        (slider(drawer, "Filter"), "The whole layer."),
        (drawer.get_by_role("spinbutton", name="Filter", exact=True), "The whole layer."),
    ):
        expect(control).to_be_disabled()
        expect(control).to_have_attribute("title", reason)
        expect(control).to_have_accessible_description(reason)
    drawer.evaluate("model.kernel({ inapplicable: {} })")
    expect(box(drawer, "Octaves")).to_be_enabled()
    expect(slider(drawer, "Filter")).to_have_attribute(
        "title", "The filter: an output channel of the layer, counted from 0"
    )


def test_a_direction_set_in_python_is_said_in_words(drawer: Page) -> None:
    drawer.evaluate("model.kernel({ options: { ...model.get('options'), direction: [[3, 1], [7, -0.5]] } })")
    words = "A direction of filters is set in Python: 1 × filter 3 − 0.5 × filter 7."
    expect(drawer.get_by_text(words)).to_be_visible()
    drawer.evaluate("model.kernel({ options: { ...model.get('options'), direction: [] } })")
    expect(drawer.get_by_text("direction")).to_be_hidden()


def test_without_a_kernel_all_of_it_rests(drawer: Page) -> None:
    drawer.evaluate("model.live(false)")
    parts = [method(drawer, "Classic"), method(drawer, "Robust"), drawer.get_by_role("checkbox", name="All layers")]
    for control in [*parts, box(drawer, "Update"), slider(drawer, "Blur"), box(drawer, "Layer name")]:
        expect(control).to_be_disabled()
