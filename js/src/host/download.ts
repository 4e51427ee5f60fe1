// Files that the page hands to its reader.
import { element } from "../base/dom";

/** `source` is a data URL, or bytes with their kind. */
export function download(name: string, source: string | { data: BlobPart; kind: string }): void {
  const address = typeof source === "string" ? source : URL.createObjectURL(new Blob([source.data], { type: source.kind }));
  const link = element("a", { href: address, download: name, hidden: true });
  document.body.append(link);
  link.click();
  link.remove();
  if (typeof source !== "string") setTimeout(() => URL.revokeObjectURL(address), 60_000);
}

/** An image's pixels as a PNG's data URL, whatever it came as. */
export function asPng(image: HTMLImageElement): string | undefined {
  if (!image.naturalWidth) return undefined;
  const canvas = element("canvas", { width: image.naturalWidth, height: image.naturalHeight });
  canvas.getContext("2d")?.drawImage(image, 0, 0);
  return canvas.toDataURL("image/png");
}
