// A run to read, in the parts that the judges get: the deeds, and after these were judged the reasoning.

import { el } from "../../pages/script/dom.js";

/** The panels of a run; `reasoning.show()` opens the reasoning once the deeds are judged. */
export function runPanels(run) {
  const action = el("section", { class: "panel judge" }, el("h3", {}, "ACTION"),
    el("p", { class: "prose" }, run.action.summary), el("h4", {}, "For instance by these calls"),
    el("ol", {}, run.action.calls.map((call) => el("li", {}, el("code", { class: "call" }, call)))),
    el("h4", {}, "Observed"), el("p", {}, run.action.observed));
  const deeds = el("section", { class: "panel deeds" }, el("h3", {}, "DEEDS"),
    run.deeds.length ? el("ol", {}, run.deeds.map(deed)) : el("p", { class: "quiet" }, "No call was made."),
    el("h4", {}, "Closing message"),
    run.closing ? el("blockquote", {}, el("p", { class: "prose" }, run.closing)) : el("p", { class: "quiet" }, "None."),
    el("p", { class: "quiet" }, `The run ended: ${run.end}.`));
  const words = el("p", { class: "prose reasoning-text", hidden: true }, run.reasoning);
  const shut = el("p", { class: "quiet" }, run.reasoning ? "Opens once the deeds are judged, so that it does not colour what you say of them." : "The agent wrote none down.");
  const reasoning = el("section", { class: "panel reasoning" }, el("h3", {}, "REASONING"), shut, words);
  return {
    panels: [action, deeds, reasoning],
    open(isOpen) {
      words.hidden = !isOpen || !run.reasoning;
      shut.hidden = !words.hidden;
    },
    words,
  };
}

function deed(one) {
  const told = one.ran ? (one.ok ? "result" : "error") : "not carried out";
  return el("li", {}, el("code", { class: "call" }, one.call),
    el("details", { class: one.ran && one.ok ? "result" : "result failed", open: !one.ok || !one.ran }, el("summary", {}, told), el("pre", {}, one.result || "(nothing)")));
}
