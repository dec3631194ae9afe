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
import { here } from "./routes.js";
import { wireSearch } from "./search.js";
import { all, forgetAll, learn, listen, load, table } from "./tables.js";
import { tableView } from "./table_view.js";
import { wireTheme } from "./theme.js";
import { refused } from "./toast.js";
import { heard, runNow, wireWorker } from "./worker.js";

/** Tables larger than this are read when somebody opens them, not before. */
const SMALL = 3000;

let view = { search() {}, key: () => false, close() {} };
let shown = "";

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
  wireFaults();
  await readBase();
  watch(session, { schema: reread, run: heard, lost: (is) => (at("lost").hidden = !is) });
  listen(() => drawNav());
  window.addEventListener("hashchange", () => show());
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

/** Show what the address bar names. `anew` draws the view again even when it is the same. */
async function show(anew = false) {
  const place = here();
  drawNav();
  const wanted = `${place.view}/${place.name}`;
  if (anew || wanted !== shown) {
    view.close();
    closeRecord();
    shown = wanted;
    at("search").value = "";
    view = await build(place).catch((error) => (refused(error), { search() {}, key: () => false, close() {} }));
    document.title = `${place.view === "queues" ? (QUEUES[place.name]?.title ?? "Work queues") : place.name} · mdfsync sandbox`;
  }
  if (place.view === "table" && place.record) await showRecord(place.name, place.record).catch(refused);
  else closeRecord();
}

async function build(place) {
  const host = at("view");
  if (!all().length) return welcome(host);
  if (place.view === "queues") return queueView(host, place.name);
  if (!table(place.name)) throw new Error(`The base has no table ${place.name}.`);
  return tableView(host, place.name);
}

function welcome(host) {
  fill(host, h("section.empty", {}, h("h1", {}, "The base is empty"), h("p", {}, "Let the worker build it and read the sources: tables, rows, and the first holds to work on."), button("Run now", () => runNow(), { kind: "main", label: undefined })));
  return { search() {}, key: () => false, close() {} };
}

/** Keys that work everywhere; the rest is the view's. Typing and dialogs keep theirs. */
function pressed(event) {
  if (event.ctrlKey || event.metaKey || event.altKey) return view.chord?.(event);
  if (document.querySelector("dialog[open]") || event.target.closest("input, textarea, select, [contenteditable], :popover-open")) return;
  const general = { "/": () => at("search").focus(), "?": showKeys };
  const act = general[event.key];
  if (act) act();
  if (act || view.key(event)) event.preventDefault();
}

start().catch((error) => fill(at("view"), h("p.problem", { role: "alert" }, error.message)));
