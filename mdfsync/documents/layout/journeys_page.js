/* The journey page with JavaScript: one deal at a time in a campaign, its list filtered, everything open on paper. It
   asks no one for anything and keeps nothing. */
/* A campaign: the index, or one deal, as the address says. */
const index = document.getElementById("index"), articles = [...document.querySelectorAll(".journey")];
const made = new Map();
function route() {
  const wanted = articles.find((article) => `#${article.id}` === location.hash) || (index ? null : articles[0]);
  if (index) index.hidden = Boolean(wanted);
  for (const article of articles) {
    article.hidden = article !== wanted;
    article.classList.toggle("alone", article === wanted);
  }
  document.querySelector("header.top").classList.toggle("compact", Boolean(index && wanted));
  if (!wanted) return;
  if (!made.has(wanted)) made.set(wanted, new Timeline(wanted));
  made.get(wanted).render();
  if (index) { scrollTo(0, 0); wanted.focus({ preventScroll: true }); }
}
addEventListener("hashchange", route);
route();

if (index) {
  const choice = document.getElementById("only-class"), find = document.getElementById("find");
  const rows = [...document.querySelectorAll(".deals tbody tr")], found = document.getElementById("found");
  index.querySelector(".tools").hidden = false;
  const filter = () => {
    const text = find.value.trim().toLowerCase();
    for (const row of rows) {
      const of = !choice.value || row.dataset.classes.split(" ").includes(choice.value);
      row.hidden = !(of && row.textContent.toLowerCase().includes(text));
    }
    found.textContent = `${rows.filter((row) => !row.hidden).length} of ${rows.length}`;
  };
  choice.addEventListener("change", filter);
  find.addEventListener("input", filter);
}

/* On paper everything is open. */
const PAPER = 690;
let closed = [];
addEventListener("beforeprint", () => {
  for (const timeline of made.values()) timeline.render(PAPER);
  closed = [...document.querySelectorAll("details:not([open])")];
  for (const details of closed) details.open = true;
});
addEventListener("afterprint", () => {
  for (const timeline of made.values()) timeline.render();
  for (const details of closed) details.open = false;
});
