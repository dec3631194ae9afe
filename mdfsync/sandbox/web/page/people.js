/**
 * Who acts on this page, and what people are called. The choice is kept in this browser.
 * It knows no permissions: the sandbox refuses what a person may not do, the worker what a role may not decide.
 */
import { actAs } from "./api.js";
import { at, fill, h, memory } from "./dom.js";

/** @typedef {{name: string, email: string, role: string}} Person */

/** @type {Person[]} */
let everybody = [];
/** @type {Person|undefined} */
let me;

export const roleWords = (role) => (role ?? "").replaceAll("-", " ");

/** The person who acts now. */
export const acting = () => me;

/** The name behind an e-mail address where the sandbox knows it, else the address itself. */
export const nameOf = (email) => everybody.find((p) => p.email === email)?.name ?? email;

/** Who acts in a role: the names of its people, where nobody is known the role itself. */
export function peopleOf(role) {
  const names = everybody.filter((p) => p.role === role).map((p) => p.name);
  return names.length ? names : [roleWords(role)];
}

/** The names of those who may decide in one of these roles, the one who is asked first. */
export function deciders(roles, owner) {
  const names = roles.flatMap(peopleOf);
  const first = names.filter((name) => name === nameOf(owner));
  return [...new Set([...first, ...names])];
}

/** Fill the select of the header; `changed` is called after another person was chosen. */
export function meet(list, changed) {
  everybody = list;
  const select = at("person");
  const option = (p) => h("option", { value: p.email }, `${p.name} · ${roleWords(p.role)}`);
  fill(select, list.map(option));
  fill(
    at("known-people"),
    list.map((p) => h("option", { value: p.email }, p.name)),
  );
  const wanted = memory.get("person");
  me = list.find((p) => p.email === wanted) ?? list[0];
  select.value = me?.email ?? "";
  actAs(select.value);
  select.onchange = () => {
    me = everybody.find((p) => p.email === select.value);
    memory.set("person", select.value);
    actAs(select.value);
    changed();
  };
}
