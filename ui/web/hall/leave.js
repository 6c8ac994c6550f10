// The way out, on every page of staff: a shared screen must not stay somebody's.

import { ask, authorisation } from './api.js';
import { byId, make } from './dom.js';

/** Ends the session; what the page shows goes with it. */
async function leave() {
  await ask('POST', '/api/v1/sign-out', { stay: true });
  location.replace(`/sign-in`);
}

/**
 * Puts a button with the account's code into the header, where somebody has signed in. A token of the machine and a
 * certificate are nobody's session.
 */
export async function offerWayOut() {
  if ('authorization' in authorisation()) return;
  const who = await ask('GET', '/api/v1/session', { stay: true, byItself: true }).catch(() => null);
  if (!who) return;
  const button = make('button', { id: 'out', class: 'out', type: 'button', title: '退出登录' }, `${who.account} 退出`);
  button.addEventListener('click', () => leave().catch(() => byId('message').replaceChildren('没有退出，请再试一次')));
  document.querySelector('header')?.append(button);
}
