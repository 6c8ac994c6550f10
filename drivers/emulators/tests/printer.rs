//! The printer's driver against its twin: real bytes on a real pseudo-terminal, at the rate of the wire, with the plug
//! pulled by the control interface as a person would.

use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use drivers_emulators::printer::{Cutter, Fault, PaperFault, PrinterTwin};
use drivers_emulators::{Bench, Options};
use drivers_thermal_printer::profile::{CUSTOM, EPSON, SNBC};
use drivers_thermal_printer::{
    JobOutcome, PrinterEvent, PrinterStatus, PriorLife, Profile, ThermalPrinter, TicketSlip,
};
use ui_ticket_raster::Fonts;

/// A printer on a bench of its own, with a driver on its cable.
struct Setup {
    bench: Option<Bench>,
    twin: PrinterTwin,
    printer: ThermalPrinter,
    fonts: Fonts,
    dir: PathBuf,
    jobs: u32,
}

impl Drop for Setup {
    fn drop(&mut self) {
        drop(self.bench.take());
        let _ = std::fs::remove_dir_all(&self.dir);
    }
}

impl Setup {
    fn new(profile: &'static Profile) -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let count = COUNT.fetch_add(1, Ordering::SeqCst);
        let dir = std::env::temp_dir().join(format!("printer-test-{}-{count}", std::process::id()));
        let twin = PrinterTwin::new(profile);
        let bench = Bench::start(dir.clone(), vec![Box::new(twin.clone())], Options::default()).expect("a bench");
        let port = dir.join("printer").display().to_string();
        let line = drivers_transport::closed(&port, profile.baud).expect("a path");
        let printer = ThermalPrinter::new(line, profile, PriorLife::Clean);
        let mut setup = Self {
            bench: Some(bench),
            twin,
            printer,
            fonts: Fonts::bundled(),
            dir,
            jobs: 0,
        };
        setup.until(PrinterStatus::Ready);
        setup
    }

    fn until(&mut self, status: PrinterStatus) {
        let deadline = Instant::now() + Duration::from_secs(60);
        while self.printer.status() != status {
            self.printer.pump(Duration::from_millis(50));
            assert!(Instant::now() < deadline, "{:?}, not {status:?}", self.printer.status());
        }
    }

    fn job(&mut self, slip: &TicketSlip) -> drivers_thermal_printer::Job {
        self.jobs += 1;
        slip.render(self.printer.profile(), &self.fonts).job(self.jobs)
    }

    fn print(&mut self, slip: &TicketSlip) -> JobOutcome {
        let job = self.job(slip);
        self.printer.print(job)
    }

    /// The pieces that came out: whole or not, with 补打 or without.
    fn tray(&self) -> Vec<(bool, bool)> {
        let marked = |text: &[String]| text.iter().any(|line| line.contains("补打"));
        self.twin
            .pieces()
            .iter()
            .map(|piece| (piece.complete, marked(&piece.text)))
            .collect()
    }

    /// `POST /printer/plug` or `/printer/unplug`, on a server of its own.
    fn press(&self, what: &str) {
        let router = self.bench.as_ref().expect("running").router();
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build();
        runtime.expect("a runtime").block_on(async {
            let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
            let address = listener.local_addr().expect("an address");
            tokio::spawn(async move { axum::serve(listener, router).await });
            let request = format!(
                "POST /printer/{what} HTTP/1.1\r\nhost: {address}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
            );
            let mut stream = tokio::net::TcpStream::connect(address).await.expect("a server");
            tokio::io::AsyncWriteExt::write_all(&mut stream, request.as_bytes())
                .await
                .expect("written");
            let mut answer = String::new();
            tokio::io::AsyncReadExt::read_to_string(&mut stream, &mut answer)
                .await
                .expect("an answer");
            assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
        });
    }
}

#[test]
fn a_ticket_comes_out_whole_over_the_wire() {
    for profile in [&EPSON, &SNBC] {
        let mut setup = Setup::new(profile);
        assert_eq!(
            setup.print(&TicketSlip::sample()),
            JobOutcome::Printed,
            "{}",
            profile.name
        );
        assert_eq!(setup.tray(), [(true, false)], "{}", profile.name);
        assert_eq!(setup.twin.pieces()[0].text[2], "A012");
    }
}

#[test]
fn paper_out_mid_ticket_and_a_new_roll_give_exactly_one_whole_reprint() {
    let mut setup = Setup::new(&EPSON);
    setup.twin.fault(Fault {
        paper_dots: Some(300),
        ..Fault::default()
    });
    setup.until(PrinterStatus::PaperLow);
    let slip = TicketSlip::sample();
    assert_eq!(setup.print(&slip), JobOutcome::Unknown { cleared: true });
    setup.until(PrinterStatus::PaperOut);
    setup.twin.fault(Fault {
        paper: Some(PaperFault::Ok),
        ..Fault::default()
    });
    setup.until(PrinterStatus::Ready);
    assert_eq!(setup.print(&slip.reprinted()), JobOutcome::Printed);
    setup.printer.pump(Duration::from_secs(2));
    assert_eq!(setup.tray(), [(false, false), (true, true)]);
}

#[test]
fn a_stuck_cutter_refuses_the_next_ticket_before_a_byte_of_it_is_sent() {
    let mut setup = Setup::new(&EPSON);
    setup.twin.fault(Fault {
        cutter: Some(Cutter::Jam),
        ..Fault::default()
    });
    let refused = JobOutcome::NotStarted {
        status: PrinterStatus::CutterError,
    };
    assert_eq!(setup.print(&TicketSlip::sample()), refused);
    setup.twin.fault(Fault {
        cutter: Some(Cutter::Ok),
        ..Fault::default()
    });
    setup.until(PrinterStatus::Ready);
    assert_eq!(setup.print(&TicketSlip::sample()), JobOutcome::Printed);
    assert_eq!(setup.tray(), [(true, false)]);
}

#[test]
fn a_printer_that_says_nothing_is_offline_within_four_seconds() {
    let mut setup = Setup::new(&EPSON);
    setup.twin.fault(Fault {
        mute: Some(true),
        ..Fault::default()
    });
    let began = Instant::now();
    let refused = JobOutcome::NotStarted {
        status: PrinterStatus::Offline,
    };
    assert_eq!(setup.print(&TicketSlip::sample()), refused);
    assert!(began.elapsed() < Duration::from_secs(4), "{:?}", began.elapsed());
    assert_eq!(setup.tray(), []);
}

#[test]
fn a_plug_pulled_mid_job_and_put_back_prints_nothing_twice() {
    let mut setup = Setup::new(&EPSON);
    let slip = TicketSlip::sample();
    let job = setup.job(&slip);
    let id = job.id;
    setup.printer.start(job).expect("ready");
    let deadline = Instant::now() + Duration::from_secs(20);
    while setup.twin.view().head_at_dot < 100 {
        setup.printer.pump(Duration::from_millis(5));
        assert!(Instant::now() < deadline, "never began to print");
    }
    setup.press("unplug");
    let mut heard = Vec::new();
    let unknown = |events: &[PrinterEvent]| {
        events.iter().any(
            |event| matches!(event, PrinterEvent::Outcome { job, outcome: JobOutcome::Unknown { .. } } if *job == id),
        )
    };
    while !unknown(&heard) {
        heard.extend(setup.printer.pump(Duration::from_millis(100)));
        assert!(Instant::now() < deadline, "{heard:?}");
    }
    assert_eq!(setup.printer.status(), PrinterStatus::Offline);
    setup.press("plug");
    setup.until(PrinterStatus::Ready);
    assert_eq!(setup.print(&slip.reprinted()), JobOutcome::Printed);
    setup.printer.pump(Duration::from_secs(2));
    let tray = setup.tray();
    assert!(
        tray.iter().filter(|piece| **piece == (true, false)).count() <= 1,
        "{tray:?}"
    );
    assert_eq!(
        tray.iter().filter(|piece| **piece == (true, true)).count(),
        1,
        "{tray:?}"
    );
}

#[test]
fn a_job_longer_than_the_buffer_waits_for_the_paper_and_comes_out_whole() {
    let small: &'static Profile = Box::leak(Box::new(Profile {
        receive_buffer: 128,
        exit: drivers_thermal_printer::profile::Exit::Free,
        ..CUSTOM
    }));
    let mut setup = Setup::new(small);
    assert_eq!(setup.print(&TicketSlip::sample()), JobOutcome::Printed);
    assert_eq!(setup.tray(), [(true, false)]);
}
