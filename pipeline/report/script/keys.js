// The keyboard: everything a mouse can do with lists and views, in one key each.

import { el, fill } from "../../pages/script/dom.js";

const TOLD = [
  ["j, k", "next and previous in a list"],
  ["/", "search"],
  ["1 to 9", "the views, from left to right"],
  ["Esc", "leave the search, or go back to the list"],
  ["← → ↑ ↓", "on the map: from point to point; Enter reads"],
  ["d", "dark or light"],
  ["?", "this help"],
];

/** Listen. `does` holds what the keys do: step(by), search(), view(number), leave(), theme(). */
export function listenToKeys(does) {
  const help = document.getElementById("help");
  fill(help, el("h2", { id: "help-title" }, "Keys"),
    el("dl", { class: "facts" }, TOLD.map(([key, what]) => [el("dt", {}, el("kbd", {}, key)), el("dd", {}, what)])),
    el("form", { method: "dialog" }, el("button", {}, "Close")));
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || help.open) return;
    const writing = event.target.closest("input, textarea, select");
    if (event.key === "Escape") {
      if (writing) writing.blur();
      else does.leave();
    } else if (!writing && press(event.key, does, help)) event.preventDefault();
  });
  return () => help.showModal();
}

function press(key, does, help) {
  if (key === "j" || key === "k") does.step(key === "j" ? 1 : -1);
  else if (key === "/") does.search();
  else if (key === "d") does.theme();
  else if (key === "?") help.showModal();
  else if (/^[1-9]$/.test(key)) does.view(Number(key) - 1);
  else return false;
  return true;
}
