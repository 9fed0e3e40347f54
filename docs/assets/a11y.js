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

  // The theme names a block of code after what it stands in: two blocks of a recipe would share one id, and the button of
  // the second one would copy the first. It takes the id that is there when it begins.
  document.querySelectorAll(".md-content pre:not([id])").forEach((block, place) => (block.id = place));

  // On a narrow screen, and at 400 %, menu and search are opened by labels, which a keyboard does not reach and which may
  // not be called buttons. Each gets a button, which lies over it.
  const narrow = matchMedia("(max-width: 76.2344em)");
  const cover = (label, name) => {
    const toggle = document.getElementById(label.htmlFor);
    const button = document.createElement("button");
    button.type = "button";
    button.className = "label-button";
    button.setAttribute("aria-label", name);
    const was = label.getAttribute("tabindex");
    const tell = () => {
      button.hidden = !narrow.matches;
      button.setAttribute("aria-expanded", toggle.checked);
      if (narrow.matches) label.removeAttribute("tabindex");
      else if (was !== null) label.setAttribute("tabindex", was);
    };
    button.addEventListener("click", () => toggle.click());
    toggle.addEventListener("change", tell);
    narrow.addEventListener("change", tell);
    label.append(button);
    tell();
    return button;
  };
  const header = (toggle) => document.querySelector(`.md-header__button[for=${toggle}]`);
  const menu = header("__drawer") && cover(header("__drawer"), "Menu");
  if (header("__search")) cover(header("__search"), "Search");
  const title = (label) => (label.textContent || label.getAttribute("aria-label") || "").trim();
  for (const label of document.querySelectorAll(".md-nav__link[for^=__nav]")) cover(label, title(label));
  for (const label of document.querySelectorAll(".md-nav__title[for^=__nav]")) cover(label, `Back from ${title(label)}`);
  const drawer = document.getElementById("__drawer");
  addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || !drawer?.checked) return;
    drawer.click();
    menu.focus();
  });

  // The theme makes a landmark "navigation" of the buttons of every block of code, while it goes through the page.
  const plain = () => {
    for (const buttons of document.querySelectorAll("nav.md-code__nav:not([role])")) buttons.setAttribute("role", "none");
  };
  plain();
  new MutationObserver(plain).observe(document.body, { childList: true, subtree: true });
})();
