// Times as the hall shows them: always China's clock, whatever the machine is set to.

const ZONE = 'Asia/Shanghai';
const hourMinute = new Intl.DateTimeFormat('zh-CN', {
  timeZone: ZONE,
  hour: '2-digit',
  minute: '2-digit',
  hourCycle: 'h23',
});
const dayZh = new Intl.DateTimeFormat('zh-CN', { timeZone: ZONE, month: 'long', day: 'numeric', weekday: 'long' });
const dayEn = new Intl.DateTimeFormat('en-GB', { timeZone: ZONE, weekday: 'short', day: 'numeric', month: 'short' });

/** `09:05`. @param {number} at milliseconds since 1970 */
export const timeOfDay = (at) => hourMinute.format(at);

/** `11月21日 星期六`. @param {number} at milliseconds since 1970 */
export const dayInChinese = (at) => dayZh.format(at).replace(/(日)(?=星)/, '$1 ');

/** `Sat 21 Nov`. @param {number} at milliseconds since 1970 */
export const dayInEnglish = (at) => dayEn.format(at).replace(',', '');

/**
 * A length of time for people: `48 秒`, `3 分 20 秒`, `1 小时 5 分`.
 * @param {number} ms
 */
export function spanInChinese(ms) {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  if (seconds < 60) return `${seconds} 秒`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} 分 ${seconds % 60} 秒`;
  return `${Math.floor(minutes / 60)} 小时 ${minutes % 60} 分`;
}
