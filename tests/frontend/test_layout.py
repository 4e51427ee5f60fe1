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
        """view => {
          window.model = view === "explorer" ? new fv.FakeModel() : new fv.FakeHistory();
          (view === "explorer" ? fv.mount : fv.mountHistory)(model, one);
          if (view === "explorer") model.kernel(fv.filled());
          else model.record(4);
        }""",
        view,
    )
    blank.clock.run_for(1000)
    moves = blank.evaluate(
        """() => {
          const say = ({ transitionDuration, animationName, scrollBehavior }) =>
            `${transitionDuration} ${animationName} ${scrollBehavior}`;
          const kinds = [null, "::before", "::after"];
          const all = [...one.querySelectorAll("*")];
          return [...new Set(all.flatMap((part) => kinds.map((kind) => say(getComputedStyle(part, kind)))))];
        }"""
    )
    assert moves == ["0s none auto"]
    before = blank.evaluate("one.innerHTML")
    blank.clock.run_for(10_000)
    assert blank.evaluate("one.innerHTML") == before  # nothing plays of itself
    blank.evaluate(
        "model.kernel(model instanceof fv.FakeModel ? { status: 'running', activations: [] } : { epoch: 2 })"
    )
    blank.clock.run_for(10)
    durations = blank.evaluate("document.getAnimations().map(({ effect }) => effect.getTiming().duration)")
    assert set(durations) <= {0}  # some wait, and change at once
    for picture in blank.locator("figure img").all():
        expect(picture).to_have_css("image-rendering", "pixelated")


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


LOOKS = """part => {
  const { backgroundColor, color, forcedColorAdjust } = getComputedStyle(part);
  return [backgroundColor, color, forcedColorAdjust];
}"""


@pytest.mark.parametrize(("name", "other"), [("Map", "Kernel"), ("whole", "weakest")])
def test_a_pressed_button_is_seen_in_forced_colours(explorer: Page, name: str, other: str) -> None:
    explorer.evaluate("model.kernel({ ...fv.filled(), panels: ['strongest', 'map'] })")
    explorer.emulate_media(forced_colors="active")
    pressed = explorer.get_by_role("button", name=name, exact=True)
    if name == "whole":
        pressed.click()
    looks = [each.evaluate(LOOKS) for each in (pressed, explorer.get_by_role("button", name=other, exact=True))]
    assert looks[0][2] == "none"
    assert looks[0][0] not in (looks[0][1], looks[1][0])


def test_bars_and_marks_keep_their_colours_in_forced_colours(explorer: Page) -> None:
    explorer.evaluate("model.kernel(fv.filled())")
    explorer.emulate_media(forced_colors="active")
    canvas = explorer.evaluate("getComputedStyle(one).backgroundColor")
    for kind in (".filterviz-with", ".filterviz-without", ".filterviz-weight", ".filterviz-fill"):
        colour, _, forced = explorer.locator(f"#one {kind}").last.evaluate(LOOKS)
        assert forced == "none", kind
        assert colour not in (canvas, "rgba(0, 0, 0, 0)"), kind
    mark = explorer.get_by_role("region", name="Field", exact=True).locator(".filterviz-mark-box")
    expect(mark).to_be_visible()
    expect(mark).to_have_css("border-color", "rgb(255, 255, 255)")
    expect(mark).to_have_css("outline-color", "rgb(0, 0, 0)")  # light within dark is seen on every picture
    expect(mark).to_have_css("forced-color-adjust", "none")


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
