/**
 * Whether what comes in has changed: the population stability index of the served labels and of
 * their confidence, between the first answers of a version that this page has and its last ones.
 */

/** Answers of the reference and of the window that is compared with it. */
export const WINDOW = 200;
/** With fewer in each, chance alone looks like drift. */
const FEWEST = 100;
/** An empty class would make the logarithm infinite. */
const SMALLEST = 0.005;

/** Sum of (p − q) ln(p / q) over classes; below 0.1 is steady, above 0.25 a shift. */
export function stabilityIndex(reference, current) {
  const classes = new Set([...Object.keys(reference), ...Object.keys(current)]);
  const sum = (counts) => Object.values(counts).reduce((all, one) => all + one, 0);
  const before = sum(reference);
  const now = sum(current);
  let index = 0;
  for (const each of classes) {
    const p = Math.max((current[each] ?? 0) / now, SMALLEST);
    const q = Math.max((reference[each] ?? 0) / before, SMALLEST);
    index += (p - q) * Math.log(p / q);
  }
  return index;
}

/**
 * What the index is on average where nothing has changed: a χ² of the classes, scaled by the rows of
 * both windows (Yurdakul, Statistical Properties of Population Stability Index, 2018).
 */
export function byChance(classes, before, now) {
  return Math.max(0, classes - 1) * (1 / before + 1 / now);
}

/** Of an index from which its part by chance was taken. */
export function verdict(index) {
  if (index < 0.1) {
    return 'steady';
  }
  return index < 0.25 ? 'moving' : 'shifted';
}

/** Compares the two ends of one version's answers; `enough` is false while there are too few. */
export function drift(answers) {
  const scored = answers.filter((each) => each.confidence !== null && each.label !== null);
  const size = Math.min(WINDOW, Math.floor(scored.length / 2));
  if (size < FEWEST) {
    return {enough: false, have: scored.length, need: 2 * FEWEST};
  }
  const reference = scored.slice(0, size);
  const current = scored.slice(-size);
  return {
    enough: true,
    rows: size,
    labels: beyondChance(reference, current, label),
    confidence: beyondChance(reference, current, bin),
    shares: {before: shares(reference), now: shares(current)},
  };
}

function beyondChance(reference, current, classOf) {
  const before = count(reference, classOf);
  const now = count(current, classOf);
  const classes = new Set([...Object.keys(before), ...Object.keys(now)]).size;
  return Math.max(0, stabilityIndex(before, now) - byChance(classes, reference.length, current.length));
}

function label(each) {
  return each.label;
}

/** Five bins from 0.5 up are where a classifier of few labels lives; all below is one. */
function bin(each) {
  return String(Math.max(4, Math.min(9, Math.floor(each.confidence * 10))));
}

function count(rows, classOf) {
  const counts = {};
  for (const row of rows) {
    counts[classOf(row)] = (counts[classOf(row)] ?? 0) + 1;
  }
  return counts;
}

function shares(rows) {
  const counts = count(rows, label);
  return Object.fromEntries(Object.entries(counts).map(([name, n]) => [name, n / rows.length]));
}
