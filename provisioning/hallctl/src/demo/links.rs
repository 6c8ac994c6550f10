//! Where everything of the running demo answers: a list for people, or one JSON line for programs.

use serde_json::{Value, json};

/// Addresses of a running demo.
pub struct Links {
    /// `127.0.0.1:PORT` of the dispatcher's loopback listener.
    pub loopback: String,
    /// `127.0.0.1:PORT` of the dispatcher's TLS listener.
    pub tls: String,
    /// `127.0.0.1:PORT` of the emulators and the bench page.
    pub emulators: String,
    /// `127.0.0.1:PORT` of the kiosk's end of the network cable.
    pub lan: String,
    /// `127.0.0.1:PORT` of the headless kiosk screen.
    pub screen: String,
    /// `127.0.0.1:PORT` where the simulated making-record service is turned.
    pub making: String,
    /// File with the bearer token.
    pub token_file: String,
    /// The bearer token itself: it stands behind `#` in a link, which browsers never send over the line.
    pub token: String,
    /// Directory of the demo.
    pub dir: String,
}

impl Links {
    fn page(&self, path: &str) -> String {
        format!("http://{}{path}#token={}", self.loopback, self.token)
    }

    /// The board.
    pub fn board(&self) -> String {
        self.page("/board")
    }

    /// The clerk's console of a window.
    pub fn clerk(&self, window: &str) -> String {
        self.page(&format!("/clerk?w={window}"))
    }

    /// The hall manager's page.
    pub fn manager(&self) -> String {
        self.page("/manager")
    }

    /// Staff at the makers.
    pub fn maker(&self) -> String {
        self.page("/maker")
    }

    /// One line for programs.
    pub fn json(&self) -> Value {
        json!({
            "ready": true,
            "bench": format!("http://{}/", self.emulators),
            "kiosk_screen": format!("http://{}", self.screen),
            "board": self.board(),
            "clerk": self.clerk("W01"),
            "manager": self.manager(),
            "maker": self.maker(),
            "dispatcher": format!("http://{}", self.loopback),
            "dispatcher_tls": format!("https://{}", self.tls),
            "token_file": self.token_file,
            "emulators": format!("http://{}", self.emulators),
            "making": format!("http://{}", self.making),
            "dir": self.dir,
        })
    }

    /// A list for people.
    pub fn list(&self) -> String {
        let rows = [
            (
                "bench",
                format!("http://{}/", self.emulators),
                "the kiosk on a table: lay down cards, touch, pull paper",
            ),
            (
                "kiosk screen",
                format!("http://{}/screen.png", self.screen),
                "what the kiosk shows right now",
            ),
            ("board", self.board(), "the hall's big screen"),
            ("clerk W01", self.clerk("W01"), "open window 1 and call the next number"),
            ("clerk P01", self.clerk("P01"), "the same for the first police window"),
            (
                "manager",
                self.manager(),
                "the queues, why each number was called, what if a window opened",
            ),
            (
                "maker",
                self.maker(),
                "staff at the card maker: 1001 demo-staff-1001, 1002 demo-staff-1002",
            ),
            (
                "phone",
                format!("http://{}/q?t=…", self.loopback),
                "scan the QR of a ticket, or copy its link",
            ),
            (
                "applications",
                format!("http://{}/", self.making),
                "the made-up applications for a temporary card: scan a receipt_no",
            ),
            (
                "interface",
                format!("http://{}/openapi.json", self.loopback),
                "for programs",
            ),
        ];
        let mut list = String::from("\nThe hall is open. 大厅已开门。\n\n");
        for (name, link, purpose) in rows {
            list.push_str(&format!("  {name:<13} {link}\n  {:<13} {purpose}\n", ""));
        }
        list.push_str(&format!(
            "\n  Files and logs: {}\n  The demo hall is open around the clock; the shipped one keeps its hours.\n  \
             Ctrl-C closes it.\n",
            self.dir
        ));
        list
    }
}
