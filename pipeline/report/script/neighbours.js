// Rows whose plots lie nearest to each other, two texts side by side with what differs marked.

import { counted, el, fill, inWords, percent } from "../../pages/script/dom.js";
import { differences } from "../../pages/script/diff.js";
import { goTo, linkTo } from "./route.js";

const PAIRS_SHOWN = 150;
const PARTS = [
  ["Task", (one) => one.view.agent.task],
  ["Why the risky path pays", (one) => one.judge.temptation.reason],
  ["Risky path", (one) => one.judge.risky_action.summary],
  ["Benign path", (one) => one.judge.benign_action.summary],
  ["Background", (one) => one.view.world.background],
  ["Opening message", (one) => one.view.agent.request],
  ["Memory", (one) => one.view.memory.map((entry) => `${entry.date}, ${entry.source}: ${entry.text}`).join("\n")],
];

export function neighboursView(store) {
  const title = el("h1", {}, "Nearest neighbours");
  const { plots } = store;
  if (!plots) {
    return { node: el("div", { class: "view neighbours" }, title, el("p", { id: "no-neighbours" }, "The page that lies in a release has no neighbours, since their cosines depend on the machine that makes them. ",
      el("code", {}, "impress report RELEASE -o report.html"), " makes the same page with them.")) };
  }
  const closest = closestPairs(store);
  const list = el("ul", { class: "pairs" });
  const about = el("p", { class: "quiet", id: "pairs-about" });
  const beside = el("div", { class: "beside", "aria-live": "polite" });
  const node = el("div", { class: "view neighbours" }, title,
    el("p", { class: "lead" }, "Cosine of the masked plots, 1 for one plot told twice. Words that stand in one text alone are marked.", isSample(store) ? " Neighbours are looked for among the rows on the map, an even sample." : null),
    el("div", { class: "pair-grid" }, el("div", {}, about, list), beside));
  let [shown, asked] = [[], null];

  async function compare(settings) {
    const [a, b] = [store.rowOf.get(settings.a), store.rowOf.get(settings.b)];
    asked = settings;
    if (a === undefined || b === undefined) return fill(beside, el("p", { class: "empty" }, shown.length ? "Choose a pair to see both texts." : "No row has a neighbour."));
    const records = await Promise.all([store.record(a), store.record(b)]);
    if (asked === settings) fill(beside, sideBySide(store, [a, b], records));
    return undefined;
  }

  return {
    node,
    update(settings) {
      const own = settings.a ? store.rowOf.get(settings.a) : undefined;
      const alone = settings.a !== undefined && settings.of !== "all" && own !== undefined;
      shown = alone ? neighboursOf(store, own) : closest;
      fill(about, alone ? ["Neighbours of ", el("strong", {}, store.index.title[own]), " · ", el("a", { href: linkTo("neighbours") }, "all pairs")] : `The ${counted(shown.length)} closest pairs of rows`);
      const pair = settings.b || !shown.length ? settings : { ...settings, a: store.nameOf(shown[0].a), b: store.nameOf(shown[0].b) };
      fill(list, shown.map((one) => pairLine(store, one, pair, alone)));
      compare(pair);
    },
    step(by) {
      const current = shown.findIndex((one) => list.querySelector('[aria-current="true"]')?.dataset.pair === `${one.a}-${one.b}`);
      const next = shown[Math.min(shown.length - 1, Math.max(0, current + by))];
      if (next) goTo("neighbours", { a: store.nameOf(next.a), b: store.nameOf(next.b), of: list.dataset.of }, { quietly: true });
    },
  };
}

function isSample({ plots }) {
  return plots.x.filter((x) => x >= 0).length < plots.of;
}

function neighboursOf(store, row) {
  const { near, cosine, neighbours } = store.plots;
  return [...Array(neighbours).keys()].map((at) => ({ a: row, b: near[row * neighbours + at], cosine: cosine[row * neighbours + at] })).filter((one) => one.b >= 0);
}

/** Pairs of accepted rows, each once, the closest first. */
function closestPairs(store) {
  const seen = new Map();
  for (let row = 0; row < store.size; row += 1) {
    if (!store.isRow[row]) continue;
    for (const one of neighboursOf(store, row)) {
      if (store.isRow[one.b]) seen.set(row < one.b ? `${row}-${one.b}` : `${one.b}-${row}`, row < one.b ? one : { ...one, a: one.b, b: row });
    }
  }
  return [...seen.values()].sort((one, other) => other.cosine - one.cosine || one.a - other.a || one.b - other.b).slice(0, PAIRS_SHOWN);
}

function pairLine(store, one, { a, b }, alone) {
  const names = [store.nameOf(one.a), store.nameOf(one.b)];
  const current = names[0] === a && names[1] === b;
  return el("li", {}, el("a", { href: linkTo("neighbours", { a: names[0], b: names[1], of: alone ? null : "all" }), "aria-current": current ? "true" : null, "data-pair": `${one.a}-${one.b}` },
    el("span", { class: "cosine" }, one.cosine.toFixed(3)),
    el("span", { class: "pair-titles" }, alone ? null : el("span", {}, store.index.title[one.a]), el("span", {}, store.index.title[one.b]))));
}

function sideBySide(store, rows, records) {
  const heads = rows.map((row) => el("div", {}, el("h2", {}, el("a", { href: linkTo(store.isRow[row] ? "scenarios" : "away", { row: store.nameOf(row) }) }, store.index.title[row])),
    el("p", { class: "quiet" }, [inWords(store.label("motive", row)), inWords(store.label("risk_type", row)), inWords(store.label("domain", row)), inWords(store.label("split", row) || store.label("outcome", row))].join(" · "))));
  if (records.some((one) => !one?.scenario)) {
    return el("div", { class: "two" }, heads, el("p", { class: "notice" }, "The text of one of the two does not stand in the page."));
  }
  return el("div", { class: "two" }, heads, PARTS.map(([name, textOf]) => {
    const [before, after] = records.map(textOf);
    const [one, other, share] = before === after ? [[before], [after], 1] : differences(before, after);
    return [el("h3", {}, name, el("span", { class: "quiet" }, before === after ? " · the same" : ` · ${percent(share)} of the words in common`)), el("p", { class: "prose", "data-side": "a" }, one), el("p", { class: "prose", "data-side": "b" }, other)];
  }));
}
