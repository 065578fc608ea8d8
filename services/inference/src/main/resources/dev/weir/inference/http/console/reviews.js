/**
 * What is known of each review: its text, the answer, the request for a label, and the label that a
 * person gave. The topics are read side by side, so the parts come in any order.
 */

/** More than a person will scroll through; the oldest are forgotten. */
const MOST = 6000;

export class Reviews {
  #byId = new Map();
  #listeners = [];

  /** Calls `listener(review)` after each change. */
  onChange(listener) {
    this.#listeners.push(listener);
  }

  get(id) {
    return this.#byId.get(id);
  }

  all() {
    return this.#byId.values();
  }

  text(event) {
    if (typeof event.id === 'string' && typeof event.text === 'string') {
      this.#merge(event.id, {text: event.text});
    }
  }

  answer(event) {
    this.#merge(event.reviewId, {answer: event, adapter: event.adapter});
  }

  wanted(event) {
    this.#merge(event.reviewId, {request: event, text: event.text, adapter: event.adapter});
  }

  /** A label that curation accepted. */
  learned(event) {
    if (event.reviewId) {
      this.#merge(event.reviewId, {example: event, text: event.text, adapter: event.adapter});
    }
  }

  /** A label that is on its way from this page. */
  sent(id, sent) {
    this.#merge(id, {sent});
  }

  #merge(id, part) {
    const known = this.#byId.get(id);
    const review = known ?? {id, text: null, adapter: null, answer: null, request: null, example: null, sent: null};
    Object.assign(review, part);
    if (!known) {
      this.#byId.set(id, review);
      if (this.#byId.size > MOST) {
        this.#byId.delete(this.#byId.keys().next().value);
      }
    }
    this.#listeners.forEach((listener) => listener(review));
  }
}

/** The label that a person gave, or null. */
export function personsLabel(review) {
  return review.example?.label ?? review.sent?.label ?? null;
}

/** Probability of the best label, or null when no version scored the review. */
export function confidence(answer) {
  const scores = Object.values(answer?.scores ?? {});
  return scores.length === 0 ? null : Math.max(...scores);
}
