import pytest
from playwright.sync_api import Page, expect


@pytest.fixture
def row(blank: Page) -> Page:
    blank.evaluate(
        """() => {
          window.changed = []; window.releases = 0;
          window.row = fv.slider({ name: "Filter", title: "which", changed: (value) => changed.push(value),
            released: () => releases++, describe: (value) => `filter ${value}` }, never);
          row.range(fv.linear(0, 95), [0, 95], true);
          row.show(0);
          row.element.className = "filterviz-row filterviz";
          one.append(row.element);
        }"""
    )
    return blank


def test_the_number_follows_the_thumb_at_once(row: Page) -> None:
    thumb = row.get_by_role("slider", name="Filter")
    box = thumb.bounding_box()
    assert box
    row.mouse.move(box["x"] + 8, box["y"] + box["height"] / 2)
    row.mouse.down()
    for share in (0.3, 0.6, 0.9):
        row.mouse.move(box["x"] + share * box["width"], box["y"] + box["height"] / 2)
        value = thumb.input_value()
        assert row.get_by_role("spinbutton").input_value() == value
        assert row.evaluate("changed.at(-1)") == int(value) > 0
        assert thumb.get_attribute("aria-valuetext") == f"filter {value}"
    assert row.evaluate("releases") == 0
    row.mouse.up()
    assert row.evaluate("releases") == 1


def test_a_thumb_under_a_hand_stays_where_the_hand_is(row: Page) -> None:
    thumb = row.get_by_role("slider")
    box = thumb.bounding_box()
    assert box
    row.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    row.mouse.down()
    held = thumb.input_value()
    row.evaluate("row.show(3)")
    expect(thumb).to_have_value(held)
    row.mouse.up()
    row.evaluate("row.show(3)")
    expect(thumb).to_have_value("3")


def test_arrow_keys_move_by_one(row: Page) -> None:
    row.get_by_role("slider").press("ArrowRight")
    row.get_by_role("slider").press("ArrowRight")
    row.get_by_role("slider").press("ArrowLeft")
    assert row.evaluate("changed") == [1, 2, 1]


def test_the_number_may_go_further_than_the_thumb(row: Page) -> None:
    row.evaluate("row.range(fv.linear(1, 500), [1, 10000], true)")
    row.get_by_role("spinbutton").fill("2000")
    row.get_by_role("spinbutton").press("Enter")
    assert row.evaluate("changed") == [2000]
    expect(row.get_by_role("slider")).to_have_value("500")
    expect(row.get_by_role("spinbutton")).to_have_value("2000")


def test_the_same_value_is_not_told_twice(row: Page) -> None:
    for _ in range(2):
        row.get_by_role("spinbutton").fill("5")
        row.get_by_role("spinbutton").press("Enter")
    assert row.evaluate("changed") == [5]


def test_a_disabled_row_cannot_be_moved(row: Page) -> None:
    row.evaluate("row.enabled(false)")
    expect(row.get_by_role("slider")).to_be_disabled()
    expect(row.get_by_role("spinbutton")).to_be_disabled()
