// What a clerk can do when, and with which key. Pure: a table over the state of the window.

/** @typedef {import('../hall/fold.js').WindowView} WindowView */
/** @typedef {import('../hall/fold.js').GroupView} GroupView */
/**
 * @typedef {{id: string, number: string, state: string, services: string[], class: string, cases: number,
 *   masked_name?: string, window?: string, calls: number, issued_at: string,
 *   history: {seq: number, at: string, what: string, window?: string}[]}} TicketView
 */
/**
 * @typedef {{seq: number, window: WindowView, clerk?: string, current?: TicketView, why?: string, waiting: number,
 *   groups: GroupView[], held: TicketView[], missed: TicketView[], may_pick?: boolean}} WindowDesk
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
 * @returns {(Action & {possible: boolean})[]}
 */
export function actionsOf(desk) {
  const now = (action) => ({ ...action, label: labelOf(action, desk), possible: isPossible(action.name, desk) });
  // Choosing a number is a right that few windows have; the others do not even see the button.
  return ACTIONS.filter((action) => action.name !== 'pick' || desk.may_pick).map(now);
}

/** @param {ActionName} name @param {WindowDesk} desk */
export function isPossible(name, desk) {
  if (name === 'resume') return desk.held.length > 0;
  if (name === 'requeue' && !desk.current) return desk.missed.length > 0;
  if (name === 'pick' && !desk.may_pick) return false;
  if (name === 'next' && desk.window.state !== 'open') return false;
  return POSSIBLE[phaseOf(desk)].includes(name);
}

/** @param {Action} action @param {WindowDesk} desk */
function labelOf(action, desk) {
  if (action.name === 'next' && phaseOf(desk) === 'serving') return '办结并叫下一位';
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
 */
export function whyNot(name, desk) {
  const phase = phaseOf(desk);
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
