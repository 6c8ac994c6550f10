//! Whatever a line brings, the machine goes on, and noise alone never makes a printer ready or a ticket printed.

use drivers_thermal_printer::profile::ALL;
use drivers_thermal_printer::{Job, JobOutcome, Machine, PrinterEvent, PriorLife};
use proptest::prelude::*;
use ticket_dispatcher_types::Millis;

/// Lets the machine live: all that it wants to send is taken, and every 7 ms some bytes come.
fn live(machine: &mut Machine, from_ms: i64, noise: &[Vec<u8>]) -> Vec<PrinterEvent> {
    let mut events = Vec::new();
    for (turn, bytes) in noise.iter().enumerate() {
        let now = Millis(from_ms + i64::try_from(turn).expect("few turns") * 7);
        machine.accepted(machine.outgoing().len(), now);
        machine.received(bytes, now);
        machine.tick(now);
        events.extend(machine.take_events());
    }
    events
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_byte_stream_stops_the_machine(
        model in 0usize..4,
        noise in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..9), 0..400),
    ) {
        let mut machine = Machine::new(ALL[model], PriorLife::JobInFlight { job: 7 });
        live(&mut machine, 0, &noise);
        let _ = machine.print(Job { id: 8, bytes: vec![b'A'; 40], dots: 100 }, Millis(10_000));
        live(&mut machine, 10_000, &noise);
    }

    /// Bytes that fit no status pattern and begin no answer.
    #[test]
    fn noise_is_never_ready_and_prints_nothing(
        model in 0usize..4,
        noise in proptest::collection::vec(
            proptest::collection::vec(prop_oneof![0x80u8..=0xFF, 0x20u8..=0x2F], 0..9), 50..400),
    ) {
        let mut machine = Machine::new(ALL[model], PriorLife::Clean);
        live(&mut machine, 0, &noise);
        prop_assert!(!machine.status().prints(), "{:?}", machine.status());
        let started = machine.print(Job { id: 8, bytes: vec![b'A'; 40], dots: 100 }, Millis(10_000));
        let events = live(&mut machine, 10_000, &noise);
        prop_assert!(!events.contains(&PrinterEvent::Outcome { job: 8, outcome: JobOutcome::Printed }), "{started:?}");
    }
}
