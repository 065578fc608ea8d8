/** The API key: kept in this tab's session storage, asked for when the server wants one. */
import {byId, setText} from './dom.js';

const STORED = 'weir.key';

/** Said when a key was given or is wanted: what waits for one tries again. */
const UNLOCK = 'weir-unlock';

let asking = null;
let declined = false;

/** Calls `listener` the next time that a key was given or is wanted. */
export function onUnlock(listener) {
  document.addEventListener(UNLOCK, listener, {once: true});
}

/** A person wants to give a key after all. */
export function unlock() {
  declined = false;
  document.dispatchEvent(new Event(UNLOCK));
}

/** The headers that carry the key; none without one. */
export function authorization() {
  const key = sessionStorage.getItem(STORED);
  return key ? {Authorization: 'Bearer ' + key} : {};
}

/**
 * Asks for a key, once for all requests that wait for it; resolves to whether one was given. What
 * goes on in the background asks no second time when the person would not.
 */
export function askForKey(status, background) {
  if (background && declined) {
    return Promise.resolve(false);
  }
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
      declined = !given;
      input.value = '';
      cancel.removeEventListener('click', close);
      resolve(given);
      if (given) {
        unlock();
      }
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
