// Asking the dispatcher. Credentials come from the address's fragment, which never travels to a server or into a log.

import { signInFrom } from '../sign-in/where.js';

const TOKEN_KEY = 'yimen.token';
const CLERK_KEY = 'yimen.clerk';

/** The dispatcher's refusal, as a problem document. */
export class Refused extends Error {
  /** @param {{code?: string, title?: string, detail?: string, status: number, retryAfterS?: number}} problem */
  constructor(problem) {
    super(problem.title ?? `HTTP ${problem.status}`);
    this.problem = problem;
  }
}

/** No answer came: what became of the request is unknown. */
export class AnswerLost extends Error {}

/**
 * Takes `#token=...&clerk=...` out of the address into this tab's session, and removes it from the address bar, where a
 * passer-by could read it.
 * @returns {{token: string|null, clerk: string|null}}
 */
export function credentials() {
  const fragment = new URLSearchParams(location.hash.slice(1));
  for (const [name, key] of [['token', TOKEN_KEY], ['clerk', CLERK_KEY]]) {
    const given = fragment.get(name);
    if (given) sessionStorage.setItem(key, given);
  }
  if (fragment.has('token')) history.replaceState(null, '', location.pathname + location.search);
  return { token: sessionStorage.getItem(TOKEN_KEY), clerk: sessionStorage.getItem(CLERK_KEY) };
}

/**
 * The headers that say who asks. Without a token the client certificate of the machine speaks for it.
 * @returns {Record<string, string>}
 */
export function authorisation() {
  const token = sessionStorage.getItem(TOKEN_KEY);
  return token ? { authorization: `Bearer ${token}` } : {};
}

/** A key that makes a repeated request the same request. Works on plain HTTP too, where randomUUID is not offered. */
export function idempotencyKey() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6] & 0x0f) | 0x40;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  const hex = [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('');
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}

/**
 * Asks and returns the JSON of the answer, or null when it has none (204).
 * @param {'GET'|'POST'|'PUT'|'DELETE'} method
 * @param {string} path
 * @param {{body?: any, key?: string, waitMs?: number, stay?: boolean, byItself?: boolean}} [more]
 *   `stay`: do not leave for the sign-in page; `byItself`: nobody has touched the page, so nobody stays signed in
 * @returns {Promise<any>}
 * @throws {Refused|AnswerLost}
 */
export async function ask(method, path, { body, key, waitMs = 8000, stay = false, byItself = false } = {}) {
  /** @type {Record<string, string>} */
  const headers = { accept: 'application/json', ...authorisation() };
  if (body !== undefined) headers['content-type'] = 'application/json';
  if (key) headers['idempotency-key'] = key;
  if (byItself) headers['x-yimen-by-itself'] = '1';
  try {
    const response = await fetch(path, {
      method,
      headers,
      body: body === undefined ? undefined : JSON.stringify(body),
      signal: AbortSignal.timeout(waitMs),
      cache: 'no-store',
    });
    const text = await response.text();
    if (response.status === 401 && !stay) askToSignIn();
    if (!response.ok) throw refusal(response, text);
    return text === '' ? null : JSON.parse(text);
  } catch (error) {
    if (error instanceof Refused) throw error;
    throw new AnswerLost(String(error));
  }
}

/**
 * Leaves for the sign-in page, where a session is what lacks: whoever brought a token, or is there already, stays.
 */
export function askToSignIn() {
  if (sessionStorage.getItem(TOKEN_KEY) || location.pathname === '/sign-in') return;
  location.replace(signInFrom(location));
}

/** @param {Response} response @param {string} text */
export function refusal(response, text) {
  let document = {};
  try {
    document = JSON.parse(text);
  } catch {
    // A proxy's error page: the status alone must do.
  }
  const retryAfterS = Number(response.headers.get('retry-after')) || undefined;
  return new Refused({ ...document, status: response.status, retryAfterS });
}
