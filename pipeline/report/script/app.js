// Opens the page: reads the data, shows the view that the address names, listens to keys.

import { counted, el, fill } from "../../pages/script/dom.js";
import { themeButton } from "../../pages/script/theme.js";
import { browseView } from "./browse.js";
import { costView } from "./cost.js";
import { coverageView } from "./coverage.js";
import { diversityView } from "./diversity.js";
import { gatesView } from "./gates.js";
import { listenToKeys } from "./keys.js";
import { mapView } from "./map.js";
import { neighboursView } from "./neighbours.js";
import { overviewView } from "./overview.js";
import { goTo, linkTo, readRoute } from "./route.js";
import { openStore } from "./store.js";

const scenarios = (store) => browseView(store, {
  name: "scenarios",
  title: "Scenarios",
  lead: "Every accepted row. What the agent sees and what only a judge may see stand apart.",
  isIn: (row) => store.isRow[row],
  labels: ["motive", "risk_type", "domain", "split", "core", "introduced"],
});
const away = (store) => browseView(store, {
  name: "away",
  title: "Turned away",
  lead: "Nothing is dropped: what did not become a row stays, with the reason.",
  isIn: (row) => !store.isRow[row],
  labels: ["step", "outcome", "motive", "risk_type", "domain"],
});
const VIEWS = [
  ["overview", "Overview", overviewView],
  ["coverage", "Coverage", coverageView],
  ["scenarios", "Scenarios", scenarios],
  ["away", "Turned away", away],
  ["gates", "Gates", gatesView],
  ["diversity", "Diversity", diversityView],
  ["map", "Map", mapView],
  ["neighbours", "Neighbours", neighboursView],
  ["cost", "Cost", costView],
];

const store = await openStore();
const main = document.getElementById("main");
const tabs = document.getElementById("tabs");
const made = new Map();
let current = null;

function show() {
  const { view, settings } = readRoute("overview");
  const known = VIEWS.find(([name]) => name === view) ?? VIEWS[0];
  const fresh = current !== known[0];
  [current] = known;
  if (!made.has(current)) made.set(current, known[2](store));
  const one = made.get(current);
  document.getElementById("tooltip").hidden = true;
  if (fresh) {
    fill(main, one.node);
    for (const tab of tabs.children) tab.setAttribute("aria-current", tab.dataset.view === current ? "page" : "false");
    tabs.querySelector('[aria-current="page"]')?.scrollIntoView({ block: "nearest", inline: "nearest" });
    window.scrollTo(0, 0);
  }
  one.update?.(settings);
  document.body.dataset.view = current;
}

const theme = themeButton();
const openHelp = listenToKeys({
  step: (by) => made.get(current).step?.(by),
  search: () => {
    if (!made.get(current).focusSearch) goTo("scenarios", {}, { quietly: true });
    made.get(current).focusSearch();
  },
  view: (number) => goTo(VIEWS[number][0]),
  leave: () => made.get(current).leave?.(),
  theme: () => theme.click(),
});
const counts = { scenarios: store.head.totals.rows, away: store.head.totals.made - store.head.totals.rows };
fill(tabs, VIEWS.map(([name, title]) => el("a", { href: linkTo(name), "data-view": name }, title, name in counts ? el("span", { class: "tally" }, ` ${counted(counts[name])}`) : null)));
fill(document.getElementById("tools-bar"), theme, el("button", { type: "button", class: "icon", "aria-label": "Keys", on: { click: openHelp } }, "?"));
window.addEventListener("hashchange", show);
show();
performance.mark("ready");
document.documentElement.dataset.ready = "yes";
store.readTexts(() => {
  for (const one of made.values()) one.refresh?.();
  document.documentElement.dataset.searchable = "yes";
});
