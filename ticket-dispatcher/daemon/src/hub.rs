//! Fan-out to the streams: a bounded ring of events that all clients share, and a list of whom to wake.
//!
//! Nothing is queued per client. A client has a place in the ring; it is woken, takes what is new as shared bytes, and
//! when it has fallen out of the ring it gets a whole snapshot instead. So a client that never reads costs what an idle
//! one costs, and nobody waits for it.

use std::collections::VecDeque;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, RwLock};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use axum::body::Bytes;
use hyper::body::{Body, Frame, SizeHint};
use tokio::sync::Notify;

/// Events kept for clients that come back: some minutes of a busy hall.
const RING_MAX: usize = 2048;

/// Comment that keeps a silent stream from being taken for dead; readers give up after 40 s.
const HEARTBEAT: Duration = Duration::from_secs(15);

static BEAT: Bytes = Bytes::from_static(b": \n\n");

/// Gives a whole snapshot as an SSE event, with the journal position that it is true at.
pub type Snapshot = dyn Fn() -> (u64, Bytes) + Send + Sync;

/// The meeting point of writer and streams.
pub struct Hub {
    ring: RwLock<Ring>,
    waiting: Mutex<Slots>,
    beats: AtomicU64,
    bell: Notify,
    closed: AtomicBool,
}

struct Ring {
    /// Everything up to and with this position is gone from the ring, or never was in it.
    base: u64,
    last: u64,
    events: VecDeque<(u64, Bytes)>,
}

/// Wakers by slot. A slot goes back when its stream is dropped, so that nothing of a client outlives it.
#[derive(Default)]
struct Slots {
    wakers: Vec<Option<Waker>>,
    free: Vec<usize>,
    streams: usize,
}

impl Hub {
    /// An empty hub.
    pub fn new() -> Self {
        Self {
            ring: RwLock::new(Ring {
                base: 0,
                last: 0,
                events: VecDeque::with_capacity(RING_MAX),
            }),
            waiting: Mutex::default(),
            beats: AtomicU64::new(0),
            bell: Notify::new(),
            closed: AtomicBool::new(false),
        }
    }

    /// Nothing before this position will be in the ring.
    pub fn begin(&self, seq: u64) {
        let mut ring = self.ring.write().expect("no panic under this lock");
        ring.base = seq;
        ring.last = seq;
        ring.events.clear();
    }

    /// Puts events into the ring and rings the bell. Called by the ledger's writer: it must not wait for anybody, so
    /// the waking is left to [`Hub::fan_out`].
    pub fn publish(&self, seq: u64, events: Vec<(u64, Bytes)>) {
        {
            let mut ring = self.ring.write().expect("no panic under this lock");
            ring.last = seq;
            for event in events {
                if ring.events.len() == RING_MAX
                    && let Some((gone, _)) = ring.events.pop_front()
                {
                    ring.base = gone;
                }
                ring.events.push_back(event);
            }
        }
        self.bell.notify_one();
    }

    /// Wakes the streams after each event and for the heartbeat, until the hub is closed.
    pub async fn fan_out(&self) {
        let mut beat = tokio::time::interval(HEARTBEAT);
        beat.tick().await;
        while !self.closed.load(Ordering::Acquire) {
            tokio::select! {
                () = self.bell.notified() => {}
                _ = beat.tick() => {
                    self.beats.fetch_add(1, Ordering::Release);
                }
            }
            self.wake_all();
        }
    }

    /// Ends all streams: readers reconnect and resume where they were.
    pub fn close(&self) {
        self.closed.store(true, Ordering::Release);
        self.bell.notify_one();
        self.wake_all();
    }

    /// Streams that are open.
    pub fn streams(&self) -> usize {
        self.slots().streams
    }

    fn slots(&self) -> MutexGuard<'_, Slots> {
        self.waiting.lock().expect("no panic under this lock")
    }

    fn wake_all(&self) {
        let wakers: Vec<Waker> = self.slots().wakers.iter_mut().filter_map(Option::take).collect();
        for waker in wakers {
            waker.wake();
        }
    }

    /// The next event behind `seq`.
    fn behind(&self, seq: u64) -> Next {
        let ring = self.ring.read().expect("no panic under this lock");
        if seq < ring.base {
            return Next::Lost;
        }
        let at = ring.events.partition_point(|(s, _)| *s <= seq);
        match ring.events.get(at) {
            Some((s, event)) => Next::Event(*s, event.clone()),
            None => Next::Nothing,
        }
    }
}

enum Next {
    Event(u64, Bytes),
    Nothing,
    Lost,
}

/// The body of one stream.
pub struct Stream {
    hub: Arc<Hub>,
    snapshot: Arc<Snapshot>,
    /// Position of the last event that was handed out; none before the first snapshot.
    seen: Option<u64>,
    beats: u64,
    slot: usize,
}

impl Stream {
    /// A stream that goes on behind `last_event_id` if the ring still has what follows, else begins with a snapshot.
    pub fn new(hub: Arc<Hub>, snapshot: Arc<Snapshot>, last_event_id: Option<u64>) -> Self {
        let slot = {
            let mut slots = hub.slots();
            slots.streams += 1;
            slots.free.pop().unwrap_or_else(|| {
                slots.wakers.push(None);
                slots.wakers.len() - 1
            })
        };
        // What a client names beyond the ring's end is of another journal. A snapshot of ours may well be beyond it for
        // a moment: the picture moves on before the streams hear of it.
        let end = hub.ring.read().expect("no panic under this lock").last;
        Self {
            beats: hub.beats.load(Ordering::Acquire),
            hub,
            snapshot,
            seen: last_event_id.filter(|seq| *seq <= end),
            slot,
        }
    }

    fn next(&mut self) -> Option<Bytes> {
        let lost = match self.seen {
            None => true,
            Some(seen) => match self.hub.behind(seen) {
                Next::Event(seq, event) => {
                    self.seen = Some(seq);
                    return Some(event);
                }
                Next::Nothing => false,
                Next::Lost => true,
            },
        };
        if lost {
            let (seq, event) = (self.snapshot)();
            self.seen = Some(seq);
            return Some(event);
        }
        let beats = self.hub.beats.load(Ordering::Acquire);
        if beats != self.beats {
            self.beats = beats;
            return Some(BEAT.clone());
        }
        None
    }
}

impl Body for Stream {
    type Data = Bytes;
    type Error = std::convert::Infallible;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        let this = self.get_mut();
        if this.hub.closed.load(Ordering::Acquire) {
            return Poll::Ready(None);
        }
        if let Some(event) = this.next() {
            return Poll::Ready(Some(Ok(Frame::data(event))));
        }
        {
            let mut slots = this.hub.slots();
            match &mut slots.wakers[this.slot] {
                Some(waker) => waker.clone_from(cx.waker()),
                none => *none = Some(cx.waker().clone()),
            }
        }
        // An event may have come between the look and the registration; nobody would wake us for it.
        match this.next() {
            Some(event) => Poll::Ready(Some(Ok(Frame::data(event)))),
            None if this.hub.closed.load(Ordering::Acquire) => Poll::Ready(None),
            None => Poll::Pending,
        }
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::default()
    }
}

impl Drop for Stream {
    fn drop(&mut self) {
        let mut slots = self.hub.slots();
        slots.wakers[self.slot] = None;
        slots.free.push(self.slot);
        slots.streams -= 1;
    }
}

/// An SSE event: name, id, one line of data.
pub fn event(name: &str, seq: u64, json: &[u8]) -> Bytes {
    let mut out = Vec::with_capacity(json.len() + 48);
    out.extend_from_slice(format!("event: {name}\nid: {seq}\ndata: ").as_bytes());
    out.extend_from_slice(json);
    out.extend_from_slice(b"\n\n");
    out.into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::task::Wake;

    struct Count(AtomicU64);
    impl Wake for Count {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::SeqCst);
        }
    }

    fn hub_with(events: std::ops::RangeInclusive<u64>) -> Arc<Hub> {
        let hub = Arc::new(Hub::new());
        hub.begin(events.start() - 1);
        for seq in events {
            hub.publish(seq, vec![(seq, event("journal", seq, b"{}"))]);
        }
        hub
    }

    fn stream(hub: &Arc<Hub>, last: Option<u64>, at: u64) -> Stream {
        let snapshot: Arc<Snapshot> = Arc::new(move || (at, event("snapshot", at, b"{}")));
        Stream::new(Arc::clone(hub), snapshot, last)
    }

    fn poll(stream: &mut Stream, count: &Arc<Count>) -> Option<String> {
        let waker = Waker::from(Arc::clone(count));
        match Pin::new(stream).poll_frame(&mut Context::from_waker(&waker)) {
            Poll::Ready(Some(Ok(frame))) => {
                let data = frame.into_data().unwrap();
                Some(String::from_utf8(data.to_vec()).unwrap())
            }
            _ => None,
        }
    }

    #[test]
    fn a_stream_resumes_behind_its_last_event_and_misses_none() {
        let hub = hub_with(11..=20);
        let mut s = stream(&hub, Some(17), 20);
        let count = Arc::new(Count(AtomicU64::new(0)));
        for seq in 18..=20 {
            assert!(poll(&mut s, &count).unwrap().contains(&format!("id: {seq}\n")));
        }
        assert_eq!(poll(&mut s, &count), None);
        hub.publish(21, vec![(21, event("journal", 21, b"{}"))]);
        hub.wake_all();
        assert_eq!(count.0.load(Ordering::SeqCst), 1);
        assert!(poll(&mut s, &count).unwrap().contains("id: 21\n"));
    }

    #[test]
    fn a_stream_that_fell_out_of_the_ring_gets_a_snapshot() {
        let last = 10 + RING_MAX as u64 + 5;
        let hub = hub_with(11..=last);
        let count = Arc::new(Count(AtomicU64::new(0)));
        for lost in [None, Some(0), Some(10), Some(14), Some(last + 1)] {
            let mut s = stream(&hub, lost, last);
            assert!(
                poll(&mut s, &count).unwrap().starts_with("event: snapshot\n"),
                "{lost:?}"
            );
            assert_eq!(poll(&mut s, &count), None);
        }
        let mut kept = stream(&hub, Some(15), last);
        assert!(poll(&mut kept, &count).unwrap().starts_with("event: journal\nid: 16\n"));
    }

    #[test]
    fn a_snapshot_of_what_is_not_published_yet_is_given_once() {
        let hub = hub_with(11..=20);
        let mut s = stream(&hub, None, 22);
        let count = Arc::new(Count(AtomicU64::new(0)));
        assert!(poll(&mut s, &count).unwrap().starts_with("event: snapshot\n"));
        assert_eq!(poll(&mut s, &count), None);
        for seq in 21..=23 {
            hub.publish(seq, vec![(seq, event("journal", seq, b"{}"))]);
        }
        assert!(poll(&mut s, &count).unwrap().starts_with("event: journal\nid: 23\n"));
        assert_eq!(poll(&mut s, &count), None);
    }

    #[test]
    fn nothing_of_a_client_outlives_it() {
        let hub = hub_with(1..=1);
        let count = Arc::new(Count(AtomicU64::new(0)));
        for _ in 0..100 {
            let mut s = stream(&hub, Some(1), 1);
            assert_eq!(poll(&mut s, &count), None);
            assert_eq!(hub.streams(), 1);
        }
        assert_eq!(hub.streams(), 0);
        assert_eq!(hub.slots().wakers.len(), 1);
        assert_eq!(Arc::strong_count(&count), 1);
    }
}
