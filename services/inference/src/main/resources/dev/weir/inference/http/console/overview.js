/** The loop in six steps with what each is doing, and the figures that count. */
import {judged} from './adapters.js';
import {byId, el, setText} from './dom.js';
import {drift, verdict} from './drift.js';
import {duration, number, percent, rate, words} from './format.js';
import {quantile, rolling} from './observations.js';
import {collected} from './progress.js';
import {JUDGED} from './trends.js';

const RECENT_SECONDS = 30;

const STEPS = [
  ['reviews', 'Reviews', 'come in on Kafka'],
  ['answers', 'Answers', 'by the adapter that serves'],
  ['labels', 'Labels', 'people say what is right'],
  ['batch', 'Batch', 'collects new examples'],
  ['training', 'Training', 'a new head, then LoRA'],
  ['gate', 'Gate', 'only a better one goes live'],
];

const FIGURES = [
  ['accuracy', 'Live accuracy'],
  ['fresh', 'Freshness'],
  ['lag', 'Label to live'],
  ['drift', 'Drift'],
  ['throughput', 'Throughput'],
  ['latency', 'Latency, 95 %'],
];

export class Overview {
  #steps = {};
  #figures = {};
  #examples = new Map();
  #closed = new Set();
  #accepted = 0;

  constructor() {
    byId('loop').append(
      ...STEPS.map(([id, name, what]) => {
        this.#steps[id] = el('strong', {id: 'loop-' + id}, '–');
        return el('li', {}, el('span', {class: 'name'}, name), this.#steps[id], el('span', {class: 'what'}, what));
      }),
    );
    byId('figures').append(
      ...FIGURES.map(([id, name]) => {
        this.#figures[id] = el('dd', {id: 'figure-' + id}, '–');
        return el('div', {}, el('dt', {}, name), this.#figures[id]);
      }),
    );
  }

  example(event) {
    this.#accepted++;
    const key = `${event.adapter}/${event.batchId}`;
    const hashes = this.#examples.get(key) ?? new Set();
    this.#examples.set(key, hashes.add(event.textHash));
  }

  batch(event) {
    this.#closed.add(`${event.adapter}/${event.id}`);
    this.#examples.delete(`${event.adapter}/${event.id}`);
  }

  /** Shows everything for one adapter as `/v1/adapters` has it. */
  draw(adapter, observations, training) {
    const now = Date.now() / 1000;
    const serving = adapter.serving ?? null;
    const recent = observations.answers(adapter.adapter, now - RECENT_SECONDS);
    const perSecond = recent.length / RECENT_SECONDS;
    const last = adapter.versions.find(judged);
    this.#step('reviews', `${rate(perSecond)}/s`);
    this.#step('answers', serving ? `${adapter.adapter}@${serving.version}` : 'abstains');
    this.#step('labels', `${this.#accepted} accepted`);
    this.#step('batch', collected(this.#open(adapter.adapter), adapter.versions));
    this.#step('training', doing(training.running(adapter.adapter)));
    this.#step('gate', last ? `@${last.version} ${words(last.state)}` : 'waits');
    this.#draw(adapter, serving, observations, recent, perSecond, now);
  }

  #draw(adapter, serving, observations, recent, perSecond, now) {
    const right = rolling(observations.judged(adapter.adapter), JUDGED).at(-1);
    const release = serving && adapter.versions.find((each) => each.version === serving.version);
    const found = drift(observations.answers(adapter.adapter).filter((each) => serving && each.version === serving.version));
    this.#figure('accuracy', right ? `${percent(right.share)} of ${right.rows}` : 'no labels yet');
    this.#figure('fresh', serving ? `${duration(now - Date.parse(serving.liveSince) / 1000)} old` : 'no adapter yet');
    this.#figure('lag', release ? duration((Date.parse(serving.liveSince) - Date.parse(release.lastFeedbackAt)) / 1000) : '–');
    this.#figure('drift', found.enough ? worse(found) : 'gathering');
    this.#figure('throughput', `${rate(perSecond)} answers/s`);
    const high = quantile(recent.map((each) => each.latency), 0.95);
    this.#figure('latency', high === null ? '–' : `${number(high, high < 10 ? 1 : 0)} ms`);
  }

  #open(adapter) {
    return [...this.#examples]
      .filter(([key]) => key.startsWith(adapter + '/') && !this.#closed.has(key))
      .reduce((sum, [, hashes]) => sum + hashes.size, 0);
  }

  #step(id, text) {
    setText(this.#steps[id], text);
  }

  #figure(id, text) {
    setText(this.#figures[id], text);
  }
}

function doing(event) {
  if (!event) {
    return 'idle';
  }
  return event.step >= event.steps ? `${words(event.method)} judged` : `${words(event.method)} ${event.step ?? 0}/${event.steps ?? '–'}`;
}

function worse(found) {
  const index = Math.max(found.labels, found.confidence);
  return `${verdict(index)} (${number(index, 2)})`;
}
