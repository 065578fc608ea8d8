/** Questions and details in dialogs; the browser keeps the focus inside and gives it back. */
import {byId, setText} from './dom.js';

/** Makes the buttons that cancel do so. */
export function prepare() {
  for (const id of ['help-dialog', 'detail-dialog']) {
    const dialog = byId(id);
    dialog.querySelector('[value=cancel]').addEventListener('click', () => dialog.close());
  }
  byId('help').addEventListener('click', help);
}

export function help() {
  byId('help-dialog').showModal();
}

/** Resolves to whether the person wants it. */
export function confirm(title, text, verb) {
  const dialog = byId('confirm-dialog');
  setText(byId('confirm-title'), title);
  setText(byId('confirm-text'), text);
  const ok = dialog.querySelector('[value=ok]');
  const cancel = dialog.querySelector('[value=cancel]');
  setText(ok, verb);
  return new Promise((resolve) => {
    const choose = (event) => dialog.close(event.currentTarget.value);
    ok.addEventListener('click', choose);
    cancel.addEventListener('click', choose);
    dialog.addEventListener(
      'close',
      () => {
        ok.removeEventListener('click', choose);
        cancel.removeEventListener('click', choose);
        resolve(dialog.returnValue === 'ok');
      },
      {once: true},
    );
    dialog.returnValue = 'cancel';
    dialog.showModal();
  });
}

export function detail(title, ...content) {
  setText(byId('detail-title'), title);
  byId('detail-body').replaceChildren(...content);
  byId('detail-dialog').showModal();
}
