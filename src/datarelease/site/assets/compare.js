// Two versions compared in the browser, from the figures of each.
"use strict";
(() => {
  const make = window.catalogueElement;
  const text = window.catalogueText;
  const from = document.getElementById("from");
  const to = document.getElementById("to");
  const place = document.getElementById("compared");
  document.getElementById("without").hidden = true;
  const MANY = 12;
  const FRAME = { width: 360, height: 150, left: 40, right: 10, top: 8, bottom: 22 };
  const minus = (shown) => shown.replace("-", "\u2212");

  // --- numbers in words

  const count = (number) => minus(number.toLocaleString("en-US"));
  function decimal(number) {
    const size = Math.abs(number);
    if (number !== 0 && (size < 1e-4 || size >= 1e15)) return minus(number.toExponential(3));
    return minus(number.toLocaleString("en-US", { maximumSignificantDigits: size >= 1000 ? 15 : 4, maximumFractionDigits: size >= 1000 ? 0 : 20 }));
  }
  function share(part) {
    if (part === 0 || part === 1) return `${part * 100}%`;
    if (part > 0 && part < 0.0005) return "<0.1%";
    if (part >= 0.9995 && part < 1) return ">99.9%";
    return minus(`${(part * 100).toFixed(1)}%`);
  }
  function bytes(number) {
    if (number < 1000) return `${count(number)} B`;
    let amount = number;
    for (const unit of ["kB", "MB", "GB", "TB", "PB"]) {
      amount /= 1000;
      if (amount < 999.95 || unit === "PB") return `${amount.toFixed(1)} ${unit}`;
    }
    return "";
  }
  const plural = (number, noun) => `${count(number)} ${noun}${number === 1 ? "" : "s"}`;
  function moment(seconds) {
    const day = new Date(seconds * 1000);
    return Number.isNaN(day.getTime()) ? `${decimal(seconds)} s` : day.toISOString().slice(0, 10);
  }
  const drift = (psi) => (psi > 0 && psi < 0.005 ? "<0.01" : psi.toFixed(2));

  // --- figures

  function column(fields) {
    const [name, type, kind, pii, nulls, distinct, mean, std, median, length, edges, labels, shares, page, quantiles] = fields;
    return { name, type, kind, pii: Boolean(pii), nulls, distinct, mean, std, median, length, edges, labels, shares, page, quantiles };
  }
  const byName = (items) => new Map(items.map((item) => [item.name, item]));

  /** The share of values below `value`: within a bin they are spread evenly. */
  function below(side, value) {
    let sum = 0;
    for (let bin = 0; bin < side.shares.length; bin += 1) {
      const [low, high] = [side.edges[bin], side.edges[bin + 1]];
      if (value >= high) sum += side.shares[bin];
      else return value <= low ? sum : sum + side.shares[bin] * (value - low) / (high - low);
    }
    return sum;
  }
  function rebinned(side, edges) {
    const inner = edges.slice(1, -1).map((edge) => below(side, edge));
    const sums = [0, ...inner, 1];
    return sums.slice(1).map((sum, index) => Math.max(sum - sums[index], 0));
  }
  function sharedEdges(one, other) {
    const [a, b] = [one.edges, other.edges];
    const [low, high] = [Math.min(a[0], b[0]), Math.max(a.at(-1), b.at(-1))];
    for (const edges of [b, a]) if (edges[0] === low && edges.at(-1) === high) return edges;
    const grows = [a, b].every((edges) => edges[1] > 0 && edges.at(-1) - edges.at(-2) > 10 * (edges[2] - edges[1]));
    if (grows) return [...new Set([...a, ...b])].sort((x, y) => x - y);
    return Array.from({ length: 25 }, (_, index) => low + (high - low) * index / 24);
  }
  /** The share of values up to `value`, or below it; between quantiles they are spread evenly. */
  function upTo(quantiles, value, inclusive) {
    const parts = quantiles.length - 1;
    const after = quantiles.findIndex((quantile) => (inclusive ? quantile > value : quantile >= value));
    if (after <= 0) return after === 0 ? 0 : 1;
    const [low, high] = [quantiles[after - 1], quantiles[after]];
    return (after - 1 + (value - low) / (high - low)) / parts;
  }
  /** The shares of both sides between the deciles of `one`; a value of two deciles is apart. */
  function betweenDeciles(one, other) {
    const values = one.quantiles.filter((_, index) => index % 2 === 0).slice(1, -1);
    const cuts = values.flatMap((value, index) => {
      if (values[index - 1] === value) return [];
      return [...(values[index + 1] === value ? [[value, false]] : []), [value, true]];
    });
    const [p, q] = [one, other].map((side) => {
      const sums = [0, ...cuts.map(([value, inclusive]) => upTo(side.quantiles, value, inclusive)), 1];
      return sums.slice(1).map((sum, index) => sum - sums[index]);
    });
    return p.map((part, index) => [part, q[index]]);
  }
  /** The bins of `side`, neighbours joined until each holds about a tenth of the values. */
  function deciles(side) {
    const edges = [side.edges[0]];
    let held = 0;
    side.shares.forEach((part, bin) => {
      held += part;
      if (held >= 0.1 && bin < side.shares.length - 1) { edges.push(side.edges[bin + 1]); held = 0; }
    });
    return [...edges, side.edges.at(-1)];
  }
  function categories(one, other) {
    const old = new Map(one.labels.map((label, index) => [label, one.shares[index]]));
    const now = new Map(other.labels.map((label, index) => [label, other.shares[index]]));
    return [...new Set([...now.keys(), ...old.keys()])]
      .map((label) => ({ label, before: old.get(label) ?? 0, after: now.get(label) ?? 0 }))
      .sort((a, b) => Math.max(b.before, b.after) - Math.max(a.before, a.after));
  }
  /** The population stability index; null where it does not apply. */
  function psi(one, other) {
    let pairs = null;
    if (one.quantiles.length > 2 && other.quantiles.length > 2 && one.kind === other.kind) {
      pairs = betweenDeciles(one, other);
    } else if (one.edges.length > 1 && other.edges.length > 1 && one.kind === other.kind) {
      const edges = deciles(one);
      const [p, q] = [rebinned(one, edges), rebinned(other, edges)];
      pairs = p.map((part, index) => [part, q[index]]);
    } else if (one.labels.length && other.labels.length) {
      pairs = categories(one, other).map((item) => [item.before, item.after]);
    }
    if (!pairs) return null;
    return pairs.reduce((sum, [p, q]) => {
      const [a, b] = [Math.max(p, 0.0001), Math.max(q, 0.0001)];
      return sum + (b - a) * Math.log(b / a);
    }, 0);
  }

  // --- drawing, in the frame of the report's plots

  function drawn(name, properties, ...children) {
    const made = document.createElementNS("http://www.w3.org/2000/svg", name);
    for (const [key, value] of Object.entries(properties)) made.setAttribute(key, value);
    made.append(...children);
    return made;
  }
  const round = (number) => Math.round(number * 10) / 10;
  function outline(shares, peak) {
    const base = FRAME.height - FRAME.bottom;
    const width = FRAME.width - FRAME.left - FRAME.right;
    const path = [`M${FRAME.left} ${base}`];
    shares.forEach((part, bin) => {
      path.push(`V${round(base - (base - FRAME.top) * part / peak)}H${round(FRAME.left + width * (bin + 1) / shares.length)}`);
    });
    return `${path.join("")}V${base}`;
  }
  function distribution(one, other, words) {
    const edges = one && other ? sharedEdges(one, other) : (other ?? one).edges;
    const sides = [one, other].map((side) => (side ? rebinned(side, edges) : []));
    const peak = Math.max(...sides.flat());
    if (!(peak > 0)) return null;
    const base = FRAME.height - FRAME.bottom;
    const kind = (other ?? one).kind;
    const written = kind === "time" ? moment : decimal;
    const parts = [];
    for (const part of [0.5, 1]) {
      const y = round(base - (base - FRAME.top) * part);
      parts.push(drawn("line", { class: "grid", x1: FRAME.left, x2: FRAME.width - FRAME.right, y1: y, y2: y }));
      parts.push(drawn("text", { x: FRAME.left - 6, y: y + 4, "text-anchor": "end" }, `${(peak * part * 100).toFixed(peak * part < 0.1 ? 1 : 0)}%`));
    }
    const width = FRAME.width - FRAME.left - FRAME.right;
    const steps = Math.max(1, Math.ceil((edges.length - 1) / 4));
    for (let index = 0; index < edges.length; index += steps) {
      const label = written(edges[index]);
      const half = label.length * 3.3 + 1;
      const x = Math.min(Math.max(FRAME.left + width * index / (edges.length - 1), half), FRAME.width - half);
      parts.push(drawn("text", { x: round(x), y: FRAME.height - 6, "text-anchor": "middle" }, label));
    }
    if (one) parts.push(drawn("path", { class: "fill-before", d: outline(sides[0], peak) }));
    if (other) parts.push(drawn("path", { class: "fill-after", d: outline(sides[1], peak) }));
    parts.push(drawn("line", { class: "axis", x1: FRAME.left, x2: FRAME.width - FRAME.right, y1: base, y2: base }));
    return drawn("svg", { class: "plot", viewBox: `0 0 ${FRAME.width} ${FRAME.height}`, role: "img", "aria-label": `Distribution, ${words}` }, ...parts);
  }
  function bars(item, peak) {
    return drawn("svg", { class: "bars", viewBox: "0 0 100 14", preserveAspectRatio: "none", "aria-hidden": "true" },
      drawn("rect", { class: "bar-before", width: round(item.before / peak * 100), height: 6 }),
      drawn("rect", { class: "bar-after", y: 8, width: round(item.after / peak * 100), height: 6 }));
  }
  function valueTable(one, other) {
    const all = categories(one, other);
    const peak = Math.max(...all.flatMap((item) => [item.before, item.after])) || 1;
    return make("table", { class: "values" },
      make("caption", { class: "hidden" }, "Most frequent values with their shares"),
      make("tbody", {}, ...all.slice(0, 8).map((item) => make("tr", {},
        make("th", { scope: "row" }, make("code", { dir: "auto" }, text(item.label))),
        make("td", {}, bars(item, peak)),
        make("td", {}, `${share(item.before)} → ${share(item.after)}`)))));
  }

  // --- what is said

  const code = (name) => make("code", { dir: "auto" }, text(name));
  const moved = (before, after, write) => (before === after ? write(after) : `${write(before)} → ${write(after)}`);
  function fact(title, value, more) {
    return make("div", {}, make("dt", {}, title), make("dd", {}, make("b", {}, value), ...(more ? [make("span", {}, more)] : [])));
  }
  function amounts(before, after, write) {
    if (before == null || after == null) return [after == null ? "unknown" : write(after), ""];
    if (before === after) return [write(after), "as before"];
    const by = before ? ` (${after > before ? "+" : ""}${minus(((after - before) / before * 100).toFixed(1))}%)` : "";
    return [write(after), `from ${write(before)}${by}`];
  }
  const middle = (side) => side.median ?? side.mean ?? side.length;
  function pairs(one, other, rows) {
    const rates = [one, other].map((side, index) => (rows[index] ? side.nulls / rows[index] : 0));
    const write = other.kind === "time" ? moment : decimal;
    const value = middle(one) == null || middle(other) == null ? "" : moved(middle(one), middle(other), write);
    return { missing: moved(...rates, share), value, rise: rates[1] - rates[0] };
  }
  function chip(kind, word) {
    return make("span", { class: `chip c-${kind}` }, word);
  }
  function listed(title, names, kind) {
    if (!names.length) return [];
    return [make("p", {}, chip(kind, title), " ", ...names.slice(0, 60).flatMap((name, index) => [...(index ? [", "] : []), code(name)]), ...(names.length > 60 ? [` and ${names.length - 60} more`] : []))];
  }
  function datasetSection(name, one, other, tags, index) {
    const id = `dataset-${index}`;
    const section = make("section", { "aria-labelledby": id }, make("h2", { id, dir: "auto" }, text(one && other && one.name !== other.name ? `${one.name} \u2192 ${other.name}` : (other ?? one).name)));
    if (!one || !other) {
      section.append(make("p", {}, chip(one ? "breaking" : "additive", one ? "removed" : "new"), " ", make("span", { class: "muted" }, one ? `${tags[1]} has no such dataset.` : `${tags[0]} has no such dataset.`)));
      return section;
    }
    const noun = other.noun;
    const facts = make("dl", { class: "facts" }, fact(noun === "file" ? "Files" : "Rows", ...amounts(one.amount, other.amount, count)), fact("Size", ...amounts(one.size, other.size, bytes)));
    section.append(facts);
    const [old, now] = [byName(one.columns.map(column)), byName(other.columns.map(column))];
    if (now.size || old.size) facts.append(fact("Columns", ...amounts(old.size, now.size, count)));
    section.append(
      ...listed("removed", [...old.keys()].filter((key) => !now.has(key)), "breaking"),
      ...listed("new", [...now.keys()].filter((key) => !old.has(key)), "additive"));
    const both = [...now.values()].filter((side) => old.has(side.name)).map((side) => {
      const before = old.get(side.name);
      const index = psi(before, side);
      const words = pairs(before, side, [one.amount, other.amount]);
      return { before, after: side, psi: index, ...words, weight: Math.max((index ?? 0) / 0.25, Math.abs(words.rise) / 0.05, before.type === side.type ? 0 : 9) };
    });
    for (const item of both.filter((pair) => pair.before.type !== pair.after.type)) {
      section.append(make("p", {}, chip("breaking", "retyped"), " ", code(item.after.name), `: ${text(item.before.type)} → ${text(item.after.type)}`));
    }
    both.sort((a, b) => b.weight - a.weight);
    const still = both.filter((item) => item.weight < 0.05);
    const changed = both.filter((item) => item.weight >= 0.05);
    if (!changed.length && both.length) section.append(make("p", { class: "muted" }, `None of the ${plural(both.length, "column")} moved noticeably.`));
    if (changed.length) section.append(...moves(name, changed, tags));
    if (changed.length && still.length) section.append(make("p", { class: "small muted" }, `${plural(still.length, "column")} hardly moved.`));
    if (other.kinds.length || one.kinds.length) section.append(kinds(one, other));
    return section;
  }
  function moves(name, changed, tags) {
    const rows = changed.slice(0, 100).map((item) => make("tr", {},
      make("th", { scope: "row" }, make("a", { href: item.after.page }, code(item.after.name))),
      make("td", { class: "end", "data-label": "Drift (PSI)" }, item.psi === null ? "" : make("span", { class: item.psi >= 0.25 ? "drift-much" : item.psi >= 0.1 ? "drift-some" : "" }, drift(item.psi))),
      make("td", { class: "end", "data-label": "Missing" }, item.missing),
      make("td", { class: "end", "data-label": "Middle" }, item.value)));
    const table = make("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": `Columns of ${text(name)} that moved` },
      make("table", { class: "ruled stack" }, make("caption", { class: "hidden" }, "Columns that moved, the largest drift first"),
        make("thead", {}, make("tr", {}, ...["Column", "Drift (PSI)", "Missing", "Median or mean length"].map((title, index) => make("th", { scope: "col", class: index ? "end" : null }, title)))),
        make("tbody", {}, ...rows)));
    const cards = changed.slice(0, MANY).map((item) => {
      const binned = item.before.edges.length > 1 && item.after.edges.length > 1;
      const plot = binned ? distribution(item.before, item.after, tags.join(" and ")) : item.before.labels.length && item.after.labels.length ? valueTable(item.before, item.after) : null;
      return plot && make("article", { class: "tile" }, make("h4", {}, code(item.after.name)), plot);
    }).filter(Boolean);
    const legend = make("ul", { class: "legend" }, ...[["fill-before", tags[0]], ["fill-after", tags[1]]].map(([kind, tag]) => make("li", {},
      drawn("svg", { viewBox: "0 0 14 12", "aria-hidden": "true" }, drawn("rect", { class: kind, x: 1, y: 1, width: 12, height: 10 })), tag)));
    return [table, ...(cards.length ? [legend, make("div", { class: "tiles wide" }, ...cards)] : [])];
  }
  function kinds(one, other) {
    const old = new Map(one.kinds.map(([kind, files]) => [kind, files]));
    const now = new Map(other.kinds.map(([kind, files]) => [kind, files]));
    const all = [...new Set([...now.keys(), ...old.keys()])];
    return make("table", { class: "ruled" }, make("caption", { class: "hidden" }, "Kinds of files"),
      make("thead", {}, make("tr", {}, make("th", { scope: "col" }, "Kind"), make("th", { scope: "col", class: "end" }, "Files"))),
      make("tbody", {}, ...all.map((kind) => make("tr", {}, make("th", { scope: "row" }, code(kind)), make("td", { class: "end" }, moved(old.get(kind) ?? 0, now.get(kind) ?? 0, count))))));
  }
  function params(one, other) {
    const [old, now] = [new Map(one.params), new Map(other.params)];
    const changed = [...new Set([...now.keys(), ...old.keys()])].filter((name) => old.get(name) !== now.get(name));
    if (!changed.length) return [];
    const cell = (value, label) => make("td", { "data-label": label }, value === undefined ? make("span", { class: "muted" }, "none") : code(value));
    return [make("section", { "aria-labelledby": "params" }, make("h2", { id: "params" }, "Parameters"),
      make("table", { class: "ruled stack" }, make("caption", { class: "hidden" }, "Parameters that differ"),
        make("thead", {}, make("tr", {}, ...["Parameter", one.tag, other.tag].map((title) => make("th", { scope: "col" }, title)))),
        make("tbody", {}, ...changed.slice(0, 200).map((name) => make("tr", {}, make("th", { scope: "row" }, code(name)), cell(old.get(name), one.tag), cell(now.get(name), other.tag))))))];
  }
  function show(one, other) {
    // A dataset that was renamed between the two is one and the same.
    const [old, now] = [one, other].map((side) => new Map(side.datasets.map((item) => [item.now, item])));
    const tags = [one.tag, other.tag];
    const names = [...new Set([...now.keys(), ...old.keys()])].sort();
    place.replaceChildren(
      ...names.map((name, index) => datasetSection(name, old.get(name), now.get(name), tags, index)),
      ...params(one, other),
      make("section", { "aria-labelledby": "rows" }, make("h2", { id: "rows" }, "Row by row"),
        make("p", { class: "muted" }, "Drift is computed here from the twentieths of each distribution, so its last digit may differ from a report. For rows, run:"),
        make("div", { class: "snippet" }, make("pre", { tabindex: "0" }, make("code", {}, `datarelease diff ${tags.join(" ")}`)))));
    document.title = `${tags.join(" and ")} · ${document.title.split(" · ").at(-1)}`;
  }

  // --- choosing

  let asked = 0;
  async function compare(known) {
    const turn = asked += 1;
    const chosen = [from.value, to.value].map((tag) => known.get(tag));
    history.replaceState(null, "", `#${from.value}...${to.value}`);
    try {
      const found = await Promise.all(chosen.map((version) => window.catalogueData(version.tag, version.data)));
      if (turn === asked) show(...found);
    } catch (error) {
      if (turn === asked) place.replaceChildren(make("p", { class: "note" }, `The figures could not be read: ${error.message}.`));
    }
  }
  function fromAddress(known) {
    const [a, b] = decodeURIComponent(location.hash.slice(1)).split("...");
    if (known.has(a) && known.has(b)) { from.value = a; to.value = b; }
  }
  window.catalogueData("versions", "data/versions.js").then(({ versions }) => {
    if (versions.length < 2) {
      place.append(make("p", { class: "note" }, "There are not two versions yet."));
      return;
    }
    const known = byName(versions.map((version) => ({ ...version, name: version.tag })));
    for (const select of [from, to]) {
      select.append(...versions.map((version) => make("option", { value: version.tag }, `${version.tag} · ${version.date}${version.state ? ` · ${version.state}` : ""}`)));
    }
    const good = versions.filter((version) => !version.state);
    const [newest, before] = good.length > 1 ? good : versions;
    to.value = newest.tag;
    from.value = before.tag;
    fromAddress(known);
    document.querySelector(".pick").hidden = false;
    from.addEventListener("change", () => compare(known));
    to.addEventListener("change", () => compare(known));
    document.getElementById("swap").addEventListener("click", () => {
      [from.value, to.value] = [to.value, from.value];
      compare(known);
    });
    addEventListener("hashchange", () => { fromAddress(known); compare(known); });
    compare(known);
  }).catch(() => place.append(make("p", { class: "note" }, "The list of versions could not be read.")));
})();
