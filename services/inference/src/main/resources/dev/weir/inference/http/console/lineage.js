/** Where a version came from and everything that the gate said of it. */
import {lineage} from './api.js';
import {detail} from './dialogs.js';
import {el, pair} from './dom.js';
import {clock, duration, number, percent, seconds, words} from './format.js';

/** Shows a version's details; the manifest is fetched, the rest is known. */
export async function show(adapter, version) {
  const id = `${adapter}@${version.version}`;
  const parts = [verdict(version), ...figures(version.decision)];
  try {
    const {manifest} = await lineage(adapter, version.version);
    parts.splice(1, 0, origin(adapter, version, manifest ?? null));
  } catch (failure) {
    parts.splice(1, 0, el('p', {class: 'bad'}, failure.message));
  }
  detail(`${id}, ${words(version.method)}`, ...parts);
}

function verdict({state, decision}) {
  return el('p', {}, el('span', {class: 'badge ' + state.toLowerCase()}, words(state)), ` ${decision.reason}: ${decision.message}`);
}

function origin(adapter, version, manifest) {
  const from = manifest?.lineage;
  return el(
    'section',
    {},
    el('h3', {}, 'Lineage'),
    el(
      'dl',
      {class: 'figures'},
      pair('parent', from?.parentVersion ? `${adapter}@${from.parentVersion}` : from ? 'none, from the base' : 'not kept'),
      pair('batch', version.batchId),
      pair('newest label', clock(version.lastFeedbackAt)),
      pair('batch closed', clock(version.batchClosedAt)),
      pair('decided', `${clock(version.createdAt)}, ${duration(seconds(version.lastFeedbackAt, version.createdAt))} after the newest label`),
      pair('learned from', from ? `${from.trainExamples} (${from.replayExamples} replayed)` : version.trainingExamples),
      from ? pair('by label', Object.entries(from.trainLabels).map(([label, n]) => `${label} ${n}`).join(', ')) : null,
      pair('training took', duration(version.trainingSeconds)),
      manifest ? pair('base', `${manifest.baseModel} ${manifest.baseDigest.slice(0, 12)}…`) : null,
      version.digest ? pair('digest', version.digest.slice(0, 16) + '…') : pair('artifact', 'none: it was retained'),
      from ? pair('code, seed', `${from.codeVersion}, ${from.seed}`) : null,
    ),
    from ? settings(from.settings) : null,
  );
}

function settings(all) {
  return el(
    'details',
    {},
    el('summary', {}, 'Settings of the training'),
    el('dl', {class: 'figures'}, Object.entries(all).map(([name, value]) => pair(name, value))),
  );
}

function figures(decision) {
  const tables = [
    table('Holdout', ['', 'challenger', 'champion'], [
      ['rows', decision.holdoutRows, decision.championVersion ? '@' + decision.championVersion : 'none'],
      ['accuracy', percent(decision.accuracy, 1), percent(decision.championAccuracy, 1)],
      ['log loss', number(decision.logLoss), number(decision.championLogLoss)],
      ['macro F1', number(decision.macroF1), ''],
      ['alone right', decision.onlyChallengerRight, decision.onlyChampionRight],
      ['p (McNemar)', number(decision.pValue), ''],
    ]),
  ];
  const {frozen, calibration, precisions, slices} = decision;
  if (frozen) {
    tables.push(
      table('Frozen set', ['', 'challenger', 'best champion'], [
        [`${frozen.rows} oldest rows${frozen.ruled ? '' : ', too few to rule'}`, percent(frozen.accuracy, 1), percent(frozen.bestAccuracy ?? frozen.championAccuracy, 1)],
      ]),
    );
  }
  if (calibration) {
    tables.push(
      table('Calibration', ['', 'before', 'after'], [
        [`error, temperature ${number(calibration.temperature, 2)}`, percent(calibration.errorBefore, 1), percent(calibration.errorAfter, 1)],
      ]),
    );
  }
  if (precisions?.length) {
    tables.push(
      table('Precisions', ['', 'accuracy', 'agrees with fp32', 'may serve'], precisions.map((each) => [each.form, percent(each.accuracy, 1), percent(each.agreement, 1), each.allowed ? 'yes' : 'no'])),
    );
  }
  if (slices?.length) {
    tables.push(
      table('Slices', ['', 'rows', 'challenger', 'champion'], slices.map((each) => [`${each.by} ${each.value}`, each.rows, percent(each.accuracy), percent(each.championAccuracy)])),
    );
  }
  return tables;
}

function table(title, heads, rows) {
  return el(
    'section',
    {},
    el('h3', {}, title),
    el(
      'div',
      {class: 'wide'},
      el(
        'table',
        {},
        el('thead', {}, el('tr', {}, heads.map((head) => (head === '' ? el('td', {}) : el('th', {scope: 'col'}, head))))),
        el('tbody', {}, rows.map(([first, ...rest]) => el('tr', {}, el('th', {scope: 'row'}, first), rest.map((cell) => el('td', {}, cell))))),
      ),
    ),
  );
}
