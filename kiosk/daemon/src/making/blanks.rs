//! What the machine says of its blanks, taken over into the ledger event by event.

use drivers_temp_id_maker::Maker;
use drivers_temp_id_maker::codec::{Event, Fault, FaultClass};
use kiosk_outbox::OutboxError;
use kiosk_outbox::making::{BlankLine, MakingStore, Mark};

use super::seen::{Recent, at_s};

/// What an event of the machine means for blanks, and how many; none when it is about something else.
fn meaning(event: &Event) -> Option<(&'static str, i64)> {
    let arg = i64::from(event.arg);
    Some(match event.kind {
        // Two blanks at one pick, a card that no hand was seen to take: the count stands in the event where there is
        // one.
        5 => ("picked", arg.max(1)),
        6 => ("taken", 1),
        7 => ("retracted", arg.max(1)),
        8 => ("rejected", arg.max(1)),
        12 if event.code == 2 => ("loaded", arg),
        13 => ("emptied", arg),
        17 => ("tamper", 1),
        18 => ("doubt", 1),
        // Two people's verdict: 1 left, 2 found; the blanks stand above it.
        19 if event.code == 0x0306 && arg & 0xFF == 1 => ("taken", arg >> 8),
        19 if event.code == 0x0306 => ("removed", arg >> 8),
        19 if arg > 0 => ("removed", arg),
        19 => ("resolved", 0),
        _ => return None,
    })
}

/// True for a fault that can spoil a blank: what only warns is no reason, but for the power that went.
fn spoils(event: &Event) -> bool {
    let warns = Fault::of(event.code).is_none_or(|fault| fault.class == FaultClass::Warn);
    event.kind == 4 && (!warns || matches!(event.code, 0x0703 | 0x0805))
}

fn why(what: &str, code: u16) -> &'static str {
    match (what, Fault::of(code)) {
        ("rejected", Some(fault)) => fault.name,
        ("rejected", None) => "the host ended the job",
        _ => "",
    }
}

/// The lines of a page of events that is heard at `now_s`, and the reason that the next rejected blank has.
fn lines<'a>(serial: &'a str, events: &[Event], mark: Mark, now_s: i64) -> (Vec<BlankLine<'a>>, u16) {
    let mut reason = mark.reason;
    let mut lines = Vec::new();
    for event in events {
        if spoils(event) {
            reason = event.code;
        }
        let Some((what, count)) = meaning(event) else {
            continue;
        };
        let code = match what {
            "rejected" if event.code == 0 => std::mem::take(&mut reason),
            "loaded" | "emptied" => 0,
            _ => event.code,
        };
        // The next card begins without a history.
        if matches!(what, "taken" | "retracted") {
            reason = 0;
        }
        lines.push(BlankLine {
            serial,
            machine_index: Some(event.index.saturating_add(mark.shift)),
            what,
            count,
            code,
            staff: "",
            why: why(what, code),
            at_s: at_s(event, now_s),
        });
    }
    (lines, reason)
}

/// Pulls all events from the mark on. A ring that has run over its mark, or a machine that has forgotten what it told
/// before, is a discrepancy, written down as one. True when there were any.
pub fn pull(
    maker: &mut dyn Maker,
    serial: &str,
    store: &mut MakingStore,
    recent: &mut Recent,
) -> Result<bool, OutboxError> {
    let mut any = false;
    loop {
        let mark = store.mark(serial)?;
        let Ok(page) = maker.events(mark.next_index) else {
            return Ok(any); // asked again at the next turn
        };
        if page.next == mark.next_index {
            return Ok(any);
        }
        any = true;
        let now_s = super::unix_s();
        page.events.iter().for_each(|event| recent.heard(event, now_s));
        let discrepancy = |what, count, why| BlankLine {
            serial,
            machine_index: None,
            what,
            count,
            code: 0,
            staff: "",
            why,
            at_s: now_s,
        };
        if page.next < mark.next_index {
            // Its old indices come again and mean other things. What it says up to here cannot be told from what it had
            // told before; from here on its indices go on behind the old ones.
            let lost = mark.next_index - page.next;
            let line = discrepancy("memory_lost", lost.into(), "the machine knows less than it told before");
            let fresh = Mark {
                next_index: page.next,
                reason: 0,
                shift: mark.shift.saturating_add(lost),
            };
            store.add_blanks(&[line], Some((serial, fresh)))?;
            return Ok(true);
        }
        let lost = i64::from(page.oldest.saturating_sub(mark.next_index));
        let (mut found, reason) = lines(serial, &page.events, mark, now_s);
        if lost > 0 {
            let line = discrepancy("events_lost", lost, "the machine forgot events before they were pulled");
            found.insert(0, line);
        }
        let next_index = page.events.last().map_or(page.next, |event| event.index + 1);
        let mark = Mark {
            next_index,
            reason,
            ..mark
        };
        store.add_blanks(&found, Some((serial, mark)))?;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(kind: u8, code: u16, arg: u32) -> Event {
        Event {
            index: 1,
            unix: 0,
            kind,
            step: 0,
            code,
            arg,
        }
    }

    fn told(events: &[Event]) -> Vec<(String, i64, u16)> {
        let mark = Mark {
            next_index: 1,
            reason: 0,
            shift: 0,
        };
        let (lines, _) = lines("S", events, mark, 7);
        lines
            .iter()
            .map(|line| (line.what.to_string(), line.count, line.code))
            .collect()
    }

    #[test]
    fn a_rejected_blank_carries_the_fault_that_spoiled_it_and_no_other() {
        let seen = told(&[
            event(5, 0, 1),
            event(4, 0x0301, 0), // a warning is no reason
            event(4, 0x0404, 0),
            event(8, 0, 1),
            event(5, 0, 1),
            event(8, 0, 1),
        ]);
        let of = |what: &str, count, code| (what.to_string(), count, code);
        assert_eq!(
            seen,
            [
                of("picked", 1, 0),
                of("rejected", 1, 0x0404),
                of("picked", 1, 0),
                of("rejected", 1, 0), // the host ended the job
            ]
        );
    }

    #[test]
    fn two_peoples_verdict_counts_the_blank_either_way() {
        let of = |what: &str, count, code| (what.to_string(), count, code);
        assert_eq!(told(&[event(19, 0x0306, 0x0101)]), [of("taken", 1, 0x0306)]);
        assert_eq!(told(&[event(19, 0x0306, 0x0102)]), [of("removed", 1, 0x0306)]);
        assert_eq!(told(&[event(19, 0x0305, 1)]), [of("removed", 1, 0x0305)]);
        assert_eq!(told(&[event(19, 0x0701, 0)]), [of("resolved", 0, 0x0701)]);
    }
}
