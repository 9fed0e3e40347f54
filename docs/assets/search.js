// What is typed into the search is made ready for it here, before the search's own worker sees it. A word by itself finds
// what begins with it; the same word as it stands counts more. Signs mean something to the search, and nothing to readers.
(() => {
  // GitLab and MLflow have two words for one thing, and readers have short ones.
  const ALIKE = {
    auth: ["authenticate"], candidate: ["run"], checkpoint: ["artifact"], conf: ["settings"], creds: ["token"],
    delete: ["remove"], dir: ["directory"], env: ["environment"], erase: ["delete"], folder: ["directory"],
    hparam: ["hyperparameter"], hyperparam: ["hyperparameter"], login: ["authenticate"], param: ["parameter"],
    parameter: ["param"], pat: ["token"], perm: ["permission"], remove: ["delete"], repo: ["project"],
    repository: ["project"], run: ["candidate"], ssl: ["certificate"], tls: ["certificate"], versus: ["comparison"],
    vs: ["versus", "comparison"],
  };
  // They stand on every page, and say nothing of what is looked for.
  const SMALL = new Set(
    ("a an and are as at be but by can do does for from had has have how i if in into is it its may me my no not of on or " +
      "our should so than that the then there this to use using want was we what when where which who why will with you " +
      "your").split(" "),
  );
  const SIGNS = /[^\p{L}\p{N}_]+/u;
  const FEW = 3;
  const LONG = 6;
  // Who pastes a message wants the page that explains messages: its other name is given in search.yaml.
  const MESSAGE = /[{}[\]"]|'\w+'|\w: |Exception|^Error\b/;
  const OF_MESSAGES = "tags:exception^50";

  const stem = (word) => (/[^s]s$/.test(word) && word.length > 3 ? word.slice(0, -1) : word);

  const prepared = (typed) => {
    let words = [...new Set(typed.toLowerCase().split(SIGNS).filter(Boolean))];
    const kept = words.filter((word) => !SMALL.has(word));
    words = kept.length ? kept : words;
    if (words.length > LONG) {
      // A message: its short words stand everywhere, but for the numbers of HTTP.
      const telling = words.filter((word) => word.length > 3 || /^\d{3}$/.test(word));
      return [...(telling.length ? telling : words), ...(MESSAGE.test(typed) ? [OF_MESSAGES] : [])].join(" ");
    }
    const terms = new Set();
    for (const word of words) {
      const short = stem(word);
      terms.add(`${word}^3`).add(short);
      if (short !== word) terms.add(`${short}^2`);
      if (words.length <= FEW) for (const other of ALIKE[short] || []) if (!words.includes(other)) terms.add(`${other}^1`);
    }
    if (MESSAGE.test(typed)) terms.add(OF_MESSAGES);
    return [...terms].join(" ");
  };

  const QUERY = 2;
  const send = Worker.prototype.postMessage;
  Worker.prototype.postMessage = function (message, ...rest) {
    if (message?.type === QUERY && typeof message.data === "string") {
      message = { ...message, data: prepared(message.data) };
    }
    return send.call(this, message, ...rest);
  };
})();
