"""Kernels as pictures: rows are filters, columns inputs, and the scale is honest."""

import sys

import keras
import numpy as np
import pytest
from keras import layers

from filterviz_widget.model.kernels import canonical, kernel_parts
from filterviz_widget.model.paths import layer_at
from filterviz_widget.picture.kernels import plot_kernels
from filterviz_widget.picture.signed_colours import (
    STOPS,
    colour_grid,
    kernel_grid,
    kernel_tiles,
    signed_colours,
    symmetric_limit,
)


@pytest.fixture(scope="module")
def model():
    inner = keras.Sequential([keras.Input((6, 6, 7)), layers.Conv2D(2, 3, name="deep")], name="inner")
    return keras.Sequential(
        [
            keras.Input((16, 16, 3)),
            layers.Conv2D(5, 3, name="first"),
            layers.MaxPooling2D(name="pool"),
            layers.Conv2D(40, 3, name="many"),
            layers.DepthwiseConv2D(2, depth_multiplier=2, name="depthwise"),
            layers.SeparableConv2D(6, 2, depth_multiplier=2, name="separable"),
            layers.Conv2DTranspose(4, (2, 3), name="transposed"),
            layers.Conv2D(7, 1, name="one"),
            layers.Resizing(6, 6),
            inner,
            layers.Flatten(),
            layers.Dense(3, name="dense"),
        ],
        name="model",
    )


def images(figure):
    """What was drawn: the kernels side by side, and the colours beside them where there are any."""
    return [axis.images[0] for axis in figure.axes if axis.get_label() != "scale"]


def tiles(figure):
    """The kernels of a figure by row and column, as drawn between the lines."""
    found, before = {}, 0
    for image in images(figure):
        rows, columns = (len(side.get_ticklocs()) for side in (images(figure)[0].axes.yaxis, image.axes.xaxis))
        for row, band in enumerate(np.split(image.get_array(), rows)):
            for column, tile in enumerate(np.split(band, columns, axis=1)):
                found[row, before + column] = tile
        before += columns
    return found


def columns(figure):
    """The words over the columns."""
    return [label.get_text() for axis in figure.axes for label in axis.get_xticklabels()]


def words(figure):
    areas = figure.subfigs or [figure]
    return " | ".join(area.get_suptitle() for area in areas)


def test_rows_are_filters_and_columns_are_inputs(model):
    kernel = np.random.default_rng(0).normal(size=(3, 2, 4, 6))
    shown = tiles(plot_kernels(kernel))
    assert set(shown) == {(row, column) for row in range(6) for column in range(4)}
    for (row, column), tile in shown.items():
        np.testing.assert_array_equal(tile, kernel[:, :, column, row])


def test_the_signed_scale_is_symmetric_around_zero_and_shared_by_the_whole_layer():
    kernel = np.zeros((3, 3, 2, 4))
    kernel[0, 0, 1, 3] = -5.0
    kernel[1, 1, 0, 0] = 2.0
    figure = plot_kernels(kernel, filters=[0])  # filter 3 is not drawn, but counts
    assert images(figure)[0].get_clim() == (-5.0, 5.0)
    assert any(axis.get_label() == "scale" for axis in figure.axes)
    colours = images(figure)[0].get_cmap()
    for value, colour in ((0.0, STOPS[0]), (0.5, STOPS[4]), (1.0, STOPS[-1])):
        np.testing.assert_allclose(np.array(colours(value)[:3]) * 255, colour, atol=1)


def test_each_filter_has_its_own_scale_where_asked():
    kernel = np.ones((3, 3, 2, 2))
    kernel[..., 1] = -0.01
    figure = plot_kernels(kernel, scale="filter")
    shown = tiles(figure)
    np.testing.assert_allclose(shown[0, 0], 1)
    np.testing.assert_allclose(shown[1, 0], -1)
    assert images(figure)[0].get_clim() == (-1, 1)


def test_grey_runs_from_the_lowest_to_the_highest_weight():
    kernel = np.random.default_rng(1).normal(size=(3, 3, 3, 2))
    by_layer = tiles(plot_kernels(kernel, signed=False))
    assert len(by_layer) == 6  # no colour column: the recipe has none
    expected = (kernel - kernel.min()) / (kernel.max() - kernel.min())
    np.testing.assert_allclose(by_layer[1, 2], expected[:, :, 2, 1])
    by_filter = tiles(plot_kernels(kernel, signed=False, scale="filter"))
    one = kernel[..., 1]
    np.testing.assert_allclose(by_filter[1, 2], ((one - one.min()) / (one.max() - one.min()))[:, :, 2])


def test_first_layer_kernels_over_rgb_are_drawn_in_colour_too(model):
    shown = tiles(plot_kernels(model, "first"))
    assert set(shown) == {(row, column) for row in range(5) for column in range(4)}
    kernel = model.get_layer("first").kernel.numpy()
    expected = 0.5 + kernel[..., 2] / np.abs(kernel).max() / 2
    np.testing.assert_allclose(shown[2, 3], expected, atol=1e-6)
    assert len(tiles(plot_kernels(model, "first", rgb=False))) == 15
    # Three inputs of a later layer are not colours.
    later = keras.Sequential([keras.Input((9, 9, 3)), layers.Conv2D(3, 1), layers.Conv2D(2, 3, name="later")])
    assert len(tiles(plot_kernels(later, "later"))) == 6
    assert len(tiles(plot_kernels(later, "later", rgb=True))) == 8


def test_many_filters_are_paged_and_the_figure_says_so(model):
    figure = plot_kernels(model, "many", page=3)
    shown, kernel = tiles(figure), model.get_layer("many").kernel.numpy()
    assert "8 of 40 filters (page 3 of 3)" in words(figure)
    assert {row for row, _ in shown} == set(range(8))
    np.testing.assert_array_equal(shown[0, 0], kernel[:, :, 0, 32])
    assert "2 of 40 filters (page 1 of 20)" in words(plot_kernels(model, "many", max_filters=2))
    with pytest.raises(ValueError, match="from 1 to 3"):
        plot_kernels(model, "many", page=4)


def test_of_many_inputs_evenly_spaced_ones_are_drawn_and_the_figure_says_so():
    kernel = np.arange(101.0)[None, None, :, None] * np.ones((2, 2, 1, 1))
    figure = plot_kernels(kernel, max_inputs=5)
    shown = tiles(figure)
    assert [shown[0, column][0, 0] for column in range(5)] == [0, 25, 50, 75, 100]
    assert "5 of 101 inputs" in words(figure)


def test_chosen_filters_and_inputs_are_drawn_in_the_order_given():
    kernel = np.random.default_rng(2).normal(size=(3, 3, 5, 6))
    figure = plot_kernels(kernel, filters=[4, 1], inputs=3)
    np.testing.assert_array_equal(tiles(figure)[0, 0], kernel[:, :, 3, 4])
    np.testing.assert_array_equal(tiles(figure)[1, 0], kernel[:, :, 3, 1])
    assert "2 of 6 filters, 1 of 5 inputs" in words(figure)
    for wrong in ({"filters": 6}, {"inputs": [0, -1]}, {"filters": []}, {"scale": "row"}):
        with pytest.raises(ValueError, match=next(iter(wrong))):
            plot_kernels(kernel, **wrong)


def test_a_depthwise_filter_has_one_column(model):
    shown = tiles(plot_kernels(model, "depthwise"))
    kernel = model.get_layer("depthwise").kernel.numpy()
    assert set(shown) == {(row, 0) for row in range(16)}
    # Output channel 7 of a depthwise convolution with multiplier 2 is the second one of input 3.
    np.testing.assert_array_equal(shown[7, 0], kernel[:, :, 3, 1])


def test_a_separable_convolution_is_drawn_in_its_two_parts(model):
    figure = plot_kernels(model, "separable")
    assert "separable, depthwise part" in words(figure)
    assert "separable, pointwise part: 6 filters" in words(figure)
    heat = plot_kernels(model, "separable", part="pointwise", filters=[2], inputs=[1, 0])
    pointwise = model.get_layer("separable").pointwise_kernel.numpy()
    np.testing.assert_array_equal(images(heat)[0].get_array(), pointwise[0, 0, [1, 0], 2][None])
    with pytest.raises(ValueError, match="part="):
        plot_kernels(model, "separable", filters=[2])
    with pytest.raises(ValueError, match="depthwise, pointwise"):
        plot_kernels(model, "separable", part="kernel")


def test_a_transposed_convolutions_axes_are_put_in_order(model):
    shown = tiles(plot_kernels(model, "transposed"))
    kernel = model.get_layer("transposed").kernel.numpy()
    assert kernel.shape == (2, 3, 4, 6)  # Keras keeps the filters before the inputs
    assert set(shown) == {(row, column) for row in range(4) for column in range(6)}
    np.testing.assert_array_equal(shown[3, 5], kernel[:, :, 3, 5])


def test_1x1_kernels_are_a_heat_map_of_filters_by_inputs(model):
    for name in ("one", "dense"):
        shown = images(plot_kernels(model, name))
        matrix = np.squeeze(model.get_layer(name).kernel.numpy()).T
        drawn = shown[0].get_array()
        assert len(shown) == 1
        assert drawn.shape == (matrix.shape[0], min(matrix.shape[1], 256))
        if matrix.shape[1] <= 256:
            np.testing.assert_array_equal(drawn, matrix)


def test_layers_are_named_by_name_path_index_or_themselves(model):
    layer = model.get_layer("transposed")
    for figure in (plot_kernels(model, layer), plot_kernels(model, 5), plot_kernels(layer)):
        np.testing.assert_array_equal(tiles(figure)[1, 2], layer.kernel.numpy()[:, :, 1, 2])
    deep = model.get_layer("inner").get_layer("deep")
    assert layer_at(model, "inner/deep") is deep
    assert words(plot_kernels(model, "inner/deep")).startswith("inner/deep: 2 filters, 7 inputs")
    assert words(plot_kernels(model, "deep")).startswith("inner/deep: 2 filters, 7 inputs")


def test_the_first_kernel_over_rgb_is_in_colour_wherever_it_is():
    inner = keras.Sequential([keras.Input((9, 9, 3)), layers.Conv2D(2, 3, name="conv")], name="inner")
    wrapped = layers.SpectralNormalization(layers.Conv2D(3, 2), name="wrapped")
    nested = keras.Sequential([keras.Input((9, 9, 3)), inner, layers.Conv2D(3, 1), layers.Conv2D(2, 3, name="conv")])
    for model, first in (
        (nested, "inner/conv"),
        (keras.Sequential([keras.Input((9, 9, 3)), wrapped, layers.Conv2D(2, 3, name="conv")]), "wrapped"),
    ):
        assert "RGB" in columns(plot_kernels(model, first))
        later = plot_kernels(model, "conv")
        assert "RGB" not in columns(later)
        assert words(later).startswith("conv: 2 filters, 3 inputs")


def test_a_wrapped_transposed_convolution_is_drawn_like_one_that_is_not():
    layer = layers.Conv2DTranspose(5, 3, name="inner")
    model = keras.Sequential([keras.Input((8, 8, 12)), layers.SpectralNormalization(layer, name="wrapped")])
    for name in ("wrapped", "wrapped/inner", "inner", layer, 0):
        figure = plot_kernels(model, name)
        assert "5 filters, 12 inputs" in words(figure)
        np.testing.assert_array_equal(tiles(figure)[1, 7], layer.kernel.numpy()[:, :, 1, 7])


def test_a_name_that_two_layers_have_is_refused_with_their_paths():
    parts = [keras.Sequential([keras.Input((9, 9, 3)), layers.Conv2D(3, 1, name="conv")], name=name) for name in "ab"]
    model = keras.Sequential([keras.Input((9, 9, 3)), *parts])
    with pytest.raises(ValueError, match="2 layers 'conv': 'a/conv', 'b/conv'"):
        plot_kernels(model, "conv")
    assert words(plot_kernels(model, "b/conv")).startswith("b/conv: 3 filters")
    with pytest.raises(ValueError, match=r"Which layer of the model.* 'a/conv', 'b/conv'"):
        plot_kernels(model)


@pytest.mark.parametrize(
    ("wanted", "said"),
    [
        (("nowhere",), "no layer 'nowhere'"),
        ((99,), "12 layers|11 layers"),
        (("pool",), "no kernel that can be shown"),
        ((), "Which layer"),
    ],
)
def test_a_layer_that_cannot_be_drawn_is_refused_in_words(model, wanted, said):
    with pytest.raises(ValueError, match=said):
        plot_kernels(model, *wanted)


def test_what_is_no_kernel_is_refused_in_words():
    for thing in ("text", np.ones((3, 3)), np.ones((3, 3, 0, 1)), None):
        with pytest.raises(TypeError, match="Expected a Keras model"):
            plot_kernels(thing)
    with pytest.raises(ValueError, match="not built"):
        kernel_parts(layers.Conv2D(2, 3))


def test_kernels_that_are_zero_or_not_finite_are_drawn(tmp_path):
    kernel = np.zeros((3, 3, 1, 2))
    for scale in ("layer", "filter"):
        for signed in (True, False):
            plot_kernels(kernel, scale=scale, signed=signed).savefig(tmp_path / "zero.png")
    kernel[0, 0, 0, 0] = np.nan
    kernel[1, 1, 0, 1] = 3.0
    figure = plot_kernels(kernel)
    assert images(figure)[0].get_clim() == (-3.0, 3.0)
    figure.savefig(tmp_path / "nan.png")


def test_pyplot_is_not_touched(model):
    before = sys.modules.get("matplotlib.pyplot")
    plot_kernels(model, "first").canvas.draw()
    pyplot = sys.modules.get("matplotlib.pyplot")
    assert pyplot is before
    assert pyplot is None or not pyplot.get_fignums()


def test_the_model_stays_as_it_is(model):
    before = model.get_weights()
    plot_kernels(model, "separable")
    for one, two in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(one, two)


def test_colours_are_blue_below_zero_white_at_zero_and_red_above():
    colours = signed_colours(np.array([[-2.0, 0.0, 2.0], [np.nan, np.inf, 1.0]]), limit=2.0).astype(int)
    assert colours.shape == (2, 3, 3)
    assert colours[0, 0, 2] > colours[0, 0, 0] + 50
    assert (colours[0, 1] == 247).all()
    assert colours[0, 2, 0] > colours[0, 2, 2] + 50
    assert colours[1, 0].tolist() == colours[1, 1].tolist() == [255, 0, 255]
    assert colours[1, 2].tolist() == list(STOPS[6])  # half of the way from white to the end
    # Opposite numbers are equally far from white.
    np.testing.assert_array_equal(signed_colours(np.array([5.0]), 1.0), signed_colours(np.array([1.0]), 1.0))


def test_the_limit_is_the_largest_finite_absolute_value():
    assert symmetric_limit(np.array([1.0, -4.0, np.nan, np.inf])) == 4.0
    assert symmetric_limit(np.zeros(3)) == symmetric_limit(np.zeros(0)) == 1.0


def test_tiles_of_a_filter_are_one_picture_per_input():
    kernel = np.random.default_rng(3).normal(size=(3, 2, 5))
    found = kernel_tiles(kernel, limit=2.0)
    assert found.shape == (5, 3, 2, 3)
    assert found.dtype == np.uint8
    np.testing.assert_array_equal(found[4], signed_colours(kernel[:, :, 4], 2.0))


def test_a_grid_lays_the_tiles_out_row_by_row_with_lines_between():
    kernel = np.random.default_rng(4).normal(size=(3, 2, 5))
    grid, found = kernel_grid(kernel, columns=2), kernel_tiles(kernel)
    assert grid.shape == (3 * 4 - 1, 2 * 3 - 1, 3)
    np.testing.assert_array_equal(grid[4:7, 3:5], found[3])
    assert (grid[3] == 128).all()
    assert (grid[:, 2] == 128).all()
    assert (grid[8:, 3:] == 128).all()
    assert kernel_grid(np.zeros((3, 3, 1))).shape == (3, 3, 3)
    assert kernel_grid(np.zeros((1, 1, 512))).shape == (23, 23, 3)


def test_a_dense_matrix_and_a_gradient_follow_the_kernels_order():
    assert canonical(np.zeros((10, 4)), "dense").shape == (1, 1, 10, 4)
    assert canonical(np.zeros((3, 2, 5, 4)), "transposed").shape == (3, 2, 4, 5)
    assert canonical(np.zeros((3, 2, 5, 4)), "depthwise").shape == (3, 2, 1, 20)


def test_a_kernel_over_rgb_is_shown_in_colour_beside_its_red_green_and_blue_tiles():
    kernel = np.zeros((2, 2, 3), np.float32)
    kernel[0, 0] = (1, 0, -1)
    grid = colour_grid(kernel, 1.0)
    assert grid.shape == (5, 5, 3)
    assert grid[0, 0].tolist() == [255, 128, 0]  # all of red, the middle of green, none of blue
    assert grid[1, 1].tolist() == [128, 128, 128]
    for place, value in (((0, 3), 1.0), ((3, 0), 0.0), ((3, 3), -1.0)):
        assert grid[place].tolist() == signed_colours(np.array(value), 1.0).tolist()
    kernel[0, 0, 0] = np.nan
    assert grid.shape == colour_grid(kernel).shape
