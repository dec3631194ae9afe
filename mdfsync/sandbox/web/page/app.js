/**
 * The sandbox's web page: the place where a newcomer is the operator of the base. Starts it, follows the address bar,
 * hands keys to the view that is shown. Plain modules without a build step; nothing is loaded from elsewhere.
 * It decides nothing: permissions are the sandbox's, the meaning of decisions is the worker's.
 */
import { api } from "./api.js";
import { at, button, fill, h } from "./dom.js";
import { showDocuments } from "./documents.js";
import { showFaults, wireFaults } from "./faults.js";
import { showKeys } from "./keys.js";
import { watch } from "./live.js";
import { drawNav } from "./nav.js";
import { meet } from "./people.js";
import { queueView } from "./queue_view.js";
import { QUEUES, QUEUE_TABLES } from "./queues.js";
import { closeRecord, showRecord } from "./record.js";
import { relearn } from "./refs.js";
import { correct, go, here, queueHref, sensible, tableHref } from "./routes.js";
import { wireSearch } from "./search.js";
import { all, forgetAll, learn, listen, load, table } from "./tables.js";
import { tableView } from "./table_view.js";
import { wireTheme } from "./theme.js";
import { refused, say } from "./toast.js";
import { heard, runNow, wireWorker } from "./worker.js";

/** Tables larger than this are read when somebody opens them, not before. */
const SMALL = 3000;

const NOTHING = { search() {}, key: () => false, close() {} };
let view = NOTHING;
/** The queue or table that is shown; a row's drawer stands over it and does not change it. */
let beneath = null;
/** Counts what was asked to be drawn. */
let turn = 0;
/** Number of this place in the browser's history of the page; 0 is the one the page was opened with. */
let depth = 0;

async function start() {
  wireTheme();
  const session = await api.session();
  meet(session.people, () => show(true));
  at("base").textContent = session.base?.name ?? "No base yet";
  wireWorker(session.worker.available);
  wireSearch((text) => view.search(text));
  at("documents").onclick = showDocuments;
  at("faults").onclick = showFaults;
  at("keys").onclick = showKeys;
  at("skip").onclick = () => at("view").focus();
  wireFaults();
  await readBase();
  watch(session, { schema: reread, run: heard, lost: (is) => (at("lost").hidden = !is) });
  listen(() => drawNav(beneath));
  depth = history.state?.depth ?? 0;
  history.replaceState({ depth }, "");
  window.addEventListener("hashchange", moved);
  document.addEventListener("keydown", pressed);
  await show();
  void readRest();
}

/** Tables, and of them those that the queues read. */
async function readBase() {
  await learn();
  await Promise.all(QUEUE_TABLES.filter((name) => table(name)).map(load));
  relearn();
}

/** The other tables, one after the other: cards name the rows they are about, pickers and search offer them. */
async function readRest() {
  for (const { name, count } of all()) if (count <= SMALL) await load(name).catch(() => {});
  relearn();
  view.known?.();
}

/** The base has other tables or columns than before. */
async function reread() {
  forgetAll();
  await readBase();
  await show(true);
  void readRest();
}

/** Another address: a new one is numbered, an old one (back, forward) says its number. */
function moved() {
  if (history.state?.depth === undefined) history.replaceState({ depth: depth + 1 }, "");
  depth = history.state.depth;
  void show();
}

/** Show what the address bar names. `anew` draws the view again even when it is the same. */
async function show(anew = false) {
  const wrong = unknown();
  if (wrong) {
    correct(queueHref("holds"));
    say(`${wrong} Here are the work queues.`, { kind: "refused" });
  }
  const place = here();
  const row = place.view === "table" && place.record;
  if (!beneath || !row) {
    anew ||= !beneath || beneath.view !== place.view || beneath.name !== place.name;
    beneath = place;
  }
  drawNav(beneath);
  if (anew) {
    closeRecord();
    await draw(beneath);
  }
  if (row) await showRecord(place.name, place.record, leaveRow).catch(noRow);
  else closeRecord();
}

/** What is wrong with the address, "" when it names a queue or a table that there is. */
function unknown() {
  const place = here();
  if (!sensible() || (place.view === "queues" && !QUEUES[place.name])) return "There is no such place in this base.";
  return place.view === "table" && all().length && !table(place.name) ? `The base has no table ${place.name}.` : "";
}

/** A row that cannot be shown: say so, and stay with what is shown beneath. */
function noRow(error) {
  closeRecord();
  correct(beneath.view === "queues" ? queueHref(beneath.name) : tableHref(beneath.name));
  refused(error);
}

/** Draw a view; when another one was asked for meanwhile, this one is dropped. */
async function draw(place) {
  const mine = ++turn;
  view.close();
  view = NOTHING;
  at("search").value = "";
  try {
    if (place.view === "table" && table(place.name)) await load(place.name);
    if (mine !== turn) return;
    const made = await build(place);
    if (mine === turn) view = made;
    else made.close();
  } catch (error) {
    refused(error);
  }
  const name = place.view === "queues" ? QUEUES[place.name]?.title : place.name;
  document.title = `${name ?? "Work queues"} · mdfsync sandbox`;
}

/** Closing a row leads to where one came from, or to its table when the row was the first thing opened. */
function leaveRow() {
  if (depth) history.back();
  else go(tableHref(here().name), true);
}

async function build(place) {
  const host = at("view");
  if (!all().length) return welcome(host);
  if (place.view === "queues") return queueView(host, place.name);
  if (!table(place.name)) throw new Error(`The base has no table ${place.name}.`);
  return tableView(host, place.name);
}

function welcome(host) {
  fill(
    host,
    h(
      "section.empty",
      {},
      h("h1", {}, "The base is empty"),
      h("p", {}, "Let the worker build it and read the sources: tables, rows, and the first holds to work on."),
      button("Run now", () => runNow(), { kind: "main" }),
    ),
  );
  return NOTHING;
}

/** Keys that work everywhere; the rest is the view's. Typing and dialogs keep theirs. */
function pressed(event) {
  if (event.ctrlKey || event.metaKey || event.altKey) return view.chord?.(event);
  if (
    document.querySelector("dialog[open]") ||
    event.target.closest("input, textarea, select, [contenteditable], :popover-open")
  )
    return;
  const general = { "/": () => at("search").focus(), "?": showKeys };
  const act = general[event.key];
  if (act) act();
  if (act || view.key(event)) event.preventDefault();
}

start().catch((error) => fill(at("view"), h("p.problem", { role: "alert" }, error.message)));
