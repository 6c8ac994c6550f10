//! The whole hall, played from outside: what `./hall demo --check` does, as a test.

use std::process::Command;

#[tokio::test]
async fn every_scene_of_the_demo_is_seen_from_outside() {
    let player = tests_e2e::binaries::built("hall-check")
        .await
        .expect("the workspace builds");
    let out = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join("whole-hall");
    let status = Command::new(player)
        .arg("--out")
        .arg(&out)
        .status()
        .expect("hall-check starts");
    assert!(
        status.success(),
        "a scene was not seen; pictures and report.json are in {}",
        out.display()
    );
    for file in ["report.json", "ticket.png", "ticket.bin", "board.png"] {
        assert!(out.join(file).is_file(), "{file} was not left behind");
    }
}
