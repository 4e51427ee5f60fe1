"""The slider of a volume's slices: what of the strip is seen, by hand, by keyboard and played."""

import pytest
from playwright.sync_api import Page, expect

STRIP = """() => {
  const canvas = Object.assign(document.createElement("canvas"), { width: 12, height: 4 * 8 });
  const context = canvas.getContext("2d");
  ["#f00", "#0f0", "#00f", "#fff"].forEach((colour, at) => {
    context.fillStyle = colour;
    context.fillRect(0, 8 * at, 12, 8);
  });
  return canvas.toDataURL();
}"""


@pytest.fixture
def volume(explorer: Page) -> Page:
    source = explorer.evaluate(STRIP)
    explorer.evaluate(
        """source => model.kernel({
          data: { kind: "volume", slices: 4, words: "4 slices, or frames, of 8 x 12 pixels in 1 channel." },
          image_size: [8, 12], image: source, shown: fv.shown(), status: "done",
          field_panel: { layer: "conv1", rows: Array.from({ length: 4 * 8 }, (_, at) => [at, at + 2]),
            columns: Array.from({ length: 12 }, (_, at) => [at, at + 3]), image: [32, 12],
            centres: [32, 12].map((length) => Array.from({ length }, (_, at) => at + 0.5)) },
        })""",
        source,
    )
    explorer.clock.run_for(100)
    return explorer


def seen(page: Page) -> float:
    """Which slice fills the frame, from where its image lies."""
    return page.locator(".filterviz-picture .filterviz-frame").evaluate(
        """frame => {
          const [outer, inner] = [frame.getBoundingClientRect(), frame.querySelector("img").getBoundingClientRect()];
          return Math.round(100 * (outer.top - inner.top) / outer.height) / 100;
        }"""
    )


def test_an_image_has_no_slider_of_slices(explorer: Page) -> None:
    expect(explorer.get_by_role("slider", name="Slice")).to_have_count(0)


def test_the_slice_in_the_middle_is_seen_first_and_the_frame_has_its_proportions(volume: Page) -> None:
    slider = volume.get_by_role("slider", name="Slice")
    expect(slider).to_have_value("2")
    expect(slider).to_have_attribute("aria-valuetext", "slice 2 of 4")
    assert seen(volume) == 2
    box = volume.locator(".filterviz-picture .filterviz-frame").bounding_box()
    assert box is not None
    assert box["width"] / box["height"] == pytest.approx(12 / 8, abs=0.02)
    expect(volume.locator(".filterviz-picture .filterviz-frame")).to_have_css("overflow", "hidden")


def test_keys_and_numbers_choose_a_slice(volume: Page) -> None:
    volume.get_by_role("slider", name="Slice").press("ArrowLeft")
    assert seen(volume) == 1
    box = (
        volume.get_by_role("group", name="Slices")
        .get_by_role("spinbutton")
        .or_(volume.get_by_role("group", name="Slices").locator("input:not([type=range])"))
    )
    box.first.fill("3")
    box.first.press("Enter")
    assert seen(volume) == 3


def test_slices_are_played_over_and_over_until_they_are_paused(volume: Page) -> None:
    group = volume.get_by_role("group", name="Slices")
    group.get_by_role("button", name="Play").click()
    places = []
    for _ in range(5):
        volume.clock.run_for(200)
        places.append(seen(volume))
    assert places == [3, 0, 1, 2, 3]
    group.get_by_role("button", name="Pause").click()
    volume.clock.run_for(1000)
    assert seen(volume) == 3


def test_a_position_is_marked_on_the_slice_that_is_seen(volume: Page) -> None:
    frame = volume.locator(".filterviz-picture .filterviz-frame")
    box = frame.bounding_box()
    assert box is not None
    volume.mouse.move(box["x"] + box["width"] * 4.5 / 12, box["y"] + box["height"] * 5.5 / 8)
    mark = frame.locator(".filterviz-mark-box")
    expect(mark).to_be_visible()
    top, height = mark.evaluate("each => [each.style.top, each.style.height].map(Number.parseFloat)")
    assert (top, height) == (pytest.approx(100 * 5 / 8, abs=0.1), pytest.approx(100 * 2 / 8, abs=0.1))


def test_one_image_again_takes_the_slider_away(volume: Page) -> None:
    volume.evaluate("model.kernel({ data: { kind: 'image', slices: 1, words: '' } })")
    expect(volume.get_by_role("slider", name="Slice")).to_have_count(0)


def test_a_signal_has_what_the_middle_sees_shaded(explorer: Page) -> None:
    explorer.evaluate(
        """source => model.kernel({
          data: { kind: "signal", slices: 1, words: "A signal of 60 steps in 1 channel." }, image_size: [240, 480],
          image: source, shown: fv.shown(), status: "done",
          field_panel: { layer: "conv1", rows: [[0, 240]], columns: [[0, 80], [200, 280], [400, 480]],
            image: [240, 480], centres: [[120], [40, 240, 440]] },
        })""",
        explorer.evaluate(STRIP),
    )
    explorer.clock.run_for(100)
    mark = explorer.locator(".filterviz-picture .filterviz-frame .filterviz-mark-box")
    expect(mark).to_be_visible()
    left, width = mark.evaluate("each => [each.style.left, each.style.width].map(Number.parseFloat)")
    assert (left, width) == (pytest.approx(100 * 200 / 480, abs=0.1), pytest.approx(100 * 80 / 480, abs=0.1))
    expect(explorer.get_by_text("A signal of 60 steps in 1 channel.")).to_be_visible()


def test_a_high_picture_keeps_to_the_page(explorer: Page) -> None:
    explorer.evaluate("model.kernel({ image_size: [400, 64] })")
    box = explorer.locator(".filterviz-picture .filterviz-frame").bounding_box()
    assert box is not None
    assert box["height"] <= 673
    assert box["width"] / box["height"] == pytest.approx(64 / 400, abs=0.01)
