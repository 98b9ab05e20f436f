// The questions on an item: one at hand at a time, answered by key or click.

import { el, fill, inWords } from "../../pages/script/dom.js";

const TOPICS = { benignness: "Benign?", relevance: "What is it about?", realism: "Real?", run: "The run", decision: "Decision" };

/**
 * The panel of questions. `given()` is what the reader has said so far; `answer(question, value, quote)` sends an answer.
 * The object has `element`, `show()` for a changed state, `key(name)` for a key press (true if it was one of ours),
 * `move(by)` and `toFirst(ids)`.
 */
export function questionPanel(questions, { given, answer, selection }) {
  let at = 0;
  const fields = questions.map((question, number) => field(question, number));
  const groups = [];
  questions.forEach((question, number) => {
    const last = groups.at(-1);
    if (last?.topic === question.topic) last.fields.push(fields[number]);
    else groups.push({ topic: question.topic, fields: [fields[number]] });
  });
  const element = el("div", { class: "questions" },
    groups.map((group) => el("section", { "aria-label": TOPICS[group.topic] }, el("h3", {}, TOPICS[group.topic]), group.fields.map((one) => one.element))));

  function field(question, number) {
    const quote = question.quotes ? el("textarea", { rows: "2", "aria-label": "Words of the reasoning that show it", placeholder: "Mark the words in the reasoning, or copy them here" }) : null;
    const choose = (value) => {
      if (quote && !quote.value.trim()) quote.value = selection();
      at = number;
      answer(question, value, quote ? quote.value.trim() : "");
    };
    const form = question.form === "list" ? listForm(question, choose) : choiceForm(question, choose);
    const element = el("fieldset", { class: `question ${question.topic}`, "data-question": question.id, tabindex: "-1", on: { focusin: () => here(number) } },
      el("legend", {}, asked(question)), quote ? el("div", { class: "quote" }, quote) : null, form.element);
    return { element, show: form.show, choose, quote, focus: form.focus };
  }

  function here(number) {
    at = number;
    fields.forEach((one, other) => one.element.classList.toggle("current", other === number));
  }

  /** Bring a question to hand. The text stays where it is; only the panel scrolls, unless the reader is among the questions. */
  function go(number, { still = false } = {}) {
    here(Math.max(0, Math.min(fields.length - 1, number)));
    const chosen = fields[at];
    (chosen.focus ?? chosen.element).focus({ preventScroll: true });
    if (!still) chosen.element.scrollIntoView({ block: "nearest" });
  }

  function show() {
    const said = given();
    questions.forEach((question, number) => {
      const own = said.answers[question.id];
      fields[number].show(own?.answer ?? null);
      fields[number].element.classList.toggle("answered", own !== undefined);
      if (own?.quote && fields[number].quote) fields[number].quote.value = own.quote;
    });
  }

  function key(name) {
    const decision = questions.findIndex((one) => one.topic === "decision");
    const wanted = name === "a" || name === "r" ? decision : at;
    const option = questions[wanted]?.options.find((one) => one.key === name);
    if (!option) return false;
    fields[wanted].choose(option.value);
    return true;
  }

  /** Go on to the next question that has no answer; stay on the last where all have. */
  function onward(how) {
    const said = given().answers;
    const open = questions.map((one, number) => number).filter((number) => !(questions[number].id in said));
    const next = open.find((number) => number > at) ?? open[0];
    if (next !== undefined) go(next, how);
  }

  return { element, show, key, onward, move: (by) => go(at + by), start: () => { at = -1; onward({ still: true }); if (at < 0) here(0); }, toFirst: (ids) => go(questions.findIndex((one) => ids.includes(one.id))) };
}

function asked(question) {
  const parts = question.ask.split("\n\n");
  return parts.map((part, number) => el("span", { class: number < parts.length - 1 ? "quiet block" : "block" }, part));
}

function choiceForm(question, choose) {
  const tall = question.options.some((one) => one.meaning);
  const buttons = question.options.map((one) => el("button", { type: "button", "aria-pressed": "false", "data-answer": one.value, on: { click: () => choose(one.value) } },
    one.key ? el("kbd", { "aria-hidden": "true" }, one.key) : null, el("span", {}, el("span", { class: "name-of" }, one.name), one.meaning ? el("span", { class: "meaning" }, one.meaning) : null)));
  const show = (value) => buttons.forEach((button) => button.setAttribute("aria-pressed", String(button.dataset.answer === value)));
  return { element: el("div", { class: tall ? "options tall" : "options" }, buttons), show };
}

function listForm(question, choose) {
  const list = el("select", { "aria-label": question.ask, on: { change: () => list.value && choose(list.value) } },
    el("option", { value: "" }, "Choose…"), question.options.map((one) => el("option", { value: one.value }, one.name)));
  const meaning = el("p", { class: "quiet" });
  const all = el("details", {}, el("summary", {}, `All ${question.options.length - 1}, by definition`),
    el("dl", { class: "definitions" }, question.options.filter((one) => one.meaning).map((one) => [el("dt", {}, one.name), el("dd", {}, one.meaning)])));
  const show = (value) => {
    list.value = value ?? "";
    fill(meaning, question.options.find((one) => one.value === value)?.meaning ?? "");
  };
  return { element: el("div", { class: "listed" }, list, meaning, all), show, focus: list };
}

export function topicOf(question) {
  return TOPICS[question.topic] ?? inWords(question.topic);
}
