// What a clerk can do when, and with which key. Pure: a table over the state of the window.

/** @typedef {import('../hall/fold.js').WindowView} WindowView */
/** @typedef {import('../hall/fold.js').GroupView} GroupView */
/**
 * @typedef {{id: string, number: string, state: string, services: string[], matter: number, class: string,
 *   cases: number,
 *   masked_name?: string, window?: string, calls: number, issued_at: string,
 *   history: {seq: number, at: string, what: string, window?: string}[]}} TicketView
 */
/**
 * @typedef {{seq: number, window: WindowView, clerk?: string, current?: TicketView, why?: string, waiting: number,
 *   groups: GroupView[], held: TicketView[], missed: TicketView[], may_pick?: boolean,
 *   miss_in_s?: number, readAt?: number, next_matter?: {service: string, here: boolean}}} WindowDesk
 */
/** @typedef {'shut'|'idle'|'called'|'serving'} Phase */
/**
 * @typedef {'next'|'recall'|'start'|'finish'|'no-show'|'transfer'|'hold'|'requeue'|'resume'|'rest'|'pick'} ActionName
 */
/** @typedef {{name: ActionName, keys: string[], shown: string, label: string}} Action */

/** In the order of the buttons. `keys` are values of `KeyboardEvent.key`, letters in lower case. */
const ACTIONS = /** @type {Action[]} */ ([
  { name: 'next', keys: [' ', 'Enter', 'F2'], shown: '空格', label: '叫下一位' },
  { name: 'start', keys: ['s'], shown: 'S', label: '开始办理' },
  { name: 'recall', keys: ['r'], shown: 'R', label: '重呼' },
  { name: 'finish', keys: ['f'], shown: 'F', label: '办结' },
  { name: 'no-show', keys: ['n'], shown: 'N', label: '过号' },
  { name: 'transfer', keys: ['t'], shown: 'T', label: '转办' },
  { name: 'hold', keys: ['h'], shown: 'H', label: '挂起' },
  { name: 'requeue', keys: ['q'], shown: 'Q', label: '退回排队' },
  { name: 'resume', keys: ['u'], shown: 'U', label: '恢复挂起' },
  { name: 'rest', keys: ['p'], shown: 'P', label: '暂停' },
  { name: 'pick', keys: ['x'], shown: 'X', label: '选号' },
]);

/** What is possible in which phase; `requeue` and `resume` depend on more and are looked at apart. */
const POSSIBLE = /** @type {Record<Phase, ActionName[]>} */ ({
  shut: ['rest'],
  idle: ['next', 'rest', 'pick'],
  called: ['start', 'recall', 'no-show', 'transfer', 'hold', 'requeue', 'rest'],
  serving: ['next', 'finish', 'transfer', 'hold', 'requeue', 'rest'],
});

/**
 * Where the window stands: a window that still has somebody is never "shut", whatever its sign says.
 * @param {WindowDesk} desk
 * @returns {Phase}
 */
export function phaseOf(desk) {
  if (desk.current) return desk.current.state === 'serving' ? 'serving' : 'called';
  return desk.window.state === 'open' ? 'idle' : 'shut';
}

/**
 * The buttons: every action with its label now, and whether it can be done.
 * @param {WindowDesk} desk
 * @param {number} at milliseconds since 1970
 * @returns {(Action & {possible: boolean})[]}
 */
export function actionsOf(desk, at) {
  const now = (action) => {
    return { ...action, label: labelOf(action, desk, at), possible: isPossible(action.name, desk, at) };
  };
  // Choosing a number is a right that few windows have; the others do not even see the button.
  return ACTIONS.filter((action) => action.name !== 'pick' || desk.may_pick).map(now);
}

/**
 * Seconds until the called number may be marked as missed: the person is given time to come.
 * @param {WindowDesk} desk as read at `desk.readAt`
 * @param {number} at milliseconds since 1970
 */
export function missLeftS(desk, at) {
  const since = (at - (desk.readAt ?? at)) / 1000;
  return Math.max(0, Math.ceil((desk.miss_in_s ?? 0) - since));
}

/** @param {ActionName} name @param {WindowDesk} desk @param {number} at milliseconds since 1970 */
export function isPossible(name, desk, at) {
  if (name === 'no-show' && missLeftS(desk, at) > 0) return false;
  if (name === 'resume') return desk.held.length > 0;
  if (name === 'requeue' && !desk.current) return desk.missed.length > 0;
  if (name === 'pick' && !desk.may_pick) return false;
  if (name === 'next' && desk.window.state !== 'open') return false;
  return POSSIBLE[phaseOf(desk)].includes(name);
}

/** @param {Action} action @param {WindowDesk} desk @param {number} at milliseconds since 1970 */
function labelOf(action, desk, at) {
  const serving = phaseOf(desk) === 'serving';
  if (serving && desk.next_matter?.here && ['next', 'finish'].includes(action.name)) return '办结这件，接着办';
  if (action.name === 'next' && serving) return '办结并叫下一位';
  if (action.name === 'no-show' && missLeftS(desk, at) > 0) return `过号（${missLeftS(desk, at)} 秒后）`;
  if (action.name === 'rest' && desk.window.state !== 'open') return '开窗';
  if (action.name === 'requeue' && !desk.current) return '过号重排';
  return action.label;
}

/**
 * The action of a key, or null. Held keys and shortcuts of the browser are nobody's.
 * @param {{key: string, repeat: boolean, ctrlKey: boolean, altKey: boolean, metaKey: boolean}} press
 * @returns {ActionName|null}
 */
export function actionOfKey(press) {
  if (press.repeat || press.ctrlKey || press.altKey || press.metaKey) return null;
  const key = press.key.length === 1 ? press.key.toLowerCase() : press.key;
  return ACTIONS.find((action) => action.keys.includes(key))?.name ?? null;
}

/**
 * Why an action cannot be done now, and what can, in a sentence.
 * @param {ActionName} name
 * @param {WindowDesk} desk
 * @param {number} at milliseconds since 1970
 */
export function whyNot(name, desk, at) {
  const phase = phaseOf(desk);
  const left = missLeftS(desk, at);
  if (name === 'no-show' && left > 0) return `${desk.current?.number} 刚叫不久，${left} 秒后才能记过号；可以按 R 重呼`;
  if (name === 'pick' && !desk.may_pick) return '本窗口按规则叫号，不能选号';
  if (name === 'pick' && desk.current) return '窗口还有人，办结后才能选号';
  if (name === 'next' && phase === 'called') {
    return `${desk.current?.number} 还没有开始办理：到了按 S，再叫按 R，没来按 N`;
  }
  if (phase === 'shut' || (name === 'next' && desk.window.state !== 'open')) return '窗口没有开放，按 P 开窗';
  if (name === 'resume') return '本窗口没有挂起的号';
  if (name === 'requeue') return '本窗口今天没有过号';
  if (phase === 'idle') return '窗口现在没有人，按空格叫下一位';
  if (phase === 'serving') return '这个号正在办理，办结按 F';
  return '先按 S 开始办理';
}
