/* The journey page: the timeline of one deal. It reads the page's own tables, as text, and filters them with itself. */
const still = matchMedia("(prefers-reduced-motion: reduce)").matches;

class Timeline {
  constructor(article) {
    this.article = article;
    this.calendar = new Calendar(article.dataset.zone);
    this.now = Number(article.dataset.now);
    this.rows = [...article.querySelectorAll(".story tbody tr")];
    this.events = this.rows.map((row) => ({
      row, id: row.dataset.id, at: Number(row.dataset.at), lane: row.dataset.lane, weight: row.className,
      after: "after" in row.dataset ? Number(row.dataset.after) : null, kind: row.dataset.kind ?? "",
      partner: row.dataset.partner ?? "", people: (row.dataset.people ?? "").split("\n").filter(Boolean),
      title: row.cells[1].querySelector("b").textContent, when: row.cells[0].querySelector("b").textContent,
    }));
    this.spans = [...article.querySelectorAll(".spans tbody tr")].map((row) => ({
      title: row.querySelector(".title").textContent, kind: row.dataset.kind ?? "",
      from: row.dataset.from === "" ? -Infinity : Number(row.dataset.from),
      to: row.dataset.to === "" ? Infinity : Number(row.dataset.to),
    }));
    this.hidden = new Set();
    this.partner = this.person = "";
    this.onlyWhatCounts = false;
    this.place = article.querySelector(".timeline");
    this.place.hidden = false;
    this.build();
    this.fit();
    new ResizeObserver(() => { if (this.board.clientWidth !== this.width) this.render(); }).observe(this.board);
  }

  build() {
    const tools = this.article.querySelector("p.tools:not(#index p)");
    this.tools = el("div", { class: "tools" });
    tools.replaceWith(this.tools);
    this.place.before(this.tools);
    const lanes = el("fieldset");
    lanes.append(el("legend", {}, "Show"));
    for (const [lane, words] of LANES) {
      if (!this.events.some((event) => event.lane === lane)) continue;
      const label = el("label"), box = el("input", { type: "checkbox", "data-lane": lane });
      box.checked = true;
      box.addEventListener("change", () => { this.hidden[box.checked ? "delete" : "add"](lane); this.filter(); });
      label.append(box, ` ${words}`);
      lanes.append(label);
    }
    this.tools.append(lanes);
    this.choice("Partner", "partner", this.events.map((event) => event.partner));
    this.choice("Person", "person", this.events.flatMap((event) => event.people));
    const counts = this.button("Only what was tested", () => {
      this.onlyWhatCounts = !this.onlyWhatCounts;
      counts.setAttribute("aria-pressed", String(this.onlyWhatCounts));
      this.filter();
    });
    counts.setAttribute("aria-pressed", "false");
    this.button("−", () => this.zoom(1.6), "Zoom out");
    this.button("+", () => this.zoom(0.625), "Zoom in");
    this.button("Whole story", () => { this.fit(); this.render(); });
    this.count = el("span", { role: "status" });
    this.tools.append(this.count);

    this.board = el("div", { class: "board signs" });
    this.svg = draw("svg", { role: "group", "aria-label":
      "Timeline. Left and right arrows go from event to event, Enter opens one, plus and minus zoom." });
    this.tip = el("div", { class: "tip", hidden: "" });
    this.board.append(this.svg, this.tip);
    const legend = el("ul", { class: "legend", "aria-label": "Signs" });
    for (const [weight, words] of WEIGHTS) {
      if (!this.events.some((event) => event.weight === weight)) continue;
      const item = el("li"), icon = draw("svg", { viewBox: "-9 -9 18 18", "aria-hidden": "true" });
      const group = draw("g", { class: `event ${weight}` });
      group.append(...sign(weight));
      icon.append(group);
      const wrap = el("span", { class: "signs" });
      wrap.append(icon);
      item.append(wrap, ` ${words}`);
      legend.append(item);
    }
    this.detail = el("section", { class: "detail", hidden: "", tabindex: "-1", "aria-label": "The event chosen" });
    this.place.append(this.board, legend, this.detail);
    this.svg.addEventListener("keydown", (key) => this.keys(key));
    this.svg.addEventListener("wheel", (wheel) => {
      if (!wheel.ctrlKey && !wheel.metaKey && Math.abs(wheel.deltaX) <= Math.abs(wheel.deltaY)) return;
      wheel.preventDefault();
      if (wheel.ctrlKey || wheel.metaKey) this.zoom(wheel.deltaY > 0 ? 1.25 : 0.8, this.time(wheel.offsetX));
      else this.pan(wheel.deltaX / this.width);
    }, { passive: false });
    this.drag();
    for (const show of this.article.querySelectorAll("button.show")) {
      if (!this.events.some((event) => event.id === show.dataset.show)) continue;
      show.hidden = false;
      show.addEventListener("click", () => {
        this.reset();
        this.open(this.events.find((event) => event.id === show.dataset.show), true);
      });
    }
    this.current = this.events.find((event) => event.weight === "decides")
      || this.events.find((event) => event.weight === "unknown") || this.events[0];
  }

  button(text, act, label = "") {
    const made = el("button", label ? { type: "button", "aria-label": label } : { type: "button" }, text);
    made.addEventListener("click", act);
    this.tools.append(made);
    return made;
  }

  choice(words, name, values) {
    const known = [...new Set(values.filter(Boolean))].sort();
    if (known.length < 2) return;
    const label = el("label", {}, `${words} `), select = el("select", { "data-choice": name });
    select.append(el("option", { value: "" }, "all"), ...known.map((value) => el("option", { value }, value)));
    select.addEventListener("change", () => { this[name] = select.value; this.filter(); });
    label.append(select);
    this.tools.append(label);
  }

  shows(event) {
    return !this.hidden.has(event.lane) && (!this.partner || event.partner === this.partner)
      && (!this.person || event.people.includes(this.person))
      && (!this.onlyWhatCounts || event.weight !== "context");
  }

  get shown() { return this.events.filter((event) => this.shows(event)); }

  reset() {
    this.hidden.clear();
    this.partner = this.person = "";
    this.onlyWhatCounts = false;
    for (const box of this.tools.querySelectorAll("input")) box.checked = true;
    for (const select of this.tools.querySelectorAll("select")) select.value = "";
    for (const button of this.tools.querySelectorAll("[aria-pressed]")) button.setAttribute("aria-pressed", "false");
    this.filter();
  }

  filter() {
    for (const event of this.events) event.row.hidden = !this.shows(event);
    const shown = this.shown.length;
    this.count.textContent = shown === this.events.length ? "" : `${shown} of ${this.events.length} entries`;
    if (!this.shows(this.current)) this.current = this.shown[0] || this.current;
    this.render();
  }

  /* From the first to the last thing that belongs to the story itself; older overlaps and what is yet to come run off the edge. */
  fit() {
    const own = this.events.filter((event) => event.lane !== "presence"
      && event.at <= this.now && !["contact_joined", "hold"].includes(event.kind));
    const at = (own.length ? own : this.events).map((event) => event.at);
    const first = at.reduce((a, b) => Math.min(a, b), Infinity), last = at.reduce((a, b) => Math.max(a, b), -Infinity);
    const room = Math.max((last - first) * 0.06, 3 * DAY);
    [this.from, this.to] = at.length ? [first - room, last + room] : [0, DAY];
  }

  zoom(factor, around = (this.from + this.to) / 2) {
    const wide = Math.min(Math.max((this.to - this.from) * factor, DAY / 4), 40 * 365 * DAY);
    const share = (around - this.from) / (this.to - this.from);
    this.from = around - wide * share;
    this.to = this.from + wide;
    this.render();
  }

  pan(share) {
    const by = (this.to - this.from) * share;
    this.from += by;
    this.to += by;
    this.render();
  }

  drag() {
    let begun = null;
    this.svg.addEventListener("pointerdown", (pointer) => {
      if (pointer.button === 0) begun = { x: pointer.clientX, from: this.from, to: this.to, moved: false };
    });
    addEventListener("pointermove", (pointer) => {
      if (!begun || Math.abs(pointer.clientX - begun.x) < 4) return;
      begun.moved = true;
      const by = (begun.x - pointer.clientX) / this.plot * (begun.to - begun.from);
      [this.from, this.to] = [begun.from + by, begun.to + by];
      this.render();
    });
    addEventListener("pointerup", () => { begun = null; });
    addEventListener("pointercancel", () => { begun = null; });
  }

  keys(key) {
    const order = this.shown, at = order.indexOf(this.current);
    const steps = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: order.length - 1 };
    if (key.key in steps) this.focus(order[Math.min(Math.max(steps[key.key], 0), order.length - 1)]);
    else if (key.key === "Enter" || key.key === " ") this.open(this.current, true);
    else if (key.key === "+") this.zoom(0.625, this.current.at);
    else if (key.key === "-") this.zoom(1.6, this.current.at);
    else return;
    key.preventDefault();
  }

  focus(event) {
    if (!event) return;
    this.current = event;
    if (event.at < this.from || event.at > this.to) {
      const half = (this.to - this.from) / 2;
      [this.from, this.to] = [event.at - half, event.at + half];
    }
    this.render();
    this.svg.querySelector(".event[tabindex='0']")?.focus();
  }

  x(at) { return this.left + (at - this.from) / (this.to - this.from) * this.plot; }
  time(x) { return this.from + (x - this.left) / this.plot * (this.to - this.from); }

  render(width = this.board.clientWidth) {
    this.width = width;
    if (!this.width) return;
    const narrow = this.width < 640, held = this.svg.contains(document.activeElement);
    this.left = narrow ? 8 : 160;
    this.plot = this.width - this.left - 14;
    this.svg.replaceChildren();
    const back = draw("g"), front = draw("g");
    let y = 42;
    y = this.drawSpans(back, y);
    for (const [lane, words] of LANES) {
      const events = this.shown.filter((event) => event.lane === lane);
      if (!events.length) continue;
      if (narrow) y += 16;
      back.append(draw("text", { class: "lane-name", x: 8, y: narrow ? y - 2 : y + 17 }, words));
      const inside = events.filter((event) => event.at >= this.from && (event.after ?? event.at) <= this.to);
      this.drawBeyond(back, events, y + 26);
      y = inside.length ? this.drawEvents(front, inside, y) : y + 28;
      back.append(draw("line", { class: "lane-line", x1: 0, x2: this.width, y1: y, y2: y }));
    }
    const marks = draw("g");
    this.drawTicks(marks, y);
    this.drawMarks(marks, y);
    const clip = draw("clipPath", { id: `clip-${this.article.id}` });
    clip.append(draw("rect", { x: this.left - 8, y: 0, width: this.plot + 22, height: y + 4 }));
    marks.setAttribute("clip-path", `url(#clip-${this.article.id})`);
    front.setAttribute("clip-path", `url(#clip-${this.article.id})`);
    this.svg.append(clip, marks, back, front);
    this.svg.setAttribute("viewBox", `0 0 ${this.width} ${y + 4}`);
    if (held) this.svg.querySelector(".event[tabindex='0']")?.focus();
  }

  drawSpans(layer, top) {
    const lines = new Map();
    for (const span of this.spans) {
      const a = Math.max(this.x(Math.max(span.from, this.from)), this.left);
      const b = Math.min(this.x(Math.min(span.to, this.to)), this.left + this.plot);
      if (b <= a) continue;
      if (!lines.has(span.title)) lines.set(span.title, top + lines.size * 17);
      const y = lines.get(span.title);
      const group = draw("g", { class: `span ${span.kind}` });
      group.append(draw("title", {}, span.title), draw("rect", { x: a, y, width: Math.max(b - a, 2), height: 14, rx: 2 }));
      const room = this.left + this.plot - a, words = fitted(span.title, Math.max(room - 8, 0));
      group.append(draw("text", { x: a + 4, y: y + 11 }, words));
      layer.append(group);
    }
    return top + lines.size * 17 + 6;
  }

  drawEvents(layer, events, y) {
    const ends = [];
    for (const event of events) {
      const x = this.x(event.at), from = event.after === null ? x : this.x(event.after);
      let row = ends.findIndex((end) => end < Math.min(from, x) - 11);
      if (row < 0) row = ends.length < 12 ? ends.length : 11;
      const label = ["decides", "unknown"].includes(event.weight) ? fitted(event.title, this.left + this.plot - x - 16) : "";
      ends[row] = Math.max(x + 9 + label.length * 6.8, ends[row] ?? -Infinity);
      layer.append(this.marker(event, x, from, y + 14 + row * 20, label));
    }
    return y + 28 + (ends.length - 1) * 20;
  }

  drawBeyond(layer, events, y) {
    const earlier = events.filter((event) => event.at < this.from).length;
    const later = events.filter((event) => (event.after ?? event.at) > this.to).length;
    if (earlier) layer.append(draw("text", { class: "off", x: this.left, y }, `◀ ${earlier} earlier`));
    if (later) layer.append(draw("text", { class: "off", x: this.left + this.plot, y, "text-anchor": "end" }, `${later} later ▶`));
  }

  marker(event, x, from, y, label) {
    const picked = event === this.opened ? " picked" : "";
    const group = draw("g", {
      class: `event ${event.weight}${picked}`, role: "button", transform: `translate(${x.toFixed(1)},${y})`,
      tabindex: event === this.current ? 0 : -1,
      "aria-label": `${event.when}: ${event.title}; ${WEIGHTS.find(([weight]) => weight === event.weight)[1]}`,
    });
    if (from < x - 1) group.append(draw("line", { class: "extent", x1: Math.max(from, this.left) - x, x2: 0, y1: 0, y2: 0 }));
    group.append(draw("circle", { class: "ring", r: 11 }), ...sign(event.weight));
    if (label) group.append(draw("text", { x: 13, y: 4, "aria-hidden": "true" }, label));
    group.addEventListener("click", () => this.open(event, false));
    group.addEventListener("pointerenter", () => this.hint(event, x, y));
    group.addEventListener("focus", () => this.hint(event, x, y));
    for (const end of ["pointerleave", "blur"]) group.addEventListener(end, () => { this.tip.hidden = true; });
    return group;
  }

  hint(event, x, y) {
    this.tip.replaceChildren(el("b", {}, event.title), el("br"), event.when);
    this.tip.hidden = false;
    this.tip.style.left = `${Math.max(4, Math.min(x - 40, this.width - this.tip.offsetWidth - 6))}px`;
    this.tip.style.top = `${y + 16}px`;
  }

  open(event, go) {
    if (!event) return;
    this.opened = event;
    const title = el("p", { class: "named" }, event.title), cells = event.row.cells;
    const where = el("p", { class: "small" });
    where.append(`${event.when}, ${cells[0].querySelector("small")?.textContent ?? ""}`);
    const counts = el("div");
    for (const node of cells[2].childNodes) counts.append(node.cloneNode(true));
    for (const details of counts.querySelectorAll("details")) details.open = true;
    const source = el("p", { class: "small" }, `Source: ${[...cells[3].querySelectorAll("code, small")].map((n) => n.textContent).join(" · ")}`);
    const line = el("button", { type: "button" }, "Its line in the story");
    line.addEventListener("click", () => event.row.scrollIntoView({ block: "center", behavior: still ? "auto" : "smooth" }));
    const close = el("button", { type: "button" }, "Close");
    close.addEventListener("click", () => { this.close(); this.focus(event); });
    this.detail.replaceChildren(title, where, counts, source, line, " ", close);
    this.detail.hidden = false;
    this.detail.onkeydown = (key) => { if (key.key === "Escape") { this.close(); this.focus(event); } };
    for (const row of this.rows) row.classList.toggle("picked", row === event.row);
    this.current = event;
    this.render();
    if (go) { this.focus(event); this.detail.focus(); this.detail.scrollIntoView({ block: "nearest" }); }
  }

  close() {
    this.opened = null;
    this.detail.hidden = true;
    for (const row of this.rows) row.classList.remove("picked");
  }

  drawTicks(layer, height) {
    for (const [at, words] of this.calendar.ticks(this.from, this.to, Math.max(Math.floor(this.plot / 80), 2))) {
      const group = draw("g", { class: "tick" }), x = this.x(at);
      group.append(draw("line", { x1: x, x2: x, y1: 18, y2: height }));
      if (x >= this.left - 8) group.append(draw("text", { x: x + 3, y: 14 }, words));
      layer.append(group);
    }
  }

  drawMarks(layer, height) {
    const words = { created: "created", won: "won", lost: "lost" }, now = this.x(this.now);
    if (this.now < this.to) {
      const group = draw("g", { class: "mark now" });
      group.append(draw("line", { x1: now, x2: now, y1: 24, y2: height }));
      layer.append(group);
    }
    for (const event of this.events) {
      if (!(event.kind in words) || event.lane !== "deal") continue;
      const group = draw("g", { class: "mark" }), x = this.x(event.at);
      group.append(draw("line", { x1: x, x2: x, y1: 24, y2: height }), draw("text", { x: x + 4, y: 34 }, words[event.kind]));
      layer.append(group);
    }
  }
}
