// The search index weighs more than any page, and the theme fetches it with each: here it waits until somebody searches.
{
  const begun = new Promise((resolve) => {
    const asked = new URLSearchParams(location.search);
    // The theme opens the search for ?q=, and marks the words of ?h=, with the index in hand.
    if (asked.has("q") || asked.has("h")) resolve();
    for (const name of ["focusin", "input", "pointerenter", "touchstart"])
      document.forms.namedItem("search")?.addEventListener(name, resolve, { once: true, passive: true });
    document.getElementById("__search")?.addEventListener("change", resolve, { once: true });
  });
  const waiting = new WeakSet();
  const { open, send } = XMLHttpRequest.prototype;
  XMLHttpRequest.prototype.open = function (method, address, ...rest) {
    if (new URL(address, location).pathname.endsWith("/search/search_index.json")) waiting.add(this);
    return open.call(this, method, address, ...rest);
  };
  XMLHttpRequest.prototype.send = function (...body) {
    if (waiting.has(this)) begun.then(() => send.apply(this, body));
    else send.apply(this, body);
  };
}
