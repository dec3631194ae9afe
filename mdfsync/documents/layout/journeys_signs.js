/* The journey page: what the timeline is drawn with, and the calendar of the charter's zone. */
const SVG = "http://www.w3.org/2000/svg", DAY = 86400;
const LANES = [["partner", "The partner"], ["touches", "People on the deal"], ["colleagues", "Colleagues, not on it"],
  ["own_sales", "Our own sales"], ["deal", "The deal"], ["claims", "Claims and holds"], ["campaign", "Campaign"],
  ["presence", "Overlap: no credit"]];
const WEIGHTS = [["decides", "decides the class"], ["counts", "passes the tests of a class"],
  ["against", "speaks against a class"], ["unknown", "cannot be told"], ["does_not_count", "does not count"], ["context", "for information"]];

function el(name, attributes = {}, text = "") {
  const node = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
  if (text) node.textContent = text;
  return node;
}
function draw(name, attributes = {}, text = "") {
  const node = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
  if (text) node.textContent = text;
  return node;
}

/* One shape per weight, so that nothing rests on colour alone. */
function sign(weight) {
  const paths = {
    decides: "M0,-9 L2.6,-3 9,-2.6 4.2,1.6 5.8,8 0,4.6 -5.8,8 -4.2,1.6 -9,-2.6 -2.6,-3 Z",
    against: "M-7,-6 L7,-6 0,7 Z",
    does_not_count: "M-5,-5 L5,5 M5,-5 L-5,5",
  };
  const shape = paths[weight] ? draw("path", { class: "shape", d: paths[weight] })
    : draw("circle", { class: "shape", r: weight === "context" ? 4 : 6 });
  return weight === "unknown" ? [shape, draw("text", { "text-anchor": "middle", y: 4, "aria-hidden": "true" }, "?")]
    : [shape];
}

function fitted(words, room) {
  const most = Math.floor(room / 6.4);
  if (words.length <= most) return words;
  return most > 3 ? `${words.slice(0, most - 1)}…` : "";
}

/* Days of the charter's zone, without a library: ticks stand at its midnights. */
class Calendar {
  constructor(zone) {
    this.zone = zone;
    this.parts = new Intl.DateTimeFormat("en-GB", { timeZone: zone, hourCycle: "h23", year: "numeric", month: "numeric",
      day: "numeric", hour: "numeric", minute: "numeric", second: "numeric" });
  }

  /* Seconds that the zone's clock is ahead of UTC at a moment. */
  offset(at) {
    const of = Object.fromEntries(this.parts.formatToParts(at * 1000).map(({ type, value }) => [type, Number(value)]));
    return Date.UTC(of.year, of.month - 1, of.day, of.hour, of.minute, of.second) / 1000 - Math.floor(at);
  }

  midnight(year, month, day) {
    const guess = Date.UTC(year, month, day) / 1000;
    return guess - this.offset(guess);
  }

  /* Ticks between two moments with their words, at most `room` of them. */
  ticks(from, to, room) {
    const days = (to - from) / DAY;
    const step = [1, 2, 7, 14, 30, 61, 91, 182, 365, 730, 1826, 3652].find((size) => days / size <= room) ?? 3652;
    const start = new Date((from + this.offset(from)) * 1000), found = [];
    const form = new Intl.DateTimeFormat("en-GB", { timeZone: this.zone, day: step < 30 ? "numeric" : undefined,
      month: step < 365 ? "short" : undefined, year: step >= 30 ? "numeric" : undefined });
    const [year, month, day] = [start.getUTCFullYear(), start.getUTCMonth(), start.getUTCDate()];
    for (let n = -1; ; n += 1) {
      const at = step < 30 ? this.midnight(year, month, day + n * step)
        : this.midnight(year, month + n * Math.round(step / 30.4), 1);
      if (at > to) return found;
      found.push([at, form.format(at * 1000)]);
    }
  }
}
