// What the board says about its own line. Pure.

import { spanInChinese, timeOfDay } from '../hall/clock.js';

/** A line that comes back within this time is not worth a word on the wall. */
const PATIENCE_MS = 3000;

/**
 * The notice over the board, or null when what it shows is true now.
 * @param {import('../hall/stream.js').Link} link
 * @param {number} now milliseconds since 1970
 * @param {number} openedAt when the page opened
 * @returns {string|null}
 */
export function staleNotice(link, now, openedAt) {
  if (link.up) return null;
  if (link.status === 401 || link.status === 403) return '本屏未获授权，请联系管理员';
  if (link.heardAt === 0) return now - openedAt < PATIENCE_MS ? null : '正在连接叫号系统，请留意窗口和语音';
  const away = now - link.heardAt;
  if (away < PATIENCE_MS) return null;
  return `数据更新于 ${timeOfDay(link.heardAt)}，已中断 ${spanInChinese(away)}`;
}
