//! Tells what is on disk: moves the view on, then answers, while the writer is at the next batch already.
//!
//! A thread of its own with a queue of few batches: the order of the journal is kept, and a view that is slow slows the
//! writer instead of piling up. It must never be handed anything that is not committed.

use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::JoinHandle;
use std::time::Duration;

use super::{Answer, Command};
use crate::recovery::Follower;
use crate::row::Committed;
use crate::schema::LedgerError;

/// Batches that may wait to be told.
const WAITING_MAX: usize = 4;

/// What became of a batch.
pub(super) enum News {
    /// On disk: rows, answers, and how long the commit took.
    Committed {
        rows: Vec<Committed>,
        answers: Vec<(Command, Answer)>,
        took: Duration,
    },
    /// The ledger cannot be written, and why; none when it can again.
    Trouble(Option<String>),
    /// Somebody waits until everything before is told.
    Told(SyncSender<()>),
}

/// The writer's end.
pub(super) struct Teller {
    send: SyncSender<News>,
    thread: JoinHandle<()>,
}

impl Teller {
    pub(super) fn start(mut follower: Box<dyn Follower>) -> Result<Self, LedgerError> {
        let (send, receive) = sync_channel(WAITING_MAX);
        let thread = std::thread::Builder::new()
            .name("ledger-teller".into())
            .spawn(move || run(follower.as_mut(), &receive))
            .map_err(LedgerError::Thread)?;
        Ok(Self { send, thread })
    }

    /// Hands news over; waits while too much is untold.
    pub(super) fn tell(&self, news: News) {
        if self.send.send(news).is_err() {
            tracing::error!("the view fell over; stopping, because nobody would be answered any more");
            std::process::abort();
        }
    }

    /// Waits until everything that was handed over is told.
    pub(super) fn wait(&self) {
        let (told, all) = sync_channel(1);
        self.tell(News::Told(told));
        let _ = all.recv();
    }

    /// Ends when all is told.
    pub(super) fn end(self) {
        drop(self.send);
        if self.thread.join().is_err() {
            tracing::error!("the view fell over at the end");
        }
    }
}

fn run(follower: &mut dyn Follower, receive: &Receiver<News>) {
    while let Ok(news) = receive.recv() {
        match news {
            News::Committed { rows, answers, took } => {
                if !rows.is_empty() {
                    follower.committed(rows.len(), took);
                    follower.follow(&rows);
                }
                for (command, answer) in answers {
                    (command.answer)(answer);
                }
                if !rows.is_empty() {
                    follower.publish();
                }
            }
            News::Trouble(why) => follower.trouble(why),
            News::Told(told) => {
                let _ = told.send(());
            }
        }
    }
}
