"""The contract with Keras' private parts: each test fails where Keras changed one, and its message says which.

All of them are used in `filterviz_widget/model/keras_private.py` and nowhere else.
"""

import itertools
import re
import threading
from pathlib import Path

import keras
import numpy as np
import pytest
from keras import layers

import filterviz_widget
from filterviz_widget.model import keras_private as private
from tests.model.networks import Block, backbone


def test_no_other_file_of_the_package_touches_keras_private_parts():
    words = re.compile(
        r"keras\.src\b|(?<!\bself)\._(flatten_layers|inbound_nodes|outbound_nodes|nodes_by_depth|functional|keras_history|kernel"
        r"|standardize_inputs|trainable_variables|non_trainable_variables|tracker|layers|is_default|called)\b"
    )
    found = {
        path.name
        for path in Path(filterviz_widget.__file__).parent.rglob("*.py")
        for line in path.read_text("utf-8").splitlines()
        if words.search(re.sub(r"#.*|\"\"\".*", "", line))
    }
    assert found == {"keras_private.py"}, "Keras' private parts are touched elsewhere: move that into keras_private"


def test_a_class_of_keras_is_told_from_a_users_own():
    assert private.is_of_keras(layers.UpSampling2D), "Keras' modules are no longer in keras.src"
    assert private.is_of_keras(type(keras.ops.relu(keras.Input((3,)))._keras_history.operation))
    assert not private.is_of_keras(Block)


def test_a_layer_lists_the_layers_in_it_outer_ones_first():
    inner = backbone()
    model = keras.Sequential([keras.Input((12, 12, 3)), inner, Block(3, name="block")])
    names = [layer.name for layer in private.flat_layers(model)]
    assert {"first", "norm", "second", "conv", "block", "backbone"} < set(names), "Layer._flatten_layers has changed"
    assert names.index("block") < names.index("conv"), "Layer._flatten_layers has another order"
    assert [layer.name for layer in private.direct_layers(model)][-2:] == ["backbone", "block"], (
        "Layer._flatten_layers(recursive=False) has changed"
    )


def test_a_layer_holds_its_own_weights_apart_from_those_of_the_layers_in_it():
    model = keras.Sequential([keras.Input((12, 12, 3)), layers.Conv2D(2, 3), layers.BatchNormalization()])
    convolution, norm = model.layers
    message = "Layer._trainable_variables or _non_trainable_variables has changed"
    assert [variable.name for variable in private.own_variables(convolution)] == ["kernel", "bias"], message
    assert [variable.name for variable in private.own_variables(norm)][:2] == ["gamma", "beta"], message
    assert private.own_variables(model) == [], message
    model.trainable = False
    assert private.is_trained(model), "Keras no longer remembers which weights of a frozen layer are trainable"
    statistics = layers.BatchNormalization(scale=False, center=False)
    statistics.build((None, 12, 12, 3))
    assert not private.is_trained(statistics), message


def test_functional_and_sequential_models_keep_their_graph():
    inner = backbone()
    model = keras.Sequential([keras.Input((12, 12, 3)), inner])
    assert private.functional(model) is not None, "Sequential._functional has changed"
    assert private.functional(inner) is inner, "a Functional model is no keras.Function any more"
    assert private.functional(layers.Conv2D(2, 3)) is None
    nodes = private.nodes_in_order(inner)
    assert [node.operation.name for node in nodes] == ["first", "norm", "second"], (
        "Function._nodes_by_depth has changed"
    )
    for before, after in itertools.pairwise(nodes):
        assert after.input_tensors[0] is before.outputs[0], "Node.input_tensors or Node.outputs has changed"
    (arranged,) = private.arranging(inner)(np.zeros((1, 12, 12, 3)))
    assert keras.ops.is_tensor(arranged), "Functional._standardize_inputs has changed"


def test_a_symbolic_tensor_knows_what_made_it():
    image = keras.Input((12, 12, 3), name="image")
    convolution = layers.Conv2D(2, 3)
    convolution(image)
    output = convolution(image)
    assert private.origin(output) is convolution, "KerasTensor._keras_history has changed"
    assert private.maker(output).outputs[0] is output, "KerasHistory.node_index or Operation._inbound_nodes has changed"
    assert private.origin(image).name == "image", "keras.Input is no longer made by an InputLayer"
    assert private.maker(keras.KerasTensor((None, 3))) is None


def nodes_of(*operations):
    return [(len(operation._inbound_nodes), len(operation._outbound_nodes)) for operation in operations]


def test_symbolic_calls_can_be_taken_off_the_layers():
    first, second = layers.Conv2D(2, 3), layers.Conv2D(2, 3)
    image = keras.Input((12, 12, 3))
    second(first(image))
    before = nodes_of(first, second)
    given = keras.KerasTensor((None, 12, 12, 3))
    second(first(given))
    assert nodes_of(first, second) != before, "Keras no longer notes symbolic calls on layers"
    private.forget_nodes([given], [first, second])
    assert nodes_of(first, second) == before, "Operation._inbound_nodes or _outbound_nodes has changed"


def test_a_node_that_another_thread_made_since_keeps_its_place():
    layer, after = layers.Dense(2), layers.Dense(3)
    given = keras.KerasTensor((None, 4))
    layer(given)
    theirs = layer(keras.Input((4,)))  # in place 1
    end = after(theirs)
    private.forget_nodes([given], [layer, after])
    assert private.maker(theirs).outputs[0] is theirs
    assert keras.Model(private.maker(theirs).input_tensors, end)(np.ones((1, 4))).shape == (1, 3)


def test_automatic_names_are_counted_by_what_can_be_swapped():
    first = layers.Dense(1).name
    with private.names_kept():
        inside = [layers.Dense(1).name, layers.Dense(1).name]
    assert layers.Dense(1).name == inside[0] != first, "the global attribute 'object_name_uids' of Keras has changed"


def test_layers_can_be_made_without_their_weights_and_nothing_is_made_of_them_later():
    made = []
    with private.weights_unmade(made):
        keras.Sequential([keras.Input((4,)), layers.Dense(10**9)])
    assert [tuple(each.shape) for each in made] == [(4, 10**9), (10**9,)]
    with keras.StatelessScope():  # makes, at its end, all that were put off
        pass
    assert all(each._value is None for each in made)


def test_the_counters_are_the_same_object_after_an_interrupt():
    layers.Dense(1)
    counters = private.global_state.get_global_attribute(private.NAME_COUNTERS)
    before = dict(counters)

    def interrupted():
        with private.names_kept():
            layers.Dense(1)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert private.global_state.get_global_attribute(private.NAME_COUNTERS) is counters
    assert dict(counters) == before


def test_a_layer_that_is_not_built_can_be_kept_so():
    dense, flat = layers.Dense(2), layers.GlobalAveragePooling2D()
    assert private.has_own_build(dense), "utils.is_default and its mark _is_default have changed"
    assert not private.has_own_build(flat), "utils.is_default and its mark _is_default have changed"
    build = dense.build
    with private.nothing_built([dense]) as reached:
        with pytest.raises(private.NotBuiltError):
            dense(np.ones((1, 4)))
        with pytest.raises(private.NotBuiltError):
            dense(keras.KerasTensor((None, 4)))
    assert reached == [dense, dense], "Layer._maybe_build no longer calls the build of the instance"
    assert not dense.built
    assert dense.weights == []
    assert dense.build is build
    assert dense(np.ones((1, 4))).shape == (1, 2)


class Plain(layers.Layer):
    """Has no build of its own, so it is not built until it is called."""

    def call(self, x):
        return x + 1


def test_a_layer_without_weights_is_called_and_not_marked_as_built():
    plain = Plain()
    assert not plain.built, "Keras builds layers without a build of their own at once"
    with private.nothing_built([plain]) as reached:
        assert plain(np.ones((1, 4)))[0, 0] == 2
        assert plain(keras.KerasTensor((None, 4))).shape == (None, 4)
    assert reached == []
    assert not plain.built


def test_another_thread_may_build_the_layer_meanwhile():
    dense, plain = layers.Dense(2), Plain()

    def use():
        dense(np.ones((1, 4)))
        plain(np.ones((1, 4)))

    with private.nothing_built([dense, plain]):
        with private.nothing_built([dense, plain]) as inner:
            with pytest.raises(private.NotBuiltError):
                dense(np.ones((1, 4)))
            other = threading.Thread(target=use)
            other.start()
            other.join()
        assert inner == [dense]
        assert dense.built
    assert dense.built
    assert plain.built
    assert len(dense.weights) == 2


@pytest.mark.parametrize("mode", [None, "int8", "int4", "float8"])
def test_a_layer_holds_its_kernel_or_the_codes_of_one(mode):
    layer = layers.Dense(7)
    layer.build((None, 10))
    if mode:
        layer.quantize(mode)
    message = f"Dense quantized to {mode} holds its kernel otherwise: see _dequantized, and tests/model/test_kernels.py"
    assert private.kernel_variable(layer) is layer._kernel, message
    assert private.kernel_shape(layer) == (10, 7), message
    assert private.effective_kernel(layer).shape == (10, 7), message
