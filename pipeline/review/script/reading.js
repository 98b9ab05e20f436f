// The reading view: the text on one side, the questions on the other, and a key for everything.

import { el, fill, inWords } from "../../pages/script/dom.js";
import { marksByPlace } from "../../pages/script/marks.js";
import { agentPanel, dataPanel, judgePanel, verdictPanel } from "../../pages/script/reader.js";
import { editDialog, editList, markedWords } from "./edits.js";
import { isTaken, place, say, showHelp } from "./frame.js";
import { questionPanel } from "./questions.js";
import { runPanels } from "./run.js";
import { freshKey, post, sender } from "./sending.js";

export function readingView(data) {
  const item = data.item;
  let state = data.reading;
  let leaving = false;

  const sending = sender(`impress-review ${data.release} ${data.reader}`, { changed, refused });
  const edit = editDialog((act) => give(act));
  const run = data.record.run ? runPanels(data.record.run) : null;
  const note = el("textarea", { rows: "3", id: "note", placeholder: "What the next person should know", on: { change: () => give({ kind: "note", text: note.value }) } });
  const edits = el("div", {});
  const finish = el("button", { type: "button", class: "main", on: { click: done } }, el("kbd", { "aria-hidden": "true" }, "Enter"), " Done, next");
  const progress = el("p", { class: "quiet" });
  const panel = questionPanel(data.questions, {
    given: () => state,
    selection: () => (run && run.words.contains(getSelection().anchorNode) ? getSelection().toString().trim() : ""),
    answer: (question, value, quote) => {
      const positive = question.quotes && value === "yes";
      if (positive && !quote) return say("Mark the words in the reasoning that show it, then answer yes.");
      state = { ...state, answers: { ...state.answers, [question.id]: { answer: value, quote: positive ? quote : "" } }, missing: state.missing.filter((one) => one !== question.id) };
      show();
      panel.onward();
      return give({ kind: "answer", question: question.id, answer: value, quote: positive ? quote : "" });
    },
  });

  function give(act) {
    return sending.send({ ...act, item: item.id });
  }

  function changed(reading, act) {
    if (act.item !== item.id || !sending.idle()) return;
    state = reading;
    show();
  }

  function refused(why) {
    say(why);
    leaving = false;
    setTimeout(() => location.reload(), 3000); // to what the server has
  }

  function show() {
    panel.show();
    run?.open("induced" in state.answers);
    if (document.activeElement !== note) note.value = state.note;
    fill(edits, editList(state.suggestions));
    const left = state.missing.length;
    fill(progress, state.done ? "You are done with this item." : left ? `${left} of ${data.questions.length} questions left` : "Every question has its answer.");
    finish.disabled = state.done;
  }

  async function done() {
    if (state.done || leaving) return;
    if (state.missing.length) {
      panel.toFirst(state.missing);
      say(state.missing.length === 1 ? "One question has no answer yet." : `${state.missing.length} questions have no answer yet.`);
      return;
    }
    await leave({ kind: "finish" });
  }

  async function leave(act) {
    leaving = true;
    document.activeElement?.blur();
    await give(act);
    if (leaving) location.assign(`/next?of=${item.subject}`);
  }

  async function undo() {
    await sending.settle();
    const answer = await post("/api/undo", { key: freshKey() });
    if (answer === null) return say("The server does not answer; try again when it is back.");
    if (answer.error) return say(answer.error);
    if (!answer.undone) return say("There is nothing to take back.");
    if (answer.item !== item.id) return location.assign(`/read/${answer.item}`);
    state = answer.reading;
    note.value = state.note;
    show();
    panel.start();
    return say(`Taken back: ${answer.undone}.`);
  }

  function suggest() {
    const words = markedWords();
    if (data.item.subject === "run") return say("A run is what happened; there is nothing to suggest in it.");
    if (!words) return say("Mark words within one text first, then press x.");
    return edit.open(words);
  }

  const article = textOf(data, run);
  const aside = el("aside", { "aria-label": "Questions", tabindex: "0" },
    data.third ? el("p", { class: "notice" }, "Two readers differ on this item. What you say decides.") : null,
    state.done ? el("p", { class: "notice" }, "You are done with this item. Take it back with z to change what you said.") : null,
    panel.element,
    data.said?.length ? othersSaid(data.said) : null,
    el("section", { class: "more" }, el("h3", {}, el("label", { for: "note" }, "Note")), note,
      item.subject === "scenario" ? [el("h3", {}, "Edits you suggest"), edits, el("button", { type: "button", class: "plain", on: { pointerdown: (event) => event.preventDefault(), click: suggest } }, el("kbd", { "aria-hidden": "true" }, "x"), " Suggest an edit of marked words")] : null),
    el("div", { class: "acts" }, progress, el("div", { class: "row" }, finish,
      el("button", { type: "button", on: { click: () => leave({ kind: "skip" }) } }, el("kbd", { "aria-hidden": "true" }, "s"), " Later"),
      el("button", { type: "button", on: { click: undo } }, el("kbd", { "aria-hidden": "true" }, "z"), " Undo"))));
  place(data, sending.line, el("div", { class: "desk" }, article, aside), edit.dialog);
  show();
  panel.start();

  const keys = {
    Enter: done, z: undo, x: suggest, s: () => (state.done ? say("You are done with this item.") : leave({ kind: "skip" })),
    m: () => note.focus(), j: () => panel.move(1), k: () => panel.move(-1), g: () => location.assign("/"), "?": showHelp,
    "[": () => turnTo(article, -1), "]": () => turnTo(article, 1),
  };
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && event.target.closest("textarea, select, input") && !document.querySelector("dialog[open]")) event.target.blur();
    if (isTaken(event)) return;
    const ours = !state.done && panel.key(event.key);
    if (!ours && !(event.key in keys)) return;
    event.preventDefault();
    if (!ours) keys[event.key]();
  });
}

function textOf(data, run) {
  const { item, record } = data;
  const marks = marksByPlace(record.verdicts);
  const agent = agentPanel(record, marks);
  const labels = (record.labels ?? []).map((one) => el("span", { class: "chip" }, inWords(one)));
  const parts = run ? [agent, ...run.panels] : [agent, dataPanel(record, marks), judgePanel(record, marks)];
  if (record.verdicts.length) parts.push(verdictPanel(record));
  if (run) agent.querySelector("h3").textContent = "CASE";
  return el("article", { class: "reader", "aria-label": item.title },
    el("header", {}, el("h1", {}, item.title), el("p", { class: "quiet" }, `${item.place} · ${inWords(item.domain)} · `, el("code", {}, item.id)),
      labels.length ? el("div", { class: "labels" }, labels) : null),
    parts);
}

function othersSaid(said) {
  return el("section", { class: "others" }, el("h3", {}, "Others said"), said.map((one) => el("p", { class: "quiet" }, el("strong", {}, one.reader), ": ",
    Object.entries(one.answers).map(([question, answer]) => `${inWords(question)} ${inWords(answer)}`).join(", "))));
}

/** Bring the next or previous part of the text to the top. */
function turnTo(article, by) {
  const panels = [...article.querySelectorAll(".panel")];
  const top = document.querySelector(".bar").getBoundingClientRect().bottom + 8;
  const at = panels.findLastIndex((one) => one.getBoundingClientRect().top <= top + 2);
  const goal = panels[Math.max(0, Math.min(panels.length - 1, at + by))];
  scrollBy({ top: goal.getBoundingClientRect().top - top });
}
