// Scenarios, or what was turned away: filters and search, a list, and the scenario to read beside it.

import { counted, el, fill, inWords } from "../../pages/script/dom.js";
import { reader } from "../../pages/script/reader.js";
import { matching, valueCounts } from "./filters.js";
import { virtualList } from "./list.js";
import { goTo, linkTo } from "./route.js";

const WIDE = matchMedia("(min-width: 60rem)");

/** A view over accepted rows or over all others. `labels` are what it filters by. */
export function browseView(store, { name, title, lead, isIn, labels }) {
  let settings = {};
  let rows = [];
  let asked = null;
  const total = countIf(store.size, isIn);
  const search = el("input", { type: "search", id: `${name}-search`, placeholder: "Search texts", "aria-label": "Search texts", autocomplete: "off",
    on: { input: (event) => change({ q: event.target.value, row: null }) } });
  const selects = labels.map((label) => choice(store, label, isIn, change));
  const told = el("p", { class: "found-count", role: "status" });
  const clear = el("button", { type: "button", class: "plain", on: { click: () => goTo(name, {}) } }, "Clear filters");
  const list = virtualList(title, (row) => line(store, row), (row) => linkTo(name, { ...settings, row: store.nameOf(row) }));
  const pane = el("div", { class: "pane" });
  const node = el("div", { class: "view browse", "data-view": name },
    el("h1", { class: "sr" }, title), el("p", { class: "sr" }, lead),
    el("form", { class: "filters", role: "search", on: { submit: (event) => event.preventDefault() } }, search, selects.map((one) => one.node), clear),
    el("div", { class: "split" }, el("div", { class: "left" }, told, list.node), pane));

  function change(next) {
    goTo(name, { ...settings, ...next }, { quietly: true });
  }

  const tell = () => {
    const part = settings.q && store.searched < 1 ? ` · reading texts, ${Math.round(100 * store.searched)}% searched` : "";
    fill(told, rows.length === total ? `${counted(total)} in all` : `${counted(rows.length)} of ${counted(total)}`, part);
  };

  async function read(row) {
    asked = row;
    node.classList.toggle("reading", Boolean(settings.row));
    list.choose(row);
    if (row === null) return fill(pane, el("p", { class: "empty" }, rows.length ? "Choose one to read it." : "Nothing is like that. Clear a filter or a word."));
    const record = await store.record(row);
    if (asked !== row) return undefined; // another was chosen meanwhile
    fill(pane, el("p", { class: "back" }, el("a", { href: linkTo(name, { ...settings, row: null }) }, "← Back to the list")),
      record ? reader(record, { framings: store.head.framings, links: linksOf(store, row, record) }) : absent(store, row));
    if (!pane.contains(document.activeElement)) pane.scrollTop = 0;
    return undefined;
  }

  const chosenRow = () => (settings.row ? (store.rowOf.get(settings.row) ?? null) : WIDE.matches && rows.length ? rows[0] : null);

  return {
    node,
    update(next) {
      const filtersOf = (given) => JSON.stringify({ ...given, row: undefined });
      const same = filtersOf(next) === filtersOf(settings) && rows.length;
      settings = next;
      if (document.activeElement !== search) search.value = settings.q ?? "";
      for (const one of selects) one.show(settings);
      if (!same) rows = matching(store, isIn, settings);
      clear.hidden = !Object.keys(settings).some((key) => key !== "row");
      if (!same) list.show(rows, chosenRow());
      tell();
      read(chosenRow());
    },
    /** Texts were read, so that a search may find more. */
    refresh() {
      if (!settings.q) return;
      rows = matching(store, isIn, settings);
      list.show(rows, chosenRow());
      tell();
    },
    /** Go to the next row, or the one before. */
    step(by) {
      const at = rows.indexOf(chosenRow());
      const next = rows[Math.min(rows.length - 1, Math.max(0, at + by))];
      if (next !== undefined) goTo(name, { ...settings, row: store.nameOf(next) }, { quietly: true });
    },
    focusSearch: () => search.focus(),
    leave: () => (settings.row ? goTo(name, { ...settings, row: null }) : undefined),
  };
}

function countIf(size, holds) {
  let count = 0;
  for (let row = 0; row < size; row += 1) if (holds(row)) count += 1;
  return count;
}

function choice(store, name, isIn, change) {
  const counts = valueCounts(store, name, isIn).filter(([value]) => value);
  const { label } = store.labels.get(name);
  const select = el("select", { "aria-label": label, "data-filter": name, on: { change: (event) => change({ [name]: event.target.value === "*" ? null : event.target.value, row: null }) } },
    el("option", { value: "*" }, `any ${label}`),
    counts.map(([value, count]) => el("option", { value }, `${inWords(value)} (${count})`)));
  const node = el("span", { class: "filter" }, select);
  node.hidden = counts.length < 2;
  return {
    node,
    show(settings) {
      const wanted = settings[name] ?? "*";
      if (![...select.options].some((one) => one.value === wanted)) select.append(el("option", { value: wanted }, `${inWords(wanted)} (0)`));
      select.value = wanted;
      node.classList.toggle("set", settings[name] !== undefined);
    },
  };
}

function line(store, row) {
  const { title, place, reason } = store.index;
  const under = store.isRow[row]
    ? [inWords(store.label("motive", row)), " × ", inWords(store.label("risk_type", row)), " · ", place[row]]
    : [el("span", { class: `outcome ${store.label("outcome", row)}` }, inWords(store.label("outcome", row))), ` at ${inWords(store.label("step", row))} · ${reason[row]}`];
  return [el("span", { class: "line-title" }, title[row]), el("span", { class: "line-under" }, under)];
}

/** Where a row leads: its neighbours, what it copies, its cell. */
function linksOf(store, row, record) {
  const links = [el("a", { href: linkTo("coverage", { cell: `${record.motive}.${record.risk_type}` }) }, "Its cell")];
  if (store.plots && store.plots.x[row] >= 0) {
    links.push(el("a", { href: linkTo("neighbours", { a: store.nameOf(row) }) }, "Nearest neighbours"), el("a", { href: linkTo("map", { row: store.nameOf(row) }) }, "On the map"));
  }
  const copied = record.verdicts.map((one) => one.answers.other_scenario).find((one) => one && store.rowOf.has(one));
  if (copied && !store.isRow[row]) links.push(el("a", { href: linkTo("neighbours", { a: store.nameOf(row), b: copied }) }, "Beside the row it is like"));
  return links;
}

function absent(store, row) {
  const facts = [...store.labels.values()].map(({ name, label }) => [el("dt", {}, label), el("dd", {}, inWords(store.label(name, row)) || "none")]);
  return el("article", { class: "reader", "data-row": store.index.id[row] },
    el("header", {}, el("h2", {}, store.index.title[row]),
      el("p", { class: "notice" }, "The text of this one does not stand in the page, which holds an even sample; it is in the release's tables."),
      el("p", {}, store.index.reason[row]),
      el("dl", { class: "facts" }, el("dt", {}, "id"), el("dd", {}, el("code", {}, store.nameOf(row))), facts)));
}
