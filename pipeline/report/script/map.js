// All plots in two dimensions: near each other where much the same happens.

import { counted, el, fill, inWords, percent } from "../../pages/script/dom.js";
import { valueCounts } from "./filters.js";
import { drawMark, markOfValue, rampColour } from "./palette.js";
import { PlotCanvas } from "./plot_canvas.js";
import { goTo, linkTo } from "./route.js";

const WAYS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
const LEGEND_LINES = 24;
const COLOURED_FIRST = "motive";

export function mapView(store) {
  return store.plots ? new PlotView(store) : withoutMap();
}

function withoutMap() {
  return { node: el("div", { class: "view map" }, el("h1", {}, "Map of plots"), el("p", { id: "no-map" },
    "The page that lies in a release has no map, since its vectors depend on the machine that makes them. ", el("code", {}, "impress report RELEASE -o report.html"), " makes the same page with the map and the nearest neighbours.")) };
}

class PlotView {
  #settings = {};
  #colour = null;

  constructor(store) {
    this.store = store;
    this.rows = [...store.plots.x.keys()].filter((row) => store.plots.x[row] >= 0);
    this.canvas = new PlotCanvas(store.plots, this.rows, "map-about");
    this.legend = el("ul", { class: "legend", "aria-label": "Colours" });
    this.card = el("div", { class: "map-card", "aria-live": "polite" });
    this.picker = el("select", { id: "map-colour", on: { change: (event) => goTo("map", { ...this.#settings, colour: event.target.value, only: null }, { quietly: true }) } },
      [...store.labels.values(), ...store.numbers.values()].map((one) => el("option", { value: one.name }, one.label)));
    this.tooltip = document.getElementById("tooltip");
    this.#listen(this.canvas.node);
    this.node = el("div", { class: "view map" }, el("h1", {}, "Map of plots"), this.#about(),
      el("p", { class: "map-tools" }, el("label", { for: "map-colour" }, "Coloured by "), this.picker),
      el("div", { class: "map-grid" }, this.canvas.node, el("div", { class: "map-side" }, this.legend, this.card)),
      el("p", { class: "quiet" }, `Vectors by ${store.plots.encoder[0]}. With the map in focus, arrow keys go from point to point and Enter reads.`));
  }

  update(next) {
    this.#settings = next;
    this.picker.value = next.colour ?? COLOURED_FIRST;
    this.canvas.chosen = next.row ? (this.store.rowOf.get(next.row) ?? null) : null;
    this.#paint();
    fill(this.card, this.canvas.chosen === null ? el("p", { class: "quiet" }, "Choose a point to see what it is.") : pointCard(this.store, this.canvas.chosen));
  }

  #paint() {
    this.#colour = colouring(this.store, this.rows, this.#settings);
    this.canvas.markOf = this.#colour.mark;
    this.canvas.node.setAttribute("aria-label", `Map of ${this.rows.length} plots coloured by ${this.#colour.label}`);
    fill(this.legend, this.#colour.legend());
    this.canvas.draw();
  }

  #about() {
    const { shares: [first, second], of } = this.store.plots;
    const sample = this.rows.length < of ? ` (an even sample of ${counted(of)})` : "";
    return el("p", { class: "lead", id: "map-about" }, `${counted(this.rows.length)} plots${sample}, names, numbers and places masked, by the two directions in which their vectors differ most. These hold ${percent(first)} and ${percent(second)} of the variance, so points can lie near each other here and far apart in truth; the nearest neighbours of a point are those of all dimensions.`);
  }

  #listen(node) {
    node.addEventListener("pointermove", (event) => this.#hover(this.canvas.under(event.offsetX, event.offsetY), event));
    node.addEventListener("pointerleave", () => this.#hover(null));
    node.addEventListener("click", (event) => this.#choose(this.canvas.under(event.offsetX, event.offsetY)));
    node.addEventListener("keydown", (event) => this.#press(event));
    document.documentElement.addEventListener("themechange", () => this.#paint());
  }

  #choose(row) {
    goTo("map", { ...this.#settings, row: row === null ? null : this.store.nameOf(row) }, { quietly: true });
  }

  #press(event) {
    const { chosen } = this.canvas;
    const way = WAYS[event.key];
    if (way) {
      event.preventDefault();
      this.#choose(chosen === null ? this.rows[0] : this.canvas.beside(chosen, ...way));
    } else if (event.key === "Enter" && chosen !== null) goTo(this.store.isRow[chosen] ? "scenarios" : "away", { row: this.#settings.row });
  }

  #hover(row, event = null) {
    if (row !== this.canvas.hovered) {
      this.canvas.hovered = row;
      this.canvas.draw();
    }
    this.tooltip.hidden = row === null;
    if (row === null || !event) return;
    fill(this.tooltip, el("strong", {}, this.store.index.title[row]), el("span", {}, `${this.#colour.told(row)} · ${this.store.index.place[row]}`));
    this.tooltip.style.left = `${Math.min(event.clientX + 14, window.innerWidth - 300)}px`;
    this.tooltip.style.top = `${event.clientY + 14}px`;
  }
}

function pointCard(store, row) {
  return [el("h2", {}, store.index.title[row]),
    el("p", { class: "quiet" }, `${inWords(store.label("motive", row))} × ${inWords(store.label("risk_type", row))} · ${inWords(store.label("domain", row))} · ${inWords(store.label("outcome", row))}`),
    el("p", {}, el("a", { href: linkTo(store.isRow[row] ? "scenarios" : "away", { row: store.nameOf(row) }) }, "Read it"), " · ",
      el("a", { href: linkTo("neighbours", { a: store.nameOf(row) }) }, "Nearest neighbours"))];
}

/** How points are coloured: a mark and words for each row, and the legend's lines. */
function colouring(store, here, settings) {
  const name = settings.colour ?? COLOURED_FIRST;
  const number = store.numbers.get(name);
  return number ? byNumber(number, here) : byLabel(store, store.labels.get(name) ?? store.labels.get(COLOURED_FIRST), here, settings);
}

function byLabel(store, column, here, settings) {
  const inside = new Set(here);
  const counts = valueCounts(store, column.name, (row) => inside.has(row));
  const marks = new Map(counts.map(([value], place) => [value, markOfValue(place)]));
  const mark = (row) => {
    const value = column.values[column.at[row]];
    return { ...marks.get(value), off: settings.only !== undefined && settings.only !== value };
  };
  const lineOf = ([value, count]) => {
    const only = settings.only === value;
    const swatch = el("canvas", { class: "swatch", width: 28, height: 28, "aria-hidden": "true" });
    const context = swatch.getContext("2d");
    context.fillStyle = marks.get(value).colour;
    drawMark(context, marks.get(value).shape, 14, 14, 10);
    return el("li", {}, el("button", { type: "button", class: "plain", "aria-pressed": String(only), on: { click: () => goTo("map", { ...settings, only: only ? null : value }, { quietly: true }) } },
      swatch, `${value ? inWords(value) : "none"} `, el("span", { class: "quiet" }, counted(count))));
  };
  const legend = () => [counts.slice(0, LEGEND_LINES).map(lineOf), counts.length > LEGEND_LINES ? el("li", { class: "quiet" }, `and ${counts.length - LEGEND_LINES} more, in grey`) : null];
  return { label: column.label, mark, legend, told: (row) => `${column.label}: ${inWords(column.values[column.at[row]]) || "none"}` };
}

function byNumber(number, here) {
  const known = here.map((row) => number.at[row]).filter((value) => value !== null);
  const [low, high] = known.reduce(([least, most], value) => [Math.min(least, value), Math.max(most, value)], [Infinity, -Infinity]);
  const shareOf = (value) => (high > low ? (value - low) / (high - low) : 0.5);
  const mark = (row) => (number.at[row] === null ? { colour: "#8a9099", shape: "square" } : { colour: rampColour(shareOf(number.at[row])), shape: "circle" });
  const legend = () => [0, 0.25, 0.5, 0.75, 1].map((share) => {
    const swatch = el("canvas", { class: "swatch", width: 28, height: 28, "aria-hidden": "true" });
    const context = swatch.getContext("2d");
    context.fillStyle = rampColour(share);
    drawMark(context, "circle", 14, 14, 10);
    return el("li", {}, el("span", { class: "legend-line" }, swatch, known.length ? counted(Math.round(low + share * (high - low))) : "unknown"));
  });
  return { label: number.label, mark, legend, told: (row) => `${number.label}: ${number.at[row] ?? "unknown"}` };
}
