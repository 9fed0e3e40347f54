// Wide tables scroll sideways: let them be reached and scrolled with the keyboard, under the name of their section.
window.addEventListener("load", () => {
  for (const box of document.querySelectorAll(".md-typeset__scrollwrap")) {
    let before = box.previousElementSibling;
    while (before && !/^H[1-6]$/.test(before.tagName)) before = before.previousElementSibling;
    const title = (before || document.querySelector("h1"))?.firstChild?.textContent.trim();
    box.tabIndex = 0;
    box.setAttribute("role", "group");
    box.setAttribute("aria-label", `Table: ${title}`);
  }
});
