// Draws the phone page.

import { timeOfDay } from '../hall/clock.js';
import { byId, make, setText } from '../hall/dom.js';
import { inLanguage, servicesInWords, spanInWords, tell, windowsInWords, wordsOf } from './words.js';

/** @typedef {import('./wait.js').Lang} Lang */
/** @typedef {import('./words.js').LookupView} LookupView */

/**
 * @param {LookupView} view
 * @param {Lang} lang
 * @param {{heardAt: number, away: boolean, now: number}} line
 */
export function showTicket(view, lang, line) {
  const words = wordsOf(lang);
  const told = tell(view, lang);
  frame(lang);
  byId('state').className = `state ${view.state}`;
  byId('ticket').setAttribute('aria-busy', 'false');
  setText(byId('hall'), inLanguage(view.hall, lang));
  setText(byId('number'), view.number);
  say(told.sentence, told.wait, told.advice);
  document.title = `${view.number} ${told.sentence.replace('\n', ' ')}`;
  const open = ['waiting', 'called', 'held'].includes(view.state);
  const windows = view.state === 'waiting' ? windowsInWords(view.windows, lang) : '';
  part('windows', windows === '' ? [] : [windows], words.windows);
  part('services', servicesInWords(view, lang), view.in_order ? words.inOrder : words.services);
  part('materials', open ? (view.materials ?? []).map((text) => inLanguage(text, lang)) : [], words.materials);
  const call = make('a', { href: `tel:${view.hall_phone.replace(/[^0-9+]/g, '')}` }, view.hall_phone);
  byId('phone').replaceChildren(...(view.hall_phone ? [words.phone, call] : []));
  setText(byId('as-of'), words.asOf(timeOfDay(line.heardAt)));
  setText(byId('privacy'), words.privacy);
  const age = byId('age');
  age.hidden = !line.away;
  setText(age, line.away ? words.age(timeOfDay(line.heardAt), spanInWords(line.now - line.heardAt, lang)) : '');
}

/** Before the first answer. @param {Lang} lang @param {boolean} away */
export function showWaiting(lang, away) {
  const words = wordsOf(lang);
  frame(lang);
  byId('state').className = 'state';
  say(away ? words.offline : words.loading, '', '');
}

/**
 * The form for whoever has no whole QR; what was typed in it stays while the language is changed.
 * @param {Lang} lang
 * @param {boolean} shown
 */
export function askPair(lang, shown) {
  const words = wordsOf(lang);
  byId('pair').hidden = !shown;
  for (const [id, text] of [
    ['pair-title', words.pairTitle],
    ['pair-advice', words.pairAdvice],
    ['pair-number-label', words.pairNumber],
    ['pair-code-label', words.pairCode],
    ['pair-go', words.pairGo],
  ]) {
    setText(byId(id), text);
  }
}

/** @param {string} text */
export const sayPair = (text) => setText(byId('pair-message'), text);

/**
 * A token that nobody knows: mistyped, torn off, or of another day; or none at all.
 * @param {Lang} lang
 * @param {boolean} none
 */
export function showUnknown(lang, none) {
  const words = wordsOf(lang);
  frame(lang);
  byId('state').className = none ? 'state' : 'state unknown';
  byId('ticket').setAttribute('aria-busy', 'false');
  setText(byId('number'), '');
  setText(byId('number-label'), '');
  say(none ? words.title : words.unknown, '', none ? '' : words.unknownAdvice);
  document.title = none ? words.title : words.unknown;
}

/** What every state shares. @param {Lang} lang */
function frame(lang) {
  const words = wordsOf(lang);
  document.documentElement.lang = lang;
  document.title = words.title;
  setText(byId('number-label'), words.number);
  for (const button of byId('languages').querySelectorAll('button')) {
    button.setAttribute('aria-pressed', String(button.dataset.lang === lang));
  }
}

/** @param {string} sentence @param {string} wait @param {string} advice */
function say(sentence, wait, advice) {
  setText(byId('sentence'), sentence);
  setText(byId('wait'), wait);
  setText(byId('advice'), advice);
}

/**
 * A titled part with its lines; hidden when it has none.
 * @param {'windows'|'services'|'materials'} name
 * @param {string[]} lines
 * @param {string} title
 */
function part(name, lines, title) {
  byId(`${name}-part`).hidden = lines.length === 0;
  setText(byId(`${name}-title`), title);
  const list = byId(name);
  if (list.tagName === 'UL') list.replaceChildren(...lines.map((line) => make('li', {}, line)));
  else setText(list, lines.join(''));
}
