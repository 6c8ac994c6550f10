//! What the machine says of its blanks, taken over into the ledger event by event.

use drivers_temp_id_maker::Maker;
use kiosk_outbox::OutboxError;
use kiosk_outbox::making::{BlankLine, MakingStore};

/// What an event of the machine means for blanks; none when it is about something else.
fn meaning(kind: u8, code: u16) -> Option<&'static str> {
    Some(match kind {
        5 => "picked",
        6 => "taken",
        7 => "retracted",
        8 => "rejected",
        12 if code == 2 => "loaded",
        13 => "emptied",
        17 => "tamper",
        18 => "doubt",
        19 => "resolved",
        _ => return None,
    })
}

/// Pulls all events from the mark on. A ring that has run over its mark is a discrepancy, written down as one.
pub fn pull(maker: &mut dyn Maker, serial: &str, store: &mut MakingStore) -> Result<(), OutboxError> {
    loop {
        let mark = store.mark(serial)?;
        let Ok(page) = maker.events(mark) else {
            return Ok(()); // asked again at the next turn
        };
        if page.next <= mark {
            return Ok(());
        }
        let lost = i64::from(page.oldest.saturating_sub(mark));
        let mut lines = Vec::new();
        if lost > 0 {
            lines.push(BlankLine {
                serial,
                machine_index: None,
                what: "events_lost",
                count: lost,
                code: 0,
                staff: "",
                why: "the machine forgot events before they were pulled",
                at_s: super::unix_s(),
            });
        }
        // Two blanks at one pick, cards at an unseen hand: the count stands in the event where there is one.
        lines.extend(page.events.iter().filter_map(|event| {
            let what = meaning(event.kind, event.code)?;
            let count = match event.kind {
                6 => 1,
                13 => i64::from(event.arg),
                _ => i64::from(event.arg.max(1)),
            };
            Some(BlankLine {
                serial,
                machine_index: Some(event.index),
                what,
                count,
                code: if event.kind == 12 { 0 } else { event.code },
                staff: "",
                why: "",
                at_s: event.unix.into(),
            })
        }));
        let next = page.events.last().map_or(page.next, |event| event.index + 1);
        store.add_blanks(&lines, Some((serial, next)))?;
    }
}
