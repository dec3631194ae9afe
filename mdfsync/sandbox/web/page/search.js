/**
 * The search field: narrows what is shown as one types, and offers rows of other tables whose id or name fits.
 */
import { at, fill, h, soon } from "./dom.js";
import { here, go, rowHref } from "./routes.js";
import { all, called, loaded, rows, stableId } from "./tables.js";

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
      found.map(([table, id, name]) =>
        h(
          "li",
          {},
          h(
            "a",
            { href: rowHref(table, id), onclick: () => go(rowHref(table, id)) },
            h("span.table-name", {}, table),
            name && h("b", {}, name),
            h("span.code", {}, id),
          ),
        ),
      ),
    );
  }
}

function matches(needle) {
  const place = here();
  const found = [];
  for (const { name: table } of all().filter(
    (t) => loaded(t.name) && t.name !== place.name && t.name !== "Change History",
  )) {
    for (const row of rows(table)) {
      const [id, name] = [stableId(table, row), called(table, row)];
      if (`${id} ${name}`.toLowerCase().includes(needle)) found.push([table, id, name]);
      if (found.length >= MOST) return found;
    }
  }
  return found;
}
