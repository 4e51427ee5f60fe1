// The slices of a volume, which lie one below the other in every image: one of them is looked at.

/** The slice that is looked at, of those that lie one below the other in every image. */
export interface Slices {
  readonly at: number;
  /** How many there are; 1 where an image is no volume. */
  readonly of: number;
  /** Calls `act` now and whenever another slice is looked at. */
  follow(act: () => void): void;
}

/** Makes a frame a window on the slice that is looked at of the strip of slices that an image in it is. */
export function strip(frame: HTMLElement, image: HTMLImageElement, slices: Slices, signal: AbortSignal): void {
  function draw() {
    const isStrip = slices.of > 1;
    frame.classList.toggle("filterviz-strip", isStrip);
    image.style.transform = isStrip ? `translateY(${(-100 * slices.at) / slices.of}%)` : "";
    const height = image.naturalHeight / slices.of;
    if (isStrip && height) frame.style.aspectRatio = `${image.naturalWidth} / ${height}`;
  }

  image.addEventListener("load", draw, { signal });
  slices.follow(draw);
}
