// Draws the machines: how each is, what is to be done, and the keys for it.

import { timeOfDay } from '../hall/clock.js';
import { byId, make } from '../hall/dom.js';
import { ACTS, BINS, MODES, STEPS, verdict } from './words.js';

/** @typedef {import('./words.js').Act} Act */
/** @typedef {{code: string, said: string, to_do: string, at_s: number}} Fault */
/** @typedef {{left: number, room: number, low: boolean}} Supply */
/**
 * @typedef {{kiosk: string, at: number, silent: boolean, waiting: number[],
 *   done: {id: number, ok: boolean, said: string}[],
 *   now: {serial: string, mode: string, ready: boolean, fault: Fault|null, difference: number|null, heat_c: number,
 *     job: string|null, step: number|null, film: Supply, blanks: Supply, medium: Supply, reject_bin: string,
 *     retract_bin: string, doubts: {job: string, since_s: number}[], recent: Fault[], chain_holds: boolean}}} Maker
 */

/** @param {Supply} supply */
const supplied = (supply) => (supply.room > 0 ? `${supply.left} / ${supply.room}` : String(supply.left));

/** @param {string} name @param {string} value @param {boolean} bad */
const fact = (name, value, bad = false) =>
  make('div', { class: bad ? 'fact bad' : 'fact' }, make('dt', {}, name), make('dd', {}, value));

/** @param {Fault} fault */
const faultLine = (fault) =>
  make(
    'li',
    {},
    fault.at_s > 0 ? make('time', {}, timeOfDay(fault.at_s * 1000)) : null,
    make('strong', {}, fault.said),
    fault.to_do ? make('span', { class: 'to-do' }, fault.to_do) : null,
    make('small', {}, fault.code),
  );

/** @param {Maker} maker */
function stateOf({ now, silent }) {
  if (silent) return '自助机没有消息';
  if (now.difference !== null) return '停用：日结有差额，等说明';
  const step = now.step === null ? '' : `，${STEPS[now.step] ?? ''}`;
  return `${MODES[now.mode] ?? now.mode}${step}`;
}

/** What stands in the way, the most urgent first. @param {Maker} maker */
function troubles({ now }) {
  const said = [];
  if (now.fault) said.push(faultLine(now.fault));
  if (now.difference !== null) said.push(make('li', {}, make('strong', {}, `日结相差 ${now.difference} 张`)));
  if (!now.chain_holds) said.push(make('li', {}, make('strong', {}, '台账的校验链断了，请报告')));
  return said;
}

/**
 * @param {Maker} maker
 * @param {(maker: Maker, act: Act) => void} act
 */
function card(maker, act) {
  const { now } = maker;
  const key = (/** @type {string} */ name, /** @type {Act} */ what) =>
    make('button', { type: 'button', 'data-act': name, onclick: () => act(maker, what) }, what.label);
  const trouble = troubles(maker);
  const shown = Object.entries(ACTS).filter(
    ([name]) => (name !== 'clear-fault' || now.fault) && (name !== 'explain' || now.difference !== null),
  );
  return make(
    'section',
    { class: 'maker', 'data-kiosk': maker.kiosk, 'aria-label': `自助机 ${maker.kiosk}` },
    make('h2', {}, `自助机 ${maker.kiosk}`, make('small', {}, `机器 ${now.serial}`)),
    make('p', { class: `state ${now.ready ? 'good' : 'busy'}`, role: 'status' }, stateOf(maker)),
    trouble.length > 0 ? make('ul', { class: 'troubles', role: 'alert' }, ...trouble) : null,
    make(
      'dl',
      { class: 'facts' },
      fact('空白卡', now.blanks.low ? '不足 20' : `${now.blanks.left} 以上`, now.blanks.low),
      fact('膜片', supplied(now.film), now.film.low),
      fact('打印耗材', supplied(now.medium), now.medium.low),
      fact('废卡箱', BINS[now.reject_bin] ?? '', now.reject_bin !== 'room'),
      fact('回收箱', BINS[now.retract_bin] ?? '', now.retract_bin !== 'room'),
      fact('覆膜温度', `${now.heat_c} 度`),
      fact('作业', now.job ?? '无'),
    ),
    now.doubts.length > 0 ? make('h3', {}, '存疑的作业：两人查找后认定') : null,
    make(
      'ul',
      { class: 'doubts' },
      ...now.doubts.map(({ job, since_s: since }) =>
        make(
          'li',
          { 'data-doubt': job },
          make('strong', {}, job),
          make('time', {}, timeOfDay(since * 1000)),
          key('found', verdict(job, false)),
          key('left', verdict(job, true)),
        ),
      ),
    ),
    make('p', { class: 'acts' }, ...shown.map(([name, what]) => key(name, what))),
    maker.waiting.length > 0 ? make('p', { class: 'waiting', role: 'status' }, '正在办理…') : null,
    maker.done.length > 0
      ? make(
          'ol',
          { class: 'done', 'aria-label': '办理结果' },
          ...maker.done.map((done) => make('li', { class: done.ok ? 'ok' : 'no' }, done.said)),
        )
      : null,
    make('h3', {}, '最近的故障和提示'),
    make('ol', { class: 'recent' }, ...now.recent.map(faultLine)),
  );
}

let shownBefore = '';

/**
 * @param {Maker[]} makers
 * @param {(maker: Maker, act: Act) => void} act
 */
export function show(makers, act) {
  // Drawn anew only when something changed: a key under somebody's finger stays where it is.
  const text = JSON.stringify(makers.map(({ at: _at, ...rest }) => rest));
  if (text === shownBefore) return;
  shownBefore = text;
  const cards = makers.map((maker) => card(maker, act));
  byId('makers').replaceChildren(
    ...(cards.length > 0 ? cards : [make('p', { class: 'none' }, '还没有自助机报告制证机')]),
  );
}
