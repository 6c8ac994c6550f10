// What the pages say: waits as ranges, sentences of the phone, the notice of the board, the clerk's keys.
const { askAgainAfterS, waitInWords } = await import('/web/phone/wait.js');
const { languageFor, tell, windowsInWords } = await import('/web/phone/words.js');
const { staleNotice } = await import('/web/board/words.js');
const { actionOfKey, isPossible, phaseOf } = await import('/web/clerk/actions.js');
const { refusalInWords } = await import('/web/clerk/words.js');
const { narrow } = await import('/web/clerk/picker.js');

const wait = (p10_s, p90_s) => ({ p10_s, p50_s: (p10_s + p90_s) / 2, p90_s });
check('a wait is a range', waitInWords(wait(720, 1200), 'zh-Hans'), '约 12–20 分钟');
check('a wait is rounded outwards', waitInWords(wait(719, 1201), 'zh-Hans'), '约 11–21 分钟');
check('a short wait has no lower end', waitInWords(wait(20, 290), 'zh-Hans'), '不到 5 分钟');
check('no wait is no number', waitInWords(wait(0, 50), 'zh-Hans'), '马上就到');
check('a long wait is in hours', waitInWords(wait(4000, 7000), 'zh-Hans'), '约 1–2 小时');
check('a long wait keeps half hours', waitInWords(wait(5400, 9000), 'en'), 'about 1.5–2.5 hours');
check('traditional', waitInWords(wait(720, 1200), 'zh-Hant'), '約 12–20 分鐘');

check('the nearer the turn, the oftener', [30, 10, 1].map((ahead) => askAgainAfterS('waiting', ahead)), [20, 10, 4]);
check('nothing more to ask when it is over', askAgainAfterS('finished', 0), null);

const tags = ['zh-CN', 'zh', 'zh-HK', 'zh-Hant-TW', 'zh-Hans-HK', 'en-GB', 'fr'];
const langs = ['zh-Hans', 'zh-Hans', 'zh-Hant', 'zh-Hant', 'zh-Hans', 'en', 'en'];
check('the language of the browser', tags.map(languageFor), langs);

const text = { 'zh-Hans': '3号综合窗口', 'zh-Hant': '', en: 'Window 3' };
const view = { state: 'called', people_ahead: 0, window_name: text };
check('a call names the window', tell(view, 'en').sentence, 'Please go to\nWindow 3');
check('a missing language falls back', tell(view, 'zh-Hant').sentence, '請到\n3号综合窗口');
check('the last before the turn', tell({ state: 'waiting', people_ahead: 0 }, 'zh-Hans').sentence, '下一位就是您');
check('few windows are listed', windowsInWords([text, text], 'zh-Hans'), '3号综合窗口、3号综合窗口');
const many = windowsInWords(Array(12).fill(text), 'en');
check('many windows are counted', many, 'Any of 12 windows; please watch the board');

const down = (heardAt, status = 200) => ({ up: false, heardAt, status });
const at = Date.UTC(2026, 10, 21, 1, 5, 0);
check('no notice while the line is up', staleNotice({ ...down(at), up: true }, at + 60_000, 0), null);
check('a short break is not worth a word', staleNotice(down(at), at + 2000, 0), null);
check('the notice says how old', staleNotice(down(at), at + 75_000, 0), '数据更新于 09:05，已中断 1 分 15 秒');

const ticket = { id: 't', number: 'A001', state: 'called' };
const desk = { window: { state: 'open' }, groups: [], held: [], missed: [], waiting: 3 };
const calm = { repeat: false, ctrlKey: false, altKey: false, metaKey: false };
const press = (key, more = {}) => actionOfKey({ key, ...calm, ...more });
check('three keys call the next', [' ', 'Enter', 'F2'].map((key) => press(key)), ['next', 'next', 'next']);
check('capital letters are the same keys', press('R'), 'recall');
check('a held key is nobody', press(' ', { repeat: true }), null);
check("the browser's shortcuts stay its own", press('r', { ctrlKey: true }), null);
check('an idle window calls', isPossible('next', desk), true);
check('a called number is not passed over by the same key', isPossible('next', { ...desk, current: ticket }), false);
const serving = { ...desk, current: { ...ticket, state: 'serving' } };
check('serving, the key finishes and calls', isPossible('next', serving), true);
const paused = { ...desk, window: { state: 'paused' } };
check('a paused window does not call', isPossible('next', paused), false);
check('somebody at a paused window is still served', phaseOf({ ...paused, current: ticket }), 'called');

const refused = { code: 'forbidden', detail: 'no role', status: 403 };
check('an English detail is not shown to a clerk', refusalInWords(refused), '您没有权限做这个操作');
const choices = [
  { label: '社会保障卡补领', also: 'S101 shbzkbl', value: 1 },
  { label: '2号综合窗口', also: 'W02', value: 2 },
];
check('initials find a service', narrow(choices, 'shbz').map((choice) => choice.value), [1]);
check('a window is found by its sign or id', ['2号', 'w02'].map((typed) => narrow(choices, typed)[0].value), [2, 2]);
check('nothing fits, nothing is offered', narrow(choices, 'xyz'), []);
