//! A clock that is five minutes off, in the daily running: what still works, what does not, and who is told.

use provisioning_enrolment::Validity;
use serde_json::Value;

use super::{Gate, now_s};
use crate::house::ticket;

const MINUTE_MS: i64 = 60_000;

fn alerts(gate: &Gate) -> String {
    gate.house.call("GET", "/api/v1/manager", "").json()["alerts"].to_string()
}

#[test]
fn a_kiosk_whose_clock_is_off_serves_on_and_the_manager_and_the_auditor_are_told() {
    let gate = Gate::new();
    let auditor = gate.account("R1", "auditor");
    let kiosk = gate.device("kiosk", "K01", 50, Validity::of_device(now_s()));
    let asks_with_clock = |off_ms: i64| {
        let clock = (now_s() * 1000 + off_ms).to_string();
        let header = [("x-yimen-clock", clock)];
        gate.ask(Some(&kiosk), "GET", "/api/v1/services", &header, "")
            .unwrap()
            .status
    };
    assert_eq!(asks_with_clock(4 * MINUTE_MS), 200);
    assert!(!alerts(&gate).contains("时钟"), "four minutes are nobody's business");
    for _ in 0..3 {
        assert_eq!(asks_with_clock(6 * MINUTE_MS), 200, "the citizen before it is served");
    }
    let told = alerts(&gate);
    assert!(
        told.contains("自助机 K01：时钟快了 ") && told.contains("请校准"),
        "{told}"
    );
    // A number is of the dispatcher's time, whatever the kiosk's clock says.
    let idem = [("idempotency-key", crate::house::key(7))];
    let taken = gate
        .ask(Some(&kiosk), "POST", "/api/v1/tickets", &idem, &ticket("S101", None))
        .unwrap();
    assert_eq!(taken.status, 201, "{}", taken.text());
    assert_eq!(asks_with_clock(-7 * MINUTE_MS), 200);
    assert!(alerts(&gate).contains("时钟慢了 "), "{}", alerts(&gate));
    assert_eq!(asks_with_clock(0), 200);
    assert!(!alerts(&gate).contains("时钟"), "it was set");

    let cookie = gate.cookie(&auditor);
    let log = gate.as_staff(&cookie, "GET", "/api/v1/audit", "").json();
    let off: Vec<&Value> = log["records"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|record| record["action"] == "clock.off")
        .collect();
    assert_eq!(off.len(), 1, "once, not with every question: {off:?}");
    assert_eq!(
        (&off[0]["object"], &off[0]["actor"]),
        (&"K01".into(), &"kiosk:K01".into())
    );
}

#[test]
fn a_clock_that_nobody_can_read_or_that_is_no_kiosks_is_told_to_nobody() {
    let gate = Gate::new();
    let kiosk = gate.device("kiosk", "K01", 51, Validity::of_device(now_s()));
    let board = gate.device("board", "B01", 52, Validity::of_device(now_s()));
    for (device, clock) in [
        (&kiosk, "soon".to_string()),
        (&kiosk, "9".repeat(40)),
        (&kiosk, String::new()),
        (&board, "0".to_string()),
    ] {
        let header = [("x-yimen-clock", clock)];
        let answer = gate.ask(Some(device), "GET", "/api/v1/services", &header, "").unwrap();
        assert_eq!(answer.status, 200);
    }
    assert!(!alerts(&gate).contains("时钟"));
}

#[test]
fn a_certificate_made_by_a_clock_five_minutes_ahead_is_good_at_once() {
    let gate = Gate::new();
    let kiosk = gate.device("kiosk", "K01", 53, Validity::of_device(now_s() + 300));
    assert_eq!(
        gate.ask(Some(&kiosk), "GET", "/api/v1/hall", &[], "").unwrap().status,
        200,
        "certificates begin an hour early"
    );
    let late = gate.device(
        "kiosk",
        "K02",
        54,
        Validity {
            from_s: now_s() - 100_000,
            until_s: now_s() - 300,
        },
    );
    assert!(
        gate.ask(Some(&late), "GET", "/api/v1/hall", &[], "").is_err(),
        "but end when they end"
    );
}

#[test]
fn digits_of_a_telephone_five_minutes_off_let_nobody_in_and_cost_a_try() {
    let gate = Gate::new();
    let clerk = gate.account("C1", "window");
    for step in [-10, 10] {
        let answer = gate.sign_in(&clerk, &clerk.password, step, None);
        assert_eq!((answer.status, answer.code().as_str()), (401, "unauthorised"), "{step}");
    }
    assert_eq!(gate.sign_in(&clerk, &clerk.password, 0, None).status, 200);
}
