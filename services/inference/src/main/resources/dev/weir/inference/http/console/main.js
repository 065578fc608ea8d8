/** Wires the console: one stream of events in, views out. */
import {adapters as fetchAdapters} from './api.js';
import {draw as drawAdapters} from './adapters.js';
import {Corrections} from './corrections.js';
import * as dialogs from './dialogs.js';
import {byId, el, setText} from './dom.js';
import {unlock} from './key.js';
import * as keyboard from './keyboard.js';
import {LiveList} from './live.js';
import {Observations} from './observations.js';
import {Overview} from './overview.js';
import {Queue} from './queue.js';
import {Reviews} from './reviews.js';
import {follow} from './sse.js';
import {Training} from './training.js';
import {Trends} from './trends.js';
import * as tryText from './try.js';
import * as views from './views.js';

/** One connection for everything: a browser opens six to a server, over all tabs. */
const STREAM = 'v1/stream?feeds=adapters,training,batches,examples,label-requests,reviews,classifications&last=2000';
const LIST_MS = 250;
const FIGURES_MS = 1000;
const ADAPTERS_MS = 10_000;
const NOTICE_MS = 12_000;

const reviews = new Reviews();
const observations = new Observations();
const overview = new Overview();
const training = new Training();
const trends = new Trends(observations, releases);
const corrections = new Corrections(reviews, notice);
const answered = new Set();
let all = [];
let shownAdapters = '';

const lists = {
  live: new LiveList({list: byId('live-list'), empty: byId('live-empty'), newer: byId('newer'), labels, choose, wanted}),
  queue: new Queue({list: byId('queue-list'), empty: byId('queue-empty'), count: byId('queue-count'), labels, choose, wanted}),
};

function selected() {
  return byId('adapter').value || 'default';
}

function adapter(name) {
  return all.find((each) => each.adapter === name) ?? null;
}

function labels(review) {
  const known = adapter(review.adapter ?? selected());
  return known ? (known.labels.length > 0 ? known.labels : (known.serving?.labels ?? [])) : [];
}

function choose(review, label) {
  corrections.label(review, label);
  setText(byId('said'), label + ' it is');
}

function wanted(review) {
  return review.adapter === selected();
}

/** The releases of the selected adapter that went live, oldest first. */
function releases() {
  return (adapter(selected())?.versions ?? [])
    .filter((each) => each.state.toLowerCase() === 'promoted' && !each.heldBy)
    .map((each) => ({
      at: Date.parse(each.createdAt) / 1000,
      name: '@' + each.version,
      accuracy: each.decision.holdoutRows > 0 ? each.decision.accuracy : null,
      lag: (Date.parse(each.createdAt) - Date.parse(each.lastFeedbackAt)) / 1000,
    }))
    .sort((one, other) => one.at - other.at);
}

function notice(message) {
  const place = byId('notice');
  place.hidden = false;
  setText(place, message);
  clearTimeout(notice.timer);
  notice.timer = setTimeout(() => {
    place.hidden = true;
  }, NOTICE_MS);
}

async function refreshAdapters() {
  try {
    all = (await fetchAdapters()).adapters;
  } catch (failure) {
    if (!failure.locked) {
      notice(failure.message);
    }
    return;
  }
  const names = all.map((each) => each.adapter);
  const choice = byId('adapter');
  if (names.join() !== [...choice.options].map((option) => option.value).join()) {
    const before = selected();
    choice.replaceChildren(...names.map((name) => el('option', {value: name}, name)));
    choice.value = names.includes(before) ? before : names[0];
    if (selected() !== before) {
      resetLists();
    }
  }
  const state = JSON.stringify(all);
  if (state !== shownAdapters) {
    shownAdapters = state;
    Object.values(lists).forEach((list) => list.relabel());
    drawAdapters(all, {changed: refreshSoon, failed: notice});
  }
}

function resetLists() {
  Object.values(lists).forEach((list) => list.reset(reviews.all()));
}

function refreshSoon() {
  clearTimeout(refreshSoon.timer);
  refreshSoon.timer = setTimeout(refreshAdapters, LIST_MS);
}

const TAKE = {
  review: (event) => reviews.text(event),
  classification: (event) => {
    observations.answer(event);
    reviews.answer(event);
    // A replica loads a release some time after it was announced.
    const by = `${event.adapter}@${event.version}`;
    if (!answered.has(by)) {
      answered.add(by);
      refreshSoon();
    }
  },
  'label-request': (event) => reviews.wanted(event),
  example: (event) => {
    overview.example(event);
    reviews.learned(event);
  },
  batch: (event) => overview.batch(event),
  training: (event) => training.take(event),
  release: refreshSoon,
  champion: refreshSoon,
  adapter: refreshSoon,
  removed: refreshSoon,
  skipped: (event) => notice(`This page reads more slowly than events come: up to ${event.atMost} of ${event.feed} were left out.`),
};

function connection(state, detail) {
  const place = byId('connection');
  place.className = 'status ' + state;
  if (state === 'locked') {
    place.replaceChildren(
      el('button', {type: 'button', class: 'small', on: {click: unlock}}, 'Give a key'),
    );
  } else {
    setText(place, {live: 'live', connecting: 'connecting', offline: 'not connected'}[state]);
    place.title = detail ?? '';
  }
  if (state === 'live') {
    refreshAdapters();
  }
}

function drawFigures() {
  const name = selected();
  const shown = adapter(name);
  if (!shown || document.hidden) {
    return;
  }
  const view = views.current();
  if (view === 'live') {
    overview.draw(shown, observations, training);
  } else if (view === 'training') {
    training.draw(name);
  } else if (view === 'trends') {
    trends.draw(name, shown.serving?.version ?? null, Number(byId('window').value));
  }
}

reviews.onChange((review) => {
  observations.judge(review);
  lists.live.changed(review);
  lists.queue.changed(review);
});
dialogs.prepare();
tryText.prepare({adapter: selected, labels: () => labels({adapter: selected()}), teach: (text, label) => corrections.text(selected(), text, label)});
keyboard.listen({
  current: () => ({live: byId('live-list'), queue: byId('queue-list')})[views.current()] ?? null,
  card: (id) => lists[views.current()]?.card(id),
  newest: () => lists.live.showNewest(),
  help: dialogs.help,
  toText: () => views.go('live'),
});
byId('adapter').addEventListener('change', () => {
  resetLists();
  drawFigures();
});
byId('window').addEventListener('change', drawFigures);
views.follow(drawFigures);
setInterval(() => Object.values(lists).forEach((list) => list.tick()), LIST_MS);
setInterval(drawFigures, FIGURES_MS);
setInterval(refreshAdapters, ADAPTERS_MS);
follow(STREAM, (name, event) => TAKE[name]?.(event), connection);
