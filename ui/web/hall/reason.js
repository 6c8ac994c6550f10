// Asks for a reason in words. What passes by the rule of the hall is never done without one.

import { byId, setText } from './dom.js';

/**
 * Resolves to the reason, or to null when the person went back. An empty one is not taken.
 * @param {string} title
 * @returns {Promise<string|null>}
 */
export function askReason(title) {
  const dialog = /** @type {HTMLDialogElement} */ (byId('reason'));
  const input = /** @type {HTMLInputElement} */ (byId('reason-input'));
  setText(byId('reason-title'), title);
  input.value = '';
  return new Promise((resolve) => {
    let given = /** @type {string|null} */ (null);
    const pressed = (/** @type {KeyboardEvent} */ event) => {
      if (event.key !== 'Enter' || event.isComposing || event.repeat) return;
      // The same Enter must not go on to the page.
      event.preventDefault();
      event.stopPropagation();
      if (input.value.trim() === '') return;
      given = input.value.trim();
      dialog.close();
    };
    dialog.addEventListener('keydown', pressed);
    const closed = () => {
      dialog.removeEventListener('keydown', pressed);
      resolve(given);
    };
    dialog.addEventListener('close', closed, { once: true });
    dialog.showModal();
    input.focus();
  });
}
