// The console of a window: one key calls the next number. Every action is one request, shown only when the dispatcher
// has said what became of it; when its answer is lost, the window is read again and nothing is guessed or sent twice.

import { AnswerLost, Refused, ask, askToSignIn, credentials, idempotencyKey } from '../hall/api.js';
import { timeOfDay } from '../hall/clock.js';
import { byId, setText } from '../hall/dom.js';
import { offerWayOut } from '../hall/leave.js';
import { LOOKS } from '../hall/looks.js';
import { askReason } from '../hall/reason.js';
import { followHall } from '../hall/stream.js';
import { actionOfKey, isPossible, whyNot } from './actions.js';
import { pick } from './picker.js';
import { showDesk, showMiss, showWaited } from './view.js';
import { CLASSES, DONE, RESTS, finishedPart, refusalInWords } from './words.js';

/** @typedef {import('./actions.js').WindowDesk} WindowDesk */
/** @typedef {import('./actions.js').ActionName} ActionName */

const windowId = new URLSearchParams(location.search).get('w') ?? '';
const { clerk } = credentials();
const state = {
  /** @type {WindowDesk|null} */
  desk: null,
  /** @type {Map<string, import('./view.js').Service>} */
  services: new Map(),
  /** @type {import('../hall/fold.js').HallSnapshot|null} */
  hall: null,
  busy: false,
};

/** @param {string} text @param {'note'|'warning'|'error'} tone */
function say(text, tone = 'note') {
  const message = byId('message');
  message.className = `message ${tone}`;
  setText(message, text);
}

function draw() {
  if (state.desk) showDesk(state.desk, state.services, state.busy);
}

/** @param {number} ms @returns {Promise<void>} */
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** Reads the window, an older answer than what is shown left aside. */
async function readDesk() {
  const desk = await ask('GET', `/api/v1/windows/${encodeURIComponent(windowId)}`, { byItself: true });
  desk.readAt = Date.now();
  if (!state.desk || desk.seq >= state.desk.seq) state.desk = desk;
}

/** Reads the window until the dispatcher answers: what became of a request is never guessed. */
async function readDeskForSure() {
  for (let waitMs = 250; ; waitMs = Math.min(4000, waitMs * 2)) {
    try {
      await readDesk();
      return;
    } catch (error) {
      if (error instanceof Refused) throw error;
      say('没有收到叫号系统的答复，正在核对，请勿重复操作…', 'warning');
      await pause(waitMs);
    }
  }
}

/**
 * Does one thing at a time. While it is under way every key and button is dead, so that a double press cannot call two.
 * @param {() => Promise<string|null>} work returns what to say
 */
async function alone(work) {
  if (state.busy) return;
  state.busy = true;
  draw();
  try {
    const said = await work();
    await readDeskForSure();
    if (said !== null) say(said);
  } catch (error) {
    await afterFailure(error);
  } finally {
    state.busy = false;
    draw();
  }
}

/** @param {unknown} error */
async function afterFailure(error) {
  try {
    if (error instanceof AnswerLost) {
      await readDeskForSure();
      say('刚才的答复丢失了，现已核对，请看屏幕上的当前号码', 'warning');
    } else if (error instanceof Refused) {
      say(refusalInWords(error.problem), 'error');
      await readDeskForSure();
    } else {
      throw error;
    }
  } catch (again) {
    if (!(again instanceof Refused)) throw again;
    say(refusalInWords(again.problem), 'error');
  }
}

/** @param {string} path @param {any} body */
const post = (path, body) => ask('POST', `/api/v1/${path}`, { body, key: idempotencyKey() });

/** @param {import('./actions.js').TicketView} ticket @param {ActionName} name @param {any} [body] */
function onTicket(ticket, name, body = {}) {
  return alone(async () => {
    const after = await post(`tickets/${ticket.id}/${name}`, body);
    return finishedPart(after) ?? DONE[name]?.(ticket.number) ?? null;
  });
}

/** @param {WindowDesk} desk */
function callNext(desk) {
  return alone(async () => {
    const called = await post(`windows/${windowId}/next`, { finish_current: desk.current?.state === 'serving' });
    if (!called) return '现在没有人等候';
    return finishedPart(called.ticket) ?? `请 ${called.ticket.number} 到本窗口`;
  });
}

/** @param {WindowDesk} desk */
async function rest(desk) {
  if (desk.window.state !== 'open') {
    await alone(async () => {
      await post(`windows/${windowId}/open`, { clerk: clerk ?? desk.clerk ?? windowId });
      return '窗口已开放，按空格叫号';
    });
    return;
  }
  const choices = RESTS.map((one) => ({ label: one.label, also: one.also, value: one.reason }));
  const reason = await pick('暂停叫号的原因', choices);
  if (reason === null) return;
  const call = reason === 'end' ? 'close' : 'pause';
  await alone(async () => {
    await post(`windows/${windowId}/${call}`, { reason });
    return call === 'close' ? '窗口已关闭' : '窗口已暂停，回来按 P';
  });
}

/** @param {import('./actions.js').TicketView} ticket */
async function transfer(ticket) {
  const services = [...state.services.values()].filter((one) => !ticket.services.includes(one.id));
  // The dispatcher refuses a window that cannot do the matter: the person would stand there in vain.
  const signs = state.services.get(ticket.services[ticket.matter])?.windows ?? [];
  const can = new Set(signs.map((sign) => sign['zh-Hans']));
  const windows = (state.hall?.windows ?? []).filter(
    (one) => one.id !== windowId && one.state !== 'closed' && can.has(one.name['zh-Hans']),
  );
  const target = await pick(`把 ${ticket.number} 转到哪个窗口或事项`, [
    ...windows.map((one) => ({
      label: one.name['zh-Hans'],
      note: '窗口',
      also: one.id,
      value: { window: one.id },
    })),
    ...services.map((one) => ({
      label: one.name['zh-Hans'],
      note: '事项',
      also: `${one.id} ${one.pinyin_initials} ${one.keywords.join(' ')}`,
      value: { service: one.id },
    })),
  ]);
  if (target !== null) await onTicket(ticket, 'transfer', { ...target, reason: '' });
}

/**
 * Calls a number of the clerk's choice: first a reason for looking, then the number, then the reason for it.
 */
async function pickNumber() {
  const looks = Object.entries(LOOKS).map(([value, label]) => ({ label, also: value, value }));
  const look = await pick('为什么要看等候名单（会留下记录）', looks);
  if (look === null) return;
  /** @type {any} */
  let list = null;
  await alone(async () => {
    list = await ask('GET', `/api/v1/windows/${windowId}/waiting?reason=${look}`, { key: idempotencyKey() });
    return list.tickets.length === 0 ? '现在没有人等候' : null;
  });
  if (!list || list.tickets.length === 0) return;
  const chosen = await pick('叫哪个号', list.tickets.map((one) => ({
    label: one.number,
    note: `${CLASSES[one.class] ?? one.class} · 已等 ${Math.floor(one.waited_s / 60)} 分`,
    also: `${one.service} ${state.services.get(one.service)?.pinyin_initials ?? ''}`,
    value: one,
  })));
  if (!chosen) return;
  const reason = await askReason(`指定呼叫 ${chosen.number} 的原因`);
  if (reason === null) return;
  await alone(async () => {
    await post(`windows/${windowId}/call`, { ticket: chosen.id, reason });
    return `请 ${chosen.number} 到本窗口（指定呼叫，已记录）`;
  });
}

/** @param {import('./actions.js').TicketView[]} tickets @param {string} title */
async function oneOf(tickets, title) {
  if (tickets.length === 1) return tickets[0];
  return pick(title, tickets.map((one) => ({ label: one.number, note: one.masked_name, also: '', value: one })));
}

/** @param {ActionName} name */
async function act(name) {
  const desk = state.desk;
  if (!desk || state.busy) return;
  if (!isPossible(name, desk, Date.now())) {
    say(whyNot(name, desk, Date.now()), 'warning');
    return;
  }
  if (name === 'next') return callNext(desk);
  if (name === 'rest') return rest(desk);
  if (name === 'pick') return pickNumber();
  const ticket = name === 'resume'
    ? await oneOf(desk.held, '恢复哪个号')
    : desk.current ?? (await oneOf(desk.missed, '哪个过号重新排队'));
  if (!ticket) return;
  return name === 'transfer' ? transfer(ticket) : onTicket(ticket, name);
}

document.addEventListener('keydown', (event) => {
  if (['picker', 'reason'].some((id) => /** @type {HTMLDialogElement} */ (byId(id)).open)) return;
  const focused = document.activeElement;
  // A button reached by Tab is pressed by Space and Enter, as everywhere; one left over from a click is not.
  if (focused instanceof HTMLButtonElement && focused.matches(':focus-visible') && [' ', 'Enter'].includes(event.key)) {
    if (event.repeat) event.preventDefault();
    return;
  }
  const name = actionOfKey(event);
  if (name === null) return;
  event.preventDefault();
  act(name);
});

byId('actions').addEventListener('click', (event) => {
  const button = event.target instanceof Element ? event.target.closest('button') : null;
  if (!button) return;
  button.blur();
  act(/** @type {ActionName} */ (button.dataset.action));
});

/** @param {import('../hall/fold.js').HallEvent|null} event */
const concernsUs = (event) =>
  event === null ||
  event.number === state.desk?.current?.number ||
  (event.windows ?? []).some((one) => one.id === windowId) ||
  (event.groups ?? []).some((one) => state.desk?.groups.some((ours) => ours.id === one.id));

let reading = false;
let readAgain = false;

/** Keeps the counts true while nobody presses anything; several events in a row are one read. */
async function readQuietly() {
  readAgain = true;
  if (reading) return;
  reading = true;
  while (readAgain) {
    readAgain = false;
    try {
      await readDesk();
      if (!state.busy) draw();
    } catch (error) {
      if (error instanceof Refused) say(refusalInWords(error.problem), 'error');
      break;
    }
    await pause(200);
  }
  reading = false;
}

async function readServices() {
  const catalogue = await ask('GET', '/api/v1/services', { byItself: true });
  state.services = new Map(catalogue.services.map((one) => [one.id, one]));
  setText(byId('hall-name'), catalogue.hall.name['zh-Hans']);
  draw();
}

if (windowId === '') say('网址里没有窗口号，例如 /clerk?w=W01', 'error');
else {
  let up = false;
  followHall({
    changed: (hall, event) => {
      state.hall = hall;
      if (concernsUs(event)) readQuietly();
    },
    link: (link) => {
      if (link.up && !up) {
        readQuietly();
        readServices().catch(() => {});
      }
      up = link.up;
      const line = byId('line');
      line.hidden = up;
      if (link.status === 401) askToSignIn();
      if (link.status === 401 || link.status === 403) setText(line, '没有登录或登录已失效');
      else setText(line, link.heardAt ? `与叫号系统失去联系，${timeOfDay(link.heardAt)} 起` : '正在连接叫号系统…');
    },
  });
  setInterval(() => {
    if (!state.desk) return;
    showWaited(state.desk, Date.now());
    showMiss(state.desk, state.busy, Date.now());
  }, 1000);
}
offerWayOut();
