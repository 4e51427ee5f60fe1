import re
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

STYLE = Path(__file__).parents[2] / "js" / "src" / "panels" / "time_line.css"
INSET = 8  # pixels from the plot's edge to the first and to the last iteration
COMING = "The frames come when the picture is finished"


@pytest.fixture
def line(blank: Page) -> Page:
    """A time line in #one, 480 pixels wide; what it wants to be looked at is in `looks`."""
    blank.add_style_tag(content=STYLE.read_text("utf-8"))
    blank.evaluate(
        """() => {
          window.looks = [];
          window.control = new AbortController();
          window.line = fv.timeLine("Activation", (at) => looks.push(at && at[0]), control.signal);
          window.film = (...iterations) => iterations.map((at) => [at, `data:,${at}`]);
          window.upTo = (last) => Array.from({ length: last + 1 }, (_, index) => index);
          one.className = "filterviz";
          one.style.width = "504px";
          one.append(line.element);
        }"""
    )
    return blank


@pytest.fixture
def done(line: Page) -> Page:
    """A finished run of 20 iterations with every frame; the activation at n is n / 10."""
    line.evaluate("line.show(upTo(20).map((n) => n / 10), 20); line.film(film(...upTo(20)))")
    return line


def thumb(page: Page) -> Locator:
    return page.get_by_role("slider", name="Iteration", exact=True)


def play(page: Page) -> Locator:
    return page.locator(".filterviz-time-play")


def now(page: Page) -> str:
    return page.locator(".filterviz-time-now").inner_text()


def looks(page: Page) -> list[int | None]:
    """What was to be looked at since this was asked last."""
    return page.evaluate("looks.splice(0)")


def spot(page: Page, share: float) -> tuple[float, float]:
    """A point of the plot, from the first iteration (0) to the last (1)."""
    box = page.locator(".filterviz-time-plot").bounding_box()
    assert box
    return box["x"] + INSET + share * (box["width"] - 2 * INSET), box["y"] + box["height"] / 3


def points(page: Page) -> list[tuple[str, float, float]]:
    path = page.locator(".filterviz-line").get_attribute("d") or ""
    return [(pen, float(x), float(y)) for pen, x, y in re.findall(r"([ML])([\d.]+) ([\d.]+)", path)]


def middle(part: Locator) -> float:
    box = part.bounding_box()
    assert box
    return box["x"] + box["width"] / 2


def test_the_picture_follows_the_mouse_along_the_curve(done: Page) -> None:
    done.mouse.move(*spot(done, 0.5))
    done.mouse.down()
    assert looks(done) == [10]
    assert now(done) == "iteration 10 · 1"
    done.mouse.move(*spot(done, 0.35))
    done.mouse.move(*spot(done, 0.36))
    assert looks(done) == [7], "the same frame is told once"
    done.mouse.move(5, 500)  # a hand that has left the plot still holds it
    assert looks(done) == [0]
    done.mouse.move(*spot(done, 0.25))
    done.mouse.up()
    done.mouse.move(*spot(done, 0.75))
    assert looks(done) == [5]
    expect(thumb(done)).to_have_value("5")


@pytest.mark.parametrize("share", [0, 0.3, 0.85, 1])
def test_the_cursor_and_the_dot_stand_under_the_mouse(done: Page, share: float) -> None:
    done.mouse.click(*spot(done, share))
    assert middle(done.locator(".filterviz-time-cursor")) == pytest.approx(spot(done, share)[0], abs=1)
    x, y = done.locator(".filterviz-dot").get_attribute("d")[1:-2].split()  # type: ignore[index]
    assert float(x) == pytest.approx(share * 300)
    assert points(done)[round(share * 20)][1:] == (float(x), float(y))


def test_the_arrows_go_from_frame_to_frame_and_the_end_is_what_is_live(done: Page) -> None:
    thumb(done).focus()
    for key, seen in (("ArrowLeft", 19), ("ArrowDown", 18), ("ArrowRight", 19), ("Home", 0), ("ArrowUp", 1)):
        done.keyboard.press(key)
        assert looks(done) == [seen]
    done.keyboard.press("PageUp")
    assert looks(done) == [3]  # a tenth of the whole
    done.keyboard.press("End")
    assert looks(done) == [None]
    done.keyboard.press("ArrowRight")
    assert looks(done) == []
    assert now(done) == "iteration 20 · 2"


def test_a_drag_to_the_right_edge_is_back_at_the_end(done: Page) -> None:
    done.mouse.move(*spot(done, 0.1))
    done.mouse.down()
    done.mouse.move(spot(done, 1)[0] + 300, 300)
    done.mouse.up()
    assert looks(done) == [2, None]


def test_where_not_every_iteration_has_a_frame_the_one_before_is_seen(line: Page) -> None:
    line.evaluate("line.show(upTo(100), 100); line.film(film(0, 25, 50, 75, 100))")
    line.mouse.click(*spot(line, 0.7))
    assert looks(line) == [50]
    assert now(line) == "iteration 50 · 50", "the words are those of the picture that is seen"
    expect(thumb(line)).to_have_value("50")
    for key, seen in (("ArrowRight", 75), ("ArrowLeft", 50), ("ArrowLeft", 25), ("ArrowRight", 50)):
        thumb(line).press(key)
        assert looks(line) == [seen]


def test_a_hand_between_two_frames_sees_the_one_before_whichever_way_it_goes(line: Page) -> None:
    line.evaluate("line.show(upTo(100), 100); line.film(film(0, 25, 50, 75, 100))")
    line.mouse.move(*spot(line, 0.5))
    line.mouse.down()
    for share in (0.6, 0.7, 0.6):
        line.mouse.move(*spot(line, share))
        expect(thumb(line)).to_have_value(f"{share * 100:.0f}")  # nothing moves under the hand
        assert middle(line.locator(".filterviz-time-cursor")) == pytest.approx(spot(line, 0.5)[0], abs=1)
    assert looks(line) == [50]
    line.mouse.up()
    expect(thumb(line)).to_have_value("50")


def test_before_the_first_frame_the_first_is_seen(line: Page) -> None:
    line.evaluate("line.show(upTo(10), 10); line.film(film(4, 7, 10))")
    thumb(line).press("Home")
    assert looks(line) == [4]
    expect(thumb(line)).to_have_value("4")


def test_a_run_that_ended_early_ends_where_it_ended(line: Page) -> None:
    line.evaluate("line.show(upTo(8), 20); line.film(film(...upTo(8)))")
    expect(thumb(line)).to_have_value("8")
    expect(thumb(line)).to_have_attribute("max", "20")
    line.mouse.click(*spot(line, 0.2))
    line.mouse.click(*spot(line, 0.9))
    assert looks(line) == [4, None]
    assert now(line) == "iteration 8 · 8"


def test_play_shows_every_frame_twelve_a_second_and_ends_at_the_end(done: Page) -> None:
    done.get_by_role("button", name="Play").click()
    assert looks(done) == [0], "from the start, since it was at the end"
    expect(done.get_by_role("button", name="Pause")).to_be_visible()
    done.clock.run_for(1010)  # twelve twelfths of a second may be a little more than one
    assert looks(done) == list(range(1, 13))
    done.clock.run_for(1000)
    assert looks(done) == [*range(13, 20), None]
    expect(done.get_by_role("button", name="Play")).to_be_visible()
    done.clock.run_for(5000)
    assert looks(done) == []


def test_play_begins_at_the_thumb_and_goes_on_after_a_pause(done: Page) -> None:
    thumb(done).press("Home")
    thumb(done).press("ArrowRight")
    assert looks(done) == [0, 1]
    done.get_by_role("button", name="Play").click()
    done.clock.run_for(200)
    assert looks(done) == [2, 3]
    done.get_by_role("button", name="Pause").click()
    done.clock.run_for(1000)
    assert looks(done) == []
    done.get_by_role("button", name="Play").press("Enter")
    done.clock.run_for(100)
    assert looks(done) == [4]


@pytest.mark.parametrize("hand", ["mouse", "keyboard"])
def test_a_hand_on_the_time_line_pauses(done: Page, hand: str) -> None:
    play(done).click()
    done.clock.run_for(1000)
    if hand == "mouse":
        done.mouse.click(*spot(done, 0.5))
    else:
        thumb(done).press("ArrowLeft")
    expect(play(done)).to_have_accessible_name("Play")
    looks(done)
    done.clock.run_for(1000)
    assert looks(done) == []


def test_who_wants_less_motion_gets_three_a_second(done: Page) -> None:
    done.emulate_media(reduced_motion="reduce")
    play(done).click()
    done.clock.run_for(1010)  # three thirds of a second may be a little more than one
    assert looks(done) == [0, 1, 2, 3]


def test_nothing_plays_on_when_the_view_has_gone(done: Page) -> None:
    play(done).click()
    done.evaluate("control.abort()")
    done.clock.run_for(5000)
    assert looks(done) == [0]


@pytest.mark.parametrize(
    "state",
    [
        "line.show([], 20)",
        "line.show([0, 1], 20)",
        "line.show(upTo(20), 20)",
        "line.show(upTo(20), 20); line.film(film(20))",
        "line.show(upTo(20), 20); line.film(film(0, 20)); line.film([])",
        "line.film(film(0, 20)); line.show([0, 1], 20)",  # of the run before
        "line.show(upTo(20), 20); line.film(film(0, 20)); line.show([], 20)",
    ],
)
def test_without_a_film_it_rests_and_says_why(line: Page, state: str) -> None:
    line.evaluate(state)
    for part in (thumb(line), play(line)):
        expect(part).to_be_disabled()
        expect(part).to_have_attribute("title", COMING)
        expect(part).to_have_attribute("aria-description", COMING)
    line.mouse.click(*spot(line, 0.5))
    play(line).click(force=True)
    line.clock.run_for(1000)
    assert looks(line) == []


@pytest.mark.parametrize(
    "order", ["line.film(frames); line.show(values, 20)", "line.show(values, 20); line.film(frames)"]
)
def test_the_film_and_the_curve_come_in_any_order(line: Page, order: str) -> None:
    line.evaluate(f"() => {{ const [frames, values] = [film(...upTo(20)), upTo(20)]; {order} }}")
    for part in (thumb(line), play(line)):
        expect(part).to_be_enabled()
        assert part.get_attribute("aria-description") is None
        assert part.get_attribute("title") not in (COMING, "", None)


def test_what_a_screen_reader_says(line: Page) -> None:
    said, plot = thumb(line), line.get_by_role("img")
    expect(said).to_have_attribute("aria-valuetext", "no values yet")
    expect(plot).to_have_accessible_name("Activation: no values yet")
    line.evaluate("line.show([0.4151, null, 12.345], 1200)")
    expect(said).to_have_attribute("aria-valuetext", "iteration 2 of 1,200, activation 12.3")
    expect(plot).to_have_accessible_name("Activation over 2 iterations, from 0.415 to 12.3")
    line.evaluate("line.film(film(0, 1, 2))")
    thumb(line).press("ArrowLeft")
    expect(said).to_have_attribute("aria-valuetext", "iteration 1 of 1,200, activation no number")
    assert now(line) == "iteration 1 · no number"
    thumb(line).press("ArrowLeft")
    expect(said).to_have_attribute("aria-valuetext", "iteration 0 of 1,200, activation 0.415")
    expect(play(line)).to_have_attribute("title", "Show the picture at one iteration after the other")


def test_the_same_film_given_again_leaves_the_thumb_where_it_is(done: Page) -> None:
    thumb(done).press("Home")
    looks(done)
    done.evaluate("line.film(film(...upTo(20))); line.show(upTo(20).map((n) => n / 10), 20)")
    assert looks(done) == []
    expect(thumb(done)).to_have_value("0")
    assert now(done) == "iteration 0 · 0"


@pytest.mark.parametrize(
    "news",
    [
        "line.film([...film(...upTo(19)), [20, 'data:,other']])",
        "line.film([])",
        "line.show([], 20)",
        "line.show([1, 2], 20)",
        "line.show(upTo(20).map((n) => -n), 20)",
    ],
)
@pytest.mark.parametrize("by", ["hand", "play"])
def test_another_film_or_another_run_is_looked_at_from_its_end(done: Page, news: str, by: str) -> None:
    if by == "hand":
        thumb(done).press("Home")
    else:
        play(done).click()
    assert looks(done) == [0]
    done.evaluate(news)
    done.clock.run_for(1000)
    assert looks(done) == [None]
    expect(play(done)).to_have_accessible_name("Play")


def test_news_at_the_end_are_no_look_back(done: Page) -> None:
    done.evaluate("line.show([], 20); line.film([]); line.show([1], 20); line.show(upTo(20), 20)")
    done.evaluate("line.film(film(0, 10, 20))")
    assert looks(done) == []


def test_while_the_curve_grows_the_thumb_is_at_its_end(line: Page) -> None:
    for last in (0, 1, 7, 20):
        line.evaluate("last => line.show(upTo(last), 20)", last)
        expect(thumb(line)).to_have_value(str(last))
        assert now(line) == f"iteration {last} · {last}"
        assert len(points(line)) == last + 1
    (_, x0, y0), *_, (_, x20, y20) = points(line)
    assert (x0, x20) == (0, 300)
    assert (y0, y20) == (62, 10)  # the page's y goes down


def test_a_film_that_is_taken_away_lets_go_of_the_hand(done: Page) -> None:
    done.mouse.move(*spot(done, 0.5))
    done.mouse.down()
    done.evaluate("line.show([], 20); line.film([])")
    done.evaluate("line.show(upTo(20), 20); line.film(film(0, 20))")
    expect(thumb(done)).to_have_value("20")
    done.mouse.up()
    assert looks(done) == [10, None]


def test_one_iteration_has_two_frames(line: Page) -> None:
    line.evaluate("line.show([1, 3], 1); line.film(film(0, 1))")
    expect(line.get_by_text("1 iteration", exact=True)).to_be_visible()
    line.mouse.click(*spot(line, 0.1))
    assert now(line) == "iteration 0 · 1"
    play(line).click()
    line.clock.run_for(1000)
    assert looks(line) == [0, None]
    assert now(line) == "iteration 1 · 3"


def test_what_is_not_a_number_leaves_a_gap(line: Page) -> None:
    line.evaluate("line.show([1, null, 3, 2], 3)")
    assert [pen for pen, _, _ in points(line)] == ["M", "M", "L"]
    assert (line.locator(".filterviz-time-area").get_attribute("d") or "").count("Z") == 2
    line.evaluate("line.show([null], 3)")
    assert points(line) == []
    expect(line.get_by_role("img")).to_have_accessible_name("Activation: no number among the values")
    assert now(line) == "iteration 0 · no number"
    assert line.locator(".filterviz-dot").get_attribute("d") == ""


@pytest.mark.parametrize(
    ("values", "low", "high"),
    [
        ([1.23412, 1.23411], "1.23411", "1.23412"),
        ([0.4151, -1, 12.345], "-1", "12.3"),
        ([3, 3], "", ""),
        ([None], "", ""),
    ],
)
def test_the_ends_of_the_axes_are_in_words(line: Page, values: list[float], low: str, high: str) -> None:
    line.evaluate("values => line.show(values, 1000)", values)
    assert line.locator(".filterviz-time-low").inner_text() == low
    assert line.locator(".filterviz-time-high").inner_text() == high
    for words in ("0", "1,000 iterations"):
        expect(line.get_by_text(words, exact=True)).to_be_visible()


@pytest.mark.parametrize(
    ("values", "low", "high"),
    [
        ("upTo(20)", "right", "left"),
        ("upTo(20).map((n) => -n)", "left", "right"),
        ("upTo(2)", "right", "right"),  # a run that has just begun
        ("upTo(20).map((n) => (n - 10) ** 2)", "right", "left"),  # high at both ends, and low at none
    ],
)
def test_these_words_stand_beside_the_curve_and_not_on_it(line: Page, values: str, low: str, high: str) -> None:
    line.evaluate(f"line.show({values}, 20)")
    centre = middle(line.locator(".filterviz-time-plot"))
    for part, side in (("low", low), ("high", high)):
        words = middle(line.locator(f".filterviz-time-{part}"))
        assert ("left" if words < centre else "right") == side, part


def test_the_last_curve_stays_pale_until_the_next_has_values(line: Page) -> None:
    line.evaluate("line.show([1, 2], 1); line.show([], 50)")
    assert len(points(line)) == 2
    plot = line.locator(".filterviz-time-plot")
    expect(plot).to_have_class(re.compile("filterviz-stale"))
    line.evaluate("line.show([1], 50)")
    assert len(points(line)) == 1
    expect(plot).not_to_have_class(re.compile("filterviz-stale"))


def test_what_was_measured_on_the_moved_image_is_dashed_and_said_to_be(line: Page) -> None:
    curve, plot = line.locator(".filterviz-line"), line.get_by_role("img")
    line.evaluate("line.show([1, 2], 2)")
    expect(curve).to_have_css("stroke-dasharray", "none")
    line.evaluate("line.show([1, 2], 2, true)")
    expect(curve).not_to_have_css("stroke-dasharray", "none")
    expect(plot).to_have_accessible_name("Activation of the moved image over 1 iterations, from 1 to 2")
    assert "as it is" in (plot.locator("title").text_content() or "")
    assert "as it is" in (thumb(line).get_attribute("title") or ""), "the slider lies over the plot"
    line.evaluate("line.show([1, 2, 3], 2)")
    expect(curve).to_have_css("stroke-dasharray", "none")
    assert "as it is" not in (thumb(line).get_attribute("title") or "")


STATES = (
    "line.show([], 20)",
    "line.show([0], 20)",
    "line.show([null, 0.001234], 10000, true)",
    "line.show(upTo(20), 20)",
    "line.film(film(...upTo(20)))",
    "document.querySelector('.filterviz-time-play').click()",
    "line.show([], 20)",
)


@pytest.mark.parametrize("width", [576, 260, 180])
def test_nothing_moves_and_nothing_is_cut_off_whatever_it_shows(line: Page, width: int) -> None:
    line.evaluate("width => void (one.style.width = `${width + 24}px`)", width)
    boxes = """() => ["filterviz-time", "filterviz-time-plot", "filterviz-time-range", "filterviz-time-play"]
      .map((name) => one.getElementsByClassName(name)[0].getBoundingClientRect().toJSON())"""
    before = line.evaluate(boxes)
    for state in STATES:
        line.evaluate(state)
        assert line.evaluate(boxes) == before, state
        outside = line.evaluate(
            """() => [...line.element.querySelectorAll("*")].filter((part) => !part.closest("svg"))
              .filter((part) => part.getBoundingClientRect().right > line.element.getBoundingClientRect().right + 0.5)
              .map((part) => part.className)"""
        )
        assert outside == [], state
    assert before[0]["width"] == width
    assert before[1]["height"] == 72
    assert all(box["width"] >= 24 and box["height"] >= 24 for box in before)  # WCAG 2.2: targets


def test_who_has_the_keyboard_there_is_seen_and_touch_scrolls_the_page(done: Page) -> None:
    plot = done.locator(".filterviz-time-plot")
    expect(plot).to_have_css("outline-style", "none")
    done.keyboard.press("Tab")
    expect(play(done)).to_be_focused()
    done.keyboard.press("Tab")
    expect(thumb(done)).to_be_focused()
    expect(plot).to_have_css("outline-style", "solid")
    expect(thumb(done)).to_have_css("touch-action", "pan-y")


@pytest.mark.parametrize("colours", ["none", "active"])
def test_the_curve_and_the_cursor_are_seen_in_any_colours(done: Page, colours: Any) -> None:
    done.emulate_media(forced_colors=colours)
    ground = "getComputedStyle(line.element.querySelector('.filterviz-time-plot')).backgroundColor"
    for part, colour in (("line", "stroke"), ("dot", "stroke"), ("time-cursor", "backgroundColor")):
        drawn = f"getComputedStyle(line.element.querySelector('.filterviz-{part}')).{colour}"
        assert done.evaluate(f"{drawn} !== {ground}"), part
