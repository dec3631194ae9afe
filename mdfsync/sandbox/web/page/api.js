/**
 * The page's only way to the sandbox: `/_web/api/…` of the same origin, JSON both ways.
 * Every call says who acts; an answer that refuses is thrown as `Refused` with the server's own sentence.
 * It calls no other address and keeps no credentials: the sandbox has none to keep.
 */

const ROOT = "/_web/api";

/** The server said no. `message` is its sentence, `status` its HTTP status (0 = it did not answer). */
class Refused extends Error {
  constructor(message, status) {
    super(message);
    this.status = status;
  }
}

let acting = "";

/** From now on calls are made as this person (an e-mail address). */
export function actAs(email) {
  acting = email;
}

async function call(method, path, { body, headers = {} } = {}) {
  const named = acting ? { "X-Sandbox-Person": acting } : {};
  const typed = body === undefined || body instanceof Blob ? {} : { "Content-Type": "application/json" };
  let answer;
  try {
    answer = await fetch(ROOT + path, {
      method,
      headers: { ...named, ...typed, ...headers },
      body: body === undefined || body instanceof Blob ? body : JSON.stringify(body),
    });
  } catch {
    throw new Refused("The sandbox does not answer. Is `mdfsync sandbox serve` still running?", 0);
  }
  const text = await answer.text();
  const said = text ? JSON.parse(text) : {};
  if (!answer.ok) throw new Refused(said.error ?? `The sandbox answered ${answer.status}.`, answer.status);
  return said;
}

const get = (path) => call("GET", path);
const post = (path, body = {}) => call("POST", path, { body });
const rows = (table, rest = "") => `/tables/${encodeURIComponent(table)}/rows${rest}`;
const asked = (given) => new URLSearchParams(Object.entries(given).filter(([, v]) => v)).toString();

export const api = {
  session: () => get("/session"),
  tables: () => get("/tables"),
  rows: (table, ids) => get(rows(table, ids ? `?ids=${ids.map(encodeURIComponent).join(",")}` : "")),
  add: (table, cells) => post(rows(table), { cells }),
  edit: (table, id, cells) => call("PATCH", rows(table, `/${id}`), { body: { cells } }),
  remove: (table, id) => call("DELETE", rows(table, `/${id}`)),
  attach: (table, id, field, file) =>
    call("POST", rows(table, `/${id}/attachments/${encodeURIComponent(field)}`), {
      body: file,
      headers: {
        "X-Filename": encodeURIComponent(file.name),
        "Content-Type": file.type || "application/octet-stream",
      },
    }),
  comments: (table, id) => get(rows(table, `/${id}/comments`)),
  comment: (table, id, text) => post(rows(table, `/${id}/comments`), { text }),
  history: (table, record, field) => get(`/history?${asked({ table, record, field })}`),
  explain: (table, id, field) => get(`/explain?${asked({ table, id, field })}`),
  changes: (after) => get(`/changes?after=${after}`),
  run: (what) => post("/run", what ? { ran: what } : {}),
  running: () => get("/run"),
  advance: () => post("/advance", { days: 1 }),
  faults: () => get("/faults"),
  fault: (name, on) => post("/faults", { name, on }),
  noFaults: () => call("DELETE", "/faults"),
  documents: () => get("/documents"),
  documentUrl: (path) => `${ROOT}/documents/${path.split("/").map(encodeURIComponent).join("/")}`,
};
