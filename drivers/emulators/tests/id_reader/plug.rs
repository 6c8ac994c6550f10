//! The cable: not there, pulled, plugged in again.

use super::super::*;

/// Turns the plug as the bench page does.
fn control(setup: &Setup, path: &str) {
    let router = setup.bench.router();
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let status = runtime.block_on(async {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("loopback");
        let address = listener.local_addr().expect("bound");
        tokio::spawn(async move { axum::serve(listener, router).await });
        let client = reqwest::Client::builder().no_proxy().build().expect("a client");
        let answer = client
            .post(format!("http://{address}{path}"))
            .send()
            .await
            .expect("an answer");
        answer.status()
    });
    assert!(status.is_success(), "{path}: {status}");
}

fn is_gone(event: &Event) -> bool {
    matches!(event, Event::DeviceDown(DownReason::Gone(_)))
}

#[test]
fn a_reader_unplugged_and_plugged_in_again_reads_the_next_card() {
    let mut setup = Setup::new();
    setup.up();
    control(&setup, "/id-reader/unplug");
    assert!(!setup.dir.join("id-reader").exists());
    let event = setup.event();
    assert!(is_gone(&event), "{event:?}");
    assert!(
        setup.is_quiet_for(Duration::from_millis(1200)),
        "an absence is told once"
    );
    control(&setup, "/id-reader/plug");
    setup.up();
    setup.lay(&r1());
    assert_eq!(setup.reads().name.expose(), "测试甲");
}

#[test]
fn a_plug_pulled_in_the_middle_of_a_read_gives_no_record() {
    let mut setup = Setup::new();
    setup.up();
    setup.fault(json!({ "command": "30 01", "chunk_bytes": 50, "chunk_delay_ms": 80, "times": 1 }));
    setup.lay(&r1());
    assert_eq!(setup.event(), Event::CardFound);
    assert_eq!(setup.event(), Event::Reading);
    assert!(setup.is_quiet_for(Duration::from_millis(200)));
    control(&setup, "/id-reader/unplug");
    let event = setup.event();
    assert!(is_gone(&event), "{event:?}");
    control(&setup, "/id-reader/plug");
    setup.up();
    // The card still lies there and power is new: it is presented anew.
    assert_eq!(setup.reads().name.expose(), "测试甲");
}

#[test]
fn a_reader_that_says_nothing_is_down_and_comes_up_when_it_speaks() {
    let mut setup = Setup::with(|module| {
        module.set_fault(FaultForm::parse(json!({ "no_reply": true })).expect("a fault"));
    });
    assert_eq!(setup.event(), Event::DeviceDown(DownReason::Silent));
    setup.module(Module::clear_faults);
    setup.up();
}

#[test]
fn a_reader_that_falls_silent_while_polling_is_told() {
    let mut setup = Setup::new();
    setup.up();
    setup.fault(json!({ "no_reply": true }));
    assert_eq!(setup.event(), Event::DeviceDown(DownReason::Silent));
}
