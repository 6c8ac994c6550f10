// The console's words: plain Chinese for states, classes and refusals. Pure.

/** @type {Record<import('./actions.js').Phase, string>} */
export const PHASES = {
  shut: '窗口未开放',
  idle: '等待叫号',
  called: '已叫号，等人到窗口',
  serving: '办理中',
};

/** @type {Record<string, string>} */
export const WINDOW_STATES = { open: '开放', paused: '暂停', closed: '已关窗' };

/** @type {Record<string, string>} */
export const CLASSES = { appt: '预约', disabled: '优先', elderly: '长者', normal: '普通' };

/** Why a window rests, as the journal names it. */
export const RESTS = [
  { reason: 'break', label: '短暂离开', also: 'zt zanting' },
  { reason: 'lunch', label: '午休', also: 'wx wuxiu' },
  { reason: 'fault', label: '电脑、网络或业务系统故障', also: 'gz guzhang' },
  { reason: 'end', label: '下班关窗', also: 'xb xiaban' },
];

/** @type {Record<string, string>} */
const REFUSALS = {
  'already-holds': '此人已有未办结的号',
  'too-early': '被叫的人还在路上',
  'wrong-state': '这个号或窗口的状态已经变了，已为您刷新',
  unprocessable: '系统不能这样办理',
  'not-issuing': '现在不发号',
  malformed: '系统没有看懂这个请求，请联系管理员',
  unauthorised: '没有登录或登录已失效，请重新登录',
  forbidden: '您没有权限做这个操作',
  'not-found': '没有找到这个号或窗口',
  'too-large': '填写的内容太长',
  'key-reused': '系统重复提交，请再按一次',
  'too-many': '操作太频繁，请稍等再试',
  'ledger-unavailable': '叫号系统暂时不能记录，没有执行；请稍后再按一次',
  internal: '叫号系统出错，请联系管理员',
};

/**
 * A refusal in plain words, with what the dispatcher adds when it says it in Chinese.
 * @param {{code?: string, detail?: string, status: number, left_s?: number, ticket?: {number: string}}} problem
 */
export function refusalInWords(problem) {
  const said = REFUSALS[problem.code ?? ''] ?? `叫号系统没有接受（${problem.status}）`;
  if (problem.left_s) return `${said}，${problem.left_s} 秒后才能记过号`;
  if (problem.ticket) return `${said} ${problem.ticket.number}`;
  return problem.detail && /\p{Script=Han}/u.test(problem.detail) ? `${said}：${problem.detail}` : said;
}

/**
 * Of a number with several matters: what became of it when one of them was done. Null for every other.
 * @param {import('./actions.js').TicketView} ticket after the action
 */
export function finishedPart(ticket) {
  if (ticket.history.at(-1)?.what !== 'next-matter') return null;
  const here = ticket.state === 'serving';
  return here ? `${ticket.number} 这件已办结，接着办下一件` : `${ticket.number} 这件已办结；还有一件由别的窗口叫，位置保留`;
}

/** The dispatcher's own sentence of what was done. @type {Record<string, (number: string) => string>} */
export const DONE = {
  recall: (number) => `已再次呼叫 ${number}`,
  start: (number) => `${number} 开始办理`,
  finish: (number) => `${number} 已办结`,
  'no-show': (number) => `${number} 已记为过号`,
  transfer: (number) => `${number} 已转办`,
  hold: (number) => `${number} 已挂起，回来时按 U`,
  requeue: (number) => `${number} 已重新排队`,
  resume: (number) => `${number} 已恢复，按空格叫号`,
};
