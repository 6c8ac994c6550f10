// The administrator's page: certificates of devices, codes for new ones, accounts of staff. It shows no ticket and no
// audit log: those are other people's.

import { AnswerLost, Refused, ask } from '../hall/api.js';
import { byId, make, setText } from '../hall/dom.js';

const input = (/** @type {string} */ id) => /** @type {HTMLInputElement} */ (byId(id));

const DEVICES = { kiosk: '自助机', window: '窗口', board: '大屏', gateway: '微信网关' };
const HALL_TIME = { hour12: false, timeZone: 'Asia/Shanghai' };
const DUTIES = {
  window: '窗口人员', hall_manager: '大厅主管', policy: '规则管理员', admin: '系统管理员', auditor: '审计员',
};

/** @param {number|null|undefined} ms */
const when = (ms) => (ms == null ? '–' : new Date(ms).toLocaleString('zh-CN', HALL_TIME));

/** @param {unknown} error */
function tell(error) {
  if (error instanceof AnswerLost) setText(byId('message'), '没有收到叫号系统的答复，请刷新页面看现状');
  else if (error instanceof Refused) setText(byId('message'), error.problem.detail ?? '系统没有接受');
  else throw error;
}

/** @param {() => Promise<void>} work */
async function attempt(work) {
  setText(byId('message'), '');
  try {
    await work();
  } catch (error) {
    tell(error);
  }
}

/** @param {[string, string][]} lines */
function showOnce(lines) {
  const rows = lines.flatMap(([name, value]) => [make('dt', {}, name), make('dd', {}, value)]);
  byId('told-lines').replaceChildren(...rows);
  byId('told').hidden = false;
  byId('told').scrollIntoView();
}

/** @param {any} one */
function certificateRow(one) {
  const taken = one.revoked_at != null;
  const revoke = async () => {
    const name = `${DEVICES[one.role] ?? one.role} ${one.device}`;
    const reason = prompt(`吊销 ${name} 的证书？设备会立即断开。请写明原因：`);
    if (!reason) return;
    await attempt(async () => {
      await ask('POST', `/api/v1/certificates/${one.serial}/revoke`, { body: { reason } });
      await read();
    });
  };
  return make(
    'tr',
    { class: taken ? 'bad' : null },
    make('td', {}, `${DEVICES[one.role] ?? one.role} ${one.device}`),
    make('td', {}, one.place || '–'),
    make('td', { class: 'mono' }, one.serial),
    make('td', {}, one.issued_at == null ? '手工签发' : when(one.issued_at)),
    make('td', {}, when(one.until)),
    make('td', {}, when(one.last_seen)),
    make('td', {}, taken ? `已吊销 ${when(one.revoked_at)}` : make('button', { type: 'button', onclick: revoke }, '吊销')),
  );
}

/** @param {any} one */
function accountRow(one) {
  const close = async () => {
    if (!confirm(`停用账号 ${one.id}？此人会立即退出登录。`)) return;
    await attempt(async () => {
      await ask('DELETE', `/api/v1/accounts/${encodeURIComponent(one.id)}`);
      await read();
    });
  };
  const states = [[one.closed, '已停用'], [one.locked, '已锁定'], [one.must_change, '待首次登录'], [true, '使用中']];
  const state = states.find(([holds]) => holds)?.[1];
  return make(
    'tr',
    { class: one.closed || one.locked ? 'bad' : null },
    make('td', {}, one.id),
    make('td', {}, DUTIES[one.role] ?? one.role),
    make('td', {}, one.role === 'window' ? one.windows.join(' ') || '全部' : '–'),
    make('td', {}, state),
    make('td', {}, one.closed ? null : make('button', { type: 'button', onclick: close }, '停用')),
  );
}

async function read() {
  const { certificates } = await ask('GET', '/api/v1/certificates');
  byId('certificates').replaceChildren(...certificates.map(certificateRow));
  const { accounts } = await ask('GET', '/api/v1/accounts');
  byId('accounts').replaceChildren(...accounts.map(accountRow));
}

byId('enrol').addEventListener('submit', (event) => {
  event.preventDefault();
  attempt(async () => {
    const [role, device, place] = ['role', 'device', 'place'].map((name) => input(`enrol-${name}`).value.trim());
    const body = { role, device, place };
    const made = await ask('POST', '/api/v1/enrolment/codes', { body });
    const code = made.code.replace(/(.{4})(?=.)/g, '$1-');
    showOnce([
      ['登记码（15 分钟内有效，只能用一次）', code],
      ['登记地址', made.enrolment],
      ['在设备上运行', `hallctl enrol --dispatcher ${made.enrolment} --out kiosk.pem`],
    ]);
  });
});
byId('account').addEventListener('submit', (event) => {
  event.preventDefault();
  attempt(async () => {
    const windows = input('account-windows').value.trim().toUpperCase().split(/[\s,，、]+/).filter((w) => w !== '');
    const body = { role: input('account-role').value, windows };
    const made = await ask('PUT', `/api/v1/accounts/${encodeURIComponent(input('account-id').value.trim())}`, { body });
    showOnce([
      ['工号', made.id],
      ['初始密码（首次登录须更换）', made.first_password],
      ['身份验证器密钥', new URL(made.otpauth).searchParams.get('secret') ?? ''],
    ]);
    await read();
  });
});
byId('told-done').addEventListener('click', () => {
  byId('told').hidden = true;
  byId('told-lines').replaceChildren();
});
byId('out').addEventListener('click', () =>
  attempt(async () => {
    await ask('POST', '/api/v1/sign-out');
    location.replace('/sign-in');
  }));
attempt(async () => {
  await read();
  // Whoever comes by the machine's own token has no session.
  const who = await ask('GET', '/api/v1/session', { stay: true }).catch(() => null);
  setText(byId('who'), who ? who.account : '本机');
});
