//! Arrows between crates never turn: the whole table, and what a package may not pull in.

use serde_json::Value;

use crate::Breach;

const TYPES: &str = "ticket-dispatcher-types";
const CONFIG: &str = "provisioning-config";
const DEVICE: &str = "drivers-device";

/// Package, and ours that it may depend on. A new crate is added here together with its line in docs/ARCHITECTURE.md.
pub const ALLOWED: &[(&str, &[&str])] = &[
    (TYPES, &[]),
    ("ticket-dispatcher-queue-core", &[TYPES]),
    ("ticket-dispatcher-replay", &[TYPES, "ticket-dispatcher-queue-core"]),
    ("ticket-dispatcher-protocol", &[TYPES]),
    ("ticket-dispatcher-identity", &[TYPES]),
    (
        "ticket-dispatcher-ledger",
        &[TYPES, "ticket-dispatcher-queue-core", "ticket-dispatcher-identity"],
    ),
    ("ticket-dispatcher-access", &[TYPES, "ticket-dispatcher-identity"]),
    (
        "ticket-dispatcher-daemon",
        &[
            TYPES,
            "ticket-dispatcher-access",
            "ticket-dispatcher-queue-core",
            "ticket-dispatcher-replay",
            "ticket-dispatcher-protocol",
            "ticket-dispatcher-identity",
            "ticket-dispatcher-ledger",
            CONFIG,
            "provisioning-enrolment",
        ],
    ),
    ("kiosk-flow", &[TYPES, "ui-model"]),
    ("kiosk-outbox", &[TYPES]),
    (
        "kiosk-making",
        &[TYPES, "ui-model", "ui-ticket-raster", "drivers-temp-id-maker"],
    ),
    ("kiosk-making-simulator", &["kiosk-making", TYPES, "ui-model"]),
    (
        "kiosk-daemon",
        &[
            TYPES,
            "ticket-dispatcher-identity",
            "ticket-dispatcher-protocol",
            "kiosk-flow",
            "kiosk-outbox",
            "kiosk-making",
            "ui-model",
            "ui-ticket-raster",
            CONFIG,
            DEVICE,
            "drivers-transport",
            "drivers-id-reader",
            "drivers-temp-id-maker",
            "drivers-thermal-printer",
        ],
    ),
    (DEVICE, &[]),
    ("drivers-transport", &[DEVICE]),
    ("drivers-id-reader", &[DEVICE, TYPES]),
    ("drivers-thermal-printer", &[DEVICE, TYPES, "ui-ticket-raster"]),
    ("drivers-temp-id-maker", &[DEVICE, TYPES]),
    (
        "drivers-emulators",
        &[
            DEVICE,
            TYPES,
            "drivers-id-reader",
            "drivers-temp-id-maker",
            "drivers-thermal-printer",
            "ui-ticket-raster",
        ],
    ),
    ("ui-model", &[TYPES]),
    ("ui-kiosk-screen", &[TYPES, "ui-model"]),
    ("ui-ticket-raster", &[TYPES]),
    (CONFIG, &[TYPES]),
    ("provisioning-enrolment", &[]),
    (
        "provisioning-hallctl",
        &[
            TYPES,
            "ticket-dispatcher-protocol",
            CONFIG,
            "provisioning-enrolment",
            DEVICE,
            "drivers-transport",
            "drivers-id-reader",
            "drivers-temp-id-maker",
            "drivers-thermal-printer",
            "kiosk-making",
            "kiosk-outbox",
            "ui-model",
            "ui-ticket-raster",
        ],
    ),
    ("tests-tidy", &[]),
    ("tests-load", &["ticket-dispatcher-protocol", "provisioning-enrolment"]),
    (
        "tests-simulation",
        &[
            TYPES,
            "ticket-dispatcher-queue-core",
            "kiosk-flow",
            "ui-model",
            DEVICE,
            "drivers-emulators",
            "drivers-temp-id-maker",
        ],
    ),
    ("tests-e2e", &["ticket-dispatcher-protocol", TYPES, "ui-model"]),
    ("tests-guest", &["tests-e2e"]),
];

/// Third parties that only the named packages may depend on: a heavy or strict thing in its one place.
pub const CONFINED: &[(&str, &[&str])] = &[
    // Its licence and its weight end at the screen.
    ("slint", &["ui-kiosk-screen"]),
    ("i-slint-core", &["ui-kiosk-screen"]),
    ("slint-build", &["ui-kiosk-screen"]),
    (
        "rusqlite",
        &[
            "ticket-dispatcher-access",
            "ticket-dispatcher-ledger",
            "kiosk-outbox",
            "ticket-dispatcher-daemon",
            "tests-load",
        ],
    ),
    ("serialport", &["drivers-transport"]),
    ("rusb", &["drivers-transport"]),
];

/// Packages that decide something: nothing in them may wait, draw or reach out.
pub const PURE: &[&str] = &[TYPES, "ticket-dispatcher-queue-core", "kiosk-flow", "ui-model"];

/// What a pure package may not depend on, in any kind of dependency but the one for tests.
const IMPURE: &[&str] = &[
    "tokio",
    "rusqlite",
    "rand",
    "getrandom",
    "reqwest",
    "axum",
    "jiff",
    "tracing",
    "rustix",
    "anyhow",
];

/// Checks `cargo metadata` against the tables. Dependencies for tests are free: a driver is tested against its twin.
pub fn check(metadata: &Value, allowed: &[(&str, &[&str])]) -> Vec<Breach> {
    let packages = metadata["packages"].as_array().map(Vec::as_slice).unwrap_or_default();
    let ours: Vec<&str> = packages.iter().filter_map(|package| package["name"].as_str()).collect();
    let mut breaches = Vec::new();
    for package in packages {
        let name = package["name"].as_str().unwrap_or_default();
        let Some((_, may)) = allowed.iter().find(|(listed, _)| *listed == name) else {
            breaches.push(Breach::new(
                name,
                0,
                "the package is not in the table of arrows (tests/tidy/src/arrows.rs)",
            ));
            continue;
        };
        let dependencies = package["dependencies"]
            .as_array()
            .map(Vec::as_slice)
            .unwrap_or_default();
        let normal = dependencies
            .iter()
            .filter(|dependency| dependency["kind"].as_str() != Some("dev"));
        for to in normal.filter_map(|dependency| dependency["name"].as_str()) {
            if ours.contains(&to) && !may.contains(&to) {
                breaches.push(Breach::new(name, 0, format!("may not depend on {to}")));
            }
            if CONFINED
                .iter()
                .any(|(confined, homes)| *confined == to && !homes.contains(&name))
            {
                breaches.push(Breach::new(
                    name,
                    0,
                    format!("{to} has its own place and it is not here"),
                ));
            }
            if PURE.contains(&name) && IMPURE.contains(&to) {
                breaches.push(Breach::new(name, 0, format!("is pure and may not depend on {to}")));
            }
            if to == "anyhow" && !has_bin(package) && !name.starts_with("tests-") {
                breaches.push(Breach::new(
                    name,
                    0,
                    "anyhow belongs to binaries; a library names its errors",
                ));
            }
        }
    }
    breaches
}

fn has_bin(package: &Value) -> bool {
    let targets = package["targets"].as_array().map(Vec::as_slice).unwrap_or_default();
    let kinds = targets.iter().filter_map(|target| target["kind"].as_array());
    kinds.flatten().any(|kind| kind == "bin")
}

/// Every package is named in the architecture page.
pub fn named_in(metadata: &Value, page: &str) -> Vec<Breach> {
    let packages = metadata["packages"].as_array().map(Vec::as_slice).unwrap_or_default();
    let names = packages.iter().filter_map(|package| package["name"].as_str());
    let missing = names.filter(|name| !page.contains(&format!("`{name}`")));
    missing
        .map(|name| Breach::new(name, 0, "has no paragraph in docs/ARCHITECTURE.md"))
        .collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn package(name: &str, kind: &str, dependencies: &[(&str, Option<&str>)]) -> Value {
        let dependencies: Vec<Value> = dependencies
            .iter()
            .map(|(name, kind)| json!({ "name": name, "kind": kind }))
            .collect();
        json!({ "name": name, "dependencies": dependencies, "targets": [{ "kind": [kind] }] })
    }

    fn breaches(packages: Vec<Value>) -> Vec<String> {
        let found = check(&json!({ "packages": packages }), ALLOWED);
        found.iter().map(Breach::to_string).collect()
    }

    #[test]
    fn an_arrow_that_turns_is_seen() {
        let turned = vec![
            package("drivers-device", "lib", &[("kiosk-flow", None)]),
            package("kiosk-flow", "lib", &[]),
        ];
        assert_eq!(breaches(turned), ["drivers-device: may not depend on kiosk-flow"]);
    }

    #[test]
    fn an_arrow_for_tests_alone_is_free() {
        let tested = vec![
            package("drivers-emulators", "lib", &[("drivers-transport", Some("dev"))]),
            package("drivers-transport", "lib", &[]),
        ];
        assert_eq!(breaches(tested), [""; 0]);
    }

    #[test]
    fn an_unlisted_crate_is_seen() {
        let found = breaches(vec![package("common-utils", "lib", &[])]);
        assert!(found[0].contains("not in the table of arrows"), "{found:?}");
    }

    #[test]
    fn heavy_things_outside_their_place_are_seen() {
        let found = breaches(vec![
            package("ticket-dispatcher-queue-core", "lib", &[("tokio", None)]),
            package("ticket-dispatcher-daemon", "bin", &[("slint", None), ("anyhow", None)]),
            package("kiosk-outbox", "lib", &[("anyhow", None)]),
        ]);
        assert_eq!(found.len(), 3, "{found:?}");
    }

    #[test]
    fn a_crate_without_a_paragraph_is_seen() {
        let metadata = json!({ "packages": [package("ui-model", "lib", &[]), package("ui-model-extra", "lib", &[])] });
        let found = named_in(&metadata, "- **`model`** (`ui-model`): views");
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].place, "ui-model-extra");
    }
}
