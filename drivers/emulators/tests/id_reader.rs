//! The reader's driver against its twin: real bytes on a real pseudo-terminal, at the rate of the wire.

use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use drivers_emulators::id_reader::{FaultForm, IdReader as Twin, Module, drawer, lay};
use drivers_emulators::{Bench, Options};
use drivers_id_reader::codec::{CardKind, ValidTo};
use drivers_id_reader::{Card, Config, DownReason, Event, IdReader, ReadFailure};
use serde_json::{Value, json};

/// The invented sample of the reference (section 11, R1).
fn r1() -> Value {
    json!({
        "type": "resident_id", "name": "测试甲", "sex": "女", "ethnic": "汉", "birth": "19491231",
        "address": "北京市朝阳区示例路1号", "number": "11010519491231002X",
        "authority": "北京市公安局朝阳分局", "valid_from": "20150101", "valid_to": "长期",
    })
}

/// A reader on a bench of its own, with a driver on its cable.
struct Setup {
    bench: Bench,
    module: Arc<Mutex<Module>>,
    reader: IdReader,
    dir: PathBuf,
}

impl Drop for Setup {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.dir);
    }
}

impl Setup {
    fn new() -> Self {
        Self::with(|_| {})
    }

    /// `prepare` turns knobs before the cable is plugged in.
    fn with(prepare: impl FnOnce(&mut Module)) -> Self {
        Self::with_config(Config::default(), prepare)
    }

    fn with_config(config: Config, prepare: impl FnOnce(&mut Module)) -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let name = format!(
            "id-reader-test-{}-{}",
            std::process::id(),
            COUNT.fetch_add(1, Ordering::SeqCst)
        );
        let dir = std::env::temp_dir().join(name);
        let twin = Twin::new();
        let module = twin.handle();
        prepare(&mut module.lock().expect("nobody else has it yet"));
        let bench = Bench::start(dir.clone(), vec![Box::new(twin)], Options::default()).expect("a bench");
        let port = dir.join("id-reader").display().to_string();
        let transport = drivers_transport::closed(&port, 115_200).expect("a path");
        let reader = IdReader::new(transport, config);
        Self {
            bench,
            module,
            reader,
            dir,
        }
    }

    fn module<T>(&self, act: impl FnOnce(&mut Module) -> T) -> T {
        act(&mut self.module.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn lay(&self, card: &Value) {
        let (card, behaviour) = lay(card).expect("a card");
        self.module(|module| {
            if let Some(behaviour) = behaviour {
                module.set_behaviour(behaviour);
            }
            module.lay_down(card);
        });
    }

    fn lift(&self) {
        self.module(Module::lift);
    }

    fn fault(&self, fault: Value) {
        let fault = FaultForm::parse(fault).expect("a fault");
        self.module(|module| module.set_fault(fault));
    }

    /// The next event within ten seconds.
    fn event(&mut self) -> Event {
        let until = Instant::now() + Duration::from_secs(10);
        while Instant::now() < until {
            if let Some(event) = self.reader.next_event(Duration::from_millis(50)) {
                return event;
            }
        }
        panic!(
            "no event within ten seconds; the reader: {}",
            self.module(|module| module.state())
        );
    }

    /// True when nothing happens for that long.
    fn is_quiet_for(&mut self, time: Duration) -> bool {
        self.reader.next_event(time).is_none()
    }

    fn up(&mut self) {
        let event = self.event();
        assert!(
            matches!(event, Event::DeviceUp(_)),
            "expected the reader up, got {event:?}"
        );
    }

    fn record(&mut self) -> Box<Card> {
        match self.event() {
            Event::Record(card) => card,
            other => panic!("expected a record, got {other:?}"),
        }
    }

    /// The three events of a card that reads well.
    fn reads(&mut self) -> Box<Card> {
        assert_eq!(self.event(), Event::CardFound);
        assert_eq!(self.event(), Event::Reading);
        self.record()
    }
}

mod id_reader {
    mod cards;
    mod faults;
    mod plug;
    mod tape;
}
