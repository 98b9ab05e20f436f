// The map as a picture: points, what lies under the pointer, and the way from point to point.

import { el } from "../../pages/script/dom.js";
import { drawMark } from "./palette.js";

const MARGIN = 18;
const REACH = 14;

/** Points at whole coordinates on a canvas. `markOf(row)` says how a row is drawn, and whether it is switched off. */
export class PlotCanvas {
  chosen = null;
  hovered = null;
  markOf = null;

  constructor(plots, rows, describedBy) {
    Object.assign(this, { plots, rows });
    this.span = ["x", "y"].map((axis) => rows.reduce((most, row) => Math.max(most, plots[axis][row]), 1));
    this.radius = rows.length > 8000 ? 2.2 : rows.length > 800 ? 3.4 : 5;
    this.node = el("canvas", { tabindex: "0", role: "img", "aria-describedby": describedBy });
    new ResizeObserver(() => this.draw()).observe(this.node);
  }

  /** Where rows stand on the canvas, both axes in one measure. */
  #places() {
    const [width, height] = [this.node.clientWidth - 2 * MARGIN, this.node.clientHeight - 2 * MARGIN];
    const [spanX, spanY] = this.span;
    const unit = Math.min(width / spanX, height / spanY);
    const [left, top] = [MARGIN + (width - unit * spanX) / 2, MARGIN + (height - unit * spanY) / 2];
    return (row) => [left + unit * this.plots.x[row], top + unit * (spanY - this.plots.y[row])];
  }

  draw() {
    const { node } = this;
    if (!node.clientWidth || !this.markOf) return;
    const ratio = window.devicePixelRatio || 1;
    node.width = node.clientWidth * ratio;
    node.height = node.clientHeight * ratio;
    const context = node.getContext("2d");
    context.scale(ratio, ratio);
    const place = this.#places();
    for (const row of this.rows) {
      const mark = this.markOf(row);
      context.globalAlpha = mark.off ? 0.12 : 0.82;
      context.fillStyle = mark.colour;
      drawMark(context, mark.shape, ...place(row), this.radius);
    }
    context.globalAlpha = 1;
    context.strokeStyle = getComputedStyle(node).color;
    for (const [row, width] of [[this.hovered, 1.5], [this.chosen, 3]]) {
      if (row === null || this.plots.x[row] < 0) continue;
      context.lineWidth = width;
      context.beginPath();
      context.arc(...place(row), this.radius + 4, 0, 2 * Math.PI);
      context.stroke();
    }
  }

  /** The row under a point of the canvas, or null. */
  under(x, y) {
    const place = this.#places();
    let [best, least] = [null, REACH * REACH];
    for (const row of this.rows) {
      const [px, py] = place(row);
      const away = (px - x) ** 2 + (py - y) ** 2;
      if (away < least && !this.markOf(row).off) [best, least] = [row, away];
    }
    return best;
  }

  /** The nearest row in a direction, within the quarter that it opens. */
  beside(row, dx, dy) {
    const place = this.#places();
    const [x, y] = place(row);
    let [best, least] = [row, Infinity];
    for (const other of this.rows) {
      const [px, py] = place(other);
      const [ahead, aside] = [(px - x) * dx + (py - y) * dy, Math.abs((px - x) * dy) + Math.abs((py - y) * dx)];
      if (ahead > 0 && aside <= ahead && ahead + aside < least && !this.markOf(other).off) [best, least] = [other, ahead + aside];
    }
    return best;
  }
}
