import pytest
from playwright.sync_api import Page, expect


@pytest.mark.parametrize(
    ("natural", "available", "ratio", "width"),
    [
        (96, 576, 1, 576),
        (96, 500, 1, 480),
        (64, 500, 2, 480),  # 15 device pixels to each, that is 7.5 of the page's
        (224, 500, 1.5, 448),  # 3 of 1.5
        (299, 560, 1, 299),
        (1000, 560, 1, 560),  # larger than its room: made smaller
    ],
)
def test_every_pixel_is_a_whole_number_of_device_pixels(
    blank: Page, natural: int, available: int, ratio: float, width: float
) -> None:
    assert blank.evaluate("a => fv.crispWidth(...a)", [natural, available, ratio]) == width


@pytest.fixture
def picture(blank: Page) -> Page:
    blank.evaluate(
        """() => {
          const room = Object.assign(document.createElement("div"), { style: "width: 500px" });
          one.className = "filterviz";
          one.append(room);
          window.control = new AbortController();
          window.picture = fv.picture(room, control.signal);
          room.append(picture.element);
          picture.reserve(96, 48);
        }"""
    )
    return blank


def height(page: Page) -> float:
    return page.locator("figure").evaluate("figure => figure.getBoundingClientRect().height")


def test_the_first_image_moves_nothing(picture: Page) -> None:
    before = height(picture)
    picture.evaluate(
        """() => {
          const canvas = Object.assign(document.createElement("canvas"), { width: 96, height: 48 });
          picture.show(canvas.toDataURL(), "caption", "words");
        }"""
    )
    picture.clock.run_for(50)
    image = picture.get_by_role("img", name="words")
    expect(image).to_have_js_property("naturalWidth", 96)
    expect(image).to_have_css("width", "480px")
    assert before > 240
    assert height(picture) == before


def test_of_several_pictures_in_one_frame_of_the_screen_only_the_last_is_painted(picture: Page) -> None:
    picture.evaluate(
        """() => {
          window.painted = [];
          new MutationObserver((records) => painted.push(...records.map((record) => record.target.alt)))
            .observe(picture.element.querySelector("img"), { attributeFilter: ["src"] });
          for (const side of [2, 3, 4]) picture.show(fv.square(side), `of ${side}`, `square ${side}`);
        }"""
    )
    picture.clock.run_for(50)
    expect(picture.get_by_role("img")).to_have_accessible_name("square 4")
    expect(picture.get_by_text("of 4")).to_be_visible()
    assert picture.evaluate("painted") == ["square 4"]


def test_a_removed_picture_paints_no_more(picture: Page) -> None:
    picture.evaluate("picture.show(fv.square(2), 'late', 'late'); control.abort()")
    picture.clock.run_for(50)
    assert picture.locator("img").evaluate("image => [image.src, image.hidden]") == ["", True]
