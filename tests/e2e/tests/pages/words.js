// What the pages say: waits as ranges, sentences of the phone, the notice of the board, the clerk's keys.
const { askAgainAfterS } = await import('/web/phone/wait.js');
const { languageFor, servicesInWords, tell, windowsInWords } = await import('/web/phone/words.js');
const { staleNotice } = await import('/web/board/words.js');
const { actionOfKey, actionsOf, isPossible, phaseOf, whyNot } = await import('/web/clerk/actions.js');
const { finishedPart, refusalInWords } = await import('/web/clerk/words.js');
const { narrow } = await import('/web/clerk/picker.js');
const { valueInWords, whoInWords, whyInWords } = await import('/web/audit/words.js');

check('the nearer the turn, the oftener', [30, 10, 1].map((ahead) => askAgainAfterS('waiting', ahead)), [20, 10, 4]);
check('nothing more to ask when it is over', askAgainAfterS('finished', 0), null);

const tags = ['zh-CN', 'zh', 'zh-HK', 'zh-Hant-TW', 'zh-Hans-HK', 'en-GB', 'fr'];
const langs = ['zh-Hans', 'zh-Hans', 'zh-Hant', 'zh-Hant', 'zh-Hans', 'en', 'en'];
check('the language of the browser', tags.map(languageFor), langs);

const text = { 'zh-Hans': '3号综合窗口', 'zh-Hant': '', en: 'Window 3' };
const view = { state: 'called', people_ahead: 0, window_name: text };
check('a call names the window', tell(view, 'en').sentence, 'Please go to\nWindow 3');
check('a missing language falls back', tell(view, 'zh-Hant').sentence, '請到\n3号综合窗口');
const said = { ahead: { 'zh-Hans': '前面没有人', en: 'Nobody ahead' }, wait: { 'zh-Hans': '约 5 至 10 分钟', en: '5 to 10' } };
const waits = tell({ state: 'waiting', people_ahead: 0, told: said }, 'zh-Hans');
check('a wait is told in the words of the dispatcher', [waits.sentence, waits.wait], ['前面没有人', '约 5 至 10 分钟']);
const missed = { state: 'no-show', people_ahead: 0, back: { until: '11:42', place: 3 } };
check('a missed number says its way back', tell(missed, 'zh-Hans').advice.includes('11:42 前到取号机刷证'), true);
check('after it, a new number', tell({ ...missed, back: undefined }, 'zh-Hans').advice.includes('重新取号'), true);
const two = { services: [text, text], done: 1, in_order: true };
check('matters in their order', servicesInWords(two, 'en'), ['1. Window 3 (done)', '2. Window 3']);
check('one matter is no list', servicesInWords({ services: [text] }, 'en'), ['Window 3']);
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
const called = { ...desk, current: ticket, miss_in_s: 42, readAt: 1000 };
const label = (at) => actionsOf(called, at).find((one) => one.name === 'no-show').label;
check('a called person has time to come', [label(1000), isPossible('no-show', called, 1000)], ['过号（42 秒后）', false]);
check('which runs out', [label(31_500), label(43_000)], ['过号（12 秒后）', '过号']);
check('then it can be marked', isPossible('no-show', called, 43_000), true);
check('and is said', whyNot('no-show', called, 1000), 'A001 刚叫不久，42 秒后才能记过号；可以按 R 重呼');
const early = { code: 'too-early', status: 409, left_s: 7 };
check('the refusal says how long', refusalInWords(early), '被叫的人还在路上，7 秒后才能记过号');
const more = { ...serving, next_matter: { service: 'S2', here: true } };
check('the next matter goes on here', actionsOf(more, 0)[0].label, '办结这件，接着办');
const part = (state) => finishedPart({ number: 'A001', state, history: [{ what: 'next-matter' }] });
check('one of two is done', [part('serving'), part('waiting')],
  ['A001 这件已办结，接着办下一件', 'A001 这件已办结；还有一件由别的窗口叫，位置保留']);
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

const whys = ['cut-off', "the device's clock is -400 s off", 'no such code', '群众投诉 cut-off'];
check('reasons of programs in words, those of people as typed', whys.map(whyInWords), [
  '末尾被截去，或换成了旧文件', '设备时钟偏差 -400 秒', '没有这个登记码', '群众投诉 cut-off',
]);
check('what an account was', valueInWords('account.put', 'window W01 first-password'), '窗口人员 W01 待首次登录');
check('which rule', valueInWords('policy.change', 'balanced'), '综合均衡');
check('a ticket keeps its number', valueInWords('ticket.take', 'A001'), 'A001');
const who = ['staff:A1', 'nobody', '192.168.9.10', 'fd00::1', 'kiosk:K01'];
check('who', who.map(whoInWords), ['工作人员 A1', '未登录', '192.168.9.10', 'fd00::1', '自助机 K01']);
