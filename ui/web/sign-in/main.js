// Signing in. The password leaves this page once, in the body of one request, and is forgotten; what stays is a cookie
// that no script can read.

import { AnswerLost, Refused, ask } from '../hall/api.js';
import { byId, setText } from '../hall/dom.js';
import { homeOf, nextOf } from './where.js';

const input = (/** @type {string} */ id) => /** @type {HTMLInputElement} */ (byId(id));
const WEAK =
  '请换一个新密码：至少 10 个字符，大写、小写、数字、符号要有三种，不要太多重复；满 16 个字符不限种类；不能与旧密码相同';
const next = nextOf(location.search);

const asked = next === null ? null : new URLSearchParams(next.split('?')[1] ?? '').get('w');
if (asked) input('window').value = asked;

/** @param {unknown} error */
function inWords(error) {
  if (error instanceof AnswerLost) return '没有收到叫号系统的答复，请再试一次';
  if (!(error instanceof Refused)) throw error;
  const { code, status, retryAfterS } = error.problem;
  if (code === 'must-change') return '首次登录，请在上面设置新密码，再输一次动态码';
  if (code === 'weak-password') return WEAK;
  if (code === 'too-many') return `登录失败次数过多，请 ${Math.ceil((retryAfterS ?? 60) / 60)} 分钟后再试`;
  if (code === 'forbidden') return '请填写您负责的窗口';
  if (status === 401) return '工号、密码或动态码不对';
  return '现在不能登录，请稍后再试';
}

/** @param {SubmitEvent} event */
async function signIn(event) {
  event.preventDefault();
  const renew = !byId('renew').hidden;
  if (renew && input('new').value !== input('again').value) {
    setText(byId('message'), '两次输入的新密码不一样');
    return;
  }
  const body = { account: input('account').value.trim(), password: input('password').value, code: input('code').value };
  const window = input('window').value.trim().toUpperCase();
  if (window !== '') body.window = window;
  if (renew) body.new_password = input('new').value;
  const button = /** @type {HTMLButtonElement} */ (byId('go'));
  button.disabled = true;
  setText(byId('message'), '');
  try {
    const who = await ask('POST', '/api/v1/sign-in', { body });
    location.replace(homeOf(who, next));
  } catch (error) {
    if (error instanceof Refused && error.problem.code === 'must-change') byId('renew').hidden = false;
    setText(byId('message'), inWords(error));
    input('code').value = '';
    input('code').focus();
  }
  button.disabled = false;
}

byId('form').addEventListener('submit', signIn);
// Only now: sent by the browser alone, what was typed would stand in an address.
/** @type {HTMLButtonElement} */ (byId('go')).disabled = false;
input('account').focus();
