"""Feature maps and strongest images against a plain Keras model and NumPy."""

import keras
import numpy as np
import pytest
from keras import layers
from PIL import Image

from filterviz_widget import ablate, accentuate, feature_maps, strongest_images
from filterviz_widget.demo import flower_model, flowers
from tests.networks import SIZE, small_network, with_weights


@pytest.fixture(scope="module")
def model():
    return flower_model()


@pytest.fixture(scope="module")
def images():
    return flowers(70, seed=2)[0]


def maps_of(model, layer, images):
    """By Keras itself."""
    return np.asarray(keras.Model(model.inputs[0], model.get_layer(layer).output)(images, training=False))


def test_maps_are_those_of_keras_with_the_weights_of_the_moment():
    model = small_network()
    image = np.random.default_rng(0).uniform(0, 1, (SIZE, SIZE, 3)).astype(np.float32)
    for _ in range(2):
        found = feature_maps(model, "second", image)
        np.testing.assert_allclose(found.maps, maps_of(model, "second", image[None])[0], rtol=1e-4, atol=1e-5)
        assert found.maps.dtype == np.float32
        assert not found.maps.flags.writeable
        model.set_weights([weight * 1.5 for weight in model.get_weights()])


def test_a_file_is_given_to_the_model_as_it_was_trained(tmp_path, images):
    """With preprocess and an input range of 0 to 255: what Keras makes of the same pixels."""
    pixels = np.uint8(np.rint(images[3] * 255))
    Image.fromarray(pixels).save(tmp_path / "flower.png")
    keras.utils.set_random_seed(0)
    vgg = keras.applications.VGG16(weights=None, include_top=False, input_shape=(96, 96, 3))
    found = feature_maps(vgg, "block1_conv2", tmp_path / "flower.png", preprocess="caffe")
    expected = maps_of(vgg, "block1_conv2", keras.applications.vgg16.preprocess_input(pixels[None].astype(np.float32)))
    np.testing.assert_allclose(found.maps, expected[0], rtol=1e-3, atol=1e-3)
    np.testing.assert_array_equal(found.shown, pixels)


def test_a_map_lies_where_its_receptive_fields_do():
    """A filter that answers to one bright pixel, of a convolution without padding and with a stride."""
    keras.utils.set_random_seed(0)
    model = keras.Sequential([keras.Input((41, 41, 1)), layers.Conv2D(1, 5, strides=4, use_bias=False, name="conv")])
    kernel = np.zeros((5, 5, 1, 1), np.float32)
    kernel[2, 2] = 1
    model.layers[0].set_weights([kernel])
    image = np.zeros((41, 41, 1), np.float32)
    image[2 + 4 * 6, 2 + 4 * 3] = 1
    found = feature_maps(model, "conv", image, input_range=(0, 1))
    assert np.unravel_index(found.maps[..., 0].argmax(), found.maps.shape[:2]) == (6, 3)
    overlay = found.overlay(0, opacity=1.0).astype(int)
    redness = overlay[..., 0] - overlay[..., 2]
    assert np.unravel_index(redness.argmax(), redness.shape) == (26, 14)
    assert redness[30, 14] <= 0 < redness[28, 14]  # it ends at the next position's middle


def test_an_overlay_is_red_where_the_filter_answers_and_blue_where_it_is_negative(model, images):
    found = feature_maps(model, "conv3", images[0])
    filter = int(found.maps.min((0, 1)).argmin())
    plain, laid = found.overlay(filter, opacity=0.0), found.overlay(filter).astype(int)
    np.testing.assert_array_equal(plain, found.shown)
    change = laid - plain
    assert (change[..., 0] - change[..., 2]).max() > 20
    weak = int(np.abs(found.maps).max((0, 1)).argmin())
    by_layer, by_filter = (
        np.abs(found.overlay(weak, scale=scale) - plain.astype(int)).sum() for scale in ("layer", "filter")
    )
    assert by_layer < by_filter


def test_maps_are_shown_as_figures(model, images):
    found = feature_maps(model, "conv3", images[0])
    assert found.strongest()[0] == int(found.activations.argmax())
    assert len(found.plot([3, 5]).axes) == 3
    assert found._repr_png_().startswith(b"\x89PNG")
    height, width, count = found.maps.shape
    assert found.sheet().shape[0] * found.sheet().shape[1] >= height * width * count
    assert feature_maps(model, "logits", images[0]).maps.shape == (1, 1, 17)
    feature_maps(model, "logits", images[0]).plot(2)
    for wrong in (count, -1, True, "3"):
        with pytest.raises(ValueError, match=f"from 0 to {count - 1}, got"):
            found.overlay(wrong)
    with pytest.raises(ValueError, match="opacity"):
        found.overlay(0, opacity=2)
    with pytest.raises(ValueError, match="scale"):
        found.overlay(0, scale="all")
    with pytest.raises(ValueError, match="up to 64 maps"):
        found.plot([0] * 65)


def test_the_range_of_an_image_that_is_not_the_models_is_said(model, images):
    assert "the model takes 0 to 1" in feature_maps(model, "conv1", images[0] * 255).note


# Strongest


@pytest.mark.parametrize("by", ["mean", "position"])
@pytest.mark.parametrize("layer", ["conv3", "logits"])
def test_strongest_images_are_those_of_numpy_in_the_order_of_the_set(model, images, layer, by):
    found = strongest_images(model, layer, images, k=5, by=by, progress=False)
    maps = maps_of(model, layer, images)
    maps = maps.reshape(len(images), *(maps.shape[1:3] if maps.ndim == 4 else (1, 1)), -1)
    flat = maps.reshape(len(images), -1, maps.shape[-1])
    values = flat.mean(1) if by == "mean" else flat.max(1)
    order = np.argsort(-values, axis=0, kind="stable")
    np.testing.assert_array_equal(found.indices, order[:5].T)
    np.testing.assert_array_equal(found.weakest_indices, np.argsort(values, axis=0, kind="stable")[:5].T)
    np.testing.assert_allclose(found.values, np.take_along_axis(values, order, 0)[:5].T, rtol=1e-4, atol=1e-5)
    expected = np.quantile(values, [0, 0.05, 0.25, 0.5, 0.75, 0.95, 1], axis=0).T
    np.testing.assert_allclose(found.quantiles, expected, rtol=1e-4, atol=1e-4)
    for filter in range(3):
        for number, position in zip(found.indices[filter], found.positions[filter], strict=True):
            best = np.unravel_index(maps[number, :, :, filter].argmax(), maps.shape[1:3])
            assert tuple(position) == best
    assert found.images == 70


def test_equal_images_keep_their_order_and_few_images_leave_places_empty(model, images):
    same = np.repeat(images[:1], 40, axis=0)
    found = strongest_images(model, "conv2", same, filters=[3, 0], k=4, progress=False)
    assert found.filters == (3, 0)
    assert found.indices.tolist() == found.weakest_indices.tolist() == [[0, 1, 2, 3]] * 2
    few = strongest_images(model, "conv2", images[:2], k=4, progress=False)
    assert (few.indices[:, 2:] == -1).all()
    assert np.isnan(few.values[:, 2:]).all()
    few.plot(0)


def test_what_cannot_be_read_is_named_and_the_rest_ranked(model, images, tmp_path):
    for number, image in enumerate(images[:6]):
        Image.fromarray(np.uint8(np.rint(image * 255))).save(tmp_path / f"{number}.png")
    (tmp_path / "3.png").write_bytes(b"broken")
    found = strongest_images(model, "conv2", tmp_path, k=9, progress=False)
    assert [name for name, _ in found.skipped] == ["3.png"]
    assert found.images == 5
    assert sorted(found.indices[0][:5].tolist()) == [0, 1, 2, 4, 5]
    assert found._repr_png_().startswith(b"\x89PNG")
    for path in tmp_path.iterdir():
        path.write_bytes(b"broken")
    with pytest.raises(ValueError, match=r"None of the images could be read. 0.png: .* no image"):
        strongest_images(model, "conv2", tmp_path, progress=False)


def test_a_dataset_of_batches_serves_as_well(model, images):
    import tensorflow as tf

    dataset = tf.data.Dataset.from_tensor_slices((images, np.zeros(70))).batch(16)
    plain, read = (strongest_images(model, "conv2", each, k=3, progress=False) for each in (images, dataset))
    np.testing.assert_array_equal(plain.indices, read.indices)
    read.plot(5)


def test_the_images_of_a_changed_model_are_others(images):
    model = small_network()
    small = images[:20, :SIZE, :SIZE]
    before = strongest_images(model, "second", small, k=2, progress=False)
    after = strongest_images(with_weights(model, 3), "second", small, k=2, progress=False)
    assert not np.array_equal(before.values, after.values)


def test_bad_input_is_named(model, images):
    for options, words in (
        ({"k": 0}, "k must be a whole number from 1 to 100, got 0"),
        ({"by": "max"}, 'by must be "mean" or "position"'),
        ({"filters": [99]}, "filters must be a whole number from 0 to 63, got 99"),
        ({"filters": []}, "got none"),
    ):
        with pytest.raises(ValueError, match=words):
            strongest_images(model, "conv3", images, progress=False, **options)
    with pytest.raises(TypeError, match="no option 'methode'"):
        strongest_images(model, "conv3", images, methode=1)
    with pytest.raises(ValueError, match="did you mean 'conv3'"):
        feature_maps(model, "conv33", images[0])
    with pytest.raises(ValueError, match="one of those asked for, 1; got 2"):
        strongest_images(model, "conv3", images[:3], filters=[1], progress=False).plot(2)


# Ablation


def by_hand(model, layer, filter, images, value):
    """A model whose layer's kernel and bias make that channel constant."""
    copy = keras.models.clone_model(model)
    copy.set_weights(model.get_weights())
    kernel, bias = copy.get_layer(layer).get_weights()
    kernel[..., filter] = 0
    bias[filter] = value
    copy.get_layer(layer).set_weights([kernel, bias])
    return np.asarray(keras.ops.softmax(copy(images, training=False)))


def before_activation(model, value):
    """What the layer's monotone activation makes `value` of."""
    low, high = -1000.0, 1000.0
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if float(model.get_layer("conv4").activation(middle)) < value else (low, middle)
    return middle


def test_an_ablation_is_a_model_built_by_hand_with_that_channel_constant(model, images):
    _, labels = flowers(70, seed=2)
    mean = float(maps_of(model, "conv4", images)[..., 7].mean())
    before = np.asarray(keras.ops.softmax(model(images, training=False)))
    weights = model.get_weights()
    for to, value in (("zero", 0.0), ("mean", mean)):
        found = ablate(model, "conv4", 7, images, labels, to=to)
        assert found.value == pytest.approx(value, rel=1e-4)
        np.testing.assert_allclose(found.before, before, atol=1e-5)
        expected = by_hand(model, "conv4", 7, images, before_activation(model, value))
        np.testing.assert_allclose(found.after, expected, atol=1e-5)
        assert found.scale == "softmax"
        assert found.output == "logits"
    for mine, other in zip(weights, model.get_weights(), strict=True):
        np.testing.assert_array_equal(mine, other)


def test_classes_that_lose_most_are_told_by_name(model, images):
    _, labels = flowers(70, seed=2)
    names = [f"flower {number}" for number in range(17)]
    found = ablate(model, "conv5", 3, images, labels, class_names=names)
    rows = found.by_class()
    changes = [after - before for _, _, before, after in rows]
    assert changes == sorted(changes)
    assert sum(count for _, count, _, _ in rows) == 70
    name, count, before, _ = rows[0]
    own = labels == int(name.split()[1])
    assert (count, before) == (own.sum(), pytest.approx(found.before[own, int(name.split()[1])].mean()))
    assert found.plot().axes
    assert ablate(model, "conv5", 3, images[:2])._repr_png_().startswith(b"\x89PNG")


def test_a_softmax_and_several_outputs_are_each_as_the_model_gives_them():
    keras.utils.set_random_seed(0)
    image = keras.Input((16, 16, 3))
    x = layers.Conv2D(4, 3, name="conv")(image)
    y = layers.GlobalAveragePooling2D()(x)
    heads = [
        layers.Conv2D(2, 1, name="mask")(x),
        layers.Dense(3, "softmax", name="kind")(y),
        layers.Dense(1, name="age")(y),
    ]
    model = keras.Model(image, heads)
    given = np.random.default_rng(0).uniform(0, 1, (5, 16, 16, 3)).astype(np.float32)
    found = ablate(model, "conv", 1, given)
    assert found.output == "kind"
    assert set(found.outputs) == {"mask", "kind", "age"}
    np.testing.assert_allclose(found.before, model(given)[1], atol=1e-6)
    np.testing.assert_allclose(found.outputs["mask"][0], model(given)[0], atol=1e-6)
    assert np.abs(found.change).max() > 0


def test_bad_input_of_an_ablation_is_named(model, images):
    few = images[:3]
    for options, words in (
        ({"labels": [1]}, "one for each of 3 images, got 1"),
        ({"labels": [1, 2, 99]}, "from 0 to 16, got 1 to 99"),
        ({"labels": ["a"] * 3}, "a whole number for each image"),
        ({"to": "half"}, 'to must be "zero" or "mean"'),
        ({"class_names": ["a"]}, "each of 17 classes of logits, got 1"),
    ):
        with pytest.raises(ValueError, match=words):
            ablate(model, "conv3", 2, few, **options)
    with pytest.raises(ValueError, match="filter must be a whole number from 0 to 63, got 64"):
        ablate(model, "conv3", 64, few)
    with pytest.raises(ValueError, match="needs labels"):
        ablate(model, "conv3", 2, few).by_class()
    no_head = keras.Sequential([keras.Input((16, 16, 3)), layers.Conv2D(4, 3, name="conv")])
    with pytest.raises(ValueError, match=r"one number per class; it has conv \(14, 14, 4\)"):
        ablate(no_head, "conv", 0, few[:, :16, :16])


def test_every_use_of_a_layer_is_ablated():
    keras.utils.set_random_seed(0)
    image = keras.Input((16, 16, 3))
    shared = layers.Conv2D(3, 3, padding="same", name="shared")
    model = keras.Model(image, layers.Dense(4, name="kind")(layers.GlobalAveragePooling2D()(shared(shared(image)))))
    given = np.random.default_rng(0).uniform(0, 1, (2, 16, 16, 3)).astype(np.float32)
    keep = np.float32([1, 0, 1])
    maps = keras.ops.mean(shared(shared(given) * keep) * keep, (1, 2))
    found = ablate(model, "shared", 1, given)
    np.testing.assert_allclose(found.outputs["kind"][1], model.get_layer("kind")(maps), atol=1e-5)


def test_outputs_of_one_layer_are_all_kept_and_two_classes_may_be_one_unit():
    keras.utils.set_random_seed(0)
    image, given = keras.Input((16, 16, 3)), np.random.default_rng(0).uniform(0, 1, (4, 16, 16, 3)).astype(np.float32)
    units = keras.Input((3,))
    heads = keras.Model(units, [layers.Dense(2)(units), layers.Dense(5)(units)], name="heads")
    pooled = layers.GlobalAveragePooling2D()(layers.Conv2D(3, 3, name="conv")(image))
    found = ablate(keras.Model(image, heads(pooled)), "conv", 0, given)
    assert {name: before.shape[1] for name, (before, _) in found.outputs.items()} == {"heads": 2, "heads:1": 5}
    assert found.before.shape == (4, 5)  # of two of a kind that with more numbers
    two = ablate(keras.Model(image, layers.Dense(1, "sigmoid")(pooled)), "conv", 0, given, [0, 1, 0, 1])
    np.testing.assert_allclose(two.before.sum(1), 1, atol=1e-6)
    assert [name for name, *_ in two.by_class()] in (["class 0", "class 1"], ["class 1", "class 0"])


def test_numbers_of_every_kind_are_taken_or_named(model, images):
    found = strongest_images(model, "conv2", images[:4], filters=3, k=2.0, progress=False)
    assert (found.filters, found.indices.shape) == ((3,), (1, 2))
    assert found.name(1) == "image 1"
    ablate(model, "conv4", 1.0, images[:2])
    maps = feature_maps(model, "conv2", images[0])
    maps.plot(np.int64(3))
    with pytest.raises(ValueError, match="opacity"):
        maps.overlay(0, "x")
    with pytest.raises(ValueError, match="class_names"):
        ablate(model, "conv4", 1, images[:2], class_names=3)
    with pytest.raises(ValueError, match="a whole number for each image"):
        ablate(model, "conv4", 1, images[:2], [[1], [2, 3]])
    with pytest.raises(ValueError, match="was given as a set"):
        strongest_images(model, "conv4", images[0], progress=False)


# What is meant by an output, by labels and by images


def headed(*heads):
    keras.utils.set_random_seed(0)
    image = keras.Input((12, 12, 3))
    mean = layers.GlobalAveragePooling2D()(layers.Conv2D(4, 3, name="conv")(image))
    return keras.Model(image, [head(mean) for head in heads])


@pytest.mark.parametrize(
    ("heads", "output", "scale", "classes"),
    [
        ([layers.Dense(3, "softmax", name="a")], "a", "probability", 3),
        ([layers.Dense(1, name="age"), layers.Dense(3, "softmax", name="kind")], "kind", "probability", 3),
        ([layers.Dense(3, name="logits")], "logits", "softmax", 3),
        ([layers.Dense(1, name="price")], "price", "output", 1),
        ([layers.Dense(1, "sigmoid", name="is_cat")], "is_cat", "probability", 2),
        ([layers.Dense(4, "sigmoid", name="tags")], "tags", "probability", 4),
    ],
    ids=lambda each: each if isinstance(each, str) else "",
)
def test_the_layer_that_makes_an_output_says_what_it_is(heads, output, scale, classes):
    """Not its numbers: 0.3 is a probability only behind a softmax or a sigmoid."""
    model = headed(*[type(head).from_config(head.get_config()) for head in heads])
    given = np.random.default_rng(0).uniform(0, 1, (3, 12, 12, 3)).astype(np.float32)
    found = ablate(model, "conv", 1, given, input_range=(0, 1))
    assert (found.output, found.scale, found.before.shape[1]) == (output, scale, classes)
    assert found.is_exclusive == (output != "tags")


def test_an_output_is_chosen_by_its_name():
    model = headed(layers.Dense(3, "softmax", name="kind"), layers.Dense(2, name="place"))
    given = np.random.default_rng(0).uniform(0, 1, (3, 12, 12, 3)).astype(np.float32)
    assert ablate(model, "conv", 1, given, output="place", input_range=(0, 1)).before.shape == (3, 2)
    with pytest.raises(ValueError, match="output must be one of 'kind', 'place', got 'plaice'"):
        ablate(model, "conv", 1, given, output="plaice", input_range=(0, 1))
    with pytest.raises(ValueError, match="one for each of 3 classes of kind, got 2"):
        ablate(model, "conv", 1, given, class_names=["x", "y"], input_range=(0, 1))
    with pytest.raises(ValueError, match="class_names must be a sequence of names"):
        ablate(model, "conv", 1, given, class_names={"x", "y", "z"}, input_range=(0, 1))


def test_labels_that_differ_anywhere_are_other_labels(model):
    many = np.repeat(np.zeros((1, 96, 96, 3), np.uint8), 1200, axis=0)
    labels = np.zeros(1200, int)
    other = labels.copy()
    other[600] = 3  # where a long array is not printed
    for given in (labels, other):
        np.testing.assert_array_equal(ablate(model, "conv1", 1, many, given).labels, given)


def test_what_could_not_be_read_is_told_the_second_time_too(model, images, tmp_path):
    Image.fromarray(np.uint8(images[0] * 255)).save(tmp_path / "good.png")
    (tmp_path / "bad.jpg").write_text("no image")
    for _ in range(2):
        assert [name for name, _ in strongest_images(model, "conv1", tmp_path, progress=False).skipped] == ["bad.jpg"]
    assert [name for name, _ in ablate(model, "conv1", 0, tmp_path).skipped] == ["bad.jpg"]


def test_a_range_that_is_not_the_models_is_said_by_every_door(model, images):
    wide = images[:2] * 255
    assert "the model takes 0 to 1" in accentuate(model, "conv1", 3, wide[0], iterations=1).note
    assert strongest_images(model, "conv1", wide, progress=False).notes
    assert ablate(model, "conv1", 0, wide).notes


def test_images_of_other_channels_are_read_as_far_as_they_can_be():
    rng = np.random.default_rng(0)
    keras.utils.set_random_seed(0)
    five = keras.Sequential([keras.Input((12, 12, 5)), layers.Conv2D(2, 3, name="conv")])
    found = strongest_images(five, "conv", rng.integers(0, 255, (3, 12, 12, 5), np.uint8), progress=False)
    found.plot(0)
    assert feature_maps(five, "conv", rng.integers(0, 255, (12, 12, 5), np.uint8)).shown.shape == (12, 12, 1)
    grey = keras.Sequential([keras.Input((12, 12, 1)), layers.Conv2D(2, 3, name="conv")])
    colours = rng.integers(0, 255, (12, 12, 3), np.uint8)
    expected = np.asarray(Image.fromarray(colours).convert("L")).astype(int)
    shown = feature_maps(grey, "conv", colours).shown[..., 0]
    assert np.abs(shown - expected).max() <= 1


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (
            (np.zeros((2, 96, 96, 3)), np.zeros(2)),
            "images is a pair: pass its first as images and its second as labels",
        ),
        (b"/tmp", "images must be an array, a folder"),
    ],
    ids=["pair", "bytes"],
)
def test_what_is_no_set_of_images_is_refused_in_words(model, given, said):
    with pytest.raises(TypeError, match=said):
        strongest_images(model, "conv1", given, progress=False)


def test_a_result_is_written_in_a_line(model, images):
    for found in (accentuate(model, "conv1", 3, images[0], iterations=1), ablate(model, "conv1", 0, images[:2])):
        assert len(repr(found)) < 2000
