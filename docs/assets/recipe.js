// What a card can do with JavaScript; without it the card is complete, and these controls are not there.
(() => {
  const make = (tag, attributes, ...children) => {
    const element = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
    element.append(...children);
    return element;
  };

  // --- Your values: they replace those of the recorded GitLab in code to copy. Nothing is sent. ----------------------
  const KEY = "verified-docs.your-values";
  const part = "[a-z0-9](?:[a-z0-9-]*[a-z0-9])?";
  const FIELDS = {
    host: {
      label: "GitLab host",
      example: "gitlab.example.com",
      fits: (text) => new RegExp(`^(?=.{1,253}$)${part}(?:\\.${part})*(?::\\d{1,5})?(?:/[\\w-][\\w.-]*)*$`, "i").test(text),
      wrong: "is no host name. Write it without https://, with a port or a path if your GitLab has one.",
    },
    id: {
      label: "Project ID",
      example: "42",
      fits: (text) => /^[1-9]\d{0,15}$/.test(text),
      wrong: "is no project ID. It is a number, which the project's page shows.",
    },
    path: {
      label: "Project path",
      example: "acme/wine-quality",
      fits: (text) => /^(?=.{3,255}$)\w[\w.-]*(?:\/\w[\w.-]*)+$/.test(text),
      wrong: "is no project path. It has the group and the project, with a slash between.",
    },
  };
  const isToken = (text) => /^gl[a-z]{2,5}-|^GR1348941/.test(text);
  const cleaned = (name, text) => {
    const value = text.trim();
    return name === "host" ? value.replace(/^https:\/\//i, "").replace(/\/+$/, "") : value;
  };
  const fault = (name, value) => {
    if (!value) return "";
    if (isToken(value)) return `${FIELDS[name].label}: this looks like a token. Do not type a token here.`;
    return FIELDS[name].fits(value) ? "" : `${FIELDS[name].label}: “${value}” ${FIELDS[name].wrong}`;
  };

  const load = () => {
    try {
      const kept = JSON.parse(localStorage.getItem(KEY)) ?? {};
      const sound = (name) => typeof kept[name] === "string" && kept[name] && !fault(name, kept[name]);
      return Object.fromEntries(Object.keys(FIELDS).filter(sound).map((name) => [name, kept[name]]));
    } catch {
      return {};
    }
  };
  const save = (values) => {
    try {
      if (Object.keys(values).length) localStorage.setItem(KEY, JSON.stringify(values));
      else localStorage.removeItem(KEY);
    } catch {
      // A browser that keeps nothing shows them until the page is left.
    }
  };

  // What stands for each value, and what takes its place. A command's variables need all that they are made of.
  const RULES = [
    [/gitlab\.example\.com/g, ({ host }) => host],
    [/(?<=\/projects\/)42(?!\w)/g, ({ id }) => id],
    [/(?<=\b(?:GITLAB|CI)_PROJECT_ID=|\bproject_id: )42\b/g, ({ id }) => id],
    [/\bacme\/wine-quality(?![\w-])/g, ({ path }) => path],
    [/\bacme%2Fwine-quality(?![\w-])/gi, ({ path }) => path && encodeURIComponent(path)],
    [/\$GITLAB_URL\b/g, ({ host }) => host && `https://${host}`],
    [/\$GITLAB_PROJECT_ID\b/g, ({ id }) => id],
    [/\$MLFLOW_TRACKING_URI\b/g, ({ host, id }) => host && id && `https://${host}/api/v4/projects/${id}/ml/mlflow`],
  ];
  const inCommand = (rule) => rule.source.startsWith("\\$");

  // What was recorded stays as it was recorded.
  const codes = [...document.querySelectorAll(".md-content :is(pre > code, .wire kbd)")]
    .filter((code) => !code.closest(".no-copy, .exchange"))
    .map((code) => ({ code, text: code.textContent, rules: RULES.filter(([rule]) => code.closest(".wire") || !inCommand(rule)) }))
    .filter(({ text, rules }) => rules.some(([rule]) => text.search(rule) >= 0))
    .map((one) => ({ ...one, before: [...one.code.childNodes].map((node) => node.cloneNode(true)) }));

  const place = (code, at) => {
    const walker = document.createTreeWalker(code, NodeFilter.SHOW_TEXT);
    for (let node = walker.nextNode(); node; node = walker.nextNode()) {
      if (at <= node.length) return [node, at];
      at -= node.length;
    }
    return [code, code.childNodes.length];
  };

  const show = (values) => {
    let count = 0;
    for (const { code, text, rules, before } of codes) {
      code.replaceChildren(...before.map((node) => node.cloneNode(true)));
      const found = rules.flatMap(([rule, value]) => {
        const yours = value(values);
        return yours ? [...text.matchAll(rule)].map((match) => [match.index, match[0].length, yours]) : [];
      });
      // From the end, so that what comes before keeps its place.
      for (const [start, length, yours] of found.sort((a, b) => b[0] - a[0])) {
        const range = document.createRange();
        range.setEnd(...place(code, start + length));
        // The end of one node is the start of the next: what is deleted begins in the latter.
        range.setStart(...place(code, start));
        range.deleteContents();
        const mark = make("mark", { class: "yours-value" });
        mark.textContent = yours;
        range.insertNode(mark);
        count += 1;
      }
    }
    for (const button of document.querySelectorAll("button.yours")) {
      button.textContent = Object.keys(values).length ? "Edit your values (in use)" : "Edit your values";
    }
    return count;
  };

  const dialog = () => {
    const inputs = Object.entries(FIELDS).map(([name, { label, example }]) => {
      const input = make("input", { name, placeholder: example, autocomplete: "off", spellcheck: "false", autocapitalize: "off" });
      return [name, input, make("label", {}, label, input)];
    });
    const errors = make("p", { class: "yours-error", role: "alert", id: "yours-error" });
    const use = make("button", { class: "md-button md-button--primary" }, "Use them");
    const reset = make("button", { type: "button", class: "md-button" }, "Take them out");
    const cancel = make("button", { type: "button", class: "md-button" }, "Cancel");
    const form = make(
      "form",
      { novalidate: "" },
      make("h2", { id: "yours-title" }, "Your values"),
      make("p", {}, "They take the place of the recorded GitLab in the code that you copy, on every page. They stay in this browser: nothing is sent. Outputs and answers stay as they were recorded."),
      ...inputs.map(([, , label]) => label),
      errors,
      make("div", { class: "yours-buttons" }, use, reset, cancel),
    );
    const box = make("dialog", { class: "yours-dialog md-typeset", "aria-labelledby": "yours-title" }, form);
    const status = make("p", { class: "yours-status", role: "status" });
    document.body.append(box, status);
    const done = (values) => {
      save(values);
      const count = show(values);
      box.close();
      status.textContent = count ? `Your values stand in ${count} place${count === 1 ? "" : "s"} on this page.` : "The code is as it was recorded.";
    };
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      const values = {};
      const found = [];
      for (const [name, input] of inputs) {
        const value = cleaned(name, input.value);
        const wrong = fault(name, value);
        input.removeAttribute("aria-invalid");
        if (wrong) {
          input.setAttribute("aria-invalid", "true");
          input.setAttribute("aria-describedby", "yours-error");
          found.push([input, wrong]);
        } else {
          input.removeAttribute("aria-describedby");
          if (value) values[name] = value;
        }
      }
      errors.textContent = found.map(([, wrong]) => wrong).join(" ");
      if (found.length) found[0][0].focus();
      else done(values);
    });
    reset.addEventListener("click", () => done({}));
    cancel.addEventListener("click", () => box.close());
    return () => {
      const values = load();
      errors.textContent = "";
      for (const [name, input] of inputs) {
        input.value = values[name] ?? "";
        input.removeAttribute("aria-invalid");
      }
      box.showModal();
    };
  };

  if (codes.length) {
    const open = dialog();
    const homes = new Set(codes.map(({ code }) => code.closest(".recipe") ?? code.closest(".highlight") ?? code.parentElement));
    for (const home of homes) {
      const button = make("button", { type: "button", class: "yours", "aria-haspopup": "dialog" });
      button.addEventListener("click", open);
      const stamp = home.querySelector(".stamp");
      const line = make("p", { class: "yours-line" }, button);
      if (stamp) stamp.append(line);
      else home.after(line);
    }
    show(load());
    window.addEventListener("storage", (event) => event.key === KEY && show(load()));
  }

  // --- A link to the requests opens them. ----------------------------------------------------------------------------
  const reveal = () => {
    // Addresses of cards have no sign that would be encoded.
    const target = document.getElementById(location.hash.slice(1));
    if (target?.matches("details.wire")) target.open = true;
  };
  window.addEventListener("hashchange", reveal);
  reveal();

  // --- The theme copies blocks of code; commands are copied here, once somebody looks at them. ------------------------
  const copying = async (text, status) => {
    try {
      await navigator.clipboard.writeText(text);
      status.textContent = "Copied.";
    } catch {
      status.textContent = "Not copied: select it, and copy it with your keyboard.";
    }
  };
  for (const request of document.querySelectorAll(".wire__request")) {
    const offer = () => {
      const command = request.querySelector("kbd");
      const button = make("button", { type: "button", class: "wire__copy" }, "Copy the command");
      const status = make("span", { role: "status" });
      button.addEventListener("click", () => copying(command.textContent, status));
      command.previousElementSibling.append(button, " ", status);
    };
    request.addEventListener("toggle", offer, { once: true });
  }

  // --- Reports: the card says which page it stands on, and the page of reports says both. -----------------------------
  for (const link of document.querySelectorAll("a.report")) {
    const address = new URL(link.href);
    if (address.origin !== location.origin) continue;
    address.searchParams.set("page", location.pathname);
    link.href = address.href;
  }
  for (const home of document.querySelectorAll("[data-report]")) {
    const asked = new URLSearchParams(location.search);
    const known = (name) => (/^[\w./-]{1,200}$/.test(asked.get(name) ?? "") ? asked.get(name) : "");
    const rows = ["Page: " + known("page"), "Example: " + known("example"), "GitLab version: ", "MLflow version: ", "I ran: ", "I saw: ", "The page says: "];
    const text = make("textarea", { id: "report-text", rows: String(rows.length + 1), spellcheck: "false" });
    text.value = rows.join("\n") + "\n";
    const status = make("span", { role: "status" });
    const copy = make("button", { type: "button", class: "md-button" }, "Copy");
    copy.addEventListener("click", () => copying(text.value, status));
    home.append(make("label", { for: "report-text" }, "Your report, to fill in and copy"), text, make("p", {}, copy, " ", status));
  }
})();
