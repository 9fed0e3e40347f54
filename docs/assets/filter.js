// Long tables get a search and a choice of values, kept in the address, so that a view can be linked.
// <div class="filterable" data-filters="Status,Lane" data-labels='{"word": "Label"}'> holds one or more tables; their
// rows have data-status, data-lane: words with spaces between. Cells may have them too: what fits is marked.
// Without it the tables are plain and complete.
document.addEventListener("DOMContentLoaded", () => {
  const words = (element, name) => (element.getAttribute(`data-${name}`) || "").split(/\s+/).filter(Boolean);
  const plain = text => text.toLowerCase().split(/\s+/).filter(Boolean);
  const make = (tag, attributes, ...children) => {
    const element = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
    element.append(...children);
    return element;
  };

  document.querySelectorAll(".filterable").forEach((box, place) => {
    // In the address the first one has plain names, others their id or place.
    const prefix = box.id ? `${box.id}-` : place ? `${place + 1}-` : "";
    const labels = JSON.parse(box.dataset.labels || "{}");
    const asked = new URLSearchParams(location.search);
    const rows = [...box.querySelectorAll("tbody tr")].map(row => ({
      row,
      text: plain([...row.cells].map(cell => cell.textContent).join(" ")).join(" "),
    }));

    const search = make("input", { type: "search", name: `${prefix}text` });
    search.value = asked.get(search.name) || "";
    const form = make("form", { class: "filter", role: "search", autocomplete: "off" }, make("label", {}, "Text", search));
    form.setAttribute("aria-label", `Filter: ${box.querySelector("caption")?.textContent || "the table"}`);
    const choices = (box.dataset.filters || "").split(",").filter(Boolean).map(title => {
      const name = title.trim().toLowerCase().replace(/\s+/g, "-");
      const select = make("select", { name: prefix + name }, new Option("all", ""));
      const found = new Set(rows.flatMap(({ row }) => words(row, name)));
      const named = Object.keys(labels).filter(word => found.delete(word));
      const rest = [...found].sort((one, other) => one.localeCompare(other, "en", { numeric: true }));
      for (const word of [...rest, ...named]) select.append(new Option(labels[word] || word, word));
      select.value = asked.get(select.name) || "";
      select.value ||= "";
      form.append(make("label", {}, title.trim(), select));
      return { name, select };
    });
    const controls = [search, ...choices.map(({ select }) => select)];
    const clear = make("button", { type: "button" }, "Show all");
    const count = make("output", { "aria-live": "polite" });
    form.append(clear, count);
    box.prepend(form);

    const apply = () => {
      const parts = plain(search.value);
      const chosen = choices.filter(({ select }) => select.value);
      const fits = (element, { name, select }) => words(element, name).includes(select.value);
      let shown = 0;
      for (const { row, text } of rows) {
        row.hidden = !parts.every(part => text.includes(part)) || !chosen.every(one => fits(row, one));
        shown += !row.hidden;
        for (const cell of row.cells) cell.classList.toggle("filter-hit", chosen.some(one => fits(cell, one)));
      }
      count.value = `${shown} of ${rows.length} rows`;
    };
    const remember = () => {
      const url = new URL(location);
      for (const { name, value } of controls) {
        url.searchParams.delete(name);
        if (value) url.searchParams.append(name, value);
      }
      history.replaceState(history.state, "", url);
    };
    let timer;
    const change = () => {
      apply();
      clearTimeout(timer);
      timer = setTimeout(remember, 250); // Not at every key.
    };
    form.addEventListener("input", change);
    form.addEventListener("submit", event => event.preventDefault());
    clear.addEventListener("click", () => {
      for (const control of controls) control.value = "";
      change();
      search.focus();
    });
    apply();
  });
});
