import re

import pytest
from playwright.sync_api import Page, expect


@pytest.fixture
def curve(blank: Page) -> Page:
    blank.evaluate("window.curve = fv.curve('Activation'); one.append(curve.element)")
    return blank


def points(page: Page) -> list[tuple[str, float, float]]:
    path = page.locator(".filterviz-line").get_attribute("d") or ""
    return [(pen, float(x), float(y)) for pen, x, y in re.findall(r"([ML])([\d.]+) ([\d.]+)", path)]


def test_the_curve_grows_towards_the_last_iteration(curve: Page) -> None:
    curve.evaluate("curve.show([0, 1, 2], 4)")
    assert [pen for pen, _, _ in points(curve)] == ["M", "L", "L"]
    (_, x0, y0), (_, x1, y1), (_, x2, y2) = points(curve)
    assert x1 - x0 == pytest.approx(x2 - x1)
    assert x2 == pytest.approx(150)  # half way of 300
    assert y0 - y1 == pytest.approx(y1 - y2)  # the page's y goes down
    assert (y0, y2) == (94, 6)


def test_the_ends_of_the_axes_and_the_last_value_are_in_words(curve: Page) -> None:
    curve.evaluate("curve.show([0.4151, -1, 12.345], 1000)")
    for words in ("-1", "12.3", "0", "1,000 iterations"):
        expect(curve.get_by_text(words, exact=True).first).to_be_visible()
    expect(curve.get_by_role("img")).to_have_accessible_name("Activation over 2 iterations, from 0.415 to 12.3")


@pytest.mark.parametrize(
    ("values", "low", "high"),
    [
        ([1.23412, 1.23411], "1.23411", "1.23412"),
        ([1000.2, 1000.1], "1000.1", "1000.2"),
        ([0.5, 0.4], "0.4", "0.5"),
        ([3, 3], "", ""),
        ([None], "", ""),
    ],
)
def test_the_ends_have_as_many_digits_as_tell_them_apart(curve: Page, values: list[float], low: str, high: str) -> None:
    curve.evaluate("values => curve.show(values, 1)", values)
    assert curve.locator(".filterviz-curve-low").inner_text() == low
    assert curve.locator(".filterviz-curve-high").inner_text() == high


def test_what_is_not_a_number_leaves_a_gap(curve: Page) -> None:
    curve.evaluate("curve.show([1, null, 3, 2], 3)")
    assert [pen for pen, _, _ in points(curve)] == ["M", "M", "L"]
    curve.evaluate("curve.show([null], 3)")
    assert points(curve) == []
    expect(curve.get_by_role("img")).to_have_accessible_name("Activation: no number among the values")


def test_equal_values_are_a_line_half_way_up(curve: Page) -> None:
    curve.evaluate("curve.show([5, 5], 1)")
    assert [y for _, _, y in points(curve)] == [50, 50]


def test_the_last_curve_stays_pale_until_the_next_has_values(curve: Page) -> None:
    curve.evaluate("curve.show([1, 2], 1); curve.show([], 50)")
    assert len(points(curve)) == 2
    expect(curve.locator(".filterviz-curve")).to_have_class(re.compile("filterviz-stale"))
    curve.evaluate("curve.show([1], 50)")
    assert len(points(curve)) == 1
    expect(curve.locator(".filterviz-curve")).not_to_have_class(re.compile("filterviz-stale"))


def test_what_was_measured_on_the_moved_image_is_dashed_and_said_to_be(curve: Page) -> None:
    line, plot = curve.locator(".filterviz-line"), curve.get_by_role("img")
    curve.evaluate("curve.show([1, 2], 2)")
    expect(line).to_have_css("stroke-dasharray", "none")
    curve.evaluate("curve.show([1, 2], 2, true)")
    expect(line).not_to_have_css("stroke-dasharray", "none")
    expect(plot).to_have_accessible_name("Activation of the moved image over 1 iterations, from 1 to 2")
    assert "as it is" in (plot.locator("title").text_content() or "")
    curve.evaluate("curve.show([1, 2, 3], 2)")
    expect(line).to_have_css("stroke-dasharray", "none")
