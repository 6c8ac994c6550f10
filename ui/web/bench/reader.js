// The drawer of made-up people, and the reader that one card at a time lies on.

import { byId, make, setText } from '../hall/dom.js';
import { ask, repeat } from './api.js';

/** @typedef {{id: string, name: string, kind: string, note?: string}} Person */

/** @type {Record<string, {zh: string, en: string}>} */
const KINDS = {
  resident_id: { zh: '居民身份证', en: 'Resident ID card' },
  hmt_permit: { zh: '港澳台居民居住证', en: 'Residence permit, HK / Macao / Taiwan' },
  foreigner_pr_2017: { zh: '外国人永久居留身份证（2017 版）', en: 'Permanent residence card, 2017' },
  foreigner_pr_2023: { zh: '外国人永久居留身份证（2023 版）', en: 'Permanent residence card, 2023' },
};

/** @type {Person[]} */
let drawer = [];
/** @type {string|null} */
let lying = null;
let plugged = true;
let look = () => {};

/** @param {(error: unknown) => void} failed */
export function showReader(failed) {
  const act = (/** @type {Promise<any>} */ asked) => asked.then(look, failed);
  const toggle = (/** @type {string|null} */ id) =>
    act(id === null || id === lying ? ask('DELETE', '/id-reader/card') : ask('POST', '/id-reader/card', { drawer: id }));
  byId('drawer').addEventListener('click', (event) => {
    const card = event.target instanceof Element ? event.target.closest('button') : null;
    if (card?.dataset.person) toggle(card.dataset.person);
  });
  byId('pad').addEventListener('click', () => {
    if (lying !== null) toggle(null);
  });
  byId('reader-controls').append(
    make('button', { type: 'button', id: 'reader-plug' }, '拔掉电缆'),
  );
  byId('reader-plug').addEventListener('click', () => act(ask('POST', `/id-reader/${plugged ? 'unplug' : 'plug'}`)));
  look = repeat(700, async () => {
    if (drawer.length === 0) {
      const answer = await ask('GET', '/id-reader/drawer');
      drawer = answer.cards ?? answer;
      byId('drawer').replaceChildren(...drawer.map(card));
    }
    const [state, plug] = await Promise.all([ask('GET', '/id-reader'), ask('GET', '/id-reader/plugged')]);
    plugged = plug.plugged;
    lying = lyingCard(state);
    draw();
  });
}

/**
 * Which card of the drawer lies on the reader; `?` for one that came from elsewhere.
 * @param {any} state
 * @returns {string|null}
 */
function lyingCard(state) {
  const card = state.card ?? null;
  if (card === null || card === false) return null;
  return state.drawer ?? card.drawer ?? card.id ?? '?';
}

/** @param {Person} person */
function card(person) {
  const kind = KINDS[person.kind] ?? { zh: person.kind, en: '' };
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
        make('span', { class: 'kind' }, kind.zh),
        make('span', { class: 'name' }, person.name),
        person.note && make('span', { class: 'note' }, person.note),
      ),
    ),
  );
}

function draw() {
  for (const button of byId('drawer').querySelectorAll('button')) {
    button.setAttribute('aria-pressed', String(button.dataset.person === lying));
  }
  const person = drawer.find((one) => one.id === lying);
  const pad = byId('pad');
  pad.classList.toggle('has-card', lying !== null);
  pad.classList.toggle('dead', !plugged);
  setText(byId('lying'), lying === null ? '把证件放在这里' : `${person?.name ?? '证件'} · 点一下拿走`);
  setText(byId('reader-plug'), plugged ? '拔掉电缆 Unplug' : '插回电缆 Plug in');
  setText(byId('reader-state'), !plugged ? '电缆已拔掉' : lying === null ? '正常，没有证件' : '正常，有一张证件');
  byId('reader-state').className = plugged ? 'state' : 'state bad';
}
