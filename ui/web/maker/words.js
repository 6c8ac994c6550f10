// The words of the staff page at the makers of temporary cards. Pure.

/** @type {Record<string, string>} */
export const MODES = {
  away: '没有应答',
  init: '正在启动',
  idle: '空闲',
  job: '正在制证',
  fault: '故障，等人处理',
  maintenance: '维护中',
  'out-of-service': '停用',
};

/** @type {Record<number, string>} */
export const STEPS = { 1: '切膜', 2: '打印', 3: '送卡', 4: '覆膜', 5: '出证', 6: '收回', 7: '入回收箱', 8: '入废卡箱' };

/** @type {Record<string, string>} */
export const BINS = { room: '有空位', high: '快满，请清空', full: '已满，请清空' };

/** @type {Record<string, string>} */
const REFUSALS = {
  unauthorised: '没有登录或登录已失效',
  forbidden: '您没有权限看这个页面或做这个操作',
  'not-found': '这台机器现在没有应答',
};

/** @param {{code?: string, status: number}} problem */
export const refusalInWords = (problem) => REFUSALS[problem.code ?? ''] ?? `没有接受（${problem.status}）`;

/**
 * One thing that staff can do: its words, whether it takes two, a number, a reason, and what is sent.
 * @typedef {{label: string, hint: string, two: boolean, number?: boolean, why?: boolean,
 *   action: (number: number, why: string) => object}} Act
 */

/** @type {Record<string, Act>} */
export const ACTS = {
  'load-blanks': {
    label: '装入空白卡',
    hint: '两人一起清点，再装入，填实际装入的张数。',
    two: true,
    number: true,
    action: (count) => ({ do: 'load', item: 'blanks', count }),
  },
  'load-film': {
    label: '装入膜片',
    hint: '填装入后的片数。',
    two: true,
    number: true,
    action: (count) => ({ do: 'load', item: 'film', count }),
  },
  'load-medium': {
    label: '更换打印耗材',
    hint: '填可打印的张数。',
    two: true,
    number: true,
    action: (count) => ({ do: 'load', item: 'medium', count }),
  },
  'empty-reject': {
    label: '清空废卡箱',
    hint: '先两人清点箱里的卡，填清点的张数；之后才显示机器的计数。废卡上有照片和号码，请按规定登记销毁。',
    two: true,
    number: true,
    action: (counted) => ({ do: 'empty-bin', reject: true, counted }),
  },
  'empty-retract': {
    label: '清空回收箱',
    hint: '先两人清点箱里的卡，填清点的张数；之后才显示机器的计数。',
    two: true,
    number: true,
    action: (counted) => ({ do: 'empty-bin', reject: false, counted }),
  },
  'clear-fault': {
    label: '故障已处理',
    hint: '先按提示处理，再清除。防撬、箱子被取出、证件收不回，要两人确认。',
    two: true,
    action: () => ({ do: 'clear-fault' }),
  },
  'self-test': { label: '自检', hint: '机器检查自己的部件。', two: false, action: () => ({ do: 'self-test' }) },
  home: { label: '复位', hint: '通道里的东西会收进废卡箱。', two: false, action: () => ({ do: 'home' }) },
  'close-day': {
    label: '日结',
    hint: '先两人清点卡仓里的空白卡，填清点的张数；之后才显示台账应有的张数。',
    two: true,
    number: true,
    action: (counted) => ({ do: 'close-day', counted }),
  },
  explain: {
    label: '说明差额',
    hint: '写明查到的原因，不写姓名；会留在台账里。',
    two: true,
    why: true,
    action: (_count, why) => ({ do: 'explain', why }),
  },
};

/** What two people say of a doubt. @param {string} job @param {boolean} left @returns {Act} */
export const verdict = (job, left) => ({
  label: left ? `作业 ${job}：证件已离开` : `作业 ${job}：证件在机内找到`,
  hint: left
    ? '两人查过机器，没有找到：按已领走处理，不能再做。'
    : '两人在机内找到了这张证，已取出作废：本人可以再来办理。',
  two: true,
  action: () => ({ do: 'resolve-doubt', job, left }),
});
