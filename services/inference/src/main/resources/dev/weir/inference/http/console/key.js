/** The API key: kept in this tab's session storage, asked for when the server wants one. */
import {byId, setText} from './dom.js';

const STORED = 'weir.key';

let asking = null;

/** The headers that carry the key; none without one. */
export function authorization() {
  const key = sessionStorage.getItem(STORED);
  return key ? {Authorization: 'Bearer ' + key} : {};
}

/** Asks for a key, once for all requests that wait for it; resolves to whether one was given. */
export function askForKey(status) {
  asking ??= ask(status).finally(() => {
    asking = null;
  });
  return asking;
}

function ask(status) {
  const dialog = byId('key-dialog');
  const form = byId('key-form');
  const input = byId('key');
  setText(byId('key-why'), why(status));
  input.value = '';
  return new Promise((resolve) => {
    const cancel = form.querySelector('[value=cancel]');
    const done = () => {
      const given = dialog.returnValue === 'ok' && input.value.trim() !== '';
      if (given) {
        sessionStorage.setItem(STORED, input.value.trim());
      }
      input.value = '';
      cancel.removeEventListener('click', close);
      resolve(given);
    };
    const close = () => dialog.close('cancel');
    cancel.addEventListener('click', close);
    dialog.addEventListener('close', done, {once: true});
    dialog.returnValue = 'cancel';
    dialog.showModal();
    input.focus();
  });
}

function why(status) {
  if (status === 403) {
    return 'The key in use may not do this. Give one with the scope that it needs.';
  }
  return sessionStorage.getItem(STORED)
    ? 'The server does not accept the key in use.'
    : 'Give a key to see the streams and to send labels.';
}
