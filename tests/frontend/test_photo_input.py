"""How a photo is brought in. `#target` is where files can be dropped; it stands in a host that listens, too."""

import base64
import io
from collections.abc import Sequence

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Locator, Page, expect


def encoded(image: Image.Image, kind: str = "PNG", **more: object) -> bytes:
    target = io.BytesIO()
    image.save(target, kind, **more)
    return target.getvalue()


def noise(height: int, width: int) -> Image.Image:
    return Image.fromarray(np.random.default_rng(1).integers(0, 256, (height, width, 3), np.uint8))


SMALL = encoded(noise(5, 7))


@pytest.fixture
def photo(blank: Page) -> Page:
    blank.evaluate(
        """() => {
          Object.assign(window, { given: [], host: [], end: new AbortController() });
          window.target = document.createElement("div");
          window.fileOf = ([name, type, data]) =>
            new File([Uint8Array.from(atob(data), (each) => each.charCodeAt(0))], name, { type });
          for (const kind of ["dragenter", "dragover", "drop", "paste"])
            document.body.addEventListener(kind, (event) => host.push([kind, event.defaultPrevented]));
          Object.assign(target, { id: "target", className: "filterviz" });
          one.append(target);
          window.photo = fv.photoInput(target, (name, data) => given.push([name, data]), end.signal);
          const lower = document.createElement("div");
          lower.append(photo.element);
          target.append(lower);
        }"""
    )
    return blank


def words(page: Page) -> Locator:
    return page.locator(".filterviz-photo-words")


def choose(page: Page, file: tuple[str, str, bytes]) -> None:
    name, kind, data = file
    with page.expect_file_chooser() as chooser:
        page.get_by_role("button", name="Open…").click()
    chooser.value.set_files({"name": name, "mimeType": kind, "buffer": data})


def given(page: Page) -> list[tuple[str, bytes]]:
    """What was handed on."""
    handed = page.evaluate(
        """() => given.map(([name, data]) => {
          let text = "";
          for (const byte of new Uint8Array(data)) text += String.fromCharCode(byte);
          return [name, btoa(text)];
        })"""
    )
    return [(name, base64.b64decode(data)) for name, data in handed]


def one_given(page: Page) -> tuple[str, bytes]:
    page.wait_for_function("given.length")
    (first,) = given(page)
    return first


def in_page(file: tuple[str, str, bytes]) -> list[str]:
    name, kind, data = file
    return [name, kind, base64.b64encode(data).decode()]


def drag(
    page: Page, *kinds: str, files: Sequence[tuple[str, str, bytes]] = (), url: str = "", at: str = "target"
) -> None:
    """Events of a mouse that carries files, or a link of another page."""
    contents = [in_page(file) for file in files]
    page.evaluate(
        """([kinds, files, url, at]) => {
          const dataTransfer = new DataTransfer();
          for (const each of files) dataTransfer.items.add(fileOf(each));
          if (url) dataTransfer.setData("text/uri-list", url);
          const how = { bubbles: true, cancelable: true, composed: true, dataTransfer };
          for (const kind of kinds) eval(at).dispatchEvent(new DragEvent(kind, how));
        }""",
        [list(kinds), contents, url, at],
    )


def paste(page: Page, file: tuple[str, str, bytes], text: str = "") -> None:
    page.evaluate(
        """([file, text]) => {
          const clipboardData = new DataTransfer();
          clipboardData.items.add(fileOf(file));
          if (text) clipboardData.setData("text/plain", text);
          const how = { bubbles: true, cancelable: true, composed: true, clipboardData };
          document.activeElement.dispatchEvent(new ClipboardEvent("paste", how));
        }""",
        [in_page(file), text],
    )


PNG = ("small.png", "image/png", SMALL)


def test_a_small_file_is_handed_on_as_it_is(photo: Page) -> None:
    choose(photo, PNG)
    assert one_given(photo) == ("small.png", SMALL)
    expect(words(photo)).to_be_empty()


def test_the_same_file_can_be_chosen_again(photo: Page) -> None:
    for count in (1, 2):
        choose(photo, PNG)
        photo.wait_for_function("count => given.length === count", arg=count)


def test_of_several_files_the_first_counts(photo: Page) -> None:
    photo.evaluate("photo.say('tulip.png')")
    drag(photo, "drop", files=[PNG, ("other.png", "image/png", encoded(noise(3, 3)))])
    assert one_given(photo) == ("small.png", SMALL)
    photo.evaluate("photo.say('small.png · 7 × 5')")
    expect(words(photo)).to_have_text("small.png · 7 × 5 · The first of 2 files")
    photo.evaluate("given.length = 0")
    choose(photo, PNG)
    one_given(photo)
    expect(words(photo)).to_have_text("small.png · 7 × 5")


@pytest.mark.parametrize(
    "file",
    [
        ("notes.txt", "text/plain", b"no picture"),
        ("broken.png", "image/png", SMALL[:40]),
        ("empty.jpg", "image/jpeg", b""),
    ],
)
def test_what_is_no_image_is_answered_in_words(photo: Page, file: tuple[str, str, bytes]) -> None:
    choose(photo, file)
    expect(words(photo)).to_have_text(f"{file[0]} is not an image that can be read.")
    expect(words(photo)).to_have_attribute("aria-live", "polite")
    assert given(photo) == []
    choose(photo, PNG)
    one_given(photo)
    expect(words(photo)).to_be_empty()


@pytest.mark.parametrize(
    ("height", "width", "smaller"), [(1000, 2000, (1600, 800)), (2000, 1000, (800, 1600)), (1250, 1400, (1400, 1250))]
)
def test_a_large_file_is_made_smaller(photo: Page, height: int, width: int, smaller: tuple[int, int]) -> None:
    data = encoded(noise(height, width), compress_level=0)
    assert len(data) > 4e6
    choose(photo, ("large.png", "image/png", data))
    name, handed = one_given(photo)
    image = Image.open(io.BytesIO(handed))
    assert (name, image.format, image.size) == ("large.png", "JPEG", smaller)
    assert len(handed) < len(data) / 2


def test_a_large_photo_of_a_camera_that_was_held_upright_is_upright(photo: Page) -> None:
    """Its pixels lie on their side, and a mark in the file says so (EXIF orientation 6)."""
    lying = noise(1200, 2400)
    lying.paste((255, 0, 0), (0, 0, 600, 1200))  # the left of the pixels is the top of the picture
    exif = Image.Exif()
    exif[0x0112] = 6
    data = encoded(lying, "JPEG", quality=100, subsampling=0, exif=exif)
    assert len(data) > 4e6
    choose(photo, ("upright.jpg", "image/jpeg", data))
    image = Image.open(io.BytesIO(one_given(photo)[1]))
    assert image.size == (800, 1600)
    assert 0x0112 not in image.getexif()
    red, green, _ = (int(value) for value in np.asarray(image)[10, 400])
    assert red > 230
    assert green < 25


def test_what_is_transparent_in_a_large_file_becomes_white(photo: Page) -> None:
    image = noise(1200, 1200)
    image.putalpha(0)
    choose(photo, ("clear.png", "image/png", encoded(image, compress_level=0)))
    _, handed = one_given(photo)
    assert np.asarray(Image.open(io.BytesIO(handed))).min() > 250


def test_of_files_that_come_one_after_the_other_the_last_counts(photo: Page) -> None:
    photo.evaluate(
        """() => {
          const decode = createImageBitmap;
          let first = true;
          window.createImageBitmap = async (file) => {
            if (first) await new Promise((done) => (window.release = done), first = false);
            return decode(file);
          };
        }"""
    )
    choose(photo, ("slow.png", "image/png", SMALL))
    expect(words(photo)).to_have_text("Reading the photo …")
    choose(photo, PNG)
    assert one_given(photo)[0] == "small.png"
    photo.evaluate("release()")
    photo.wait_for_timeout(100)
    assert len(given(photo)) == 1


def test_a_file_can_be_dropped(photo: Page) -> None:
    drag(photo, "dragenter", "dragover", files=[PNG])
    expect(photo.get_by_text("Drop the photo")).to_be_visible()
    expect(photo.locator(".filterviz-drop")).to_have_css("border-style", "dashed")
    drag(photo, "drop", files=[PNG])
    expect(photo.get_by_text("Drop the photo")).to_have_count(0)
    assert one_given(photo) == ("small.png", SMALL)
    assert photo.evaluate("host") == []  # it would put the file into its own folder


def test_the_ring_goes_with_the_mouse_and_not_between_two_parts(photo: Page) -> None:
    ring = photo.get_by_text("Drop the photo")
    drag(photo, "dragenter", files=[PNG])
    drag(photo, "dragenter", files=[PNG], at="target.firstElementChild")
    drag(photo, "dragleave", files=[PNG])
    expect(ring).to_be_visible()
    drag(photo, "dragleave", files=[PNG], at="target.firstElementChild")
    expect(ring).to_have_count(0)


def test_what_is_dragged_elsewhere_or_is_no_file_is_the_hosts(photo: Page) -> None:
    drag(photo, "dragover", "drop", files=[PNG], at="document.body")
    drag(photo, "dragover", "drop")
    assert photo.evaluate("host") == [["dragover", False], ["drop", False]] * 2
    assert given(photo) == []


def test_a_link_from_another_page_is_answered_in_words(photo: Page) -> None:
    drag(photo, "dragenter", "dragover", url="https://example.org/cat.jpg")
    expect(photo.get_by_text("Drop the photo")).to_have_count(0)
    drag(photo, "drop", url="https://example.org/cat.jpg")
    expect(words(photo)).to_have_text("Only files can be dropped here.")
    assert photo.evaluate("host") == []  # and no browser goes there


def test_a_picture_is_pasted_where_the_widget_has_the_focus(photo: Page) -> None:
    paste(photo, ("image.png", "image/png", SMALL))
    photo.get_by_role("button", name="Open…").focus()
    paste(photo, ("notes.txt", "text/plain", b"no picture"))
    assert photo.evaluate("host") == [["paste", False]] * 2
    paste(photo, ("image.png", "image/png", SMALL))
    assert one_given(photo) == ("Pasted picture", SMALL)
    assert photo.evaluate("host.length") == 2


@pytest.mark.changes_the_page
def test_a_picture_of_the_clipboard_is_pasted_by_the_keys(photo: Page, bundle: str) -> None:
    photo.context.grant_permissions(["clipboard-read", "clipboard-write"])
    photo.route("https://page.test/", lambda route: route.fulfill(body="<!doctype html>", content_type="text/html"))
    photo.goto("https://page.test/")
    photo.add_script_tag(content=bundle)
    photo.evaluate(
        """async (data) => {
          window.given = [];
          const target = document.createElement("div");
          document.body.append(target);
          const take = (name, data) => given.push([name, data]);
          target.append(fv.photoInput(target, take, new AbortController().signal).element);
          const blob = new Blob([Uint8Array.from(atob(data), (each) => each.charCodeAt(0))], { type: "image/png" });
          await navigator.clipboard.write([new ClipboardItem({ "image/png": blob })]);
        }""",
        base64.b64encode(SMALL).decode(),
    )
    photo.get_by_role("button", name="Open…").focus()
    photo.keyboard.press("Control+v")
    name, handed = one_given(photo)
    assert name == "Pasted picture"
    assert np.array_equal(np.asarray(Image.open(io.BytesIO(handed)).convert("RGB")), np.asarray(noise(5, 7)))


def test_text_that_is_pasted_into_a_number_goes_there(photo: Page) -> None:
    """A cell of a spreadsheet comes as text and as a picture."""
    photo.evaluate("target.append(document.createElement('input'))")
    photo.locator("#target > input").focus()
    paste(photo, PNG, "42")
    assert photo.evaluate("host") == [["paste", False]]
    assert given(photo) == []


CAMERA = """refusal => {
  const canvas = Object.assign(document.createElement("canvas"), { width: 64, height: 48 });
  const context = canvas.getContext("2d");
  const draw = () => {
    context.fillStyle = `rgb(250, ${Math.floor(Math.random() * 8)}, 0)`; // a stream has frames where something changes
    context.fillRect(0, 0, 64, 48);
  };
  window.streams = [];
  window.asked = [];
  window.frame = draw;
  const getUserMedia = async (wanted) => {
    asked.push(wanted);
    if (refusal) throw new DOMException("", refusal);
    if (window.gate) await gate;
    const stream = canvas.captureStream();
    streams.push(stream);
    draw();
    return stream;
  };
  Object.defineProperty(navigator, "mediaDevices", { configurable: true, value: { getUserMedia } });
}"""
LIVE = "streams.flatMap((stream) => stream.getTracks()).map((track) => track.readyState)"


def open_camera(page: Page, refusal: str = "") -> None:
    page.evaluate(CAMERA, refusal)
    page.get_by_role("button", name="Camera").click()


def wait_for_frame(page: Page) -> None:
    page.wait_for_function("() => (frame(), document.querySelector('video').videoWidth === 64)")


def test_a_photo_is_taken_and_the_camera_goes_off(photo: Page) -> None:
    open_camera(photo)
    wait_for_frame(photo)
    expect(photo.get_by_role("button", name="Camera")).to_have_attribute("aria-expanded", "true")
    assert photo.evaluate(LIVE) == ["live"]
    assert photo.evaluate("asked[0].audio") is False
    photo.get_by_role("button", name="Take").click()
    name, handed = one_given(photo)
    image = Image.open(io.BytesIO(handed))
    assert (name, image.format, image.size) == ("Photo from the camera", "JPEG", (64, 48))
    red, green, blue = (int(value) for value in np.asarray(image)[24, 32])
    assert red > 230
    assert max(green, blue) < 25
    assert photo.evaluate(LIVE) == ["ended"]
    expect(photo.locator("video")).to_be_hidden()
    expect(photo.get_by_role("button", name="Camera")).to_be_focused()
    expect(photo.get_by_role("button", name="Camera")).to_have_attribute("aria-expanded", "false")


@pytest.mark.parametrize(
    "way",
    [
        "document.querySelector('.filterviz-camera button:last-child').click()",
        "document.querySelector('[aria-expanded]').click()",
        "document.querySelector('.filterviz-camera button').dispatchEvent("
        "new KeyboardEvent('keydown', { key: 'Escape', bubbles: true }))",
        "photo.enabled(false)",
        "end.abort()",
        "streams[0].getTracks()[0].dispatchEvent(new Event('ended'))",
    ],
)
def test_whatever_closes_the_camera_switches_it_off(photo: Page, way: str) -> None:
    open_camera(photo)
    wait_for_frame(photo)
    photo.evaluate(way)
    assert photo.evaluate(LIVE) == ["ended"]
    assert photo.evaluate("document.querySelector('video').srcObject") is None
    expect(photo.locator("video")).to_be_hidden()
    assert given(photo) == []


@pytest.mark.parametrize(
    "way", ["end.abort()", "photo.enabled(false)", "document.querySelector('[aria-expanded]').click()"]
)
def test_a_camera_that_comes_too_late_goes_off_at_once(photo: Page, way: str) -> None:
    photo.evaluate("() => { window.gate = new Promise((done) => (window.allow = done)) }")
    open_camera(photo)
    photo.evaluate(way)
    photo.evaluate("allow()")
    photo.wait_for_function("streams.length")
    assert photo.evaluate(LIVE) == ["ended"]
    expect(photo.locator("video")).to_be_hidden()


@pytest.mark.parametrize(
    ("refusal", "said"),
    [
        ("NotAllowedError", "The camera was not allowed."),
        ("NotFoundError", "There is no camera."),
        ("NotReadableError", "The camera does not answer: another program may be using it."),
        ("AbortError", "The camera cannot be used."),
    ],
)
def test_a_refusal_is_said_in_words(photo: Page, refusal: str, said: str) -> None:
    open_camera(photo, refusal)
    expect(words(photo)).to_have_text(said)
    expect(photo.locator("video")).to_be_hidden()
    expect(photo.get_by_role("button", name="Camera")).to_have_attribute("aria-expanded", "false")


def test_a_page_without_cameras_says_so(photo: Page) -> None:
    photo.evaluate("Object.defineProperty(navigator, 'mediaDevices', { configurable: true, value: undefined })")
    photo.get_by_role("button", name="Camera").click()
    expect(words(photo)).to_have_text("The browser gives this page no camera.")


def test_without_a_kernel_nothing_is_taken_and_the_page_stays(photo: Page) -> None:
    photo.evaluate("photo.enabled(false)")
    expect(photo.get_by_role("button", name="Open…")).to_be_disabled()
    expect(photo.get_by_role("button", name="Camera")).to_be_disabled()
    drag(photo, "dragenter", "dragover", files=[PNG])
    expect(photo.get_by_text("Drop the photo")).to_have_count(0)
    drag(photo, "drop", files=[PNG])
    photo.wait_for_timeout(100)
    assert given(photo) == []
    assert photo.evaluate("host") == []  # a browser would show the file in place of the page


def test_nothing_is_heard_after_the_end(photo: Page) -> None:
    photo.get_by_role("button", name="Open…").focus()
    drag(photo, "dragenter", files=[PNG])
    photo.evaluate("end.abort()")
    expect(photo.get_by_text("Drop the photo")).to_have_count(0)
    paste(photo, PNG)
    drag(photo, "drop", files=[PNG])
    photo.wait_for_timeout(100)
    assert given(photo) == []
