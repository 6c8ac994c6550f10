// The hall's board: the last four calls, who is next, every window, and how many wait. Numbers, never a person.

import { credentials } from '../hall/api.js';
import { dayInChinese, dayInEnglish, timeOfDay } from '../hall/clock.js';
import { byId, setText } from '../hall/dom.js';
import { followHall } from '../hall/stream.js';
import { Proof } from './proof.js';
import { showHall } from './view.js';
import { staleNotice } from './words.js';

/** @type {import('../hall/stream.js').Link} */
let link = { up: false, heardAt: 0, status: null };
const openedAt = Date.now();
const proof = new Proof();

function tick() {
  const now = Date.now();
  setText(byId('clock'), timeOfDay(now));
  setText(byId('day-zh'), dayInChinese(now));
  setText(byId('day-en'), dayInEnglish(now));
  const notice = staleNotice(link, now, openedAt);
  const stale = byId('stale');
  stale.hidden = notice === null;
  setText(stale, notice ?? '');
}

credentials();
followHall({
  changed: (snapshot, event) => {
    showHall(snapshot, event);
    proof.painted(snapshot.calls);
  },
  link: (next) => {
    link = next;
    tick();
  },
});
tick();
setInterval(tick, 1000);
