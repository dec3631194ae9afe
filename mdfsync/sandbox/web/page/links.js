/**
 * Choosing linked records: what is linked now, each to be taken out, and a search over the other table's rows.
 * The arrows go from the search to the offers and back, Enter takes one: it never reaches whoever would save with it.
 */
import { button, fill, h } from "./dom.js";
import { called, load, rows, stableId, tableById } from "./tables.js";
import { head } from "./words.js";

const SHOWN = 40;

/**
 * @param {import("./tables.js").Field} spec
 * @param {{id: string, name: string}[]|undefined} value
 * @returns {import("./inputs.js").Control}
 */
export function linkPicker(spec, value) {
  const target = tableById(spec.options?.linkedTableId)?.name ?? "";
  const single = spec.options?.prefersSingleRecordLink ?? false;
  let chosen = [...(value ?? [])];
  const now = h("ul.chosen");
  const found = h("ul.found", { "aria-label": `Rows of ${target}` });
  const search = h("input", {
    type: "search",
    placeholder: `Search ${target}`,
    "aria-label": `Search ${target} to link`,
    oninput: draw,
  });
  const element = h(
    "div.picker",
    { role: "group", "aria-label": head(spec.name), onkeydown: keyed },
    now,
    search,
    found,
  );

  function keyed(event) {
    if (event.ctrlKey || event.metaKey) return;
    if (event.key === "Enter") {
      event.stopPropagation();
      if (event.target !== search) return;
      event.preventDefault();
      if (search.value.trim()) found.querySelector(".offer")?.click();
    }
    const by = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (!by || now.contains(event.target)) return;
    event.preventDefault();
    const stops = [search, ...found.querySelectorAll(".offer")];
    stops[Math.max(0, Math.min(stops.length - 1, stops.indexOf(event.target) + by))].focus();
  }

  function take(entry) {
    chosen = single ? [entry] : [...chosen, entry];
    search.value = "";
    draw();
    search.focus();
  }

  function leave(entry) {
    chosen = chosen.filter((c) => c.id !== entry.id);
    draw();
    search.focus();
  }

  function draw() {
    const out = (c) =>
      h(
        "li",
        {},
        c.name,
        button("×", () => leave(c), { kind: "quiet", label: `Take out ${c.name}` }),
      );
    fill(now, chosen.length ? chosen.map(out) : h("li.none", {}, "Nothing linked"));
    const needle = search.value.trim().toLowerCase();
    const offers = rows(target)
      .filter((r) => !chosen.some((c) => c.id === r.id))
      .map((r) => ({ id: r.id, name: stableId(target, r), called: called(target, r) }))
      .filter((o) => `${o.name} ${o.called}`.toLowerCase().includes(needle));
    const offer = (o) =>
      h(
        "li",
        {},
        h(
          "button.offer",
          { type: "button", onclick: () => take(o) },
          h("b", {}, o.called || o.name),
          o.called && h("span.code", {}, o.name),
        ),
      );
    fill(
      found,
      offers.slice(0, SHOWN).map(offer),
      offers.length > SHOWN && h("li.none", {}, `${offers.length - SHOWN} more: narrow the search`),
      !offers.length && h("li.none", {}, "No other row fits"),
    );
  }

  draw();
  load(target).then(draw, () => {});
  return { element, read: () => chosen.map((c) => c.id), focus: () => search.focus() };
}
