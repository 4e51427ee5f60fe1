"""The graph of an atlas' layers: edges go where data goes, through what is not shown; rows go down."""

from itertools import pairwise

import keras

from filterviz_widget.atlas.network import network
from filterviz_widget.model import read_model

layers = keras.layers


def edges(view, names):
    found = network(view, names)
    rows = {node["layer"]: node["row"] for node in found["nodes"]}
    assert all(rows[before] < rows[after] for before, after in found["edges"])
    assert len({(node["row"], node["column"]) for node in found["nodes"]}) == len(names)
    assert found["rows"] == max(rows.values()) + 1
    return [(names[before], names[after]) for before, after in found["edges"]]


def block():
    image = keras.Input((16, 16, 3))
    stem = layers.Conv2D(4, 3, padding="same", name="stem")(image)
    left = layers.ReLU()(layers.BatchNormalization()(layers.Conv2D(4, 1, name="left")(stem)))
    right = layers.Conv2D(4, 3, padding="same", name="right2")(layers.Conv2D(4, 1, name="right1")(stem))
    joined = layers.Concatenate()([left, right])
    end = layers.Dense(2, name="end")(layers.GlobalAveragePooling2D()(layers.Add()([joined, joined])))
    return keras.Model(image, end)


def test_branches_part_and_meet():
    view = read_model(block())
    names = ["stem", "left", "right1", "right2", "end"]
    assert set(edges(view, names)) == {
        ("stem", "left"),
        ("stem", "right1"),
        ("right1", "right2"),
        ("left", "end"),
        ("right2", "end"),
    }
    assert network(view, names)["columns"] == 2


def test_edges_go_through_layers_that_are_left_out():
    assert set(edges(read_model(block()), ["stem", "end"])) == {("stem", "end")}


def test_layers_of_nested_models_are_on_the_way():
    inner = keras.Sequential([keras.Input((16, 16, 3)), layers.Conv2D(2, 3, name="a"), layers.Conv2D(2, 3, name="b")])
    inner.name = "inner"
    image = keras.Input((16, 16, 3))
    view = read_model(keras.Model(image, layers.Conv2D(2, 3, name="c")(inner(image))))
    names = [info.name for info in view.layers if info.recommended]
    assert edges(view, names) == [("inner/a", "inner/b"), ("inner/b", "c")]


def test_a_known_architecture_is_a_chain_and_another_is_not():
    vgg = read_model(keras.applications.VGG16(weights=None, include_top=False), image_size=32)
    names = [info.name for info in vgg.layers if info.recommended]
    assert len(names) == 13
    assert edges(vgg, names) == list(pairwise(names))
