/**
 * Values in words: column heads, dates, numbers, names. Only for the eye: nothing here is ever written back.
 * Times are the base's own (UTC); a date keeps its day whatever the reader's time zone.
 */
import { nameOf } from "./people.js";

const DAY = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short", year: "numeric", timeZone: "UTC" });
const CLOCK = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit", timeZone: "UTC" });
const WEEKDAY = new Intl.DateTimeFormat("en-GB", { weekday: "short", timeZone: "UTC" });
const SHORT = new Set(["id", "ids", "mdf", "crm", "utm", "url", "icp", "gl"]);
const OWN = { hubspot: "HubSpot", crossbeam: "Crossbeam", airtable: "Airtable", sha256: "SHA-256" };

/** `joint_campaign_id` → "Joint campaign ID". Names with blanks are somebody's own and stay. */
export function head(name) {
  if (/\s/.test(name)) return name;
  const words = name.split("_").map((w) => OWN[w] ?? (SHORT.has(w) ? w.toUpperCase().replace("IDS", "IDs") : w));
  return words.map((w, i) => (i ? w : w.charAt(0).toUpperCase() + w.slice(1))).join(" ");
}

/** `needs-review`, `in_force` → "needs review", "in force". */
export const plain = (text) => String(text ?? "").replaceAll(/[_-]/g, " ");

/** With a capital at the beginning, unless that is a name as it is written: `committed_on`, `finance.expenses`. */
export function sentence(text) {
  const [first] = text.match(/^\S*/);
  const named = /[_@]|\.\w/.test(first);
  return readable(named ? text : text.charAt(0).toUpperCase() + text.slice(1));
}

const MAIL = /[\w.+-]+@[\w-]+(?:\.[\w-]+)+/g;
const INSTANT = /(?<![\w-])\d{4}-\d\d-\d\d(?:T\d\d:\d\d:\d\d(?:\.\d+)?Z)?(?![\w-])/g;

/** Running text for the eye: days and instants as dates, addresses as the names of their owners where known. */
export const readable = (text) =>
  text
    .replace(MAIL, (mail) => nameOf(mail))
    .replace(INSTANT, (when) => (when.length === 10 || MIDNIGHT.test(when) ? day(when) : moment(when)));

/** An instant that is a day's beginning: what a date became in a column of instants. */
export const MIDNIGHT = /T00:00:00(\.0+)?Z$/;

export function day(text) {
  const when = new Date(text.length === 10 ? `${text}T00:00:00Z` : text);
  return Number.isNaN(+when) ? text : DAY.format(when).replace("Sept", "Sep");
}

export function moment(text) {
  const when = new Date(text);
  return Number.isNaN(+when) ? text : `${day(text)}, ${CLOCK.format(when)}`;
}

export const clock = (text) => `${WEEKDAY.format(new Date(text))} ${moment(text)} UTC`;

/** "in 5 days", "today", "3 days late", from one day to another. */
export function dueIn(due, now) {
  const days = Math.round((Date.parse(due) - Date.parse(now.slice(0, 10))) / 86_400_000);
  if (days === 0) return "today";
  const many = `${Math.abs(days)} ${Math.abs(days) === 1 ? "day" : "days"}`;
  return days > 0 ? `in ${many}` : `${many} late`;
}

/** 78000, 2 → "78,000.00"; `precision` is Airtable's, trailing zeros are cut when it is above 2. */
export function number(value, precision = 0) {
  const least = precision > 2 ? 0 : precision;
  return Number(value).toLocaleString("en-GB", { minimumFractionDigits: least, maximumFractionDigits: precision });
}

export function bytes(size) {
  if (size < 1000) return `${size} B`;
  return size < 1e6 ? `${number(size / 1000)} kB` : `${number(size / 1e6, 1)} MB`;
}

export const count = (n, one, many = `${one}s`) => `${number(n)} ${n === 1 ? one : many}`;

/** An e-mail address as the name of its owner, where known. */
export const who = (email) => (email ? nameOf(email) : "nobody");
