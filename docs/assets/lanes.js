// A reader picks their versions once; pages then show what happens with those. Without this script every lane is shown.
// What is true of some lanes only has data-lane="id id"; every page lists the lanes, as a page of a file system may not fetch.
{
  const key = `${new URL(".", document.currentScript.src).pathname}lane`;
  const make = (tag, attributes, ...children) => {
    const element = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
    element.append(...children);
    return element;
  };
  const plain = (element) => element.textContent.replace(/\s+/g, " ").trim();
  const name = (lane) => `${lane.server} · ${lane.client}`;
  const list = (parts) => (parts.length < 2 ? parts : parts.flatMap((one, place) => (place ? [place === parts.length - 1 ? " and " : ", ", one] : [one])));

  // A browser may refuse to remember anything: then the choice lasts as long as the page.
  const remembered = () => {
    try {
      return JSON.parse(localStorage.getItem(key)) || {};
    } catch {
      return {};
    }
  };
  const remember = (choice) => {
    try {
      if (choice.server || choice.client) localStorage.setItem(key, JSON.stringify(choice));
      else localStorage.removeItem(key);
    } catch {}
  };

  const start = (lanes) => {
    const content = document.querySelector(".md-content__inner");
    const header = document.querySelector(".md-header__inner");
    if (!content || !header || !Array.isArray(lanes) || !lanes.length) return;
    const titled = (field) => lanes[0][field].replace(/\s+\S+$/, "");
    const select = (field) => {
      const values = [...new Set(lanes.map((lane) => lane[field]))];
      return make("select", { name: field }, new Option(`any ${titled(field)}`, ""), ...values.map((one) => new Option(one, one)));
    };
    const selects = { server: select("server"), client: select("client") };
    const all = make("button", { type: "button", class: "lane-panel__all" }, "Show all lanes");
    const close = make("button", { type: "button", popovertarget: "lane-panel", popovertargetaction: "hide" }, "Done");
    const told = make("output", { "aria-live": "polite" });
    const form = make(
      "form",
      { id: "lane-panel", class: "lane-panel md-typeset", popover: "auto", "aria-label": "Your versions", autocomplete: "off" },
      make("p", {}, "Pick your versions once. Each page then says what fails with them, and leaves out what other versions print. It is remembered in this browser only."),
      make("label", {}, titled("server"), selects.server),
      make("label", {}, titled("client"), selects.client),
      told,
      make("p", { class: "lane-panel__buttons" }, all, close),
    );
    const label = make("span", { class: "lane-button__label" });
    const button = make("button", { type: "button", class: "lane-button", popovertarget: "lane-panel" }, label);
    header.querySelector(".md-header__title").after(button);
    header.after(form);

    const notice = make("div", { class: "lane-notice", role: "status" });
    const heading = content.querySelector("h1");
    if (heading) (heading.closest(".hero") || heading).after(notice);
    else content.prepend(notice);

    const chosen = (choice) => lanes.filter((lane) => ["server", "client"].every((field) => !choice[field] || lane[field] === choice[field]));
    const words = (choice) => [choice.server, choice.client].filter(Boolean).join(" and ");

    const mark = (choice) => {
      const mine = chosen(choice);
      const some = mine.length < lanes.length;
      for (const element of content.querySelectorAll("[data-lane]:not(.filterable *)")) {
        const off = some && !element.dataset.lane.split(/\s+/).some((id) => mine.some((lane) => lane.id === id));
        // A chip of another lane stays readable: it says what a change of versions would bring.
        element.classList.toggle(element.matches(".chip") ? "lane-other" : "lane-off", off);
      }
      const names = new Set(some ? [...mine.map(name), choice.server, choice.client].filter(Boolean) : []);
      for (const table of content.querySelectorAll("table")) {
        const head = [...table.querySelectorAll("thead th")];
        const simple = table.tHead?.rows.length === 1 && head.every((cell) => cell.colSpan === 1);
        const columns = head.map((cell) => simple && names.has(plain(cell)));
        for (const row of table.rows) for (const cell of row.cells) cell.classList.toggle("lane-column", columns[cell.cellIndex] === true);
      }
      for (const block of content.querySelectorAll("details.wire"))
        block.classList.toggle("lane-mine", some && mine.some((lane) => plain(block).startsWith(name(lane))));
      for (const row of content.querySelectorAll("tr[data-row]"))
        row.classList.toggle("lane-mine", some && mine.some((lane) => lane.id === row.dataset.row));
      tell(choice, mine, some);
    };

    const tell = (choice, mine, some) => {
      const recipes = [...content.querySelectorAll(".recipe")].filter((recipe) => recipe.querySelector(".chip[data-lane]"));
      const links = (verdict) =>
        recipes.flatMap((recipe, place) => {
          const ids = [...recipe.querySelectorAll(`.chip--${verdict}[data-lane]`)].map((chip) => chip.dataset.lane);
          const lanesOf = mine.filter((lane) => ids.includes(lane.id));
          if (!lanesOf.length) return [];
          recipe.id ||= `recipe-${place + 1}`;
          const title = plain(recipe.querySelector(".filename") || recipe.querySelector("code")).replace(/^examples\//, "");
          const link = make("a", { href: `#${recipe.id}` }, title);
          const whole = lanesOf.length === mine.length;
          // What fails in every lane that was recorded says nothing of this one.
          const everywhere = ids.length + recipe.querySelectorAll(".chip--not_recorded[data-lane]").length === lanes.length;
          return [{ link: whole ? link : make("span", {}, link, ` (${lanesOf.map(name).join("; ")})`), everywhere }];
        });
      notice.replaceChildren();
      if (some && recipes.length) {
        const [failing, missing, held] = ["fails_as_shown", "not_recorded", "quarantined"].map(links);
        const of = recipes.length === 1 ? "the one example" : `${recipes.length} examples`;
        const count = (found) => (recipes.length === 1 ? of : `${found.length} of ${of}`);
        const lines = [];
        if (failing.length) {
          const [here, everywhere] = [false, true].map((is) => failing.filter((one) => one.everywhere === is).map((one) => one.link));
          const too = everywhere.length ? [here.length ? "; with every other recorded version too: " : "", ...list(everywhere)] : [];
          const where = here.length ? "" : ", as with every other recorded version";
          const fail = `${count(failing)} ${failing.length === 1 ? "fails" : "fail"} with ${words(choice)}${where}: `;
          lines.push([`On this page ${fail}`, ...list(here), ...too, "."]);
        }
        if (missing.length) lines.push([`${lines.length ? "Not" : `With ${words(choice)}, not`} recorded: `, ...list(missing.map((one) => one.link)), "."]);
        if (held.length) lines.push(["In quarantine, so not verified: ", ...list(held.map((one) => one.link)), "."]);
        if (!lines.length) lines.push([`With ${words(choice)}, ${recipes.length === 1 ? "the example" : `all ${of}`} of this page ran as shown.`]);
        notice.append(...lines.map((parts) => make("p", {}, ...parts)));
        notice.classList.toggle("lane-notice--fails", failing.length > 0);
      }
      const sum = (verdict) => mine.map((lane) => lane[verdict]).join(" / ");
      const each = mine.length > 1 ? ` (${mine.map(name).join(" / ")})` : "";
      told.value = some ? `Of all examples, ${sum("passes")} ran as shown, ${sum("fails_as_shown")} fail as shown, ${sum("not_recorded")} are not recorded${each}.` : "All lanes are shown.";
      // On a narrow screen the numbers alone are seen.
      const parts = [choice.server, choice.client].filter(Boolean).map((one) => {
        const number = one.slice(one.lastIndexOf(" ") + 1);
        return make("span", {}, make("span", { class: "lane-button__name" }, one.slice(0, one.length - number.length)), number);
      });
      const unseen = make("span", { class: "lane-button__unseen" }, some ? "Your versions: " : ": pick yours");
      label.replaceChildren(...(some ? [unseen, ...parts.flatMap((one, place) => (place ? [" · ", one] : [one]))] : ["All versions", unseen]));
      button.classList.toggle("lane-button--chosen", some);
    };

    const choose = (choice) => {
      for (const [field, control] of Object.entries(selects)) control.value = choice[field] || "";
      remember(choice);
      mark(choice);
    };
    form.addEventListener("change", () => choose({ server: selects.server.value, client: selects.client.value }));
    form.addEventListener("submit", (event) => event.preventDefault());
    all.addEventListener("click", () => {
      choose({});
      selects.server.focus();
    });
    for (const one of content.querySelectorAll(".pick")) one.hidden = false;

    // An address may name a lane, as in ?lane=server/client. What is not there any more is not taken.
    const asked = lanes.find(({ id }) => id === new URLSearchParams(location.search).get("lane"));
    const known = remembered();
    const kept = Object.fromEntries(["server", "client"].filter((field) => lanes.some((lane) => lane[field] === known[field])).map((field) => [field, known[field]]));
    choose(asked ? { server: asked.server, client: asked.client } : chosen(kept).length ? kept : {});
  };

  start(JSON.parse(document.getElementById("__lanes")?.textContent || "[]"));
}
