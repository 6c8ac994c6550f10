// Every sentence of the phone page, in three languages. Pure.

/** @typedef {import('./wait.js').Lang} Lang */
/** @typedef {import('../hall/fold.js').LocalText} LocalText */
/**
 * @typedef {{number: string, slip?: string, state: import('./wait.js').LookupState, services: LocalText[],
 *   materials?: LocalText[],
 *   done?: number, in_order?: boolean, people_ahead: number, wait?: import('./wait.js').WaitRange,
 *   told?: {ahead: LocalText, wait: LocalText}, back?: {until: string, place: number}, window_name?: LocalText,
 *   windows: LocalText[],
 *   hall: LocalText, hall_phone: string, issued_at: string, as_of: string, seq: number}} LookupView
 */
/** @typedef {{sentence: string, wait: string, advice: string}} Told */

/** Longest list of windows worth reading on a phone; more than that means "any". */
const WINDOWS_LISTED = 4;

/** @type {Record<Lang, any>} */
const WORDS = {
  'zh-Hans': {
    title: '号票查询',
    number: '您的号码',
    services: '办理事项',
    inOrder: '办理事项（按顺序，可能到不同窗口，一个号就行）',
    done: (name) => `${name}（已办结）`,
    materials: '请准备好这些材料',
    windows: '可能叫您的窗口',
    anyOf: (n) => `${n} 个窗口都可以办理，请留意叫号`,
    phone: '大厅电话：',
    asOf: (time) => `更新于 ${time}，本页会自动更新`,
    privacy: '本页不显示任何个人信息。',
    age: (time, span) => `网络不通，显示的是 ${time} 的情况（${span}前），正在重试`,
    busy: '查询的人较多，稍后自动更新',
    seconds: (n) => `${n} 秒`,
    minutes: (n) => `${n} 分钟`,
    alone: '离线取的号',
    aloneAdvice: '取号时网络中断，联网后按取号时间排队，本页会自动更新。请留意叫号屏。',
    other: (slip, number) => `您手里的 ${slip} 和 ${number} 是同一个人取的，只叫 ${number}。`,
    stay: '快轮到您了，请在窗口附近等候。',
    leave: '叫号以大厅屏幕和语音为准，请留足时间返回。',
    called: (window) => `请到\n${window}`,
    calledAdvice: '请带好材料和号票，现在前往窗口。',
    serving: (window) => `正在${window ? ` ${window} ` : ''}办理`,
    held: '您的业务暂时挂起',
    heldAdvice: '窗口会再叫您，不用重新取号。',
    finished: '已办结',
    finishedAdvice: '谢谢，请带好您的证件和材料。',
    missed: '已过号',
    back: (until, place) => `别着急：${until} 前到取号机刷证，这个号就排回队里，前面最多 ${place - 1} 人（只有一次），也可以到导办台说明。`,
    missedAdvice: '这个号不能再用了，请重新取号；有疑问请到导办台。',
    cancelled: '此号已取消',
    cancelledAdvice: '如仍需办理，请重新取号。',
    unknown: '没有查到这张号票',
    unknownAdvice: '号票只在当天有效。请核对二维码是否完整，或拿着号票到导办台询问。',
    pairTitle: '用号码查询',
    pairAdvice: '号码和校验码印在号票上。',
    pairNumber: '号码',
    pairCode: '校验码（4 位数字）',
    pairGo: '查询',
    pairWrong: '号码或校验码不对，请看号票再输入一次。',
    pairSilent: (n) => `输错次数过多，请 ${n} 分钟后再试，或扫描号票上的二维码。`,
    loading: '正在查询…',
    offline: '网络不通，正在重试…',
  },
  'zh-Hant': {
    title: '號票查詢',
    number: '您的號碼',
    services: '辦理事項',
    inOrder: '辦理事項（按順序，可能到不同窗口，一個號就行）',
    done: (name) => `${name}（已辦結）`,
    materials: '請準備好這些材料',
    windows: '可能叫您的窗口',
    anyOf: (n) => `${n} 個窗口都可以辦理，請留意叫號`,
    phone: '大廳電話：',
    asOf: (time) => `更新於 ${time}，本頁會自動更新`,
    privacy: '本頁不顯示任何個人資料。',
    age: (time, span) => `網絡不通，顯示的是 ${time} 的情況（${span}前），正在重試`,
    busy: '查詢的人較多，稍後自動更新',
    seconds: (n) => `${n} 秒`,
    minutes: (n) => `${n} 分鐘`,
    alone: '離線取的號',
    aloneAdvice: '取號時網絡中斷，連線後按取號時間排隊，本頁會自動更新。請留意叫號屏。',
    other: (slip, number) => `您手裏的 ${slip} 和 ${number} 是同一個人取的，只叫 ${number}。`,
    stay: '快輪到您了，請在窗口附近等候。',
    leave: '叫號以大廳屏幕和語音為準，請留足時間返回。',
    called: (window) => `請到\n${window}`,
    calledAdvice: '請帶好材料和號票，現在前往窗口。',
    serving: (window) => `正在${window ? ` ${window} ` : ''}辦理`,
    held: '您的業務暫時掛起',
    heldAdvice: '窗口會再叫您，不用重新取號。',
    finished: '已辦結',
    finishedAdvice: '謝謝，請帶好您的證件和材料。',
    missed: '已過號',
    back: (until, place) => `別着急：${until} 前到取號機刷證，這個號就排回隊裡，前面最多 ${place - 1} 人（只有一次），也可以到導辦台說明。`,
    missedAdvice: '這個號不能再用了，請重新取號；有疑問請到導辦台。',
    cancelled: '此號已取消',
    cancelledAdvice: '如仍需辦理，請重新取號。',
    unknown: '沒有查到這張號票',
    unknownAdvice: '號票只在當天有效。請核對二維碼是否完整，或拿着號票到導辦台詢問。',
    pairTitle: '用號碼查詢',
    pairAdvice: '號碼和校驗碼印在號票上。',
    pairNumber: '號碼',
    pairCode: '校驗碼（4 位數字）',
    pairGo: '查詢',
    pairWrong: '號碼或校驗碼不對，請看號票再輸入一次。',
    pairSilent: (n) => `輸錯次數過多，請 ${n} 分鐘後再試，或掃描號票上的二維碼。`,
    loading: '正在查詢…',
    offline: '網絡不通，正在重試…',
  },
  en: {
    title: 'My ticket',
    number: 'Your number',
    services: 'Service',
    inOrder: 'Services in this order, perhaps at different windows; one number for all',
    done: (name) => `${name} (done)`,
    materials: 'Please have ready',
    windows: 'Windows that may call you',
    anyOf: (n) => `Any of ${n} windows; please watch the board`,
    phone: 'Hall phone: ',
    asOf: (time) => `Updated at ${time}. This page updates by itself.`,
    privacy: 'This page shows no personal information.',
    age: (time, span) => `No network. This is how it stood at ${time} (${span} ago). Trying again.`,
    busy: 'Many people are asking; the page updates soon.',
    seconds: (n) => `${n} s`,
    minutes: (n) => `${n} min`,
    alone: 'Taken offline',
    aloneAdvice: 'The kiosk had no network. Once it is back you stand where you took the number. Watch the board.',
    other: (slip, number) => `${slip} and ${number} belong to the same person. Only ${number} will be called.`,
    stay: 'Nearly your turn: please wait near the windows.',
    leave: 'The board and the voice in the hall decide. Please leave time to come back.',
    called: (window) => `Please go to\n${window}`,
    calledAdvice: 'Bring your papers and the ticket to the window now.',
    serving: (window) => `Being served${window ? ` at ${window}` : ''}`,
    held: 'Your case is on hold',
    heldAdvice: 'The window will call you again. You need no new number.',
    finished: 'Finished',
    finishedAdvice: 'Thank you. Please take all your papers with you.',
    missed: 'You missed your call',
    back: (until, place) =>
      `No problem: lay your card down at a kiosk by ${until}, and this number is back with ${place - 1} people ahead ` +
      'at most (once only). ' +
      'The guidance desk helps too.',
    missedAdvice: 'This number cannot be used again. Please take a new one, or ask at the guidance desk.',
    cancelled: 'This number was cancelled',
    cancelledAdvice: 'If you still need the service, please take a new number.',
    unknown: 'We cannot find this ticket',
    unknownAdvice: 'Tickets are valid for one day. Check that the QR code is whole, or ask at the guidance desk.',
    pairTitle: 'Look up by number',
    pairAdvice: 'Number and check code are printed on your ticket.',
    pairNumber: 'Number',
    pairCode: 'Check code (4 digits)',
    pairGo: 'Look up',
    pairWrong: 'Number or check code is wrong. Please look at the ticket and type them again.',
    pairSilent: (n) => `Too many wrong tries. Again in ${n} min, or scan the code on your ticket.`,
    loading: 'Looking up…',
    offline: 'No network. Trying again…',
  },
};

/** @param {Lang} lang */
export const wordsOf = (lang) => WORDS[lang];

/**
 * The text in this language; a hall may leave out all but the simplified.
 * @param {LocalText} text
 * @param {Lang} lang
 */
export const inLanguage = (text, lang) => text[lang] || text['zh-Hans'];

/**
 * The page's language for a browser's: `zh-HK` reads traditional, other Chinese simplified, everybody else English.
 * @param {string} browser
 * @returns {Lang}
 */
export function languageFor(browser) {
  const tag = browser.toLowerCase();
  if (!tag.startsWith('zh')) return 'en';
  return /hant|-(tw|hk|mo)\b/.test(tag) && !tag.includes('hans') ? 'zh-Hant' : 'zh-Hans';
}

/**
 * What the person should know and do, in one sentence each.
 * @param {LookupView} view
 * @param {Lang} lang
 * @returns {Told}
 */
export function tell(view, lang) {
  const told = tellState(view, lang);
  // Two slips of one person lead here; the one that counts is said before anything else.
  return view.slip ? { ...told, advice: `${WORDS[lang].other(view.slip, view.number)} ${told.advice}`.trim() } : told;
}

/** @param {LookupView} view @param {Lang} lang @returns {Told} */
function tellState(view, lang) {
  const words = WORDS[lang];
  const window = view.window_name ? inLanguage(view.window_name, lang) : '';
  const told = (sentence, advice = '', wait = '') => ({ sentence, wait, advice });
  switch (view.state) {
    case 'offline':
      return told(words.alone, words.aloneAdvice);
    case 'waiting': {
      const said = (text) => (text ? inLanguage(text, lang) : '');
      const advice = view.people_ahead <= 3 ? words.stay : words.leave;
      return told(said(view.told?.ahead), advice, said(view.told?.wait));
    }
    case 'called':
      return told(words.called(window), words.calledAdvice);
    case 'serving':
      return told(words.serving(window));
    case 'held':
      return told(words.held, words.heldAdvice);
    case 'finished':
      return told(words.finished, words.finishedAdvice);
    case 'no-show':
      return told(words.missed, view.back ? words.back(view.back.until, view.back.place) : words.missedAdvice);
    case 'cancelled':
      return told(words.cancelled, words.cancelledAdvice);
    default:
      return told('');
  }
}

/**
 * The matters, those that are done marked, in their order where it may lead to different windows.
 * @param {LookupView} view
 * @param {Lang} lang
 */
export function servicesInWords(view, lang) {
  return view.services.map((text, index) => {
    const name = inLanguage(text, lang);
    const place = view.in_order ? `${index + 1}. ${name}` : name;
    return view.services.length > 1 && index < (view.done ?? 0) ? WORDS[lang].done(place) : place;
  });
}

/**
 * The windows in a few words.
 * @param {LocalText[]} windows
 * @param {Lang} lang
 */
export function windowsInWords(windows, lang) {
  if (windows.length > WINDOWS_LISTED) return WORDS[lang].anyOf(windows.length);
  return windows.map((window) => inLanguage(window, lang)).join(lang === 'en' ? ', ' : '、');
}

/**
 * How old the shown state is.
 * @param {number} ms
 * @param {Lang} lang
 */
export function spanInWords(ms, lang) {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  const words = WORDS[lang];
  return seconds < 60 ? words.seconds(seconds) : words.minutes(Math.floor(seconds / 60));
}
