/**
 * The worker as seen from the page: start a run or a plan, show that it runs, what it prints, and how it ended.
 * The run is the real command on the server (`mdfsync run`); the page only asks for it.
 */
import { api } from "./api.js";
import { newly, objectionTo } from "./decide.js";
import { at, button, fill, h } from "./dom.js";
import { open } from "./drawer.js";
import { look, tick } from "./live.js";
import { QUEUES, items } from "./queues.js";
import { find } from "./tables.js";
import { refused, say } from "./toast.js";
import { clock, number } from "./words.js";

/** What the worker's exit codes mean. */
const ENDS = {
  0: "done",
  1: "failed",
  2: "stopped: usage or policy",
  3: "was refused",
  4: "did not begin: the base is busy",
  5: "done, with findings",
};

/** @type {Set<() => void>} */
const enders = new Set();

/** Call `listener` after every run; returns a function that ends it. */
export function whenEnded(listener) {
  enders.add(listener);
  return () => enders.delete(listener);
}

let running = false;
/** What waited in the queues when the run began, and whether it only plans. */
let before = { waited: [], plans: false };
let busy = false;
/** @type {HTMLElement|null} */
let drawer = null;

/** Wire the buttons of the header. */
export function wireWorker(available) {
  at("run").onclick = () => runNow();
  at("plan").onclick = () => runNow("plan");
  at("advance").onclick = () => nextDay();
  at("run-status").onclick = () => showRun();
  if (!available) for (const id of ["run", "plan"]) at(id).title = "No worker in this installation";
  draw();
}

/** Start a run (or only plan); the drawer with its output is one click away. */
export async function runNow(what) {
  if (running || busy) return;
  busy = true;
  draw();
  try {
    before = { waited: everything(), plans: what === "plan" };
    await api.run(what);
    running = true;
    follow();
  } catch (error) {
    refused(error);
  } finally {
    busy = false;
    draw();
  }
}

async function nextDay() {
  busy = true;
  draw();
  try {
    tick((await api.advance()).now);
    await look();
    say("A day has passed in the world: deals moved, files came, people typed. The worker has not seen it yet.", {
      act: { label: "Run now", run: () => runNow() },
    });
  } catch (error) {
    refused(error);
  } finally {
    busy = false;
    draw();
  }
}

/** News of the poll: a run that began elsewhere, or one that ended. */
export function heard(brief) {
  if (busy || brief.running === running) return;
  running = brief.running;
  if (running) before = { waited: everything(), plans: false };
  draw();
  if (running) follow();
}

let following = false;

async function follow() {
  if (following) return;
  following = true;
  try {
    let run = await api.running();
    while (run.running) {
      printed(run);
      await new Promise((done) => setTimeout(done, 700));
      run = await api.running();
    }
    running = false;
    newly.clear();
    printed(run);
    await look();
    for (const listener of enders) listener();
    ended(run);
  } catch (error) {
    refused(error);
  } finally {
    following = false;
    draw();
  }
}

function ended(run) {
  if (drawer) return;
  const well = run.code === 0 || run.code === 5;
  const words = well
    ? before.plans
      ? "Nothing was written: this was only a plan. What a run would do stands in its output."
      : `The run is done: ${outcome(before.waited)}.`
    : `The run ${ENDS[run.code] ?? "ended"}. ${run.lines.at(-1) ?? ""}`;
  say(words, { kind: well ? "done" : "refused", act: { label: "Output", run: () => showRun() } });
}

const everything = () => Object.keys(QUEUES).flatMap((queue) => items(queue));

/** What a run did, as the queues tell it: "2 applied, 1 cleared, 4 not counted". */
function outcome(waited) {
  const waits = everything();
  const still = new Set(waits.map((i) => i.row.id));
  const known = new Set(waited.map((i) => i.row.id));
  const many = {};
  const add = (end) => (many[end] = (many[end] ?? 0) + 1);
  for (const item of waited) if (!still.has(item.row.id) && item.queue !== "actions") add(endOf(item));
  const uncounted = waits.filter((i) => i.decision && objectionTo(i)).length;
  if (uncounted) many["not counted"] = uncounted;
  const news = waits.filter((i) => !known.has(i.row.id) && i.queue !== "actions").length;
  if (news) many["new in the queues"] = news;
  return (
    Object.entries(many)
      .map(([end, n]) => `${number(n)} ${end}`)
      .join(", ") || "nothing in the queues moved"
  );
}

/** How an item that no longer waits ended: a change by its state, a hold or exception by its status. */
function endOf({ queue, row: { id } }) {
  const { table } = QUEUES[queue];
  const cells = find(table, id)?.cells ?? {};
  if (queue !== "proposals") return cells.status ?? "gone";
  return /^refused/.test(cells.state ?? "") ? "rejected" : (cells.state ?? "gone");
}

function draw() {
  const status = at("run-status");
  status.classList.toggle("running", running);
  fill(status, running ? "Running…" : "Output");
  for (const id of ["run", "plan", "advance"]) at(id).disabled = running || busy;
}

/** The drawer with the console output of the latest run. */
async function showRun() {
  open({ title: "The worker", closed: () => (drawer = null) }, (body) => {
    drawer = body;
    fill(body, h("p", {}, "Reading…"));
  });
  try {
    printed(await api.running());
  } catch (error) {
    fill(drawer, h("p.problem", {}, error.message));
  }
}

function printed(run) {
  if (!drawer) return;
  const state = run.running
    ? "runs now"
    : run.ended
      ? `${ENDS[run.code] ?? "ended"} · ended ${clock(run.ended)}`
      : "has not run from this page yet";
  const low = drawer.querySelector("pre");
  const follows = !low || low.scrollHeight - low.scrollTop - low.clientHeight < 40;
  const output = h(
    "pre.console",
    { tabIndex: 0, "aria-label": "Console output" },
    run.lines.join("\n") || "No output yet.",
  );
  const again = button("Run now", () => runNow(), { kind: "main", disabled: run.running });
  fill(drawer, h("p", { role: "status" }, `mdfsync: ${state}`), output, h("div.actions", {}, again));
  if (follows && run.running) output.scrollTop = output.scrollHeight;
}
