// Scenarios, or what was turned away: filters and search, a list, and the scenario to read beside it.

import { counted, el, fill, inWords } from "../../pages/script/dom.js";
import { reader } from "../../pages/script/reader.js";
import { matching, valueCounts } from "./filters.js";
import { virtualList } from "./list.js";
import { goTo, linkTo } from "./route.js";

const WIDE = matchMedia("(min-width: 60rem)");

/** A view over accepted rows or over all others. `labels` are what it filters by. */
export function browseView(store, about) {
  return new Browse(store, about);
}

class Browse {
  #settings = {};
  #rows = [];
  #asked = null;

  constructor(store, { name, title, lead, isIn, labels }) {
    Object.assign(this, { store, name, isIn, total: countIf(store.size, isIn) });
    const change = (next) => goTo(name, { ...this.#settings, ...next }, { quietly: true });
    this.search = el("input", { type: "search", id: `${name}-search`, placeholder: "Search texts", "aria-label": "Search texts", autocomplete: "off",
      on: { input: (event) => change({ q: event.target.value, row: null }) } });
    this.selects = labels.map((label) => choice(store, label, isIn, change));
    this.told = el("p", { class: "found-count", role: "status" });
    this.clear = el("button", { type: "button", class: "plain", on: { click: () => goTo(name, {}) } }, "Clear filters");
    this.list = virtualList(title, (row) => line(store, row), (row) => linkTo(name, { ...this.#settings, row: store.nameOf(row) }));
    this.pane = el("div", { class: "pane" });
    this.node = el("div", { class: "view browse", "data-view": name },
      el("h1", { class: "sr" }, title), el("p", { class: "sr" }, lead),
      el("form", { class: "filters", role: "search", on: { submit: (event) => event.preventDefault() } }, this.search, this.selects.map((one) => one.node), this.clear),
      el("div", { class: "split" }, el("div", { class: "left" }, this.told, this.list.node), this.pane));
  }

  update(next) {
    const filtersOf = (given) => JSON.stringify({ ...given, row: undefined });
    const same = filtersOf(next) === filtersOf(this.#settings) && this.#rows.length;
    this.#settings = next;
    if (document.activeElement !== this.search) this.search.value = next.q ?? "";
    for (const one of this.selects) one.show(next);
    this.clear.hidden = !Object.keys(next).some((key) => key !== "row");
    if (!same) this.#find();
    this.#read(this.#chosen());
  }

  /** Texts were read, so that a search may find more. */
  refresh() {
    if (this.#settings.q) this.#find();
    else this.#tell();
  }

  /** Go to the next row, or the one before. */
  step(by) {
    const at = this.#rows.indexOf(this.#chosen());
    const next = this.#rows[Math.min(this.#rows.length - 1, Math.max(0, at + by))];
    if (next !== undefined) goTo(this.name, { ...this.#settings, row: this.store.nameOf(next) }, { quietly: true });
  }

  focusSearch() {
    this.search.focus();
  }

  leave() {
    if (this.#settings.row) goTo(this.name, { ...this.#settings, row: null });
  }

  #find() {
    this.#rows = matching(this.store, this.isIn, this.#settings);
    this.list.show(this.#rows, this.#chosen());
    this.#tell();
  }

  #tell() {
    const { searched } = this.store;
    const part = this.#settings.q && searched < 1 ? ` · reading texts, ${Math.round(100 * searched)}% searched` : "";
    fill(this.told, this.#rows.length === this.total ? `${counted(this.total)} in all` : `${counted(this.#rows.length)} of ${counted(this.total)}`, part);
  }

  /** The row that the address names; else on a wide screen the first. */
  #chosen() {
    const { row } = this.#settings;
    if (row) return this.store.rowOf.get(row) ?? null;
    return WIDE.matches && this.#rows.length ? this.#rows[0] : null;
  }

  async #read(row) {
    this.#asked = row;
    this.node.classList.toggle("reading", Boolean(this.#settings.row));
    this.list.choose(row);
    if (row === null) {
      fill(this.pane, el("p", { class: "empty" }, this.#rows.length ? "Choose one to read it." : "Nothing is like that. Clear a filter or a word."));
      return;
    }
    const record = await this.store.record(row);
    if (this.#asked !== row) return; // another was chosen meanwhile
    fill(this.pane, el("p", { class: "back" }, el("a", { href: linkTo(this.name, { ...this.#settings, row: null }) }, "← Back to the list")),
      record ? reader(record, { framings: this.store.head.framings, links: linksOf(this.store, row, record) }) : absent(this.store, row));
    if (!this.pane.contains(document.activeElement)) this.pane.scrollTop = 0;
  }
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
