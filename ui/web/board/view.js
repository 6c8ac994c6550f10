// Draws a snapshot on the board.

import { timeOfDay } from '../hall/clock.js';
import { byId, make, setText } from '../hall/dom.js';

/** @typedef {import('../hall/fold.js').HallSnapshot} HallSnapshot */

/**
 * @param {HallSnapshot} hall
 * @param {import('../hall/fold.js').HallEvent|null} event the event that made it, null for a whole snapshot
 */
export function showHall(hall, event) {
  setText(byId('hall-name'), hall.hall.name['zh-Hans']);
  setText(byId('hall-name-en'), hall.hall.name.en);
  document.title = `叫号屏 · ${hall.hall.name['zh-Hans']}`;
  document.documentElement.dataset.seq = String(hall.seq);
  showCalls(hall, event?.call ?? null);
  showWindows(hall);
  showNextUp(hall.next_up);
  showGroups(hall.groups);
}

/** @param {HallSnapshot} hall @param {import('../hall/fold.js').CallView|null} fresh the call that just came */
function showCalls(hall, fresh) {
  const list = byId('calls');
  const at = new Map(hall.windows.map((one) => [one.id, one]));
  const key = hall.calls.map((call) => `${call.seq}${standing(call, at.get(call.window))}`).join();
  if (list.dataset.key === key) return;
  list.dataset.key = key;
  const rows = hall.calls.map((call, place) => callRow(call, at.get(call.window), place === 0 && !!fresh));
  list.replaceChildren(...(rows.length > 0 ? rows : [make('li', { class: 'quiet' }, '请留意叫号')]));
}

/**
 * What the call still means: a number that is being served or gone is sent nowhere any more.
 * @param {import('../hall/fold.js').CallView} call
 * @param {import('../hall/fold.js').WindowView|undefined} window
 * @returns {'called'|'serving'|'over'}
 */
function standing(call, window) {
  if (window?.number !== call.number) return 'over';
  return window.serving ? 'serving' : 'called';
}

const MEANING = {
  called: { zh: '请到 ', en: 'Please go to' },
  serving: { zh: '办理中 ', en: 'Being served at' },
  over: { zh: '已叫过 ', en: 'Called before to' },
};

/**
 * @param {import('../hall/fold.js').CallView} call
 * @param {import('../hall/fold.js').WindowView|undefined} window
 * @param {boolean} fresh
 */
function callRow(call, window, fresh) {
  const stands = standing(call, window);
  const please = make('span', { class: 'please' }, MEANING[stands].zh);
  const again = call.times > 1 && make('span', { class: 'again' }, `第${call.times}次呼叫`);
  const when = make('p', { class: 'when' }, again, make('span', {}, timeOfDay(call.at)));
  const to = make(
    'p',
    { class: 'to' },
    please,
    make('span', { class: 'window' }, window?.name['zh-Hans'] ?? call.window),
    make('small', { lang: 'en' }, `${MEANING[stands].en} ${window?.name.en || call.window}`),
  );
  const number = make('p', { class: 'number' }, call.number);
  const data = { class: fresh ? 'fresh' : stands, 'data-number': call.number, 'data-times': call.times };
  return make('li', data, number, make('div', {}, to), when);
}

/** @param {HallSnapshot} hall */
function showWindows(hall) {
  const list = byId('windows');
  list.style.gridTemplateRows = `repeat(${Math.ceil(hall.windows.length / 2)}, 1fr)`;
  list.replaceChildren(...hall.windows.map(windowRow));
}

/** @param {import('../hall/fold.js').WindowView} window */
function windowRow(window) {
  const rest = { open: '空闲', paused: '暂停', closed: '未开' }[window.state];
  const called = window.number !== undefined && !window.serving;
  const shut = window.number === undefined && window.state !== 'open';
  return make(
    'li',
    { class: called ? 'called' : shut ? 'shut' : null, 'data-window': window.id },
    make('span', { class: 'name' }, window.name['zh-Hans']),
    window.number === undefined
      ? make('span', { class: 'rest' }, rest)
      : make('span', { class: 'number' }, window.number),
  );
}

/** @param {string[]} numbers */
function showNextUp(numbers) {
  const rows = numbers.map((number) => make('li', {}, number));
  byId('next-up').replaceChildren(...(rows.length > 0 ? rows : [make('li', { class: 'quiet' }, '暂无等候')]));
}

/** @param {import('../hall/fold.js').GroupView[]} groups */
function showGroups(groups) {
  byId('groups').replaceChildren(
    ...groups.map((group) =>
      make(
        'li',
        { 'data-group': group.id },
        make('span', { class: 'name' }, group.name['zh-Hans'], make('small', { lang: 'en' }, group.name.en)),
        make('span', { class: 'count' }, group.waiting),
      ),
    ),
  );
}
