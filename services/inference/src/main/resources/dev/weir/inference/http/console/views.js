/** Which view is shown: the part of the address behind `#/`. */
const FIRST = 'live';

/** Follows the address; `shown(name)` is called at once and after each change. */
export function follow(shown) {
  const views = [...document.querySelectorAll('[data-view]')];
  const show = () => {
    const wanted = location.hash.replace(/^#\//, '');
    const name = views.some((view) => view.dataset.view === wanted) ? wanted : FIRST;
    views.forEach((view) => {
      view.hidden = view.dataset.view !== name;
    });
    document.querySelectorAll('#tabs a').forEach((link) => {
      if (link.hash === '#/' + name) {
        link.setAttribute('aria-current', 'page');
      } else {
        link.removeAttribute('aria-current');
      }
    });
    shown(name);
  };
  addEventListener('hashchange', show);
  show();
}

export function go(name) {
  location.hash = '#/' + name;
}

export function current() {
  return document.querySelector('[data-view]:not([hidden])')?.dataset.view ?? FIRST;
}
