"""A path as somebody wrote it is that of a file, or is refused in words."""

import sys
from pathlib import Path

import keras
import numpy as np
import pytest
from PIL import Image

from filterviz_widget import Atlas, FilterHistory
from filterviz_widget.images import Format, PhotoSet, read_photo
from filterviz_widget.model import read_model
from filterviz_widget.store.atomic import written_whole
from filterviz_widget.store.paths import expanded, full

FORMAT = Format(8, 8, 3, (0.0, 1.0))


def written(path):
    with written_whole(path) as file:
        file.write(b"x")


DOORS = {
    "a model": read_model,
    "a photo": lambda path: read_photo(path, FORMAT),
    "a set": lambda path: PhotoSet(path, FORMAT).count,
    "a set of paths": lambda path: list(PhotoSet([path], FORMAT).batches(1)),
    "an atlas": Atlas.open,
    "a history": FilterHistory.load,
    "what is written": written,
}


@pytest.fixture
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("USERPROFILE" if sys.platform == "win32" else "HOME", str(tmp_path))
    return tmp_path


def test_the_users_folder_and_what_looks_like_it(home):
    assert expanded("~/a/b") == home / "a" / "b"
    assert full("~") == home.resolve()
    assert expanded("~nobody-of-that-name/a") == Path("~nobody-of-that-name/a")


def test_links_are_followed_as_far_as_they_lead(tmp_path):
    (tmp_path / "there").symlink_to(tmp_path / "a")
    (tmp_path / "a").mkdir()
    assert full(tmp_path / "there" / "b") == full(tmp_path) / "a" / "b"
    (tmp_path / "one").symlink_to(tmp_path / "two")
    (tmp_path / "two").symlink_to(tmp_path / "one")
    assert full(tmp_path / "one").parent == full(tmp_path)


@pytest.mark.parametrize("door", DOORS)
@pytest.mark.parametrize("name", ["a\0b", "~/a\0b"])
def test_no_file_has_such_a_name_whatever_it_would_be(door, name):
    with pytest.raises(ValueError, match="NUL"):
        DOORS[door](name)


@pytest.mark.parametrize(
    "door", sorted(DOORS.keys() - {"a set of paths"})
)  # which passes over what it cannot read, in words
def test_what_is_not_there_is_said_to_be_missing_also_behind_links_and_of_nobody(door, tmp_path, monkeypatch):
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    monkeypatch.chdir(tmp_path)
    for name in ("~nobody-of-that-name/a", tmp_path / "loop", tmp_path / "loop" / "a"):
        with pytest.raises((OSError, ValueError)):
            DOORS[door](name)


def test_what_was_written_under_the_users_folder_is_found_there(home):
    x, y = np.zeros((2, 8, 8, 3), "float32"), np.zeros((2, 2), "float32")
    model = keras.Sequential(
        [keras.Input((8, 8, 3)), keras.layers.Conv2D(2, 3, name="eyes"), keras.layers.Flatten(), keras.layers.Dense(2)]
    )
    model.compile("sgd", "mse")
    history = FilterHistory(input_range=(0, 1), iterations=1)
    model.fit(x, y, verbose=0, callbacks=[history])
    history.save("~/run.h5")
    assert (home / "run.h5").exists()
    found = FilterHistory.load("~/run.h5")
    assert found.epochs == history.epochs
    found.close()
    model.save(home / "model.keras")
    assert read_model("~/model.keras").layers[0].name == "eyes"
    Image.new("RGB", (8, 8)).save(home / "photo.png")
    assert read_photo("~/photo.png", FORMAT).shown.shape == (8, 8, 3)
