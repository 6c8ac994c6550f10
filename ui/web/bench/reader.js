// The drawer of made-up people, and the reader that one card at a time lies on.

import { byId, make, setText } from '../hall/dom.js';
import { ask, repeat } from './api.js';

/**
 * A card of the drawer; `card` is what is laid on the reader.
 * @typedef {{id: string, name: string, kind: string, note?: string, card: {number: string}}} Person
 */

/** @type {Record<string, string>} */
const KINDS = {
  resident_id: '居民身份证',
  hmt_permit: '港澳台居民居住证',
  foreigner_2017: '外国人永久居留证 2017 版',
  foreigner_2023: '外国人永久居留证 2023 版',
};

/** @typedef {{name: string, on: string, off: string, form: any, active: (state: any) => boolean}} Fault */

/** What can go wrong between card, reader and cable. */
const FAULTS = /** @type {Fault[]} */ ([
  {
    name: 'pulled',
    on: '下次读到一半抽走证件',
    off: '取消抽走',
    form: { pull_after_select: true, times: 1 },
    active: (state) => state.faults?.some((rule) => rule.pull_after_select),
  },
  {
    name: 'silent',
    on: '不回答',
    off: '恢复回答',
    form: { no_reply: true },
    active: (state) => state.faults?.some((rule) => rule.no_reply),
  },
  {
    name: 'noise',
    on: '线路有干扰',
    off: '去掉干扰',
    form: { corrupt_check: true },
    active: (state) => state.faults?.some((rule) => rule.corrupt_check),
  },
  {
    name: 'health',
    on: '自检失败',
    off: '修好模块',
    form: { health: 'self_test_failed' },
    active: (state) => state.health !== undefined && state.health !== 'ok',
  },
]);

/** @type {Person[]} */
let drawer = [];
/** @type {any} */
let state = {};
let plugged = true;
let look = () => {};

/** @param {(error: unknown) => void} failed */
export function showReader(failed) {
  const act = (/** @type {Promise<any>} */ asked) => asked.then(look, failed);
  byId('drawer').addEventListener('click', (event) => {
    const button = event.target instanceof Element ? event.target.closest('button') : null;
    const person = drawer.find((one) => one.id === button?.dataset.person);
    if (!person) return;
    act(person === lying() ? ask('DELETE', '/id-reader/card') : ask('POST', '/id-reader/card', person.card));
  });
  byId('pad').addEventListener('click', () => {
    if (state.card) act(ask('DELETE', '/id-reader/card'));
  });
  const controls = byId('reader-controls');
  for (const fault of FAULTS) {
    const press = () =>
      act(fault.active(state) ? ask('DELETE', '/id-reader/fault') : ask('POST', '/id-reader/fault', fault.form));
    controls.append(make('button', { type: 'button', 'data-fault': fault.name, onclick: press }, fault.on));
  }
  const plug = () => act(ask('POST', `/id-reader/${plugged ? 'unplug' : 'plug'}`));
  controls.append(make('button', { type: 'button', 'data-fault': 'plug', onclick: plug }, '拔掉电缆'));
  look = repeat(700, async () => {
    if (drawer.length === 0) {
      drawer = await ask('GET', '/id-reader/drawer');
      byId('drawer').replaceChildren(...drawer.map(card));
    }
    const [now, plug] = await Promise.all([ask('GET', '/id-reader'), ask('GET', '/id-reader/plugged')]);
    state = now;
    plugged = plug.plugged;
    draw();
  });
}

/** The person of the drawer whose card lies on the reader. */
const lying = () => drawer.find((one) => state.card && one.card.number === state.card.number);

/** A name longer than this is written smaller. */
const LONG_NAME = 6;

/** @param {Person} person */
function card(person) {
  const kind = KINDS[person.kind] ?? person.kind;
  const noted = person.note && !person.note.startsWith(kind.slice(0, 6));
  return make(
    'li',
    {},
    make(
      'button',
      { type: 'button', class: `card ${person.kind}`, 'data-person': person.id, 'aria-pressed': 'false' },
      make('img', { src: '/web/bench/face.svg', alt: '', width: 44, height: 53 }),
      make(
        'span',
        { class: 'text' },
        make('span', { class: 'kind' }, kind),
        make('span', { class: person.name.length > LONG_NAME ? 'name long' : 'name' }, person.name),
        noted && make('span', { class: 'note' }, person.note),
      ),
    ),
  );
}

function draw() {
  const person = lying();
  for (const button of byId('drawer').querySelectorAll('button')) {
    button.setAttribute('aria-pressed', String(button.dataset.person === person?.id));
  }
  const pad = byId('pad');
  pad.classList.toggle('has-card', Boolean(state.card));
  pad.classList.toggle('dead', !plugged);
  byId('lying').className = `lying ${person?.kind ?? ''}`;
  setText(byId('lying'), state.card ? `${person?.name ?? '证件'} · 点一下拿走` : '把证件放在这里');
  for (const fault of FAULTS) press(fault.name, Boolean(fault.active(state)), fault.on, fault.off);
  press('plug', !plugged, '拔掉电缆', '插回电缆');
  const bad = !plugged || FAULTS.some((fault) => fault.active(state));
  setText(byId('reader-state'), bad ? '有故障' : state.card ? '正常，有一张证件' : '正常，没有证件');
  byId('reader-state').className = bad ? 'state bad' : 'state';
}

/** @param {string} name @param {boolean} active @param {string} on @param {string} off */
function press(name, active, on, off) {
  const button = byId('reader-controls').querySelector(`[data-fault="${name}"]`);
  if (!button) return;
  setText(button, active ? off : on);
  button.setAttribute('aria-pressed', String(active));
}
