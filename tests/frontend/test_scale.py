import pytest
from playwright.sync_api import Page


def test_a_linear_scale_is_the_number_itself(blank: Page) -> None:
    assert blank.evaluate("(s => [s.min, s.max, s.step, s.toPosition(7), s.toValue(7)])(fv.linear(0, 95))") == [
        0,
        95,
        1,
        7,
        7,
    ]


def test_a_logarithmic_scale_has_equal_factors_at_equal_distances(blank: Page) -> None:
    middle, quarter, low, high = blank.evaluate(
        "(s => [0.5, -0.25, s.min, s.max].map(p => s.toValue(p)))(fv.logarithmic(0.1, 100))"
    )
    assert middle == pytest.approx(10**0.5, rel=0.02)
    assert quarter == pytest.approx(10**-0.25, rel=0.02)
    assert (low, high) == (0.1, 100)


def test_every_position_of_the_logarithmic_slider_survives_the_round_trip(blank: Page) -> None:
    """What the thumb shows after the kernel's answer is where the hand left it."""
    moved = blank.evaluate(
        """() => {
          const s = fv.logarithmic(0.1, 100);
          const track = Object.assign(document.createElement("input"),
            { type: "range", min: String(s.min), max: String(s.max), step: String(s.step) });
          const values = new Set();
          const moved = [];
          for (let p = s.min; p <= s.max + 1e-9; p += s.step) {
            track.value = String(p);
            const before = track.value;
            values.add(s.toValue(track.valueAsNumber));
            track.value = String(s.toPosition(s.toValue(track.valueAsNumber)));
            if (track.value !== before) moved.push([before, track.value]);
          }
          return [moved, values.size];
        }"""
    )
    assert moved == [[], 61]


@pytest.mark.parametrize(
    ("value", "words"), [(12, "12"), (0.123456, "0.123"), (177.234, "177"), (123456, "123456"), (-0.5, "-0.5")]
)
def test_a_number_is_read_in_three_significant_digits_but_whole_ones_in_full(
    blank: Page, value: float, words: str
) -> None:
    assert blank.evaluate("fv.readable", value) == words


def test_thousands_stand_apart(blank: Page) -> None:
    assert blank.evaluate("[999, 1000, 10000].map(fv.grouped)") == ["999", "1,000", "10,000"]
