// Draws the clerk's console.

import { spanInChinese, timeOfDay } from '../hall/clock.js';
import { byId, make, setText } from '../hall/dom.js';
import { actionsOf, phaseOf } from './actions.js';
import { CLASSES, PHASES, WINDOW_STATES } from './words.js';

/** @typedef {import('./actions.js').WindowDesk} WindowDesk */
/** @typedef {import('./actions.js').TicketView} TicketView */
/** @typedef {import('../hall/fold.js').LocalText} LocalText */
/**
 * @typedef {{id: string, group: string, name: LocalText, windows: LocalText[], keywords: string[],
 *   pinyin_initials: string, materials: LocalText[]}} Service
 */

/** A person may have come back from the far end of the hall by now; the console reminds to recall or pass over. */
const CALLED_LONG_MS = 60_000;

/**
 * @param {WindowDesk} desk
 * @param {Map<string, Service>} services
 * @param {boolean} busy a request is under way
 */
export function showDesk(desk, services, busy) {
  const phase = phaseOf(desk);
  const name = desk.window.name['zh-Hans'];
  document.title = desk.current ? `${desk.current.number} · ${name}` : name;
  setText(byId('window-name'), name);
  const badge = byId('window-state');
  setText(badge, WINDOW_STATES[desk.window.state] ?? desk.window.state);
  badge.className = `badge ${desk.window.state}`;
  setText(byId('clerk'), desk.clerk ? `工号 ${desk.clerk}` : '');
  byId('current').className = `current ${phase}`;
  byId('current').dataset.phase = phase;
  setText(byId('current-title'), PHASES[phase]);
  setText(byId('number'), desk.current?.number ?? '—');
  byId('facts').replaceChildren(...(desk.current ? facts(desk, desk.current, services) : []));
  setText(byId('why'), desk.current && desk.why ? `为什么是这个号：${desk.why}` : '');
  setText(byId('waiting'), String(desk.waiting));
  byId('groups').replaceChildren(...desk.groups.map(groupRow));
  chips('held', desk.held);
  chips('missed', desk.missed);
  showActions(desk, busy);
  showWaited(desk, Date.now());
}

/** @param {WindowDesk} desk @param {TicketView} ticket @param {Map<string, Service>} services */
function facts(desk, ticket, services) {
  const known = ticket.services.map((id) => services.get(id));
  const names = ticket.services.map((id, index) => {
    const name = known[index]?.name['zh-Hans'] ?? id;
    const note = matterNote(desk, ticket, index, known[index]?.group);
    return note === '' ? name : make('span', {}, name, ' ', make('small', { class: 'matter' }, note));
  });
  const papers = new Set(known.flatMap((one) => (one?.materials ?? []).map((text) => text['zh-Hans'])));
  const special = ticket.class !== 'normal';
  return [
    fact('姓名', ticket.masked_name ?? '未留姓名'),
    fact('类别', make('span', { class: special ? 'class special' : 'class' }, CLASSES[ticket.class] ?? ticket.class)),
    fact('件数', ticket.cases > 1 ? `${ticket.cases} 件（代办）` : '1 件'),
    fact('等候', make('span', { id: 'waited' }), make('small', {}, ` ${timeOfDay(Date.parse(ticket.issued_at))} 取号`)),
    ticket.calls > 1 && fact('呼叫', `${ticket.calls} 次`),
    fact('事项', list(names), 'wide'),
    papers.size > 0 && fact('材料', list([...papers]), 'wide'),
  ].filter((row) => row !== false);
}

/**
 * Of several matters on one number: which is done, which is now, and where the others are done.
 * @param {WindowDesk} desk
 * @param {TicketView} ticket
 * @param {number} index
 * @param {string|undefined} group
 */
function matterNote(desk, ticket, index, group) {
  if (ticket.services.length < 2) return '';
  if (index < ticket.matter) return '已办结';
  if (index === ticket.matter) return '先办这件';
  return desk.groups.some((one) => one.id === group) ? '接着在本窗口办' : '之后由别的窗口叫，位置保留';
}

/** @param {string} name @param {...any} rest the value's nodes; a last string `wide` makes it take the whole width */
function fact(name, ...rest) {
  const wide = rest.at(-1) === 'wide';
  const value = wide ? rest.slice(0, -1) : rest;
  return make('dl', { class: wide ? 'wide' : null }, make('dt', {}, name), make('dd', {}, ...value));
}

/** @param {(string|Node)[]} lines */
const list = (lines) => make('ul', {}, ...lines.map((line) => make('li', {}, line)));

/** @param {import('../hall/fold.js').GroupView} group */
const groupRow = (group) =>
  make('li', {}, make('span', {}, group.name['zh-Hans']), make('span', { class: 'count' }, group.waiting));

/** @param {'held'|'missed'} name @param {TicketView[]} tickets */
function chips(name, tickets) {
  byId(`${name}-part`).hidden = tickets.length === 0;
  byId(name).replaceChildren(...tickets.map((ticket) => make('li', {}, ticket.number)));
}

/** @param {WindowDesk} desk @param {boolean} busy */
function showActions(desk, busy) {
  byId('actions').classList.toggle('picks', desk.may_pick === true);
  byId('actions').replaceChildren(
    ...actionsOf(desk, Date.now()).map((action) =>
      make(
        'button',
        {
          type: 'button',
          class: action.name === 'next' ? 'primary' : null,
          'data-action': action.name,
          disabled: busy || !action.possible,
        },
        make('kbd', {}, action.shown),
        make('span', { class: 'label' }, action.label),
      ),
    ),
  );
}

/**
 * Counts the button down that marks a number as missed; the other buttons stay as they are, so that no press is lost.
 * @param {WindowDesk} desk
 * @param {boolean} busy
 * @param {number} now milliseconds since 1970
 */
export function showMiss(desk, busy, now) {
  const button = byId('actions').querySelector('[data-action="no-show"]');
  const label = button?.querySelector('.label');
  const action = actionsOf(desk, now).find((one) => one.name === 'no-show');
  if (!(button instanceof HTMLButtonElement) || !(label instanceof HTMLElement) || !action) return;
  button.disabled = busy || !action.possible;
  setText(label, action.label);
}

/**
 * What grows with time: how long the person waited so far, and since when they are called or served.
 * @param {WindowDesk} desk
 * @param {number} now milliseconds since 1970
 */
export function showWaited(desk, now) {
  setText(byId('clock'), timeOfDay(now));
  const ticket = desk.current;
  const waited = document.getElementById('waited');
  if (!ticket || !waited) return;
  const since = lastTime(ticket, ['called']) ?? now;
  setText(waited, spanInChinese(since - Date.parse(ticket.issued_at)));
  const phase = phaseOf(desk);
  const began = lastTime(ticket, phase === 'serving' ? ['started'] : ['called', 'recalled']);
  if (began === null) return;
  const span = spanInChinese(now - began);
  setText(byId('current-title'), `${PHASES[phase]} · ${span}`);
  byId('current').classList.toggle('long', phase === 'called' && now - began > CALLED_LONG_MS);
}

/** @param {TicketView} ticket @param {string[]} whats */
function lastTime(ticket, whats) {
  const line = ticket.history.findLast((one) => whats.includes(one.what));
  return line ? Date.parse(line.at) : null;
}
