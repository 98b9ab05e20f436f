// All plots in two dimensions: near each other where much the same happens.

import { counted, el, fill, inWords, percent } from "../../pages/script/dom.js";
import { valueCounts } from "./filters.js";
import { drawMark, markOfValue, rampColour } from "./palette.js";
import { goTo, linkTo } from "./route.js";

const MARGIN = 18;
const REACH = 14;
const LEGEND_LINES = 24;
const COLOURED_FIRST = "motive";

export function mapView(store) {
  const { plots } = store;
  const title = el("h1", {}, "Map of plots");
  if (!plots) {
    return { node: el("div", { class: "view map" }, title, el("p", { id: "no-map" },
      "The page that lies in a release has no map, since its vectors depend on the machine that makes them. ", el("code", {}, "impress report RELEASE -o report.html"), " makes the same page with the map and the nearest neighbours.")) };
  }
  const here = [...plots.x.keys()].filter((row) => plots.x[row] >= 0);
  const canvas = el("canvas", { tabindex: "0", role: "img", "aria-describedby": "map-about" });
  const legend = el("ul", { class: "legend", "aria-label": "Colours" });
  const card = el("div", { class: "map-card", "aria-live": "polite" });
  const picker = el("select", { id: "map-colour", on: { change: (event) => goTo("map", { ...settings, colour: event.target.value, only: null }, { quietly: true }) } },
    [...store.labels.values(), ...store.numbers.values()].map((one) => el("option", { value: one.name }, one.label)));
  const tooltip = document.getElementById("tooltip");
  let settings = {};
  let colour = null;
  let hovered = null;

  const chosen = () => (settings.row ? (store.rowOf.get(settings.row) ?? null) : null);
  const scale = () => {
    const [width, height] = [canvas.clientWidth - 2 * MARGIN, canvas.clientHeight - 2 * MARGIN];
    const [spanX, spanY] = [Math.max(1, Math.max(...extent(plots.x, here))), Math.max(1, Math.max(...extent(plots.y, here)))];
    const unit = Math.min(width / spanX, height / spanY);
    const [left, top] = [MARGIN + (width - unit * spanX) / 2, MARGIN + (height - unit * spanY) / 2];
    return (row) => [left + unit * plots.x[row], top + unit * (spanY - plots.y[row])];
  };

  function draw() {
    if (!canvas.clientWidth || !colour) return;
    const ratio = window.devicePixelRatio || 1;
    canvas.width = canvas.clientWidth * ratio;
    canvas.height = canvas.clientHeight * ratio;
    const context = canvas.getContext("2d");
    context.scale(ratio, ratio);
    const [place, radius] = [scale(), here.length > 8000 ? 2.2 : here.length > 800 ? 3.4 : 5];
    for (const row of here) {
      const mark = colour.mark(row);
      context.globalAlpha = mark.off ? 0.12 : 0.82;
      context.fillStyle = mark.colour;
      drawMark(context, mark.shape, ...place(row), radius);
    }
    context.globalAlpha = 1;
    for (const [row, width] of [[hovered, 1.5], [chosen(), 3]]) {
      if (row === null || plots.x[row] < 0) continue;
      context.strokeStyle = getComputedStyle(canvas).color;
      context.lineWidth = width;
      context.beginPath();
      context.arc(...place(row), radius + 4, 0, 2 * Math.PI);
      context.stroke();
    }
  }

  function nearestTo(x, y) {
    const place = scale();
    let [best, least] = [null, REACH * REACH];
    for (const row of here) {
      const [px, py] = place(row);
      const away = (px - x) ** 2 + (py - y) ** 2;
      if (away < least && !colour.mark(row).off) [best, least] = [row, away];
    }
    return best;
  }

  /** The nearest point in a direction, within the quarter that it opens. */
  function beside(row, dx, dy) {
    const place = scale();
    const [x, y] = place(row);
    let [best, least] = [row, Infinity];
    for (const other of here) {
      const [px, py] = place(other);
      const [ahead, aside] = [(px - x) * dx + (py - y) * dy, Math.abs((px - x) * dy) + Math.abs((py - y) * dx)];
      if (ahead > 0 && aside <= ahead && ahead + aside < least && !colour.mark(other).off) [best, least] = [other, ahead + aside];
    }
    return best;
  }

  const choose = (row) => goTo("map", { ...settings, row: row === null ? null : store.nameOf(row) }, { quietly: true });
  const hover = (row, event = null) => {
    if (row !== hovered) {
      hovered = row;
      draw();
    }
    tooltip.hidden = row === null;
    if (row === null || !event) return;
    fill(tooltip, el("strong", {}, store.index.title[row]), el("span", {}, `${colour.told(row)} · ${store.index.place[row]}`));
    tooltip.style.left = `${Math.min(event.clientX + 14, window.innerWidth - 300)}px`;
    tooltip.style.top = `${event.clientY + 14}px`;
  };
  canvas.addEventListener("pointermove", (event) => hover(nearestTo(event.offsetX, event.offsetY), event));
  canvas.addEventListener("pointerleave", () => hover(null));
  canvas.addEventListener("click", (event) => choose(nearestTo(event.offsetX, event.offsetY)));
  canvas.addEventListener("keydown", (event) => {
    const way = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
    if (way) {
      event.preventDefault();
      choose(chosen() === null ? here[0] : beside(chosen(), ...way));
    } else if (event.key === "Enter" && chosen() !== null) goTo(store.isRow[chosen()] ? "scenarios" : "away", { row: settings.row });
  });
  new ResizeObserver(draw).observe(canvas);
  document.documentElement.addEventListener("themechange", () => {
    colour = colouring(store, here, settings);
    fill(legend, colour.legend(settings));
    draw();
  });

  const node = el("div", { class: "view map" }, title,
    el("p", { class: "lead", id: "map-about" }, `${counted(here.length)} plots, names, numbers and places masked, by the two directions in which their vectors differ most. These hold ${percent(plots.shares[0])} and ${percent(plots.shares[1])} of the variance, so points can lie near each other here and far apart in truth; the nearest neighbours of a point are those of all dimensions.`),
    el("p", { class: "map-tools" }, el("label", { for: "map-colour" }, "Coloured by "), picker),
    el("div", { class: "map-grid" }, canvas, el("div", { class: "map-side" }, legend, card)),
    el("p", { class: "quiet" }, `Vectors by ${plots.encoder[0]}. With the map in focus, arrow keys go from point to point and Enter reads.`));

  return {
    node,
    update(next) {
      settings = next;
      picker.value = settings.colour ?? COLOURED_FIRST;
      colour = colouring(store, here, settings);
      canvas.setAttribute("aria-label", `Map of ${here.length} plots coloured by ${colour.label}`);
      fill(legend, colour.legend(settings));
      fill(card, chosen() === null ? el("p", { class: "quiet" }, "Choose a point to see what it is.") : pointCard(store, chosen()));
      draw();
    },
  };
}

function extent(values, rows) {
  let most = 0;
  for (const row of rows) most = Math.max(most, values[row]);
  return [most];
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
