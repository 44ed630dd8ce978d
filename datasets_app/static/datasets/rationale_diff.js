// How one text came from another, word by word: a list of [kind, words], kind "same", "added" or "removed".
const MOST_PAIRS = 4_000_000; // of words that are compared; beyond, the middle counts as rewritten

export function changes(before, after) {
  const [old, now] = [before, after].map((text) => text.match(/\S+\s*|\s+/g) ?? []);
  let start = 0;
  while (start < old.length && start < now.length && old[start] === now[start]) start += 1;
  let [oldEnd, nowEnd] = [old.length, now.length];
  while (oldEnd > start && nowEnd > start && old[oldEnd - 1] === now[nowEnd - 1]) {
    oldEnd -= 1;
    nowEnd -= 1;
  }
  return joined([
    ["same", old.slice(0, start)],
    ...middle(old.slice(start, oldEnd), now.slice(start, nowEnd)),
    ["same", old.slice(oldEnd)],
  ]);
}

// The longest common subsequence, by a table of lengths.
function middle(old, now) {
  if (old.length * now.length > MOST_PAIRS) return [["removed", old], ["added", now]];
  const width = now.length + 1;
  const lengths = new Uint16Array((old.length + 1) * width);
  for (let i = old.length - 1; i >= 0; i -= 1) {
    for (let j = now.length - 1; j >= 0; j -= 1) {
      const at = i * width + j;
      lengths[at] = old[i] === now[j] ? lengths[at + width + 1] + 1 : Math.max(lengths[at + width], lengths[at + 1]);
    }
  }
  const parts = [];
  let [i, j] = [0, 0];
  while (i < old.length || j < now.length) {
    const at = i * width + j;
    if (i < old.length && j < now.length && old[i] === now[j]) {
      parts.push(["same", [old[i]]]);
      i += 1;
      j += 1;
    } else if (j === now.length || (i < old.length && lengths[at + width] >= lengths[at + 1])) {
      parts.push(["removed", [old[i]]]);
      i += 1;
    } else {
      parts.push(["added", [now[j]]]);
      j += 1;
    }
  }
  return parts;
}

function joined(parts) {
  const found = [];
  for (const [kind, words] of parts) {
    if (!words.length) continue;
    if (found.at(-1)?.[0] === kind) found.at(-1)[1] += words.join("");
    else found.push([kind, words.join("")]);
  }
  return found;
}
