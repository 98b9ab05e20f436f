// Elements from data. Text of models and people enters a page here alone, as text nodes and plain attributes.

const HIDDEN_CHARACTERS = /(?![\n\t\u200c\u200d])[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Zl}\p{Zp}]/gu;
const HANDLERS = /^on/i;

/** Write out control, direction and other invisible characters as ⟨U+202E⟩, as pipeline/pages/text.py does. */
export function visible(text) {
  return String(text).replace(
    HIDDEN_CHARACTERS,
    (one) => `⟨U+${one.codePointAt(0).toString(16).toUpperCase().padStart(4, "0")}⟩`,
  );
}

/**
 * Make an element. Attributes that are null or false are left out; `on` holds listeners by event.
 * Children are nodes, texts, numbers, lists of these, or null.
 */
export function el(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name === "on") for (const [event, listener] of Object.entries(value)) element.addEventListener(event, listener);
    else if (HANDLERS.test(name)) throw new Error(`${name}: listeners stand under "on"`);
    else if (value === true) element.setAttribute(name, "");
    else if (value !== null && value !== undefined && value !== false) element.setAttribute(name, visible(value));
  }
  append(element, children);
  return element;
}

const SVG = "http://www.w3.org/2000/svg";

/** Make an SVG element. */
export function svg(tag, attributes = {}, ...children) {
  const element = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, visible(value));
  append(element, children);
  return element;
}

/** Put children at the end of a node. */
export function append(node, children) {
  for (const child of [children].flat(Infinity)) {
    if (child === null || child === undefined || child === false) continue;
    node.append(child instanceof Node ? child : document.createTextNode(visible(child)));
  }
}

/** Put children in the place of all that a node holds. */
export function fill(node, ...children) {
  node.replaceChildren();
  append(node, children);
}

/** A slug as words. */
export function inWords(slug) {
  return String(slug).replaceAll("_", " ");
}

/** A number with thin spaces between thousands; null is unknown. */
export function counted(number) {
  if (number === null || number === undefined) return "unknown";
  return String(number).replace(/\B(?=(\d{3})+(?!\d))/g, "\u202f");
}

/** A share as a percentage; null is unknown. */
export function percent(share, digits = 0) {
  return share === null || share === undefined ? "unknown" : `${(100 * share).toFixed(digits)}%`;
}

/**
 * A table that scrolls by itself. `head` holds texts or {text, number, kind}; rows are rows, or hold cells, each a text, a
 * node or a list. Bodies of their own in their place are groups of rows.
 */
export function table(label, head, rows, { kind = "", heads = false } = {}) {
  const columns = head.map((one) => (typeof one === "string" ? { text: one } : one));
  const cell = (value, at) => {
    const tag = heads && at === 0 ? "th" : "td";
    const scope = tag === "th" ? "row" : null;
    return el(tag, { scope, class: columns[at].number ? "number" : (columns[at].kind ?? null) }, value);
  };
  const headCell = (one) => (one.text === "" ? el("td", { class: one.kind ?? null }) : el("th", { scope: "col", class: one.number ? "number" : (one.kind ?? null) }, one.text));
  return el("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": label },
    el("table", { class: kind || null },
      el("thead", {}, el("tr", {}, columns.map(headCell))),
      rows[0]?.tagName === "TBODY" ? rows : el("tbody", {}, rows.map((row) => (row instanceof Node ? row : el("tr", {}, row.map(cell)))))));
}
