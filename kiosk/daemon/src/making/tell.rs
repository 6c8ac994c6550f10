//! Tells the dispatcher how the machine is, and takes what staff orders of it.

use std::sync::mpsc::Sender;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use ticket_dispatcher_protocol::client::Client;
use ticket_dispatcher_protocol::{MakerDone, MakerNow, TellMaker};
use ticket_dispatcher_types::DeviceId;

use super::Work;

/// Somebody who has just pressed a button waits at most this long for the kiosk to hear of it.
const EVERY: Duration = Duration::from_secs(1);

#[derive(Debug, Default)]
struct Posted {
    now: Option<MakerNow>,
    done: Vec<MakerDone>,
}

/// What the machine's thread shows to staff.
#[derive(Debug, Clone, Default)]
pub struct Board(Arc<Mutex<Posted>>);

impl Board {
    fn lock(&self) -> MutexGuard<'_, Posted> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How the machine is now; none before it was ever greeted.
    pub fn show(&self, now: Option<MakerNow>) {
        if now.is_some() {
            self.lock().now = now;
        }
    }

    /// What came of an order. It is told until the dispatcher has answered.
    pub fn done(&self, done: MakerDone) {
        self.lock().done.push(done);
    }

    fn posted(&self) -> Option<(MakerNow, Vec<MakerDone>)> {
        let posted = self.lock();
        Some((posted.now.clone()?, posted.done.clone()))
    }

    fn answered(&self, told: &[MakerDone]) {
        self.lock()
            .done
            .retain(|done| told.iter().all(|told| told.id != done.id));
    }
}

/// Tells for ever. Orders go to the machine's thread, which does them between two cards.
pub async fn tell(client: Client, device: DeviceId, board: Board, to_machine: Sender<Work>) {
    let mut away = false;
    loop {
        tokio::time::sleep(EVERY).await;
        let Some((now, done)) = board.posted() else { continue };
        let told = TellMaker {
            device: Some(device.clone()),
            now,
            done,
        };
        match client.tell_maker(&told).await {
            Ok(answer) => {
                away = false;
                board.answered(&told.done);
                for order in answer.orders {
                    if to_machine.send(Work::Staff(order)).is_err() {
                        return; // the machine's thread has stopped
                    }
                }
            }
            Err(error) if !away => {
                away = true;
                tracing::warn!(%error, "staff cannot see the maker");
            }
            Err(_) => {}
        }
    }
}
