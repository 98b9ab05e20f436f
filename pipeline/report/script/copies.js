// What was called a copy, by which threshold, and how that was found on labelled pairs.

import { counted, el, percent, svg, table } from "../../pages/script/dom.js";
import { linkTo } from "./route.js";

const LAYERS = {
  exact: "an agent sees the same", lexical: "nearly the same words", semantic: "the same plot in other words",
  runs: "a run of words of a protected text",
};
const [WIDTH, HEIGHT] = [560, 250];
const EDGE = { left: 46, right: 84, top: 24, bottom: 40 };

export function copiesSection(store) {
  const { novelty } = store.head;
  const layers = Object.entries(novelty.layers).map(([name, count]) => [LAYERS[name] ?? name, counted(count)]);
  return el("section", { id: "copies" }, el("h2", {}, "Copies"),
    el("p", { class: "lead" }, `${counted(novelty.candidates)} scenarios were compared with the rows before them, of earlier releases and of protected corpora. Plots with a cosine of ${novelty.threshold} or more are one plot told twice; from ${novelty.related} on two rows share a split.`),
    layers.length ? el("div", { class: "narrow-table" }, table("Copies", ["Turned away as copies, for", { text: "Candidates", number: true }], layers)) : el("p", {}, "None was a copy."),
    curveSection(novelty), nearSection(store, novelty), clusterSection(store, novelty));
}

function curveSection({ curve, threshold }) {
  const title = el("h3", {}, "How the threshold was found");
  if (!curve) {
    return [title, el("p", { id: "no-curve" }, "This release names no curve: its threshold was not calibrated on labelled pairs of its own. ", el("code", {}, "impress dedup PAIRS --calibrate"), " measures one.")];
  }
  const advised = curve.recommended
    ? `The lowest threshold with a precision of ${percent(curve.precision)} or more there is ${curve.recommended.threshold.toFixed(3)}, with a recall of ${percent(curve.recommended.recall)}.`
    : `No threshold there has a precision of ${percent(curve.precision)}.`;
  return [title,
    el("p", { class: "quiet" }, `On ${counted(curve.pairs)} labelled pairs, ${counted(curve.copies)} of them copies, vectors by ${curve.encoder}. ${advised} Bands are Wilson’s 95% intervals.`),
    el("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": "Curve of thresholds" }, drawing(curve, threshold))];
}

/** Precision and recall over the threshold; the last labels stand at the ends of their lines. */
function drawing({ points, recommended }, threshold) {
  const low = Math.min(threshold, points[0].threshold);
  const high = Math.max(threshold, points.at(-1).threshold, low + 0.01);
  const x = (value) => EDGE.left + ((value - low) / (high - low)) * (WIDTH - EDGE.left - EDGE.right);
  const y = (share) => EDGE.top + (1 - share) * (HEIGHT - EDGE.top - EDGE.bottom);
  const at = (list) => list.map(([value, share]) => `${x(value).toFixed(1)},${y(share).toFixed(1)}`).join(" ");
  const line = (name) => [
    svg("polygon", { class: `band ${name}`, points: at([...points.map((one) => [one.threshold, one[`${name}_interval`][0]]), ...[...points].reverse().map((one) => [one.threshold, one[`${name}_interval`][1]])]) }),
    svg("polyline", { class: `line ${name}`, points: at(points.map((one) => [one.threshold, one[name]])) })];
  const ends = labelPlaces(["precision", "recall"].map((name) => [name, y(points.at(-1)[name])]));
  return svg("svg", { class: "curve", viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img", "aria-label": `Precision and recall by threshold, from ${low.toFixed(2)} to ${high.toFixed(2)}; ${threshold} is in use` },
    [0, 0.5, 1].map((share) => [svg("line", { class: "grid", x1: EDGE.left, x2: WIDTH - EDGE.right, y1: y(share), y2: y(share) }), svg("text", { class: "tick end", x: EDGE.left - 8, y: y(share) + 4 }, percent(share))]),
    [low, (low + high) / 2, high].map((value) => svg("text", { class: "tick middle", x: x(value), y: HEIGHT - EDGE.bottom + 18 }, value.toFixed(2))),
    svg("text", { class: "tick middle", x: (EDGE.left + WIDTH - EDGE.right) / 2, y: HEIGHT - 4 }, "cosine from which on two plots are one"),
    line("precision"), line("recall"),
    ends.map(([name, place]) => svg("text", { class: `end-name ${name}`, x: WIDTH - EDGE.right + 8, y: place + 4 }, name)),
    svg("line", { class: "used", x1: x(threshold), x2: x(threshold), y1: EDGE.top - 6, y2: HEIGHT - EDGE.bottom }),
    svg("text", { class: "tick middle", x: x(threshold), y: EDGE.top - 11 }, `in use: ${threshold}`),
    recommended ? svg("circle", { class: "advised", cx: x(recommended.threshold), cy: y(recommended.recall), r: 4 }) : null);
}

/** Keep two labels a line apart. */
function labelPlaces([one, other]) {
  const gap = 16 - Math.abs(one[1] - other[1]);
  if (gap <= 0) return [one, other];
  const up = one[1] <= other[1] ? one : other;
  up[1] -= gap;
  return [one, other];
}

function nearSection(store, { near, near_threshold: pairs, margin, threshold }) {
  if (!near) return null;
  const rows = pairs.map((one) => el("tr", { "data-near": one.candidate },
    el("td", { class: "number" }, one.similarity.toFixed(4)),
    el("td", {}, el("span", { class: `outcome ${one.outcome}` }, one.outcome === "pass" ? "kept apart" : one.outcome === "fail" ? "a copy" : "a person has to look")),
    el("td", { class: "text" }, named(store, one.candidate)), el("td", { class: "text" }, named(store, one.other))));
  return [el("h3", {}, "Nearest to the threshold"),
    el("p", { class: "quiet" }, `Pairs within ${margin} of ${threshold}, where a mistake is likeliest${pairs.length < near ? `: the ${counted(pairs.length)} nearest of ${counted(near)}` : `: ${counted(near)}`}.`),
    table("Pairs near the threshold", [{ text: "Cosine", number: true }, "Taken as", "This one", "The row it is near"], rows)];
}

function clusterSection(store, { copied, clusters }) {
  const most = clusters.filter((one) => one.copies > 1);
  if (!most.length) return null;
  const rows = most.map((one) => el("tr", {}, el("td", { class: "text" }, named(store, one.row)),
    el("td", { class: "number" }, el("a", { href: linkTo("away", { step: "novelty", q: one.row }) }, counted(one.copies)))));
  return [el("h3", {}, "Told most often"),
    el("p", { class: "quiet" }, `${counted(copied)} rows had copies; these had more than one.`),
    table("Rows with copies", ["Row", { text: "Copies", number: true }], rows)];
}

/** A candidate by its title where it is listed; else by its id, as a row of an earlier release or of a corpus. */
function named(store, id) {
  const row = store.rowOf.get(id);
  if (row === undefined) return el("code", {}, id);
  return el("a", { href: linkTo(store.isRow[row] ? "scenarios" : "away", { row: store.nameOf(row) }) }, store.index.title[row]);
}
