"""A page filmed while a hand moves over it: frames of the screen at even distances, as an animated WebP."""

import base64
import io
import math
import time
from pathlib import Path
from typing import Any

from PIL import Image
from playwright.sync_api import Page

PACE = 8
"""Frames a second."""

LARGEST = 950_000
"""Bytes of a film: GitHub shows it at once."""

WIDTH = 720

HAND = """
<svg width="22" height="28" viewBox="0 0 22 28" xmlns="http://www.w3.org/2000/svg">
<path d="M2 2v20l5.2-4.6 3.6 8 3.4-1.6-3.5-7.8 6.9-.6z" fill="#fff" stroke="#000" stroke-width="1.6"/></svg>
"""


class Film:
    """What a part of the page looked like, from `begin` to `save`.

    Args:
        page: The page.
        part: Left, top, width and height in pixels of the page's window.
    """

    def __init__(self, page: Page, part: tuple[float, float, float, float]) -> None:
        self._page, self._part = page, part
        self._frames: list[tuple[float, bytes]] = []
        self._session = page.context.new_cdp_session(page)
        self._session.on("Page.screencastFrame", self._take)

    def _take(self, frame: dict[str, Any]) -> None:
        self._frames.append((frame["metadata"]["timestamp"], base64.b64decode(frame["data"])))
        self._session.send("Page.screencastFrameAck", {"sessionId": frame["sessionId"]})

    def begin(self) -> None:
        """From here on it is filmed."""
        self._session.send("Page.startScreencast", {"format": "png", "everyNthFrame": 1})
        self._page.wait_for_timeout(300)
        self._frames = self._frames[-1:]

    def save(self, path: Path) -> None:
        """Ends it, and writes it as small as it has to be."""
        self._session.send("Page.stopScreencast")
        images = [self._cut(data) for data in self._even()]
        for quality in (70, 60, 50, 40, 30, 20):
            buffer = io.BytesIO()
            images[0].save(
                *(buffer, "WEBP"),
                save_all=True,
                append_images=images[1:],
                duration=1000 // PACE,
                loop=0,
                quality=quality,
                method=4,
            )
            if buffer.tell() < LARGEST:
                break
        else:
            raise ValueError(f"{path.name} takes {buffer.tell()} bytes at the lowest quality: film less.")
        path.write_bytes(buffer.getvalue())
        print(f"{path.name}: {len(images)} frames, quality {quality}, {buffer.tell() // 1000} kB", flush=True)

    def _even(self) -> list[bytes]:
        """The frame that was on the screen at each moment of an even pace."""
        first, last = self._frames[0][0], self._frames[-1][0]
        moments = [first + place / PACE for place in range(1 + math.ceil((last - first) * PACE))]
        return [max((each for each in self._frames if each[0] <= at), key=lambda each: each[0])[1] for at in moments]

    def _cut(self, data: bytes) -> Image.Image:
        image = Image.open(io.BytesIO(data)).convert("RGB")
        share = image.width / float(self._page.evaluate("innerWidth"))
        left, top, width, height = (round(each * share) for each in self._part)
        part = image.crop((left, top, left + width, min(top + height, image.height)))
        return part.resize((WIDTH, round(part.height * WIDTH / part.width)), Image.Resampling.LANCZOS)


class Hand:
    """The mouse, which no picture of a page shows: an arrow goes where it is."""

    def __init__(self, page: Page) -> None:
        self._page, self._at = page, (0.0, 0.0)
        page.evaluate(
            """(drawing) => {
                const arrow = document.createElement("div");
                arrow.innerHTML = drawing;
                arrow.style.cssText = "position: fixed; z-index: 99999; pointer-events: none; left: 0; top: 0";
                document.body.append(arrow);
                addEventListener("mousemove", ({ clientX, clientY }) => {
                    arrow.style.transform = `translate(${clientX - 2}px, ${clientY - 2}px)`;
                }, { capture: true });
            }""",
            HAND,
        )

    def rest(self, seconds: float) -> None:
        """Stays where it is."""
        self._page.wait_for_timeout(1000 * seconds)

    def to(self, x: float, y: float, seconds: float = 0.7) -> None:
        """Goes there, slower at both ends."""
        (left, top), began = self._at, time.monotonic()
        while (share := min(1.0, (time.monotonic() - began) / seconds)) < 1:
            eased = share * share * (3 - 2 * share)
            self._page.mouse.move(left + eased * (x - left), top + eased * (y - top))
            self._page.wait_for_timeout(16)
        self._page.mouse.move(x, y)
        self._at = (x, y)

    def drag(self, by: float, seconds: float) -> None:
        """Presses, goes so many pixels to the right, and lets go."""
        self._page.mouse.down()
        self.to(self._at[0] + by, self._at[1], seconds)
        self._page.mouse.up()
