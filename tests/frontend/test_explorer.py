import re
from itertools import pairwise
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

OPTIONS = {"objective": "mean", "sign": 1, "direction": []}
SHOWN = {"layer": "conv1", "filter": 3, "step_size": 1.0, "iterations": 20, "seed": 0, "options": OPTIONS}


def saves(page: Page) -> list[dict[str, Any]]:
    return page.evaluate("model.saves")


def slider(page: Page, name: str) -> Locator:
    return page.get_by_role("slider", name=name, exact=True)


def enter(page: Page, name: str, text: str) -> None:
    page.get_by_role("spinbutton", name=name, exact=True).fill(text)
    page.get_by_role("spinbutton", name=name, exact=True).press("Enter")


def test_everything_has_its_role_and_name(explorer: Page) -> None:
    for name in ("Layer", "Filter", "Step size", "Iterations"):
        expect(slider(explorer, name)).to_be_visible()
        expect(explorer.get_by_role("spinbutton", name=name, exact=True)).to_be_visible()
    expect(explorer.get_by_role("spinbutton", name="Seed", exact=True)).to_be_visible()
    expect(explorer.get_by_role("combobox", name="Layer name")).to_be_visible()
    for name in ("New seed", "Stop", "Run again"):
        expect(explorer.get_by_role("button", name=name)).to_be_visible()
    expect(explorer.get_by_role("progressbar", name="Iterations done")).to_be_attached()
    expect(explorer.get_by_role("img", name="Activation: no values yet")).to_be_attached()


def test_the_layer_slider_says_the_name_of_the_layer(explorer: Page) -> None:
    expect(slider(explorer, "Layer")).to_have_attribute("aria-valuetext", "conv1, layer 1 of 4")
    slider(explorer, "Layer").press("ArrowRight")
    expect(slider(explorer, "Layer")).to_have_attribute("aria-valuetext", "conv2, layer 2 of 4")
    expect(explorer.get_by_role("combobox", name="Layer name")).to_have_value("conv2")


def test_the_curve_of_a_method_that_moves_the_image_is_dashed(explorer: Page) -> None:
    line = explorer.locator(".filterviz-line")
    for jitter, dashed in ((0, False), (8, True)):
        shown = {**SHOWN, "options": {**OPTIONS, "jitter": jitter}}
        explorer.evaluate("shown => model.kernel({ shown, activations: [1, 2 + shown.options.jitter] })", shown)
        explorer.clock.run_for(50)
        (expect(line).to_have_class if dashed else expect(line).not_to_have_class)(re.compile("filterviz-moved"))


@pytest.mark.parametrize(("name", "trait"), [("Filter", "filter"), ("Jitter", "options")])
def test_an_echo_of_what_was_sent_before_undoes_nothing(explorer: Page, name: str, trait: str) -> None:
    explorer.get_by_text("Options", exact=True).click()
    track = explorer.get_by_role("slider", name=name)
    track.focus()
    for _ in range(3):
        track.press("ArrowRight")
        explorer.evaluate("trait => model.kernel({ [trait]: structuredClone(model.saves[0][trait]) })", trait)
    explorer.clock.run_for(1000)
    assert track.input_value() == "3"
    assert (saves(explorer)[-1]["filter"] if trait == "filter" else saves(explorer)[-1]["options"]["jitter"]) == 3


def test_a_drag_saves_now_and_then_and_its_end_for_certain(explorer: Page) -> None:
    thumb = slider(explorer, "Filter")
    box = thumb.bounding_box()
    assert box
    explorer.mouse.move(box["x"] + 8, box["y"] + box["height"] / 2)
    explorer.mouse.down()
    for step in range(1, 16):
        explorer.mouse.move(box["x"] + 8 + step * (box["width"] - 16) / 15, box["y"] + box["height"] / 2)
        expect(explorer.get_by_role("spinbutton", name="Filter", exact=True)).to_have_value(str(step))
        explorer.clock.run_for(25)
    assert saves(explorer)[0] == {"filter": 1}
    assert 4 <= len(saves(explorer)) <= 5  # in 375 ms
    explorer.mouse.up()
    assert explorer.evaluate("model.get('filter')") == 15
    assert saves(explorer)[-1] == {"filter": 15}
    assert explorer.evaluate("model.unsavedNames()") == []


def test_a_change_of_layer_sends_the_layer_and_a_filter_that_it_has_in_one_message(explorer: Page) -> None:
    explorer.evaluate("model.kernel({ layer: 'conv2', filter: 31 })")
    explorer.get_by_role("combobox", name="Layer name").select_option("conv1")
    assert saves(explorer) == [{"layer": "conv1", "filter": 15}]
    expect(slider(explorer, "Filter")).to_have_attribute("max", "15")
    expect(slider(explorer, "Filter")).to_have_value("15")


def test_the_step_size_is_logarithmic_and_its_number_exact(explorer: Page) -> None:
    slider(explorer, "Step size").press("ArrowRight")
    assert saves(explorer) == [{"step_size": 1.1}]
    enter(explorer, "Step size", "0.015")
    assert saves(explorer)[-1] == {"step_size": 0.015}
    expect(slider(explorer, "Step size")).to_have_value("-1")  # the thumb goes no lower than 0.1


def test_a_number_out_of_range_is_explained_and_not_sent(explorer: Page) -> None:
    enter(explorer, "Iterations", "10001")
    expect(explorer.get_by_text("Expected a whole number from 1 to 10,000")).to_be_visible()
    explorer.clock.run_for(1000)
    assert saves(explorer) == []


def test_a_new_seed_is_another_seed(explorer: Page) -> None:
    seeds = [0]
    for _ in range(20):
        explorer.get_by_role("button", name="New seed").click()
        seeds.append(saves(explorer)[-1]["seed"])
    assert all(before != after for before, after in pairwise(seeds))
    assert all(0 <= seed <= 9999 for seed in seeds)


def test_the_settings_reach_the_kernel_before_stop_and_run_again(explorer: Page) -> None:
    explorer.evaluate("model.kernel({ status: 'running' })")
    slider(explorer, "Filter").press("ArrowRight")
    slider(explorer, "Filter").press("ArrowRight")
    explorer.get_by_role("button", name="Stop").dispatch_event("click")
    explorer.get_by_role("button", name="Run again").dispatch_event("click")
    assert explorer.evaluate("model.sent") == [{"type": kind} for kind in ("hello", "cancel", "run")]
    assert saves(explorer)[-1] == {"filter": 2}


def test_markup_in_the_name_of_a_layer_shows_as_text(explorer: Page) -> None:
    name = "<img src=x onerror=\"document.title = 'owned'\">"
    explorer.evaluate(
        """name => {
          model.kernel({ layers: [{ ...model.get("layers")[0], name, filters: 2, note: name }], layer: name,
            unsupported: [], input_range_source: name,
            shown: fv.shown({ layer: name, filter: 1 }), image: fv.square(2),
            error: `no ${name}`, note: `dead: ${name}`, status: "compiling" });
        }""",
        name,
    )
    explorer.clock.run_for(50)
    expect(explorer.get_by_role("img", name="What filter 1")).to_have_attribute(
        "alt", f"What filter 1 of layer {name} responds to"
    )
    expect(explorer.get_by_role("alert")).to_have_text(f"no {name}")
    expect(explorer.get_by_role("combobox", name="Layer name").locator("option")).to_have_text(name)
    expect(explorer.locator("figcaption")).to_have_text(f"{name} · filter 1 of 0\N{EN DASH}1 · {name}")
    expect(explorer.locator("#one img")).to_have_count(1)
    assert explorer.title() == ""


def test_errors_interrupt_and_notes_do_not(explorer: Page) -> None:
    expect(explorer.get_by_role("alert")).to_be_hidden()
    explorer.evaluate("model.kernel({ error: 'Out of memory in layer conv1.', note: 'The filter is dead.' })")
    expect(explorer.get_by_role("alert")).to_have_text("Out of memory in layer conv1.")
    expect(explorer.get_by_text("The filter is dead.")).to_be_visible()
    explorer.evaluate("model.kernel({ error: '', note: '' })")
    expect(explorer.get_by_role("alert")).to_be_hidden()
    expect(explorer.get_by_text("The filter is dead.")).to_be_hidden()


def test_the_caption_names_what_is_in_the_picture_not_where_the_sliders_are(explorer: Page) -> None:
    explorer.evaluate("shown => model.kernel({ shown, image: fv.square(8) })", SHOWN)
    explorer.clock.run_for(50)
    slider(explorer, "Filter").press("ArrowRight")
    explorer.clock.run_for(50)
    expect(explorer.get_by_role("img", name="What filter 3 of layer conv1 responds to")).to_be_visible()
    expect(explorer.locator("figcaption")).to_have_text("conv1 · filter 3 of 0\N{EN DASH}15")


def test_progress_and_curve_count_the_iterations_of_the_picture_while_the_slider_moves(explorer: Page) -> None:
    explorer.evaluate(
        "shown => model.kernel({ shown, image: fv.square(8), activations: [1, 2, 3], iteration: 20, status: 'done' })",
        SHOWN,
    )
    enter(explorer, "Iterations", "400")
    expect(explorer.get_by_text("20 iterations")).to_be_visible()
    explorer.evaluate("model.kernel({ iteration: 20, status: 'done' })")
    expect(explorer.get_by_text("Done · 20 of 20")).to_be_visible()


def drawn(page: Page) -> list[str]:
    """The curve's points: M after a gap, L after another point."""
    return re.findall("[ML]", page.locator(".filterviz-line").get_attribute("d") or "")


def test_the_curve_comes_in_pieces_while_the_run_is_on(explorer: Page) -> None:
    explorer.evaluate("model.kernel({ status: 'running', activations: [], activations_more: {} })")
    for start, values, points in (
        (0, [1, 2], "ML"),
        (2, [3], "MLL"),
        (1, [5, 6, 7], "MLLL"),  # the last two anew, and one more
        (6, [8, 9], "MLLLML"),  # a piece between was lost
    ):
        explorer.evaluate("more => model.kernel({ activations_more: more })", {"start": start, "values": values})
        assert "".join(drawn(explorer)) == points
    last = explorer.get_by_role("img", name="Activation over 7 iterations, from 1 to 9")
    expect(last).to_be_attached()
    explorer.evaluate("model.kernel({ status: 'done', activations: [1, 2, 3], activations_more: null })")
    assert "".join(drawn(explorer)) == "MLL", "what is whole replaces all pieces"


def test_the_pieces_of_one_run_do_not_follow_those_of_the_last(explorer: Page) -> None:
    explorer.evaluate("model.kernel({ activations_more: { start: 0, values: [1, 2, 3] } })")
    explorer.evaluate("model.kernel({ activations: [1, 2, 3, 4] })")
    explorer.evaluate("model.kernel({ activations: [], activations_more: {} })")
    explorer.evaluate("model.kernel({ activations_more: { start: 0, values: [7] } })")
    assert "".join(drawn(explorer)) == "M"


@pytest.mark.parametrize(("whole", "points"), [([1, 2, 3, 4], "MLLL"), ([], "ML")])
def test_a_view_that_comes_later_has_the_whole_or_what_there_is(blank: Page, whole: Any, points: str) -> None:
    blank.evaluate(
        """activations => {
          const activations_more = { start: 1, values: [2, 3] };
          fv.mount(new fv.FakeModel({ activations, activations_more }), one);
        }""",
        whole,
    )
    assert "".join(drawn(blank)) == points


def test_an_empty_description_before_the_first_picture_is_none(explorer: Page) -> None:
    explorer.evaluate("model.kernel({ shown: {} })")
    explorer.clock.run_for(50)
    expect(explorer.locator("figcaption")).to_be_empty()


def test_nothing_moves_while_the_first_frames_arrive(explorer: Page) -> None:
    before = explorer.evaluate("document.querySelector('#one').getBoundingClientRect().height")
    line = explorer.locator(".filterviz-progress").bounding_box()
    explorer.evaluate("model.kernel({ status: 'compiling', activations: [] })")
    for count in (1, 7, 21):
        explorer.evaluate(
            """([shown, count]) => model.kernel({ shown, image: fv.square(48), status: "running", iteration: count - 1,
              activations: Array.from({ length: count }, (_, place) => 10 ** place / 3) })""",
            [SHOWN, count],
        )
        explorer.clock.run_for(50)
        expect(explorer.get_by_role("img", name="What filter 3")).to_have_js_property("complete", True)
        assert explorer.evaluate("document.querySelector('#one').getBoundingClientRect().height") == before
        assert explorer.locator(".filterviz-progress").bounding_box() == line


def test_two_views_of_one_model_agree(explorer: Page) -> None:
    explorer.evaluate("() => { fv.mount(model, two) }")
    first, second = explorer.locator("#one"), explorer.locator("#two")
    first.get_by_role("slider", name="Filter", exact=True).press("ArrowRight")
    expect(second.get_by_role("slider", name="Filter", exact=True)).to_have_value("1")
    expect(second.get_by_role("spinbutton", name="Filter", exact=True)).to_have_value("1")
    assert saves(explorer) == [{"filter": 1}]
    explorer.evaluate("unmount()")
    second.get_by_role("slider", name="Filter", exact=True).press("ArrowRight")
    expect(second.get_by_role("spinbutton", name="Filter", exact=True)).to_have_value("2")
    ids = explorer.evaluate("[...document.querySelectorAll('[id^=filterviz]')].map((part) => part.id)")
    assert len(ids) == len(set(ids)) > 0


@pytest.mark.parametrize("older", [False, True], ids=["with a signal", "with a returned function"])
def test_a_removed_view_listens_to_nothing_any_more(blank: Page, older: bool) -> None:
    blank.evaluate(
        "older => { window.model = new fv.FakeModel(); window.unmount = fv.mount(model, one, older) }", older
    )
    blank.locator("summary").filter(has_text="Settings").click()
    assert blank.evaluate("model.listening()") > 10
    slider(blank, "Filter").press("ArrowRight")
    slider(blank, "Filter").press("ArrowRight")
    blank.evaluate("unmount()")
    assert blank.evaluate("model.listening()") == 0
    assert saves(blank)[-1] == {"filter": 2}  # what waited is not lost
    slider(blank, "Filter").press("ArrowRight")
    blank.get_by_role("button", name="New seed").click()
    blank.clock.run_for(10_000)
    assert saves(blank)[-1] == {"filter": 2}


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_words_stand_out_from_their_background(explorer: Page, scheme: str) -> None:
    """WCAG AA: 4.5 to 1 for text, outside JupyterLab, where the style sheet's own colours count."""
    explorer.emulate_media(color_scheme=scheme)
    explorer.evaluate("model.kernel({ error: 'wrong', note: 'dead', activations: [1, 2], status: 'running' })")
    enter(explorer, "Filter", "999")
    explorer.clock.run_for(1000)
    ratios = explorer.evaluate(
        """() => {
          const context = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
          const light = (colour) => {
            context.fillStyle = colour;
            context.fillRect(0, 0, 1, 1);
            const [r, g, b] = [...context.getImageData(0, 0, 1, 1).data].slice(0, 3)
              .map((c) => c / 255).map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4));
            return 0.2126 * r + 0.7152 * g + 0.0722 * b;
          };
          const behind = (part) => {
            const colour = getComputedStyle(part).backgroundColor;
            return colour === "rgba(0, 0, 0, 0)" ? behind(part.parentElement) : colour;
          };
          const texts = [...document.querySelectorAll("#one *")].filter((part) =>
            [...part.childNodes].some((node) => node.nodeType === 3 && node.textContent.trim()) &&
            part.checkVisibility() && !part.closest("[aria-disabled=true]"));
          return texts.map((part) => {
            const [a, b] = [light(getComputedStyle(part).color), light(behind(part))];
            return [part.textContent, (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05)];
          });
        }"""
    )
    assert len(ratios) > 10
    assert [entry for entry in ratios if entry[1] < 4.5] == []


def test_it_fits_into_a_window_of_400_pixels(explorer: Page) -> None:
    explorer.set_viewport_size({"width": 400, "height": 800})
    explorer.evaluate("shown => model.kernel({ shown, image: fv.square(96), note: 'a_long_name'.repeat(20) })", SHOWN)
    explorer.clock.run_for(50)
    assert explorer.evaluate("document.documentElement.scrollWidth") <= 400
    for name in ("Layer", "Filter", "Step size", "Iterations"):
        box = slider(explorer, name).bounding_box()
        assert box
        assert box["width"] >= 100
        assert box["height"] >= 24  # WCAG 2.2, target size
