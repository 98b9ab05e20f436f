// Words that a reader marks in a text, and what they would have in their place.

import { el, fill } from "../../pages/script/dom.js";

/** What is marked now: the place, the offsets in characters of its text on the page, and the words; null if nothing is. */
export function markedWords() {
  const chosen = getSelection();
  if (!chosen.rangeCount || chosen.isCollapsed) return null;
  const range = chosen.getRangeAt(0);
  const holder = holderOf(range.startContainer);
  if (!holder || holder !== holderOf(range.endContainer)) return null;
  const before = document.createRange();
  before.selectNodeContents(holder);
  before.setEnd(range.startContainer, range.startOffset);
  const start = [...before.toString()].length;
  const words = range.toString();
  return { place: holder.dataset.place, start, end: start + [...words].length, words };
}

/** A dialog that asks what should stand in the place of marked words. `send(act)` gets the suggestion. */
export function editDialog(send) {
  const old = el("p", { class: "old" });
  const fresh = el("textarea", { rows: "4", id: "edit-new" });
  const why = el("input", { type: "text", id: "edit-why", maxlength: "300" });
  let marked = null;
  const form = el("form", { method: "dialog", on: { submit: (event) => {
    if (event.submitter?.value === "save") send({ kind: "suggest", place: marked.place, start: marked.start, end: marked.end, new: fresh.value, why: why.value });
  } } },
  el("h2", {}, "Suggest an edit"),
  el("p", { class: "quiet" }, "A release never changes. What you suggest goes to those who make the next one."),
  el("h3", {}, "Stands there"), old,
  el("label", { for: "edit-new" }, "Should read"), fresh,
  el("label", { for: "edit-why" }, "Why (may be left out)"), why,
  el("div", { class: "row" }, el("button", { type: "submit", value: "save", class: "main" }, "Suggest"), el("button", { type: "submit", value: "", formnovalidate: true }, "Leave it")));
  const dialog = el("dialog", { class: "edit", "aria-label": "Suggest an edit" }, form);
  return {
    dialog,
    open(words) {
      marked = words;
      fill(old, el("del", {}, words.words));
      fresh.value = words.words;
      why.value = "";
      dialog.showModal();
      fresh.focus();
      fresh.select();
    },
  };
}

/** The suggestions that stand, as a list. */
export function editList(suggestions) {
  if (!suggestions.length) return null;
  return el("ul", { class: "edits" }, suggestions.map((one) => el("li", {},
    el("del", {}, one.old), " ", el("ins", {}, one.new || "(nothing)"), one.why ? el("span", { class: "quiet" }, ` ${one.why}`) : null)));
}

function holderOf(node) {
  const element = node.nodeType === Node.ELEMENT_NODE ? node : node.parentElement;
  return element.closest("[data-place]");
}
