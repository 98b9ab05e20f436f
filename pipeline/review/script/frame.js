// What stands around every view: the bar, the help, and what is said in passing.

import { append, el, fill } from "../../pages/script/dom.js";
import { themeButton } from "../../pages/script/theme.js";

const VIEWS = [["overview", "/", "Overview"], ["list", "/items", "Items"], ["agreement", "/agreement", "Agreement"]];

export const KEYS = [
  ["y n u", "yes, no, unsure to the question at hand"],
  ["1 … 5", "a band of the rubric"],
  ["a r", "accept or reject the scenario"],
  ["j k", "next or previous question"],
  ["x", "suggest an edit of the words that are marked"],
  ["m", "write a note"],
  ["Enter", "done with this item, next one"],
  ["s", "leave it for later"],
  ["z", "take back the last act"],
  ["[ ]", "previous or next part of the text"],
  ["g", "overview"],
  ["?", "these keys"],
];

/** The bar over a view. `status`: an element that says whether all is kept. */
export function bar(data, status = null) {
  const help = helpDialog();
  const links = VIEWS.map(([name, address, title]) => el("a", { href: address, "aria-current": data.view === name ? "page" : null }, title));
  return el("header", { class: "bar" },
    el("p", { class: "brand" }, el("strong", {}, "Review"), " ", el("span", { class: "quiet" }, data.release)),
    data.reader ? el("nav", { "aria-label": "Views" }, links) : null,
    el("div", { class: "end" },
      status,
      data.reader ? el("span", { class: "who", title: "You read as" }, data.reader) : null,
      data.reader ? el("button", { type: "button", class: "icon", "aria-label": "Keys", on: { click: () => help.showModal() } }, "?") : null,
      themeButton()),
    help);
}

/** Put a view into the page. */
export function place(data, status, ...content) {
  const main = el("main", { class: data.view, tabindex: "-1" });
  append(main, content);
  fill(document.getElementById("page"), bar(data, status), main, el("p", { class: "passing", role: "status", hidden: true }));
  return main;
}

let passing = null;

/** Say something for a few seconds. */
export function say(text) {
  const line = document.querySelector(".passing");
  fill(line, text);
  line.hidden = false;
  clearTimeout(passing);
  passing = setTimeout(() => { line.hidden = true; }, 5000);
}

export function showHelp() {
  document.querySelector("dialog.help")?.showModal();
}

/** Whether a key press belongs to what has the focus: a field, a button, an open dialog. */
export function isTaken(event) {
  if (event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open]")) return true;
  if (event.target.closest("input, textarea, select, [contenteditable]")) return true;
  return event.key === "Enter" && event.target.closest("button, a, summary") !== null;
}

function helpDialog() {
  const rows = KEYS.map(([keys, meaning]) => [el("dt", {}, keys.split(" ").map((key) => (key === "…" ? " … " : el("kbd", {}, key)))), el("dd", {}, meaning)]);
  return el("dialog", { class: "help", "aria-label": "Keys" },
    el("h2", {}, "Keys"), el("dl", { class: "keys" }, rows),
    el("form", { method: "dialog" }, el("button", { type: "submit" }, "Close")));
}
