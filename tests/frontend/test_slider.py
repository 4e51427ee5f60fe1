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


def place(page: Page, share: float) -> tuple[float, float]:
    """A point of the groove, from 0 at its left end to 1 at its right."""
    box = page.get_by_role("slider").bounding_box()
    assert box
    return box["x"] + 8 + share * (box["width"] - 16), box["y"] + box["height"] / 2


def hold(page: Page, share: float) -> None:
    page.mouse.move(*place(page, share))
    page.mouse.down()


def test_the_number_follows_the_thumb_at_once(row: Page) -> None:
    thumb = row.get_by_role("slider", name="Filter")
    hold(row, 0)
    for share in (0.3, 0.6, 0.9):
        row.mouse.move(*place(row, share))
        value = thumb.input_value()
        assert int(value) == pytest.approx(share * 95, abs=1)
        assert row.get_by_role("spinbutton").input_value() == value
        assert row.evaluate("changed.at(-1)") == int(value)
        assert thumb.get_attribute("aria-valuetext") == f"filter {value}"
    assert row.evaluate("releases") == 0
    row.mouse.up()
    assert row.evaluate("releases") == 1


def test_a_thumb_under_a_hand_stays_and_shows_what_is_in_force_when_the_hand_goes(row: Page) -> None:
    thumb, number = row.get_by_role("slider"), row.get_by_role("spinbutton")
    hold(row, 0.5)
    held = thumb.input_value()
    assert int(held) == pytest.approx(0.5 * 95, abs=1)
    row.evaluate("row.show(3)")
    expect(thumb).to_have_value(held)
    expect(number).to_have_value(held)
    row.mouse.up()
    expect(thumb).to_have_value("3")
    expect(number).to_have_value("3")
    expect(thumb).to_have_attribute("aria-valuetext", "filter 3")


def test_what_a_hand_sets_after_that_is_told_also_where_it_is_what_it_was_before(row: Page) -> None:
    hold(row, 0.5)
    row.mouse.move(*place(row, 0.6))
    moved = row.evaluate("changed.at(-1)")
    row.evaluate("row.show(3)")
    row.mouse.move(*place(row, 0.7))
    row.mouse.move(*place(row, 0.6))
    assert row.evaluate("changed.at(-1)") == moved
    row.mouse.up()
    expect(row.get_by_role("slider")).to_have_value(str(moved))


def test_a_range_that_grows_moves_the_thumb_only_when_the_hand_has_gone(row: Page) -> None:
    thumb = row.get_by_role("slider")
    hold(row, 1)
    expect(thumb).to_have_value("95")
    row.evaluate("row.range(fv.linear(0, 200), [0, 200], true)")
    expect(thumb).to_have_attribute("max", "95")
    row.mouse.up()
    expect(thumb).to_have_attribute("max", "200")
    expect(thumb).to_have_value("95")


def test_only_the_primary_button_holds(row: Page) -> None:
    row.mouse.move(*place(row, 0.5))
    row.mouse.down(button="right")
    row.evaluate("row.show(3)")
    expect(row.get_by_role("slider")).to_have_value("3")
    row.mouse.up(button="right")
    assert row.evaluate("releases") == 0


def test_a_hand_that_leaves_the_thumb_elsewhere_has_left_it(row: Page) -> None:
    hold(row, 0.5)
    row.mouse.move(5, 500)
    row.mouse.up()
    row.evaluate("row.show(3)")
    expect(row.get_by_role("slider")).to_have_value("3")
    assert row.evaluate("releases") == 1


def test_the_keys_move_by_one_ten_or_to_an_end(row: Page) -> None:
    thumb = row.get_by_role("slider")
    for key in ("ArrowRight", "ArrowUp", "ArrowLeft", "End", "ArrowDown", "Home", "PageUp"):
        thumb.press(key)
        expect(row.get_by_role("spinbutton")).to_have_value(thumb.input_value())
    told = row.evaluate("changed")
    assert told[:-1] == [1, 2, 1, 95, 94, 0]
    assert told[-1] == pytest.approx(10, abs=1)  # a tenth of the range, as the browser takes it
    expect(thumb).to_have_attribute("aria-valuetext", f"filter {told[-1]}")


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
