// Acts on their way to the disk. Each has a name of its own and is sent until the server says that it is kept, in the
// order in which it was given; what waits outlives the page, so that no label is lost with a server or a tab.

import { el, fill } from "../../pages/script/dom.js";

const RETRY_MS = 1000;

/** The queue of one reader in one review. `changed(reading)` is told what stands after each act, `refused(why)` of a refusal. */
export function sender(name, { changed, refused }) {
  const line = el("p", { class: "kept", role: "status", "aria-live": "polite" }, "All kept");
  const waiting = restored(name);
  let going = null;
  let away = false;

  const tell = () => {
    line.classList.toggle("away", away);
    if (away) fill(line, `The server does not answer. ${howMany(waiting.length)} here and will be sent when it is back.`);
    else fill(line, waiting.length ? "Keeping…" : "All kept");
  };
  const keep = () => {
    try {
      localStorage.setItem(name, JSON.stringify(waiting));
    } catch {
      // then what waits lasts as long as the page
    }
  };
  const drain = async () => {
    while (waiting.length) {
      const answer = await post("/api/act", waiting[0]);
      away = answer === null;
      if (away) {
        tell();
        await pause(RETRY_MS);
        continue;
      }
      const sent = waiting.shift();
      keep();
      if (answer.error) refused(answer.error);
      else changed(answer.reading, sent.act);
      tell();
    }
  };
  const settle = () => {
    going ??= drain().finally(() => { going = null; });
    return going;
  };
  const send = (act) => {
    waiting.push({ key: freshKey(), act });
    keep();
    tell();
    return settle();
  };
  if (waiting.length) settle();
  tell();
  return { line, send, settle, idle: () => waiting.length === 0 };
}

/** Post JSON; the answer, or null where there is none (no server, or no room on its disk). */
export async function post(address, body) {
  try {
    const answer = await fetch(address, {
      method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body),
    });
    if (answer.status >= 500) return null;
    if (answer.headers.get("Content-Type")?.startsWith("application/json")) return await answer.json();
    return { error: "This page has no session any more. Open the link in the terminal again." };
  } catch {
    return null;
  }
}

/** Ask for JSON; null where there is no answer. */
export async function ask(address) {
  try {
    const answer = await fetch(address);
    return answer.ok ? await answer.json() : null;
  } catch {
    return null;
  }
}

export function freshKey() {
  return [...crypto.getRandomValues(new Uint8Array(16))].map((one) => one.toString(16).padStart(2, "0")).join("");
}

function pause(milliseconds) {
  return new Promise((done) => { setTimeout(done, milliseconds); });
}

function howMany(number) {
  return number === 1 ? "1 act waits" : `${number} acts wait`;
}

function restored(name) {
  try {
    const found = JSON.parse(localStorage.getItem(name) ?? "[]");
    return Array.isArray(found) ? found : [];
  } catch {
    return [];
  }
}
