// The manager's words: plain Chinese for states, classes, spans and refusals. Pure.

/** @typedef {{p10_s: number, p50_s: number, p90_s: number}} WaitRange */

/** @type {Record<string, string>} */
export const STATES = { open: '开放', paused: '暂停', closed: '关闭' };

/** @type {Record<string, string>} */
export const CLASSES = { appt: '预约', disabled: '残障优先', elderly: '长者优先', normal: '普通' };

/** `12 分`; below a minute `不到 1 分`. @param {number} seconds */
export const minutes = (seconds) => (seconds < 60 ? '不到 1 分' : `${Math.floor(seconds / 60)} 分`);

/**
 * A range as people say it. @param {WaitRange} [wait] none where nobody can say
 */
export function waitInWords(wait) {
  if (!wait) return '没有窗口，说不准';
  if (wait.p90_s === 0) return '不用等';
  return `约 ${Math.floor(wait.p10_s / 60)}–${Math.ceil(wait.p90_s / 60)} 分`;
}

/** @type {Record<string, string>} */
const REFUSALS = {
  'wrong-state': '情况已经变了，没有执行',
  unprocessable: '系统不能这样办理',
  malformed: '系统没有看懂这个请求，请联系管理员',
  unauthorised: '没有登录或登录已失效',
  forbidden: '您没有权限看这个页面或做这个操作',
  'not-found': '今天没有叫过这个号',
  'ledger-unavailable': '叫号系统暂时不能记录，没有执行；请稍后再试',
};

/** @param {{code?: string, detail?: string, status: number}} problem */
export function refusalInWords(problem) {
  const said = REFUSALS[problem.code ?? ''] ?? `叫号系统没有接受（${problem.status}）`;
  return problem.detail && /\p{Script=Han}/u.test(problem.detail) ? `${said}：${problem.detail}` : said;
}
