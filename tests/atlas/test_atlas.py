"""What an atlas holds is what the same questions give anywhere else; it resumes, and refuses what is not its own."""

import json
import shutil
from pathlib import Path

import keras
import numpy as np
import pytest
from PIL import Image

from filterviz_widget import (
    Atlas,
    filter_kernel,
    neighbours,
    receptive_field,
    strongest_images,
    visualize_facets,
    visualize_filter,
)
from filterviz_widget.atlas import shard
from filterviz_widget.atlas.files import read_json, write_json
from filterviz_widget.atlas.profile import centred, likeness
from tests.atlas.conftest import CLASSES, WAYS, contents, photographs
from tests.networks import network_with_dead_filters, overflowing, small_network

READING = {"input_range": (0, 1)}


def pixels(folder: Path, address: str) -> np.ndarray:
    with Image.open(folder / address) as image:
        return np.asarray(image.convert("RGB"))


def tile(folder: Path, address: str, place: int, layout: dict) -> np.ndarray:
    (height, width), columns = layout["tile"], layout["columns"]
    top, left = place // columns * height, place % columns * width
    return pixels(folder, address)[top : top + height, left : left + width]


def make(model, folder, **more):
    return Atlas.make(model, folder, **{"workers": 0, "wait": True, "progress": False, **WAYS, **more})


def test_it_has_every_filter_of_all_convolutions_and_units(atlas):
    assert (atlas.layers, atlas.filters, atlas.made) == (["first", "second", "units"], 6 + 8 + 3, 17)
    assert repr(atlas).startswith("Atlas of 'small': 17 of 17 filters of 3 layers, in ")
    about = json.loads((atlas.folder / "atlas.json").read_text("utf-8"))
    assert about["format"] == 1
    assert about["class_names"] == list(CLASSES)
    assert {**about["images"], "digest": ""} == {"digest": "", "count": 12, "name": "images"}


@pytest.mark.parametrize(("layer", "filter"), [("first", 0), ("second", 7), ("units", 1)])
def test_the_optimum_is_that_of_every_other_door_to_the_byte(atlas, model, layer, filter):
    ways = {"method": "robust", "iterations": 3, "precision": "float32", **READING}
    expected = visualize_filter(model, layer, filter, **ways)
    assert np.array_equal(atlas.image(layer, filter), expected.image)
    entry = atlas.filter(layer, filter)
    assert entry["activations"] == pytest.approx(expected.activations.tolist(), rel=1e-5)
    against = visualize_filter(model, layer, filter, sign=-1, **ways)
    assert entry["inhibits"]["activation"] == pytest.approx(float(against.activations[-1]), rel=1e-5)
    shard = json.loads((atlas.folder / entry["optimum"]).parent.joinpath("shard.json").read_text("utf-8"))
    folder = Path(entry["optimum"]).parent
    drawn = tile(atlas.folder, f"{folder}/inhibits.jpg", filter, shard["sprites"]["inhibits"])
    assert np.abs(drawn.astype(int) - against.image).mean() < 10, "JPEG with losses, of noise"
    several = visualize_facets(model, layer, filter, count=2, **ways)
    assert entry["facets"] == pytest.approx([float(each.activations[-1]) for each in several], rel=1e-5)
    drawn = tile(atlas.folder, f"{folder}/facets.jpg", 2 * filter + 1, shard["sprites"]["facets"])
    assert np.abs(drawn.astype(int) - several[1].image).mean() < 10


def test_the_code_of_an_entry_makes_its_optimum_again(atlas, model):
    given = {"model": model}
    exec(atlas.filter("second", 4)["code"], given)
    assert np.array_equal(given["picture"].image, atlas.image("second", 4))


def test_kernel_neighbours_and_field_are_those_of_the_model(atlas, model):
    entry = atlas.filter("second", 3)
    kernel = filter_kernel(model, "second", 3, **READING)
    assert (entry["kernel"]["words"], entry["kernel"]["limit"]) == (kernel.words, pytest.approx(kernel.limit, rel=1e-5))
    folder = Path(entry["optimum"]).parent
    layout = json.loads((atlas.folder / folder / "shard.json").read_text("utf-8"))["sprites"]["kernels"]
    drawn = tile(atlas.folder, f"{folder}/kernels.webp", 3, layout)
    expected = kernel.image
    top, left = (drawn.shape[0] - expected.shape[0]) // 2, (drawn.shape[1] - expected.shape[1]) // 2
    assert np.array_equal(drawn[top : top + len(expected), left : left + expected.shape[1]], expected)
    near = neighbours(model, "second", 3, **READING)
    for side, own in (("previous", near.previous), ("next", near.next)):
        assert [(each["layer"], each["filter"]) for each in entry[side]] == [each[:2] for each in own]
        assert [each["weight"] for each in entry[side]] == pytest.approx([each.weight for each in own], rel=1e-5)
    field = receptive_field(model, "second", **READING)
    assert str(field.size[0]) in atlas.layer("second")["field"]["words"]
    assert atlas.layer("second")["field"]["rows"] == field.edges[0].tolist()


def test_the_strongest_images_are_those_that_a_pass_finds(atlas, model):
    found = strongest_images(model, "second", photographs(), progress=False, **READING)
    for filter in range(8):
        entry = atlas.filter("second", filter)
        assert [each["name"] for each in entry["strongest"]] == [f"image {each}" for each in found.indices[filter]]
        assert [each["value"] for each in entry["strongest"]] == pytest.approx(found.values[filter].tolist(), rel=1e-5)
        assert entry["quantiles"] == pytest.approx(found.quantiles[filter].tolist(), rel=1e-5)
    best = atlas.filter("second", 0)["strongest"][0]
    shown = pixels(atlas.folder, best["photo"])
    assert np.abs(shown.astype(int) - photographs()[found.indices[0, 0]]).mean() < 9, "WebP with losses"
    left, top, width, height = best["box"]
    assert min(left, top) >= 0
    assert max(left + width, top + height) <= 1


def test_two_filters_are_alike_where_the_layer_answers_alike(atlas, model):
    """Of few filters a profile is the whole vector of activations on the optimum, computed here by the model itself."""
    ways = {"method": "robust", "iterations": 3, "precision": "float32", **READING}
    inner = keras.Model(model.inputs, model.get_layer("second").output)
    optima = np.stack([visualize_filter(model, "second", filter, **ways).raw for filter in range(8)])
    answers = inner.predict(optima, verbose=0).mean((1, 2))
    expected = np.corrcoef(answers)[2]
    profiles = np.array([atlas.filter("second", filter)["profile"] for filter in range(8)], float)
    lengths = np.linalg.norm(profiles, axis=1)
    assert profiles @ profiles[2] / lengths / lengths[2] == pytest.approx(expected, abs=0.02)


def test_every_json_file_has_its_twin_for_pages_from_a_disk(atlas):
    names = [path.relative_to(atlas.folder) for path in atlas.folder.rglob("*.json")]
    assert len(names) == 2 + 3 * 3
    for name in names:
        script = (atlas.folder / f"{name}.js").read_text("utf-8")
        start = f'filterviz_atlas("{name.as_posix()}",'
        assert script.startswith(start)
        assert script.endswith(");\n")
        own = json.loads((atlas.folder / name).read_text("utf-8"))
        assert json.loads(script[len(start) : -3]) == own


def test_nothing_of_it_says_when_or_where_it_was_made(atlas):
    for name, data in contents(atlas.folder).items():
        assert str(atlas.folder).encode() not in data, name
    assert not (atlas.folder / ".work").exists()
    assert not list(atlas.folder.rglob("*.part"))


def test_a_table_of_it(atlas):
    table = atlas.to_dataframe()
    assert len(table) == 17
    row = table[(table.layer == "second") & (table["filter"] == 3)].iloc[0]
    entry = atlas.filter("second", 3)
    assert row.activation == entry["activations"][-1]
    assert row.strongest == entry["strongest"][0]["name"]
    assert row.previous == f"first/{entry['previous'][0]['filter']}"


def test_what_was_interrupted_goes_on_and_ends_with_the_same_bytes(atlas, model, tmp_path):
    folder = tmp_path / "again"
    shutil.copytree(atlas.folder, folder)
    shutil.rmtree(folder / "layers/01-second/00000")
    (folder / "layers/02-units/00000/shard.json").unlink()
    (folder / "layers/00-first/00000/.1-1.part").write_bytes(b"half")
    kept = folder / "layers/00-first/00000/shard.json"
    before = kept.stat().st_mtime_ns
    make(model, folder, images=photographs(), class_names=CLASSES)
    assert contents(folder) == contents(atlas.folder)
    assert kept.stat().st_mtime_ns == before, "what was finished is not made again"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"iterations": 4}, r"iterations \(3 there, 4 here\)"),
        ({"method": "classic"}, "method"),
        ({"images": None}, "images"),
        ({"images": photographs()[::-1]}, "images"),
        ({"layers": ["units"]}, "layers"),
        ({"preprocess": lambda images: images * 2}, "preprocess"),
        ({"jitter": 1.0}, "options"),
        ({"image_size": 24}, "image_size"),
    ],
)
def test_another_atlas_is_refused_and_nothing_changes(atlas, model, change, said):
    before = contents(atlas.folder)
    with pytest.raises(ValueError, match=f"holds another atlas: .*{said}"):
        make(model, atlas.folder, **{"images": photographs(), "class_names": CLASSES, **change})
    assert contents(atlas.folder) == before


def test_another_models_atlas_is_refused(atlas):
    other = small_network()
    kernel, bias = other.get_layer("units").get_weights()
    other.get_layer("units").set_weights([kernel, bias + 1e-3])
    with pytest.raises(ValueError, match="holds another atlas: weights"):
        make(other, atlas.folder, images=photographs(), class_names=CLASSES)


def test_an_atlas_of_after_compared_with_that_of_before(atlas, model, tmp_path):
    after = small_network()
    kernel, bias = after.get_layer("second").get_weights()
    kernel[..., 5] = kernel[..., 5][::-1, ::-1] * -1  # this one learned something else
    after.get_layer("second").set_weights([kernel, bias])
    ways = {"layers": ["second"], "method": "classic", "iterations": 30}
    other = make(after, tmp_path / "after", **ways)
    alone = make(model, tmp_path / "before", **ways)
    table = alone.compare(other)
    assert list(table.columns) == ["layer", "filter", "likeness", "activation", "other_activation"]
    profiles = [[each.filter("second", filter)["profile"] for filter in range(8)] for each in (alone, other)]
    one, two = (np.array(each, float) for each in profiles)
    expected = (one * two).sum(1) / np.linalg.norm(one, axis=1) / np.linalg.norm(two, axis=1)
    assert table["filter"].tolist() == np.argsort(expected).tolist(), "the least alike first"
    assert table.likeness.to_numpy() == pytest.approx(np.sort(expected))
    assert table.likeness[0] < 0.9
    same = alone.compare(alone.folder)
    assert same.likeness.to_numpy() == pytest.approx(1)
    with pytest.raises(ValueError, match="other layers: first, units"):
        atlas.compare(alone)


def test_filters_that_fail_or_are_dead_are_entries_with_their_reason(tmp_path):
    made = make(overflowing(2), tmp_path / "overflowing", layers=["second"], method="classic")
    assert made.made == 8
    entry = made.filter("second", 2)
    assert "NaN or infinite" in entry["error"]
    assert entry["optimum"] is None
    assert made.layer("second")["failed"] == [2]
    with pytest.raises(ValueError, match=r"has no optimum: .*NaN"):
        made.image("second", 2)
    assert made.filter("second", 1)["error"] == ""
    assert list(made.to_dataframe().error != "") == [False, False, True, *[False] * 5]
    dead = make(network_with_dead_filters("weights"), tmp_path / "dead")
    assert dead.filter("dead", 1)["is_dead"] is True
    assert "dead" in dead.filter("dead", 1)["note"]
    assert np.count_nonzero(dead.filter("dead", 1)["profile"]) == 0


def test_what_does_not_fit_is_said_in_words(atlas, model, tmp_path):
    for more, error, words in [
        ({"layers": ["frist"]}, ValueError, "did you mean 'first'"),
        ({"layers": []}, ValueError, "layers must be names"),
        ({"class_names": ["one"]}, ValueError, "class_names must be 3 names, one for each unit of the last layer"),
        ({"precision": "auto"}, ValueError, "precision must be the same on every machine"),
        ({"class_names": "abc"}, TypeError, "class_names must be a list of names"),
        ({"facets": 9}, ValueError, "facets must be a whole number from 0 to 8"),
        ({"workers": -1}, ValueError, "workers must be a whole number from 0"),
        ({"jittre": 3}, TypeError, "jittre"),
        ({"images": tmp_path / "none"}, FileNotFoundError, "no folder"),
        ({"ray": "local", "workers": None, "facets": 0.5}, ValueError, "facets"),
    ]:
        with pytest.raises(error, match=words):
            make(model, tmp_path / "new", **more)
        assert not (tmp_path / "new" / "atlas.json").exists()
    (tmp_path / "thesis").mkdir()
    (tmp_path / "thesis" / "chapter.tex").write_text("years of work")
    with pytest.raises(ValueError, match="holds something else"):
        make(model, tmp_path / "thesis")
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "index.html").write_text("my page")
    with pytest.raises(ValueError, match="holds something else"):
        make(model, tmp_path / "site")
    assert (tmp_path / "site" / "index.html").read_text() == "my page"
    with pytest.raises(ValueError, match="is a file"):
        make(model, tmp_path / "thesis" / "chapter.tex")
    with pytest.raises(FileNotFoundError, match="There is no atlas in"):
        Atlas.open(tmp_path / "thesis")
    with pytest.raises(ValueError, match="did you mean 'second'"):
        atlas.filter("secnod", 0)
    with pytest.raises(ValueError, match="filter must be a whole number from 0 to 7"):
        atlas.filter("second", 8)


def test_an_atlas_of_another_format_or_a_damaged_one_is_refused(atlas, tmp_path):
    folder = tmp_path / "later"
    shutil.copytree(atlas.folder, folder)
    write_json(folder, "atlas.json", read_json(folder, "atlas.json") | {"format": 2})
    with pytest.raises(ValueError, match="has format 2, made by filterviz-widget"):
        Atlas.open(folder)
    (folder / "atlas.json").write_text('{"format": 1, "lay')
    with pytest.raises(ValueError, match=r"atlas.json' is damaged"):
        Atlas.open(folder)


@pytest.mark.parametrize(
    ("size", "asked", "expected"), [(None, None, 128), (200, None, 128), (20, None, 20), (20, 40, 40)]
)
def test_the_image_is_of_128_pixels_or_the_models_own_size_where_that_is_smaller(size, asked, expected, tmp_path):
    more = {} if asked is None else {"image_size": asked}
    made = make(small_network(size=size), tmp_path / "new", layers=["first"], iterations=1, facets=0, **more)
    assert made.image("first", 0).shape[:2] == (expected, expected)


def test_a_layer_that_needs_the_models_own_size_decides_for_all(tmp_path):
    layers = keras.layers
    model = keras.Sequential(
        [keras.Input((140, 140, 1)), layers.Conv2D(2, 3, 4, name="c"), layers.Flatten(), layers.Dense(2, name="d")]
    )
    made = make(model, tmp_path / "new", iterations=1, facets=0)
    assert made.image("c", 0).shape[:2] == (140, 140)
    assert made.image("d", 0).shape[:2] == (140, 140)


def test_signals_and_volumes_have_atlases_too(tmp_path):
    layers = keras.layers
    signal = keras.Sequential([keras.Input((64, 2)), layers.Conv1D(3, 5, name="beats")])
    made = make(signal, tmp_path / "signal", images=np.random.default_rng(0).normal(size=(4, 64, 2)))
    assert made.made == 3
    assert len(made.filter("beats", 2)["strongest"]) == 4
    volume = keras.Sequential([keras.Input((4, 12, 12, 1)), layers.Conv3D(2, 3, name="lumps")])
    made = make(volume, tmp_path / "volume")
    assert made.image("lumps", 1).shape[:2] == (4 * 12, 12)


def test_images_of_any_kind_are_the_same_images(model, tmp_path):
    """Files by their names and sizes, all else by what it holds: a dataset that is read again is the same one."""
    import tensorflow as tf

    dataset = tf.data.Dataset.from_tensor_slices(photographs()).batch(5)
    made = make(model, tmp_path / "dataset", layers=["first"], iterations=1, images=dataset)
    again = make(model, tmp_path / "dataset", layers=["first"], iterations=1, images=dataset)
    assert again.made == 6
    assert json.loads((again.folder / "atlas.json").read_text("utf-8"))["images"]["count"] == 12
    (tmp_path / "photos").mkdir()
    for number, photo in enumerate(photographs()):
        Image.fromarray(photo).save(tmp_path / "photos" / f"{number:02d}.png")
    files = make(model, tmp_path / "files", layers=["first"], iterations=1, images=tmp_path / "photos")
    for filter in range(6):
        one, other = (each.filter("first", filter)["strongest"] for each in (made, files))
        assert [int(each["name"].split()[1]) for each in one] == [int(each["name"].split(".")[0]) for each in other]
        assert [each["value"] for each in one] == pytest.approx([each["value"] for each in other], rel=1e-5)


def test_an_estimate_counts_and_measures_and_leaves_nothing(model, monkeypatch, tmp_path):
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    found = Atlas.estimate(model, workers=2, **WAYS)
    assert (found.filters, found.layers, found.shards, found.workers) == (17, 3, 3, 2)
    assert found.seconds > 0
    assert str(found).startswith("17 filters of 3 layers in 3 shards: about ")
    assert list(tmp_path.iterdir()) == []


def test_the_size_of_an_estimate_is_that_of_the_atlas_within_a_half(model, tmp_path):
    found = Atlas.estimate(model, workers=1, **WAYS)
    made = make(model, tmp_path / "new")
    shards = sum(path.stat().st_size for path in (made.folder / "layers").rglob("*/*/*") if path.is_file())
    assert 0.6 < found.nbytes / shards < 1.7


def test_the_users_model_and_the_process_are_left_as_they_were(model, tmp_path):
    import os

    before = [each.numpy() for each in model.variables], dict(os.environ)
    make(model, tmp_path / "new", layers=["units"], iterations=1, facets=0)
    assert all(np.array_equal(one, each.numpy()) for one, each in zip(before[0], model.variables, strict=True))
    assert dict(os.environ) == before[1]


def test_a_layer_that_raises_has_entries_with_its_reason_and_the_others_are_drawn(tmp_path):
    layers = keras.layers
    model = keras.Sequential(
        [keras.Input((None, None, 3)), layers.Conv2D(2, 3, name="near"), layers.Conv2D(2, 30, name="far")]
    )
    made = make(model, tmp_path / "new", image_size=20, layers=["near", "far"])
    assert made.made == 4
    assert made.filter("near", 1)["error"] == ""
    assert "cannot be computed from an image of 20 x 20 pixels" in made.filter("far", 1)["error"]
    assert made.layer("far")["failed"] == [0, 1]


def test_what_all_filters_of_a_layer_have_in_common_makes_none_alike():
    rng = np.random.default_rng(0)
    own, common = rng.normal(size=(40, 64)), 5 * rng.normal(size=64)
    rows = own + common
    rows = np.rint(127 * rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.int8)
    rows[7] = 0
    found = centred(rows)
    assert not found[7].any(), "what is not known stays so"
    others = [filter for filter in range(40) if filter != 7]
    raw, less = (likeness(each[others][:-1], each[others][1:]).mean() for each in (rows, found))
    assert raw > 0.9
    assert abs(less) < 0.1
    assert np.array_equal(centred(rows[:9]), rows[:9]), "of few nothing is told"


def test_the_same_function_is_the_same_wherever_it_is_written_and_names_are_labels(model, tmp_path):
    """In another kernel a cell has another file name, and a model that is made again another number in its name."""
    ways = {"layers": ["first"], "iterations": 1, "facets": 0}
    once, again = ({}, {})
    exec(compile("def halved(images): return images / 2", "/tmp/ipykernel_1/1.py", "exec"), once)
    exec(compile("\n\ndef halved(images): return images / 2", "/tmp/ipykernel_2/7.py", "exec"), again)
    make(model, tmp_path / "new", preprocess=once["halved"], **ways)
    renamed = keras.Sequential([keras.Input((20, 20, 3)), *model.layers], name="small_1")
    assert make(renamed, tmp_path / "new", preprocess=again["halved"], **ways).made == 6


def test_another_activation_on_the_same_weights_is_another_model(atlas, model):
    config = model.get_config()
    next(each for each in config["layers"] if each["config"].get("name") == "second")["config"]["activation"] = "relu"
    other = keras.Sequential.from_config(config)
    other.set_weights(model.get_weights())
    with pytest.raises(ValueError, match="its architecture"):
        make(other, atlas.folder, images=photographs(), class_names=CLASSES)


def test_sprites_of_large_pictures_are_made_smaller_so_that_they_fit_into_a_file():
    large: list[np.ndarray | None] = [np.zeros((600, 500, 1), np.uint8) for _ in range(96)]
    large[5] = None
    fitted = shard._fitting(large, 3)
    assert fitted[5] is None
    heights = {each.shape[:2] for each in fitted if each is not None}
    assert heights == {(511, 426)}
    assert shard._fitting(large, 96)[0].shape == (204, 170, 1)
    few = large[:3]
    assert shard._fitting(few, 3) is few


def test_what_changes_while_it_is_made_in_this_process_ends_it(tmp_path):
    model = small_network()
    made = Atlas.make(model, tmp_path / "new", workers=0, wait=False, **{**WAYS, "iterations": 200})
    model.get_layer("units").set_weights([each + 1 for each in model.get_layer("units").get_weights()])
    with pytest.raises(ValueError, match="The model has changed while its atlas was made"):
        made.wait(120)


def test_names_that_tensorflow_does_not_take_cost_what_needs_them_and_no_more(tmp_path):
    layers = keras.layers
    model = keras.Sequential(
        [keras.Input((20, 20, 3)), layers.Conv2D(2, 3, name="über 1"), layers.Conv2D(2, 3, name="b")]
    )
    made = make(model, tmp_path / "new", images=photographs(), layers=["über 1", "b"])
    assert made.made == 4
    assert made.image("über 1", 1).shape == (20, 20, 3)
    assert made.folder.joinpath("atlas.json").is_file()
