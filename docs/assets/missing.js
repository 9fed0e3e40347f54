// On the page for addresses that lead nowhere: offers a search for the words of its address.
{
  const box = document.getElementById("missing");
  const base = JSON.parse(document.getElementById("__config").textContent).base;
  const home = new URL(base.replace(/\/?$/, "/"), location);
  const readable = (path) => {
    try {
      return decodeURIComponent(path);
    } catch {
      return path; // A lonely % means nothing.
    }
  };
  const asked = readable(location.pathname.slice(home.pathname.length));
  const say = (before, href, text) => {
    const link = Object.assign(document.createElement("a"), { href, textContent: text });
    const line = document.createElement("p");
    line.append(before, link, ".");
    box.replaceChildren(line);
    box.hidden = false;
  };
  const last = asked.replace(/(\/|(\/?index)?\.(html?|md))$/, "").split("/").at(-1);
  const words = last === "404" ? "" : last.split(/[^\p{L}\p{N}]+/u).filter(Boolean).join(" ");
  if (words) {
    const search = new URL(home);
    search.searchParams.set("q", words);
    say("Search this site for ", search, words);
  }
}
