// Evidence of verdicts, marked in the text that it points at.

import { el } from "./dom.js";

/**
 * Collect the findings of verdicts by place, each with the verdict's number and outcome.
 * A place is a dotted path into the scenario's JSON (`view.agent.request`); offsets count characters, not code units.
 */
export function marksByPlace(verdicts) {
  const byPlace = new Map();
  verdicts.forEach((verdict, number) => {
    for (const finding of verdict.evidence) {
      const known = byPlace.get(finding.place) ?? [];
      known.push({ ...finding, number, outcome: verdict.outcome, said: `${verdict.gate}: ${finding.note}` });
      byPlace.set(finding.place, known);
    }
  });
  return byPlace;
}

/** The text at a place as nodes: plain, but for the spans that findings point at. */
export function marked(text, marks = []) {
  const spans = marks.map((mark) => ({ mark, span: spanOf(text, mark) })).filter((one) => one.span);
  if (!spans.length) return [text];
  const cuts = [...new Set([0, text.length, ...spans.flatMap((one) => one.span)])].sort((a, b) => a - b);
  const nodes = [];
  for (let at = 0; at + 1 < cuts.length; at += 1) {
    const [start, end] = [cuts[at], cuts[at + 1]];
    const here = spans.filter((one) => one.span[0] <= start && end <= one.span[1]).map((one) => one.mark);
    nodes.push(here.length ? markOf(text.slice(start, end), here) : text.slice(start, end));
  }
  return nodes;
}

/** Where a finding lies in a text, in code units: by its offsets, or else where its words stand first. */
export function spanOf(text, finding) {
  if (finding.start !== null && finding.end !== null) {
    const start = unitsBefore(text, finding.start);
    const end = unitsBefore(text, finding.end);
    if (start < end && text.slice(start, end).includes(finding.text)) return [start, end];
  }
  const at = finding.text ? text.indexOf(finding.text) : -1;
  return at < 0 ? null : [at, at + finding.text.length];
}

function unitsBefore(text, characters) {
  let units = 0;
  for (let left = characters; left > 0 && units < text.length; left -= 1) units += text.codePointAt(units) > 0xffff ? 2 : 1;
  return units;
}

function markOf(text, marks) {
  const worst = marks.find((one) => one.outcome === "fail") ?? marks[0];
  return el("mark", {
    class: worst.outcome,
    title: marks.map((one) => one.said).join("\n"),
    "data-verdicts": marks.map((one) => one.number).join(" "),
  }, text);
}
