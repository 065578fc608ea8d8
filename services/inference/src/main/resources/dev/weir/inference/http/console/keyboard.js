/** The keys: they work on the list of the view that is shown. */
import {byId} from './dom.js';

/** `current()` gives the list that is shown, or null; `cards(id)` finds the card of a review. */
export function listen({current, card, newest, help, toText}) {
  document.addEventListener('keydown', (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || document.querySelector('dialog[open]')) {
      return;
    }
    if (event.key === 'Escape') {
      document.activeElement?.blur();
      return;
    }
    if (event.target.closest('input, textarea, select')) {
      return;
    }
    if (act(event.key)) {
      event.preventDefault();
    }
  });

  function act(key) {
    switch (key) {
      case 'j':
        return move(1);
      case 'k':
        return move(-1);
      case 'y':
        return decide((one) => one.agree());
      case 'g':
        newest();
        return true;
      case '/':
        toText();
        byId('try-text').focus();
        return true;
      case '?':
        help();
        return true;
      default:
        return /^[1-9]$/.test(key) && decide((one) => one.chooseAt(Number(key)));
    }
  }

  function articles() {
    return [...(current()?.children ?? [])];
  }

  function selected() {
    return articles().findIndex((article) => article.contains(document.activeElement));
  }

  function move(by) {
    const all = articles();
    if (all.length === 0) {
      return false;
    }
    const at = selected();
    const next = all[Math.max(0, Math.min(all.length - 1, at < 0 ? 0 : at + by))];
    all.forEach((article) => {
      article.tabIndex = article === next ? 0 : -1;
    });
    next.focus();
    next.scrollIntoView({block: 'nearest'});
    return true;
  }

  /** Decides on the selected review and goes on to the next. */
  function decide(how) {
    const article = articles()[selected()];
    const one = article && card(article.dataset.review);
    if (!one || !how(one)) {
      return false;
    }
    move(1);
    return true;
  }
}
