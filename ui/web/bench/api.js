// Asking the emulators. They answer to this page alone, on the loopback interface.

/** The emulators refused, or do not answer. */
export class Trouble extends Error {}

/**
 * @param {'GET'|'POST'|'DELETE'} method
 * @param {string} path
 * @param {any} [body]
 * @returns {Promise<any>} the JSON of the answer, null when it has none
 */
export async function ask(method, path, body) {
  const headers = body === undefined ? undefined : { 'content-type': 'application/json' };
  const answer = await fetch(path, { method, headers, body: body === undefined ? undefined : JSON.stringify(body) });
  const text = await answer.text();
  if (!answer.ok) throw new Trouble(text || `HTTP ${answer.status}`);
  try {
    return text === '' ? null : JSON.parse(text);
  } catch {
    return null;
  }
}

/**
 * Does `work` now and then again `everyMs` after each end, for ever; a failure does not end it.
 * @param {number} everyMs
 * @param {() => Promise<void>} work
 * @returns {() => void} does it again at once
 */
export function repeat(everyMs, work) {
  /** @type {ReturnType<typeof setTimeout>|undefined} */
  let timer;
  let running = false;
  let again = false;
  const round = async () => {
    clearTimeout(timer);
    if (running) {
      again = true;
      return;
    }
    running = true;
    await work().catch(() => {});
    running = false;
    timer = setTimeout(round, again ? 0 : everyMs);
    again = false;
  };
  round();
  return round;
}
