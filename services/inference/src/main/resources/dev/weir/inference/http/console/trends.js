/** The charts over time: accuracy, throughput, latency, freshness, confidence; and drift. */
import {Chart} from './chart.js';
import {byId, el, pair} from './dom.js';
import {drift, verdict} from './drift.js';
import {duration, number, percent, rate} from './format.js';
import {buckets, mean, quantile, rolling} from './observations.js';

const COUNT = 90;
/** With fewer labels a share is a coin's. */
const FEWEST = 5;
/** Judged answers of which the live accuracy is the share. */
export const JUDGED = 50;

export class Trends {
  #observations;
  #releases;
  #charts;

  /** `releases()` gives the adapter's releases as `{at, name, accuracy, lag}`, oldest first. */
  constructor(observations, releases) {
    this.#observations = observations;
    this.#releases = releases;
    const marks = releases;
    const share = (each) => percent(each);
    this.#charts = {
      accuracy: new Chart({
        title: 'Accuracy',
        series: [
          {label: `live, last ${JUDGED} labels`, color: 'one', spanGaps: true},
          {label: 'holdout, at the gate', color: 'two', points: true},
        ],
        range: () => [0, 1.02],
        value: share,
        marks,
      }),
      throughput: new Chart({title: 'Answers per second', series: [{label: 'answers/s', color: 'one'}], value: rate, marks}),
      latency: new Chart({
        title: 'Latency from review to answer, in ms',
        series: [
          {label: 'median', color: 'one', spanGaps: true},
          {label: '95 %', color: 'two', spanGaps: true},
        ],
        value: (each) => number(each, each < 10 ? 1 : 0),
        marks,
      }),
      freshness: new Chart({
        title: 'Freshness',
        series: [
          {label: 'age of what answers', color: 'one'},
          {label: 'label to decision', color: 'two', points: true},
        ],
        value: duration,
        marks,
      }),
      confidence: new Chart({
        title: 'Confidence and abstentions',
        series: [
          {label: 'mean confidence', color: 'one', spanGaps: true},
          {label: 'abstained', color: 'two', spanGaps: true},
        ],
        range: () => [0, 1.02],
        value: share,
        marks,
      }),
      labels: new Chart({
        title: 'Share of the most frequent label',
        series: [{label: 'share', color: 'one', spanGaps: true}],
        range: () => [0, 1.02],
        value: share,
        marks,
      }),
    };
    byId('charts').append(...Object.values(this.#charts).map((chart) => chart.element));
  }

  /** Draws everything for one adapter over the last `minutes`. */
  draw(adapter, version, minutes) {
    const to = Date.now() / 1000;
    const answers = this.#observations.answers(adapter, to - 60 * minutes);
    // What this page knows, and a minute at least: an empty chart with a line at its end tells little.
    const from = Math.max(to - 60 * minutes, Math.min(answers[0]?.time ?? to, to - 60));
    const cut = buckets(answers, from, to, COUNT);
    this.#accuracy(adapter, from, to);
    this.#perBucket(cut, from, to, answers);
    this.#freshness(cut.times, from, to);
    this.#drift(adapter, version);
  }

  #accuracy(adapter, from, to) {
    const live = rolling(this.#observations.judged(adapter), JUDGED);
    const plotted = live.filter((each) => each.time >= from && each.rows >= FEWEST);
    const gate = this.#releases().filter((each) => each.at >= from && each.accuracy !== null);
    const times = [...new Set([...plotted.map((each) => each.time), ...gate.map((each) => each.at)])].sort((a, b) => a - b);
    const liveAt = new Map(plotted.map((each) => [each.time, each.share]));
    const gateAt = new Map(gate.map((each) => [each.at, each.accuracy]));
    const last = live.at(-1);
    this.#charts.accuracy.set(
      [times, times.map((time) => liveAt.get(time) ?? null), times.map((time) => gateAt.get(time) ?? null)],
      from,
      to,
      last ? `${percent(last.share)} of the last ${last.rows} labeled answers were right` : 'no answer of this page was labeled yet',
    );
  }

  #perBucket({width, times, lists}, from, to, answers) {
    const column = (of) => lists.map((list) => (list.length === 0 ? null : of(list)));
    const latencies = (list) => list.map((each) => each.latency);
    const first = answers[0]?.time ?? to;
    this.#charts.throughput.set(
      [times, lists.map((list, at) => (times[at] < first - width ? null : list.length / width))],
      from,
      to,
      `${answers.length} answers in this window`,
    );
    this.#charts.latency.set(
      [times, column((list) => quantile(latencies(list), 0.5)), column((list) => quantile(latencies(list), 0.95))],
      from,
      to,
      answers.length === 0
        ? 'no answers in this window'
        : `median ${number(quantile(latencies(answers), 0.5), 1)} ms, 95 % below ${number(quantile(latencies(answers), 0.95), 1)} ms`,
    );
    const sure = (list) => mean(list.filter((each) => each.confidence !== null).map((each) => each.confidence));
    const abstained = (list) => list.filter((each) => each.label === null).length / list.length;
    this.#charts.confidence.set(
      [times, column(sure), column(abstained)],
      from,
      to,
      answers.length === 0 ? 'no answers in this window' : `mean ${percent(sure(answers))}, ${percent(abstained(answers))} abstained`,
    );
    const top = mostFrequent(answers);
    const share = (list) => {
      const labeled = list.filter((each) => each.label !== null);
      return labeled.length === 0 ? null : labeled.filter((each) => each.label === top).length / labeled.length;
    };
    this.#charts.labels.set(
      [times, column(share)],
      from,
      to,
      top === null ? 'no answers in this window' : `${percent(share(answers))} ${top}`,
    );
  }

  #freshness(times, from, to) {
    const releases = this.#releases();
    const age = (time) => {
      const serving = releases.filter((each) => each.at <= time).at(-1);
      return serving ? time - serving.at : null;
    };
    const shown = releases.filter((each) => each.at >= from);
    const all = [...times, ...shown.map((each) => each.at)].sort((one, other) => one - other);
    const lag = new Map(shown.map((each) => [each.at, each.lag]));
    const last = releases.at(-1);
    this.#charts.freshness.set(
      [all, all.map(age), all.map((time) => lag.get(time) ?? null)],
      from,
      to,
      last
        ? `${last.name} answers for ${duration(to - last.at)}; its newest label was ${duration(last.lag)} old when it was decided`
        : 'no release yet',
    );
  }

  #drift(adapter, version) {
    const answers = this.#observations.answers(adapter).filter((each) => each.version === version);
    const found = drift(answers);
    byId('drift').replaceChildren(
      found.enough
        ? el(
            'div',
            {},
            el(
              'dl',
              {class: 'figures'},
              pair('labels', el('b', {}, verdict(found.labels)), ` (PSI ${number(found.labels)})`),
              pair('confidence', el('b', {}, verdict(found.confidence)), ` (PSI ${number(found.confidence)})`),
              Object.keys(found.shares.now).map((label) =>
                pair(label, `${percent(found.shares.before[label] ?? 0)} → ${percent(found.shares.now[label])}`),
              ),
            ),
            el(
              'p',
              {class: 'hint'},
              `The last ${found.rows} answers of ${adapter}@${version} against the first ${found.rows} of it that this page has. Population stability index (PSI), less what chance makes of it: below 0.1 steady, above 0.25 shifted.`,
            ),
          )
        : el('p', {class: 'empty'}, `Told from ${found.need} answers of the version that serves; ${found.have} are here.`),
    );
  }
}

function mostFrequent(answers) {
  const counts = new Map();
  answers.filter((each) => each.label !== null).forEach((each) => counts.set(each.label, (counts.get(each.label) ?? 0) + 1));
  const first = [...counts].sort(([one, n], [other, m]) => m - n || one.localeCompare(other))[0];
  return first ? first[0] : null;
}
