// What was done, in words. Pure.

/** @type {Record<string, string>} */
const DONE = {
  'staff.sign-in': '登录',
  'staff.sign-out': '退出登录',
  'account.put': '新建或重置账号',
  'account.close': '停用账号',
  'account.password': '更换密码',
  'certificate.revoke': '吊销证书',
  'certificate.renew': '换发证书',
  'certificate.retire': '收回旧证书',
  'certificate.refuse': '已吊销的证书来连接',
  'enrolment.code': '生成登记码',
  'enrolment.use': '设备登记',
  'audit.read': '查看审计记录',
  'audit.export': '导出审计记录',
  'audit.forget': '到期删除审计记录（至此号）',
  'journal.mark': '叫号日志封签（至此行）',
  'audit.broken': '审计记录与签名不符',
  'staff.call': '自助机呼叫工作人员',
  'priority.ask': '有人请求优先',
  'card.left': '读卡区遗留证件',
  'case.open': '机箱被打开',
  'paper.refill': '换纸',
  'person.ask': '查询人数超过实际可能，暂停受理',
  'person.find': '按证件查预约和过号',
  'ticket.tell-again': '按证件查到已有的号',
  'clock.off': '时钟偏差超过 5 分钟',
  'maker.load-film': '装膜',
  'maker.load-blanks': '装空白证',
  'maker.load-medium': '装打印介质',
  'maker.empty-bin': '清空回收箱',
  'maker.clear-fault': '排除故障',
  'maker.self-test': '制证机自检',
  'maker.home': '制证机复位',
  'maker.resolve-doubt': '裁定去向不明的证件',
  'maker.close-day': '制证机日结',
  'maker.explain': '说明日结差额',
  'maker.done': '制证机执行结果',
  'ticket.take': '取号',
  'priority.give': '给予优先',
  'ticket.call': '叫号',
  'ticket.pick': '指定呼叫',
  'ticket.recall': '再次呼叫',
  'ticket.start': '开始办理',
  'ticket.finish': '办结',
  'ticket.next-matter': '转下一事项',
  'ticket.miss': '过号',
  'ticket.move': '转移',
  'ticket.requeue': '重新排队',
  'ticket.return': '过号返回',
  'ticket.hold': '挂起',
  'ticket.resume': '恢复',
  'ticket.cancel': '取消号票',
  'ticket.supersede': '同一人重复号作废',
  'ticket.rate': '评价',
  'window.open': '开窗',
  'window.pause': '暂停窗口',
  'window.close': '关窗',
  'policy.change': '更改叫号规则',
  'list.look': '查看等候名单',
  'numbers.lend': '向自助机预借号码',
  'booking.make': '预约',
  'booking.cancel': '取消预约',
  'booking.miss': '预约未到',
  'booking.block': '暂停线上预约',
  'booking.unblock': '恢复线上预约',
  'day.begin': '新的一天',
  'hall-file.change': '大厅配置生效',
  'keys.in-files': '密钥以文件形式存放',
  'dispatcher.start': '叫号系统启动',
  'dispatcher.stop': '叫号系统停止',
};

/** @type {Record<string, string>} */
const WHO = {
  nobody: '未登录', dispatcher: '叫号系统', console: '本机控制台', loopback: '本机程序', journal: '账本',
  staff: '工作人员', kiosk: '自助机', window: '窗口', board: '大屏', gateway: '微信网关',
};

/**
 * Who, or from where. An address stays one.
 * @param {string} who
 */
export function whoInWords(who) {
  const [kind, id] = who.split(':');
  return WHO[kind] && who.split(':').length <= 2 ? [WHO[kind], id].filter(Boolean).join(' ') : who;
}

/** @param {string} action */
export const doneInWords = (action) => DONE[action] ?? action;

/**
 * What the programs give as a reason, in words. What somebody typed stays as it was typed.
 * @type {Record<string, string>}
 */
const WHY = {
  'account, password or code is wrong': '工号、密码或动态码不对',
  'locked after too many wrong tries': '错误次数过多，已锁定',
  'the first password must be replaced': '须先更换初始密码',
  'the new password is not good enough': '新密码不合要求',
  "this window is not this clerk's": '不是本人负责的窗口',
  revoked: '已吊销',
  'no such code': '没有这个登记码',
  'the code is too old': '登记码已过期',
  'the request is not bound to the code': '与登记码不符',
  'too many wrong tries': '错误次数过多',
  'more people than can come': '超过实际可能的人数',
  changed: '记录被改动',
  gone: '记录缺失',
  'beginning-gone': '开头被删除',
  'other-record': '此号的记录不是签过名的那一条',
  'foreign-head': '另存的签名不是本厅的',
  'cut-off': '末尾被截去，或换成了旧文件',
  'no-head': '没有签名',
  journal: '叫号日志被改动、截断，或换成了旧文件',
  'heads-stopped': '签名中断',
  lunch: '午休',
  break: '暂离',
  fault: '故障',
  end: '下班',
  'person-at-window': '办事人在窗口',
  'papers-fetched': '取材料回来',
  urgent: '急事',
  'manager-asked': '主管要求',
  other: '其他',
};

/** @param {string} reason */
export function whyInWords(reason) {
  const off = /^the device's clock is (-?\d+) s off$/.exec(reason);
  return off ? `设备时钟偏差 ${off[1]} 秒` : WHY[reason] ?? reason;
}

/** @type {Record<string, string>} */
const STATES = {
  window: '窗口人员', hall_manager: '大厅主管', policy: '规则管理员', admin: '系统管理员', auditor: '审计员',
  'first-password': '待首次登录', closed: '已停用', revoked: '已吊销',
};

/** @type {Record<string, string>} */
const RULES = {
  fifo: '先到先办', priority: '优先类别在前', due: '按承诺时限', accumulating: '按等候累积', gcmu: '等候与时长并重',
  ratio: '按比例等候', 'queue-ratio': '各队均衡', balanced: '综合均衡',
};

/** @type {Record<string, string>} */
const CALLS = { asked: '有人呼叫', printer: '打印机', maker: '制证机', elderly: '长者', disabled: '残障' };

/**
 * What it was or became, in words.
 * @param {string} action
 * @param {string} value
 */
export function valueInWords(action, value) {
  if (action.startsWith('account.') || action === 'certificate.revoke') {
    return value.split(' ').map((word) => STATES[word] ?? word).join(' ');
  }
  if (action === 'policy.change') return RULES[value] ?? value;
  if (action === 'staff.call' || action === 'priority.give') return CALLS[value] ?? value;
  return value;
}
