// Controls that have no effect at present: disabled, with the reason as tooltip and as description.

/** Returns a function that takes the reason, "" for none, and whether there is a kernel to talk to. */
export function availability(parts: readonly (HTMLInputElement | HTMLSelectElement | HTMLButtonElement)[]) {
  const titles = parts.map((part) => part.title);
  let [reason, connected] = ["", true];

  function draw() {
    parts.forEach((part, index) => {
      part.disabled = Boolean(reason) || !connected;
      part.title = reason || (titles[index] ?? "");
      if (reason) part.setAttribute("aria-description", reason);
      else part.removeAttribute("aria-description");
    });
  }

  return {
    unavailable(next: string) {
      reason = next;
      draw();
    },
    enabled(on: boolean) {
      connected = on;
      draw();
    },
  };
}
