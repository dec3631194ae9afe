/**
 * Addresses inside the page: `#/queues/holds`, `#/t/Expenses`, `#/t/Expenses/rec…` (or a stable id).
 * The back button is the browser's; nothing else keeps where one is.
 */

/** @typedef {{view: "queues"|"table", name: string, record: string}} Place */

export const queueHref = (name) => `#/queues/${name}`;
export const tableHref = (table) => `#/t/${encodeURIComponent(table)}`;
export const rowHref = (table, key) => `${tableHref(table)}/${encodeURIComponent(key)}`;

/** @returns {Place} where the address bar says we are; an address that names neither kind of place is the first queue */
export function here() {
  const [, view, name = "", record = ""] = location.hash.split("/").map(decode);
  if (view === "t" && name) return { view: "table", name, record };
  return { view: "queues", name: view === "queues" && name ? name : "holds", record };
}

/** Whether the address bar names a kind of place that there is; an empty one names none and is no mistake. */
export const sensible = () => !location.hash || /^#\/(queues\/.|t\/.)/.test(location.hash);

/** The address bar names no place: it says from now on where we are instead. The back button does not lead there. */
export const correct = (href) => history.replaceState(history.state, "", href);

/** Go there; `quietly` leaves no entry for the back button. */
export function go(href, quietly = false) {
  if (location.hash === href) return;
  if (quietly) {
    history.replaceState(history.state, "", href);
    window.dispatchEvent(new HashChangeEvent("hashchange"));
  } else location.hash = href;
}

function decode(part) {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
