/**
 * The search field: narrows what is shown as one types, and offers rows of other tables in which the words stand:
 * those whose id or name fits first, then those where another column shows them.
 */
import { at, fill, h, soon } from "./dom.js";
import { here, go, rowHref } from "./routes.js";
import { text } from "./show.js";
import { all, called, loaded, rows, stableId } from "./tables.js";
import { head } from "./words.js";

const MOST = 8;

/** @param {(text: string) => void} narrow  narrows the view that is shown */
export function wireSearch(narrow) {
  const field = at("search");
  const finds = at("finds");
  field.oninput = () => {
    soon("search", 120, () => narrow(field.value));
    offer(field.value.trim().toLowerCase());
  };
  field.onkeydown = (event) => {
    if (event.key === "Escape") {
      if (field.value) {
        field.value = "";
        narrow("");
        offer("");
      } else field.blur();
    } else if (event.key === "ArrowDown" && !finds.hidden) {
      event.preventDefault();
      finds.querySelector("a").focus();
    }
  };
  finds.onkeydown = (event) => {
    const links = [...finds.querySelectorAll("a")];
    const now = links.indexOf(document.activeElement);
    if (event.key === "Escape") (offer(""), field.focus());
    else if (event.key === "ArrowDown") links[Math.min(now + 1, links.length - 1)].focus();
    else if (event.key === "ArrowUp") (links[now - 1] ?? field).focus();
    else return;
    event.preventDefault();
  };
  finds.onclick = (event) => event.target.closest("a") && offer("");
  document.addEventListener("focusin", (event) => event.target.closest(".search, .finds") || offer(""));

  function offer(needle) {
    const found = needle.length > 1 ? matches(needle) : [];
    finds.hidden = !found.length;
    fill(
      finds,
      found.map(({ table, id, name, where }) =>
        h(
          "li",
          {},
          h(
            "a",
            { href: rowHref(table, id), onclick: () => go(rowHref(table, id)) },
            h("span.table-name", {}, table),
            name && h("b", {}, name),
            h("span.code", {}, id),
            where && h("span.where", {}, where),
          ),
        ),
      ),
    );
  }
}

function matches(needle) {
  const place = here();
  const [first, then] = [[], []];
  for (const { name: table, fields } of all()) {
    if (!loaded(table) || table === place.name || table === "Change History") continue;
    for (const row of rows(table)) {
      const [id, name] = [stableId(table, row), called(table, row)];
      if (`${id} ${name}`.toLowerCase().includes(needle)) first.push({ table, id, name });
      else if (then.length < MOST && shownIn(row, fields).includes(needle))
        then.push({ table, id, name, where: column(row, fields, needle) });
      if (first.length >= MOST) return first;
    }
  }
  return [...first, ...then].slice(0, MOST);
}

/** What a row shows, in lower case; rows are replaced when they change, so this is worked out once for each. */
const SHOWN = new WeakMap();

function shownIn(row, fields) {
  if (!SHOWN.has(row)) SHOWN.set(row, fields.map((f) => text(f, row.cells[f.name])).join("\n").toLowerCase());
  return SHOWN.get(row);
}

/** Where the words stand: "Vendor name: Brightpath Media". */
function column(row, fields, needle) {
  const found = fields.find((f) => text(f, row.cells[f.name]).toLowerCase().includes(needle));
  return found ? `${head(found.name)}: ${text(found, row.cells[found.name])}` : "";
}
