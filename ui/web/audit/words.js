// What was done, in words. Pure.

/** @type {Record<string, string>} */
const DONE = {
  'staff.sign-in': '登录',
  'staff.sign-out': '退出登录',
  'account.put': '新建或重置账号',
  'account.close': '停用账号',
  'certificate.revoke': '吊销证书',
  'certificate.renew': '换发证书',
  'enrolment.code': '生成登记码',
  'enrolment.use': '设备登记',
  'audit.read': '查看审计记录',
  'audit.export': '导出审计记录',
  'staff.called': '自助机呼叫工作人员',
  'dispatcher.start': '叫号系统启动',
  'dispatcher.stop': '叫号系统停止',
};

/** @param {string} action */
export const doneInWords = (action) => DONE[action] ?? action;
