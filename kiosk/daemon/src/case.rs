//! The switch of the kiosk's case, where it has one: a file that the kernel keeps, such as the `value` of a GPIO line.
//! Who opens the case is not known; that it was opened is told to staff and to the auditor.

use std::path::Path;
use std::sync::mpsc::Sender;
use std::time::Duration;

use anyhow::Context as _;
use kiosk_flow::Input;
use provisioning_config::kiosk_file::Case;

use crate::core::Message;

/// The switch is read this often; a case is not opened and shut in less.
const EVERY: Duration = Duration::from_millis(500);

/// Watches the switch for as long as the kiosk runs. A kiosk that starts with an open case tells that too.
pub fn start(case: &Case, tx: Sender<Message>) -> anyhow::Result<()> {
    let case = case.clone();
    std::thread::Builder::new()
        .name("case".into())
        .spawn(move || {
            let mut was = false;
            loop {
                // A wire that was cut is no shut case.
                let is = is_open(&case.switch, &case.open).unwrap_or(true);
                if is != was && tx.send(Message::from(Input::Case { open: is })).is_err() {
                    return;
                }
                was = is;
                std::thread::sleep(EVERY);
            }
        })
        .context("a thread for the switch of the case")?;
    Ok(())
}

/// None where the switch cannot be read.
fn is_open(switch: &Path, open: &str) -> Option<bool> {
    let text = std::fs::read_to_string(switch).ok()?;
    Some(text.trim() == open)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_opened_case_a_shut_one_and_a_cut_wire_are_told_apart() {
        let dir = std::env::temp_dir().join(format!("yimen-case-{}", std::process::id()));
        std::fs::create_dir_all(&dir).expect("a folder");
        let switch = dir.join("value");
        let (tx, rx) = std::sync::mpsc::channel();
        let set = |text: &str| std::fs::write(&switch, text).expect("written");
        set("0\n");
        let case = Case {
            switch: switch.clone(),
            open: "1".into(),
        };
        start(&case, tx).expect("a thread");
        let next = || match rx.recv_timeout(Duration::from_secs(20)).expect("told") {
            Message::Input(input) => *input,
            other => panic!("{other:?}"),
        };
        set("1\n");
        assert_eq!(next(), Input::Case { open: true });
        set("0\n");
        assert_eq!(next(), Input::Case { open: false });
        std::fs::remove_file(&switch).expect("removed");
        assert_eq!(next(), Input::Case { open: true }, "a cut wire");
        std::fs::remove_dir_all(&dir).expect("removed");
    }
}
