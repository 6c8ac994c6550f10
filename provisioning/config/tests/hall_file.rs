//! What a technician can get wrong in a hall file, and the sentence that comes back.

use provisioning_config::Problems;
use provisioning_config::hall_file::HallFile;
use ticket_dispatcher_types::{Lang, Millis, ServiceId, WindowKind};

const SMALL: &str = r#"format = "yimen-hall/1"

[hall]
id = "sample"
name = { zh-Hans = "示例大厅", en = "Sample Hall" }
phone = "0757-00000000"
opens = "08:30"
closes = "17:30"
last_issue = "17:00"
guidance = "S001"

[rules]
matters_max = 2

[[group]]
id = "G0"
series = "Z"
name = "导办"

[[group]]
id = "G1"
series = "A"
name = { zh-Hans = "社保医保", zh-Hant = "社保醫保", en = "Social security" }

[[service]]
id = "S001"
group = "G0"
name = "导办咨询"
typical_min = 3

[[service]]
id = "S101"
group = "G1"
name = { zh-Hans = "长者津贴认证" }
pinyin = "zzjtrz"
keywords = ["高龄津贴"]
materials = ["居民身份证原件"]
typical_min = 4

[[window]]
id = "D01"
kind = "guidance"
name = "导办台"
groups = ["G0"]
plan = ["08:30-17:30"]

[[window]]
id = "W01"
kind = "comprehensive"
name = "1号综合窗口"
groups = ["G1"]
plan = ["08:30-12:00", "13:00-17:30"]
"#;

fn problems_of(text: &str) -> Problems {
    HallFile::parse("hall.toml", text).expect_err("the file should have been refused")
}

/// Breaks one place of the small hall and gives the only sentence that comes back.
fn sentence(from: &str, to: &str) -> String {
    assert_eq!(SMALL.matches(from).count(), 1, "`{from}` must be unique in the sample");
    let problems = problems_of(&SMALL.replace(from, to));
    assert_eq!(problems.list.len(), 1, "{problems}");
    problems.to_string()
}

#[test]
fn a_good_hall_reads_with_its_fallbacks_and_defaults() {
    let hall = HallFile::parse("hall.toml", SMALL).expect("the sample is good");
    assert_eq!(hall.hall.name.get(Lang::ZhHant), "示例大厅");
    assert_eq!(hall.hall.name.get(Lang::En), "Sample Hall");
    assert_eq!(hall.hall.hours(), "08:30–17:30");
    assert_eq!(hall.hall.timezone, "Asia/Shanghai");
    assert_eq!(hall.hall.first_issue, hall.hall.opens);
    assert_eq!(
        (hall.rules.matters_max, hall.rules.calls_max, hall.rules.priority_age),
        (2, 3, 65)
    );
    assert_eq!(hall.rules.priority_run_max, Some(2));
    assert_eq!(hall.rules.target.normal, Millis::from_mins(20));
    let by_hand = hall.service(&ServiceId::new("S101").expect("an id")).expect("listed");
    assert_eq!(by_hand.pinyin_initials, "zzjtrz");
    let made = hall.service(&ServiceId::new("S001").expect("an id")).expect("listed");
    assert_eq!(made.pinyin_initials, "dbzx");
    assert_eq!(
        hall.windows_of(&by_hand.group)
            .map(|w| w.id.as_str())
            .collect::<Vec<_>>(),
        ["W01"]
    );
    assert_eq!(hall.windows[0].kind, WindowKind::Guidance);
    assert_eq!(hall.windows[1].plan[1].from, Millis::from_mins(13 * 60));
}

#[test]
fn an_unknown_key_is_named_with_its_line_and_the_nearest_key() {
    assert_eq!(
        sentence("matters_max = 2", "maters_max = 2"),
        "hall.toml:13: rules.maters_max: the key `maters_max` does not exist here. \
         Did you mean `matters_max`? Otherwise take the line out."
    );
    let far = sentence("keywords = [\"高龄津贴\"]", "colour = \"red\"");
    assert!(far.contains("hall.toml:36: service[2].colour"), "{far}");
    assert!(far.contains("known here are: id, group, name"), "{far}");
    let inside = sentence("en = \"Sample Hall\"", "eng = \"Sample Hall\"");
    assert!(
        inside.contains(":5: hall.name.eng: ") && inside.contains("Did you mean `en`?"),
        "{inside}"
    );
}

#[test]
fn every_unknown_key_is_told_at_once() {
    let text = SMALL
        .replace("matters_max", "matter_max")
        .replace("phone = ", "fone = \"\"\nphone = ");
    let problems = problems_of(&text);
    let lines: Vec<_> = problems.list.iter().map(|problem| problem.line).collect();
    assert_eq!(lines, [Some(6), Some(14)], "{problems}");
}

#[test]
fn a_service_that_nobody_serves_is_refused() {
    let text = sentence("groups = [\"G1\"]", "groups = [\"G0\"]");
    assert!(
        text.contains("hall.toml:33: service S101: nobody serves it: no window lists its group `G1`."),
        "{text}"
    );
    assert!(text.contains("Add \"G1\" to the `groups` of a window"), "{text}");
}

#[test]
fn two_windows_with_one_name_or_one_id_are_refused() {
    let text = sentence("name = \"导办台\"", "name = \"1号综合窗口\"");
    assert!(
        text.contains("the name `1号综合窗口` is already taken on line 41."),
        "{text}"
    );
    let text = sentence("id = \"D01\"", "id = \"W01\"");
    assert!(text.contains("the id `W01` is already taken on line 41."), "{text}");
}

#[test]
fn every_semantic_problem_has_its_own_sentence() {
    let cases = [
        (
            "yimen-hall/1",
            "yimen-hall/9",
            ":1: format: the format `yimen-hall/9` is not known",
        ),
        ("\"0757-00000000\"", "\" \"", "the phone is empty"),
        (
            "closes = \"17:30\"",
            "closes = \"17:99\"",
            "`17:99` is not a time of day",
        ),
        (
            "last_issue = \"17:00\"",
            "last_issue = \"08:00\"",
            "the last number at 08:00 is not between",
        ),
        (
            "last_issue = \"17:00\"",
            "last_issue = \"17:00\"\ntimezone = \"Foshan\"",
            "time zone `Foshan` is not known",
        ),
        (
            "matters_max = 2",
            "matters_max = 99",
            "99 is out of range. Give a number from 1 to 9",
        ),
        (
            "series = \"Z\"",
            "series = \"A\"",
            "the series `A` is already taken on line 17",
        ),
        (
            "series = \"Z\"",
            "series = \"z1\"",
            "the series `z1` is not one capital letter",
        ),
        (
            "group = \"G1\"",
            "group = \"G9\"",
            "there is no group `G9`. Groups of this file are: G0, G1.",
        ),
        (
            "groups = [\"G0\"]",
            "groups = [\"G0\", \"G7\"]",
            "there is no group `G7`",
        ),
        (
            "groups = [\"G0\"]",
            "groups = [\"G0\", \"G0\"]",
            "the group `G0` is already taken",
        ),
        (
            "\"13:00-17:30\"",
            "\"11:00-17:30\"",
            "overlaps or comes before 08:30-12:00",
        ),
        ("\"13:00-17:30\"", "\"17:30-13:00\"", "closes before it opens"),
        ("\"13:00-17:30\"", "\"13:00-19:00\"", "outside the hours of the hall"),
        ("\"13:00-17:30\"", "\"afternoon\"", "`afternoon` is not a span of time"),
        ("typical_min = 4", "typical_min = 0", "Give a number from 1 to 240."),
        (
            "pinyin = \"zzjtrz\"",
            "pinyin = \"ZZ JT\"",
            "are not lower-case letters",
        ),
        ("\"长者津贴认证\"", "\"\"", "the text is empty"),
        ("id = \"S101\"", "id = \"社保\"", "must be 1 to 64 of the characters"),
        (
            "guidance = \"S001\"",
            "guidance = \"S404\"",
            "there is no service `S404`",
        ),
        (
            "guidance = \"S001\"\n",
            "",
            "there is a guidance desk, but hall.guidance names no service",
        ),
        (
            "kind = \"guidance\"",
            "kind = \"police\"",
            "no guidance window serves the service `S001`",
        ),
        (
            "phone = \"0757-00000000\"\n",
            "",
            "the key `phone` is missing. Add `phone`",
        ),
        (
            "typical_min = 4",
            "typical_min = \"four\"",
            "service[2].typical_min: invalid type: string",
        ),
        (
            "kind = \"guidance\"",
            "kind = \"vip\"",
            "window[1].kind: unknown variant `vip`",
        ),
        ("id = \"sample\"", "id = \"sample", "this is not TOML"),
    ];
    for (from, to, expected) in cases {
        if SMALL.contains(from) {
            let text = sentence(from, to);
            assert!(
                text.contains(expected),
                "{from} -> {to}\n gave: {text}\n not: {expected}"
            );
        }
    }
}

#[test]
fn independent_problems_are_reported_together_in_the_order_of_lines() {
    let text = SMALL
        .replace("matters_max = 2", "matters_max = 0")
        .replace("series = \"Z\"", "series = \"A\"")
        .replace("groups = [\"G1\"]", "groups = [\"G5\"]");
    let problems = problems_of(&text);
    let lines: Vec<_> = problems.list.iter().filter_map(|problem| problem.line).collect();
    assert_eq!(problems.list.len(), 4, "{problems}");
    assert!(lines.is_sorted(), "{problems}");
}

#[test]
fn a_missing_file_is_a_sentence_not_a_panic() {
    let problems = HallFile::load(std::path::Path::new("/nonexistent/hall.toml")).expect_err("no such file");
    assert_eq!(
        problems.to_string(),
        "/nonexistent/hall.toml: there is no such file. Give the path of an existing file."
    );
}

/// The hall that ships with the product, and that the demo plays.
fn shipped() -> HallFile {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../halls/foshan-street.toml");
    HallFile::load(std::path::Path::new(path)).unwrap_or_else(|problems| panic!("{problems}"))
}

#[test]
fn the_shipped_hall_has_its_windows_and_forty_services_beside_the_guidance_desk() {
    let hall = shipped();
    let count = |kind| hall.windows.iter().filter(|window| window.kind == kind).count();
    assert_eq!(count(WindowKind::Comprehensive) + count(WindowKind::Departmental), 12);
    assert_eq!((count(WindowKind::Police), count(WindowKind::Guidance)), (3, 1));
    assert_eq!(hall.services.len(), 41);
    assert_eq!(hall.hall.guidance, Some(ServiceId::new("S001").expect("an id")));
    assert_eq!(hall.hall.hours(), "08:30–17:30");
}

#[test]
fn every_service_of_the_shipped_hall_says_its_papers_in_three_languages() {
    for service in &shipped().services {
        assert!(!service.materials.is_empty(), "{} lists no papers", service.id);
        for text in service.materials.iter().chain([&service.name]) {
            assert!(text.en.is_ascii(), "{} has no English in {}", service.id, text.zh_hans);
            assert!(!text.zh_hant.is_ascii());
        }
        assert!(
            service.pinyin_initials.len() >= 3,
            "{} gives {}",
            service.id,
            service.pinyin_initials
        );
    }
}

#[test]
fn no_two_services_of_the_shipped_hall_hide_behind_the_same_initials() {
    let mut seen = std::collections::BTreeMap::new();
    for service in shipped().services {
        if let Some(other) = seen.insert(service.pinyin_initials.clone(), service.id.clone()) {
            panic!("{} and {other} are both {}", service.id, service.pinyin_initials);
        }
    }
}

#[test]
fn the_page_for_technicians_names_every_key() {
    let page = include_str!("../../../docs/hall-file.md");
    let tables = [
        "[hall]\n",
        "[rules]\n",
        "[[group]]\nid = \"G1\"\n",
        "[[service]]\nid = \"S101\"\n",
    ];
    let mut keys = Vec::new();
    for table in tables.into_iter().chain([
        "[[window]]\nid = \"W01\"\n",
        "[rules.target_min]\n",
        "[rules.weighing]\n",
    ]) {
        let text = format!("{SMALL}\n[rules.target_min]\nnormal = 20\n[rules.weighing]\nshort = 0.5\n");
        let text = text.replacen(table, &format!("{table}qqqqqqqqqqqq = 1\n"), 1);
        let sentence = problems_of(&text).to_string();
        let (_, known) = sentence
            .split_once("known here are: ")
            .expect("the sentence lists the known keys");
        keys.extend(known.trim_end_matches('.').split(", ").map(str::to_string));
    }
    assert!(keys.len() > 40, "{keys:?}");
    for key in keys {
        assert!(
            page.contains(&format!("`{key}`")),
            "docs/hall-file.md does not explain `{key}`"
        );
    }
}

#[test]
fn the_policy_its_settings_and_the_right_to_pass_by_it_are_checked() {
    let shipped = shipped();
    assert_eq!(shipped.rules.policy, "balanced");
    assert!(shipped.rules.weighing.is_empty(), "the policy knows best");
    assert!(shipped.rules.pick_windows.is_empty() && shipped.rules.pick_clerks.is_empty());
    let with = |lines: &str| SMALL.replace("[rules]\n", &format!("[rules]\n{lines}\n"));
    let file = with(
        "policy = \"ratio\"\npick_windows = [\"D01\"]\npick_clerks = [\"C07\"]\n\
         weighing = { class = { disabled = 9.5 }, short = 0.25, head_start_s = { normal = 30 }, age_min = 50, \
         grade = 0.7, fade_min = 45, late_min = 30, late_gain_pct = 5.0 }",
    );
    let rules = HallFile::parse("hall.toml", &file).unwrap().rules;
    assert_eq!(rules.policy, "ratio");
    assert_eq!(rules.weighing.class, [None, Some(9.5), None, None]);
    assert_eq!(rules.weighing.short, Some(0.25));
    assert_eq!(rules.weighing.head_start[3].map(|h| h.secs()), Some(30));
    assert_eq!(rules.weighing.age.map(|a| a.secs()), Some(3000));
    assert_eq!(
        (rules.weighing.grade, rules.weighing.late_gain),
        (Some(0.7), Some(0.05))
    );
    assert_eq!(rules.weighing.fade.map(|fade| fade.secs()), Some(45 * 60));
    assert_eq!(rules.weighing.late.map(|late| late.secs()), Some(30 * 60));
    assert_eq!(rules.pick_windows[0].as_str(), "D01");
    assert_eq!(rules.pick_clerks[0].as_str(), "C07");

    let wrong = with(
        "policy = \"fair\"\npick_windows = [\"W99\"]\n\
         weighing = { class = { normal = 0.0 }, short = 1.5, age_min = 5, grade = 4.0, fade_min = 0, late_min = -1, \
         late_gain_pct = nan }",
    );
    let said = HallFile::parse("hall.toml", &wrong).unwrap_err().to_string();
    for piece in [
        "there is no policy `fair`",
        "fifo, priority, due",
        "there is no window `W99`",
        "rules.weighing.class.normal: 0 is out of range",
        "rules.weighing.short: 1.5 is out of range",
        "rules.weighing.age_min: 5 is out of range",
        "rules.weighing.grade: 4 is out of range",
        "rules.weighing.fade_min: 0 is out of range",
        "rules.weighing.late_min: -1 is out of range",
        "rules.weighing.late_gain_pct: NaN is out of range",
    ] {
        assert!(said.contains(piece), "{piece} is missing in:\n{said}");
    }
}
