// The list of items: filtered, searched, a page at a time.

import { counted, el, inWords, table } from "../../pages/script/dom.js";
import { isTaken, place, showHelp } from "./frame.js";

const MINE = { new: "", begun: "begun", done: "read", skipped: "later" };

export function listView(data) {
  const { wanted } = data;
  const go = () => location.assign(addressOf({ ...read(), page: 1 }));
  const search = el("input", { type: "search", id: "words", value: wanted.q, placeholder: "words of the task, organisation, id", on: { keydown: (event) => { if (event.key === "Enter") go(); } } });
  const state = choice("state", Object.entries(data.states), wanted.state, go);
  const domain = choice("domain", [["", "all domains"], ...data.domains.map((one) => [one, inWords(one)])], wanted.domain, go);
  const subject = data.subjects.length > 1 ? choice("subject", [["", "scenarios and runs"], ["scenario", "scenarios"], ["run", "runs"]], wanted.subject, go) : null;
  const read = () => ({ q: search.value, state: state.value, domain: domain.value, subject: subject?.value ?? "" });
  const rows = data.rows.map((one) => [el("a", { href: `/read/${one.id}` }, one.title), one.place, inWords(one.domain), ...(subject ? [one.subject] : []), el("span", { class: `mine ${one.state}` }, MINE[one.state])]);
  place(data, null, el("h1", {}, "Items"),
    el("div", { class: "filters", role: "search" }, labelled("Search", search), labelled("Show", state), labelled("Domain", domain), subject ? labelled("Kind", subject) : null),
    el("p", { class: "quiet", role: "status" }, `${counted(data.found)} of ${counted(data.items)} items${data.pages > 1 ? `, page ${data.page} of ${data.pages}` : ""}`),
    rows.length ? table("Items", ["Task", "Organisation", "Domain", ...(subject ? ["Kind"] : []), "You"], rows, { heads: true }) : el("p", { class: "notice" }, "Nothing is like that."),
    data.pages > 1 ? pager(data, (page) => addressOf({ ...wanted, page })) : null);
  document.addEventListener("keydown", (event) => {
    if (isTaken(event)) return;
    if (event.key === "/") { event.preventDefault(); search.focus(); }
    if (event.key === "g") location.assign("/");
    if (event.key === "?") showHelp();
  });
}

function addressOf(wanted) {
  const query = new URLSearchParams(Object.entries(wanted).filter(([name, value]) => value && !(name === "state" && value === "all") && !(name === "page" && value === 1)));
  return `/items${query.size ? `?${query}` : ""}`;
}

function choice(name, options, value, change) {
  const list = el("select", { id: name, on: { change } }, options.map(([key, title]) => el("option", { value: key }, title)));
  list.value = value;
  return list;
}

function labelled(text, control) {
  return el("label", {}, el("span", {}, text), control);
}

function pager(data, address) {
  return el("nav", { class: "row pages", "aria-label": "Pages" },
    data.page > 1 ? el("a", { class: "button", href: address(data.page - 1) }, "Back") : null,
    data.page < data.pages ? el("a", { class: "button", href: address(data.page + 1) }, "On") : null);
}
