// How different the rows are, beside the release before.

import { counted, el, inWords, percent, table } from "../../pages/script/dom.js";

export function diversityView(store) {
  const { diversity, previous, follows } = store.head;
  return {
    node: el("div", { class: "view diversity" },
      el("h1", {}, "Diversity"),
      el("p", { class: "lead" }, "How different the rows are: in what happens, in how it is told, and in what stands in them."),
      figureTable(diversity, previous),
      el("h2", {}, "Spread"),
      el("p", { class: "lead" }, "How evenly rows use what stands in them. Effective is the number of equally frequent values that would be as diverse, so higher is better; people are names of two or three words in the sender and in the tools’ data."),
      spreadTable(diversity, previous),
      el("h2", {}, "Against the last release"),
      previous ? changes(previous) : el("p", { id: "no-previous" }, follows
        ? "The release before was not at hand when this page was made: impress report --previous FOLDER compares with it." : "There is no release before to compare with.")),
  };
}

function figureTable(diversity, previous) {
  const before = new Map((previous?.diversity.figures ?? []).map((one) => [kindOf(one.name), one.value]));
  const figure = (value, kind = "") => el("td", { class: /^\d/.test(value) ? `nobreak ${kind}` : `quiet ${kind}` }, value);
  const rows = diversity.figures.map((one) => el("tr", { "data-figure": one.name },
    el("th", { scope: "row" }, one.name), figure(one.value),
    previous ? figure(before.get(kindOf(one.name)) ?? "unknown", "quiet") : null,
    el("td", {}, one.better), el("td", { class: "text" }, one.meaning)));
  return table("Diversity of plots and prose", ["Figure", "Value", ...(previous ? [{ text: previous.name, kind: "as-is" }] : []), "Better", "What it means"], rows, { kind: "figures" });
}

/** A figure's name without the release that it compares with, which differs from release to release. */
function kindOf(name) {
  return name.replace(/ row of .*?,/, " row of the previous release,");
}

function spreadTable(diversity, previous) {
  const number = (text) => ({ text, number: true });
  const rows = Object.entries(diversity.spread).map(([facet, one]) => el("tr", { "data-facet": facet },
    el("th", { scope: "row" }, inWords(facet)), el("td", { class: "number" }, counted(one.values)), el("td", { class: "number" }, one.effective.toFixed(1)),
    previous ? el("td", { class: "number quiet" }, previous.diversity.spread[facet]?.effective.toFixed(1) ?? "unknown") : null,
    el("td", {}, one.most_common), el("td", { class: "number" }, percent(one.most_common_share))));
  return table("Spread", ["Of", number("Values"), number("Effective"), ...(previous ? [number("Effective before")] : []), "Most common", number("Share of rows")], rows, { kind: "figures" });
}

function changes(previous) {
  const number = (text) => ({ text, number: true });
  const figure = (value) => el("td", { class: value === null ? "number nil" : "number" }, value === null ? "unknown" : value.toPrecision(3));
  const shifts = previous.shifts.map((one) => el("tr", { "data-shift": one.of }, el("th", { scope: "row" }, inWords(one.of)), el("td", {}, inWords(one.test)), figure(one.distance), figure(one.statistic), figure(one.p)));
  return el("div", { id: "previous" },
    el("p", {}, el("span", { class: "name" }, previous.name), `: ${counted(previous.kept)} rows stay, ${counted(previous.added)} came, ${counted(previous.retired)} retired; ${counted(previous.anchors)} anchors.`),
    previous.broken.map((one) => el("p", { class: "notice" }, one)),
    previous.reasons.length ? el("div", { class: "narrow-table" }, table("Why rows retired", ["Why rows retired", number("Rows")], previous.reasons.map(([why, count]) => [why, counted(count)]))) : null,
    el("h3", {}, "What has moved"),
    el("p", { class: "quiet" }, "Distance is 0 for the same distribution and 1 for nothing in common: total variation for labels, Kolmogorov-Smirnov for lengths."),
    table("Distributions", ["Of", "Test", number("Distance"), number("Statistic"), number("p")], shifts),
    previous.incomparable.length ? [el("h3", {}, "What stops being comparable"), el("ul", {}, previous.incomparable.map((one) => el("li", {}, one)))] : null);
}
