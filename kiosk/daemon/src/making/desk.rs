//! The desk: finds the record, has it checked and drawn, the face compared, the fee authorised; then hands it on.

use std::path::PathBuf;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender};
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use kiosk_flow::{MakingInput, MakingOrder, Seek};
use kiosk_making::{Face, FaceAsked, Find, MakingRecord, OrderAsked, Outcome, PayState};
use kiosk_outbox::making::MakingStore;
use ticket_dispatcher_types::{IdemKey, Personal};
use ui_model::Refusal;
use ui_ticket_raster::{CardLayout, Fonts};

use super::{House, Order, Service, Work, ended_before, kept, twice, warn};

/// A fee that is being paid is asked about this often.
const PAY_EVERY: Duration = Duration::from_millis(500);
/// The resolution at which a record is tried before anybody pays for it. What fits at 300 dpi fits at 600.
const TRIAL_DPI: u16 = 300;
/// A kiosk whose clock is farther than this from the service's makes nothing: the card's first day is taken from it.
const CLOCK_OFF_MAX_S: u64 = 300;

pub struct Desk {
    house: House,
    service: Box<Service>,
    /// Read only here: the machine's thread writes it.
    store: MakingStore,
    camera: Option<PathBuf>,
    to_machine: Sender<Work>,
    fonts: Fonts,
    record: Option<MakingRecord>,
    /// The service's word that the face is this record's; single use.
    face_token: Option<String>,
    charge: Option<Charge>,
}

/// A fee that is being paid, or was.
struct Charge {
    ask: IdemKey,
    order: OrderAsked,
    paid: bool,
    next: Instant,
}

impl Desk {
    pub fn new(
        house: House,
        service: impl kiosk_making::MakingService + 'static,
        store: MakingStore,
        camera: Option<PathBuf>,
        to_machine: Sender<Work>,
    ) -> Self {
        Self {
            house,
            service: Box::new(service),
            store,
            camera,
            to_machine,
            fonts: Fonts::system(),
            record: None,
            face_token: None,
            charge: None,
        }
    }

    pub fn run(mut self, orders: &Receiver<MakingOrder>) {
        loop {
            match orders.recv_timeout(PAY_EVERY) {
                Ok(order) => self.order(order),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return,
            }
            self.watch_charge();
        }
    }

    fn order(&mut self, order: MakingOrder) {
        match order {
            MakingOrder::Find { ask, seek } => self.find(ask, seek),
            MakingOrder::CompareFace { ask } => self.compare(ask),
            MakingOrder::Charge { ask, fee_fen } => self.charge(ask, fee_fen),
            MakingOrder::Make { ask } => self.make(ask),
            MakingOrder::Forget => self.forget(),
        }
    }

    fn refuse(&self, ask: IdemKey, refusal: Refusal) {
        tracing::info!(code = refusal.code(), "no card is made");
        self.house.tell(MakingInput::Refused { ask, refusal });
    }

    fn find(&mut self, ask: IdemKey, seek: Seek) {
        self.forget();
        let find = match seek {
            Seek::Receipt(no) => Find::ReceiptNo(no),
            Seek::Citizen(no) => Find::CitizenNo(no),
        };
        let found = twice(|| self.service.find(&find));
        let mut records = match found {
            Ok(found) => found.records,
            Err(error) => {
                warn("find", &error);
                return self.refuse(ask, Refusal::BackEndAway);
            }
        };
        if let Some(ahead) = self.service.clock_ahead_s()
            && ahead.unsigned_abs() > CLOCK_OFF_MAX_S
        {
            tracing::error!(ahead, "this kiosk's clock is wrong: no card is dated by it; set it");
            return self.refuse(ask, Refusal::MakerNotReady);
        }
        let record = match (records.pop(), records.is_empty()) {
            (None, _) => return self.refuse(ask, Refusal::NoRecord),
            (Some(_), false) => return self.refuse(ask, Refusal::ManyRecords),
            (Some(record), true) => record,
        };
        // Before face and fee: who got no card last time must not pay for another that is not made.
        match self.store.row(&kept::tag(&self.house.vault, &record.record_no)) {
            Ok(row) => {
                if let Some(refusal) = row.as_ref().and_then(ended_before) {
                    return self.refuse(ask, refusal);
                }
            }
            Err(error) => {
                tracing::error!(%error, "the making store cannot be read");
                return self.refuse(ask, Refusal::MakerNotReady);
            }
        }
        let now = self.house.now();
        let (checked, today) = (record.check(&now), now.date());
        // Drawn for a trial: nobody pays for a card whose name cannot be printed.
        let drawn = checked.and_then(|()| {
            let trial = record.draw(today, &CardLayout::shipped(), TRIAL_DPI, &self.fonts);
            trial.map(|_| ())
        });
        match drawn {
            Ok(()) => {
                let name = record.name.clone();
                self.record = Some(record);
                self.house.tell(MakingInput::Found { ask, name });
            }
            Err(refusal) => self.refuse(ask, refusal),
        }
    }

    fn compare(&mut self, ask: IdemKey) {
        let Some(record) = &self.record else {
            return self.refuse(ask, Refusal::BackEndAway);
        };
        let frame = self.camera.as_ref().and_then(|path| std::fs::read(path).ok());
        let Some(frame) = frame else {
            tracing::warn!("no camera gives a picture");
            return self.house.tell(MakingInput::Face { ask, matched: false });
        };
        let asked = FaceAsked {
            record_no: record.record_no.clone(),
            live_jpeg: Personal::new(STANDARD.encode(frame)),
            liveness: "file".to_string(),
        };
        match twice(|| self.service.verify_face(&asked)) {
            Ok(face) => {
                let matched = matches!(face, Face::Matched { .. });
                self.face_token = match face {
                    Face::Matched { token } => Some(token),
                    Face::NotMatched => None,
                };
                self.house.tell(MakingInput::Face { ask, matched });
            }
            Err(error) => {
                warn("verify_face", &error);
                self.refuse(ask, Refusal::BackEndAway);
            }
        }
    }

    fn charge(&mut self, ask: IdemKey, fee_fen: u32) {
        let Some(record) = &self.record else {
            return self.refuse(ask, Refusal::BackEndAway);
        };
        let order = OrderAsked {
            order_no: self.house.jobs(&record.record_no).ids[0].to_string(),
            fee_fen,
        };
        match twice(|| self.service.order(&order)) {
            Ok(payment) => {
                self.house.tell(MakingInput::PayHere { ask, qr: payment.qr });
                self.charge = Some(Charge {
                    ask,
                    order,
                    paid: false,
                    next: Instant::now(),
                });
            }
            Err(error) => {
                warn("order", &error);
                self.refuse(ask, Refusal::BackEndAway);
            }
        }
    }

    fn watch_charge(&mut self) {
        let Some(charge) = self.charge.as_ref().filter(|charge| !charge.paid) else {
            return;
        };
        if Instant::now() < charge.next {
            return;
        }
        let (ask, order) = (charge.ask, charge.order.clone());
        let state = match self.service.order(&order) {
            Ok(payment) => Some(payment.state),
            Err(error) => {
                warn("order", &error);
                None
            }
        };
        let Some(charge) = &mut self.charge else { return };
        charge.next = Instant::now() + PAY_EVERY;
        match state {
            Some(PayState::Authorised | PayState::Settled) => {
                charge.paid = true;
                self.house.tell(MakingInput::Paid { ask });
            }
            // Held for a doubt: this job's fee waits for two people's decision.
            Some(PayState::Held) => {
                self.charge = None;
                self.refuse(ask, Refusal::NotPaid);
            }
            Some(PayState::Open | PayState::Refunded) | None => {}
        }
    }

    fn make(&mut self, ask: IdemKey) {
        let Some(record) = self.record.take() else {
            return self.refuse(ask, Refusal::BackEndAway);
        };
        let fee_fen = self.charge.take().map_or(0, |charge| charge.order.fee_fen);
        let order = Order {
            ask,
            record,
            fee_fen,
            face_token: self.face_token.take(),
        };
        let _ = self.to_machine.send(Work::Make(Box::new(order))); // the maker's thread has stopped
    }

    /// Drops the record and gives back what was authorised for it.
    fn forget(&mut self) {
        self.record = None;
        self.face_token = None;
        if let Some(charge) = self.charge.take()
            && let Err(error) = twice(|| self.service.settle(&charge.order.order_no, Outcome::Aborted))
        {
            warn("settle", &error);
        }
    }
}
