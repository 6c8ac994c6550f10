// The ticket printer: what can go wrong with it, and what came out.

import { byId, make, setText } from '../hall/dom.js';
import { ask, repeat } from './api.js';

/** @typedef {{id: number, taken?: boolean, complete?: boolean, qr?: string|null}} Job */
/**
 * @typedef {{name: string, said: string, on: string, off: string, bad: (state: any) => boolean, make: any,
 *   mend: any}} Fault
 */

/** What a hand can do to a printer. `bad` reads it back from the printer's own state. */
const FAULTS = /** @type {Fault[]} */ ([
  {
    name: 'paper-out',
    said: '没有纸',
    on: '抽走纸卷',
    off: '换上新纸卷',
    bad: (state) => state.paper === 'out',
    make: { paper: 'out' },
    mend: { paper: 'ok' },
  },
  {
    name: 'paper-low',
    said: '纸快用完',
    on: '纸快用完',
    off: '换上新纸卷',
    bad: (state) => state.paper === 'low',
    make: { paper: 'low' },
    mend: { paper: 'ok' },
  },
  {
    name: 'cover',
    said: '上盖开着',
    on: '打开上盖',
    off: '合上上盖',
    bad: (state) => state.cover === 'open',
    make: { cover: 'open' },
    mend: { cover: 'closed' },
  },
  {
    name: 'cutter',
    said: '切刀卡住',
    on: '卡住切刀',
    off: '修好切刀',
    bad: (state) => state.cutter === 'jam' || state.cutter === 'jammed',
    make: { cutter: 'jam' },
    mend: { cutter: 'ok' },
  },
  {
    name: 'offline',
    said: '脱机',
    on: '按成脱机',
    off: '恢复联机',
    bad: (state) => state.offline === true,
    make: { offline: true },
    mend: { offline: false },
  },
  {
    name: 'mute',
    said: '不回答',
    on: '不回答',
    off: '恢复回答',
    bad: (state) => state.mute === true,
    make: { mute: true },
    mend: { mute: false },
  },
]);

const SHOWN_MAX = 12;

/** @type {any} */
let state = {};
let plugged = true;
/** @type {Job[]} */
let jobs = [];
let look = () => {};

/** @param {(error: unknown) => void} failed */
export function showPrinter(failed) {
  const act = (/** @type {Promise<any>} */ asked) => asked.then(look, failed);
  const controls = byId('printer-controls');
  for (const fault of FAULTS) {
    const press = () => act(ask('POST', '/printer/fault', fault.bad(state) ? fault.mend : fault.make));
    controls.append(make('button', { type: 'button', 'data-fault': fault.name, onclick: press }, fault.on));
  }
  const plug = () => act(ask('POST', `/printer/${plugged ? 'unplug' : 'plug'}`));
  controls.append(make('button', { type: 'button', 'data-fault': 'plug', onclick: plug }, '拔掉电缆'));
  byId('slot').addEventListener('click', () => act(ask('POST', '/printer/take')));
  const dialog = /** @type {HTMLDialogElement} */ (byId('large'));
  byId('tickets').addEventListener('click', (event) => {
    if (!(event.target instanceof HTMLImageElement)) return;
    /** @type {HTMLImageElement} */ (byId('large-picture')).src = event.target.src;
    dialog.showModal();
  });
  look = repeat(700, async () => {
    const [now, plug, printed] = await Promise.all([
      ask('GET', '/printer'),
      ask('GET', '/printer/plugged'),
      ask('GET', '/printer/jobs'),
    ]);
    state = now;
    plugged = plug.plugged;
    jobs = (printed.jobs ?? printed).toSorted((a, b) => b.id - a.id);
    draw();
  });
}

function draw() {
  const bad = FAULTS.filter((fault) => fault.bad(state));
  for (const fault of FAULTS) {
    const button = byId('printer-controls').querySelector(`[data-fault="${fault.name}"]`);
    if (!button) continue;
    setText(button, bad.includes(fault) ? fault.off : fault.on);
    button.setAttribute('aria-pressed', String(bad.includes(fault)));
  }
  const plug = byId('printer-controls').querySelector('[data-fault="plug"]');
  if (plug) setText(plug, plugged ? '拔掉电缆' : '插回电缆');
  plug?.setAttribute('aria-pressed', String(!plugged));
  const said = [...bad.map((fault) => fault.said), plugged ? '' : '电缆已拔掉'].filter((text) => text !== '');
  setText(byId('printer-state'), said.length > 0 ? said.join('，') : '正常，纸张充足');
  byId('printer-state').className = said.length > 0 ? 'state bad' : 'state';
  drawTickets();
}

function drawTickets() {
  const hanging = jobs.find((job) => job.taken === false);
  const picture = /** @type {HTMLImageElement} */ (byId('hanging'));
  picture.hidden = hanging === undefined;
  if (hanging && picture.dataset.job !== String(hanging.id)) {
    picture.dataset.job = String(hanging.id);
    picture.src = pictureOf(hanging);
  }
  const slot = /** @type {HTMLButtonElement} */ (byId('slot'));
  slot.disabled = hanging === undefined;
  setText(byId('slot-hint'), hanging ? '点一下拿走号票' : '');
  const list = byId('tickets');
  const shown = jobs.slice(0, SHOWN_MAX);
  const key = shown.map((job) => `${job.id}${job.complete}${job.taken}`).join();
  if (list.dataset.key === key) return;
  list.dataset.key = key;
  const none = make('li', { class: 'none' }, '还没有。打出来的每一张都会留在这里。');
  list.replaceChildren(...(shown.length > 0 ? shown.map(ticket) : [none]));
}

/** @param {Job} job */
const pictureOf = (job) => `/printer/jobs/${job.id}.png`;

/** @param {Job} job */
function ticket(job) {
  const torn = job.complete === false;
  return make(
    'li',
    { 'data-job': job.id },
    make('img', { src: pictureOf(job), alt: `第 ${job.id} 张号票`, loading: 'lazy' }),
    make('p', {}, `第 ${job.id} 张`, torn && make('b', {}, ' 未打完')),
    job.qr && make('a', { href: job.qr, target: '_blank', rel: 'noopener' }, '手机查询'),
  );
}
