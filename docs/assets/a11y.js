// What the theme leaves without a name, or marks as a landmark that is none. Each of it is for readers who only hear
// the page; without JavaScript there is no search window and no button to copy, and the menu's parts keep their titles.
(() => {
  // The search is a dialog without a name.
  document.querySelector(".md-search[role=dialog]")?.setAttribute("aria-label", "Search");

  // A part of the menu that has a page of its own is named by a label that only holds an arrow.
  for (const part of document.querySelectorAll("nav[aria-labelledby]")) {
    const label = document.getElementById(part.getAttribute("aria-labelledby"));
    const title = label?.parentElement.querySelector("a")?.textContent.trim();
    if (!label || label.textContent.trim() || !title) continue;
    label.setAttribute("aria-label", title);
    part.removeAttribute("aria-labelledby");
    part.setAttribute("aria-label", title);
  }

  // The theme makes a landmark "navigation" of the buttons of every block of code, while it goes through the page.
  const plain = () => {
    for (const buttons of document.querySelectorAll("nav.md-code__nav:not([role])")) buttons.setAttribute("role", "none");
  };
  plain();
  new MutationObserver(plain).observe(document.body, { childList: true, subtree: true });
})();
