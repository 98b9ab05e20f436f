// The release at a glance: key figures, funnel, versions.

import { counted, el, inWords, svg, table } from "../../pages/script/dom.js";
import { linkTo } from "./route.js";

export function overviewView(store) {
  const { head } = store;
  return {
    node: el("div", { class: "view overview" },
      el("h1", {}, head.title),
      el("p", { class: "lead" }, el("span", { class: "name" }, head.name), ` version ${head.version} · first completion on ${head.created} · the build ended when ${head.stopped}`),
      head.notices.map((notice) => el("p", { class: "notice", role: "note" }, notice)),
      sampleNotices(head),
      tiles(head), funnelSection(head), splitSection(head), historySection(head), modelSection(head)),
  };
}

function sampleNotices(head) {
  const { rows, rows_listed: listed, rows_with_text: texts, away, away_listed: awayListed, away_with_text: awayTexts } = head.listed;
  const told = [];
  if (listed < rows) told.push(`Of ${counted(rows)} rows an even sample of ${counted(listed)} is listed.`);
  if (texts < rows) told.push(`The text of ${counted(texts)} of ${counted(rows)} rows stands in this page, an even sample; all are in data/.`);
  if (awayListed < away) told.push(`Of ${counted(away)} candidates turned away an even sample of ${counted(awayListed)} is listed.`);
  if (awayTexts < away) told.push(`The text of ${counted(awayTexts)} of ${counted(away)} candidates turned away stands in this page; all are in candidates.parquet.`);
  return told.length ? el("p", { class: "notice", role: "note", id: "sampled" }, told.join(" ")) : null;
}

function tiles(head) {
  const { totals } = head;
  const tile = (name, id, number, of, link) => el("div", {}, el("dt", {}, link ? el("a", { href: link }, name) : name),
    el("dd", {}, el("span", { id, "data-number": number }, counted(number)), of === null ? null : el("small", {}, ` of ${counted(of)}`)));
  return el("dl", { class: "tiles" },
    tile("rows accepted", "total-rows", totals.rows, null, linkTo("scenarios")),
    tile("candidates made", "total-made", totals.made, null, null),
    tile("cells full", "total-full", totals.full, totals.cells, linkTo("coverage")),
    tile("turned away", "total-away", totals.made - totals.rows, null, linkTo("away")),
    tile("model calls", "total-calls", totals.calls, null, linkTo("cost")));
}

function funnelSection(head) {
  const most = Math.max(1, ...head.funnel.map((step) => step.entered));
  const bar = (step) => svg("svg", { viewBox: "0 0 1000 10", preserveAspectRatio: "none", "aria-hidden": "true", focusable: "false" },
    svg("rect", { class: "track", width: 1000, height: 10 }),
    svg("rect", { class: "passed", width: (1000 * step.passed) / most, height: 10 }),
    svg("rect", { class: "away", x: (1000 * step.passed) / most, width: (1000 * step.turned_away) / most, height: 10 }));
  const number = (value) => el("td", { class: value ? "number" : "number nil" }, counted(value));
  const rows = head.funnel.map((step) => el("tr", { "data-step": step.step },
    el("th", { scope: "row" }, step.turned_away ? el("a", { href: linkTo("away", { step: step.step }) }, step.step) : step.step),
    el("td", { class: "bars" }, bar(step)),
    number(step.entered), number(step.passed), number(step.turned_away), number(step.errors)));
  const numbers = ["Came", "Passed", "Turned away", "Check failed"].map((text) => ({ text, number: true }));
  return el("section", { "aria-labelledby": "funnel-title" },
    el("h2", { id: "funnel-title" }, "Funnel"),
    el("p", { class: "lead" }, "How many candidates came to each step, and how many it turned away. A failed check is never a pass."),
    el("div", { class: "key", "aria-hidden": "true" }, el("span", { class: "swatch passed" }), " passed ", el("span", { class: "swatch away" }), " turned away"),
    table("Funnel", ["Step", { text: "", kind: "bars" }, ...numbers], rows, { kind: "funnel" }));
}

function splitSection(head) {
  const rows = Object.entries(head.splits).map(([split, number]) => el("tr", { "data-split": split },
    el("th", { scope: "row" }, el("a", { href: linkTo("scenarios", { split }) }, inWords(split))), el("td", { class: "number" }, counted(number))));
  return el("section", { class: "narrow-table" }, el("h2", {}, "Splits"), table("Splits", ["Split", { text: "Rows", number: true }], rows));
}

function historySection(head) {
  if (!head.history) return null;
  const { past, kept, added, retired, anchors } = head.history;
  const number = (value) => el("td", { class: "number" }, counted(value));
  const rows = past.map((one) => el("tr", {}, el("th", { scope: "row" }, one.version), el("td", {}, one.created), number(one.rows), number(one.added), number(one.retired)));
  const heads = ["Rows", "Came", "Retired"].map((text) => ({ text, number: true }));
  return el("section", {}, el("h2", {}, "History"),
    el("p", { class: "lead" }, `Of the release before, ${counted(kept)} rows stay and ${counted(retired)} retired; ${counted(added)} are new. `,
      `On the ${counted(anchors)} anchors rates of both can be equated. `, el("a", { href: linkTo("diversity") }, "What has moved")),
    table("History", ["Version", "Made", ...heads], rows));
}

function modelSection(head) {
  const number = (value) => el("td", { class: value === null ? "number nil" : "number" }, counted(value));
  const rows = head.models.map((use) => el("tr", {}, el("td", {}, use.role),
    el("td", {}, use.model, use.reported.length && use.reported.join() !== use.model ? el("span", { class: "quiet" }, ` reported as ${use.reported.join(", ")}`) : null),
    el("td", {}, use.endpoint_kind), number(use.usage.calls), number(use.usage.prompt_tokens), number(use.usage.completion_tokens)));
  const heads = ["Calls", "Prompt tokens", "Completion tokens"].map((text) => ({ text, number: true }));
  const libraries = Object.entries(head.libraries).map(([name, version]) => `${name} ${version}`).join(", ");
  return el("section", { id: "made-with" }, el("h2", {}, "Made with"),
    rows.length ? table("Models", ["Role", "Model", "Endpoint", ...heads], rows) : el("p", {}, "No model took part."),
    el("p", { class: "quiet" }, `${head.entries.seeds} seed entries, ${head.entries.prompts} prompts, ${head.entries.programs} programs · ${libraries}`),
    el("details", {}, el("summary", {}, "Hashes"),
      el("dl", { class: "facts" }, Object.entries(head.hashes).map(([name, hash]) => [el("dt", {}, name), el("dd", {}, el("code", {}, hash))])),
      el("p", { class: "quiet" }, "Those of all files, seeds and prompts stand in manifest.json.")));
}
