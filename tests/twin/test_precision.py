"""Which precision a picture is computed in: timed here, said in the description, reproduced from it."""

import keras
import numpy as np
import pytest
from keras import layers

from filterviz_widget import FilterExplorer, visualize_filter
from filterviz_widget.model import read_model
from filterviz_widget.twin import Choice, best_precision, outputs
from filterviz_widget.twin import precision as rule
from filterviz_widget.twin.convolution import Form
from tests.networks import SIZE, small_network


def cut_from_vgg():
    """The first four convolutions of VGG16, with few filters: what counts is what is said of their times."""
    image = keras.Input((224, 224, 3))
    x = layers.Conv2D(4, 3, padding="same", name="first")(image)
    x = layers.MaxPooling2D()(x)
    inner = keras.Sequential([keras.Input((112, 112, 4)), layers.Conv2D(6, 3, name="inside")], name="inner")
    x = layers.DepthwiseConv2D(3, name="depthwise")(inner(x))
    return read_model(keras.Model(image, layers.Conv2D(5, 1, name="last")(x)))


class Told:
    """Says how long convolutions take, by dtype, and notes which were asked for."""

    def __init__(self, **milliseconds):
        self.milliseconds, self.asked = milliseconds, []

    def __call__(self, case):
        self.asked.append(case)
        return Choice(Form("plain", "own"), self.milliseconds[case.dtype])


@pytest.mark.parametrize(
    ("full", "half", "expected"),
    [
        (100.0, 20.0, "bfloat16"),
        (100.0, 95.0, "float32"),  # its pictures are a little less exact: not for a few per cent
        (100.0, 300.0, "float32"),  # a processor that has to emulate it
        (0.5, 0.1, "float32"),  # quick enough anyway
    ],
)
def test_auto_is_what_is_quicker_by_far_on_this_machine(monkeypatch, full, half, expected):
    monkeypatch.setattr(rule, "has_matrix_unit", lambda: True)
    monkeypatch.setattr(rule, "_per_output", lambda dtype: 1e-7)
    forms = Told(float32=full, bfloat16=half)
    assert best_precision(cut_from_vgg(), "last", forms) == expected
    full_sized = [case for case in forms.asked if case.dtype == "float32"]
    assert [(case.size, case.kernel) for case in full_sized] == [
        ((224, 224), (3, 3, 3, 4)),
        ((112, 112), (3, 3, 4, 6)),
        ((108, 108), (1, 1, 6, 5)),
    ]


def test_what_layers_between_convolutions_take_counts_too(monkeypatch):
    monkeypatch.setattr(rule, "has_matrix_unit", lambda: True)
    monkeypatch.setattr(rule, "_per_output", lambda dtype: {"float32": 1e-7, "bfloat16": 1e-2}[dtype])
    assert best_precision(cut_from_vgg(), "last", Told(float32=100.0, bfloat16=20.0)) == "float32"


def test_without_a_matrix_unit_nothing_is_timed(monkeypatch):
    monkeypatch.setattr(rule, "has_matrix_unit", lambda: False)
    forms = Told()
    assert best_precision(cut_from_vgg(), "last", forms) == "float32"
    assert forms.asked == []


def test_the_time_between_convolutions_is_measured():
    assert 0 < rule._per_output("float32") < 1e-3


def test_outputs_are_counted_through_strides_and_nested_models_of_open_size():
    inner = keras.Sequential([keras.Input((None, None, 4)), layers.Conv2D(6, 3, padding="same", strides=2)])
    image = keras.Input((None, None, 3))
    x = inner(layers.Conv2D(4, 5, padding="same", name="first")(image))
    x = layers.DepthwiseConv2D(3, padding="same", name="depthwise")(x)
    model = keras.Model(image, layers.Dense(7, name="units")(layers.GlobalAveragePooling2D()(x)))
    pixels = 16 * 16
    expected = pixels * 4 + pixels / 4 * 6 * 2
    assert outputs(read_model(model).graph, ("depthwise",), pixels) == expected
    assert outputs(read_model(model).graph, ("units",), pixels) == expected + 6 + 7


def test_what_is_given_is_what_the_picture_says_and_the_same_description_gives_the_same_bytes():
    model = small_network()
    pictures = [visualize_filter(model, "second", 3, precision="bfloat16") for _ in range(2)]
    single = visualize_filter(model, "second", 3, precision="float32")
    assert pictures[0].description.precision == "bfloat16"
    assert pictures[0].raw.tobytes() == pictures[1].raw.tobytes() != single.raw.tobytes()
    assert pictures[0].raw.dtype == np.float32
    # A bfloat16 has 8 binary digits, 0.4 %, and every layer rounds to it.
    assert pictures[0].activations[-1] == pytest.approx(single.activations[-1], rel=0.03)


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
