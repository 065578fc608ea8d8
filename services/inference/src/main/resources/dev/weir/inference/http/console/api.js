/** Weir's HTTP interface. Paths are relative, so that the console works behind a proxy's prefix. */
import {askForKey, authorization} from './key.js';

/** What the server refused and why, as its problem document says. */
export class Refused extends Error {
  constructor(status, problem) {
    super(problem.detail ?? 'the server answered ' + status);
    this.status = status;
    this.code = problem.code ?? 'unknown';
  }

  /** Whether a key, or another one, would help. */
  get locked() {
    return this.status === 401 || this.status === 403;
  }
}

/**
 * Fetches with the key; asks for one and tries again as long as the server wants another.
 * `background` says that no person waits for it.
 */
export async function request(path, {background = false, ...options} = {}) {
  const response = await fetch(path, {
    ...options,
    cache: 'no-store',
    headers: {...options.headers, ...authorization()},
  });
  if (response.ok) {
    return response;
  }
  if ((response.status === 401 || response.status === 403) && (await askForKey(response.status, background))) {
    return request(path, {background, ...options});
  }
  throw new Refused(response.status, await problem(response));
}

async function problem(response) {
  try {
    return await response.json();
  } catch {
    return {};
  }
}

async function get(path, background = false) {
  return (await request(path, {background, headers: {Accept: 'application/json'}})).json();
}

async function post(path, body) {
  const response = await request(path, {
    method: 'POST',
    headers: {'Content-Type': 'application/json'},
    body: JSON.stringify(body),
  });
  return response.json();
}

export function adapters() {
  return get('v1/adapters', true);
}

export function lineage(adapter, version) {
  return get(`v1/adapters/${encodeURIComponent(adapter)}/versions/${version}`);
}

export function control(adapter, verb, body = {}) {
  return post(`v1/adapters/${encodeURIComponent(adapter)}/${verb}`, body);
}

export async function explain(adapter, text) {
  return (await post('v1/classify', {text, adapter, explain: true})).results[0];
}

export function feedback(body) {
  return post('v1/feedback', {...body, source: 'console'});
}
