// When the phone page asks again. Pure.

/** @typedef {{p10_s: number, p50_s: number, p90_s: number}} WaitRange */
/** @typedef {'zh-Hans'|'zh-Hant'|'en'} Lang */

/** @typedef {'offline'|'waiting'|'called'|'serving'|'held'|'finished'|'no-show'|'cancelled'} LookupState */

/**
 * How long until the page asks again, in seconds; null when nothing more can change. The nearer the turn, the oftener.
 * @param {LookupState} state
 * @param {number} ahead people before it
 * @returns {number|null}
 */
export function askAgainAfterS(state, ahead) {
  if (state === 'finished' || state === 'cancelled') return null;
  if (state === 'waiting') return ahead > 20 ? 20 : ahead > 5 ? 10 : 4;
  return state === 'called' ? 4 : 12;
}
