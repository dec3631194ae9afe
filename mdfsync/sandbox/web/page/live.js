/**
 * Keeps the page true: asks every 1.5 s what changed, has those rows fetched, moves the world's clock, and tells when
 * a run begins or ends. It shows nothing but the clock; who shows rows listens to `tables.js`.
 */
import { api } from "./api.js";
import { at, fill } from "./dom.js";
import { refresh } from "./tables.js";
import { clock } from "./words.js";

const EVERY = 1500;
const SLOWER = 6000;

let seq = 0;
let now = new Date(0).toISOString();
let lost = false;
/** @type {{schema: () => Promise<void>, run: (brief: any) => void, lost: (is: boolean) => void}} */
let told;

/** The time of the world, ISO. */
export const clockNow = () => now;

/** The world moved on (an answer said so). */
export function tick(time) {
  now = time;
  fill(at("clock"), clock(time));
  at("clock").dateTime = time;
}

/** Begin after the session was read. */
export function watch(session, listeners) {
  told = listeners;
  seq = session.seq;
  tick(session.now);
  void poll();
}

/** Ask at once, after something of one's own. */
export async function look() {
  const answer = await api.changes(seq);
  tick(answer.now);
  if (answer.schema) await told.schema();
  else await Promise.all(Object.entries(answer.tables).map(([table, ids]) => refresh(table, ids)));
  seq = answer.seq;
  told.run(answer.run);
}

async function poll() {
  let wait = EVERY;
  try {
    if (!document.hidden) await look();
    if (lost) told.lost((lost = false));
  } catch {
    wait = SLOWER;
    if (!lost) told.lost((lost = true));
  }
  setTimeout(poll, wait);
}
