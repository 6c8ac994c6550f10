// The phone page: where one ticket stands. It polls, because a phone in a pocket drops every stream, and it keeps the
// last state with its age when the network is away. It never shows a person.
//
// Whoever has no whole QR types the number and the check code of the slip. The pair stays in this page's memory: it is
// not in the address, and gone with the page.

import { refusal } from '../hall/api.js';
import { askPair, sayPair, showTicket, showUnknown, showWaiting } from './view.js';
import { askAgainAfterS } from './wait.js';
import { languageFor, wordsOf } from './words.js';

/** @typedef {import('./words.js').LookupView} LookupView */

const LANGUAGE_KEY = 'yimen.lang';
const AWAY_AFTER_MS = 8000;
const ANSWER_WAIT_MS = 8000;

const token = new URLSearchParams(location.search).get('t') ?? '';
const state = {
  /** @type {import('./wait.js').Lang} */
  lang: remembered() ?? languageFor(navigator.language),
  /** @type {LookupView|null} */
  view: null,
  unknown: token === '',
  /** @type {{number: string, check_code: string}|null} */
  pair: null,
  heardAt: 0,
  failures: 0,
  /** @type {string|null} */
  etag: null,
};
/** @type {ReturnType<typeof setTimeout>|undefined} */
let timer;
let asking = false;

/** @returns {import('./wait.js').Lang|null} */
function remembered() {
  const lang = localStorage.getItem(LANGUAGE_KEY);
  return lang === 'zh-Hans' || lang === 'zh-Hant' || lang === 'en' ? lang : null;
}

function draw() {
  askPair(state.lang, state.unknown);
  if (state.unknown) showUnknown(state.lang, token === '');
  else if (state.view === null) showWaiting(state.lang, state.failures > 0);
  else showTicket(state.view, state.lang, { heardAt: state.heardAt, away: isAway(), now: Date.now() });
}

/** A single lost answer is not worth a word; a second one, or a while without any, is. */
const isAway = () => state.failures > 1 || (state.failures > 0 && Date.now() - state.heardAt > AWAY_AFTER_MS);

async function look() {
  if (asking || (token === '' && state.pair === null)) return;
  asking = true;
  clearTimeout(timer);
  let againS = null;
  try {
    againS = await lookOnce();
    state.failures = 0;
  } catch {
    state.failures += 1;
    againS = Math.min(15, 2 ** state.failures);
  }
  asking = false;
  draw();
  if (againS !== null) timer = setTimeout(look, againS * 1000 * (0.9 + Math.random() / 5));
}

/** By the token of the address, or by what was typed. @returns {Promise<Response>} */
function askOnce() {
  /** @type {Record<string, string>} */
  const headers = state.etag === null ? {} : { 'if-none-match': state.etag };
  /** @type {RequestInit} */
  const request = { headers, cache: 'no-store', signal: AbortSignal.timeout(ANSWER_WAIT_MS) };
  if (state.pair === null) return fetch(`/api/v1/lookup?t=${encodeURIComponent(token)}`, request);
  headers['content-type'] = 'application/json';
  return fetch('/api/v1/lookup', { ...request, method: 'POST', body: JSON.stringify(state.pair) });
}

/** What was typed is wrong, or nobody listens any more for a while. @param {Response} answer @returns {null} */
function pairRefused(answer) {
  const words = wordsOf(state.lang);
  const minutes = Math.ceil((Number(answer.headers.get('retry-after')) || 600) / 60);
  state.pair = null;
  state.unknown = true;
  sayPair(answer.status === 429 ? words.pairSilent(minutes) : words.pairWrong);
  return null;
}

/** @param {Event} event */
function typed(event) {
  event.preventDefault();
  const field = (id) => /** @type {HTMLInputElement} */ (document.getElementById(id)).value.trim();
  state.pair = { number: field('pair-number').toUpperCase(), check_code: field('pair-code') };
  state.view = null;
  state.etag = null;
  sayPair('');
  look();
}

/** Asks once. @returns {Promise<number|null>} seconds until the next time, null when nothing more can change */
async function lookOnce() {
  const answer = await askOnce();
  if (state.pair !== null && state.view === null && [400, 404, 422, 429].includes(answer.status)) {
    return pairRefused(answer);
  }
  if (answer.status === 404 || answer.status === 400) {
    state.unknown = true;
    return state.pair === null ? 30 : null;
  }
  if (answer.status === 429 || answer.status === 503) {
    const { problem } = refusal(answer, '{}');
    if (state.view === null) state.failures += 1;
    return problem.retryAfterS ?? 15;
  }
  if (answer.status !== 304) {
    if (!answer.ok) throw new Error(`HTTP ${answer.status}`);
    state.view = await answer.json();
    state.etag = answer.headers.get('etag');
  }
  state.unknown = false;
  state.heardAt = Date.now();
  return state.view && askAgainAfterS(state.view.state, state.view.people_ahead);
}

function chooseLanguage(event) {
  const lang = event.target instanceof HTMLElement ? event.target.dataset.lang : undefined;
  if (lang !== 'zh-Hans' && lang !== 'zh-Hant' && lang !== 'en') return;
  state.lang = lang;
  localStorage.setItem(LANGUAGE_KEY, lang);
  draw();
}

document.getElementById('languages')?.addEventListener('click', chooseLanguage);
document.getElementById('pair')?.addEventListener('submit', typed);
document.addEventListener('visibilitychange', () => {
  // WeChat freezes a page in the background; what it shows on return is as old as the pause.
  if (document.visibilityState === 'visible') look();
});
window.addEventListener('online', look);
window.addEventListener('pageshow', look);
setInterval(() => {
  if (state.failures > 0) draw();
}, 1000);
draw();
look();
