"""Arrays to what a person sees."""

import base64
import io

import numpy as np
import pytest
from PIL import Image

from filterviz_widget.description.description import Description
from filterviz_widget.description.reading import Reading
from filterviz_widget.picture import FilterPicture, data_url, display, enlarge, jpeg, png


def test_a_picture_is_centred_on_mid_grey_with_a_fixed_contrast():
    image = np.random.default_rng(0).normal(7, 3, (40, 40, 3))
    shown = display(image).astype(float)
    assert shown.mean() == pytest.approx(127.5, abs=1)
    assert shown.std() == pytest.approx(0.2 * 255, rel=0.03)
    assert np.array_equal(display(image), display(image * 1e-6 + 5)), "units do not matter"


def test_channels_keep_their_share():
    image = np.zeros((8, 8, 3))
    image[..., 0] = 1
    shown = display(image)
    assert shown[0, 0, 0] > 127 > shown[0, 0, 1] == shown[0, 0, 2]


def test_a_constant_image_is_mid_grey():
    assert np.array_equal(display(np.full((2, 3, 1), -4.0)), np.full((2, 3, 1), 128))


def test_what_matters_little_fades_to_grey():
    image = np.random.default_rng(0).normal(size=(16, 16, 3))
    saliency = np.ones((16, 16, 1))
    saliency[:8] = 0
    shown = display(image, saliency)
    assert (shown[:8] == 128).all()
    assert np.array_equal(shown[8:], display(image)[8:])


@pytest.mark.parametrize("channels", [1, 3])
def test_pixels_survive_the_png(channels):
    image = np.random.default_rng(0).integers(0, 256, (9, 7, channels), dtype=np.uint8)
    header, _, data = data_url(image).partition(",")
    assert header == "data:image/png;base64"
    assert base64.b64decode(data) == png(image)
    assert np.array_equal(np.asarray(Image.open(io.BytesIO(png(image)))).reshape(image.shape), image)


@pytest.mark.parametrize("channels", [1, 3])
def test_pixels_survive_the_quick_format_too(channels):
    image = np.random.default_rng(0).integers(0, 256, (9, 7, channels), dtype=np.uint8)
    header, _, data = data_url(image, quick=True).partition(",")
    assert header == "data:image/webp;base64"
    shown = np.asarray(Image.open(io.BytesIO(base64.b64decode(data))))
    assert np.array_equal(shown, np.broadcast_to(image, (9, 7, 3)))


def test_the_image_itself_stays_as_it_was():
    image = np.random.default_rng(0).normal(size=(8, 8, 3)).astype(np.float32)
    before = image.copy()
    display(image)
    assert np.array_equal(image, before)


def test_enlarging_gives_the_size_and_keeps_what_has_it():
    image = np.random.default_rng(0).integers(0, 256, (9, 7, 1), dtype=np.uint8)
    assert enlarge(image, (18, 21)).shape == (18, 21, 1)
    assert enlarge(image, (9, 7)) is image


def test_a_picture_saves_plots_and_cannot_be_written_to(tmp_path):
    image = np.zeros((4, 4, 3), np.uint8)
    raw, curve = np.zeros((4, 4, 3), np.float32), np.array([0.5, 1.0], np.float32)
    picture = FilterPicture(image, raw, curve, Description("conv", 2, 1.0, 1, 0, Reading("", (4, 4), (0, 1))), "a note")
    picture.save(tmp_path / "a.png")
    assert (tmp_path / "a.png").read_bytes() == picture._repr_png_()
    with pytest.raises(ValueError, match=r"ending in \.png, got .*a\.jpg"):
        picture.save(tmp_path / "a.jpg")
    with pytest.raises(ValueError, match="read-only"):
        picture.raw[0] = 1
    figure = picture.plot()
    assert figure._repr_png_().startswith(b"\x89PNG"), "a notebook shows it even where pyplot was never imported"
    shown, drawn = figure.axes
    assert shown.images[0].get_array().shape == (4, 4, 3)
    assert drawn.lines[0].get_xydata().tolist() == [[0, 0.5], [1, 1]]
    assert "conv" in figure.get_suptitle()
    assert "a note" in "".join(text.get_text() for text in figure.texts)


def test_noise_of_any_size_can_be_kept_with_losses():
    noise = np.random.default_rng(0).integers(0, 256, (512, 512, 3), dtype=np.uint8)
    with Image.open(io.BytesIO(jpeg(noise))) as image:
        assert image.size == (512, 512)


@pytest.mark.parametrize("channels", [1, 3])
def test_a_picture_with_losses_keeps_the_colours_of_single_pixels(channels):
    noise = np.random.default_rng(0).integers(60, 196, (96, 96, channels), dtype=np.uint8)
    with Image.open(io.BytesIO(jpeg(noise))) as image:
        assert image.format == "JPEG"
        found = np.asarray(image).reshape(noise.shape)
    assert np.corrcoef(found.ravel(), noise.ravel())[0, 1] > 0.95
