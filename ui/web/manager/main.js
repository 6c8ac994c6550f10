// The manager's page: the live hall, why each number was called, what was done past the rule, and what would be if.
// It reads one document, again after each event of the hall and every few seconds; what it steers is one request each.

import { AnswerLost, Refused, ask, askToSignIn, credentials, idempotencyKey } from '../hall/api.js';
import { timeOfDay } from '../hall/clock.js';
import { pick } from '../clerk/picker.js';
import { byId, setText } from '../hall/dom.js';
import { offerWayOut } from '../hall/leave.js';
import { askReason } from '../hall/reason.js';
import { followHall } from '../hall/stream.js';
import { show } from './view.js';
import { refusalInWords } from './words.js';

/** @typedef {import('./view.js').ManagerView} ManagerView */

/** Waits grow without an event; so the page looks again after this long. */
const RENEW_MS = 5000;
/** A hall in full swing has several events a second; the document is read at most this often. */
const SETTLE_MS = 500;

credentials();
/** @type {ManagerView|null} */
let view = null;
let reading = false;
let readAgain = false;

/** @param {string} text @param {'note'|'error'} tone */
function say(text, tone = 'note') {
  const message = byId('message');
  message.className = `message ${tone}`;
  setText(message, text);
}

/** @param {unknown} error */
function sayFailure(error) {
  if (error instanceof Refused) say(refusalInWords(error.problem), 'error');
  else if (error instanceof AnswerLost) say('没有收到叫号系统的答复，请看页面上的现状再决定', 'error');
  else throw error;
}

async function read() {
  readAgain = true;
  if (reading) return;
  reading = true;
  while (readAgain) {
    readAgain = false;
    try {
      view = /** @type {ManagerView} */ (await ask('GET', '/api/v1/manager', { byItself: true }));
      show(view, tryWindow);
    } catch (error) {
      // A lost answer is told by the line; it is asked for again soon.
      if (error instanceof Refused) sayFailure(error);
    }
    await new Promise((resolve) => setTimeout(resolve, SETTLE_MS));
  }
  reading = false;
}

/** @param {import('./view.js').WindowNow} window */
async function tryWindow(window) {
  const body = window.state === 'open' ? { close: [window.id] } : { open: [window.id] };
  setText(byId('whatif'), '正在推算…');
  try {
    const answer = await ask('POST', '/api/v1/whatif', { body });
    setText(byId('whatif'), answer.text.zh);
  } catch (error) {
    setText(byId('whatif'), '');
    sayFailure(error);
  }
}

async function chooseWindow() {
  const shut = (view?.windows ?? []).filter((window) => window.state !== 'open');
  const choices = shut.map((window) => ({
    label: window.name['zh-Hans'],
    note: `可办等候 ${window.waiting} 人`,
    also: window.id,
    value: window,
  }));
  const window = await pick('如果现在开放哪个窗口', choices);
  if (window) await tryWindow(window);
}

async function switchPolicy() {
  if (!view) return;
  const { now, of_file: ofFile, choices } = view.policy;
  const others = choices.filter((choice) => choice.name !== now.name);
  const chosen = await pick(`叫号规则现在是“${now.title.zh}”，换成`, others.map((choice) => ({
    label: choice.title.zh,
    note: choice.name === ofFile ? '大厅设定' : choice.name,
    also: choice.name,
    value: choice,
  })));
  if (!chosen) return;
  const reason = await askReason(`今天改用“${chosen.title.zh}”的原因`);
  if (reason === null) return;
  try {
    await ask('POST', '/api/v1/policy', { body: { policy: chosen.name, reason }, key: idempotencyKey() });
    say(`叫号规则已改为“${chosen.title.zh}”，到今天结束为止`);
  } catch (error) {
    sayFailure(error);
  }
  await read();
}

/** @param {SubmitEvent} event */
async function askWhy(event) {
  event.preventDefault();
  const value = (/** @type {string} */ id) =>
    /** @type {HTMLInputElement} */ (byId(id)).value.trim().toUpperCase();
  const [first, over] = [value('ask-first'), value('ask-over')];
  if (first === '') return;
  const query = over === '' ? '' : `?over=${encodeURIComponent(over)}`;
  try {
    const answer = await ask('GET', `/api/v1/calls/${encodeURIComponent(first)}/why${query}`);
    setText(byId('answer'), answer.over ? answer.over.text.zh : answer.text.zh);
  } catch (error) {
    setText(byId('answer'), '');
    sayFailure(error);
  }
}

/** @type {Record<string, () => void>} */
const KEYS = { p: switchPolicy, w: chooseWindow, y: () => byId('ask-first').focus() };

document.addEventListener('keydown', (event) => {
  const typing = document.activeElement instanceof HTMLInputElement;
  const open = ['picker', 'reason'].some((id) => /** @type {HTMLDialogElement} */ (byId(id)).open);
  if (event.key === 'Escape' && typing && !open) /** @type {HTMLElement} */ (document.activeElement).blur();
  if (typing || open || event.repeat || event.ctrlKey || event.altKey || event.metaKey) return;
  const action = KEYS[event.key.toLowerCase()];
  if (!action) return;
  event.preventDefault();
  action();
});
byId('switch').addEventListener('click', switchPolicy);
byId('try').addEventListener('click', chooseWindow);
byId('ask').addEventListener('submit', askWhy);

let up = false;
followHall({
  changed: () => read(),
  link: (link) => {
    if (link.up && !up) read();
    up = link.up;
    const line = byId('line');
    line.hidden = up;
    if (link.status === 401) askToSignIn();
    if (link.status === 401 || link.status === 403) setText(line, '没有登录或登录已失效');
    else setText(line, link.heardAt ? `与叫号系统失去联系，${timeOfDay(link.heardAt)} 起` : '正在连接叫号系统…');
  },
});
setInterval(() => {
  if (up) read();
}, RENEW_MS);
setInterval(() => setText(byId('clock'), timeOfDay(Date.now())), 1000);
offerWayOut();
