//! Which calls no board has shown: told by whoever watches the boards, written down as a row of its own.

use std::time::Instant;

use super::{GivenUp, Writer, json, own_key};
use crate::row::{Delivery, Input, KIND_DELIVERY, What};

impl Writer {
    /// Nobody waits for such a row. One that cannot be written is dropped: whoever watches says it again.
    pub(super) fn note(&mut self, delivery: Delivery) {
        if self.must_not_write() {
            return;
        }
        match self.write_note(delivery) {
            Ok(()) => self.failed = None,
            Err(GivenUp(error)) => self.give_up(&error),
        }
    }

    fn write_note(&mut self, delivery: Delivery) -> Result<(), GivenUp> {
        let started = Instant::now();
        self.db.execute_batch("BEGIN IMMEDIATE")?;
        let stamp = self.forward.next(self.clock.read());
        let mut rows = Vec::new();
        self.begin_day(stamp, &mut rows)?;
        let idem = own_key(b"delivery", &(self.seq + 1).to_be_bytes());
        let input = Input {
            now: stamp.now,
            request: None,
            quote: None,
            by: None,
            who: None,
            what: What::Delivery(delivery.clone()),
        };
        let mut row = self.append(stamp, KIND_DELIVERY, idem, &input, &json(&[(); 0]))?;
        row.delivery = delivery;
        rows.push(row);
        self.seal_head()?;
        self.commit_or_die()?;
        self.tell(None);
        self.told(rows, Vec::new(), started);
        Ok(())
    }
}
