// A live figure is as light or dark as the page around it: a frame would follow the system, whatever the reader chose.
const match = () => {
  for (const frame of document.querySelectorAll(".live-figure iframe")) {
    // Of a page that was opened from a disk each file is a stranger to the others.
    const root = frame.contentDocument?.documentElement;
    if (root) root.style.colorScheme = getComputedStyle(document.body).colorScheme;
  }
};
new MutationObserver(match).observe(document.body, { attributeFilter: ["data-md-color-scheme"] });
document.addEventListener("load", match, true); // a frame's own does not bubble
match();
