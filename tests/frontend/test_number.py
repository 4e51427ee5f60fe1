import pytest
from playwright.sync_api import Page, expect


@pytest.fixture
def box(blank: Page) -> Page:
    blank.evaluate(
        """() => {
          window.entered = [];
          window.box = fv.numberBox("Filter", "which", (value) => entered.push(value), never);
          box.range([0, 95], true);
          box.show(7);
          one.append(box.input, box.hint, document.createElement("button"));
        }"""
    )
    return blank


def test_enter_enters_the_number(box: Page) -> None:
    field = box.get_by_role("spinbutton", name="Filter")
    field.fill("12")
    assert box.evaluate("entered") == []
    field.press("Enter")
    assert box.evaluate("entered") == [12]


def test_leaving_the_box_enters_the_number(box: Page) -> None:
    box.get_by_role("spinbutton").fill("12")
    box.get_by_role("button").focus()
    assert box.evaluate("entered") == [12]


@pytest.mark.parametrize("typed", ["96", "-1", "1.5", ""])
def test_what_is_not_in_the_range_is_explained_and_not_entered(box: Page, typed: str) -> None:
    field = box.get_by_role("spinbutton")
    field.fill(typed)
    field.press("Enter")
    if typed == "":
        box.get_by_role("button").focus()  # an empty box is only judged when it is left
    expect(box.get_by_text("Expected a whole number from 0 to 95")).to_be_visible()
    expect(field).to_have_accessible_description("Expected a whole number from 0 to 95")
    assert box.evaluate("entered") == []
    box.get_by_role("button").focus()
    expect(field).to_have_value("7")


def test_the_explanation_goes_with_the_next_number(box: Page) -> None:
    field = box.get_by_role("spinbutton")
    field.fill("500")
    field.press("Enter")
    expect(field).to_have_attribute("aria-invalid", "true")
    box.get_by_role("button").focus()
    box.evaluate("box.show(8)")
    expect(box.get_by_text("Expected")).to_be_hidden()
    expect(field).to_have_value("8")


def test_escape_brings_the_number_back(box: Page) -> None:
    field = box.get_by_role("spinbutton")
    field.fill("50")
    field.press("Escape")
    expect(field).to_have_value("7")
    box.get_by_role("button").focus()
    assert box.evaluate("entered") == []


def test_a_number_from_outside_does_not_overwrite_what_is_being_typed(box: Page) -> None:
    field = box.get_by_role("spinbutton")
    field.press_sequentially("3")
    typed = field.input_value()
    box.evaluate("box.show(50)")
    expect(field).to_have_value(typed)
