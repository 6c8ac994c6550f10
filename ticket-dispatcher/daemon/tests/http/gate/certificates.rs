//! Devices at the door: certificates taken back, one-time codes, renewal.

use std::sync::Arc;
use std::time::{Duration, Instant};

use provisioning_enrolment::{Code, NewKey, Validity, answer_mac, request_mac};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use serde_json::json;

use super::{Device, Gate, now_s};
use crate::house::{Answer, exchange, ticket};

#[test]
fn a_certificate_taken_back_is_out_within_five_seconds_open_connections_too() {
    let gate = Gate::new();
    let year = Validity::days(now_s(), 90);
    let (thief, other) = (
        gate.device("kiosk", "K01", 9, year),
        gate.device("kiosk", "K02", 10, year),
    );
    assert_eq!(
        gate.ask(Some(&thief), "GET", "/api/v1/hall", &[], "").unwrap().status,
        200
    );
    // A stream that is open while the certificate is taken back.
    let mut stream = gate.connect_to(gate.tls, Some(&thief));
    std::io::Write::write_all(&mut stream, b"GET /api/v1/stream HTTP/1.1\r\nhost: hall\r\n\r\n").unwrap();
    let mut buffer = [0; 4096];
    assert!(std::io::Read::read(&mut stream, &mut buffer).unwrap() > 0);

    let listed = gate.house.call("GET", "/api/v1/certificates", "").json();
    let k01 = listed["certificates"]
        .as_array()
        .unwrap()
        .iter()
        .find(|c| c["device"] == "K01")
        .unwrap()
        .clone();
    let began = Instant::now();
    let path = format!("/api/v1/certificates/{}/revoke", k01["serial"].as_str().unwrap());
    assert_eq!(gate.house.call("POST", &path, r#"{"reason":"stolen"}"#).status, 204);
    loop {
        match std::io::Read::read(&mut stream, &mut buffer) {
            Ok(0) | Err(_) => break,
            Ok(_) => assert!(began.elapsed() < Duration::from_secs(5), "the stream goes on"),
        }
    }
    assert!(gate.ask(Some(&thief), "GET", "/api/v1/hall", &[], "").is_err());
    let took = began.elapsed();
    assert!(took < Duration::from_secs(5), "{took:?}");
    println!("from the click to both refusals: {took:?}");
    assert_eq!(
        gate.ask(Some(&other), "GET", "/api/v1/hall", &[], "").unwrap().status,
        200
    );
}

#[test]
fn a_certificate_taken_back_stays_out_after_a_restart() {
    let mut gate = Gate::new();
    let thief = gate.device("kiosk", "K01", 9, Validity::days(now_s(), 90));
    assert_eq!(
        gate.ask(Some(&thief), "GET", "/api/v1/hall", &[], "").unwrap().status,
        200
    );
    let hex = "49".to_string() + &"09".repeat(15);
    assert_eq!(
        gate.house
            .call(
                "POST",
                &format!("/api/v1/certificates/{hex}/revoke"),
                r#"{"reason":"stolen"}"#
            )
            .status,
        204
    );
    gate.house.kill();
    gate.house.start_again();
    gate.tls = gate.house.tls.unwrap();
    assert!(gate.ask(Some(&thief), "GET", "/api/v1/hall", &[], "").is_err());
}

/// A request for enrolment as a kiosk makes it.
fn enrol(gate: &Gate, door: &str, code: &Code, seen: Option<[u8; 32]>) -> (Answer, NewKey) {
    let key = NewKey::make().unwrap();
    let request = key.request_der().unwrap();
    let mut stream = gate.connect_to(door.parse().unwrap(), None);
    std::io::Write::flush(&mut stream).unwrap();
    while stream.conn.is_handshaking() {
        stream.conn.complete_io(&mut stream.sock).unwrap();
    }
    let server = stream.conn.peer_certificates().unwrap()[0].clone();
    let digest = ring::digest::digest(&ring::digest::SHA256, &server);
    let seen = seen.unwrap_or_else(|| digest.as_ref().try_into().unwrap());
    let mac = request_mac(code.secret(), &seen, &request);
    let hex = |bytes: &[u8]| bytes.iter().map(|b| format!("{b:02x}")).collect::<String>();
    let body = json!({
        "code_id": code.id(), "request": hex(&request), "mac": hex(&mac),
        "clock_ms": jiff::Timestamp::now().as_millisecond() + 400_000,
    });
    (
        exchange(stream, "POST", "/enrol", &[], body.to_string().as_bytes()).unwrap(),
        key,
    )
}

fn code(gate: &Gate) -> (Code, String) {
    let made = gate.house.call(
        "POST",
        "/api/v1/enrolment/codes",
        r#"{"role":"kiosk","device":"K05","place":"北门左侧"}"#,
    );
    assert_eq!(made.status, 200, "{}", made.text());
    let made = made.json();
    (
        Code::parse(made["code"].as_str().unwrap()).unwrap(),
        made["enrolment"].as_str().unwrap().to_string(),
    )
}

#[test]
fn a_kiosk_enrols_with_a_code_works_and_renews() {
    let gate = Gate::new();
    let (code, door) = code(&gate);
    let (answer, key) = enrol(&gate, &door, &code, None);
    assert_eq!(answer.status, 200, "{}", answer.text());
    let answer = answer.json();
    let (cert, authority) = (
        answer["certificate"].as_str().unwrap(),
        answer["authority"].as_str().unwrap(),
    );
    let mac = answer_mac(code.secret(), cert, authority);
    assert_eq!(
        answer["mac"].as_str().unwrap(),
        mac.iter().map(|b| format!("{b:02x}")).collect::<String>()
    );
    assert_eq!(answer["name"], "urn:hall:foshan-street:kiosk:K05");
    let device = |cert: &str, key: &NewKey| Device {
        cert: CertificateDer::from_pem_slice(cert.as_bytes()).unwrap(),
        key: Arc::new(PrivateKeyDer::from_pem_slice(key.pem().as_bytes()).unwrap()),
    };
    let kiosk = device(cert, &key);
    let idem = [("idempotency-key", crate::house::key(1 << 45))];
    let taken = gate
        .ask(Some(&kiosk), "POST", "/api/v1/tickets", &idem, &ticket("S101", None))
        .unwrap();
    assert_eq!(taken.status, 201, "{}", taken.text());

    let next = NewKey::make().unwrap();
    let request: String = next.request_der().unwrap().iter().map(|b| format!("{b:02x}")).collect();
    let renewed = gate.ask(
        Some(&kiosk),
        "POST",
        "/api/v1/certificate",
        &[],
        &json!({ "request": request }).to_string(),
    );
    let renewed = renewed.unwrap().json();
    let newer = device(renewed["certificate"].as_str().unwrap(), &next);
    assert_eq!(
        gate.ask(Some(&newer), "GET", "/api/v1/hall", &[], "").unwrap().status,
        200
    );
    let board = gate.ask(Some(&newer), "POST", "/api/v1/shown", &[], "{}").unwrap();
    assert_eq!(board.status, 403, "a renewed kiosk is still a kiosk");
}

/// Has a device's certificate renewed.
fn renewed(gate: &Gate, old: &Device) -> std::io::Result<Device> {
    let key = NewKey::make().unwrap();
    let request: String = key.request_der().unwrap().iter().map(|b| format!("{b:02x}")).collect();
    let body = json!({ "request": request }).to_string();
    let answer = gate.ask(Some(old), "POST", "/api/v1/certificate", &[], &body)?;
    assert_eq!(answer.status, 200, "{}", answer.text());
    let cert = answer.json()["certificate"].as_str().unwrap().to_string();
    Ok(Device {
        cert: CertificateDer::from_pem_slice(cert.as_bytes()).unwrap(),
        key: Arc::new(PrivateKeyDer::from_pem_slice(key.pem().as_bytes()).unwrap()),
    })
}

fn is_let_in(gate: &Gate, device: &Device) -> bool {
    gate.ask(Some(device), "GET", "/api/v1/hall", &[], "")
        .is_ok_and(|answer| answer.status == 200)
}

/// The good certificates of K05, by the administrator's list.
fn good_ones(gate: &Gate) -> Vec<String> {
    let listed = gate.house.call("GET", "/api/v1/certificates", "").json();
    let all = listed["certificates"].as_array().unwrap().clone();
    let good = all.iter().filter(|c| c["device"] == "K05" && c["revoked_at"].is_null());
    good.map(|c| c["serial"].as_str().unwrap().to_string()).collect()
}

#[test]
fn a_device_that_is_taken_out_has_nothing_left_to_renew_whatever_it_has_hoarded() {
    let gate = Gate::new();
    let (code, door) = code(&gate);
    let (answer, key) = enrol(&gate, &door, &code, None);
    let first = Device {
        cert: CertificateDer::from_pem_slice(answer.json()["certificate"].as_str().unwrap().as_bytes()).unwrap(),
        key: Arc::new(PrivateKeyDer::from_pem_slice(key.pem().as_bytes()).unwrap()),
    };
    assert!(is_let_in(&gate, &first));
    // However often it asks, it has the one it comes with and the last one.
    let hoard: Vec<Device> = (0..5).map(|_| renewed(&gate, &first).unwrap()).collect();
    assert_eq!(good_ones(&gate).len(), 2);
    assert!(!is_let_in(&gate, &hoard[0]) && is_let_in(&gate, &first));
    // The next one comes to the door: the one before has done its work.
    assert!(is_let_in(&gate, &hoard[4]));
    assert!(!is_let_in(&gate, &first));
    assert_eq!(good_ones(&gate).len(), 1);

    let spare = renewed(&gate, &hoard[4]).unwrap();
    let newest = good_ones(&gate).remove(0);
    let path = format!("/api/v1/certificates/{newest}/revoke");
    assert_eq!(gate.house.call("POST", &path, r#"{"reason":"stolen"}"#).status, 204);
    assert!(good_ones(&gate).is_empty());
    assert!(!is_let_in(&gate, &hoard[4]) && !is_let_in(&gate, &spare));
    assert!(renewed(&gate, &spare).is_err() && renewed(&gate, &hoard[4]).is_err());
}

#[test]
fn a_device_that_enrols_again_leaves_nothing_good_behind() {
    let gate = Gate::new();
    let by_hand = gate.device("kiosk", "K05", 9, Validity::days(now_s(), 90));
    assert!(is_let_in(&gate, &by_hand));
    for _ in 0..2 {
        let (code, door) = code(&gate);
        assert_eq!(enrol(&gate, &door, &code, None).0.status, 200);
    }
    let listed = good_ones(&gate);
    assert_eq!(listed.len(), 1, "{listed:?}");
    assert!(!is_let_in(&gate, &by_hand));
}

fn revoke(gate: &Gate, serial: &str, reason: &str) -> Answer {
    let path = format!("/api/v1/certificates/{serial}/revoke");
    gate.house.call("POST", &path, &json!({ "reason": reason }).to_string())
}

#[test]
fn whichever_certificate_of_a_device_is_taken_back_none_of_it_is_good_afterwards() {
    // Made by hand and seen at the door; given out here and never seen.
    for by in ["by hand", "given out"] {
        let gate = Gate::new();
        let by_hand = gate.device("kiosk", "K05", 9, Validity::days(now_s(), 90));
        let other = gate.device("kiosk", "K06", 10, Validity::days(now_s(), 90));
        let spare = renewed(&gate, &by_hand).unwrap();
        assert!(is_let_in(&gate, &other));
        let listed = good_ones(&gate);
        assert_eq!(listed.len(), 2, "{listed:?}");
        let hand = |serial: &&String| serial.ends_with(&"09".repeat(15));
        let serial = listed.iter().find(|serial| hand(serial) == (by == "by hand")).unwrap();
        assert_eq!(revoke(&gate, serial, "stolen").status, 204);
        assert_eq!(good_ones(&gate), Vec::<String>::new(), "{by}");
        assert!(!is_let_in(&gate, &by_hand) && !is_let_in(&gate, &spare), "{by}");
        assert!(is_let_in(&gate, &other), "another device's");
    }
}

#[test]
fn the_auditor_sees_what_a_device_had_why_it_lost_it_and_that_the_thief_came_again() {
    let gate = Gate::new();
    let by_hand = gate.device("kiosk", "K05", 9, Validity::days(now_s(), 90));
    let spare = renewed(&gate, &by_hand).unwrap();
    assert!(is_let_in(&gate, &spare));
    let next = renewed(&gate, &spare).unwrap();
    assert!(is_let_in(&gate, &next), "the spare has done its work");
    let serial = good_ones(&gate).remove(0);
    assert_eq!(revoke(&gate, &serial, "被盗").status, 204);
    assert!(!is_let_in(&gate, &next) && !is_let_in(&gate, &next));

    let auditor = gate.cookie(&gate.account("R1", "auditor"));
    let log = gate.as_staff(&auditor, "GET", "/api/v1/audit", "").json();
    let of = |action: &str| -> Vec<serde_json::Value> {
        let all = log["records"].as_array().unwrap();
        all.iter().filter(|r| r["action"] == action).cloned().collect()
    };
    let revoked = &of("certificate.revoke")[0];
    assert_eq!(
        (&revoked["object"], &revoked["reason"], &revoked["new"]),
        (&"kiosk:K05".into(), &"被盗".into(), &"revoked".into())
    );
    assert!(revoked["old"].as_str().unwrap().contains(&serial), "{revoked}");
    let retired = of("certificate.retire");
    assert!(
        retired
            .iter()
            .all(|r| r["object"] == "kiosk:K05" && r["old"] != "" && r["new"] != "")
    );
    assert_eq!(retired.last().unwrap()["new"], serial.as_str());
    let refused = of("certificate.refuse");
    assert_eq!(refused.len(), 1, "once, however often it comes: {refused:?}");
    assert_eq!(
        (&refused[0]["actor"], &refused[0]["object"], &refused[0]["result"]),
        (&"kiosk:K05".into(), &serial.as_str().into(), &"refused".into())
    );
}

#[test]
fn nothing_is_taken_back_without_a_reason() {
    let gate = Gate::new();
    let kiosk = gate.device("kiosk", "K05", 9, Validity::days(now_s(), 90));
    assert!(is_let_in(&gate, &kiosk));
    let serial = good_ones(&gate).remove(0);
    for reason in ["", "  ", "身份证 990100198501010011"] {
        assert_eq!(revoke(&gate, &serial, reason).status, 422, "{reason:?}");
    }
    let none = gate
        .house
        .call("POST", &format!("/api/v1/certificates/{serial}/revoke"), "{}");
    assert_eq!(none.status, 422);
    assert!(is_let_in(&gate, &kiosk));
}

#[test]
fn a_code_is_for_a_device_that_has_a_place_in_the_hall() {
    let gate = Gate::new();
    let ask = |body: serde_json::Value| {
        let answer = gate.house.call("POST", "/api/v1/enrolment/codes", &body.to_string());
        (answer.status, answer.text())
    };
    for (body, status) in [
        (json!({"role": "kiosk", "device": "K05"}), 422),
        (json!({"role": "kiosk", "device": "K05", "place": " "}), 422),
        (json!({"role": "kiosk", "device": "K05", "place": "长".repeat(41)}), 422),
        (
            json!({"role": "kiosk", "device": "K05", "place": "张三 １３８００１３８０００"}),
            422,
        ),
        (json!({"role": "admin", "device": "A01", "place": "办公室"}), 422),
        (json!({"role": "manager", "device": "M01", "place": "办公室"}), 422),
        (json!({"role": "window", "device": "W99"}), 422),
        (json!({"role": "window", "device": "W01"}), 200),
        (json!({"role": "board", "device": "B01", "place": "大厅中央"}), 200),
    ] {
        let (got, text) = ask(body.clone());
        assert_eq!(got, status, "{body}: {text}");
    }
    let (code, door) = code(&gate);
    let first = enrol(&gate, &door, &code, None).0.json();
    let device = first["name"].as_str().unwrap().to_string();
    assert!(device.ends_with(":kiosk:K05"), "{device}");
    let listed = gate.house.call("GET", "/api/v1/certificates", "").json();
    let k05 = listed["certificates"]
        .as_array()
        .unwrap()
        .iter()
        .find(|c| c["device"] == "K05")
        .unwrap();
    assert_eq!(k05["place"], "北门左侧");
}

#[test]
fn a_code_that_is_replayed_relayed_or_tried_six_times_opens_nothing() {
    let gate = Gate::new();
    let (first, door) = code(&gate);
    assert_eq!(enrol(&gate, &door, &first, None).0.status, 200);
    assert_eq!(enrol(&gate, &door, &first, None).0.status, 403, "replayed");
    let (second, door) = code(&gate);
    let relayed = enrol(&gate, &door, &second, Some([7; 32])).0;
    assert_eq!(
        relayed.status, 403,
        "the device saw another certificate than ours: somebody is between"
    );
    let wrong = Code::parse(&format!("{}{}", second.id(), "0".repeat(12))).unwrap();
    for _ in 0..4 {
        assert_eq!(enrol(&gate, &door, &wrong, None).0.status, 403);
    }
    assert_eq!(
        enrol(&gate, &door, &second, None).0.status,
        403,
        "the sixth try, though right"
    );
    // Who was refused knows no device; by the code's id the auditor finds for which one it was made.
    let auditor = gate.cookie(&gate.account("R1", "auditor"));
    let log = gate.as_staff(&auditor, "GET", "/api/v1/audit", "").json();
    let records = log["records"].as_array().unwrap();
    let refused = |r: &&serde_json::Value| r["action"] == "enrolment.use" && r["result"] == "refused";
    let tries: Vec<_> = records.iter().filter(refused).map(|r| r["object"].clone()).collect();
    assert_eq!(tries[0], first.id());
    assert_eq!(tries[1..], vec![serde_json::Value::from(second.id()); tries.len() - 1]);
    let made = records.iter().filter(|r| r["action"] == "enrolment.code");
    let made: Vec<_> = made.map(|r| (r["object"].clone(), r["new"].clone())).collect();
    let of = |code: &Code| {
        let device = "urn:hall:foshan-street:kiosk:K05".into();
        (device, format!("{} 北门左侧", code.id()).into())
    };
    assert_eq!(made, [of(&first), of(&second)]);
    for secret in [first.secret(), second.secret()] {
        assert!(!log.to_string().contains(secret));
    }
    // The door knows one path and no other.
    let other = exchange(
        gate.connect_to(door.parse().unwrap(), None),
        "GET",
        "/api/v1/hall",
        &[],
        b"",
    )
    .unwrap();
    assert_eq!(other.status, 404);
}
