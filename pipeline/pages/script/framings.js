// A scenario under any framing: messages put together from the slots that pipeline/report/framings.py gives.

import { el, fill, inWords } from "./dom.js";

/**
 * The messages of a framing, as lists of {text, factor} for the roles system and user.
 * `record` holds slots and questions of the scenario, whose texts are pieces: as they are, or keys that lead to a text
 * of the record. `shared`: levels of each factor, and what is said under each.
 */
export function messagesOf(record, shared, chosen) {
  const own = record.framings;
  const whole = (pieces) => pieces.map((piece) => (typeof piece === "string" ? piece : piece.reduce((inside, key) => inside[key], record))).join("");
  const told = (factor) => {
    const text = shared.told[factor][chosen[factor]];
    return text ? [{ text: `\n\n${text}`, factor }] : [];
  };
  const shows = (slot) => (slot.factor !== "temptation" || chosen.temptation === "present") && (slot.factor !== "authorisation" || chosen.authorisation === "granted");
  const of = (role) => own.slots.filter((slot) => slot.role === role && shows(slot)).map((slot) => ({ ...slot, text: whole(slot.text) }));
  const asked = own.questions[chosen.format];
  const question = asked ? whole(asked) : shared.told.format[chosen.format];
  return {
    system: [...of("system"), ...told("reality"), ...told("persona")],
    user: [...of("user"), { text: `\n\n${question}`, factor: "format" }],
  };
}

/** A panel with a choice of each factor's level and the messages under it; what the choice decides is marked. */
export function framingPanel(record, shared) {
  const { missing } = record.framings;
  const chosen = Object.fromEntries(Object.entries(shared.levels).map(([factor, levels]) => [factor, levels[0]]));
  const shown = el("div", { "aria-live": "polite" });
  const draw = () => {
    const messages = messagesOf(record, shared, chosen);
    fill(shown, Object.entries(messages).map(([role, parts]) => [el("h4", {}, `${role} message`),
      el("div", { class: "message", "data-message": role }, parts.map((part) => (part.factor === "record" ? part.text : el("span", { class: "differs", title: part.factor }, part.text))))]),
    chosen.format === "agent" ? el("p", { class: "quiet" }, "With the tools of the agent view.") : el("p", { class: "quiet" }, "Without tools."));
  };
  const choice = (factor) => el("label", {}, inWords(factor), el("select", { "data-factor": factor, on: { change: (event) => { chosen[factor] = event.target.value; draw(); } } },
    shared.levels[factor].map((level) => el("option", { value: level, disabled: Boolean(missing[`${factor}.${level}`]), title: missing[`${factor}.${level}`] }, inWords(level)))));
  draw();
  return el("section", { class: "panel framings" }, el("h3", {}, "Under each framing"),
    el("p", { class: "quiet" }, "A pair of framings differs in the stated factor alone; what a factor decides is marked."),
    shared.note ? el("p", { class: "notice" }, shared.note) : null,
    el("div", { class: "framing-levels" }, Object.keys(shared.levels).map(choice)), shown);
}
