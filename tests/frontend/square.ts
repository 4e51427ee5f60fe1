// Pictures for the tests.

/** A square image of so many pixels, as a data URL. */
export function square(side: number, colour = "red"): string {
  const canvas = Object.assign(document.createElement("canvas"), { width: side, height: side });
  const context = canvas.getContext("2d");
  if (context) Object.assign(context, { fillStyle: colour }).fillRect(0, 0, side, side);
  return canvas.toDataURL();
}
