// The maker of temporary cards and what a hand can do to it: its power, its press, the card in its slot, its path; the
// network cable too, where there is one. Sections whose device is not there stay hidden.

import { byId, make, setText } from '../hall/dom.js';
import { ask, repeat } from './api.js';

/** Good receipts of the made-up people, and one whose application is not signed. */
const RECEIPTS = [
  ['990100202600000001', '李𬱖'],
  ['990100202600000002', '赵小䶮'],
  ['990100202600000003', '欧阳娜娜'],
  ['990100202600000004', '张小明'],
  ['990100202600000103', '未签发'],
];

/** @type {Record<string, string>} */
const PLACES = {
  pick: '取卡口',
  merge: '合膜处',
  laminator_in: '覆膜前',
  laminator: '覆膜处',
  cooler: '冷却处',
  exit: '出口',
  hand: '手里',
  reject_bin: '废卡箱',
  retract_bin: '回收箱',
  staff: '工作人员',
  fallen: '机内',
};

/** @type {any} */
let state = {};
/** @type {any} */
let cable = null;
let look = () => {};

/** @param {(error: unknown) => void} failed */
export function showMaker(failed) {
  const act = (/** @type {Promise<any>} */ asked) => asked.then(look, failed);
  const keys = byId('maker-controls');
  /** @param {string} name @param {string} said @param {() => Promise<any>} press */
  const key = (name, said, press) =>
    keys.append(make('button', { type: 'button', 'data-maker': name, onclick: () => act(press()) }, said));
  key('power', '断电', () => ask('POST', '/maker/power', { on: !state.power }));
  key('jam', '卡住覆膜', () => ask('POST', '/maker/fault', { code: '0406', at: 'LAMINATE' }));
  key('pull', '抽走出口的卡', () => ask('POST', '/maker/pull'));
  key('leave', '没人取卡', () => ask('POST', '/maker/take', { after_s: null }));
  key('take', '有人取卡', () => ask('POST', '/maker/take', {}));
  key('clear', '取出通道里的卡', () => ask('POST', '/maker/clear-path', {}));
  key('heal', '修好', () => ask('DELETE', '/maker/fault'));
  byId('receipts').append(
    ...RECEIPTS.map(([text, who]) =>
      make(
        'button',
        { type: 'button', 'data-receipt': text, onclick: () => act(ask('POST', '/scanner/scan', { text })) },
        `扫描领取凭证：${who}`,
      ),
    ),
  );
  const pull = () => ask('POST', '/lan', { line: cable?.line === 'silent' ? 'plugged' : 'silent' });
  byId('lan-controls').append(make('button', { type: 'button', 'data-lan': 'pull', onclick: () => act(pull()) }, ''));
  look = repeat(700, async () => {
    state = await ask('GET', '/maker').catch(() => null);
    cable = await ask('GET', '/lan').catch(() => null);
    draw();
  });
}

function said() {
  if (!state.power) return '没有电';
  const parts = [`${state.mode ?? ''}${state.step ? ` · ${state.step}` : ''}`, `${Math.round(state.heater_c)} 度`];
  if (state.fault !== '0000') parts.unshift(`故障 ${state.fault}`);
  return parts.join(' · ');
}

function draw() {
  byId('maker-part').hidden = !state;
  byId('lan-part').hidden = !cable;
  if (cable) {
    const silent = cable.line === 'silent';
    setText(byId('lan-state'), silent ? '网线已拔掉' : '网线插着');
    const button = byId('lan-controls').querySelector('button');
    if (button) setText(button, silent ? '插回网线' : '拔掉网线');
  }
  if (!state) return;
  setText(byId('maker-state'), said());
  byId('maker-state').className = state.power && state.fault === '0000' ? 'state' : 'state bad';
  const power = byId('maker-controls').querySelector('[data-maker=power]');
  if (power) setText(power, state.power ? '断电' : '通电');
  const list = byId('cards');
  const key = JSON.stringify(state.cards);
  if (list.dataset.key === key) return;
  list.dataset.key = key;
  list.replaceChildren(...state.cards.map(card));
}

/** @param {{id: number, place: string, pressed: boolean}} card */
const card = ({ id, place, pressed }) =>
  make(
    'li',
    {},
    make('img', { src: `/maker/cards/${id}.png?${pressed}`, alt: `第 ${id} 张卡`, width: 150 }),
    make('span', {}, PLACES[place] ?? place),
  );
