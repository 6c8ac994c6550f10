// The hall as a fold: a snapshot, and journal events that replace the parts that changed. Pure.

/** @typedef {{'zh-Hans': string, 'zh-Hant': string, en: string}} LocalText */
/** @typedef {{id: string, name: LocalText, kind: string, state: 'closed'|'open'|'paused', number?: string,
 *   serving: boolean}} WindowView */
/** @typedef {{seq: number, number: string, window: string, times: number, at: number}} CallView */
/** @typedef {{id: string, name: LocalText, waiting: number}} GroupView */
/** @typedef {{hall: {id: string, name: LocalText, phone: string}, seq: number, at: number, windows: WindowView[],
 *   calls: CallView[], next_up: string[], groups: GroupView[], unshown?: CallView[]}} HallSnapshot */
/** @typedef {{seq: number, at: number, kind: string, number?: string, call?: CallView, windows?: WindowView[],
 *   groups?: GroupView[], next_up: string[], unshown?: CallView[]}} HallEvent */

/** How many calls a board keeps: people miss one, and look for it a minute later. */
export const CALLS_KEPT = 4;

/**
 * The snapshot to show when another one arrives: the newer of the two. A slow answer never turns the board back.
 * @param {HallSnapshot|null} shown
 * @param {HallSnapshot} arrived
 * @returns {HallSnapshot}
 */
export function foldSnapshot(shown, arrived) {
  return shown && shown.hall.id === arrived.hall.id && shown.seq > arrived.seq ? shown : arrived;
}

/**
 * The snapshot after an event. An event that is not newer changes nothing.
 * @param {HallSnapshot} shown
 * @param {HallEvent} event
 * @returns {HallSnapshot}
 */
export function foldEvent(shown, event) {
  if (event.seq <= shown.seq) return shown;
  return {
    ...shown,
    seq: event.seq,
    at: event.at,
    windows: replaced(shown.windows, event.windows ?? []),
    groups: replaced(shown.groups, event.groups ?? []),
    calls: event.call ? withCall(shown.calls, event.call) : shown.calls,
    next_up: event.next_up,
    unshown: event.unshown ?? shown.unshown,
  };
}

/**
 * True when the event says that folding is not enough and the whole picture must be fetched.
 * @param {HallEvent} event
 */
export const asksForSnapshot = (event) => event.kind === 'day-rolled-over';

/**
 * @template {{id: string}} T
 * @param {T[]} shown
 * @param {T[]} changed
 * @returns {T[]}
 */
function replaced(shown, changed) {
  if (changed.length === 0) return shown;
  const byId = new Map(changed.map((one) => [one.id, one]));
  return shown.map((one) => byId.get(one.id) ?? one);
}

/**
 * The newest call goes on top; a recall takes the place of the earlier call of the same number.
 * @param {CallView[]} calls
 * @param {CallView} call
 */
function withCall(calls, call) {
  return [call, ...calls.filter((one) => one.number !== call.number)].slice(0, CALLS_KEPT);
}
