// The staff page at the makers of temporary cards: how each machine is, what is to be done, and what staff had it do.
// Who may act is checked at the kiosk; this page asks for numbers and passwords each time and keeps neither.

import { AnswerLost, Refused, ask, credentials } from '../hall/api.js';
import { timeOfDay } from '../hall/clock.js';
import { byId, setText } from '../hall/dom.js';
import { offerWayOut } from '../hall/leave.js';
import { show } from './view.js';
import { refusalInWords } from './words.js';

/** @typedef {import('./view.js').Maker} Maker */
/** @typedef {import('./words.js').Act} Act */

const RENEW_MS = 1000;

credentials();
/** @type {{maker: Maker, act: Act}|null} */
let doing = null;

/** @param {string} id */
const input = (id) => /** @type {HTMLInputElement} */ (byId(id));
const dialog = () => /** @type {HTMLDialogElement} */ (byId('act'));

/** @param {string} text @param {'note'|'error'} tone */
function say(text, tone = 'note') {
  byId('message').className = `message ${tone}`;
  setText(byId('message'), text);
}

/** @param {Maker} maker @param {Act} act */
function begin(maker, act) {
  doing = { maker, act };
  setText(byId('act-title'), act.label);
  setText(byId('act-hint'), act.hint);
  byId('act-number-row').hidden = !act.number;
  byId('act-why-row').hidden = !act.why;
  byId('second').hidden = !act.two;
  for (const id of ['act-number', 'act-why', 'staff-1', 'staff-2', 'password-1', 'password-2']) input(id).value = '';
  dialog().showModal();
  input(act.number ? 'act-number' : act.why ? 'act-why' : 'staff-1').focus();
}

async function send() {
  if (!doing) return;
  const { maker, act } = doing;
  doing = null;
  const person = (/** @type {number} */ at) => ({
    no: Number(input(`staff-${at}`).value),
    password: input(`password-${at}`).value,
  });
  const staff = [1, 2].map(person).filter(({ no, password }) => no > 0 && password !== '');
  const action = act.action(Number(input('act-number').value), input('act-why').value);
  for (const id of ['password-1', 'password-2']) input(id).value = '';
  try {
    if (staff.length === 0) return say('请填工号和密码', 'error');
    await ask('POST', `/api/v1/makers/${encodeURIComponent(maker.kiosk)}/orders`, { body: { staff, action } });
    say(`${act.label}：已交给自助机`);
  } catch (error) {
    if (error instanceof Refused) say(refusalInWords(error.problem), 'error');
    else if (error instanceof AnswerLost) say('没有收到答复，请看机器的现状再决定', 'error');
    else throw error;
  }
  await read();
}

async function read() {
  const line = byId('line');
  try {
    const { makers } = await ask('GET', '/api/v1/makers', { byItself: true });
    line.hidden = true;
    show(makers, begin);
  } catch (error) {
    line.hidden = false;
    setText(line, error instanceof Refused ? refusalInWords(error.problem) : '与大厅系统失去联系');
  }
}

byId('act-form').addEventListener('submit', (event) => {
  event.preventDefault();
  dialog().close();
  send();
});
byId('act-back').addEventListener('click', () => {
  doing = null;
  dialog().close();
});
setInterval(() => setText(byId('clock'), timeOfDay(Date.now())), 1000);
setInterval(read, RENEW_MS);
read();
offerWayOut();
