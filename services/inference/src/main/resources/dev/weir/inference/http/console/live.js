/**
 * A list of reviews that does not move while somebody works in it: what is new waits until the
 * pointer and the focus have left, or until it is asked for.
 */
import {setText} from './dom.js';
import {ReviewCard} from './review.js';

const MOST = 40;

export class LiveList {
  #list;
  #empty;
  #newer;
  #cards = new Map();
  #waiting = [];
  #labels;
  #choose;
  #wanted;
  #pointer = false;

  /** `wanted(review)` says whether the review belongs to what is shown. */
  constructor({list, empty, newer, labels, choose, wanted}) {
    this.#list = list;
    this.#empty = empty;
    this.#newer = newer;
    this.#labels = labels;
    this.#choose = choose;
    this.#wanted = wanted;
    this.#showEmpty(true);
    list.addEventListener('pointerenter', (event) => {
      this.#pointer = event.pointerType === 'mouse';
    });
    list.addEventListener('pointerleave', () => {
      this.#pointer = false;
    });
    newer.addEventListener('click', () => this.showNewest());
  }

  /** Takes a review in or shows what has changed about it. */
  changed(review) {
    const card = this.#cards.get(review.id);
    if (card) {
      card.update();
    } else if (review.answer && this.#wanted(review) && !this.#waiting.includes(review)) {
      this.#waiting.push(review);
      if (this.#waiting.length > MOST) {
        this.#waiting.shift();
      }
    }
  }

  /** Shows what waits, unless somebody is at work in the list; called some times a second. */
  tick() {
    const held = this.#pointer || this.#list.contains(document.activeElement);
    if (this.#waiting.length > 0 && !held) {
      this.#insert();
    }
    const count = this.#waiting.length;
    this.#newer.hidden = count === 0;
    setText(this.#newer, count >= MOST ? `${MOST} or more newer` : `${count} newer`);
  }

  /** Shows what waits in any case and goes to the first. */
  showNewest() {
    this.#insert();
    this.#newer.hidden = true;
    this.#list.firstElementChild?.focus();
  }

  /** Starts anew, as for another adapter. */
  reset(reviews) {
    this.#cards.clear();
    this.#list.replaceChildren();
    this.#waiting = [];
    [...reviews]
      .filter((review) => review.answer && this.#wanted(review))
      .sort((one, other) => Date.parse(one.answer.timestamp) - Date.parse(other.answer.timestamp))
      .forEach((review) => this.changed(review));
    this.#showEmpty(true);
    this.tick();
  }

  /** The labels that may be given have changed. */
  relabel() {
    this.#cards.forEach((card) => card.update());
  }

  card(id) {
    return this.#cards.get(id);
  }

  /** A feed without an article is none. */
  #showEmpty(empty) {
    this.#empty.hidden = !empty;
    this.#list.hidden = empty;
  }

  #insert() {
    this.#waiting
      .sort((one, other) => Date.parse(one.answer.timestamp) - Date.parse(other.answer.timestamp))
      .forEach((review) => {
        const card = new ReviewCard(review, this.#labels, this.#choose);
        this.#cards.set(review.id, card);
        this.#list.prepend(card.element);
      });
    this.#waiting = [];
    while (this.#list.childElementCount > MOST) {
      const last = this.#list.lastElementChild;
      this.#cards.delete(last.dataset.review);
      last.remove();
    }
    this.#showEmpty(this.#cards.size === 0);
    number(this.#list);
  }
}

/** Tells screen readers where each article stands, and leaves one of them in the tab order. */
export function number(list) {
  const articles = [...list.children];
  articles.forEach((article, at) => {
    article.setAttribute('aria-posinset', at + 1);
    article.setAttribute('aria-setsize', articles.length);
    article.tabIndex = at === 0 ? 0 : -1;
  });
}
