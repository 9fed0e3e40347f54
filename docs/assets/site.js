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

// Recordings grow old while the page stays: the day is in the page, how long ago that is only the reader's clock knows.
window.addEventListener("load", () => {
  const day = 86_400_000;
  const words = (days) => (days === 1 ? "1 day" : `${days} days`);
  for (const time of document.querySelectorAll("time[data-age], time[data-until]")) {
    const days = Math.floor(Date.now() / day) - Date.parse(time.dateTime) / day;
    if (!Number.isInteger(days)) continue;
    const note = document.createElement("span");
    if ("age" in time.dataset) note.textContent = days < 0 ? "" : days === 0 ? " (today)" : ` (${words(days)} ago)`;
    else note.textContent = days > 0 ? ` (ended ${words(days)} ago)` : days === 0 ? " (today)" : ` (${words(-days)} left)`;
    if ("until" in time.dataset && days > 0) note.className = "ended";
    time.after(note);
  }
});

// On paper nothing can be opened, and a link is no use without its address.
window.addEventListener("beforeprint", () => {
  // Paper is white; only a script makes a page dark.
  document.body.dataset.printed = document.body.dataset.mdColorScheme || "";
  document.body.dataset.mdColorScheme = "default";
  for (const box of document.querySelectorAll(".md-content details:not([open])")) {
    box.open = true;
    box.dataset.opened = "";
  }
  for (const link of document.querySelectorAll(".md-content a[href]"))
    if (!link.getAttribute("href").startsWith("#")) link.dataset.address = link.href;
});
window.addEventListener("afterprint", () => {
  document.body.dataset.mdColorScheme = document.body.dataset.printed;
  for (const box of document.querySelectorAll("details[data-opened]")) {
    box.open = false;
    delete box.dataset.opened;
  }
});
