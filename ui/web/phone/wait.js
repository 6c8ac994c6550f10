// How long a wait is, in words, always as a range: one number would be taken for a promise. Pure.

/** @typedef {{p10_s: number, p50_s: number, p90_s: number}} WaitRange */
/** @typedef {'zh-Hans'|'zh-Hant'|'en'} Lang */

const UNITS = {
  'zh-Hans': { soon: '马上就到', minutes: '分钟', hours: '小时', about: '约 ', under: '不到 ' },
  'zh-Hant': { soon: '馬上就到', minutes: '分鐘', hours: '小時', about: '約 ', under: '不到 ' },
  en: { soon: 'any moment now', minutes: 'min', hours: 'hours', about: 'about ', under: 'less than ' },
};

/** From this many minutes on, people think in hours. */
const IN_HOURS_FROM = 100;

/**
 * `约 12–20 分钟`. Rounded outwards, so that the true wait is not left out by rounding.
 * @param {WaitRange} wait
 * @param {Lang} lang
 */
export function waitInWords(wait, lang) {
  const unit = UNITS[lang];
  const low = Math.floor(wait.p10_s / 60);
  const high = Math.ceil(wait.p90_s / 60);
  if (high <= 1) return unit.soon;
  if (low < 1) return `${unit.under}${high} ${unit.minutes}`;
  if (high >= IN_HOURS_FROM) return `${unit.about}${inHours(wait)} ${unit.hours}`;
  if (low === high) return `${unit.about}${low} ${unit.minutes}`;
  return `${unit.about}${low}–${high} ${unit.minutes}`;
}

/** Half hours, rounded outwards: `1.5–2`. @param {WaitRange} wait */
function inHours(wait) {
  const low = Math.floor(wait.p10_s / 1800) / 2;
  const high = Math.ceil(wait.p90_s / 1800) / 2;
  return low === high || low === 0 ? `${high}` : `${low}–${high}`;
}

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
