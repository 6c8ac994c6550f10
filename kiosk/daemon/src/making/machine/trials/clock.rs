//! A kiosk whose clock is wrong makes nothing: the first day of a card is taken from it.

use kiosk_flow::{MakingOrder, Seek};
use ticket_dispatcher_types::Personal;

use super::super::super::desk::Desk;
use super::*;

/// What the flow hears of a person who is looked for while the service's clock is ahead by so much.
fn found(ahead_s: Option<i64>) -> MakingInput {
    let office = Office {
        ahead_s,
        ..Office::new()
    };
    let folder = Folder::new("clock");
    looked_for(&office, &folder.store("m.sqlite"))
}

/// What the flow hears of a person who is looked for, with the kiosk's store at `path`.
pub fn looked_for(office: &Office, path: &Path) -> MakingInput {
    let (house, told) = house("K01", KEY);
    let (to_machine, _work) = mpsc::channel();
    let store = MakingStore::open(path).expect("a store");
    let (orders, taken) = mpsc::channel();
    let seek = Seek::Receipt(Personal::new(LI));
    orders.send(MakingOrder::Find { ask: ask(), seek }).expect("open");
    drop(orders);
    Desk::new(house, office.clone(), store, None, to_machine).run(&taken);
    let heard = told.try_iter().find_map(|message| match message {
        Message::Input(input) => match *input {
            Input::Making(input) => Some(input),
            _ => None,
        },
        _ => None,
    });
    heard.expect("an answer")
}

#[test]
fn a_clock_more_than_five_minutes_off_either_way_makes_nothing() {
    const MINUTE: i64 = 60;
    const DAY: i64 = 24 * 60 * MINUTE;
    for off in [5 * MINUTE + 1, DAY, i64::from(u32::MAX)] {
        for ahead_s in [off, -off] {
            assert_eq!(
                vec![found(Some(ahead_s))],
                refused(Refusal::MakerNotReady),
                "{ahead_s} s"
            );
        }
    }
    for ahead_s in [0, 4 * MINUTE, -4 * MINUTE, 5 * MINUTE, -5 * MINUTE] {
        let heard = found(Some(ahead_s));
        assert!(matches!(heard, MakingInput::Found { .. }), "{ahead_s} s");
    }
    let untold = found(None);
    assert!(
        matches!(untold, MakingInput::Found { .. }),
        "a service that tells no time"
    );
    assert_eq!(Refusal::MakerNotReady.code(), "Q14");
}
