/** Running and recent trainings, with the loss over the steps. */
import {Chart} from './chart.js';
import {byId, el} from './dom.js';
import {clock, duration, number, words} from './format.js';

const MOST = 30;

export class Training {
  #runs = new Map();
  #chart = new Chart({
    title: 'Training loss',
    series: [
      {label: 'this training', color: 'one', spanGaps: true},
      {label: 'the one before', color: 'two', dash: [6, 4], spanGaps: true},
    ],
    time: false,
    value: (each) => Number(each.toPrecision(2)).toString(),
  });

  constructor() {
    byId('training-chart').append(this.#chart.element);
  }

  take(event) {
    const method = event.method ? event.method.toLowerCase() : null;
    if (method === null) {
      return; // The batch was taken up; its trainings have names of their own.
    }
    const name = `${event.batchId} ${method}`;
    let run = this.#runs.get(name);
    if (!run) {
      run = {adapter: event.adapter, batch: event.batchId, method, began: event.timestamp, losses: new Map()};
      this.#runs.set(name, run);
      if (this.#runs.size > MOST) {
        this.#runs.delete(this.#runs.keys().next().value);
      }
    }
    run.last = event;
    if (typeof event.step === 'number' && typeof event.loss === 'number') {
      run.losses.set(event.step, event.loss);
    }
  }

  /** The training that is running for an adapter, or null. */
  running(adapter) {
    const last = this.#of(adapter).at(-1);
    return last && last.last.phase.toLowerCase() === 'progress' ? last.last : null;
  }

  draw(adapter) {
    const runs = this.#of(adapter);
    const running = this.running(adapter);
    byId('training-now').replaceChildren(running ? progress(running) : el('p', {class: 'empty'}, 'Nothing is in training. The next closed batch starts one.'));
    const curves = runs.filter((run) => run.losses.size > 0).reverse();
    this.#draw(curves[0], curves[1]);
    byId('training-list').replaceChildren(
      runs.length === 0
        ? el('p', {class: 'empty'}, 'No training yet.')
        : el('div', {class: 'wide', tabindex: 0, role: 'region', 'aria-label': 'Recent trainings'}, table([...runs].reverse())),
    );
  }

  #of(adapter) {
    return [...this.#runs.values()].filter((run) => run.adapter === adapter);
  }

  #draw(now, before) {
    this.#chart.element.hidden = now === undefined;
    if (now === undefined) {
      return;
    }
    const steps = [...new Set([...now.losses.keys(), ...(before?.losses.keys() ?? [])])].sort((one, other) => one - other);
    const last = [...now.losses].sort(([one], [other]) => one - other).at(-1);
    this.#chart.set(
      [steps, steps.map((step) => now.losses.get(step) ?? null), steps.map((step) => before?.losses.get(step) ?? null)],
      0,
      Math.max(1, ...steps),
      `${words(now.method)} of ${now.batch}: ${Number(last[1].toPrecision(2))} nats at step ${last[0]}`,
    );
  }
}

function progress(event) {
  const share = event.steps ? event.step / event.steps : 0;
  const judged = event.step >= event.steps;
  return el(
    'div',
    {class: 'running'},
    el('p', {}, el('strong', {}, words(event.method)), ` of batch ${event.batchId}: step ${event.step ?? '–'} of ${event.steps ?? '–'}`),
    el('progress', {max: 1, value: share, 'aria-label': 'progress of the training'}),
    el('p', {class: 'hint'}, `loss ${number(event.loss)} · ${number(event.examplesPerSecond, 1)} examples/s · ${judged ? 'now at the gate' : duration(event.secondsLeft) + ' left'}`),
  );
}

function table(runs) {
  return el(
    'table',
    {class: 'striped'},
    el('thead', {}, el('tr', {}, ['batch', 'method', 'began', 'outcome'].map((head) => el('th', {scope: 'col'}, head)))),
    el(
      'tbody',
      {},
      runs.map((run) =>
        el(
          'tr',
          {},
          el('th', {scope: 'row'}, run.batch),
          el('td', {}, words(run.method)),
          el('td', {}, clock(run.began)),
          el('td', {}, el('span', {class: 'badge ' + run.last.phase.toLowerCase()}, words(run.last.phase)), ' ', run.last.message),
        ),
      ),
    ),
  );
}
