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

  // On a narrow screen, and at 400 %, the menu and the search are opened by labels, which no keyboard reaches. The theme
  // presses a label for whoever presses Enter on it; here it also gets a place in the order, a name and the space bar.
  const narrow = matchMedia("(max-width: 76.2344em)");
  const button = (label, name) => {
    const toggle = document.getElementById(label.htmlFor);
    const was = label.getAttribute("tabindex");
    const tell = () => {
      // On a wide screen the menu's parts are open, and their labels only titles.
      const acts = narrow.matches || was === "0";
      const set = (key, value) => (acts ? label.setAttribute(key, value) : label.removeAttribute(key));
      set("tabindex", "0");
      set("role", "button");
      set("aria-expanded", toggle.checked);
      if (name) set("aria-label", name);
    };
    toggle.addEventListener("change", tell);
    narrow.addEventListener("change", tell);
    label.addEventListener("keydown", (event) => {
      if (event.key !== " " && event.key !== "Enter") return;
      event.preventDefault();
      event.stopPropagation();
      label.click();
    });
    tell();
  };
  const menu = document.querySelector(".md-header__button[for=__drawer]");
  if (menu) button(menu, "Menu");
  const search = document.querySelector(".md-header__button[for=__search]");
  if (search) button(search, "Search");
  for (const label of document.querySelectorAll(".md-nav__link[for^=__nav]")) button(label);
  for (const label of document.querySelectorAll(".md-nav__title[for^=__nav]")) button(label, `Back from ${label.textContent.trim()}`);
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
