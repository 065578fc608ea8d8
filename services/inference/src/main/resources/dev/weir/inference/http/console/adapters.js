/** The adapters with their versions, what the gate said of each, and the controls. */
import {control} from './api.js';
import {confirm} from './dialogs.js';
import {byId, el} from './dom.js';
import {clock, duration, percent, seconds, words} from './format.js';
import {show as showLineage} from './lineage.js';

const ASKED = {
  promote: (id) => [`Make ${id} the champion?`, 'It answers on every replica as soon as each has loaded it. The gate goes on judging challengers against it.', 'Promote'],
  pin: (id) => [`Pin ${id}?`, 'It goes on answering whatever is trained, until it is unpinned.', 'Pin'],
  rollback: (id) => [`Roll back from ${id}?`, 'The version that served before answers again on every replica, and is pinned so that the next challenger does not undo it.', 'Roll back'],
  unpin: (id) => [`Unpin ${id}?`, 'The champion answers, and challengers may replace it again.', 'Unpin'],
};

/** Draws all adapters; `changed()` is called when a control took effect, `failed(message)` when not. */
export function draw(adapters, {changed, failed}) {
  const act = async (adapter, verb, id, body) => {
    if (!(await confirm(...ASKED[verb](id)))) {
      return;
    }
    try {
      await control(adapter, verb, body);
      changed();
    } catch (failure) {
      failed(failure.message);
    }
  };
  byId('adapters-list').replaceChildren(...adapters.map((adapter) => card(adapter, act)));
}

function card(adapter, act) {
  const {serving, champion, plan} = adapter;
  const answering = plan.pinned?.version ?? champion?.version ?? null;
  const id = answering === null ? null : `${adapter.adapter}@${answering}`;
  return el(
    'article',
    {class: 'adapter', 'aria-label': 'Adapter ' + adapter.adapter},
    el(
      'header',
      {},
      el('h3', {}, adapter.adapter),
      el('p', {class: 'meta'}, facts(adapter).map((fact) => el('span', {class: 'badge'}, fact))),
      adapter.failure ? el('p', {class: 'bad'}, adapter.failure.message ?? adapter.failure.reason ?? 'could not be loaded') : null,
      id === null
        ? null
        : el(
            'div',
            {class: 'choices', role: 'group', 'aria-label': 'Controls of ' + adapter.adapter},
            button('Roll back', `Roll back ${adapter.adapter}`, () => act(adapter.adapter, 'rollback', id, {})),
            plan.pinned
              ? button('Unpin', `Unpin ${adapter.adapter}`, () => act(adapter.adapter, 'unpin', id, {}))
              : button('Pin', `Pin ${id}`, () => act(adapter.adapter, 'pin', id, {})),
          ),
    ),
    adapter.versions.length === 0
      ? el('p', {class: 'empty'}, 'No version yet. Give labels: a closed batch of them trains the first.')
      : el(
          'div',
          {class: 'wide', tabindex: 0, role: 'region', 'aria-label': 'Versions of ' + adapter.adapter},
          versions(adapter, serving?.version ?? null, act),
        ),
    passedOver(adapter),
  );
}

function facts({serving, champion, plan, canary, shadow, labels}) {
  const known = [];
  if (serving) {
    known.push(`@${serving.version} answers, in ${serving.precision}, for ${duration(seconds(serving.liveSince, new Date().toISOString()))}`);
  } else if (champion) {
    known.push(`@${champion.version} is champion and not loaded here`);
  } else {
    known.push('abstains: no release yet');
  }
  if (plan.pinned) {
    known.push(plan.pinned.rolledBackFrom ? `@${plan.pinned.version} pinned, rolled back from @${plan.pinned.rolledBackFrom}` : `@${plan.pinned.version} pinned`);
  }
  if (plan.canary) {
    known.push(`canary @${plan.canary.version} for ${percent(plan.canary.share)}${canary ? '' : ', not loaded'}`);
  }
  if (plan.shadow) {
    known.push(`shadow @${plan.shadow.version}${shadow ? '' : ', not loaded'}`);
  }
  if (plan.abstainBelow > 0) {
    known.push(`abstains below ${percent(plan.abstainBelow)}`);
  }
  known.push('labels ' + labels.join(', '));
  return known;
}

/** Whether the gate met a challenger; a batch that a newer one made needless was passed over. */
export function judged(version) {
  return version.decision.reason !== 'superseded';
}

function passedOver(adapter) {
  const count = adapter.versions.filter((version) => !judged(version)).length;
  return count === 0 ? null : el('p', {class: 'hint'}, `${count} trainings were passed over: a newer batch, which learns from the same labels, waited already.`);
}

function versions(adapter, serving, act) {
  const heads = ['version', 'gate', 'holdout', 'champion', 'examples', 'decided', ''];
  return el(
    'table',
    {class: 'striped versions'},
    el('thead', {}, el('tr', {}, heads.map((head) => (head === '' ? el('td', {}) : el('th', {scope: 'col'}, head))))),
    el('tbody', {}, adapter.versions.filter(judged).map((version) => row(adapter, version, serving, act))),
  );
}

function row(adapter, version, serving, act) {
  const id = `${adapter.adapter}@${version.version}`;
  const {decision} = version;
  const promoted = version.state.toLowerCase() === 'promoted';
  const serves = version.version === serving;
  return el(
    'tr',
    {class: serves ? 'serves' : null, 'data-version': version.version},
    el('th', {scope: 'row'}, '@' + version.version, ' ', el('small', {}, words(version.method)), serves ? el('span', {class: 'badge live'}, 'answers') : null),
    el(
      'td',
      {},
      el('span', {class: 'badge ' + version.state.toLowerCase(), title: decision.message}, words(version.state)),
      ' ',
      decision.reason,
      version.heldBy ? ` (held by @${version.heldBy})` : '',
    ),
    el('td', {}, decision.holdoutRows > 0 ? `${percent(decision.accuracy, 1)} of ${decision.holdoutRows}` : '–'),
    el('td', {}, decision.championVersion ? `${percent(decision.championAccuracy, 1)} (@${decision.championVersion})` : '–'),
    el('td', {}, version.trainingExamples),
    el('td', {}, clock(version.createdAt)),
    el(
      'td',
      {class: 'actions'},
      button('Details', `Details of ${id}`, () => showLineage(adapter.adapter, version)),
      promoted && !serves ? button('Promote', `Promote ${id}`, () => act(adapter.adapter, 'promote', id, {version: version.version})) : null,
      promoted && !serves ? button('Pin', `Pin ${id}`, () => act(adapter.adapter, 'pin', id, {version: version.version})) : null,
    ),
  );
}

function button(text, name, click) {
  return el('button', {type: 'button', class: 'small outline secondary', 'aria-label': name, on: {click}}, text);
}
