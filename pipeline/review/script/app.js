// The review page: the data say which view it is.

import { listView } from "./list.js";
import { nameView } from "./name.js";
import { readingView } from "./reading.js";
import { agreementView, overviewView } from "./standing.js";

const SHOWN = { name: nameView, overview: overviewView, reading: readingView, list: listView, agreement: agreementView };
const given = JSON.parse(document.getElementById("data").textContent);

SHOWN[given.view](given);
document.documentElement.dataset.ready = "";
