// What two texts have in common, word by word: a longest common subsequence (Hunt and Szymanski would be faster; texts
// here have some hundred words).

import { el } from "./dom.js";

const MOST_WORDS = 1500;
const LEAST_COMMON = 0.3;

/**
 * Two texts as lists of nodes: words that stand in one alone are marked, as `del` in the first and `ins` in the second.
 * Where hardly a word is common, marks would cover all, so there are none. Third comes the share that is common.
 */
export function differences(before, after) {
  const [one, other] = [pieces(before), pieces(after)];
  if (one.length > MOST_WORDS || other.length > MOST_WORDS) return [[before], [after], 0];
  const [keptOne, keptOther] = common(one, other);
  const share = sharedWords(one, keptOne) / Math.max(1, Math.min(countWords(one), countWords(other)));
  if (share < LEAST_COMMON) return [[before], [after], share];
  return [shownPieces(one, keptOne, "del"), shownPieces(other, keptOther, "ins"), share];
}

function pieces(text) {
  return text.match(/\s+|[\p{L}\p{N}_]+|[^\s\p{L}\p{N}_]/gu) ?? [];
}

function countWords(words) {
  return words.filter((word) => word.trim()).length;
}

function sharedWords(words, kept) {
  return words.filter((word, at) => kept.has(at) && word.trim()).length;
}

function common(one, other) {
  const width = other.length + 1;
  const lengths = new Uint16Array((one.length + 1) * width);
  for (let i = one.length - 1; i >= 0; i -= 1) {
    for (let j = other.length - 1; j >= 0; j -= 1) {
      lengths[i * width + j] = one[i] === other[j]
        ? lengths[(i + 1) * width + j + 1] + 1
        : Math.max(lengths[(i + 1) * width + j], lengths[i * width + j + 1]);
    }
  }
  const [keptOne, keptOther] = [new Set(), new Set()];
  for (let i = 0, j = 0; i < one.length && j < other.length;) {
    if (one[i] === other[j]) {
      keptOne.add(i++);
      keptOther.add(j++);
    } else if (lengths[(i + 1) * width + j] >= lengths[i * width + j + 1]) i += 1;
    else j += 1;
  }
  return [keptOne, keptOther];
}

function shownPieces(words, kept, tag) {
  const nodes = [];
  let run = "";
  let inside = false;
  const differsAt = (at) => !kept.has(at) || (!words[at].trim() && at > 0 && at + 1 < words.length && !kept.has(at - 1) && !kept.has(at + 1));
  const close = () => {
    if (run) nodes.push(inside && run.trim() ? el(tag, {}, run) : run);
    run = "";
  };
  words.forEach((word, at) => {
    const differs = differsAt(at);
    if (differs !== inside) {
      close();
      inside = differs;
    }
    run += word;
  });
  close();
  return nodes;
}
