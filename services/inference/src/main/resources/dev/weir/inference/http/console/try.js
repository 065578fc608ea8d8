/** The text box: an answer, what each word did for it, and the way to say that it is wrong. */
import {explain} from './api.js';
import {byId, el} from './dom.js';
import {number, percent} from './format.js';

/** Log-odds, in nats, from which a word has the strongest of the three shades. */
const STRONG = 1.5;
const WEAK = 0.1;

/** `adapter()` names the adapter that is asked, `labels()` the choices, `teach(text, label)` sends a label. */
export function prepare({adapter, labels, teach}) {
  const form = byId('try-form');
  const box = byId('try-text');
  const place = byId('try-result');
  const ask = async () => {
    const text = box.value;
    const button = form.querySelector('button');
    button.setAttribute('aria-busy', 'true');
    try {
      place.replaceChildren(result(text, await explain(adapter(), text)));
    } catch (failure) {
      place.replaceChildren(el('p', {class: 'bad'}, failure.message));
    } finally {
      button.removeAttribute('aria-busy');
    }
  };
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    ask();
  });
  box.addEventListener('keydown', (event) => {
    if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) {
      form.requestSubmit();
    }
  });

  function result(text, answer) {
    return el(
      'div',
      {class: 'result'},
      answer.label
        ? el('p', {class: 'verdict'}, el('strong', {}, answer.label), ` by ${answer.adapter}@${answer.version}`)
        : el('p', {class: 'verdict'}, el('strong', {}, 'abstained: ' + answer.reason.code), el('br'), answer.reason.message),
      el('dl', {class: 'scores'}, Object.entries(answer.scores).map(([label, probability]) => score(label, probability))),
      answer.explanation ? words(text, answer.explanation) : null,
      teaching(text),
    );
  }

  function teaching(text) {
    const outcome = el('span', {class: 'outcome', role: 'status'});
    const send = async (label) => {
      try {
        await teach(text, label);
        outcome.textContent = 'on Kafka: ' + label;
      } catch (failure) {
        outcome.textContent = failure.message;
      }
    };
    return el(
      'div',
      {class: 'choices', role: 'group', 'aria-label': 'What is right for this text?'},
      el('span', {class: 'quiet'}, 'Right is'),
      labels().map((label) =>
        el('button', {type: 'button', class: 'small outline secondary', 'data-label': label, on: {click: () => send(label)}}, label),
      ),
      outcome,
    );
  }
}

function score(label, probability) {
  return el(
    'div',
    {},
    el('dt', {}, label),
    el('dd', {}, el('meter', {min: 0, max: 1, value: probability, 'aria-label': label}), ' ', percent(probability, 1)),
  );
}

/** The text itself with its words shaded, and the words that count most as a list for those who see no shades. */
function words(text, explanation) {
  const parts = [];
  let at = 0;
  for (const word of explanation.words) {
    parts.push(text.slice(at, word.start));
    parts.push(el('span', {class: shade(word.score), title: `${number(word.score, 2)} nats`}, text.slice(word.start, word.end)));
    at = word.end;
  }
  parts.push(text.slice(at));
  const most = [...explanation.words].sort((one, other) => Math.abs(other.score) - Math.abs(one.score)).slice(0, 4);
  return el(
    'div',
    {},
    el('p', {class: 'explained', dir: 'auto'}, parts),
    el(
      'p',
      {class: 'hint'},
      `Shades: how much each word speaks for or against “${explanation.label}”, by leaving it out. Most: `,
      most.map((word, i) => [i > 0 ? ', ' : '', el('b', {}, word.text), ` ${word.score < 0 ? 'against' : 'for'} (${number(Math.abs(word.score), 2)})`]).flat(),
      '.',
    ),
  );
}

function shade(score) {
  const size = Math.abs(score);
  if (size < WEAK) {
    return 'word';
  }
  const step = Math.min(3, 1 + Math.floor((size / STRONG) * 2));
  return `word ${score < 0 ? 'against' : 'for'}-${step}`;
}
