// Which rows a choice of labels and words leaves.

/** Rows of a set, in order, that have the labels chosen and hold every word that is sought. */
export function matching(store, inSet, settings) {
  const wanted = [];
  for (const [name, column] of store.labels) {
    if (settings[name] === undefined) continue;
    wanted.push([column.at, column.values.indexOf(settings[name])]);
  }
  const words = (settings.q ?? "").toLowerCase().split(/\s+/).filter(Boolean);
  const hay = words.length ? store.hay : null;
  const rows = [];
  for (let row = 0; row < store.size; row += 1) {
    if (!inSet(row)) continue;
    if (!wanted.every(([at, value]) => at[row] === value)) continue;
    if (hay && !words.every((word) => hay[row].includes(word))) continue;
    rows.push(row);
  }
  return rows;
}

/** How often each value of a label stands in a set, the most frequent first. */
export function valueCounts(store, name, inSet) {
  const { values, at } = store.labels.get(name);
  const counts = new Array(values.length).fill(0);
  for (let row = 0; row < store.size; row += 1) if (inSet(row)) counts[at[row]] += 1;
  return values.map((value, number) => [value, counts[number]]).filter(([, count]) => count > 0)
    .sort((one, other) => other[1] - one[1] || (one[0] < other[0] ? -1 : 1));
}
