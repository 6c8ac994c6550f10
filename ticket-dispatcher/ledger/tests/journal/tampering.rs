//! `verify` finds what somebody did to the file, and recovery does not go on with it.

use rusqlite::params;
use ticket_dispatcher_ledger::{LedgerError, verify};

use crate::bench::{Bench, a_morning, crypto};

fn a_journal() -> Bench {
    let mut bench = Bench::new();
    a_morning(&bench, 1000);
    bench.stop();
    bench
}

/// First finding of `verify` without and with the key.
fn first_bad(bench: &Bench) -> (Option<u64>, String) {
    let report = verify(&bench.folder.journal(), None).unwrap();
    assert!(!report.is_sound(), "verify found nothing");
    (report.findings[0].seq, report.findings[0].what.clone())
}

#[test]
fn an_untouched_journal_is_sound() {
    let report = verify(&a_journal().folder.journal(), Some(crypto().as_ref())).unwrap();
    assert!(report.is_sound(), "{report:?}");
}

#[test]
fn one_changed_character_in_any_column_is_found_at_its_row() {
    for (column, change) in [
        ("at_ms", "at_ms + 1"),
        ("kind", "'tak3'"),
        ("idem", "randomblob(16)"),
        ("input", "replace(input, 'S1', 'S2')"),
        ("outcome", "replace(outcome, 'A0', 'A1')"),
        ("engine_version", "engine_version + 1"),
    ] {
        let bench = a_journal();
        bench.tamper(&format!("UPDATE journal SET {column} = {change} WHERE seq = 6"));
        assert_eq!(first_bad(&bench).0, Some(6), "{column}");
    }
}

#[test]
fn a_flipped_byte_in_the_file_is_found() {
    let bench = a_journal();
    let mut bytes = std::fs::read(bench.folder.journal()).unwrap();
    let needle = b"\"number\":\"A003\"";
    let at = bytes.windows(needle.len()).position(|w| w == needle).unwrap();
    bytes[at + 13] ^= 1;
    std::fs::write(bench.folder.journal(), bytes).unwrap();
    let report = verify(&bench.folder.journal(), None).unwrap();
    let seq = report.findings[0].seq;
    let changed = report
        .findings
        .iter()
        .any(|f| f.seq == seq && f.what.contains("changed"));
    assert!(seq.is_some() && changed, "{report:?}");
}

#[test]
fn a_missing_row_is_named() {
    let bench = a_journal();
    bench.tamper("DELETE FROM journal WHERE seq = 9");
    assert_eq!(first_bad(&bench), (Some(9), "row 9 is missing".to_string()));
    let mut bench = bench;
    assert!(matches!(bench.start(), Err(LedgerError::Damaged { .. })));
}

#[test]
fn a_cut_tail_is_found() {
    let bench = a_journal();
    let last: u64 = bench.sql("SELECT max(seq) FROM journal");
    bench.tamper(&format!("DELETE FROM journal WHERE seq > {}", last - 3));
    assert_eq!(first_bad(&bench).0, Some(last - 2));
    let mut bench = bench;
    assert!(matches!(bench.start(), Err(LedgerError::Damaged { .. })));
}

#[test]
fn a_changed_last_row_is_found() {
    let bench = a_journal();
    let last: u64 = bench.sql("SELECT max(seq) FROM journal");
    bench.tamper(&format!("UPDATE journal SET at_ms = at_ms + 60000 WHERE seq = {last}"));
    assert_eq!(first_bad(&bench).0, Some(last));
}

/// Whoever cuts the tail and puts the head of an earlier moment back makes a chain that holds. Only the seal of the
/// head shows it, and only to whoever has the key.
#[test]
fn a_rewritten_tail_with_a_rewritten_head_needs_the_key() {
    let bench = a_journal();
    let last: u64 = bench.sql("SELECT max(seq) FROM journal");
    let hash: Vec<u8> = bench.sql(&format!("SELECT prev_hash FROM journal WHERE seq = {last}"));
    bench.tamper(&format!("DELETE FROM journal WHERE seq = {last}"));
    let db = rusqlite::Connection::open(bench.folder.journal()).unwrap();
    db.execute("UPDATE head SET seq = ?1, hash = ?2", params![last - 1, hash])
        .unwrap();
    drop(db);
    assert!(verify(&bench.folder.journal(), None).unwrap().is_sound());
    let report = verify(&bench.folder.journal(), Some(crypto().as_ref())).unwrap();
    assert_eq!(report.findings.len(), 1);
    assert!(report.findings[0].what.contains("key file"), "{report:?}");
    let mut bench = bench;
    assert!(matches!(bench.start(), Err(LedgerError::Damaged { .. })));
}

#[test]
fn an_outcome_that_the_engine_would_not_give_is_found_even_if_the_hashes_fit() {
    // A forger with the code: an engine version of his own would hide it, so the version is part of what is checked.
    let bench = a_journal();
    bench.tamper("UPDATE journal SET outcome = '[]' WHERE seq = 10");
    let report = verify(&bench.folder.journal(), None).unwrap();
    let at_ten: Vec<_> = report.findings.iter().filter(|f| f.seq == Some(10)).collect();
    assert!(at_ten.iter().any(|f| f.what.contains("another outcome")), "{report:?}");
}

#[test]
fn a_changed_snapshot_is_found() {
    let mut bench = Bench::new();
    for day in 0..3 {
        bench.clock.set(day, ticket_dispatcher_types::Millis::from_mins(540));
        a_morning(&bench, 1000 * (day as u128 + 1));
    }
    bench.stop();
    bench.tamper("UPDATE snapshot SET state = replace(state, 'W1', 'W2') WHERE state LIKE '%W1%'");
    assert!(first_bad(&bench).1.contains("snapshot"));
}
