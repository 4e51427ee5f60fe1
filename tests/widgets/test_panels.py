"""What stands beside the picture, on a real model with real workers: each panel's content against other code."""

import base64
import io
import json
import threading
import time

import keras
import numpy as np
import pytest
import tensorflow as tf
import traitlets
from PIL import Image

from filterviz_widget import (
    FilterExplorer,
    ablate,
    feature_maps,
    filter_kernel,
    neighbours,
    strongest_images,
    visualize_facets,
)
from filterviz_widget.demo import flower_model
from filterviz_widget.widgets.panel_names import PANELS
from filterviz_widget.widgets.panels import COST
from filterviz_widget.widgets.telling_widget import LOCK
from tests.networks import SIZE, small_network


def pixels(url):
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(url.partition(",")[2]))).convert("RGB"))


def settled(explorer, timeout=120):
    explorer.wait(timeout)
    assert explorer._wishes.wait(timeout)


@pytest.fixture(scope="module")
def model():
    return small_network()


@pytest.fixture(scope="module")
def images():
    return np.random.default_rng(1).uniform(0, 1, (12, SIZE, SIZE, 3)).astype(np.float32)


@pytest.fixture(scope="module")
def photo():
    """Smooth, as photographs are: a small image that is sent with losses looks like it."""
    small = np.uint8(np.random.default_rng(2).uniform(0, 255, (4, 4, 3)))
    large = Image.fromarray(small).resize((SIZE, SIZE), Image.Resampling.BICUBIC)
    return np.asarray(large, np.float32) / 255


@pytest.fixture(scope="module")
def whole(model, images, photo):
    """An explorer with everything shown, and nothing changed."""
    labels = np.arange(12) % 3
    names = ["one", "two", "three"]
    explorer = FilterExplorer(
        model, layer="second", filter=3, images=images, labels=labels, class_names=names, photo=photo, panels=PANELS
    )
    settled(explorer)
    yield explorer
    explorer.close()


@pytest.fixture
def explorer(model, images, photo):
    explorer = FilterExplorer(model, layer="second", images=images, photo=photo)
    yield explorer
    explorer.close()


# What each panel shows


def test_every_panel_is_computed_in_some_order():
    assert set(COST) == set(PANELS)


def test_everything_that_is_shown_is_json_and_about_the_filter(whole):
    json.dumps(whole.get_state(), allow_nan=False)
    assert whole.busy == whole.read == []
    for name in PANELS:
        shown = getattr(whole, f"{name}_panel")
        assert shown["layer"] == "second"
        assert "error" not in shown
        assert ("empty" in shown) == (name == "attention")  # a convolution has no heads
        if name not in ("field", "sheet"):
            assert shown["filter"] == 3


@pytest.mark.parametrize(
    ("poisoned", "outputs"), [(slice(None), "with the filter and without it"), (3, "with the filter")]
)
def test_weights_that_are_nan_are_said_in_words_and_the_state_stays_json(images, photo, poisoned, outputs):
    model = keras.models.clone_model(small_network())
    kernel = model.get_layer("second").weights[0]
    values = kernel.numpy()
    values[..., poisoned] = np.nan
    kernel.assign(values)
    explorer = FilterExplorer(model, layer="second", filter=3, images=images, photo=photo, panels=PANELS)
    with pytest.raises(RuntimeError, match="NaN"):
        explorer.wait(60)
    assert explorer._wishes.wait(60)
    said = json.dumps(explorer.get_state(), allow_nan=False)
    words = {name: getattr(explorer, f"{name}_panel")["words"] for name in ("kernel", "map", "strongest", "without")}
    state = explorer.without_panel
    explorer.close()
    assert " nan" not in said
    assert words["kernel"].startswith("Magenta: NaN or infinite. ")
    assert words["map"] == f"On the photo: NaN or infinite at {6 * 6} of {6 * 6} positions"
    assert words["strongest"] == "Of 12 images: its activations are NaN or infinite."
    assert words["without"] == f"The model's outputs {outputs} are NaN or infinite."
    assert state["set_words"] == f"12 images: the model's outputs {outputs} are NaN or infinite"
    assert (state["photo"], state["set"]) == ([], [])


def test_the_map_is_that_of_the_function(whole, model, photo):
    shown = whole.map_panel
    found = feature_maps(model, "second", photo)
    steps = np.frombuffer(base64.b64decode(shown["values"]), "<i2").reshape(shown["shape"])
    expected = found.maps[..., 3]
    np.testing.assert_allclose(steps * shown["limit"] / 32767, expected, atol=shown["limit"] / 30000)
    assert shown["limit"] == pytest.approx(np.abs(expected).max())
    assert shown["layer_limit"] == pytest.approx(np.abs(found.maps).max())
    assert tuple(shown["strongest"]) == np.unravel_index(expected.argmax(), expected.shape)


def test_the_field_says_where_each_row_and_column_looks(whole):
    """By hand: 5 x 5, then pooling by 2, then 3 x 3: ten pixels, two further each."""
    shown = whole.field_panel
    assert shown["rows"] == [[2 * row, 2 * row + 10] for row in range(6)]
    assert shown["columns"] == shown["rows"]
    assert shown["centres"][0] == [2 * row + 5 for row in range(6)]
    assert shown["image"] == [SIZE, SIZE]
    assert shown["words"] == "10 x 10 pixels; the next position lies 2 pixels on."


def test_the_kernel_the_neighbours_and_the_examples_are_those_of_the_functions(whole, model, images):
    kernel = filter_kernel(model, "second", 3)
    np.testing.assert_array_equal(pixels(whole.kernel_panel["source"]), kernel.image)
    assert whole.kernel_panel["limit"] == kernel.limit
    found = neighbours(model, "second", 3)
    for side, expected in (("previous", found.previous), ("next", found.next)):
        shown = [(each["layer"], each["filter"], each["weight"]) for each in whole.neighbours_panel[side]]
        assert shown == [tuple(each) for each in expected]
    ranked = strongest_images(model, "second", images, filters=[3], progress=False)
    shown = whole.strongest_panel["strongest"]
    assert [each["name"] for each in shown] == [f"image {number}" for number in ranked.indices[0]]
    np.testing.assert_allclose([each["value"] for each in shown], ranked.values[0], rtol=1e-4)
    assert pixels(shown[0]["crop"]).shape == (100, 100, 3) or pixels(shown[0]["crop"]).shape == (96, 96, 3)
    assert shown[0]["box"][2:] == [10 / SIZE, 10 / SIZE]


def test_without_the_filter_the_outputs_are_those_of_the_function(whole, model, images, photo):
    alone = ablate(model, "second", 3, photo[None])
    shown = {each["name"]: each for each in whole.without_panel["photo"]}
    for number, name in enumerate(["one", "two", "three"]):
        assert shown[name]["before"] == pytest.approx(float(alone.before[0, number]), abs=1e-5)
        assert shown[name]["after"] == pytest.approx(float(alone.after[0, number]), abs=1e-5)
    by_class = ablate(model, "second", 3, images, np.arange(12) % 3, class_names=["one", "two", "three"]).by_class()
    assert [each["name"] for each in whole.without_panel["set"]] == [name for name, *_ in by_class]
    assert "12 images" in whole.without_panel["set_words"]


def test_what_inhibits_falls_and_what_is_in_the_photo_rises(whole, model, photo):
    inhibits, own = whole.inhibits_panel, whole.photo_panel
    start = whole.picture.activations[0]  # of the same grey, which is not moved here
    assert inhibits["after"] < start < whole.picture.activations[-1]
    maps = keras.Model(model.inputs, model.get_layer("second").output)([photo[None]])
    assert own["before"] == pytest.approx(float(maps[0, ..., 3].numpy().mean()), rel=1e-4)
    assert own["after"] > own["before"]


def test_the_film_leads_to_the_picture(whole):
    frames = whole.film["frames"]
    assert [iteration for iteration, _ in frames] == list(range(1, 20))
    assert whole.film["shown"] == whole.shown
    last = pixels(frames[-1][1]).astype(float)
    assert np.abs(last - pixels(whole.image)).mean() < 20


# What is asked for, and when


def test_only_the_panels_that_are_shown_are_computed(explorer):
    settled(explorer)
    assert explorer.panels == ["kernel", "strongest", "map"]
    assert explorer.inhibits_panel == explorer.neighbours_panel == explorer.sheet_panel == {}
    explorer.panels = ["neighbours"]
    settled(explorer)
    assert explorer.neighbours_panel["filter"] == 0


def test_after_a_storm_every_panel_is_about_the_last_filter(explorer):
    explorer.panels = [name for name in PANELS if name != "sheet"]
    for filter in [*range(8), 2, 6]:
        explorer.filter = filter
        time.sleep(0.01)
    settled(explorer)
    for name in explorer.panels:
        if name != "field":
            assert getattr(explorer, f"{name}_panel")["filter"] == 6
    assert explorer.film["shown"]["filter"] == 6
    assert explorer.busy == []


def test_a_pass_that_is_cancelled_ends_and_the_next_setting_begins_anew(model):
    slow = [np.zeros((SIZE, SIZE, 3), np.uint8)] * 20_000
    explorer = FilterExplorer(model, layer="second", images=slow, panels=["strongest"])
    explorer.wait(60)
    until = time.monotonic() + 30
    while not explorer.read and time.monotonic() < until:
        time.sleep(0.01)
    assert explorer.read[1] == 20_000
    assert explorer.busy == ["strongest"]
    explorer.cancel()
    assert explorer._wishes.wait(5)
    assert explorer.busy == explorer.read == []
    assert explorer.strongest_panel == {}
    explorer.images = slow[:10]
    settled(explorer)
    assert "Of 10 images" in explorer.strongest_panel["words"]
    explorer.close()


def test_the_panels_of_older_weights_are_not_shown_again(model, photo):
    mine = keras.models.clone_model(model)
    mine.set_weights(model.get_weights())
    explorer = FilterExplorer(mine, layer="second", photo=photo, panels=["map"])
    settled(explorer)
    before = explorer.map_panel
    mine.get_layer("first").set_weights([2 * weight for weight in mine.get_layer("first").get_weights()])
    explorer.refresh()
    settled(explorer)
    assert explorer.map_panel["limit"] != before["limit"]
    explorer.close()


def test_without_photo_and_images_the_panels_say_what_to_do(model):
    explorer = FilterExplorer(model, layer="second", panels=PANELS)
    settled(explorer)
    for name in ("map", "photo", "without"):
        assert getattr(explorer, f"{name}_panel")["empty"].startswith("Drop a photo here")
    assert "explorer.images" in explorer.strongest_panel["empty"]
    assert explorer.sheet_panel["kinds"][0][2].startswith("Drop a photo")
    assert explorer.sheet_panel["kinds"][2][2] == ""
    explorer.close()


def test_a_layer_without_a_kernel_says_so_and_the_other_panels_go_on(explorer):
    explorer.panels = ["kernel", "map"]
    explorer.layer = "pool"
    settled(explorer)
    assert "no kernel that can be shown" in explorer.kernel_panel["error"]
    assert explorer.map_panel["layer"] == "pool"


def test_a_model_that_is_no_classifier_says_what_outputs_it_has(photo):
    inputs = keras.Input((SIZE, SIZE, 3))
    model = keras.Model(inputs, keras.layers.Conv2D(4, 3, name="only")(inputs))
    explorer = FilterExplorer(model, photo=photo, panels=["without"])
    settled(explorer)
    assert "no output of one number per class" in explorer.without_panel["error"]
    explorer.close()


def test_of_several_outputs_the_one_that_is_shown_is_named(photo):
    inputs = keras.Input((SIZE, SIZE, 3))
    mean = keras.layers.GlobalAveragePooling2D()(keras.layers.Conv2D(4, 3, name="only")(inputs))
    heads = [keras.layers.Dense(1, name="age")(mean), keras.layers.Dense(3, "softmax", name="kind")(mean)]
    explorer = FilterExplorer(keras.Model(inputs, heads), photo=photo, panels=["without"], input_range=(0, 1))
    settled(explorer)
    assert explorer.without_panel["words"].startswith("Output kind of age, kind. It still says class ")
    assert len(explorer.without_panel["photo"]) == 3
    explorer.close()


# Photo and images


def test_a_photo_is_a_path_a_picture_or_an_array_and_none_takes_it_away(explorer, tmp_path, photo):
    Image.fromarray(np.uint8(photo * 255)).save(tmp_path / "cat.png")
    for given, name in (
        (tmp_path / "cat.png", "cat.png"),
        (str(tmp_path / "cat.png"), "cat.png"),
        (Image.fromarray(np.uint8(photo * 255)), "the photo"),
        (photo, "the photo"),
    ):
        explorer.photo = given
        assert explorer.photo is given
        assert explorer.photo_info["name"] == name
        np.testing.assert_allclose(pixels(explorer.photo_info["source"]), photo * 255, atol=40)
    explorer.photo = None
    settled(explorer)
    assert explorer.photo_info == {}
    assert "empty" in explorer.map_panel


def test_what_is_no_photo_and_no_set_is_refused_and_what_was_there_stays(explorer, photo, images, tmp_path):
    for wrong, error in (("nothing.png", FileNotFoundError), (3, TypeError), (np.zeros((2, 2, 9)), ValueError)):
        with pytest.raises(error):
            explorer.photo = wrong
    assert explorer.photo is photo
    for wrong, error in (("nowhere/", FileNotFoundError), (3, TypeError), ([], ValueError), (photo, ValueError)):
        with pytest.raises(error):
            explorer.images = wrong
    assert explorer.images is images
    with pytest.raises(ValueError, match="labels are the right classes of images"):
        FilterExplorer(small_network(), labels=[1])


def test_labels_and_names_are_checked_when_they_are_given(model, images, explorer):
    for wrong, said in (([0, 1], "one for each of 12 images, got 2"), ("abc", "whole number"), (5, "whole number")):
        with pytest.raises(ValueError, match=said):
            FilterExplorer(model, images=images, labels=wrong)
        with pytest.raises(ValueError, match=said):
            explorer.labels = wrong
    with pytest.raises(ValueError, match="one for each of 3 classes of units, got 1"):
        FilterExplorer(model, class_names=["a"])
    explorer.panels = ["without"]
    explorer.labels = np.arange(12.0) % 3
    settled(explorer)
    assert " right, without it " in explorer.without_panel["set_words"]
    explorer.labels = [99] * 12
    settled(explorer)
    assert explorer.without_panel["set_words"] == "labels must be from 0 to 2, got 99 to 99."


def test_a_dataset_that_is_shuffled_is_found_out(explorer, images):
    explorer.panels = ["strongest"]
    settled(explorer)
    explorer.images = tf.data.Dataset.from_tensor_slices(images).shuffle(12)
    settled(explorer)
    assert "in another order each time" in explorer.strongest_panel["error"]


def test_other_images_are_looked_at_at_once(explorer, images):
    settled(explorer)
    explorer.images = images[:4]
    settled(explorer)
    assert explorer.images_info == {"words": "4 images"}
    assert len(explorer.strongest_panel["strongest"]) == 4
    dataset = tf.data.Dataset.from_tensor_slices(images).batch(5)
    explorer.images = dataset
    settled(explorer)
    assert explorer.images_info == {"words": "a dataset"}
    assert len(explorer.strongest_panel["strongest"]) == 9


def test_the_flower_model_brings_its_flowers():
    explorer = FilterExplorer(flower_model(), layer="conv2", panels=["strongest", "map", "without"])
    settled(explorer)
    assert explorer.images_info == {"words": "170 images"}
    assert len(explorer.strongest_panel["strongest"]) == 9
    assert explorer.map_panel["shape"] == [44, 44]
    assert explorer.without_panel["photo"][0]["name"] == "bluebell"
    explorer.close()


# The page


def send(explorer, content, buffers=()):
    explorer._handle_custom_msg(content, list(buffers))


def test_a_photo_from_the_page_is_read_and_what_is_none_is_said(explorer, photo):
    buffer = io.BytesIO()
    Image.fromarray(np.uint8(photo * 255)).resize((200, 100)).save(buffer, "JPEG")
    send(explorer, {"type": "photo", "name": "dropped.jpg"}, [buffer.getvalue()])
    assert explorer._reader.wait(10)
    assert explorer.photo_info["name"] == "dropped.jpg"
    assert explorer.photo.size == (200, 100)
    send(explorer, {"type": "photo", "name": "notes.txt"}, [b"no image"])
    assert explorer._reader.wait(10)
    assert explorer.error.startswith("notes.txt could not be read")
    assert explorer.photo_info["name"] == "dropped.jpg"
    send(explorer, {"type": "photo", "name": "huge"}, [b"x" * 40_000_001])
    assert explorer._reader.wait(10)
    assert explorer.error.startswith("huge could not be read")
    assert "too large" in explorer.error


@pytest.fixture(scope="module")
def shared_explorer(model):
    explorer = FilterExplorer(model, layer="second")
    settled(explorer)
    yield explorer
    explorer.close()


def test_panels_that_do_not_exist_are_refused(shared_explorer):
    for wrong in (["kernels"], "kernel", 3, [["kernel"]], None):
        with pytest.raises(traitlets.TraitError, match="panels must be names among kernel, field"):
            shared_explorer.panels = wrong
    shared_explorer.set_state({"panels": ["nothing"]})
    assert "panels must be names" in shared_explorer.error
    shared_explorer.set_state({"panels": ["map", "kernel"]})
    assert shared_explorer.panels == ["kernel", "map"]
    shared_explorer.set_state({"sheet_of": "all"})
    assert "sheet_of must be one of 'map'" in shared_explorer.error


# The sheet


def test_the_pages_of_the_sheet_come_when_they_are_looked_at(whole, model, photo, monkeypatch):
    sent, arrived = [], threading.Event()

    def heard(content, buffers=None):
        sent.append(content)
        arrived.set()

    monkeypatch.setattr(whole, "send", heard)
    for kind in ("map", "strongest", "optimum"):
        sent.clear()
        arrived.clear()
        whole.sheet_of = kind
        settled(whole)
        send(whole, {"type": "sheet", "pages": [0, 5]})
        assert arrived.wait(60)
        settled(whole)
        (sprite,) = sent  # the layer has one page
        assert (sprite["type"], sprite["page"], sprite["key"]) == ("sprite", 0, whole.sheet_panel["key"])
        assert pixels(sprite["source"]).shape == (72, 8 * 72, 3)
    assert whole.sheet_panel["filters"] == 8
    expected = feature_maps(model, "second", photo).activations
    np.testing.assert_allclose(whole.sheet_panel["activations"], expected, rtol=1e-5)
    selectivity = [each for each in whole.sheet_panel["selectivity"] if each is not None]
    assert len(selectivity) > 3  # some filters never answer
    assert all(0 <= each <= 1 for each in selectivity)


# Pinned


def test_a_pinned_picture_stays_and_can_be_swapped_back(explorer):
    explorer.wait(60)
    first = explorer.image
    explorer.pin()
    explorer.method, explorer.filter = "robust", 5
    explorer.wait(60)
    second = explorer.image
    assert explorer.pinned["image"] == first != second
    assert explorer.pinned["shown"]["filter"] == 0
    explorer.swap()
    explorer.wait(60)
    assert (explorer.filter, explorer.method, explorer.image) == (0, "classic", first)
    assert (explorer.pinned["image"], explorer.pinned["method"]) == (second, "robust")
    explorer.unpin()
    assert explorer.pinned == {}
    explorer.swap()
    assert explorer.filter == 0


def test_nothing_can_be_pinned_before_there_is_a_picture(model):
    explorer = FilterExplorer(model, layer="second", iterations=10_000)
    with pytest.raises(RuntimeError, match="no finished picture"):
        explorer.pin()
    explorer.close()


# Facets


def test_facets_of_the_present_filter_are_those_of_the_function(explorer, model):
    explorer.filter = 4
    found = explorer.facets(2)
    expected = visualize_facets(model, "second", 4, count=2)
    assert [each.image.tobytes() for each in found] == [each.image.tobytes() for each in expected]
    with pytest.raises(ValueError, match="count must be a whole number from 2 to 64"):
        explorer.facets(1)


# Files


def test_the_way_of_the_picture_is_saved_as_an_animation(explorer, tmp_path):
    explorer.iterations = 6
    for name in ("way.gif", "way.webp"):
        explorer.save(tmp_path / name)
        with Image.open(tmp_path / name) as image:
            assert image.n_frames == 6
    with pytest.raises(ValueError, match=r"ending in \.png, \.gif or \.webp"):
        explorer.save(tmp_path / "way.mp4")


def test_the_whole_view_is_a_figure(whole):
    figure = whole.figure(60)
    assert figure._repr_png_().startswith(b"\x89PNG")
    titles = [area._suptitle.get_text() for part in figure.subfigs for area in (part, *part.subfigs) if area._suptitle]
    assert "second, filter 3" in titles
    assert {"Kernel", "Receptive field", "Strongest images", "Feature map", "Inhibits"} <= {*titles}


def test_the_page_is_handed_the_files_that_it_asks_for(whole, monkeypatch):
    sent, arrived = [], threading.Event()

    def heard(content, buffers=None):
        sent.append((content, buffers))
        arrived.set()

    monkeypatch.setattr(whole, "send", heard)
    for kind, name, start in (("figure", "second-3-view.png", b"\x89PNG"), ("gif", "second-3.gif", b"GIF8")):
        arrived.clear()
        send(whole, {"type": "save", "kind": kind, "view": "one"})
        assert arrived.wait(60)
        content, (data,) = sent[-1]
        assert content == {"type": "file", "name": name, "view": "one"}
        assert data.startswith(start)


def test_a_file_that_is_asked_for_meanwhile_is_made_after_the_others(whole, monkeypatch):
    sent = []
    monkeypatch.setattr(whole, "send", lambda content, buffers=None: sent.append((content["name"], content["view"])))
    with LOCK:  # the first cannot be handed over before the last is asked for
        for kind, view in (("gif", "one"), ("figure", "one"), ("webp", "one"), ("webp", "one"), ("webp", "two")):
            send(whole, {"type": "save", "kind": kind, "view": view})
        for wrong in ({"kind": "exe", "view": "one"}, {"kind": "gif"}, {"kind": "gif", "view": "v" * 65}):
            send(whole, {"type": "save", **wrong})
    assert whole._files.wait(60)
    names = ["second-3.gif", "second-3-view.png", "second-3.webp", "second-3.webp"]
    assert sent == list(zip(names, ["one", "one", "one", "two"], strict=True))


def test_close_ends_everything_that_is_on_its_way(model, images, photo):
    explorer = FilterExplorer(model, layer="second", images=images, photo=photo, panels=PANELS, iterations=5000)
    time.sleep(0.05)
    explorer.close()
    names = [thread.name for thread in threading.enumerate() if thread.name.startswith("filterviz-")]
    assert names == []
    with pytest.raises(RuntimeError, match="closed"):
        explorer.photo = photo
