// What the theme puts around tables and code: a table that scrolls is reached by the keyboard, a button is no menu.
const mend = () => {
  for (const box of document.querySelectorAll(".md-typeset__scrollwrap")) {
    if (box.scrollWidth > box.clientWidth) box.tabIndex = 0;
  }
  for (const nav of document.querySelectorAll(".md-code__nav")) nav.role = "none";
};
new MutationObserver(mend).observe(document.querySelector(".md-content"), { childList: true, subtree: true });
addEventListener("resize", mend);
mend();
