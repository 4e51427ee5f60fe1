// Controls that have no effect at present: disabled, with the reason as tooltip and as description.

type Part = HTMLInputElement | HTMLSelectElement | HTMLButtonElement | HTMLLabelElement;

/** Returns a function that takes the reason, "" for none, and one that takes whether there is a kernel to talk to. */
export function availability(parts: readonly Part[]) {
  const titles = parts.map((part) => part.title);
  let [reason, connected] = ["", true];

  function draw() {
    parts.forEach((part, index) => {
      part.title = reason || (titles[index] ?? "");
      if (!("disabled" in part)) return; // a label: where the mouse looks for the reason
      part.disabled = Boolean(reason) || !connected;
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
