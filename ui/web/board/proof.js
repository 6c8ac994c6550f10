// Tells the dispatcher which calls this board shows: after the picture is on the screen, not when the news arrive.

import { ask } from '../hall/api.js';

/** A lost answer is no matter for long: the calls are still on the screen, so they are told again. */
const AGAIN_MS = 1000;

export class Proof {
  /** @type {Set<number>} calls on the screen that the dispatcher does not know of yet */ #untold = new Set();
  /** @type {Set<number>} calls on the screen that it knows of */ #told = new Set();
  #busy = false;

  /**
   * The board has just drawn these calls. A page that nobody sees draws no frames, and then proves nothing.
   * @param {{seq: number}[]} calls
   */
  painted(calls) {
    const shown = calls.map((call) => call.seq);
    this.#told = new Set(shown.filter((seq) => this.#told.has(seq)));
    const fresh = shown.filter((seq) => !this.#told.has(seq));
    if (fresh.length === 0) return;
    // The first frame draws it; at the second it has been drawn.
    requestAnimationFrame(() =>
      requestAnimationFrame(() => {
        for (const seq of fresh) this.#untold.add(seq);
        this.#tell();
      }),
    );
  }

  async #tell() {
    if (this.#busy || this.#untold.size === 0) return;
    this.#busy = true;
    const calls = [...this.#untold].slice(-64);
    try {
      await ask('POST', '/api/v1/shown', { body: { calls }, waitMs: 3000 });
      for (const seq of calls) {
        this.#untold.delete(seq);
        this.#told.add(seq);
      }
      this.#busy = false;
      this.#tell();
    } catch {
      setTimeout(() => {
        this.#busy = false;
        this.#tell();
      }, AGAIN_MS);
    }
  }
}
