// Reasons for looking at the list of those who wait. Pure.

/** Reasons of a look at the list, as the dispatcher names them. @type {Record<string, string>} */
export const LOOKS = {
  'person-at-window': '办事人就在窗口',
  'papers-fetched': '补材料回来',
  urgent: '情况紧急',
  'manager-asked': '值班经理要求',
  other: '其他',
};
