// The first thing that is asked: who reads.

import { el, fill } from "../../pages/script/dom.js";
import { place } from "./frame.js";
import { post } from "./sending.js";

export function nameView(data) {
  const wrong = el("p", { class: "wrong", role: "alert" });
  const field = el("input", { type: "text", id: "name", maxlength: "40", autocomplete: "nickname", required: true });
  const enter = async (name) => {
    const answer = await post("/api/name", { name });
    if (answer?.reader) location.assign("/");
    else fill(wrong, answer?.error ?? "The server does not answer.");
  };
  place(data, null, el("section", { class: "card" },
    el("h1", {}, "Who reads?"),
    el("p", { class: "lead" }, "Your name stands beside your labels in the file that is exported, and nowhere in a release."),
    el("div", { class: "row" }, el("label", { for: "name", class: "sr" }, "Your name"), field,
      el("button", { type: "button", class: "main", on: { click: () => enter(field.value) } }, "Begin")),
    wrong,
    data.names.length ? el("p", { class: "quiet" }, "Or go on as ", data.names.map((one) => el("button", { type: "button", class: "plain", on: { click: () => enter(one) } }, one))) : null));
  field.addEventListener("keydown", (event) => { if (event.key === "Enter") enter(field.value); });
  field.focus();
}
