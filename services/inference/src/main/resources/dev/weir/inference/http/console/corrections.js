/** Sends what a person says about a review or a text: real feedback, as any other client's. */
import {feedback} from './api.js';

export class Corrections {
  #reviews;
  #failed;

  /** `failed(message)` shows what went wrong. */
  constructor(reviews, failed) {
    this.#reviews = reviews;
    this.#failed = failed;
  }

  /** Says which label is right; agreement when it is the one that was served. */
  async label(review, label) {
    if (review.sent?.state === 'sending') {
      return;
    }
    const agrees = review.answer?.label === label;
    this.#reviews.sent(review.id, {label, agrees, state: 'sending'});
    const opinion = agrees ? {verdict: 'agree'} : {label};
    try {
      await feedback({reviewId: review.id, ...(review.adapter ? {adapter: review.adapter} : {}), ...opinion});
      this.#reviews.sent(review.id, {label, agrees, state: 'sent'});
    } catch (failure) {
      this.#reviews.sent(review.id, null);
      this.#failed(failure.message);
    }
  }

  /** Says which label is right for a text that is no review. */
  async text(adapter, text, label) {
    await feedback({adapter, text, label});
  }
}
