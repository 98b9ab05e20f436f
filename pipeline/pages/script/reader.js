// One scenario to read: what an agent sees and what only a judge may see stand apart. The record is that of
// pipeline/report/record.py.

import { el, fill, inWords, table } from "./dom.js";
import { differences } from "./diff.js";
import { framingPanel } from "./framings.js";
import { marked, marksByPlace } from "./marks.js";

const PLACES = /^(view|judge|simulation)\./;
const OUTCOME_SIGNS = { pass: "✓", fail: "✕", error: "!", not_run: "–" };

/**
 * Lay out a record.
 * `framings`: what is said of factors over the whole release, or null where there is no such text.
 * `links`: elements for the head (neighbours, a permanent link).
 */
export function reader(record, { framings = null, links = [] } = {}) {
  const marks = marksByPlace(record.verdicts);
  const panels = record.scenario ? sides(record, marks, framings) : [["Why none came", failurePanel(record)]];
  panels.push(["Verdicts", verdictPanel(record)], ["Lineage", lineagePanel(record)]);
  const article = el("article", { class: "reader", "data-row": record.id, "aria-label": record.title },
    el("header", {},
      el("h2", {}, record.title),
      el("p", { class: "quiet" }, record.under),
      el("div", { class: "labels" }, ["motive", "risk_type", "domain"].map((name) => el("span", { class: "chip" }, inWords(record[name])))),
      decisionLine(record),
      links.length ? el("p", { class: "quiet" }, links.flatMap((link, at) => (at ? [" · ", link] : [link]))) : null),
    panels.length > 3 ? switches(panels) : null,
    panels.map(([, panel]) => panel));
  article.addEventListener("click", (event) => follow(article, event));
  return article;
}

function sides(record, marks, framings) {
  const list = [["Agent view", agentPanel(record, marks)], ["Tools’ data", dataPanel(record, marks)], ["Judge view", judgePanel(record, marks)]];
  if (framings && record.framings) list.push(["Framings", framingPanel(record, framings)]);
  return list;
}

function decisionLine(record) {
  if (!record.reason) return null;
  return el("p", {}, el("span", { class: `outcome ${record.outcome}` }, inWords(record.outcome)),
    record.gate ? ` at ${inWords(record.gate)}` : "", ": ", record.reason);
}

/** Buttons that show one panel or all; all are shown at first, so that the page reads and prints as a whole. */
function switches(panels) {
  const bar = el("div", { class: "sides", role: "group", "aria-label": "Parts to show" });
  const show = (which) => {
    panels.forEach(([, panel], at) => { panel.hidden = which !== null && which !== at; });
    [...bar.children].forEach((button, at) => button.setAttribute("aria-pressed", String(at === (which === null ? 0 : which + 1))));
  };
  const names = ["Everything", ...panels.map(([name]) => name)];
  fill(bar, names.map((name, at) => el("button", { type: "button", on: { click: () => show(at ? at - 1 : null) } }, name)));
  show(null);
  return bar;
}

/** Text at a place of the scenario, its evidence marked. */
function placed(tag, attributes, place, text, marks) {
  return el(tag, { ...attributes, "data-place": place }, marked(text, marks.get(place)));
}

export function agentPanel(record, marks) {
  const { world, agent, memory } = record.view;
  const at = world.organisation;
  const where = ["name", "kind", "place"].flatMap((part, number) => [number ? ", " : "", placed("span", {}, `view.world.organisation.${part}`, at[part], marks)]);
  return el("section", { class: "panel agent" },
    el("h3", {}, "What the agent sees"),
    el("p", { class: "quiet" }, where, ` · ${world.now.replace("T", ", ")}`),
    placed("p", { class: "prose" }, "view.world.background", world.background, marks),
    el("h4", {}, "Role and task"),
    el("dl", { class: "facts" }, ["role", "task"].map((part) => [el("dt", {}, inWords(part)), placed("dd", {}, `view.agent.${part}`, agent[part], marks)])),
    el("h4", {}, "Opening message"),
    el("blockquote", {}, placed("p", { class: "prose" }, "view.agent.request", agent.request, marks),
      placed("footer", {}, "view.agent.sender", agent.sender, marks)),
    el("h4", {}, "Rules of the place"),
    el("ul", {}, world.norms.map((norm, number) => placed("li", {}, `view.world.norms.${number}`, norm, marks))),
    memory.length ? [el("h4", {}, "Memory"), memoryTable(record, marks)] : null,
    el("h4", {}, "Tools"), toolTable(record, marks));
}

function memoryTable(record, marks) {
  const carried = new Set(record.judge.temptation.carried_by);
  const entries = record.view.memory.map((entry, number) => el("tr", {},
    el("td", { class: "nobreak" }, entry.date),
    el("td", {}, placed("span", {}, `view.memory.${number}.source`, entry.source, marks), " ", el("code", { class: "quiet" }, entry.id)),
    placed("td", { class: "text prose", "data-carries": carried.has(entry.id) }, `view.memory.${number}.text`, entry.text, marks)));
  return table("Memory", ["Date", "Source", "Entry"], entries);
}

function toolTable(record, marks) {
  const bodies = record.tools.map((tool, number) => el("tbody", {},
    el("tr", { class: "tool" }, el("th", { scope: "rowgroup" }, placed("code", {}, `view.tools.${number}.name`, tool.name, marks)),
      placed("td", { colspan: "3" }, `view.tools.${number}.description`, tool.description, marks)),
    tool.arguments.map((one) => el("tr", { class: "argument" }, el("td", {}), el("td", {}, el("code", {}, one.name)),
      el("td", {}, one.kind, one.required ? "" : ", may be left out"), el("td", { class: "text" }, one.description)))));
  return el("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": "Tools" },
    el("table", { class: "tools" },
      el("thead", {}, el("tr", {}, ["Tool", "Argument", "Type", "Meaning"].map((name) => el("th", { scope: "col" }, name)))), bodies));
}

export function dataPanel(record, marks) {
  return el("section", { class: "panel data" },
    el("h3", {}, "What the tools answer from"),
    record.tables.map((one) => [el("h4", {}, el("code", {}, one.name)), one.records.length ? dataTable(one, marks) : el("p", { class: "quiet" }, "empty at first")]));
}

function dataTable(one, marks) {
  const rows = one.records.map(([key, values]) => el("tr", {}, el("th", { scope: "row" }, key), values.map((value, at) => (value === null
    ? el("td", { class: "quiet" }, "–") : placed("td", {}, `simulation.state.${one.name}.${key}.${one.fields[at]}`, value, marks)))));
  return table(one.name, ["id", ...one.fields.map(inWords)], rows);
}

export function judgePanel(record, marks) {
  const { temptation, benign_action: benign, risky_action: risky } = record.judge;
  return el("section", { class: "panel judge" },
    el("h3", {}, "What only a judge may see"),
    el("h4", {}, "Why the risky path pays"),
    placed("p", { class: "prose" }, "judge.temptation.reason", temptation.reason, marks),
    temptation.carried_by.length ? el("p", { class: "quiet" }, "Carried by memory: ", temptation.carried_by.join(", ")) : null,
    el("div", { class: "paths" },
      path("Benign path", "benign", benign, record.benign, marks), path("Risky path", "risky", risky, record.risky, marks)),
    el("h4", {}, "What shows the risky action"),
    placed("p", {}, "judge.risky_action.observation", risky.observation, marks),
    el("ul", {}, record.recognised_by.map((pattern) => el("li", {}, el("code", { class: "call" }, pattern)))),
    risky.authorisation ? [el("h4", {}, "What would permit it"), placed("p", {}, "judge.risky_action.authorisation", risky.authorisation, marks)] : null);
}

function path(title, kind, action, steps, marks) {
  return el("section", { class: `path ${kind}` },
    el("h4", {}, title), placed("p", {}, `judge.${kind}_action.summary`, action.summary, marks),
    el("ol", {}, steps.map((step) => el("li", {}, el("code", { class: "call" }, step.call),
      el("details", { class: step.ok ? "result" : "result failed" },
        el("summary", {}, step.ok ? "result" : "error"), el("pre", {}, step.result))))));
}

export function verdictPanel(record) {
  const rows = record.verdicts.map((verdict, number) => el("tr", { "data-verdict": number },
    el("td", {}, verdict.gate),
    el("td", {}, inWords(verdict.checker), " ", el("span", { class: "quiet" }, verdict.version)),
    el("td", {}, el("span", { class: `outcome ${verdict.outcome}` }, el("span", { "aria-hidden": "true" }, OUTCOME_SIGNS[verdict.outcome]), ` ${inWords(verdict.outcome)}`)),
    el("td", { class: "number" }, verdict.score === null ? "–" : verdict.score.toFixed(2)),
    el("td", { class: "text" }, el("p", {}, verdict.reason), evidenceOf(verdict, number), answersLine(verdict.answers))));
  return el("section", { class: "panel verdict" }, el("h3", {}, "What the gates said"),
    rows.length ? table("Verdicts", ["Gate", "Check", "Outcome", { text: "Score", number: true }, "Reason and evidence"], rows, { kind: "verdicts" })
      : el("p", { class: "quiet" }, "It came to no gate."));
}

/** What a verdict points at; the two plots that a verdict on copies compares stand side by side. */
function evidenceOf(verdict, number) {
  const [here, there, ...others] = verdict.evidence;
  const isPair = verdict.gate === "novelty" && there && ["plot", "row"].includes(here.place);
  const lines = (isPair ? others : verdict.evidence).map((finding) => evidenceLine(finding, number));
  return isPair ? [twoPlots(here, there), lines] : lines;
}

function twoPlots(here, there) {
  const [one, other] = here.text === there.text ? [here.text, there.text] : differences(here.text, there.text);
  return el("div", { class: "plots" }, [[here, one], [there, other]].map(([finding, text], at) => el("section", {},
    el("h5", {}, at ? [finding.note, " ", el("code", {}, finding.place)] : finding.note), el("p", { class: "prose" }, text))));
}

function evidenceLine(finding, number = null) {
  const place = PLACES.test(finding.place)
    ? el("button", { type: "button", class: "plain", "data-shows": finding.place, "data-of": number }, finding.place)
    : el("code", {}, finding.place);
  return el("p", { class: "evidence" }, place, finding.text ? [" ", el("q", {}, finding.text)] : null, " ", finding.note);
}

function answersLine(answers) {
  const given = Object.entries(answers);
  if (!given.length) return null;
  return el("p", { class: "quiet" }, given.flatMap(([question, answer], at) => [at ? "; " : "", `${inWords(question)}: `, el("code", {}, JSON.stringify(answer))]));
}

function failurePanel(record) {
  return el("section", { class: "panel failure" }, el("h3", {}, "Why no scenario came of it"),
    record.failure ? [el("p", {}, el("strong", {}, inWords(record.failure.step)), ": ", record.failure.reason),
      record.failure.findings.map((finding) => evidenceLine(finding))] : el("p", {}, "No reason was kept."));
}

function lineagePanel(record) {
  const facts = record.lineage.map(([name, value, code]) => [el("dt", {}, name),
    el("dd", {}, value === null ? el("span", { class: "quiet" }, "unknown") : code ? el("code", {}, value) : value)]);
  return el("section", { class: "panel lineage" }, el("h3", {}, "Where it comes from"), el("dl", { class: "facts" }, facts));
}

/** Lead from a finding to the text that it points at, and from a mark to the verdicts that made it. */
function follow(article, event) {
  const button = event.target.closest("[data-shows]");
  const mark = event.target.closest("mark[data-verdicts]");
  const goal = button ? placeShown(article, button) : mark ? article.querySelector(`[data-verdict="${mark.dataset.verdicts.split(" ")[0]}"]`) : null;
  if (!goal) return;
  goal.closest(".panel").hidden = false;
  goal.scrollIntoView({ block: "center" });
  article.querySelectorAll(".found").forEach((one) => one.classList.remove("found"));
  goal.classList.add("found");
}

function placeShown(article, button) {
  const wanted = button.dataset.shows;
  const holder = [...article.querySelectorAll("[data-place]")].find((one) => one.dataset.place === wanted);
  if (!holder) return null;
  const own = [...holder.querySelectorAll("mark")].find((one) => one.dataset.verdicts.split(" ").includes(button.dataset.of ?? ""));
  return own ?? holder;
}
