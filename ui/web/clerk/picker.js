// One dialog for every choice on the console: type to narrow, arrows to move, Enter to take. Never needs a mouse.

import { byId, make, setText } from '../hall/dom.js';

/**
 * @template T
 * @typedef {{label: string, note?: string, also: string, value: T}} Choice `also`: other words that find it
 */

/** Longest list shown; typing narrows the rest. */
const SHOWN_MAX = 9;

/**
 * The choices that fit what was typed: each word of it must be found. Pure.
 * @template T
 * @param {Choice<T>[]} choices
 * @param {string} typed
 * @returns {Choice<T>[]}
 */
export function narrow(choices, typed) {
  const words = typed.toLowerCase().split(/\s+/).filter((word) => word !== '');
  const text = (choice) => `${choice.label} ${choice.note ?? ''} ${choice.also}`.toLowerCase();
  return choices.filter((choice) => words.every((word) => text(choice).includes(word))).slice(0, SHOWN_MAX);
}

/**
 * Asks for one of the choices. Resolves to its value, or to null when the clerk went back.
 * @template T
 * @param {string} title
 * @param {Choice<T>[]} choices
 * @returns {Promise<T|null>}
 */
export function pick(title, choices) {
  const dialog = /** @type {HTMLDialogElement} */ (byId('picker'));
  const input = /** @type {HTMLInputElement} */ (byId('picker-input'));
  setText(byId('picker-title'), title);
  input.value = '';
  return new Promise((resolve) => {
    let chosen = /** @type {T|null} */ (null);
    let place = 0;
    let fitting = narrow(choices, '');
    const take = (index) => {
      if (!fitting[index]) return;
      chosen = fitting[index].value;
      dialog.close();
    };
    const draw = () => showList(fitting, place, take);
    const typed = () => {
      fitting = narrow(choices, input.value);
      place = 0;
      draw();
    };
    const pressed = (/** @type {KeyboardEvent} */ event) => {
      const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
      if (step !== undefined) place = (place + step + fitting.length) % Math.max(1, fitting.length);
      else if (event.key === 'Enter' && !event.isComposing && !event.repeat) take(place);
      else return;
      event.preventDefault();
      // The same Enter must not go on to the page, where it would call the next number.
      event.stopPropagation();
      draw();
    };
    input.addEventListener('input', typed);
    dialog.addEventListener('keydown', pressed);
    const closed = () => {
      input.removeEventListener('input', typed);
      dialog.removeEventListener('keydown', pressed);
      resolve(chosen);
    };
    dialog.addEventListener('close', closed, { once: true });
    draw();
    dialog.showModal();
    input.focus();
  });
}

/**
 * @param {Choice<any>[]} fitting
 * @param {number} place
 * @param {(index: number) => void} take
 */
function showList(fitting, place, take) {
  const rows = fitting.map((choice, index) =>
    make(
      'li',
      {
        role: 'option',
        id: `choice-${index}`,
        'aria-selected': String(index === place),
        onclick: () => take(index),
      },
      choice.label,
      choice.note && make('small', {}, choice.note),
    ),
  );
  const none = make('li', { class: 'none' }, '没有符合的，请换个说法');
  byId('picker-list').replaceChildren(...(rows.length > 0 ? rows : [none]));
  byId('picker-input').setAttribute('aria-activedescendant', rows.length > 0 ? `choice-${place}` : '');
}
