// What the release took. Unknown is said, and is never 0.

import { el } from "../../pages/script/dom.js";
import { worded } from "./gates.js";

export function costView(store) {
  const { costs } = store.head;
  const node = el("div", { class: "view cost" }, el("h1", {}, "Cost"));
  if (!costs) {
    node.append(el("p", { id: "no-cost" }, "Nothing was counted: the rows were written by hand, or the release is from before costs were kept."));
    return { node };
  }
  node.append(
    el("p", { class: "lead" }, "What the completions took, each counted once, with all that was turned away. Money without discounts for cached prompts."),
    worded("Cost by stage and role", costs.stages, 3),
    el("div", {}, costs.prices.map((price) => el("p", { class: "quiet" }, price))),
    el("h2", {}, "By cell"),
    worded("Cost by cell", costs.cells));
  return { node };
}
