"""What a screen reader finds that reads a page from its first line to its last; the words are Chromium's."""

import re
from collections.abc import Callable
from itertools import pairwise

from playwright.sync_api import Page

from tests.frontend.hearing import Reader

PICTURE = """
What filter 0 of layer conv1 responds to, picture
conv1 · filter 0 of 0–15
Play, button, Show the picture at one iteration after the other
Activation over 4 iterations, from 1 to 6, picture
Iteration, slider, iteration 4 of 4, activation 6, Drag to see the picture as it was at an iteration
Iterations done, progress bar, 4
Done · 4 of 4
Stop, button, disabled, Stop the run; the picture so far stays
Run again, button, Draw the picture anew, for example after more training
Done, activation 6
"""
HEADS = "Where each head of the layer looks in the photo: from the class token, or from a place that is chosen"
BESIDE = f"""
Kernel, region
Kernel, heading 3, The weights that make the filter: blue below zero, red above
Save Kernel as PNG, button
Kernel of filter 0 of layer conv1, picture
Scale: blue -0.5, white 0, red 0.5, picture
3 x 3 weights
Field, region
Field, heading 3, Which pixels of the image one position of the feature map can see
Receptive field of a position, application, Arrow keys choose a position, Enter frees it
16 x 16 pixels
Strongest, region
Strongest, heading 3, The images of your set that excite the filter most, and least
weakest, toggle button, The images that excite it the least
whole, toggle button, The whole images, with what the strongest position sees
flower 3, activation 3, picture
flower 2, activation 2, picture
flower 1, activation 1, picture
The optimum is 2 × the strongest of your images.
Of 5 images
Map, region
Map, heading 3, The filter's feature map over the photo
Save Map as PNG, button
Feature map over the photo, application, Arrow keys choose a position, Enter frees it
Point at a position, or choose one by arrow keys
Opacity of the feature map, slider, 80
Scale of the feature map, combo box, collapsed, own scale, What is drawn in full colour
On cat.jpg
Attention, region
Attention, heading 3, {HEADS}
no place, button, disabled, From the class token, or from all places together
Where head 0 looks, 75 % of it on the photo, picture
Where head 1 looks, 50 % of it on the photo, picture
Where head 2 looks, 100 % of it on the photo, picture
On cat.jpg: where the class token looks
Inhibits, region
Inhibits, heading 3, The picture of the opposite sign: what lowers the activation most
Save Inhibits as PNG, button
What inhibits filter 0 of layer conv1, picture
Activation -2 here.
Photo, region
Photo, heading 3, What in the photo excites the filter: an ascent that starts there and stays near it
Save Photo as PNG, button
What in the photo excites filter 0 of layer conv1, picture
Activation 1 in the photo, 3 here.
Without, region
Without, heading 3, What the model says with and without the filter
On the photo, table
Class, column header
With, column header
Without, column header
tulip, row header
90.0 %
40.0 %
iris, row header
5.0 %
50.0 %
Over 20 images, table
Class, column header
With, column header
Without, column header
tulip, row header
80.0 %
60.0 %
Without it: iris, not tulip.
Neighbours, region
Neighbours, heading 3, Filters before and behind it with the strongest effective weights
Before it
It sees the image itself.
Behind it
conv2 7 -0.25, button, Go to filter 7 of conv2, which inhibits
conv2 1 0.125, button, Go to filter 1 of conv2, which excites
Sheet, region
Sheet, heading 3, All filters of the layer
Show, combo box, collapsed, Feature maps on the photo, What the small pictures are
Sort, combo box, collapsed, by number, The order of the filters
Filter number, spin button, Type a number and press Enter to go to that filter
Filters of layer conv1, grid
Filter 0, activation 0, cell, selected
Filter 1, activation 0.25, cell
"""
EPOCH = """
Kernel
Kernel of filter 0 of layer conv1, epoch 0, picture
Scale: blue -0.5, white 0, red 0.5, picture
3 x 3, 3 inputs
Gradient on the probe
Gradient of filter 0 of layer conv1, epoch 0, picture
Scale: blue -0.25, white 0, red 0.25, picture
3 x 3, 3 inputs
What it responds to
What filter 0 of layer conv1 responds to, epoch 0, picture
activation 2
loss, epoch 2: 1.75, val_loss 2, picture
loss
val_loss 2
Gradient norm: conv1, epoch 2: 1, exploding, picture
conv1
conv2
logarithmic scale
"""
NETWORK = """
Where you are, navigation
flowers_net, heading 1
Search layers, filters and classes, combo box, collapsed
flowers_net, heading 2
What every filter of the network responds to: for each the picture that excites it most.
"""
LAYERS = """
Layers, region
conv1 Conv2D 40 filters, link
branch_a Conv2D 33 filters, link
branch_b Conv2D 64 filters, link
block/conv3 Conv2D 100 filters, link
logits Dense 10 filters, link
"""
FILTER = """
Where you are, navigation
flowers_net, heading 1
block/conv3, link, All filters of block/conv3
12
Search layers, filters and classes, combo box, collapsed
block/conv3, filter 12, heading 2
Open, button, Open the file of the optimum, to save it
11, link, The previous filter (arrow key)
13, link, The next filter (arrow key)
Conv2D · filter 12 of 0–99
What filter 12 of layer block/conv3 responds to, picture
"""


def lines(text: str) -> list[str]:
    return text.strip().splitlines()


def said_twice(read: list[str]) -> list[str]:
    """Lines that say what the one before has just said, or have the same words as their name and their description."""
    words = [re.sub(r"[^\w ]", "", line.lower()) for line in read]
    again = [line for (before, after), line in zip(pairwise(words), read[1:], strict=True) if before.endswith(after)]
    twice = [line for line, parts in zip(read, [line.split(", ") for line in read], strict=True)
             if len(parts) > 2 and parts[0].lower() == parts[-1].lower()]  # fmt: skip
    return again + twice


def test_the_explorer_reads_as_it_looks(blank: Page) -> None:
    blank.evaluate("() => { window.model = new fv.FakeModel(); fv.mount(model, one); model.kernel(fv.filled()) }")
    blank.evaluate("model.kernel({ status: 'running' }); model.kernel({ status: 'done' })")
    blank.clock.run_for(500)
    assert Reader(blank, ".filterviz-main").reading() == lines(PICTURE)
    panels = Reader(blank, ".filterviz-panels").reading()
    assert panels[: len(lines(BESIDE))] == lines(BESIDE)
    assert said_twice(Reader(blank).reading()) == []


def test_a_history_reads_as_it_looks(blank: Page) -> None:
    blank.evaluate("() => { window.model = new fv.FakeHistory(); fv.mountHistory(model, one); model.record(4) }")
    blank.evaluate("model.kernel({ epoch: 2, marks: { conv1: ['', '', 'exploding', ''] } })")
    places = (".filterviz-tiles", ".filterviz-charts")
    assert [line for place in places for line in Reader(blank, place).reading()] == lines(EPOCH)
    assert said_twice(Reader(blank).reading()) == []


def test_an_atlas_reads_as_it_looks(site: Callable[[str], Page]) -> None:
    for address, begins, has in (
        ("", NETWORK, LAYERS),
        ("#block/conv3", "", "Filters of layer block/conv3, grid"),
        ("#block/conv3/12", FILTER, "Facet 1 of filter 12 of layer block/conv3, picture"),
    ):
        read = Reader(site(f"one/index.html{address}"), "main").reading()
        assert read[: len(lines(begins))] == lines(begins)
        assert "\n".join(lines(has)) in "\n".join(read)
        assert said_twice(read) == []
