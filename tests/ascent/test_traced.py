"""What is looked up in TensorFlow's graphs; where TensorFlow changes its private parts, this says so."""

import tensorflow as tf
from tensorflow.python.framework import ops

from filterviz_widget.ascent.traced import forget_custom_gradients, graphs


@tf.custom_gradient
def doubled(x):
    return x * 2.0, lambda upstream: upstream * 3.0


def names():
    return {name for name in ops.gradient_registry._registry if name.startswith("CustomGradient-")}


def traced():
    def body(index, x):
        y = tf.cond(tf.reduce_sum(x) > 0, lambda: doubled(x), lambda: x)
        return index + 1, x + tf.gradients(y, x)[0]

    run = tf.function(lambda x: tf.while_loop(lambda index, _: index < 3, body, (0, x))[1], autograph=False)
    return run.get_concrete_function(tf.TensorSpec((3,)))


def test_loops_and_branches_are_looked_into():
    found = list(graphs(traced().graph))
    assert len(found) >= 4  # the function, the loop's condition and body, and two branches in the body
    assert len({id(graph) for graph in found}) == len(found)
    assert any(operation.type == "IdentityN" for graph in found for operation in graph.get_operations())


def test_a_graph_whose_gradients_were_taken_leaves_none_in_the_registry_and_still_runs():
    before = names()
    function, other = traced(), traced()
    made = names() - before
    assert len(made) >= 2
    forget_custom_gradients(function.graph)
    left = names() - before
    assert 0 < len(left) < len(made), "those of the other function stay"
    assert function(tf.ones(3)).numpy().tolist() == [1 + 3 * 3.0] * 3
    forget_custom_gradients(other.graph)
    assert names() == before
