"""A sheet whose orders its caller gives, with one kind of pictures, and thousands of filters."""

import pytest
from playwright.sync_api import Page, expect

from tests.frontend.test_sheet import SPRITE, STATE, order, scroll, show, tile


@pytest.fixture
def sheet(blank: Page) -> Page:
    blank.evaluate(
        f"""() => {{
          {STATE} {SPRITE}
          Object.assign(window, {{ chosen: [], opened: [], wants: [] }});
          window.sheet = fv.sheet({{ choose: (filter) => chosen.push(filter), open: (filter) => opened.push(filter),
            kind() {{}}, want: (key, pages) => wants.push(pages) }}, never);
          one.className = "filterviz";
          one.style.width = "690px";
          one.append(sheet.element);
        }}"""
    )
    return blank


ORDERS = [
    {"name": "change", "words": "by change", "values": [0.25, 0.5, None, 1], "missing": ""},
    {"name": "likeness", "said": "alike to 7", "words": "by likeness", "values": [], "missing": "not there"},
]


def test_orders_are_those_that_are_given(sheet: Page) -> None:
    show(sheet, 4, orders=ORDERS, kinds=[["map", "Optima", ""]])
    expect(sheet.get_by_label("Show")).to_be_hidden()
    sort = sheet.get_by_label("Sort")
    assert sort.evaluate(
        "select => [...select.options].map(({ value, text, disabled, title }) => [value, text, disabled, title])"
    ) == [
        ["number", "by number", False, ""],
        ["change", "by change", False, ""],
        ["likeness", "by likeness", True, "not there"],
    ]
    sort.select_option("change")
    assert order(sheet) == [3, 1, 0, 2]
    expect(tile(sheet, 1)).to_have_accessible_name("Filter 1, change 0.5")
    show(sheet, 4, orders=[ORDERS[0], {**ORDERS[1], "values": [1, 2, 3, 4]}], kinds=[["map", "Optima", ""]])
    sheet.evaluate("sheet.sort('likeness')")
    expect(sort).to_have_value("likeness")
    assert order(sheet) == [3, 2, 1, 0]
    expect(tile(sheet, 1)).to_have_accessible_name("Filter 1, change 0.5, alike to 7 2")


def test_a_click_and_enter_open_and_arrows_choose_only(sheet: Page) -> None:
    show(sheet, 43)
    tile(sheet, 3).click()
    sheet.keyboard.press("ArrowRight")
    assert sheet.evaluate("[chosen, opened]") == [[3, 4], [3]]
    sheet.keyboard.press("Enter")
    sheet.keyboard.press("Space")
    assert sheet.evaluate("opened") == [3, 4, 4]


def test_of_hundreds_of_sprites_the_last_sixty_four_are_kept_and_those_in_sight(sheet: Page) -> None:
    show(sheet, 64 * 100)
    sheet.evaluate("window.picture = spriteOf(0)")
    for page in range(1, 100):
        sheet.evaluate("page => void sheet.sprite('conv|map', page, picture)", page)
    scroll(sheet, 38 * 8)
    assert sheet.evaluate("wants.at(-1)") == []  # the last are there
    scroll(sheet, 2 * 8)
    assert sheet.evaluate("wants.at(-1)") == [2, 1]  # the first are not, but are wanted again where they are in sight
