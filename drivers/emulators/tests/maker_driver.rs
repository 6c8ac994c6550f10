//! The driver against the machine in memory: both resolutions, a machine that demands codes, and one whose answers come
//! from an earlier life.

use std::time::Duration;

use drivers_device::{Transport, TransportError};
use drivers_emulators::maker::{Direct, Machine, Place, Shape};
use drivers_temp_id_maker::codec::{Command, Decoder, Frame, JobId, Kind, Phase, RecordTag, ResultCode, Step};
use drivers_temp_id_maker::{
    Answer, Ending, JobMachine, JobSpec, Maker, MakerError, Order, StaffDone, StaffOrder, Tim1,
};

const IDS: [JobId; 2] = [JobId([1; 16]), JobId([2; 16])];
const KEY: &[u8] = b"a key of sixteen";
/// Of the machine's time, a frame.
const FRAME_MS: u64 = 200;

fn ask<T: Transport>(maker: &mut Tim1<T>, spec: &JobSpec, order: Order) -> Result<Answer, MakerError> {
    let job = |index: u8| IDS[usize::from(index)];
    let spec = |index: u8| JobSpec {
        job: job(index),
        ..spec.clone()
    };
    match order {
        Order::Hello => maker.hello().map(|identity| Answer::Identity(Box::new(identity))),
        Order::Status => maker.status().map(|status| Answer::Status(Box::new(status))),
        Order::Query(index) => maker.job_query(job(index)),
        Order::Open(index) => maker.job_open(&spec(index)),
        Order::Upload(index) => maker.job_upload(&spec(index)),
        Order::Seal(index) => maker.job_seal(job(index)),
        Order::Step(index, step) => maker.job_step(job(index), step),
        Order::Close(index) => maker.job_close(job(index)),
        Order::Wait(_) | Order::End(_) => Ok(Answer::Done),
    }
}

/// Drives one record to its end.
fn drive(maker: &mut Tim1<Direct>, line: &Direct, spec: &JobSpec) -> Result<Ending, MakerError> {
    drive_with(maker, |ms| line.machine().pass(ms), spec)
}

/// The same on any line, with what happens while the host waits.
fn drive_with<T: Transport>(
    maker: &mut Tim1<T>,
    mut pause: impl FnMut(u64),
    spec: &JobSpec,
) -> Result<Ending, MakerError> {
    let mut machine = JobMachine::new(IDS, None, Phase::None, maker.guarantees());
    let (mut order, mut now) = (machine.begin(), 0);
    for _ in 0..20_000 {
        order = match order {
            Order::End(ending) => return Ok(ending),
            Order::Wait(ms) => {
                pause(ms.unsigned_abs());
                machine.waited()
            }
            order => {
                now += 10;
                let answer = match ask(maker, spec, order) {
                    Err(MakerError::Lost { .. }) => None,
                    other => Some(other?),
                };
                machine.next(answer, now)
            }
        };
    }
    panic!("the job never ends");
}

/// A picture whose rows differ from each other, raw.
fn picture(dpi: u16) -> JobSpec {
    let (width, height) = if dpi == 600 { (2022, 1276) } else { (1011, 638) };
    let row_bytes = usize::from(width).div_ceil(8);
    // Padding bits at the end of each row stay 0.
    let row = |y: usize| (0..row_bytes).map(move |x| if x + 1 == row_bytes { 0 } else { (x * 7 + y * 13) as u8 });
    JobSpec {
        job: IDS[0],
        tag: RecordTag([9; 16]),
        data: (0..usize::from(height)).flat_map(row).collect(),
        width,
        height,
        dpi,
        format: 0,
        mirrored: true,
    }
}

fn twin(dpi: u16, device_key: Option<&[u8]>) -> Direct {
    let shape = Shape {
        dpi,
        device_key: device_key.map(<[u8]>::to_vec),
        ..Shape::default()
    };
    Direct::new(Machine::of(shape), FRAME_MS)
}

#[test]
fn a_card_is_made_at_either_resolution_with_every_dot_that_was_sent() {
    for (dpi, raw_bytes, uploads) in [(300, 81_026, 80), (600, 322_828, 317)] {
        let line = twin(dpi, None);
        let mut maker = Tim1::new(line.clone(), None);
        let identity = maker.hello().expect("greeted");
        assert_eq!(identity.dpi, dpi);
        let spec = picture(dpi);
        assert_eq!(spec.data.len(), raw_bytes);
        let ending = drive(&mut maker, &line, &spec).expect("driven");
        assert_eq!(ending, Ending::Job(Phase::Taken), "{dpi} dpi");
        let machine = line.machine();
        let card = machine.world.cards.iter().find(|card| card.place == Place::Hand);
        let card = card.expect("a card in a hand");
        assert!(card.pressed);
        let face = machine.world.face(card).expect("printed");
        assert_eq!((face.width, face.height), (spec.width, spec.height));
        assert!(face.bits == spec.data, "every dot at {dpi} dpi");
        assert!(maker.frames_count() > uploads, "{} frames", maker.frames_count());
        println!("{dpi} dpi, raw: {} frames", maker.frames_count());
    }
}

#[test]
fn a_picture_of_the_other_resolution_is_refused_before_film_is_cut() {
    let line = twin(600, None);
    let mut maker = Tim1::new(line.clone(), None);
    let ending = drive(&mut maker, &line, &picture(300)).expect("driven");
    assert_eq!(ending, Ending::Refused(ResultCode::BadParam));
    assert!(line.machine().world.films.is_empty());
}

#[test]
fn a_machine_that_demands_codes_makes_a_card_for_who_has_the_key_alone() {
    for (key, ends) in [
        (None, Ending::Refused(ResultCode::Auth)),
        (Some(&b"another key, 16."[..]), Ending::Refused(ResultCode::Auth)),
        (Some(KEY), Ending::Job(Phase::Taken)),
    ] {
        let line = twin(300, Some(KEY));
        let mut maker = Tim1::new(line.clone(), key.map(<[u8]>::to_vec));
        let ending = drive(&mut maker, &line, &picture(300)).expect("driven");
        assert_eq!(ending, ends);
        let hands = line.machine().world.count(Place::Hand);
        assert_eq!(hands, u32::from(ends == Ending::Job(Phase::Taken)));
    }
}

#[test]
fn maintenance_and_a_verdict_carry_codes_where_the_machine_demands_them() {
    let line = twin(300, Some(KEY));
    let mut maker = Tim1::new(line.clone(), Some(KEY.to_vec()));
    assert!(line.machine().fault(0x0306, Some(Step::Laminate)));
    let ending = drive(&mut maker, &line, &picture(300)).expect("driven");
    assert_eq!(ending, Ending::Job(Phase::Doubt));
    let mut stranger = Tim1::new(line.clone(), None);
    stranger.hello().expect("greeted");
    let refused = Ok(StaffDone::Refused(ResultCode::Auth));
    assert_eq!(stranger.staff(StaffOrder::Enter(1, 2)).map_err(|_| ()), refused);
    let done = |done: Result<StaffDone, MakerError>| assert_eq!(done.expect("answered"), StaffDone::Done);
    done(maker.staff(StaffOrder::Enter(1, 2)));
    done(maker.staff(StaffOrder::DoubtResolve(IDS[0], false)));
    done(maker.staff(StaffOrder::Exit));
    assert!(
        line.machine().state().fence.is_empty(),
        "found: the record is open again"
    );
}

#[test]
fn a_machine_whose_boot_number_went_back_gets_no_order() {
    let line = twin(300, None);
    for _ in 0..4 {
        line.machine().power(false);
        line.machine().power(true);
    }
    let mut maker = Tim1::new(line.clone(), None);
    maker.hello().expect("greeted");
    assert_eq!(maker.boot(), 5);
    // Its board was changed: the same serial number, another memory.
    *line.machine() = Machine::new();
    assert_eq!(maker.status().expect("anybody may ask").boot, 1);
    let order = maker.job_step(IDS[0], Step::Cut).expect("answered");
    assert_eq!(order, Answer::Refused(ResultCode::BootChanged));
    let error = drive(&mut maker, &line, &picture(300)).expect_err("no TIM/1 machine does this");
    assert!(error.to_string().contains("went back from 5 to 1"), "{error}");
    let machine = line.machine();
    assert!(machine.world.films.is_empty() && machine.state().job.is_none());
}

/// A line on which every order is answered OK by another life of the machine.
#[derive(Default)]
struct Stale {
    decoder: Decoder,
    reply: Vec<u8>,
    identity: Vec<u8>,
}

impl Transport for Stale {
    fn port(&self) -> &str {
        "stale"
    }

    fn write(&mut self, bytes: &[u8], _deadline: Duration) -> Result<usize, TransportError> {
        let Some(asked) = bytes.iter().find_map(|byte| self.decoder.push(*byte)) else {
            return Ok(bytes.len());
        };
        let greeted = asked.cmd == Command::Hello.code();
        self.reply = Frame {
            kind: Kind::Reply,
            rc: 0,
            boot: if greeted { 8 } else { 7 },
            payload: if greeted { self.identity.clone() } else { Vec::new() },
            ..asked
        }
        .encode();
        Ok(bytes.len())
    }

    fn read(&mut self, buffer: &mut [u8], _deadline: Duration) -> Result<usize, TransportError> {
        let count = self.reply.len().min(buffer.len());
        for (to, from) in buffer.iter_mut().zip(self.reply.drain(..count)) {
            *to = from;
        }
        Ok(count)
    }

    fn set_baud(&mut self, _baud: u32) -> Result<(), TransportError> {
        Ok(())
    }

    fn reopen(&mut self) -> Result<(), TransportError> {
        Ok(())
    }
}

#[test]
fn an_order_answered_from_an_older_life_counts_as_no_answer_of_the_protocol() {
    let line = Stale {
        identity: Shape::default().identity().encode(),
        ..Stale::default()
    };
    let mut maker = Tim1::new(line, None);
    maker.hello().expect("greeted");
    assert_eq!(maker.boot(), 8);
    let error = maker.job_step(IDS[0], Step::Present).expect_err("life 7 is over");
    assert!(matches!(error, MakerError::Protocol { .. }), "{error}");
}

/// A recorded session: what the host sent, and what came back before it sent again; nothing, when nothing came.
type Session = Vec<(Vec<u8>, Vec<u8>)>;

/// Frames as text: `>` from the host, `<` from the machine.
fn written(session: &Session) -> String {
    let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!(" {byte:02X}")).collect::<String>();
    let lines = session.iter().map(|(asked, answer)| match answer.is_empty() {
        true => format!(">{}\n", hex(asked)),
        false => format!(">{}\n<{}\n", hex(asked), hex(answer)),
    });
    lines.collect()
}

/// True where the host asked and nothing came.
fn silent(text: &str) -> bool {
    read_session(text).iter().any(|(_, answer)| answer.is_empty())
}

fn read_session(text: &str) -> Session {
    let mut session = Session::new();
    for line in text.lines() {
        let bytes = line[1..].split_whitespace();
        let bytes = bytes.map(|byte| u8::from_str_radix(byte, 16).expect("hex")).collect();
        match (&line[..1], session.last_mut()) {
            ("<", Some(last)) => last.1 = bytes,
            _ => session.push((bytes, Vec::new())),
        }
    }
    session
}

/// A line that writes down what passes.
struct Recording {
    line: Direct,
    session: std::sync::Arc<std::sync::Mutex<Session>>,
}

impl Transport for Recording {
    fn port(&self) -> &str {
        "recording"
    }

    fn write(&mut self, bytes: &[u8], deadline: Duration) -> Result<usize, TransportError> {
        let mut session = self.session.lock().expect("one thread");
        session.push((bytes.to_vec(), Vec::new()));
        self.line.write(bytes, deadline)
    }

    fn read(&mut self, buffer: &mut [u8], deadline: Duration) -> Result<usize, TransportError> {
        let count = self.line.read(buffer, deadline)?;
        let mut session = self.session.lock().expect("one thread");
        session.last_mut().expect("asked").1.extend(&buffer[..count]);
        Ok(count)
    }

    fn set_baud(&mut self, _baud: u32) -> Result<(), TransportError> {
        Ok(())
    }

    fn reopen(&mut self) -> Result<(), TransportError> {
        Ok(())
    }
}

/// A line on which a recorded machine answers as long as it is asked what it was asked then.
struct Replay {
    session: std::vec::IntoIter<(Vec<u8>, Vec<u8>)>,
    reply: std::collections::VecDeque<u8>,
    left: std::sync::Arc<std::sync::Mutex<Option<usize>>>,
}

impl Transport for Replay {
    fn port(&self) -> &str {
        "replay"
    }

    fn write(&mut self, bytes: &[u8], _deadline: Duration) -> Result<usize, TransportError> {
        let next = self.session.next().filter(|(asked, _)| asked == bytes);
        let mut left = self.left.lock().expect("one thread");
        let Some((_, reply)) = next.filter(|_| left.is_some()) else {
            *left = None;
            return Ok(bytes.len());
        };
        *left = Some(self.session.len());
        self.reply = reply.into();
        Ok(bytes.len())
    }

    fn read(&mut self, buffer: &mut [u8], _deadline: Duration) -> Result<usize, TransportError> {
        let count = self.reply.len().min(buffer.len());
        for (to, from) in buffer.iter_mut().zip(self.reply.drain(..count)) {
            *to = from;
        }
        Ok(count)
    }

    fn set_baud(&mut self, _baud: u32) -> Result<(), TransportError> {
        Ok(())
    }

    fn reopen(&mut self) -> Result<(), TransportError> {
        Ok(())
    }
}

/// A white card: small enough to be read as a session.
fn white() -> JobSpec {
    JobSpec {
        data: [130, 0].repeat(638),
        format: 1,
        ..picture(300)
    }
}

/// How a recorded session ends when it is played again; none where the host says another word than it said then.
fn replayed(session: &Session) -> Option<Ending> {
    let left = std::sync::Arc::new(std::sync::Mutex::new(Some(session.len())));
    let replay = Replay {
        session: session.clone().into_iter(),
        reply: std::collections::VecDeque::new(),
        left: left.clone(),
    };
    let ending = drive_with(&mut Tim1::new(replay, None), |_| {}, &white()).ok();
    let left = *left.lock().expect("one thread");
    ending.filter(|_| left == Some(0))
}

const GOOD: &str = include_str!("../../../tests/vectors/maker/session-good.txt");
const CUT: &str = include_str!("../../../tests/vectors/maker/session-power-cut.txt");

#[test]
fn host_and_machine_say_today_what_was_recorded() {
    for (name, golden, cut) in [("good", GOOD, false), ("power-cut", CUT, true)] {
        let line = Direct::new(Machine::new(), 4_000);
        let session = std::sync::Arc::default();
        let recording = Recording {
            line: line.clone(),
            session: std::sync::Arc::clone(&session),
        };
        let mut to_come = cut;
        let pause = |ms| {
            let mut machine = line.machine();
            let pressing = |machine: &Machine| machine.state().job.as_ref().and_then(|job| job.step);
            if machine.firmware.is_none() {
                machine.power(true);
            } else if to_come && pressing(&machine) == Some(Step::Laminate) {
                // While the card is in the press; the host asks a dark machine before it is on again.
                machine.power(false);
                to_come = false;
            }
            machine.pass(ms);
        };
        let ending = drive_with(&mut Tim1::new(recording, None), pause, &white()).expect("driven");
        assert_eq!(ending, Ending::Job(Phase::Taken), "{name}");
        assert_eq!(line.machine().state().boot, 1 + u16::from(cut), "{name}");
        let rejected = line.machine().world.count(Place::RejectBin);
        assert_eq!(rejected, u32::from(cut), "{name}: spoiled in the press");
        let said = written(&session.lock().expect("one thread"));
        assert_eq!(silent(&said), cut, "{name}: asked in vain");
        if said != golden {
            let file = std::env::temp_dir().join(format!("session-{name}.txt"));
            std::fs::write(&file, said).expect("written");
            panic!("another session than tests/vectors/maker has: {}", file.display());
        }
    }
}

#[test]
fn a_recorded_session_replays_in_lockstep_and_any_changed_byte_ends_it() {
    for golden in [GOOD, CUT] {
        let session = read_session(golden);
        assert_eq!(replayed(&session), Some(Ending::Job(Phase::Taken)));
        for (at, (_, reply)) in session.iter().enumerate() {
            for byte in 0..reply.len() {
                let mut changed = session.clone();
                changed[at].1[byte] ^= 0x10;
                assert_eq!(replayed(&changed), None, "answer {at}, byte {byte}");
            }
        }
    }
}
