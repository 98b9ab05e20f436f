// The data of the page: what is said of the release, columns of all rows, and texts that are unpacked when asked for.

const PACKS_KEPT = 12;

/** Read what every view needs. Texts follow later. */
export async function openStore() {
  const head = JSON.parse(document.getElementById("head").textContent);
  const [index, plots] = await Promise.all([unpack("index"), unpack("plots")]);
  return new Store(head, index, plots);
}

async function unpack(id) {
  const element = document.getElementById(id);
  if (!element) return null;
  const bytes = Uint8Array.from(atob(element.textContent), (char) => char.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  return JSON.parse(await new Response(stream).text());
}

/** Records that are packed by columns: texts at one place of all records stand together (pipeline/pages/packing.py). */
async function unpackRecords(number) {
  const { shape, texts } = await unpack(`pack-${number}`);
  const taken = Object.fromEntries(Object.keys(texts).map((place) => [place, 0]));
  const filled = (value, place) => {
    if (typeof value === "string") return texts[place][taken[place]++];
    if (Array.isArray(value)) return value.map((inner) => filled(inner, `${place}*`));
    if (value === null || typeof value !== "object") return value;
    return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, filled(inner, `${place}.${name}`)]));
  };
  return filled(shape, "");
}

class Store {
  #packs = new Map();
  #hay = null;
  #textsRead = 0;

  constructor(head, index, plots) {
    this.head = head;
    this.index = index;
    this.plots = plots;
    this.size = index.id.length;
    this.labels = new Map(index.labels.map((one) => [one.name, { ...one, at: Int32Array.from(one.at) }]));
    this.numbers = new Map(index.numbers.map((one) => [one.name, one]));
    this.packCount = document.querySelectorAll('script[id^="pack-"]').length;
    this.rowOf = new Map();
    for (let row = this.size - 1; row >= 0; row -= 1) {
      this.rowOf.set(index.id[row], row);
      if (index.scenario[row]) this.rowOf.set(index.scenario[row], row);
    }
    const accepted = this.labels.get("outcome").values.indexOf("accepted");
    this.isRow = Uint8Array.from(this.labels.get("outcome").at, (at) => Number(at === accepted));
  }

  /** The value of a label for a row. */
  label(name, row) {
    const column = this.labels.get(name);
    return column.values[column.at[row]];
  }

  /** The name by which a row is linked to: its scenario, or else its candidate. A twin is known by its candidate. */
  nameOf(row) {
    const scenario = this.index.scenario[row];
    return scenario && this.rowOf.get(scenario) === row ? scenario : this.index.id[row];
  }

  /** All that is shown of a row; null where its text does not stand in the page. */
  async record(row) {
    const at = this.index.text_at[row];
    if (at < 0) return null;
    const records = await this.#pack(Math.floor(at / this.head.per_pack));
    return records[at % this.head.per_pack];
  }

  async #pack(number) {
    const known = this.#packs.get(number) ?? unpackRecords(number);
    this.#packs.delete(number);
    this.#packs.set(number, known);
    if (this.#packs.size > PACKS_KEPT) this.#packs.delete(this.#packs.keys().next().value);
    return known;
  }

  /** What a search looks at, by row: titles, names and labels at once, texts as they are read. */
  get hay() {
    if (!this.#hay) this.#hay = Array.from({ length: this.size }, (_, row) => this.#shortHay(row));
    return this.#hay;
  }

  #shortHay(row) {
    const { id, scenario, title, place, reason } = this.index;
    const labels = [...this.labels.keys()].map((name) => this.label(name, row));
    return [id[row], scenario[row], title[row], place[row], reason[row], ...labels, ...labels.map((one) => one.replaceAll("_", " "))].join("\n").toLowerCase();
  }

  /** The share of texts that a search looks at by now. */
  get searched() {
    return this.packCount ? this.#textsRead / this.packCount : 1;
  }

  /** Read all texts for the search, a pack whenever the browser has nothing else to do. */
  async readTexts(told) {
    const rows = new Map();
    this.index.text_at.forEach((at, row) => { if (at >= 0) rows.set(at, row); });
    for (let number = 0; number < this.packCount; number += 1) {
      await idle();
      const records = await unpackRecords(number);
      records.forEach((record, at) => {
        const row = rows.get(number * this.head.per_pack + at);
        this.hay[row] += `\n${textOf(record).toLowerCase()}`;
      });
      this.#textsRead = number + 1;
    }
    told();
  }
}

function idle() {
  return new Promise((resolve) => { (window.requestIdleCallback ?? setTimeout)(resolve); });
}

/** What of a record is searched: all that is told in words. */
function textOf(record) {
  const parts = record.verdicts.map((one) => one.reason);
  if (record.failure) parts.push(record.failure.reason);
  if (!record.scenario) return parts.join("\n");
  const { world, agent, memory } = record.view;
  parts.push(...Object.values(world.organisation), world.background, ...world.norms, ...Object.values(agent));
  parts.push(...memory.flatMap((one) => [one.source, one.text]), record.judge.temptation.reason);
  parts.push(record.judge.benign_action.summary, record.judge.risky_action.summary, record.judge.risky_action.observation);
  return parts.join("\n");
}
