// Follows `GET /api/v1/stream` for ever: resumes behind the last event, backs off, and says when the link is down.

import { ask, authorisation } from './api.js';
import { asksForSnapshot, foldEvent, foldSnapshot } from './fold.js';
import { SseParser, backOffMs } from './sse.js';

/** @typedef {import('./fold.js').HallSnapshot} HallSnapshot */
/** @typedef {import('./fold.js').HallEvent} HallEvent */
/**
 * What a page gets: the snapshot so far with the event that made it (null after a whole one), and the link's state.
 * @typedef {{
 *   changed: (snapshot: HallSnapshot, event: HallEvent|null) => void,
 *   link: (link: Link) => void,
 * }} Follower
 */
/**
 * `heardAt`: when the dispatcher was last heard; `status`: of its last answer, null before one.
 * @typedef {{up: boolean, heardAt: number, status: number|null}} Link
 */

/** The dispatcher sends a heartbeat at least every 15 s; silence of this length means a dead line. */
const SILENCE_MS = 40_000;

/**
 * Follows the hall.
 * @param {Follower} follower
 */
export function followHall(follower) {
  new HallStream(follower).run();
}

class HallStream {
  /** @type {HallSnapshot|null} */ #snapshot = null;
  /** @type {string|null} */ #lastId = null;
  /** @type {Link} */ #link = { up: false, heardAt: 0, status: null };
  /** @type {AbortController|null} */ #open = null;
  #wake = () => {};

  /** @param {Follower} follower */
  constructor(follower) {
    this.follower = follower;
    // A pulled cable leaves the connection standing for minutes; the machine's own network card knows at once.
    window.addEventListener('offline', () => this.#open?.abort());
    window.addEventListener('online', () => this.#wake());
  }

  async run() {
    for (let attempt = 0; ; attempt += 1) {
      const heardBefore = this.#link.heardAt;
      await this.#connection();
      if (this.#link.heardAt > heardBefore) attempt = 0;
      this.#say({ up: false });
      await this.#pause(backOffMs(attempt, Math.random()));
    }
  }

  /** One connection, from its first byte to its end. Never throws: every end of a connection is an ordinary event. */
  async #connection() {
    const abort = new AbortController();
    this.#open = abort;
    let silence = setTimeout(() => abort.abort(), SILENCE_MS);
    try {
      /** @type {Record<string, string>} */
      const headers = { accept: 'text/event-stream', 'x-yimen-by-itself': '1', ...authorisation() };
      if (this.#lastId !== null) headers['last-event-id'] = this.#lastId;
      const response = await fetch('/api/v1/stream', { headers, signal: abort.signal, cache: 'no-store' });
      if (!response.ok || !response.body) {
        this.#say({ status: response.status });
        return;
      }
      this.#say({ up: true, heardAt: Date.now(), status: 200 });
      const resumed = this.#lastId !== null;
      if (resumed) this.#refresh();
      const parser = new SseParser();
      const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
      for (;;) {
        const { done, value } = await reader.read();
        if (done) return;
        clearTimeout(silence);
        silence = setTimeout(() => abort.abort(), SILENCE_MS);
        this.#say({ up: true, heardAt: Date.now() });
        for (const event of parser.feed(value)) this.#take(event);
      }
    } catch {
      // The line broke, or we cut it: the caller says so and tries again.
    } finally {
      clearTimeout(silence);
      abort.abort();
    }
  }

  /** @param {import('./sse.js').Sse} sse */
  #take(sse) {
    if (sse.id !== null) this.#lastId = sse.id;
    if (sse.event === 'snapshot') {
      // The beginning of a stream is the truth even if its count is lower: the hall may have begun a new journal.
      this.#snapshot = null;
      this.#show(JSON.parse(sse.data));
    } else if (sse.event === 'journal') {
      /** @type {HallEvent} */
      const event = JSON.parse(sse.data);
      if (this.#snapshot === null || asksForSnapshot(event)) {
        this.#refresh();
      } else if (event.seq > this.#snapshot.seq) {
        this.#snapshot = foldEvent(this.#snapshot, event);
        this.follower.changed(this.#snapshot, event);
      }
    }
  }

  /** Fetches the whole picture: after a gap it is the truth, whatever events were missed. */
  async #refresh() {
    try {
      this.#show(await ask('GET', '/api/v1/hall', { byItself: true, stay: true }));
    } catch {
      // The stream is the main line; its own failure is reported and mended there.
    }
  }

  /** @param {HallSnapshot} arrived */
  #show(arrived) {
    const next = foldSnapshot(this.#snapshot, arrived);
    if (next === this.#snapshot) return;
    this.#snapshot = next;
    this.follower.changed(next, null);
  }

  /** @param {Partial<Link>} change */
  #say(change) {
    const before = this.#link;
    this.#link = { ...before, ...change };
    this.follower.link(this.#link);
  }

  /** @param {number} ms @returns {Promise<void>} */
  #pause(ms) {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}
