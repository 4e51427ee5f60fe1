"""Which precision a picture is computed in: chosen by a rule, said in the description, reproduced from it."""

import keras
import numpy as np
import pytest
from keras import layers

from filterviz_widget import FilterExplorer, visualize_filter
from filterviz_widget.model import read_model
from filterviz_widget.twin import precision as rule
from filterviz_widget.twin.work import Work, work
from filterviz_widget.visualize import describe
from tests.networks import SIZE, small_network


@pytest.fixture
def with_matrix_unit(monkeypatch):
    monkeypatch.setattr(rule, "has_matrix_unit", lambda: True)


def application(name, size=224):
    return read_model(getattr(keras.applications, name)(weights=None, include_top=False, input_shape=(size, size, 3)))


@pytest.mark.big
@pytest.mark.parametrize(
    ("name", "layer", "expected"),
    [
        ("VGG16", "block3_conv1", "bfloat16"),
        ("ResNet50", "conv5_block3_out", "bfloat16"),
        ("InceptionV3", "mixed10", "bfloat16"),
        ("DenseNet121", "conv5_block16_concat", "float32"),
        ("ConvNeXtTiny", "convnext_tiny_stage_3_block_2_pointwise_conv_2", "float32"),
        ("MobileNetV2", "Conv_1", "float32"),
        ("EfficientNetB0", "top_conv", "float32"),
    ],
)
def test_with_a_matrix_unit_auto_is_what_was_measured_to_be_faster(with_matrix_unit, name, layer, expected):
    assert describe(application(name), layer, 0).precision == expected


def test_auto_is_float32_for_small_images_and_without_a_matrix_unit(with_matrix_unit, monkeypatch):
    assert describe(application("VGG16", size=32), "block3_conv1", 0).precision == "float32"
    monkeypatch.setattr(rule, "has_matrix_unit", lambda: False)
    assert describe(application("VGG16"), "block3_conv1", 0).precision == "float32"


def test_the_work_of_a_layer_is_counted_through_strides_and_nested_models_of_open_size():
    inner = keras.Sequential([keras.Input((None, None, 4)), layers.Conv2D(6, 3, padding="same", strides=2)])
    image = keras.Input((None, None, 3))
    x = inner(layers.Conv2D(4, 5, padding="same", name="first")(image))
    x = layers.DepthwiseConv2D(3, padding="same", name="depthwise")(x)
    model = keras.Model(image, layers.Dense(7, name="units")(layers.GlobalAveragePooling2D()(x)))
    pixels = 16 * 16
    dense = pixels * 5 * 5 * 3 * 4 + pixels / 4 * 3 * 3 * 4 * 6
    outputs = pixels * 4 + pixels / 4 * 6 * 2
    assert work(read_model(model).graph, ("depthwise",), pixels) == Work(dense, pixels / 4 * 3 * 3 * 6, outputs)
    assert work(read_model(model).graph, ("units",), pixels).dense == dense + 6 * 7


def test_what_is_given_is_what_the_picture_says_and_the_same_description_gives_the_same_bytes():
    model = small_network()
    pictures = [visualize_filter(model, "second", 3, precision="bfloat16") for _ in range(2)]
    single = visualize_filter(model, "second", 3, precision="float32")
    assert pictures[0].description.precision == "bfloat16"
    assert pictures[0].raw.tobytes() == pictures[1].raw.tobytes() != single.raw.tobytes()
    assert pictures[0].raw.dtype == np.float32
    assert pictures[0].activations[-1] == pytest.approx(single.activations[-1], rel=0.01)


def test_the_explorer_resolves_auto_and_its_code_says_what_was_chosen():
    model = small_network()
    for wanted, expected in {"auto": "float32", "bfloat16": "bfloat16"}.items():
        explorer = FilterExplorer(model, layer="second", iterations=3, precision=wanted)
        picture = explorer.wait(60)
        code = explorer.code()
        explorer.close()
        assert picture.description.precision == expected
        assert f"precision='{expected}'" in code
        made = {"model": model}
        exec(code, made)
        assert made["picture"].raw.tobytes() == picture.raw.tobytes()


def test_a_precision_that_does_not_exist_is_refused_in_words():
    words = "precision must be one of 'auto', 'float32', 'bfloat16', 'float16'; got 'half'"
    with pytest.raises(ValueError, match=words):
        FilterExplorer(small_network(), precision="half")
    with pytest.raises(ValueError, match=words):
        visualize_filter(small_network(), "second", 0, precision="half", image_size=SIZE)


def test_pictures_drawn_after_a_training_step_show_the_new_weights():
    keras.utils.set_random_seed(0)
    model = keras.Sequential(
        [
            keras.Input((SIZE, SIZE, 3)),
            layers.Conv2D(4, 3, use_bias=False),
            layers.BatchNormalization(),
            layers.ReLU(),
            layers.Conv2D(4, 3, name="last"),
        ]
    )
    explorer = FilterExplorer(model, layer="last", iterations=3, precision="float32")
    explorer.wait(60)
    model.compile("sgd", "mse")
    model.fit(np.random.default_rng(0).random((4, SIZE, SIZE, 3)), np.zeros((4, 16, 16, 4)), verbose=0)
    explorer.filter = 1  # not refresh(): the picture was not drawn before
    shown = explorer.wait(60)
    explorer.close()
    expected = visualize_filter(model, "last", 1, iterations=3, precision="float32")
    assert shown.raw.tobytes() == expected.raw.tobytes()
