// The fold of the hall's stream, and the parser below it.
const { foldEvent, foldSnapshot } = await import('/web/hall/fold.js');
const { SseParser, backOffMs } = await import('/web/hall/sse.js');

const name = { 'zh-Hans': '窗口', 'zh-Hant': '窗口', en: 'Window' };
const hall = {
  hall: { id: 'h', name, phone: '' },
  seq: 10,
  at: 0,
  windows: [
    { id: 'W01', name, kind: 'comprehensive', state: 'open', serving: false },
    { id: 'W02', name, kind: 'comprehensive', state: 'open', serving: false },
  ],
  calls: [],
  next_up: ['A001', 'A002'],
  groups: [{ id: 'G1', name, waiting: 2 }],
};
const call = (seq, number, window, times = 1) => ({ seq, number, window, times, at: seq });
const called = (seq, number, window, times = 1) => ({
  seq,
  at: seq,
  kind: times > 1 ? 'recalled' : 'called',
  number,
  call: call(seq, number, window, times),
  windows: [{ ...hall.windows[0], id: window, number }],
  next_up: ['A002'],
});

const one = foldEvent(hall, called(11, 'A001', 'W01'));
check('a call replaces its window', one.windows.map((window) => window.number ?? null), ['A001', null]);
check('a call goes on top', one.calls.map((each) => each.number), ['A001']);
check('the list of the next is replaced whole', one.next_up, ['A002']);
check('what the event does not name stays', one.groups, hall.groups);
check('the snapshot before is left alone', hall.calls, []);
check('an old event changes nothing', foldEvent(one, called(11, 'A009', 'W02')) === one, true);

const later = ['A002', 'A003', 'A004', 'A005'].map((number, i) => called(12 + i, number, 'W02'));
const five = later.reduce(foldEvent, one);
check('four calls are kept, newest first', five.calls.map((each) => each.number), ['A005', 'A004', 'A003', 'A002']);
const again = foldEvent(five, called(20, 'A003', 'W02', 2));
check('a recall moves its number up', again.calls.map((each) => each.number), ['A003', 'A005', 'A004', 'A002']);
check('a recall keeps its count', again.calls[0].times, 2);
check('a late snapshot does not turn the board back', foldSnapshot(again, hall) === again, true);
check('a newer snapshot is taken', foldSnapshot(hall, again) === again, true);

const whole = ': heartbeat\n\nid: 7\nevent: journal\ndata: {"a":\ndata: 1}\n\n';
for (const step of [1, 2, 3, 7, whole.length]) {
  const parser = new SseParser();
  const events = [];
  for (let at = 0; at < whole.length; at += step) events.push(...parser.feed(whole.slice(at, at + step)));
  const same = [{ event: 'journal', data: '{"a":\n1}', id: '7' }];
  check(`an event cut every ${step} characters is the same`, events, same);
}
const windows = new SseParser();
const ends = [...windows.feed('data: x\r'), ...windows.feed('\n\r'), ...windows.feed('\ndata: y\r\n\r\n')];
check('CR and LF may come apart', ends.map((event) => event.data), ['x', 'y']);

const waits = Array.from({ length: 12 }, (_, attempt) => backOffMs(attempt, 1));
check('the wait doubles up to 5 s', waits.slice(0, 6), [250, 500, 1000, 2000, 4000, 5000]);
check('and never more', Math.max(...waits), 5000);
check('boards knock apart', backOffMs(3, 0) < backOffMs(3, 1), true);
