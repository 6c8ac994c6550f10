//! `hallctl doctor`: what this machine lacks for a hall, each with the one thing to do about it.

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// What was looked at and found.
struct Finding {
    what: String,
    state: State,
}

enum State {
    Good(String),
    /// Works without it, less well.
    Poorer(String),
    /// Does not work without it.
    Missing(String),
}

/// Programs that stand beside this one in a complete build.
pub const PROGRAMS: [&str; 5] = [
    "ticket-dispatcher",
    "kiosk",
    "kiosk-screen",
    "hall-emulators",
    "making-record-simulator",
];

/// Fonts for characters that the bundled one lacks: path, Debian package.
const FONTS: [(&str, &str); 2] = [
    (
        "/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc",
        "fonts-noto-cjk",
    ),
    ("/usr/share/fonts/truetype/hanazono/HanaMinB.ttf", "fonts-hanazono"),
];

/// Ports that a demo prefers: number, what for. It falls back to free ones.
pub const PORTS: [(u16, &str); 4] = [
    (8480, "dispatcher, loopback"),
    (8443, "dispatcher, TLS"),
    (8490, "bench page"),
    (8491, "kiosk screen"),
];

/// Prints every finding; exit status 1 when something is missing without which the hall does not work.
pub fn run() -> ExitCode {
    let mut missing = 0;
    for finding in findings() {
        let (mark, text) = match &finding.state {
            State::Good(text) => ("ok     ", text),
            State::Poorer(text) => ("poorer ", text),
            State::Missing(text) => {
                missing += 1;
                ("MISSING", text)
            }
        };
        println!("{mark}  {:<28} {text}", finding.what);
    }
    match missing {
        0 => println!("This machine can run a hall."),
        count => println!("{count} thing(s) missing: see above."),
    }
    if missing == 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

fn findings() -> Vec<Finding> {
    let mut findings = Vec::new();
    findings.extend(PROGRAMS.map(program));
    findings.extend(FONTS.map(|(path, package)| font(Path::new(path), package)));
    findings.extend(PORTS.map(|(port, purpose)| free_port(port, purpose)));
    findings.push(serial_rights());
    findings.push(time_zone());
    findings
}

fn program(name: &str) -> Finding {
    let state = match beside_this_program(name) {
        Some(path) => State::Good(path.display().to_string()),
        None => State::Missing("not beside hallctl: build it with `./hall demo` or `cargo build`".to_string()),
    };
    Finding {
        what: name.to_string(),
        state,
    }
}

/// A program of the same build, in the folder of this one.
pub fn beside_this_program(name: &str) -> Option<PathBuf> {
    let own = std::env::current_exe().ok()?;
    let path = own.parent()?.join(name);
    path.is_file().then_some(path)
}

fn font(path: &Path, package: &str) -> Finding {
    let state = if path.is_file() {
        State::Good(path.display().to_string())
    } else {
        State::Poorer(format!("rare characters may print as 〓: apt-get install {package}"))
    };
    Finding {
        what: format!("font {package}"),
        state,
    }
}

fn free_port(port: u16, purpose: &str) -> Finding {
    let state = match TcpListener::bind(("127.0.0.1", port)) {
        Ok(_) => State::Good(format!("free ({purpose})")),
        Err(error) => State::Poorer(format!("{error}: a demo takes another one ({purpose})")),
    };
    Finding {
        what: format!("port {port}"),
        state,
    }
}

/// Serial devices belong to the group `dialout` on Debian; opening one is the honest test.
fn serial_rights() -> Finding {
    let names = ["/dev/ttyUSB0", "/dev/ttyACM0", "/dev/ttyS0"];
    let present: Vec<&str> = names.into_iter().filter(|name| Path::new(name).exists()).collect();
    let open = |name: &str| std::fs::OpenOptions::new().read(true).write(true).open(name);
    let denied = present
        .iter()
        .find(|name| open(name).is_err_and(|error| error.kind() == std::io::ErrorKind::PermissionDenied));
    let state = match (denied, present.as_slice()) {
        (Some(name), _) => State::Poorer(format!(
            "{name} is not yours to open: add yourself to the group dialout"
        )),
        (None, []) => State::Good("no serial device plugged in; emulated ones need none".to_string()),
        (None, names) => State::Good(names.join(", ")),
    };
    Finding {
        what: "serial lines".to_string(),
        state,
    }
}

fn time_zone() -> Finding {
    let state = match jiff::tz::TimeZone::get("Asia/Shanghai") {
        Ok(_) => State::Good("Asia/Shanghai".to_string()),
        Err(error) => State::Missing(error.to_string()),
    };
    Finding {
        what: "time zone".to_string(),
        state,
    }
}
