// Server-sent events, read by hand because EventSource can send no credentials; and how long to wait after a failure.

/** @typedef {{event: string, data: string, id: string|null}} Sse */

/** Cuts a stream of text into events. Chunks may end anywhere, also between CR and LF. */
export class SseParser {
  #rest = '';
  #data = /** @type {string[]} */ ([]);
  #event = '';
  #id = /** @type {string|null} */ (null);

  /**
   * Takes a chunk and returns the events that it completed. Comments (heartbeats) complete nothing.
   * @param {string} chunk
   * @returns {Sse[]}
   */
  feed(chunk) {
    const text = this.#rest + chunk;
    const lines = text.split(/\r\n|\n|\r(?!$)/);
    this.#rest = lines.pop() ?? '';
    return lines.map((line) => this.#line(line)).filter((one) => one !== null);
  }

  /** @param {string} line @returns {Sse|null} */
  #line(line) {
    if (line === '') return this.#complete();
    if (line.startsWith(':')) return null;
    const colon = line.indexOf(':');
    const field = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? '' : line.slice(colon + 1).replace(/^ /, '');
    if (field === 'data') this.#data.push(value);
    else if (field === 'event') this.#event = value;
    else if (field === 'id') this.#id = value;
    return null;
  }

  /** @returns {Sse|null} */
  #complete() {
    const done = this.#data.length === 0
      ? null
      : { event: this.#event || 'message', data: this.#data.join('\n'), id: this.#id };
    this.#data = [];
    this.#event = '';
    return done;
  }
}

/**
 * How long to wait before try number `attempt` (from 0), in milliseconds: doubling from 0.25 s to 5 s, and spread so
 * that forty boards do not knock at the same moment when the hall's server comes back.
 * @param {number} attempt
 * @param {number} random from 0 to 1
 */
export function backOffMs(attempt, random) {
  const whole = Math.min(5000, 250 * 2 ** Math.min(attempt, 10));
  return Math.round(whole * (0.5 + random / 2));
}
