// A list of any length: the rows in sight are elements, the others are height.

import { el } from "../../pages/script/dom.js";

const ROW_HEIGHT = 84;
const SPARE = 6;

/** A list that calls `item(row)` for what stands in a line, with `link(row)` around it. */
export function virtualList(label, item, link) {
  const list = el("ol", { class: "rows", role: "list" });
  const node = el("div", { class: "list", tabindex: "0", role: "region", "aria-label": label }, list);
  let rows = [];
  let current = null;
  let drawn = "";

  const draw = () => {
    const first = Math.max(0, Math.floor(node.scrollTop / ROW_HEIGHT) - SPARE);
    const last = Math.min(rows.length, Math.ceil((node.scrollTop + node.clientHeight) / ROW_HEIGHT) + SPARE);
    const wanted = `${first}-${last}-${current}`;
    if (wanted === drawn) return;
    drawn = wanted;
    list.replaceChildren(...rows.slice(first, last).map((row, at) => line(row, first + at)));
  };
  const line = (row, at) => {
    const element = el("li", { "aria-setsize": rows.length, "aria-posinset": at + 1 },
      el("a", { href: link(row), "aria-current": row === current ? "true" : null, "data-row": row }, item(row)));
    element.style.transform = `translateY(${at * ROW_HEIGHT}px)`;
    return element;
  };
  node.addEventListener("scroll", draw, { passive: true });
  new ResizeObserver(draw).observe(node);

  return {
    node,
    /** Show these rows. */
    show(next, chosen) {
      rows = next;
      current = chosen;
      drawn = "";
      list.style.height = `${rows.length * ROW_HEIGHT}px`;
      if (node.scrollTop > rows.length * ROW_HEIGHT) node.scrollTop = 0;
      draw();
    },
    /** Mark a row and bring it in sight. */
    choose(row) {
      current = row;
      const top = rows.indexOf(row) * ROW_HEIGHT;
      if (top >= 0 && (top < node.scrollTop || top + ROW_HEIGHT > node.scrollTop + node.clientHeight)) {
        node.scrollTop = top - Math.max(0, (node.clientHeight - ROW_HEIGHT) / 2);
      }
      drawn = "";
      draw();
    },
  };
}
