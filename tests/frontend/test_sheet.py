"""The sheet of a layer's filters: 8 in a row in most tests."""

import re
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

STATE = """
  window.state = (filters, more = {}) => ({ layer: "conv", filters, kind: "map", tile: 72, page: 64, columns: 8,
    kinds: [["map", "Feature maps", ""], ["strongest", "Crops", ""], ["optimum", "Optima", "not now"]],
    activations: [], selectivity: [], words: "", ...more });
"""
SPRITE = """
  // In the picture of a filter every pixel has the number of its place as red, and that of its page as green.
  window.spriteOf = (page, tile = 72) => {
    const canvas = Object.assign(document.createElement("canvas"), { width: 8 * tile, height: 8 * tile });
    const context = canvas.getContext("2d");
    for (let place = 0; place < 64; place += 1) {
      context.fillStyle = `rgb(${place}, ${page}, 200)`;
      context.fillRect((place % 8) * tile, Math.floor(place / 8) * tile, tile, tile);
    }
    return canvas.toDataURL();
  };
"""


@pytest.fixture
def sheet(blank: Page) -> Page:
    blank.evaluate(
        f"""() => {{
          {STATE} {SPRITE}
          Object.assign(window, {{ chosen: [], kinds: [], wants: [] }});
          window.sheet = fv.sheet({{ choose: (filter) => chosen.push(filter), kind: (kind) => kinds.push(kind),
            want: (key, pages) => wants.push([key, pages]) }}, never);
          one.className = "filterviz";
          one.style.width = "690px";
          one.append(sheet.element);
        }}"""
    )
    return blank


def show(page: Page, filters: int = 2048, filter: int = 0, **more: Any) -> None:
    page.evaluate(
        "([filters, filter, more]) => sheet.show(window.latest = state(filters, more), filter)", [filters, filter, more]
    )


def area(page: Page) -> Locator:
    return page.locator(".filterviz-sheet-view")


def tile(page: Page, filter: int) -> Locator:
    return page.get_by_role("gridcell").filter(has_text=re.compile(rf"^{filter}$"))


def selected(page: Page) -> Locator:
    return page.get_by_role("gridcell", selected=True)


def scroll(page: Page, row: float) -> None:
    """Puts a row to the top, and waits until that is drawn."""
    page.evaluate(
        """row => new Promise((done) => {
          const [view, grid] = [document.querySelector(".filterviz-sheet-view"), document.querySelector("[role=grid]")];
          view.addEventListener("scroll", () => done(), { once: true });
          view.scrollTop = row * grid.offsetHeight / grid.ariaRowCount;
        })""",
        row,
    )


def order(page: Page) -> list[int]:
    return page.evaluate(
        "[...document.querySelectorAll('[role=gridcell]:not([hidden])')].map((cell) => Number(cell.textContent))"
    )


def is_in_view(page: Page, filter: int) -> bool:
    """Whether the whole of a tile is seen."""
    return tile(page, filter).evaluate(
        """(tile) => {
          const [view, own] = [tile.closest(".filterviz-sheet-view"), tile].map((each) => each.getBoundingClientRect());
          return own.top >= view.top - 1 && own.bottom <= view.bottom + 1;
        }"""
    )


def colour(page: Page, filter: int, x: float = 0.5, y: float = 0.5) -> list[int]:
    """The pixel of a tile's picture at a share of its sides: red, green, blue and alpha."""
    return tile(page, filter).evaluate(
        """(tile, [x, y]) => {
          const canvas = tile.querySelector("canvas");
          const at = (share) => Math.min(canvas.width - 1, Math.floor(share * canvas.width));
          const pixel = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
          pixel.drawImage(canvas, -at(x), -at(y));
          return [...pixel.getImageData(0, 0, 1, 1).data];
        }""",
        [x, y],
    )


def bring(page: Page, number: int, key: str = "conv|map") -> None:
    page.evaluate("([key, page]) => sheet.sprite(key, page, spriteOf(page))", [key, number])


def test_of_thousands_of_filters_those_in_sight_are_in_the_page(sheet: Page) -> None:
    show(sheet, 2048)
    for row in (0.5, 100, 255, 17):
        scroll(sheet, row)
        assert sheet.evaluate("sheet.element.querySelectorAll('*').length") < 300
    expect(tile(sheet, 17 * 8)).to_be_visible()
    expect(tile(sheet, 0)).to_be_attached()  # the chosen one: there the keyboard enters
    assert order(sheet) == sorted(order(sheet))  # who reads the page hears them in their order


def test_a_grid_says_how_large_it_is_and_where_each_tile_stands(sheet: Page) -> None:
    show(sheet, 2045, 9, activations=[filter / 1000 for filter in range(2044)] + [None])
    grid = sheet.get_by_role("grid", name="Filters of layer conv")
    expect(grid).to_have_attribute("aria-rowcount", "256")
    expect(grid).to_have_attribute("aria-colcount", "8")
    expect(selected(sheet)).to_have_count(1)
    expect(selected(sheet)).to_have_accessible_name("Filter 9, activation 0.009")
    expect(selected(sheet).locator("canvas")).to_have_attribute("title", "Filter 9 · activation 0.009")
    expect(selected(sheet)).to_have_attribute("aria-colindex", "2")
    expect(sheet.get_by_role("row").filter(has=selected(sheet))).to_have_attribute("aria-rowindex", "2")
    assert sheet.evaluate("document.querySelectorAll('[role=gridcell][tabindex=\"0\"]').length") == 1
    scroll(sheet, 255)
    expect(tile(sheet, 2044)).to_have_accessible_name("Filter 2044, activation unknown")
    expect(sheet.get_by_role("row").last.get_by_role("gridcell")).to_have_count(5)


def test_what_is_seen_and_not_there_is_wanted_the_nearest_first(sheet: Page) -> None:
    show(sheet, 2048)
    assert sheet.evaluate("wants") == [["conv|map", [0]]]
    scroll(sheet, 125)  # filters 1000 to 1031 are seen, page 15 ends with 1023
    assert sheet.evaluate("wants.at(-1)") == ["conv|map", [15, 16]]
    scroll(sheet, 122)  # 976 to 1007 are seen, 960 to 1023 nearly: all of page 15
    assert sheet.evaluate("wants.at(-1)") == ["conv|map", [15]]
    told = sheet.evaluate("wants.length")
    scroll(sheet, 122.2)
    assert sheet.evaluate("wants.length") == told  # nothing has changed
    scroll(sheet, 121)  # 952 to 959 are nearly seen, too
    assert sheet.evaluate("wants.at(-1)") == ["conv|map", [15, 14]]
    bring(sheet, 14)
    bring(sheet, 15)
    assert sheet.evaluate("wants.at(-1)") == ["conv|map", []]
    scroll(sheet, 0)
    assert sheet.evaluate("wants.at(-1)") == ["conv|map", [0]]


def test_each_tile_shows_its_part_of_the_sprite_and_nothing_of_its_neighbours(sheet: Page) -> None:
    show(sheet, 2048, tile=64)  # drawn larger than it is
    scroll(sheet, 8)
    sheet.evaluate("sheet.sprite('conv|map', 1, spriteOf(1, 64))")
    sheet.wait_for_timeout(100)
    for filter, place in ((70, 6), (64, 0), (82, 18)):
        for x, y in ((0.5, 0.5), (0, 0), (1, 0), (0, 1), (1, 1)):
            assert colour(sheet, filter, x, y) == [place, 1, 200, 255]
    assert colour(sheet, 0)[3] == 0  # its page has not come


def test_tiles_that_are_used_again_show_their_new_filters(sheet: Page) -> None:
    show(sheet, 2048)
    for page in range(32):
        bring(sheet, page)
    sheet.wait_for_timeout(300)
    for row in (3, 40, 255, 39):
        scroll(sheet, row)
        shown = [filter for filter in order(sheet) if filter >= 8]
        assert [colour(sheet, filter)[:2] for filter in shown[:20]] == [[f % 64, f // 64] for f in shown[:20]]


def test_sprites_of_something_else_are_dropped(sheet: Page) -> None:
    show(sheet, 64)
    for key in ("conv|optimum", "other|map"):
        bring(sheet, 0, key)
    sheet.wait_for_timeout(100)
    assert colour(sheet, 0)[3] == 0
    assert sheet.evaluate("wants.at(-1)") == ["conv|map", [0]]


def test_the_sprites_of_the_last_three_are_kept(sheet: Page) -> None:
    layers = ["a", "b", "c", "d"]
    for layer in layers:
        show(sheet, 64, layer=layer)
        bring(sheet, 0, f"{layer}|map")
    for layer, is_kept in (("d", True), ("b", True), ("c", True), ("a", False), ("d", False)):
        show(sheet, 64, layer=layer)
        assert sheet.evaluate("wants.at(-1)") == [f"{layer}|map", [] if is_kept else [0]]


def test_what_is_forgotten_is_wanted_anew(sheet: Page) -> None:
    show(sheet, 64)
    bring(sheet, 0)
    sheet.wait_for_timeout(100)
    assert colour(sheet, 5) == [5, 0, 200, 255]
    sheet.evaluate("sheet.forget()")
    assert colour(sheet, 5)[3] == 0
    assert sheet.evaluate("wants.at(-1)") == ["conv|map", [0]]


def test_a_sprite_that_comes_again_takes_the_place_of_the_first(sheet: Page) -> None:
    show(sheet, 64)
    bring(sheet, 0)
    sheet.evaluate("sheet.sprite('conv|map', 0, spriteOf(9))")
    sheet.wait_for_timeout(100)
    assert colour(sheet, 5) == [5, 9, 200, 255]


def test_a_sprite_that_is_no_image_is_not_asked_for_again(sheet: Page) -> None:
    show(sheet, 64)
    sheet.evaluate("sheet.sprite('conv|map', 0, 'data:image/png;base64,AAAA')")
    sheet.wait_for_timeout(100)
    scroll(sheet, 2)
    assert sheet.evaluate("wants") == [["conv|map", [0]], ["conv|map", []]]
    assert colour(sheet, 5)[3] == 0


WAY = """
  ArrowRight 1  ArrowDown 9  ArrowLeft 8  ArrowUp 0  ArrowUp 0  ArrowLeft 0  End 7  ArrowRight 8  ArrowLeft 7
  ArrowDown 15  Home 8  PageDown 32  PageUp 8  PageUp 0  Control+End 42  ArrowRight 42  ArrowDown 42  Home 40
  End 42  ArrowUp 34  ArrowRight 35  ArrowDown 42  Control+Home 0  End 7  PageDown 31  ArrowDown 39
  ArrowDown 42  PageUp 18  Enter 18  Space 18
"""


def test_the_arrows_move_the_choice_in_two_dimensions(sheet: Page) -> None:
    show(sheet, 43)  # five rows of 8, and a last one of 3
    selected(sheet).focus()
    way = WAY.split()
    for key, filter in zip(way[::2], way[1::2], strict=True):
        sheet.keyboard.press(key)
        assert sheet.evaluate("chosen.at(-1)") == int(filter), key
        expect(selected(sheet)).to_have_text(filter)
        expect(selected(sheet)).to_be_focused()
        assert is_in_view(sheet, int(filter))
    assert sheet.evaluate("chosen.length") == len(way) // 2


def test_the_keyboard_gets_from_the_first_of_thousands_to_the_last(sheet: Page) -> None:
    show(sheet, 2048)
    sheet.get_by_label("Filter number").focus()
    sheet.keyboard.press("Tab")
    expect(tile(sheet, 0)).to_be_focused()
    sheet.keyboard.press("Control+End")
    expect(tile(sheet, 2047)).to_be_focused()
    sheet.keyboard.press("Tab")
    expect(tile(sheet, 2047)).not_to_be_focused()
    sheet.keyboard.press("Shift+Tab")
    expect(tile(sheet, 2047)).to_be_focused()


@pytest.mark.parametrize(
    "keys", ["Shift+ArrowRight", "Alt+ArrowDown", "Meta+End", "Control+ArrowDown", "Control+s", "7"]
)
def test_other_keys_choose_nothing(sheet: Page, keys: str) -> None:
    show(sheet, 43)
    selected(sheet).focus()
    sheet.keyboard.press(keys)
    assert sheet.evaluate("chosen") == []


def test_the_focus_stays_with_the_choice_when_that_is_scrolled_away(sheet: Page) -> None:
    show(sheet, 2048)
    selected(sheet).focus()
    scroll(sheet, 100)
    expect(tile(sheet, 0)).to_be_focused()
    sheet.keyboard.press("ArrowRight")
    expect(tile(sheet, 1)).to_be_focused()
    assert is_in_view(sheet, 1)


@pytest.mark.parametrize(
    "change",
    [
        "one.style.width = '400px'",
        "sheet.show({ ...latest, activations: Array.from({ length: 2048 }, (_, filter) => filter % 100) }, 20)",
        "sheet.show(state(512, { layer: 'next' }), 20)",
        "sheet.show(latest, 1000)",
    ],
)
def test_the_focus_stays_with_the_choice_whatever_moves_it(sheet: Page, change: str) -> None:
    show(sheet, 2048, 20, activations=list(range(2048)))
    sheet.get_by_label("Sort").select_option("by activation on the photo")
    selected(sheet).focus()
    sheet.evaluate(change)
    sheet.wait_for_timeout(100)
    expect(selected(sheet)).to_be_focused()
    expect(selected(sheet)).to_have_text("1000" if "1000" in change else "20")


def test_a_click_chooses_and_moves_nothing(sheet: Page) -> None:
    show(sheet, 2048)
    scroll(sheet, 10.5)
    before = area(sheet).evaluate("view => view.scrollTop")
    tile(sheet, 82).click(position={"x": 40, "y": 90})  # half of it is seen
    assert sheet.evaluate("chosen") == [82]
    show(sheet, 2048, 82)
    expect(selected(sheet)).to_have_text("82")
    expect(selected(sheet)).to_be_focused()
    assert area(sheet).evaluate("view => view.scrollTop") == before


def test_the_largest_activation_comes_first_and_unknown_ones_last(sheet: Page) -> None:
    show(sheet, 7, 3, activations=[1, None, 3, 3, None, 0.5, -2])
    sheet.get_by_label("Sort").select_option("by activation on the photo")
    assert order(sheet) == [2, 3, 0, 5, 6, 1, 4]
    expect(selected(sheet)).to_have_text("3")
    expect(selected(sheet)).to_have_attribute("aria-colindex", "2")
    selected(sheet).focus()
    sheet.keyboard.press("ArrowRight")
    assert sheet.evaluate("chosen") == [0]
    sheet.get_by_label("Sort").select_option("by number")
    assert order(sheet) == list(range(7))


def test_an_order_is_shown_from_its_beginning_and_that_by_number_at_the_choice(sheet: Page) -> None:
    show(sheet, 2048, 1000, activations=[filter % 7 + filter / 1e4 for filter in range(2048)])
    assert is_in_view(sheet, 1000)
    sheet.get_by_label("Sort").select_option("by activation on the photo")
    assert area(sheet).evaluate("view => view.scrollTop") == 0
    assert order(sheet)[0] == 2043  # the last with a remainder of 6
    sheet.get_by_label("Sort").select_option("by number")
    assert is_in_view(sheet, 1000)


def test_orders_without_numbers_rest_with_the_reason_and_come_back(sheet: Page) -> None:
    sort = sheet.get_by_label("Sort")
    reasons = "select => [...select.options].map((option) => option.disabled ? option.title : '')"
    show(sheet, 4, selectivity=[0.1, 0.4, 0.2, 0.3])
    assert sort.evaluate(reasons) == ["", "There is no photo, so no activation on it", ""]
    sort.select_option("by selectivity")
    assert order(sheet) == [1, 3, 2, 0]
    show(sheet, 4)
    expect(sort).to_have_value("number")
    assert order(sheet) == [0, 1, 2, 3]
    assert sort.evaluate(reasons)[2] == "The selectivity of this layer's filters is not known"
    show(sheet, 4, selectivity=[0.1, 0.2, 0.3, 0.4])
    expect(sort).to_have_value("selectivity")
    assert order(sheet) == [3, 2, 1, 0]


def test_an_order_does_not_change_under_a_hand(sheet: Page) -> None:
    show(sheet, 4, activations=[4, 3, 2, 1])
    sheet.get_by_label("Sort").select_option("by activation on the photo")
    tile(sheet, 1).hover()
    sheet.mouse.down()
    show(sheet, 4, activations=[1, 2, 3, 4])
    assert order(sheet) == [0, 1, 2, 3]
    sheet.mouse.up()
    assert sheet.evaluate("chosen") == [1]
    sheet.clock.run_for(10)
    assert order(sheet) == [3, 2, 1, 0]


def test_a_number_that_is_typed_is_gone_to(sheet: Page) -> None:
    show(sheet, 2048)
    box = sheet.get_by_label("Filter number")
    box.fill("1500")
    assert sheet.evaluate("chosen") == []
    box.press("Enter")
    assert sheet.evaluate("chosen") == [1500]
    assert is_in_view(sheet, 1500)
    expect(selected(sheet)).to_have_text("1500")
    expect(box).to_be_focused()  # for the next number


@pytest.mark.parametrize("typed", ["512", "-1", "2.5", "1e9"])
def test_a_number_that_the_layer_does_not_have_is_answered_in_words(sheet: Page, typed: str) -> None:
    show(sheet, 512)
    box = sheet.get_by_label("Filter number")
    box.fill(typed)
    box.press("Enter")
    expect(box).to_have_accessible_description("0 to 511")
    expect(box).to_have_attribute("aria-invalid", "true")
    expect(sheet.get_by_text("0 to 511")).to_be_visible()
    assert sheet.evaluate("chosen") == []
    box.fill("511")
    expect(box).to_have_attribute("aria-invalid", "false")
    box.press("Enter")
    assert sheet.evaluate("chosen") == [511]


def test_words_beside_the_number_move_nothing(sheet: Page) -> None:
    show(sheet, 512)
    box = sheet.get_by_label("Filter number")
    before = [box.bounding_box(), area(sheet).bounding_box()]
    box.fill("999")
    box.press("Enter")
    assert [box.bounding_box(), area(sheet).bounding_box()] == before


def test_kinds_are_chosen_by_name_and_those_that_cannot_be_say_why(sheet: Page) -> None:
    show(sheet, 64)
    kinds = sheet.get_by_label("Show")
    assert kinds.evaluate(
        "select => [...select.options].map(({ text, disabled, title }) => [text, disabled, title])"
    ) == [
        ["Feature maps", False, ""],
        ["Crops", False, ""],
        ["Optima", True, "not now"],
    ]
    kinds.select_option("Crops")
    assert sheet.evaluate("kinds") == ["strongest"]
    show(sheet, 64, kind="strongest")
    assert sheet.evaluate("wants.at(-1)") == ["conv|strongest", [0]]


def test_nothing_is_wanted_of_a_kind_that_cannot_be(sheet: Page) -> None:
    show(sheet, 64, kind="optimum")
    assert sheet.evaluate("wants") == [["conv|optimum", []]]


def test_another_layer_is_shown_where_its_choice_is(sheet: Page) -> None:
    show(sheet, 2048)
    scroll(sheet, 200)
    show(sheet, 1024, 0, layer="next")
    assert area(sheet).evaluate("view => view.scrollTop") == 0
    show(sheet, 2048, 900, layer="last")
    assert is_in_view(sheet, 900)


def test_a_choice_from_elsewhere_scrolls_only_where_it_is_out_of_view(sheet: Page) -> None:
    show(sheet, 2048)
    scroll(sheet, 50)
    top = area(sheet).evaluate("view => view.scrollTop")
    for filter in (0, 401, 410, 420):  # the first is what was chosen before
        show(sheet, 2048, filter)
        assert area(sheet).evaluate("view => view.scrollTop") == top
    show(sheet, 2048, 440)
    assert is_in_view(sheet, 440)
    assert area(sheet).evaluate("view => view.scrollTop") > top


def test_scrolling_touches_little(sheet: Page) -> None:
    """50 steps through 2,048 filters: in each 5 rows of 8 tiles come, for which some hundred changes are enough."""
    show(sheet, 2048)
    for page in range(32):
        bring(sheet, page)
    sheet.wait_for_timeout(300)
    sheet.evaluate(
        """() => {
          window.touched = 0;
          window.observer = new MutationObserver((records) => (touched += records.length));
          observer.observe(sheet.element, { subtree: true, childList: true, attributes: true, characterData: true });
        }"""
    )
    for step in range(1, 51):
        scroll(sheet, step * 5)
    touched = sheet.evaluate("touched + observer.takeRecords().length")
    assert 50 * 5 * 8 < touched < 50 * 5 * 8 * 6
    before = touched
    show(sheet, 2048)  # the same again
    assert sheet.evaluate("touched + observer.takeRecords().length") - before < 20


def test_without_a_kernel_nothing_is_chosen_and_another_one_is_asked_again(sheet: Page) -> None:
    show(sheet, 2048)
    sheet.evaluate("sheet.enabled(false)")
    tile(sheet, 3).click(force=True)
    selected(sheet).focus()
    sheet.keyboard.press("ArrowRight")
    assert sheet.evaluate("chosen") == []
    expect(sheet.get_by_label("Show")).to_be_disabled()
    expect(sheet.get_by_label("Filter number")).to_be_disabled()
    expect(sheet.get_by_role("grid")).to_have_attribute("aria-disabled", "true")
    scroll(sheet, 100)
    scroll(sheet, 0)
    assert sheet.evaluate("wants.length") == 1
    sheet.evaluate("sheet.enabled(true)")
    assert sheet.evaluate("wants") == [["conv|map", [0]]] * 2


@pytest.mark.parametrize(("width", "side"), [(443, 56), (444, 72)])  # 24 of it are the widget's padding
def test_tiles_are_smaller_where_there_is_little_room(sheet: Page, width: int, side: int) -> None:
    sheet.evaluate("width => one.style.width = `${width}px`", width)
    show(sheet, 64)
    box = tile(sheet, 0).locator("canvas").bounding_box()
    assert box
    assert (box["width"], box["height"]) == (side, side)


def test_what_was_at_the_top_stays_there_when_the_room_changes(sheet: Page) -> None:
    show(sheet, 2048)
    scroll(sheet, 100)
    sheet.evaluate("one.style.width = '400px'")
    sheet.wait_for_function("document.querySelector('[role=grid]').ariaColCount < 8")
    assert is_in_view(sheet, 800)


def test_a_sheet_that_leaves_the_page_and_comes_back_is_where_it_was(sheet: Page) -> None:
    show(sheet, 2048)
    scroll(sheet, 100)
    sheet.evaluate("sheet.element.remove()")
    sheet.wait_for_timeout(100)
    sheet.evaluate("one.append(sheet.element)")
    sheet.wait_for_timeout(100)
    assert is_in_view(sheet, 800)


def test_what_is_chosen_while_a_sheet_is_out_of_the_page_is_in_sight_when_it_comes_back(sheet: Page) -> None:
    show(sheet, 2048)
    for layer, filter in (("conv", 1200), ("next", 3)):
        scroll(sheet, 100)
        sheet.evaluate("sheet.element.remove()")
        sheet.wait_for_timeout(100)
        told = sheet.evaluate("wants.length")
        show(sheet, 2048, filter, layer=layer)
        assert sheet.evaluate("wants.length") == told  # nothing is seen
        sheet.evaluate("one.append(sheet.element)")
        sheet.wait_for_timeout(100)
        assert is_in_view(sheet, filter)
        assert filter // 64 in sheet.evaluate("wants.at(-1)[1]")


def test_a_sheet_shown_before_it_has_its_place_draws_when_it_gets_it(blank: Page) -> None:
    blank.evaluate(
        f"""() => {{
          {STATE}
          window.wants = [];
          window.sheet = fv.sheet({{ choose() {{}}, kind() {{}}, want: (key, pages) => wants.push(pages) }}, never);
          sheet.show(state(512), 300);
          one.className = "filterviz";
          one.append(sheet.element);
        }}"""
    )
    expect(selected(blank)).to_have_text("300")
    assert is_in_view(blank, 300)
    assert 4 in blank.evaluate("wants.at(-1)")  # 300 is on the page from 256 on


def test_the_area_is_no_higher_than_it_must_be_and_does_not_shrink_again(sheet: Page) -> None:
    heights = []
    for filters in (8, 2048, 8):
        show(sheet, filters, layer=f"of {filters}")
        heights.append(area(sheet).evaluate("view => view.offsetHeight"))
    assert heights[0] < 130
    assert heights[1:] == [300, 300]


def test_a_layer_without_filters_is_an_empty_grid(sheet: Page) -> None:
    show(sheet, 64)
    show(sheet, 0, layer="none")
    assert order(sheet) == []
    expect(sheet.get_by_role("grid")).to_have_attribute("aria-rowcount", "0")
    assert sheet.evaluate("wants.at(-1)") == ["none|map", []]
