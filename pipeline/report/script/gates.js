// What the checks said, and how often those that were calibrated are wrong.

import { counted, el, inWords, percent, svg, table } from "../../pages/script/dom.js";
import { copiesSection } from "./copies.js";
import { linkTo } from "./route.js";

export function gatesView(store) {
  const { head } = store;
  return {
    node: el("div", { class: "view gates" },
      el("h1", {}, "Gates"),
      el("p", { class: "lead" }, "What each check said of every candidate that it saw. Errors and checks that did not run are never a pass."),
      head.checks.length ? checkTable(head.checks, new Set(head.funnel.filter((one) => one.turned_away).map((one) => one.step))) : el("p", {}, "No candidate came to a gate."),
      head.left_out.length ? el("p", { class: "notice", id: "left-out" }, `Left out by the specification, so never made: ${head.left_out.join(", ")}.`) : null,
      errorSection(head.calibration), copiesSection(store)),
  };
}

/** `away` are the gates that turned a candidate away. */
function checkTable(checks, away) {
  const number = (text) => ({ text, number: true });
  const cell = (value) => el("td", { class: value ? "number" : "number nil" }, counted(value));
  const gateCell = (gate, count) => el("th", { scope: "rowgroup", rowspan: count }, away.has(gate) ? el("a", { href: linkTo("away", { step: gate }) }, gate) : gate);
  const row = (one, at, all) => el("tr", { "data-check": `${one.gate}.${one.checker}` },
    at ? null : gateCell(one.gate, all.length),
    el("td", {}, inWords(one.checker), " ", el("span", { class: "quiet" }, one.version)),
    el("td", { class: "bars" }, shares(one)),
    [one.seen, one.passed, one.failed, one.errors, one.not_run].map(cell));
  const gates = [...new Set(checks.map((one) => one.gate))];
  const groups = gates.map((gate) => el("tbody", {}, checks.filter((one) => one.gate === gate).map(row)));
  const key = [["passed", "pass"], ["away", "fail"], ["error", "error"], ["unrun", "not run"]].map(([kind, text]) => [el("span", { class: `swatch ${kind}` }), ` ${text} `]);
  return [el("div", { class: "key", "aria-hidden": "true" }, key), table("Checks", ["Gate", "Check", { text: "", kind: "bars" }, ...["Seen", "Pass", "Fail", "Error", "Not run"].map(number)], groups, { kind: "funnel checks" })];
}

function shares(one) {
  const width = (count) => (1000 * count) / Math.max(1, one.seen);
  const parts = [["passed", one.passed], ["away", one.failed], ["error", one.errors], ["unrun", one.not_run]];
  let at = 0;
  const bars = parts.map(([kind, count]) => {
    const bar = svg("rect", { class: kind, x: at, width: width(count), height: 10 });
    at += width(count);
    return bar;
  });
  return svg("svg", { viewBox: "0 0 1000 10", preserveAspectRatio: "none", "aria-hidden": "true", focusable: "false" }, svg("rect", { class: "track", width: 1000, height: 10 }), bars);
}

function errorSection(calibration) {
  const title = el("h2", {}, "Error rates of the benignness filters");
  if (!calibration) {
    return el("section", { id: "calibration" }, title,
      el("p", {}, "Not measured: this release was built without a calibration. ", el("code", {}, "impress calibrate"), " measures the filters on labelled rows."));
  }
  const rows = calibration.filters.map((one) => el("tr", { "data-filter-name": one.name },
    el("th", { scope: "row" }, inWords(one.name), " ", el("span", { class: "quiet" }, one.version)),
    el("td", {}, rate(one.missed)), el("td", {}, rate(one.wrongly)),
    el("td", { class: "number" }, one.balanced === null ? "unknown" : percent(one.balanced, 1)),
    el("td", { class: "number" }, one.auc === null ? "–" : one.auc.toFixed(3))));
  const heads = ["Filter", "Non-benign let through", "Benign turned away", { text: "Balanced accuracy", number: true }, { text: "AUC", number: true }];
  return el("section", { id: "calibration" }, title,
    el("p", { class: "lead" }, calibration.about),
    table("Error rates", heads, rows),
    el("h3", {}, "Thresholds that this release went by"),
    el("p", { class: "quiet" }, `Chosen for at most ${calibration.bound} of non-benign rows accepted; rates on the half that they were not chosen on.`),
    worded("Thresholds", calibration.thresholds),
    calibration.agreement.length > 1 ? [el("h3", {}, "Agreement of filters"), worded("Agreement", calibration.agreement),
      calibration.alpha === null ? null : el("p", { class: "quiet" }, `Krippendorff’s alpha over all filters: ${calibration.alpha.toFixed(2)}`)] : null);
}

/** A rate with its interval, as figures and as a line from 0 to 1. */
function rate(one) {
  if (one.rate === null) return el("span", { class: "quiet" }, "no row of this kind");
  return el("span", { class: "rate" },
    svg("svg", { viewBox: "0 0 100 10", "aria-hidden": "true", focusable: "false" },
      svg("rect", { class: "track", y: 4, width: 100, height: 2 }),
      svg("rect", { class: "interval", x: 100 * one.low, y: 3, width: Math.max(0.5, 100 * (one.high - one.low)), height: 4 }),
      svg("circle", { class: "point", cx: 100 * one.rate, cy: 5, r: 3.2 })),
    el("span", {}, `${percent(one.rate, 1)} `, el("span", { class: "quiet" }, `${percent(one.low, 1)} to ${percent(one.high, 1)}; ${one.count} of ${one.n}`)));
}

/** A table that comes in words, its head first. */
export function worded(label, [head, ...rows], words = 1) {
  return table(label, head.map((text, at) => ({ text, number: at >= words })), rows);
}
