"""Images of every kind that people have, read as the model takes them; and words for what is no image."""

import numpy as np
import pytest
from PIL import Image

from filterviz_widget.images import Format, PhotoSet, read_photo

FORMAT = Format(20, 30, 3, (-1.0, 1.0))


def colours(height=40, width=60):
    """Left red, right blue, the upper half bright."""
    pixels = np.zeros((height, width, 3), np.uint8)
    pixels[:, : width // 2, 0] = pixels[:, width // 2 :, 2] = 200
    pixels[: height // 2] += 50
    return pixels


def test_a_file_is_spread_over_the_input_range(tmp_path):
    path = tmp_path / "colours.png"
    Image.fromarray(colours()).save(path)
    for given in (path, str(path), Image.open(path), colours()):
        photo = read_photo(given, FORMAT)
        assert photo.pixels.shape == photo.shown.shape == (20, 30, 3)
        assert photo.pixels.dtype == np.float32
        np.testing.assert_allclose(photo.pixels[2, 2], 2 * np.array([250, 50, 50]) / 255 - 1, atol=1e-6)
        assert photo.shown[2, 2].tolist() == [250, 50, 50]
        assert photo.note == ""


def test_floating_point_numbers_are_in_the_models_units_already():
    values = np.random.default_rng(0).uniform(-1, 1, (20, 30, 3)).astype(np.float32)
    photo = read_photo(values, FORMAT)
    np.testing.assert_array_equal(photo.pixels, values)
    np.testing.assert_allclose(photo.shown / 255 * 2 - 1, values, atol=1 / 255)


def test_a_range_that_is_not_the_models_is_said():
    format = FORMAT._replace(input_range=(0.0, 255.0))
    values = np.random.default_rng(0).uniform(0, 1, (20, 30, 3))
    assert "go from" in read_photo(values, format).note
    assert "only; the model takes 0 to 255" in read_photo(values, format).note
    assert "the model takes -1 to 1" in read_photo(values * 255, FORMAT).note
    assert read_photo(values * 255, format).note == ""


def test_the_middle_is_cut_out_in_the_models_proportions():
    tall = np.zeros((90, 30, 3), np.uint8)
    tall[35:55] = 255
    photo = read_photo(tall, FORMAT)
    assert photo.shown.min() == 255  # nothing of what is above and below
    np.testing.assert_array_equal(read_photo(Image.fromarray(tall), FORMAT).shown, photo.shown)


def test_a_photograph_is_turned_upright(tmp_path):
    path = tmp_path / "turned.jpg"
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned clockwise
    Image.fromarray(np.rot90(colours())).save(path, exif=exif, quality=95)
    upright = read_photo(path, FORMAT).shown.astype(int)
    assert np.abs(upright - read_photo(colours(), FORMAT).shown).mean() < 6


@pytest.mark.parametrize("mode", ["L", "P", "RGBA", "LA", "1", "I;16", "CMYK", "F", "I"])
def test_every_mode_becomes_colour_or_grey(mode, tmp_path):
    grey = np.linspace(0, 255, 600).reshape(20, 30).astype(np.uint8)
    if mode == "I;16":
        image = Image.fromarray(grey.astype(np.uint16) * 257)
    elif mode == "1":
        image = Image.fromarray(grey > 127)
    else:
        image = Image.fromarray(grey).convert(mode)
    for channels in (1, 3):
        photo = read_photo(image, FORMAT._replace(channels=channels))
        assert photo.pixels.shape == (20, 30, channels)
        expected = np.where(grey > 127, 255, 0) if mode == "1" else grey
        assert np.abs(photo.shown.mean(2) - expected).max() < 8


def test_what_is_transparent_lies_on_white():
    pixels = np.zeros((20, 30, 4), np.uint8)
    assert read_photo(Image.fromarray(pixels), FORMAT).shown.min() == 255
    assert read_photo(pixels, FORMAT).shown.min() == 255


@pytest.mark.parametrize("dtype", [np.uint16, np.bool_, np.int64, np.float64, np.float16])
def test_arrays_of_every_dtype(dtype):
    photo = read_photo(np.ones((20, 30, 3), dtype), FORMAT)
    expected = {np.uint16: -1.0, np.bool_: 1.0}.get(dtype, 1.0)
    np.testing.assert_allclose(photo.pixels, expected)


def test_other_channels_come_as_arrays_only():
    format = FORMAT._replace(channels=5)
    assert read_photo(np.zeros((20, 30, 5)), format).pixels.shape == (20, 30, 5)
    with pytest.raises(ValueError, match="takes 5 channels: give an array"):
        read_photo(Image.fromarray(colours()), format)
    with pytest.raises(ValueError, match="takes 3 channels, got an image of 5"):
        read_photo(np.zeros((20, 30, 5)), FORMAT)


def test_a_huge_photograph_is_read(tmp_path):
    path = tmp_path / "huge.jpg"
    Image.new("RGB", (12_000, 9_000), (200, 100, 50)).save(path)
    photo = read_photo(path, FORMAT)
    assert np.abs(photo.shown.reshape(-1, 3).mean(0) - (200, 100, 50)).max() < 3


def test_what_is_no_image_is_said(tmp_path):
    text = tmp_path / "text.png"
    text.write_text("hello")
    cut = tmp_path / "cut.png"
    Image.fromarray(np.random.default_rng(0).integers(0, 255, (60, 60, 3), np.uint8)).save(cut)
    cut.write_bytes(cut.read_bytes()[:2000])
    for path in (text, cut):
        with pytest.raises(ValueError, match="is no image that can be read"):
            read_photo(path, FORMAT)
    with pytest.raises(FileNotFoundError):
        read_photo(tmp_path / "none.png", FORMAT)
    with pytest.raises(TypeError, match="path, a PIL image or an array, got 5"):
        read_photo(5, FORMAT)
    for wrong in (np.zeros(5), np.zeros((0, 3, 3)), np.zeros((2, 2, 2, 2))):
        with pytest.raises(ValueError, match="height, width, channels"):
            read_photo(wrong, FORMAT)
    with pytest.raises(ValueError, match="NaN"):
        read_photo(np.full((20, 30, 3), np.nan), FORMAT)


# Sets


def numbered(count):
    """Images that are told apart by their grey."""
    return np.repeat(np.arange(count, dtype=np.uint8), 20 * 30 * 3).reshape(count, 20, 30, 3)


def greys(photos, size=4):
    """The greys of all images of a set, and the sizes of its batches."""
    format, found, sizes = photos.format, [], []
    for batch in photos.batches(size):
        low, high = format.input_range
        found += np.rint((batch.pixels.mean((1, 2, 3)) - low) / (high - low) * 255).astype(int).tolist()
        sizes.append(len(batch.numbers))
        assert batch.numbers.tolist() == list(range(len(found) - sizes[-1], len(found)))
    return found, sizes


def test_every_kind_of_set_gives_the_same_images(tmp_path):
    import keras
    import tensorflow as tf

    images = numbered(10)
    for number, image in enumerate(images):
        (tmp_path / "sub").mkdir(exist_ok=True)
        Image.fromarray(image).save(tmp_path / "sub" / f"{number}.png")

    class Own(keras.utils.PyDataset):
        def __len__(self):
            return 4

        def __getitem__(self, place):
            return images[3 * place : 3 * place + 3], np.zeros(3)

    paths = sorted((tmp_path / "sub").iterdir())
    dataset = tf.data.Dataset.from_tensor_slices(images)
    for given in (
        images,
        list(images),
        [Image.fromarray(image) for image in images],
        paths,
        tuple(map(str, paths)),
        tmp_path,
        dataset,
        dataset.batch(3),
        tf.data.Dataset.from_tensor_slices((images, np.zeros(10))).batch(4),
        Own(),
    ):
        photos = PhotoSet(given, FORMAT)
        assert greys(photos) == (list(range(10)), [4, 4, 2]), given
        assert greys(photos, 10) == (list(range(10)), [10])
        assert photos.photo(7).shown.max() == 7
        assert not photos.skipped


def test_what_cannot_be_read_is_named_and_skipped(tmp_path):
    for number, image in enumerate(numbered(5)):
        Image.fromarray(image).save(tmp_path / f"{number}.png")
    (tmp_path / "2.png").write_bytes(b"broken")
    (tmp_path / "notes.txt").write_text("no image")
    photos = PhotoSet(tmp_path, FORMAT)
    batches = list(photos.batches(3))
    assert [batch.numbers.tolist() for batch in batches] == [[0, 1, 3], [4]]
    assert {number: name for number, (name, _) in photos.skipped.items()} == {2: "2.png"}
    assert "no image that can be read" in photos.skipped[2][1]


def test_bad_sets_are_named(tmp_path):
    with pytest.raises(ValueError, match="There are no images"):
        PhotoSet(tmp_path, FORMAT)
    with pytest.raises(FileNotFoundError, match="There is no folder"):
        PhotoSet(tmp_path / "none", FORMAT)
    with pytest.raises(TypeError, match=r"a folder, a sequence .* got 5"):
        PhotoSet(5, FORMAT)
    with pytest.raises(ValueError, match="count, height, width, channels"):
        PhotoSet(np.zeros((5, 5)), FORMAT)


def test_datasets_of_dictionaries_are_read_and_others_named():
    import tensorflow as tf

    images = numbered(4)
    for given in (
        {"image": images, "label": np.zeros(4)},
        ({"image": images}, np.zeros(4)),
        ((images, images), images),
    ):
        assert greys(PhotoSet(tf.data.Dataset.from_tensor_slices(given).batch(3), FORMAT))[0] == [0, 1, 2, 3]
    named = tf.data.Dataset.from_tensor_slices({"photo": images})
    with pytest.raises(ValueError, match="dictionaries with 'photo'"):
        list(PhotoSet(named, FORMAT).batches(2))
    with pytest.raises(ValueError, match="without an end"):
        PhotoSet(named.repeat(), FORMAT)


def test_a_shuffled_dataset_is_noticed_when_an_image_is_read_again():
    import tensorflow as tf

    photos = PhotoSet(tf.data.Dataset.from_tensor_slices(numbered(40)).shuffle(40, seed=1), FORMAT)
    list(photos.batches(8))
    with pytest.raises(ValueError, match="another order each time"):
        [photos.photo(number) for number in range(40)]


def test_hidden_files_are_left_out(tmp_path):
    for name in ("1.png", ".2.png", ".ipynb_checkpoints/3.png", "sub/4.JPG"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        Image.fromarray(colours()).save(tmp_path / name, "PNG")
    photos = PhotoSet(tmp_path, FORMAT)
    assert [photos.name(number) for number in range(photos.count)] == ["1.png", "4.JPG"]


def test_one_image_is_not_taken_for_a_set():
    with pytest.raises(ValueError, match=r"One image, of shape \(40, 60, 3\), was given as a set"):
        PhotoSet(colours(), FORMAT)


def test_sixteen_bits_are_the_same_from_every_source(tmp_path):
    values = np.full((20, 30), 200 * 257, np.uint16)
    values[0] = 40
    Image.fromarray(values).save(tmp_path / "deep.png")
    Image.fromarray(np.full((20, 30), 0.5, np.float32)).save(tmp_path / "float.tif")
    for given in (values, Image.fromarray(values), tmp_path / "deep.png"):
        assert read_photo(given, FORMAT).shown[:, 0, 0].tolist() == [0] + [200] * 19
    assert read_photo(tmp_path / "float.tif", FORMAT).shown.max() == 128


def test_notes_about_a_set_are_counted():
    photos = PhotoSet(numbered(3).astype(np.float32) + 100, FORMAT)
    list(photos.batches(2))
    assert photos.notes == {"Values are not spread over what the model takes, -1 to 1.": 3}
