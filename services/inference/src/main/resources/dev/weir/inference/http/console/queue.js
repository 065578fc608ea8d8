/** The reviews that wait for a person, the least certain first; one that was labeled leaves when the focus has. */
import {setText} from './dom.js';
import {number} from './live.js';
import {ReviewCard} from './review.js';
import {personsLabel} from './reviews.js';

const MOST = 100;

export class Queue {
  #list;
  #empty;
  #count;
  #cards = new Map();
  #labels;
  #choose;
  #wanted;
  #stale = true;

  constructor({list, empty, count, labels, choose, wanted}) {
    this.#list = list;
    this.#empty = empty;
    this.#count = count;
    this.#labels = labels;
    this.#choose = choose;
    this.#wanted = wanted;
  }

  changed(review) {
    if (!review.request) {
      return;
    }
    const card = this.#cards.get(review.id);
    if (card) {
      card.update();
    } else if (this.#open(review)) {
      this.#cards.set(review.id, new ReviewCard(review, this.#labels, this.#choose));
    }
    this.#stale = true;
  }

  /** Sorts and cleans the list, unless somebody is at work in it. */
  tick() {
    if (!this.#stale || this.#list.contains(document.activeElement)) {
      return;
    }
    this.#stale = false;
    for (const [id, card] of this.#cards) {
      if (!this.#open(card.review)) {
        this.#cards.delete(id);
      }
    }
    const open = [...this.#cards.values()].sort((one, other) => one.review.request.margin - other.review.request.margin);
    open.slice(MOST).forEach((card) => this.#cards.delete(card.review.id));
    this.#list.replaceChildren(...open.slice(0, MOST).map((card) => card.element));
    number(this.#list);
    this.#empty.hidden = open.length > 0;
    this.#list.hidden = open.length === 0;
    setText(this.#count, open.length === 0 ? '' : String(Math.min(open.length, MOST)));
  }

  reset(reviews) {
    this.#cards.clear();
    this.#stale = true;
    [...reviews].forEach((review) => this.changed(review));
    this.tick();
  }

  relabel() {
    this.#cards.forEach((card) => card.update());
  }

  card(id) {
    return this.#cards.get(id);
  }

  #open(review) {
    return review.request && this.#wanted(review) && personsLabel(review) === null;
  }
}
