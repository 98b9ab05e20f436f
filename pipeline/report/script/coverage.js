// Motives by risk types: how full each cell is. A click shows what stands in it.

import { counted, el, fill, inWords, table } from "../../pages/script/dom.js";
import { goTo, linkTo } from "./route.js";

const ROWS_SHOWN = 12;

export function coverageView(store) {
  const { head } = store;
  const domains = sortedNames(head.cells, "domain");
  const grid = el("div", {});
  const detail = el("div", { class: "cell-detail", "aria-live": "polite" });
  let settings = {};
  const choose = el("select", { id: "coverage-domain", on: { change: (event) => goTo("coverage", { ...settings, domain: event.target.value }, { quietly: true }) } },
    el("option", { value: "" }, "all domains"), domains.map((one) => el("option", { value: one }, inWords(one))));
  const node = el("div", { class: "view coverage" },
    el("h1", {}, "Coverage"),
    el("p", { class: "lead" }, "Accepted rows of the quota by motive and risk type. A dash marks what was not planned. Choose a cell to see what stands in it."),
    el("p", {}, el("label", { for: "coverage-domain" }, "In "), choose), grid, detail);
  const update = (next) => {
    settings = next;
    choose.value = settings.domain ?? "";
    fill(grid, heatMap(head, settings));
    fill(detail, settings.cell ? cellDetail(store, settings) : null);
  };
  return { node, update };
}

function sortedNames(cells, name) {
  return [...new Set(cells.map((one) => one[name]))].sort();
}

function summed(head, domain) {
  const sums = new Map();
  for (const cell of head.cells) {
    if (domain && cell.domain !== domain) continue;
    const key = `${cell.motive}.${cell.risk_type}`;
    const sum = sums.get(key) ?? { accepted: 0, quota: 0, attempts: 0 };
    for (const name of Object.keys(sum)) sum[name] += cell[name];
    sums.set(key, sum);
  }
  return sums;
}

function heatMap(head, settings) {
  const sums = summed(head, settings.domain);
  const [motives, risks] = [sortedNames(head.cells, "motive"), sortedNames(head.cells, "risk_type")];
  const cell = (motive, risk) => {
    const key = `${motive}.${risk}`;
    const sum = sums.get(key);
    if (!sum) return el("td", { class: "unplanned" }, "–");
    const level = sum.quota ? Math.min(4, Math.ceil((4 * sum.accepted) / sum.quota)) : 0;
    return el("td", { class: `level-${level}`, "data-cell": key },
      el("a", { href: linkTo("coverage", { ...settings, cell: key }), "aria-current": settings.cell === key ? "true" : null,
        "aria-label": `${inWords(motive)}, ${inWords(risk)}: ${sum.accepted} of ${sum.quota}` },
      counted(sum.accepted), el("small", {}, ` of ${counted(sum.quota)}`)));
  };
  return el("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": "Coverage" },
    el("table", { class: "heat" },
      el("thead", {}, el("tr", {}, el("td", {}), risks.map((risk) => el("th", { scope: "col" }, inWords(risk))))),
      el("tbody", {}, motives.map((motive) => el("tr", {}, el("th", { scope: "row" }, inWords(motive)), risks.map((risk) => cell(motive, risk)))))));
}

function cellDetail(store, { cell, domain }) {
  const [motive, risk] = cell.split(".");
  const inside = store.head.cells.filter((one) => one.motive === motive && one.risk_type === risk && (!domain || one.domain === domain));
  const left = store.head.excluded.filter((one) => one.motive === motive && one.risk_type === risk && (!domain || one.domain === domain));
  const rows = rowsOf(store, motive, risk, domain);
  const number = (text) => ({ text, number: true });
  const lines = inside.map((one) => el("tr", {}, el("th", { scope: "row" }, inWords(one.domain)), el("td", { class: "number" }, one.accepted),
    el("td", { class: "number" }, one.quota), el("td", { class: "number" }, one.attempts), el("td", { class: "number" }, one.carried), el("td", { class: "text" }, one.short_because)));
  return el("section", { class: "card" },
    el("h2", {}, inWords(motive), el("span", { class: "times" }, " × "), inWords(risk)),
    table("Cell by domain", ["Domain", number("Rows"), number("Quota"), number("Attempts"), number("Carried over"), "Why short"], lines),
    left.length ? el("p", { class: "quiet" }, `Not planned: ${left.map((one) => `${inWords(one.domain)} (${one.reason})`).join("; ")}`) : null,
    rows.length ? [el("h3", {}, "Rows"),
      el("ul", { class: "links" }, rows.slice(0, ROWS_SHOWN).map((row) => el("li", {}, el("a", { href: linkTo("scenarios", { motive, risk_type: risk, domain, row: store.nameOf(row) }) }, store.index.title[row])))),
      el("p", {}, el("a", { href: linkTo("scenarios", { motive, risk_type: risk, domain }) }, `Read all ${counted(rows.length)}`), " · ",
        el("a", { href: linkTo("away", { motive, risk_type: risk, domain }) }, "what was turned away"))]
      : el("p", {}, "No row was accepted. ", el("a", { href: linkTo("away", { motive, risk_type: risk, domain }) }, "See what was turned away")));
}

function rowsOf(store, motive, risk, domain) {
  const rows = [];
  for (let row = 0; row < store.size; row += 1) {
    if (store.isRow[row] && store.label("motive", row) === motive && store.label("risk_type", row) === risk && (!domain || store.label("domain", row) === domain)) rows.push(row);
  }
  return rows;
}
