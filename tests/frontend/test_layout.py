"""How the views use the room that a host gives them, and what hosts and readers do to their looks."""

from typing import Any

import pytest
from playwright.sync_api import Page, expect


def show_picture(page: Page) -> None:
    page.evaluate("model.kernel({ shown: fv.shown(), image: fv.square(96), image_size: [96, 96] })")
    page.clock.run_for(50)
    expect(page.locator("figure img")).to_have_js_property("naturalWidth", 96)


@pytest.mark.parametrize("width", [700, 900, 1000, 1086, 1400])
def test_the_picture_is_never_squeezed_by_what_stands_beside_it(explorer: Page, width: int) -> None:
    """Columns of JupyterLab: 1000 pixels are those of a laptop's 1280, 1086 of 1366."""
    explorer.set_viewport_size({"width": width + 16, "height": 900})
    show_picture(explorer)
    room = width - 24  # inside the padding
    free = min(room - 324, 672)
    crisp = 96 * (free // 96)
    largest = crisp if crisp >= 0.84 * free else free  # rather large than crisp
    explorer.wait_for_function("width => one.querySelector('figure img').offsetWidth === width", arg=largest)
    picture, thumb = (
        explorer.locator("figure img").bounding_box(),
        explorer.get_by_role("slider", name="Layer").bounding_box(),
    )
    assert picture
    assert thumb
    assert picture["width"] == picture["height"] == largest
    assert thumb["x"] > picture["x"] + largest
    assert explorer.evaluate("document.documentElement.scrollWidth") <= width + 16


@pytest.mark.parametrize("style", ["display: flex; width: fit-content", "display: inline-block", "float: left"])
def test_a_parent_that_asks_for_the_width_of_its_content_gets_one(explorer: Page, style: str) -> None:
    explorer.evaluate(
        """style => {
          const parent = Object.assign(document.createElement("div"), { style });
          one.replaceWith(parent);
          parent.append(one);
        }""",
        style,
    )
    assert explorer.evaluate("one.offsetWidth") >= 640


@pytest.mark.parametrize("view", ["explorer", "history"])
@pytest.mark.parametrize("width", [400, 200])  # 200: a window of 400 at 200 %
def test_nothing_is_cut_off_in_a_narrow_window(blank: Page, view: str, width: int) -> None:
    blank.set_viewport_size({"width": width, "height": 1600})
    if view == "explorer":
        blank.evaluate("() => { window.model = new fv.FakeModel(); fv.mount(model, one) }")
        for name in ("Settings", "Options"):
            blank.locator("summary").filter(has_text=name).click()
    else:
        blank.evaluate("() => { const model = new fv.FakeHistory(); fv.mountHistory(model, one); model.record(4) }")
    blank.clock.run_for(50)
    outside: list[Any] = blank.evaluate(
        """() => {
          const edge = one.getBoundingClientRect().right + 0.5;
          return [...one.querySelectorAll("*")]
            .filter((part) => part.checkVisibility({ visibilityProperty: true }))
            .filter((part) => !part.closest("svg, .filterviz-spoken"))
            .filter((part) => part.getBoundingClientRect().right > edge || part.scrollWidth > part.clientWidth + 1 &&
              getComputedStyle(part).overflow !== "visible")
            .map((part) => [part.className, part.textContent.slice(0, 30)]);
        }"""
    )
    assert outside == []


def test_every_target_can_be_hit(explorer: Page) -> None:
    """WCAG 2.2: at least 24 by 24 pixels."""
    explorer.locator("summary").filter(has_text="Options").click()
    small = explorer.evaluate(
        """() => [...one.querySelectorAll("input, select, button, summary")].map((part) => {
          if (!part.checkVisibility()) return [part.type, "", 24, 24];
          const { width, height } = part.getBoundingClientRect();
          return [part.type ?? part.tagName, part.textContent, width, height];
        }).filter(([, , width, height]) => width < 24 || height < 24)"""
    )
    assert small == []


def test_the_box_looks_ticked_when_it_is(explorer: Page) -> None:
    box = explorer.get_by_role("checkbox", name="All layers")
    looks = "box => [getComputedStyle(box, '::before').backgroundColor, getComputedStyle(box, '::after').content]"
    before = box.evaluate(looks)
    box.check()
    after = box.evaluate(looks)
    assert before[0] != after[0]
    assert before[1] != after[1]


@pytest.mark.parametrize("view", ["explorer", "history"])
def test_who_wants_less_motion_sees_none(blank: Page, view: str) -> None:
    blank.emulate_media(reduced_motion="reduce")
    blank.evaluate(
        "view => void (view === 'explorer' ? fv.mount(new fv.FakeModel(), one)"
        " : fv.mountHistory(new fv.FakeHistory(), one))",
        view,
    )
    durations = blank.evaluate(
        "[...new Set([...one.querySelectorAll('*')].map((part) => getComputedStyle(part).transitionDuration))]"
    )
    assert durations == ["0s"]


def test_the_chosen_method_is_seen_in_forced_colours(explorer: Page) -> None:
    """Chromium computes a forced background as the page set it, so whether it is forced must be asked too."""
    explorer.emulate_media(forced_colors="active")
    chosen, *others = explorer.evaluate(
        """() => [...one.querySelectorAll(".filterviz-segments span")].map((part) => {
          const { backgroundColor, color, forcedColorAdjust } = getComputedStyle(part);
          return [backgroundColor, color, forcedColorAdjust];
        })"""
    )
    assert chosen[2] == "none"
    assert chosen[0] not in {other[0] for other in others}
    assert chosen[0] != chosen[1]


def test_the_scale_of_colours_is_seen_in_forced_colours(history: Page) -> None:
    history.emulate_media(forced_colors="active")
    bar = history.locator(".filterviz-legend-bar").first
    expect(bar).to_be_visible()
    assert "gradient" in bar.evaluate("bar => getComputedStyle(bar).backgroundImage")


def test_a_host_that_resets_its_selects_leaves_ours_their_arrow(explorer: Page) -> None:
    explorer.add_style_tag(content="select { appearance: none; -webkit-appearance: none }")
    for select in explorer.locator("select").all():
        expect(select).to_have_css("appearance", "auto")


def test_what_rests_is_pale_and_can_still_be_read(explorer: Page) -> None:
    explorer.evaluate("model.live(false)")
    explorer.wait_for_function(
        """() => [...one.querySelectorAll("input, select, button")].every((part) => {
          let opacity = 1;
          for (let at = part; at; at = at.parentElement) opacity *= getComputedStyle(at).opacity;
          const rests = part.disabled || part.getAttribute("aria-disabled") === "true";
          // 0: a radio lies unseen over its label
          return opacity === 0 || (rests ? opacity >= 0.5 && opacity < 0.6 : opacity === 1);
        })"""
    )


@pytest.mark.parametrize("width", [380, 420, 700])
def test_the_word_method_stands_beside_the_methods(explorer: Page, width: int) -> None:
    explorer.set_viewport_size({"width": width, "height": 1200})
    word = explorer.get_by_text("Method", exact=True).bounding_box()
    methods = explorer.get_by_role("radiogroup").bounding_box()
    assert word
    assert methods
    middle = [box["y"] + box["height"] / 2 for box in (word, methods)]
    assert middle[0] == pytest.approx(middle[1], abs=3)
