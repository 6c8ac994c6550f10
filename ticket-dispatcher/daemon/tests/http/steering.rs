//! What a manager sees and steers, and that nobody passes by the policy without right, reason and trace.

use serde_json::Value;

use crate::house::{House, ticket};

/// A house whose hall file says more under `[rules]`.
fn house_with_rules(lines: &str) -> House {
    let mut house = House::new();
    house.kill();
    let file = house.dir.join("hall.toml");
    let text = std::fs::read_to_string(&file).unwrap();
    assert_eq!(text.matches("[rules]\n").count(), 1);
    std::fs::write(&file, text.replace("[rules]\n", &format!("[rules]\n{lines}\n"))).unwrap();
    house.start_again();
    house
}

fn take(house: &House, services: &[&str]) -> Vec<String> {
    let taken = services.iter().map(|service| {
        let answer = house.call("POST", "/api/v1/tickets", &ticket(service, None));
        assert_eq!(answer.status, 201, "{}", answer.text());
        answer.json()["number"].as_str().unwrap().to_string()
    });
    taken.collect()
}

fn next(house: &House, window: &str) -> Value {
    let answer = house.call(
        "POST",
        &format!("/api/v1/windows/{window}/next"),
        r#"{"finish_current":true}"#,
    );
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.json()
}

#[test]
fn the_hall_file_chooses_and_a_manager_switches_with_a_reason() {
    let mut house = house_with_rules("policy = \"fifo\"");
    let seen = house.call("GET", "/api/v1/policy", "").json();
    assert_eq!(
        (seen["now"]["name"].as_str(), seen["of_file"].as_str()),
        (Some("fifo"), Some("fifo"))
    );
    assert_eq!(seen["choices"].as_array().unwrap().len(), 8);
    let set = |house: &House, body: &str| house.call("POST", "/api/v1/policy", body);
    assert_eq!(set(&house, r#"{"policy":"due"}"#).status, 400);
    assert_eq!(set(&house, r#"{"policy":"due","reason":"  "}"#).status, 422);
    assert_eq!(set(&house, r#"{"policy":"fair","reason":"x"}"#).status, 422);
    let same = set(&house, r#"{"policy":"fifo","reason":"x"}"#);
    assert_eq!((same.status, same.code().as_str()), (409, "wrong-state"));
    let switched = set(&house, r#"{"policy":"due","reason":"下午人多"}"#);
    assert_eq!(switched.status, 200, "{}", switched.text());

    house.open("W01");
    take(&house, &["S101", "S101"]);
    let called = next(&house, "W01");
    assert!(called["why"].as_str().unwrap().contains("按“按承诺时限”"), "{called}");
    house.kill();
    house.start_again();
    let seen = house.call("GET", "/api/v1/policy", "").json();
    assert_eq!(seen["now"]["name"], "due", "a restart does not undo it");
    assert_eq!(seen["switched"]["reason"], "下午人多");
    assert_eq!(seen["switched"]["by"], "loopback");
    house.kill();
    let (sound, text) = house.verify(true);
    assert!(sound, "{text}");
}

#[test]
fn nobody_picks_without_the_right_of_the_hall_file() {
    let house = House::new();
    house.open("W01");
    take(&house, &["S101", "S101"]);
    let refused = [
        house.call("GET", "/api/v1/windows/W01/waiting?reason=urgent", ""),
        house.call(
            "POST",
            "/api/v1/windows/W01/call",
            r#"{"ticket":"A002","reason":"熟人"}"#,
        ),
    ];
    for answer in refused {
        assert_eq!((answer.status, answer.code().as_str()), (403, "forbidden"));
    }
    let desk = house.call("GET", "/api/v1/windows/W01", "").json();
    assert_eq!(
        (desk["may_pick"].as_bool(), &desk["current"]),
        (Some(false), &Value::Null)
    );
    let seen = house.call("GET", "/api/v1/manager", "").json();
    assert_eq!(seen["entries"], serde_json::json!([]));
    for path in [
        "/api/v1/manager",
        "/api/v1/policy",
        "/api/v1/forecast/clear",
        "/api/v1/calls/1/why",
    ] {
        assert_eq!(house.bare("GET", path, "").status, 401, "{path}");
    }
}

#[test]
fn a_pick_needs_a_reason_and_the_manager_sees_it() {
    let mut house = house_with_rules("policy = \"fifo\"\npick_clerks = [\"C1\"]");
    house.open("W01");
    take(&house, &["S101", "S101", "S101"]);
    let looked = house.call("GET", "/api/v1/windows/W01/waiting?reason=because", "");
    assert_eq!(looked.status, 422, "a reason of the list");
    let looked = house
        .call("GET", "/api/v1/windows/W01/waiting?reason=papers-fetched", "")
        .json();
    let waiting: Vec<_> = looked["tickets"]
        .as_array()
        .unwrap()
        .iter()
        .map(|t| &t["number"])
        .collect();
    assert_eq!(waiting, ["A001", "A002", "A003"]);
    let call = |body: &str| house.call("POST", "/api/v1/windows/W01/call", body);
    assert_eq!(call(r#"{"ticket":"A003","reason":""}"#).status, 422);
    assert_eq!(call(r#"{"ticket":"A009","reason":"x"}"#).status, 404);
    let picked = call(r#"{"ticket":"A003","reason":"补材料回来"}"#);
    assert_eq!(picked.status, 200, "{}", picked.text());
    assert_eq!(picked.json()["ticket"]["number"], "A003");
    let id = picked.json()["ticket"]["id"].as_str().unwrap().to_string();
    let why = house
        .call("GET", &format!("/api/v1/calls/{id}/why?over=A001"), "")
        .json();
    assert_eq!(why["picked"], "补材料回来");
    assert!(why["text"]["zh"].as_str().unwrap().contains("本应先叫 A001"), "{why}");
    assert_eq!(why["over"]["because"], "picked-by-hand");

    house.kill();
    house.start_again();
    let seen = house.call("GET", "/api/v1/manager", "").json();
    let kinds: Vec<_> = seen["entries"].as_array().unwrap().iter().map(|e| &e["kind"]).collect();
    assert_eq!(kinds, ["pick", "peek"], "newest first, after a restart too");
    assert_eq!(seen["entries"][0]["by"], "C1");
    assert_eq!(seen["entries"][0]["reason"], "补材料回来");
    assert_eq!(seen["calls"][0]["picked"], "补材料回来");
    house.kill();
    assert!(house.verify(true).0);
}

#[test]
fn every_look_at_the_list_is_kept_under_a_key_that_came_before_too() {
    let house = house_with_rules("pick_clerks = [\"C1\"]");
    house.open("W01");
    let path = "/api/v1/windows/W01/waiting?reason=urgent";
    let look = || house.keyed("GET", path, "", Some(&crate::house::key(9)));
    for (n, service) in ["S101", "S102"].into_iter().enumerate() {
        take(&house, &[service]);
        let seen = look().json();
        assert_eq!(
            seen["tickets"].as_array().map(Vec::len),
            Some(n + 1),
            "the list as it is now"
        );
    }
    let seen = house.call("GET", "/api/v1/manager", "").json();
    let looks = seen["entries"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|e| e["kind"] == "peek");
    assert_eq!(looks.count(), 2);
}

#[test]
fn a_call_is_explained_against_any_number_of_the_day() {
    let house = house_with_rules("policy = \"priority\"");
    house.open("W01");
    take(&house, &["S101"]);
    let elder = house
        .call("POST", "/api/v1/tickets", r#"{"services":["S101"],"class":"elderly"}"#)
        .json();
    assert_eq!(elder["number"], "A002");
    let called = next(&house, "W01");
    assert_eq!(called["ticket"]["number"], "A002");
    take(&house, &["S101", "S501"]);
    let why = house.call("GET", "/api/v1/calls/A002/why?over=a001", "").json();
    assert_eq!(why["policy"], "priority");
    assert_eq!(why["class"], "elderly");
    assert_eq!(why["runner_up"]["number"], "A001");
    assert!(why["score"].as_f64().unwrap() > why["runner_up"]["score"].as_f64().unwrap());
    assert_eq!(why["over"]["because"], "lower-score");
    let (zh, en) = (
        why["over"]["text"]["zh"].to_string(),
        why["over"]["text"]["en"].to_string(),
    );
    assert!(zh.contains("A002（长者优先") && zh.contains("先于A001（普通"), "{zh}");
    assert!(en.contains("A002 (elderly") && en.contains("before A001"), "{en}");

    let seq = why["seq"].to_string();
    let same = house.call("GET", &format!("/api/v1/calls/{seq}/why"), "").json();
    assert_eq!(same["text"], why["text"]);
    let beside = |over: &str| {
        let asked = house
            .call("GET", &format!("/api/v1/calls/{seq}/why?over={over}"), "")
            .json();
        asked["over"]["because"].as_str().map(str::to_string)
    };
    assert_eq!(beside("E001").as_deref(), Some("not-issued"), "it came after the call");
    assert_eq!(beside("A002"), None, "not beside itself");
    assert_eq!(house.call("GET", "/api/v1/calls/A077/why", "").status, 404);
    assert_eq!(
        house
            .call("GET", &format!("/api/v1/calls/{seq}/why?over=zzz"), "")
            .status,
        422
    );
}

#[test]
fn the_end_of_the_queue_is_foretold_and_another_window_brings_it_nearer() {
    let house = House::new();
    let empty = house.call("GET", "/api/v1/forecast/clear", "").json();
    assert_eq!(
        (empty["waiting"].as_u64(), empty["today"].as_bool()),
        (Some(0), Some(true))
    );
    house.open("W01");
    take(&house, &["S101"; 12]);
    let clear = house.call("GET", "/api/v1/forecast/clear", "").json();
    assert_eq!(
        (clear["waiting"].as_u64(), clear["windows_open"].as_u64()),
        (Some(12), Some(1))
    );
    let whatif = |body: &str| house.call("POST", "/api/v1/whatif", body);
    let answer = whatif(r#"{"open":["W02"]}"#);
    assert_eq!(answer.status, 200, "{}", answer.text());
    let answer = answer.json();
    assert_eq!(answer["then"]["windows_open"], 2);
    let mean = |when: &str| answer[when]["mean_wait_s"].as_u64().unwrap();
    assert!(mean("then") < mean("now"), "{answer}");
    assert!(answer["text"]["zh"].as_str().unwrap().contains("W02"));
    let asked = house.call("GET", "/api/v1/hall", "").json();
    assert_eq!(asked["windows"][1]["state"], "closed", "asking opens nothing");
    take(&house, &["S501"]);
    let nobody_serves_it = whatif(r#"{"open":["W02"]}"#).json();
    assert_eq!(nobody_serves_it["now"]["stranded"], 1);
    assert!(nobody_serves_it["now"]["mean_wait_s"].as_u64().unwrap() < 2 * 3600);
    let text = nobody_serves_it["text"]["zh"].as_str().unwrap().to_string();
    assert!(text.contains("没有窗口可办的 1 人（不变则 1 人）"), "{text}");
    assert_eq!(whatif(r#"{"open":["W99"]}"#).status, 404);
    assert_eq!(whatif("{}").status, 422);
    for twice in [r#"{"open":["W02","W02"]}"#, r#"{"open":["W02"],"close":["W02"]}"#] {
        let refused = whatif(twice);
        assert_eq!(refused.status, 422);
        assert!(refused.text().contains("W02 is named twice"), "{}", refused.text());
    }
}

#[test]
fn the_manager_sees_the_live_hall_and_what_needs_somebody() {
    let house = House::new();
    house.open("W01");
    take(&house, &["S101", "S101", "S501"]);
    next(&house, "W01");
    let seen = house.call("GET", "/api/v1/manager", "").json();
    assert_eq!(seen["windows"][0]["number"], "A001");
    assert_eq!(seen["windows"][0]["clerk"], "C1");
    assert_eq!(seen["calls"][0]["number"], "A001");
    assert!(
        seen["calls"][0]["text"]["zh"]
            .as_str()
            .unwrap()
            .starts_with("按“综合均衡”")
    );
    let group = |id: &str| {
        let groups = seen["groups"].as_array().unwrap();
        groups.iter().find(|g| g["id"] == id).unwrap().clone()
    };
    assert_eq!(
        (group("G1")["waiting"].as_u64(), group("G1")["windows_open"].as_u64()),
        (Some(1), Some(1))
    );
    assert_eq!(seen["longest"][0]["number"], "A002");
    let alerts: Vec<_> = seen["alerts"]
        .as_array()
        .unwrap()
        .iter()
        .map(|a| a["kind"].clone())
        .collect();
    assert!(
        alerts.contains(&Value::from("no-window")),
        "nobody serves group 5: {alerts:?}"
    );
    let page = house.bare("GET", "/manager", "");
    assert_eq!(page.status, 200);
    let document = house.bare("GET", "/openapi.json", "").json();
    for path in [
        "policy",
        "manager",
        "whatif",
        "forecast/clear",
        "calls/{id}/why",
        "windows/{w}/waiting",
        "windows/{w}/call",
    ] {
        assert!(
            document["paths"].get(format!("/api/v1/{path}")).is_some(),
            "{path} is not documented"
        );
    }
}
