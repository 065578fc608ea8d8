/** The figures of the answers that this page has seen, in the order of their time; bounded. */
import {confidence} from './reviews.js';

const MOST = 40_000;
const MOST_JUDGED = 5000;

export class Observations {
  #answers = [];
  #judged = new Map();

  answer(event) {
    this.#answers.push({
      time: Date.parse(event.timestamp) / 1000,
      adapter: event.adapter,
      version: event.version ?? null,
      label: event.label ?? null,
      confidence: confidence(event),
      latency: event.latencyMs,
    });
    if (this.#answers.length > MOST) {
      this.#answers.splice(0, MOST / 10);
    }
  }

  /** Compares a served answer with a person's label, once both are known; the newest label counts. */
  judge(review) {
    const {answer, example} = review;
    if (!answer || !example || answer.label === null || answer.label === undefined) {
      return;
    }
    this.#judged.delete(review.id);
    this.#judged.set(review.id, {
      time: Date.parse(example.feedbackAt) / 1000,
      adapter: answer.adapter,
      version: answer.version,
      right: answer.label === example.label,
    });
    if (this.#judged.size > MOST_JUDGED) {
      this.#judged.delete(this.#judged.keys().next().value);
    }
  }

  /** Answers of an adapter since a time, oldest first. */
  answers(adapter, since = 0) {
    return this.#answers.filter((each) => each.adapter === adapter && each.time >= since).sort(byTime);
  }

  /** Served answers of an adapter that people judged, by the time of the judgement. */
  judged(adapter) {
    return [...this.#judged.values()].filter((each) => each.adapter === adapter).sort(byTime);
  }
}

function byTime(one, other) {
  return one.time - other.time;
}

/** Splits observations into buckets of equal length; each bucket is a list, in order. */
export function buckets(observations, from, to, count) {
  const width = (to - from) / count;
  const times = Array.from({length: count}, (_, i) => from + (i + 0.5) * width);
  const lists = times.map(() => []);
  for (const each of observations) {
    const at = Math.floor((each.time - from) / width);
    if (at >= 0 && at < count) {
      lists[at].push(each);
    }
  }
  return {width, times, lists};
}

/** The value below which a share of the values lies (nearest rank); null for none. */
export function quantile(values, share) {
  if (values.length === 0) {
    return null;
  }
  const sorted = [...values].sort((one, other) => one - other);
  return sorted[Math.min(sorted.length - 1, Math.ceil(share * sorted.length) - 1)];
}

export function mean(values) {
  return values.length === 0 ? null : values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** Share of right answers among the last `size` at each of them. */
export function rolling(judged, size) {
  return judged.map((each, at) => {
    const window = judged.slice(Math.max(0, at - size + 1), at + 1);
    return {time: each.time, share: mean(window.map((one) => (one.right ? 1 : 0))), rows: window.length};
  });
}
