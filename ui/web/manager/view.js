// Draws the manager's page from one document.

import { timeOfDay } from '../hall/clock.js';
import { byId, make, setText } from '../hall/dom.js';
import { LOOKS } from '../hall/looks.js';
import { CLASSES, STATES, minutes, waitInWords } from './words.js';

/** @typedef {{zh: string, en: string}} Said */
/** @typedef {import('../hall/fold.js').LocalText} LocalText */
/**
 * @typedef {{seq: number, at: number, kind: 'policy'|'pick'|'peek', by: string, window?: string, number?: string,
 *   reason: string, text: Said}} Entry
 */
/** @typedef {{name: string, title: Said}} PolicyChoice */
/** @typedef {{now: PolicyChoice, of_file: string, choices: PolicyChoice[], switched?: Entry}} PolicyView */
/**
 * @typedef {{id: string, name: LocalText, kind: string, state: string, clerk?: string, number?: string,
 *   serving: boolean, for_s: number, waiting: number, served: number, may_pick: boolean}} WindowNow
 */
/**
 * @typedef {{id: string, name: LocalText, waiting: number, windows_open: number, waited_mean_s: number,
 *   waited_max_s: number, wait?: import('./words.js').WaitRange}} GroupNow
 */
/**
 * @typedef {{id: string, number: string, group: string, class: string, waited_s: number,
 *   wait?: import('./words.js').WaitRange}} WaitingTicket
 */
/**
 * @typedef {{seq: number, at: number, number: string, window: string, waited_s: number, picked?: string,
 *   text: Said}} CallNote
 */
/**
 * @typedef {{seq: number, as_of: number, hall: LocalText, policy: PolicyView, windows: WindowNow[],
 *   groups: GroupNow[], longest: WaitingTicket[], clear: {waiting: number, today: boolean, text: Said},
 *   calls: CallNote[], entries: Entry[], alerts: {kind: string, text: Said}[]}} ManagerView
 */

/** @param {ManagerView} view @param {(window: WindowNow) => void} tryWindow */
export function show(view, tryWindow) {
  setText(byId('hall-name'), view.hall['zh-Hans']);
  showPolicy(view.policy);
  const alerts = byId('alerts');
  alerts.hidden = view.alerts.length === 0;
  list(alerts, view.alerts, (alert) => alert.kind + alert.text.zh, (alert) =>
    make('li', { 'data-kind': alert.kind }, alert.text.zh));
  setText(byId('clear'), view.clear.text.zh);
  byId('clear').classList.toggle('late', !view.clear.today);
  list(byId('groups'), view.groups, (group) => group.id, groupRow);
  list(byId('windows'), view.windows, (window) => window.id, (window) => windowRow(window, tryWindow));
  list(byId('longest'), view.longest, (ticket) => ticket.id, longestRow);
  list(byId('calls'), view.calls, (call) => String(call.seq), callRow);
  list(byId('entries'), view.entries, (entry) => String(entry.seq), entryRow);
}

/** @param {PolicyView} policy */
function showPolicy(policy) {
  setText(byId('policy'), policy.now.title.zh);
  const { switched } = policy;
  const changed = policy.now.name !== policy.of_file && switched;
  setText(byId('policy-note'), changed ? `${timeOfDay(switched.at)} 起，${switched.by}：${switched.reason}` : '');
}

/**
 * Redraws a list, and gives the focus back to the same button of the same line: a page that renews itself every few
 * seconds must not take the keyboard away.
 * @template T
 * @param {HTMLElement} parent
 * @param {T[]} items
 * @param {(item: T) => string} key
 * @param {(item: T) => HTMLElement} draw
 */
function list(parent, items, key, draw) {
  const held = parent.contains(document.activeElement)
    ? document.activeElement?.closest('[data-key]')?.getAttribute('data-key')
    : null;
  const rows = items.map((item) => {
    const row = draw(item);
    row.dataset.key = key(item);
    return row;
  });
  const none = make(parent.tagName === 'TBODY' ? 'tr' : 'li', { class: 'none' });
  none.append(parent.tagName === 'TBODY' ? make('td', { colspan: 7 }, '暂无') : '暂无');
  parent.replaceChildren(...(rows.length > 0 ? rows : [none]));
  if (held) rows.find((row) => row.dataset.key === held)?.querySelector('button')?.focus();
}

/** @param {...any} cells */
const row = (...cells) => make('tr', {}, ...cells.map((cell) => make('td', {}, cell)));

/** @param {GroupNow} group */
function groupRow(group) {
  const waits = group.waiting > 0;
  const one = row(
    group.name['zh-Hans'],
    make('strong', {}, group.waiting),
    group.windows_open,
    waits ? `${minutes(group.waited_mean_s)} / ${minutes(group.waited_max_s)}` : '–',
    waitInWords(group.wait),
  );
  one.dataset.group = group.id;
  one.classList.toggle('unserved', waits && group.windows_open === 0);
  return one;
}

/** @param {WindowNow} window @param {(window: WindowNow) => void} tryWindow */
function windowRow(window, tryWindow) {
  const open = window.state === 'open';
  const doing = window.serving ? '办理' : '已叫';
  const one = row(
    make('span', { title: window.clerk ? `工号 ${window.clerk}` : '' }, window.name['zh-Hans']),
    make('span', { class: `badge ${window.state}` }, STATES[window.state] ?? window.state),
    window.number ? make('strong', {}, window.number) : open ? '空闲' : '–',
    window.number ? `${doing} ${minutes(window.for_s)}` : open ? minutes(window.for_s) : '–',
    window.waiting,
    window.served,
    make('button', { type: 'button', class: 'small', onclick: () => tryWindow(window) }, open ? '关了？' : '开了？'),
  );
  one.dataset.window = window.id;
  return one;
}

/** @param {WaitingTicket} ticket */
function longestRow(ticket) {
  const special = ticket.class !== 'normal';
  const left = ticket.wait ? `还要约 ${Math.ceil(ticket.wait.p50_s / 60)} 分` : '';
  return make(
    'li',
    { 'data-number': ticket.number },
    make('strong', {}, ticket.number),
    make('span', { class: special ? 'class special' : 'class' }, CLASSES[ticket.class] ?? ticket.class),
    make('span', {}, `已等 ${minutes(ticket.waited_s)}`),
    make('small', {}, left),
  );
}

/** @param {CallNote} call */
const callRow = (call) =>
  make(
    'li',
    { 'data-number': call.number, class: call.picked ? 'picked' : null },
    make('p', { class: 'head' }, make('strong', {}, call.number), ` → ${call.window}`,
      make('small', {}, `${timeOfDay(call.at)} · 等了 ${minutes(call.waited_s)}`)),
    make('p', { class: 'why' }, call.text.zh),
  );

/** @param {Entry} entry */
const entryRow = (entry) =>
  make(
    'li',
    { 'data-kind': entry.kind },
    make('p', { class: 'head' }, entry.text.zh, make('small', {}, `${timeOfDay(entry.at)} · ${entry.by}`)),
    make('p', { class: 'why' }, `原因：${entry.kind === 'peek' ? LOOKS[entry.reason] ?? entry.reason : entry.reason}`),
  );
