/**
 * Server-sent events over fetch. EventSource cannot send a key; this can, and else does what the
 * HTML standard says of event streams: ids, names, data of several lines, and coming back.
 */
import {Refused, request} from './api.js';
import {onUnlock} from './key.js';

const RETRY_MS = 2000;
/** The server shows a sign of life every 15 seconds. */
const SILENCE_MS = 50_000;

/** Follows `path` for ever; `tell(name, data)` gets each event, `state(word, detail)` the connection's. */
export async function follow(path, tell, state) {
  let lastEventId = null;
  for (;;) {
    state('connecting');
    try {
      await once(path, lastEventId, tell, state, (id) => {
        lastEventId = id;
      });
    } catch (failure) {
      if (failure instanceof Refused && failure.locked) {
        state('locked', failure.message);
        await new Promise(onUnlock);
        continue;
      }
      state('offline', failure.message);
    }
    await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
  }
}

async function once(path, lastEventId, tell, state, seen) {
  const abort = new AbortController();
  let silence = null;
  const heard = () => {
    clearTimeout(silence);
    silence = setTimeout(() => abort.abort(), SILENCE_MS);
  };
  const headers = {Accept: 'text/event-stream'};
  if (lastEventId !== null) {
    headers['Last-Event-ID'] = lastEventId;
  }
  try {
    heard();
    const response = await request(path, {background: true, headers, signal: abort.signal});
    state('live');
    const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
    const parser = new Parser(tell, seen);
    for (;;) {
      const {done, value} = await reader.read();
      if (done) {
        return;
      }
      heard();
      parser.take(value);
    }
  } finally {
    clearTimeout(silence);
  }
}

/** Takes the stream in pieces as they come. */
export class Parser {
  #tell;
  #seen;
  #rest = '';
  #name = '';
  #data = [];

  constructor(tell, seen) {
    this.#tell = tell;
    this.#seen = seen;
  }

  take(piece) {
    const lines = (this.#rest + piece).split('\n');
    this.#rest = lines.pop();
    lines.forEach((line) => this.#line(line.endsWith('\r') ? line.slice(0, -1) : line));
  }

  #line(line) {
    if (line === '') {
      this.#dispatch();
      return;
    }
    const colon = line.indexOf(':');
    const field = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? '' : line.slice(colon + 1).replace(/^ /, '');
    if (field === 'data') {
      this.#data.push(value);
    } else if (field === 'event') {
      this.#name = value;
    } else if (field === 'id') {
      this.#seen(value);
    }
  }

  #dispatch() {
    const data = this.#data.join('\n');
    const name = this.#name;
    this.#data = [];
    this.#name = '';
    if (data === '') {
      return;
    }
    let event;
    try {
      event = JSON.parse(data);
    } catch {
      return; // Anybody may produce to a topic; what is no JSON is a dead letter there.
    }
    this.#tell(name || 'message', event);
  }
}
