// The auditor's page: what was done, by whom, with what result. Reading it is written down as well.

import { AnswerLost, Refused, ask } from '../hall/api.js';
import { byId, make, setText } from '../hall/dom.js';
import { doneInWords, valueInWords, whoInWords, whyInWords } from './words.js';

/** Where the page before this one ends, in both logs; null when there is none. */
let older = null;

/** @param {any} record */
function row(record) {
  const values = [record.old, record.new].filter((text) => text !== '');
  const change = values.map((value) => valueInWords(record.action, value)).join(' → ');
  const refused = record.result !== 'done';
  const alarm = record.action === 'audit.broken';
  return make(
    'tr',
    { class: refused || alarm ? 'bad' : null },
    make('td', {}, `${record.log === 'hall' ? '账本' : '审计'} ${record.seq}`),
    make('td', {}, new Date(record.at).toLocaleString('zh-CN', { hour12: false, timeZone: 'Asia/Shanghai' })),
    make('td', {}, whoInWords(record.actor)),
    make('td', {}, whoInWords(record.source)),
    make('td', {}, doneInWords(record.action)),
    make('td', { class: 'mono' }, record.object),
    make('td', {}, change),
    make('td', {}, whyInWords(record.reason)),
    make('td', {}, refused ? '拒绝' : '完成'),
  );
}

/** @param {{gate: number, hall: number}|null} before */
async function read(before) {
  setText(byId('message'), '');
  try {
    const where = before === null ? '' : `?gate=${before.gate}&hall=${before.hall}`;
    const answer = await ask('GET', `/api/v1/audit${where}`);
    older = answer.older;
    /** @type {HTMLButtonElement} */ (byId('older')).disabled = older === null;
    byId('records').replaceChildren(...answer.records.toReversed().map(row));
    setText(byId('range'), answer.records.length === 0 ? '没有更早的记录' : `${answer.records.length} 条`);
  } catch (error) {
    if (error instanceof AnswerLost) setText(byId('message'), '没有收到叫号系统的答复，请再试一次');
    else if (error instanceof Refused && error.problem.status === 403) setText(byId('message'), '只有审计员可以查看');
    else if (error instanceof Refused) setText(byId('message'), error.problem.detail ?? '系统没有接受');
    else throw error;
  }
}

byId('older').addEventListener('click', () => read(older));
byId('newest').addEventListener('click', () => read(null));
byId('out').addEventListener('click', async () => {
  await ask('POST', '/api/v1/sign-out');
  location.replace('/sign-in');
});
await read(null);
const who = await ask('GET', '/api/v1/session', { stay: true }).catch(() => null);
setText(byId('who'), who?.account ?? '');
