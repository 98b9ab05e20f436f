// Where the review stands, and how far readers agree: asked again every few seconds.

import { counted, el, fill, inWords, percent, svg, table } from "../../pages/script/dom.js";
import { isTaken, place, showHelp } from "./frame.js";
import { ask } from "./sending.js";

const EVERY_MS = 3000;
const NUMBERS = ["No", "One", "Two", "Three", "Four", "Five"];
const KINDS = { scenario: "Scenarios", run: "Runs" };

export function overviewView(data) {
  const live = el("div", {});
  const draw = (now) => fill(live, now.standings.progress.map(progressCard), numbers(now.standings), whoReads(now), partsCard(now));
  draw(data);
  place(data, null,
    el("h1", {}, data.release),
    el("p", { class: "lead" }, howItGoes(data)),
    data.nothing ? el("p", { class: "notice", role: "status" }, "There is nothing left for you here: every item has its readers, or is in somebody’s hands.") : null,
    el("div", { class: "row starts" }, data.subjects.map((subject, number) => el("a", { class: number ? "button" : "button main", href: `/next?of=${subject}` },
      number ? null : el("kbd", { "aria-hidden": "true" }, "Enter"), ` Read ${KINDS[subject].toLowerCase()}`))),
    live);
  again("/api/standing", draw);
  document.addEventListener("keydown", (event) => {
    if (isTaken(event)) return;
    if (event.key === "Enter") location.assign(`/next?of=${data.subjects[0]}`);
    if (event.key === "?") showHelp();
  });
}

export function agreementView(data) {
  const live = el("div", {}, el("p", { class: "quiet", role: "status" }, "Reckoning…"));
  place(data, null, el("h1", {}, "Agreement"),
    el("p", { class: "lead" }, "How far readers who do not see each other say the same. Alpha is Krippendorff’s over all readers, kappa is Cohen’s for two; both are 1 for full agreement and 0 for what chance alone would give. In brackets the 95% interval, by the bootstrap over items."), live);
  again("/api/agreement", (now) => fill(live, agreedTable(now.agreed), pairTable(now.agreed)), { atOnce: true });
}

function howItGoes(data) {
  const readers = data.readers === 1 ? "One reader gets" : `${NUMBERS[data.readers]} readers get`;
  const blind = data.blind ? "Reading is blind: you see no verdict, no label and no one else’s answer." : "Reading is not blind: verdicts, labels and what others said are shown.";
  return `${readers} every item; what they differ on goes to another. ${blind}`;
}

function progressCard(one) {
  const share = one.items ? one.settled / one.items : 0;
  return el("section", { class: "card" }, el("h2", {}, KINDS[one.subject]),
    meter(one),
    el("dl", { class: "figures" },
      figure("settled", `${counted(one.settled)} of ${counted(one.items)}`, percent(share), "settled"),
      figure("waiting for a third", counted(one.waiting_for_third), "", "third"),
      figure("with one reader so far", counted(one.begun), "", "begun"),
      figure("readings", `${counted(one.readings)} of ${counted(one.of_readings)}`)));
}

/** A bar of what is settled, waits and is begun. Widths are attributes, since the policy allows no style in the page. */
function meter(one) {
  let from = 0;
  const pieces = [["settled", one.settled], ["third", one.waiting_for_third], ["begun", one.begun]].map(([kind, count]) => {
    const piece = svg("rect", { class: kind, x: from, y: 0, width: count, height: 1 });
    from += count;
    return piece;
  });
  return svg("svg", { class: "meter", viewBox: `0 0 ${Math.max(1, one.items)} 1`, preserveAspectRatio: "none", role: "img", "aria-label": `${one.settled} of ${one.items} settled` },
    svg("rect", { class: "track", x: 0, y: 0, width: Math.max(1, one.items), height: 1 }), pieces);
}

function figure(name, value, more = "", kind = "") {
  return el("div", {}, el("dt", {}, kind ? el("span", { class: `swatch ${kind}`, "aria-hidden": "true" }) : null, name), el("dd", {}, value, more ? el("small", {}, ` ${more}`) : null));
}

function numbers(standings) {
  const rate = standings.rejected;
  const told = rate.rate === null ? "not known yet" : `${rate.count} of ${rate.n}`;
  const interval = rate.rate === null ? "" : `${percent(rate.rate, 1)} [${percent(rate.low, 1)}, ${percent(rate.high, 1)}]`;
  return el("section", { class: "card" }, el("h2", {}, "So far"), el("dl", { class: "figures" },
    figure("rejected by most of their readers", told, interval), figure("edits suggested", counted(standings.suggestions)), figure("notes", counted(standings.notes))));
}

function whoReads(now) {
  const rows = Object.entries(now.standings.by_reader).map(([name, count]) => [name === now.reader ? `${name} (you)` : name, counted(count)]);
  return rows.length ? el("section", { class: "card" }, el("h2", {}, "Readers"), table("Readers", ["Reader", { text: "Items done", number: true }], rows, { heads: true })) : null;
}

function partsCard(now) {
  const parts = now.standings.parts;
  return el("section", { class: "card" }, el("h2", {}, now.blind ? "By domain" : "By stratum"),
    el("ul", { class: "domains" }, parts.map((one) => el("li", {},
      now.blind ? el("a", { href: `/items?domain=${encodeURIComponent(one.name)}` }, inWords(one.name)) : inWords(one.name),
      el("span", { class: "quiet" }, `${counted(one.settled)} of ${counted(one.items)}`), meter(one)))));
}

function agreedTable(agreed) {
  if (!agreed.length) return el("p", { class: "notice" }, "No item has been read by two yet.");
  const rows = agreed.map((one) => [inWords(one.question), one.topic, counted(one.read_twice), ...(one.agreement ? [percent(one.agreement.observed), coefficient(one.agreement, "alpha"), counted(one.disputed)] : [early(), "", ""])]);
  return el("section", { class: "card" }, el("h2", {}, "By question"),
    table("Agreement by question", ["Question", "Gate", { text: "Read twice", number: true }, { text: "Say the same", number: true }, { text: "Alpha", number: true }, { text: "Differ", number: true }], rows, { heads: true }));
}

function early() {
  return el("span", { class: "quiet" }, "shown from 5 on");
}

function pairTable(agreed) {
  const rows = agreed.flatMap((one) => one.pairs.filter((pair) => pair.agreement.kappa !== null).map((pair) => [inWords(one.question), pair.readers.join(" and "), counted(pair.agreement.rows), percent(pair.agreement.observed), coefficient(pair.agreement, "kappa")]));
  return rows.length ? el("section", { class: "card" }, el("h2", {}, "By pair of readers"),
    table("Agreement by pair", ["Question", "Readers", { text: "Both answered", number: true }, { text: "Say the same", number: true }, { text: "Kappa", number: true }], rows, { heads: true })) : null;
}

function coefficient(agreement, name) {
  const [value, low, high] = [agreement[name], agreement[`${name}_low`], agreement[`${name}_high`]];
  if (value === null) return el("span", { class: "quiet" }, "not defined: all alike");
  return low === null || high === null ? value.toFixed(2) : `${value.toFixed(2)} [${low.toFixed(2)}, ${high.toFixed(2)}]`;
}

/** Ask again and again while the page is looked at; draw what has changed. */
function again(address, draw, { atOnce = false } = {}) {
  let last = "";
  const look = async () => {
    if (document.visibilityState === "visible") {
      const now = await ask(address);
      const text = JSON.stringify(now);
      if (now && text !== last) draw(now);
      if (now) last = text;
    }
    setTimeout(look, EVERY_MS);
  };
  if (atOnce) look();
  else setTimeout(look, EVERY_MS);
}
