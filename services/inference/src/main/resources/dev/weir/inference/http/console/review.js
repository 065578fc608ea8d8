/** One review as it is shown: the answer, the text, a button per label, and what became of the label. */
import {el} from './dom.js';
import {clock, percent} from './format.js';
import {confidence, personsLabel} from './reviews.js';

const LONGEST = 600;

/** An `article` that follows its review; `labels(review)` names the choices, `choose(review, label)` takes one. */
export class ReviewCard {
  constructor(review, labels, choose) {
    this.review = review;
    this.element = el('article', {class: 'review', tabindex: -1, 'data-review': review.id});
    this.#labels = labels;
    this.#choose = choose;
    this.update();
  }

  #labels;
  #choose;
  #shown = '';

  /** Shows the review as it is now; leaves the page alone when nothing has changed. */
  update() {
    const labels = this.#labels(this.review);
    const state = JSON.stringify([this.review, labels]);
    if (state === this.#shown) {
      return;
    }
    this.#shown = state;
    const focused = this.element.contains(document.activeElement)
      ? document.activeElement.dataset.label
      : undefined;
    this.element.setAttribute('aria-label', this.#name());
    this.element.classList.toggle('labeled', personsLabel(this.review) !== null);
    this.element.replaceChildren(this.#head(), this.#text(), this.#buttons(labels));
    if (focused !== undefined) {
      (this.element.querySelector(`button[data-label="${CSS.escape(focused)}"]`) ?? this.element).focus();
    }
  }

  /** Takes the nth label, from 1; false when there is none. */
  chooseAt(number) {
    const label = this.#labels(this.review)[number - 1];
    if (label === undefined) {
      return false;
    }
    this.#choose(this.review, label);
    return true;
  }

  /** Agrees with what was served; false when nothing was. */
  agree() {
    const label = this.review.answer?.label;
    if (!label) {
      return false;
    }
    this.#choose(this.review, label);
    return true;
  }

  #name() {
    const label = this.review.answer?.label;
    return label ? `Review, answered ${label}` : 'Review, not answered';
  }

  #head() {
    const {answer, request} = this.review;
    if (!answer) {
      return el('p', {class: 'meta'}, request ? `margin ${percent(request.margin)} · asked ${clock(request.timestamp)}` : '');
    }
    const sure = confidence(answer);
    return el(
      'p',
      {class: 'meta'},
      answer.label
        ? el('strong', {class: 'answer'}, answer.label)
        : el('strong', {class: 'answer none', title: answer.reason?.message ?? null}, 'abstained: ' + (answer.reason?.code ?? 'unknown')),
      sure === null
        ? null
        : el('meter', {min: 0, max: 1, value: sure, 'aria-label': 'confidence ' + percent(sure)}),
      sure === null ? null : el('span', {class: 'sure'}, percent(sure)),
      el(
        'span',
        {class: 'origin'},
        answer.version ? `${answer.adapter}@${answer.version}` : answer.adapter,
        ' · ',
        clock(answer.timestamp),
        request ? ' · unsure' : '',
      ),
    );
  }

  #text() {
    const text = this.review.text;
    if (text === null) {
      return el('p', {class: 'text quiet'}, `Review ${this.review.id}; its text is older than what this page has read.`);
    }
    return el('p', {class: 'text', dir: 'auto'}, text.length > LONGEST ? text.slice(0, LONGEST) + ' …' : text);
  }

  #buttons(labels) {
    const given = personsLabel(this.review);
    const served = this.review.answer?.label;
    return el(
      'div',
      {class: 'choices', role: 'group', 'aria-label': 'What is right?'},
      labels.map((label, at) =>
        el(
          'button',
          {
            type: 'button',
            class: 'small ' + (given === label ? '' : 'outline') + (label === served ? '' : ' secondary'),
            'data-label': label,
            'aria-pressed': String(given === label),
            // Not disabled: that would take the focus away from whoever works by keyboard.
            'aria-disabled': this.review.sent?.state === 'sending' ? 'true' : null,
            on: {click: () => this.#choose(this.review, label)},
          },
          label === served ? '✓ ' + label : label,
          el('kbd', {'aria-hidden': 'true'}, at + 1),
        ),
      ),
      el('span', {class: 'outcome'}, this.#outcome()),
    );
  }

  #outcome() {
    const {example, sent} = this.review;
    if (sent?.state === 'sending') {
      return 'sending';
    }
    if (example && (!sent || sent.label === example.label)) {
      return example.split === 'holdout'
        ? `kept for the exam (${example.batchId})`
        : `will be learned (${example.batchId})`;
    }
    return sent ? 'on Kafka' : '';
  }
}
