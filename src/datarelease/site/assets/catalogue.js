// What every page does: hand over data, copy lines, search. Texts of data become text, never markup.
"use strict";
(() => {
  const root = document.documentElement.dataset.root;
  const given = new Map();
  const waiting = new Map();
  const ours = /^data\/[a-z0-9_-]+\.js$/;

  /** Data files call this with their name and their value. */
  window.catalogue = (name, value) => given.set(name, value);

  function address(path) {
    if (!ours.test(path)) throw new TypeError(`not a file of this catalogue: ${path}`);
    return root + path;
  }
  const policy = window.trustedTypes
    ? window.trustedTypes.createPolicy("catalogue", { createScriptURL: address })
    : { createScriptURL: address };

  /** The value that the data file at `path` hands over under `name`. */
  window.catalogueData = (name, path) => {
    if (!waiting.has(path)) {
      waiting.set(path, new Promise((resolve, reject) => {
        const script = document.createElement("script");
        script.src = policy.createScriptURL(path);
        script.onload = () => resolve();
        script.onerror = () => { waiting.delete(path); reject(new Error(`${path} is not there`)); };
        document.head.append(script);
      }));
    }
    return waiting.get(path).then(() => given.get(name));
  };

  /** Characters that draw nothing or turn text around are shown as what they are. */
  window.catalogueText = (text) => String(text).replace(
    /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}\p{Co}]/gu,
    (char) => `\\u{${char.codePointAt(0).toString(16)}}`,
  );

  function element(name, properties, ...children) {
    const made = document.createElement(name);
    for (const [key, value] of Object.entries(properties)) {
      if (value !== null) made.setAttribute(key, value);
    }
    made.append(...children);
    return made;
  }
  window.catalogueElement = element;

  // --- lines to copy

  const said = document.getElementById("said");
  async function copied(text, source) {
    try {
      await navigator.clipboard.writeText(text);
      return true;
    } catch {
      getSelection().selectAllChildren(source);
      return document.execCommand("copy");
    }
  }
  for (const place of document.querySelectorAll(".snippet")) {
    const source = place.querySelector("code");
    const label = place.querySelector(".way").textContent;
    const button = element("button", { type: "button", class: "copy", "aria-label": `Copy: ${label}` }, "Copy");
    button.addEventListener("click", async () => {
      const done = await copied(source.textContent.trimEnd(), source);
      button.textContent = done ? "Copied" : "Press Ctrl+C";
      said.textContent = done ? "Copied" : "Selected: press Ctrl+C to copy";
      setTimeout(() => { button.textContent = "Copy"; said.textContent = ""; }, 1600);
    });
    place.append(button);
  }

  // --- search

  const field = document.getElementById("search");
  const list = document.getElementById("found");
  let entries = null;
  let chosen = -1;
  document.querySelector(".search").hidden = false;

  function loaded() {
    entries ??= window.catalogueData("search", "data/search.js").then((found) => found.map((entry) => ({
      kind: entry[0], name: entry[1], page: entry[2], said: entry[3],
      low: entry[1].toLowerCase(), more: `${entry[0]} ${entry[3]} ${entry[4]}`.toLowerCase(),
    })));
    return entries;
  }

  function weight(entry, words) {
    let sum = 0;
    for (const word of words) {
      const at = entry.low.indexOf(word);
      if (entry.low === word) sum += 100;
      else if (at === 0) sum += 60;
      else if (at > 0) sum += /[^a-z0-9]/.test(entry.low[at - 1]) ? 40 : 20;
      else if (entry.more.includes(word)) sum += 5;
      else return 0;
    }
    return sum + { dataset: 3, column: 2, version: 1 }[entry.kind];
  }

  function close() {
    list.hidden = true;
    chosen = -1;
    field.setAttribute("aria-expanded", "false");
    field.removeAttribute("aria-activedescendant");
  }

  function choose(index) {
    const options = [...list.querySelectorAll("[role=option]")];
    if (!options.length) return;
    chosen = (index + options.length) % options.length;
    options.forEach((option, place) => option.setAttribute("aria-selected", String(place === chosen)));
    options[chosen].scrollIntoView({ block: "nearest" });
    field.setAttribute("aria-activedescendant", options[chosen].id);
  }

  async function find() {
    const words = field.value.toLowerCase().split(/\s+/).filter(Boolean);
    if (!words.length) return close();
    let all;
    try {
      all = await loaded();
    } catch {
      entries = null;
      all = [];
    }
    const found = all
      .map((entry) => [weight(entry, words), entry])
      .filter((pair) => pair[0] > 0)
      .sort((a, b) => b[0] - a[0])
      .slice(0, 12);
    list.replaceChildren(...found.map(([, entry], index) => {
      const link = element("a", { href: root + entry.page, tabindex: "-1" });
      link.append(element("b", { dir: "auto" }, window.catalogueText(entry.name)), element("span", { dir: "auto" }, `${entry.kind} · ${window.catalogueText(entry.said)}`));
      return element("li", { role: "option", id: `found-${index}`, "aria-selected": "false" }, link);
    }));
    if (!found.length) list.append(element("li", { class: "none", role: "option", "aria-disabled": "true", "aria-selected": "false" }, "Nothing has this in its name or description"));
    list.hidden = false;
    field.setAttribute("aria-expanded", "true");
    said.textContent = found.length === 1 ? "1 result" : `${found.length} results`;
    if (found.length) choose(0);
  }

  // Time runs to the right: where not all of it fits, the newest is what people look for.
  for (const place of document.querySelectorAll(".scroll[data-newest-last]")) {
    place.scrollLeft = place.scrollWidth;
  }

  field.addEventListener("focus", () => { loaded().catch(() => { entries = null; }); });
  field.addEventListener("input", find);
  field.addEventListener("keydown", (event) => {
    if (event.key === "ArrowDown") choose(chosen + 1);
    else if (event.key === "ArrowUp") choose(chosen - 1);
    else if (event.key === "Escape") close();
    else if (event.key === "Enter") {
      const link = list.hidden ? null : list.querySelectorAll("[role=option] a")[Math.max(chosen, 0)];
      if (link) link.click();
    } else return;
    event.preventDefault();
  });
  document.addEventListener("click", (event) => { if (!event.target.closest(".search")) close(); });
  document.addEventListener("keydown", (event) => {
    const writes = event.target.closest("input, select, textarea");
    if (event.key === "/" && !writes && !event.ctrlKey && !event.metaKey && !event.altKey) {
      event.preventDefault();
      field.focus();
    }
  });
})();
