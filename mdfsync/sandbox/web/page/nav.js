/**
 * The tabs: the work queues first, then the tables of the base by what they are about, each with its count.
 */
import { at, fill, h } from "./dom.js";
import { QUEUES, waiting } from "./queues.js";
import { queueHref, tableHref } from "./routes.js";
import { all } from "./tables.js";
import { number } from "./words.js";

const GROUPS = {
  Programme: ["Partners", "Agreements", "Campaigns", "Campaign Partners", "Shared Accounts", "Deliverables"],
  Money: ["MDF Funds", "MDF Budgets", "Expenses", "Reimbursements", "Reimbursement Lines", "MDF Ledger"],
  Evidence: ["Evidence", "Approvals"],
  Pipeline: ["Leads", "Opportunities", "Deal Registrations", "Attributions"],
  Governance: ["Decisions", "Postmortems", "Actions", "Holds", "Exceptions", "Change History", "Sync Runs", "Sources"],
};

/** Groups with the tables that the base has, in our order; tables of no group stand under "Other". */
function grouped() {
  const there = all().map((t) => t.name);
  const known = new Set(Object.values(GROUPS).flat());
  const groups = Object.entries(GROUPS).map(([name, tables]) => [name, tables.filter((t) => there.includes(t))]);
  return [...groups, ["Other", there.filter((t) => !known.has(t))]].filter(([, tables]) => tables.length);
}

/**
 * Draw both rows of tabs for the place that is shown.
 * @param {import("./routes.js").Place} place
 */
export function drawNav(place) {
  const groups = grouped();
  const group = place.view === "queues" ? "" : (groups.find(([, tables]) => tables.includes(place.name))?.[0] ?? "");
  const together = Object.keys(QUEUES)
    .slice(0, 3)
    .reduce((sum, q) => sum + waiting(q), 0);
  fill(
    at("groups"),
    tab("Work queues", queueHref("holds"), place.view === "queues", together),
    groups.map(([name, tables]) => tab(name, tableHref(tables[0]), name === group)),
  );
  const second =
    place.view === "queues"
      ? Object.entries(QUEUES).map(([key, queue]) => tab(queue.title, queueHref(key), key === place.name, waiting(key)))
      : (groups.find(([name]) => name === group)?.[1] ?? []).map((name) =>
          tab(name, tableHref(name), name === place.name, all().find((t) => t.name === name).count),
        );
  const tabs = at("tabs");
  const kept = tabs.scrollLeft;
  const focused = tabs.contains(document.activeElement) ? document.activeElement.hash : "";
  fill(tabs, second);
  tabs.scrollLeft = kept;
  for (const link of tabs.children) if (focused && link.hash === focused) link.focus();
  tabs.querySelector("[aria-current]")?.scrollIntoView({ block: "nearest", inline: "nearest" });
}

function tab(words, href, current, count) {
  const many = count === undefined ? null : h("span.count", {}, number(count));
  return h("a.tab", { href, "aria-current": current ? "page" : undefined }, words, many);
}
