// How a photo is brought in: from a file, by dropping or pasting it, or from the camera.
import { element } from "../base/dom";
import { availability } from "./available";

export interface PhotoInput {
  element: HTMLElement;
  enabled(on: boolean): void;
  /** Says something of the photo, beside the buttons. */
  say(words: string): void;
}

/** Files up to this size are handed on as they are. */
const LARGEST = 4e6;
/** The longer side in pixels of those that are made smaller. */
const SIDE = 1600;
const QUALITY = 0.92;

const REFUSED: Record<string, string> = {
  NotSupportedError: "The browser gives this page no camera.",
  NotAllowedError: "The camera was not allowed.",
  NotFoundError: "There is no camera.",
  NotReadableError: "The camera does not answer: another program may be using it.",
};

/** Files are dropped, and pictures pasted, on the whole of `target`. */
export function photoInput(
  target: HTMLElement, given: (name: string, data: ArrayBuffer) => void, signal: AbortSignal,
): PhotoInput {
  const on = { signal };
  const words = element("span", { className: "filterviz-photo-words" }, { "aria-live": "polite" });
  /** What is known of the photo, what is to be added to it, and what stands there instead for now. */
  let [known, remark, notice] = ["", "", ""];
  const draw = () => {
    const text = notice || [known, remark].filter(Boolean).join(" · ");
    if (words.textContent !== text) words.textContent = text;
  };
  const say = (text: string, isBad = false) => {
    notice = text;
    words.classList.toggle("filterviz-photo-bad", isBad);
    draw();
  };
  const complain = (text: string) => say(text, true);
  let connected = true;
  /** Of several files on their way, the last one counts. */
  let latest = 0;

  /** Hands on what `find` finds, or says why there is nothing. */
  async function take(name: string, find: () => Promise<ArrayBuffer>, more = "") {
    const own = ++latest;
    const isLatest = () => own === latest && connected && !signal.aborted;
    say("Reading the photo …");
    try {
      const data = await find();
      if (!isLatest()) return;
      remark = more;
      say("");
      given(name, data);
    } catch {
      if (isLatest()) complain(`${name} is not an image that can be read.`);
    }
  }

  function takeFirst(files: readonly File[], name = files[0]?.name ?? "") {
    const [first] = files;
    const more = files.length > 1 ? `The first of ${files.length} files` : "";
    if (first) void take(name, () => fitting(first), more);
  }

  const file = element("input", { type: "file", accept: "image/*", hidden: true });
  file.addEventListener("change", () => {
    takeFirst([...(file.files ?? [])]);
    file.value = ""; // so that the same file can be chosen again
  }, on);
  const open = button("Open…", "Choose a photo; or drop one on the widget, or paste one", () => file.click(), signal);

  const live = camera((data) => void take("Photo from the camera", data), say, complain, signal);
  const shoot = button("Camera", "Take a photo", live.toggle, signal);
  live.opened((isOpen) => {
    shoot.setAttribute("aria-expanded", String(isOpen));
    // Of the buttons below the picture, the one that was pressed is gone.
    if (!isOpen && live.element.matches(":focus-within")) shoot.focus();
  });

  const dropped = (files: File[]) => (files.length ? takeFirst(files) : complain("Only files can be dropped here."));
  dropping(target, () => connected, dropped, signal);
  // A button is no place to paste into: the event begins at what is selected, which may be anywhere in the page.
  document.addEventListener("paste", (event) => {
    const files = [...(event.clipboardData?.files ?? [])].filter(({ type }) => type.startsWith("image/"));
    const focused = (target.getRootNode() as Document | ShadowRoot).activeElement;
    if (!files.length || !connected || !focused || !target.contains(focused)) return;
    // Cells of a table come as both.
    if (focused.matches("input") && event.clipboardData?.types.includes("text/plain")) return;
    event.preventDefault();
    event.stopPropagation();
    takeFirst(files, files[0]?.name === "image.png" ? "Pasted picture" : files[0]?.name);
  }, { capture: true, signal });

  const rest = availability([open, shoot]);
  return {
    element: element("div", { className: "filterviz-photo" }, {},
      element("div", { className: "filterviz-photo-line" }, {}, open, shoot, file, words), live.element),
    enabled(next) {
      connected = next;
      if (!connected) live.close();
      rest.enabled(connected);
    },
    say(text) {
      known = text;
      say("");
    },
  };
}

function button(textContent: string, title: string, act: () => void, signal: AbortSignal) {
  const made = element("button", { type: "button", className: "filterviz-button", textContent, title });
  made.addEventListener("click", act, { signal });
  return made;
}

/** A file's bytes, or those of a smaller picture where it is large. Throws where it is no image. */
async function fitting(file: File): Promise<ArrayBuffer> {
  const bitmap = await createImageBitmap(file); // upright, whatever way the camera was held
  try {
    return file.size <= LARGEST ? await file.arrayBuffer() : await encoded(bitmap, bitmap.width, bitmap.height);
  } finally {
    bitmap.close();
  }
}

async function encoded(source: CanvasImageSource, width: number, height: number): Promise<ArrayBuffer> {
  const share = Math.min(1, SIDE / Math.max(width, height));
  const size = { width: Math.max(1, Math.round(width * share)), height: Math.max(1, Math.round(height * share)) };
  const canvas = element("canvas", size);
  const context = canvas.getContext("2d");
  if (!context) throw new Error("no room for a picture of this size");
  context.imageSmoothingQuality = "high";
  context.fillStyle = "white"; // below what is transparent, which JPEG does not know
  context.fillRect(0, 0, size.width, size.height);
  context.drawImage(source, 0, 0, size.width, size.height);
  const blob = await new Promise<Blob | null>((done) => canvas.toBlob(done, "image/jpeg", QUALITY));
  if (!blob) throw new Error("no room for a picture of this size");
  return blob.arrayBuffer();
}

/** Files over the target are ours alone: hosts take drops for their own folders, and browsers would leave the page. */
function dropping(target: HTMLElement, open: () => boolean, dropped: (files: File[]) => void, signal: AbortSignal) {
  const sign = element("div", { className: "filterviz-drop" }, { "aria-hidden": "true" },
    element("span", { textContent: "Drop the photo" }));
  let inside: EventTarget | null = null;
  const has = (event: DragEvent, type: string) => event.dataTransfer?.types.includes(type) ?? false;
  const isOurs = (event: DragEvent) => has(event, "Files") || has(event, "text/uri-list");

  function mark(isOver: boolean) {
    target.classList.toggle("filterviz-dropping", isOver);
    if (!isOver) sign.remove();
    else if (!sign.isConnected) target.append(sign);
  }

  const follow = (kind: "dragenter" | "dragover" | "dragleave" | "drop", act: (event: DragEvent) => void) =>
    target.addEventListener(kind, (event) => {
      if (!isOurs(event)) return;
      event.preventDefault();
      event.stopPropagation();
      act(event);
    }, { signal });
  const over = (event: DragEvent) => {
    mark(open() && has(event, "Files"));
    if (event.dataTransfer) event.dataTransfer.dropEffect = open() ? "copy" : "none";
  };
  // The next part is entered before the last one is left.
  follow("dragenter", (event) => {
    inside = event.target;
    over(event);
  });
  follow("dragover", over);
  follow("dragleave", (event) => event.target === inside && mark(false));
  follow("drop", (event) => {
    mark(false);
    if (open()) dropped([...(event.dataTransfer?.files ?? [])]);
  });
  signal.addEventListener("abort", () => mark(false));
}

/** A live picture with Take and Cancel. Whatever closes it, the camera goes off. */
function camera(
  taken: (data: () => Promise<ArrayBuffer>) => void, say: (words: string) => void, complain: (words: string) => void,
  signal: AbortSignal,
) {
  const video = element("video", { muted: true, autoplay: true, playsInline: true },
    { "aria-label": "What the camera sees" });
  const take = button("Take", "", () => {
    const data = encoded(video, video.videoWidth, video.videoHeight); // drawn before the camera goes off
    taken(() => data);
    close();
  }, signal);
  const root = element("div", { className: "filterviz-camera", hidden: true },
    { role: "group", "aria-label": "Camera" },
    video, element("div", { className: "filterviz-photo-line" }, {}, take, button("Cancel", "", close, signal)));
  root.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    event.stopPropagation(); // the next one leaves the widget
    close();
  }, { signal });
  video.addEventListener("loadeddata", () => (take.disabled = false), { signal });

  let stream: MediaStream | undefined;
  /** Counts the times that it was opened or closed: what was asked for before then is not wanted any more. */
  let turn = 0;
  let isOpen = false;
  let told: (isOpen: boolean) => void = () => undefined;

  function close() {
    turn += 1;
    stream?.getTracks().forEach((track) => track.stop());
    stream = undefined;
    video.srcObject = null;
    isOpen = false;
    told(false);
    root.hidden = true;
  }

  async function start() {
    const own = ++turn;
    isOpen = true;
    told(true);
    try {
      // Pages that came by plain http have none.
      if (!navigator.mediaDevices?.getUserMedia) throw new DOMException("", "NotSupportedError");
      say("Waiting for the camera …");
      const got = await navigator.mediaDevices.getUserMedia({ video: { width: { ideal: SIDE } }, audio: false });
      if (own !== turn) return got.getTracks().forEach((track) => track.stop());
      stream = got;
      for (const track of got.getTracks()) track.addEventListener("ended", close, { signal });
      take.disabled = true;
      root.hidden = false;
      video.srcObject = got;
      say("");
    } catch (error) {
      if (own !== turn) return;
      close();
      const name = error instanceof DOMException ? error.name : "";
      complain(REFUSED[name] ?? "The camera cannot be used.");
    }
  }

  signal.addEventListener("abort", close);
  return {
    element: root,
    close,
    toggle: () => (isOpen ? close() : void start()),
    opened: (act: (isOpen: boolean) => void) => (told = act),
  };
}
