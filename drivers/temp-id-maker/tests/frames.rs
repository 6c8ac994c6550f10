//! The bytes of TIM/1: golden frames, and noise that never becomes a frame nobody sent.

use drivers_temp_id_maker::codec::{Command, Decoder, Frame, JobId, Kind, Request, ResultCode, Step};
use proptest::prelude::*;

fn golden(name: &str) -> Vec<u8> {
    let text = include_str!("../../../tests/vectors/maker/frames.txt");
    let line = text.lines().find_map(|line| line.strip_prefix(&format!("{name}: ")));
    let hex = line.unwrap_or_else(|| panic!("no frame is called {name}"));
    hex.split(' ')
        .map(|byte| u8::from_str_radix(byte, 16).expect("hex"))
        .collect()
}

fn job() -> JobId {
    JobId(core::array::from_fn(|at| 0x10 + u8::try_from(at).expect("small")))
}

fn request(seq: u8, boot: u16, request: &Request) -> Frame {
    Frame {
        kind: Kind::Request,
        seq,
        cmd: request.command().code(),
        rc: 0,
        boot,
        payload: request.payload(),
    }
}

fn reply(seq: u8, boot: u16, cmd: Command, rc: ResultCode) -> Frame {
    Frame {
        kind: Kind::Reply,
        seq,
        cmd: cmd.code(),
        rc: rc.code(),
        boot,
        payload: Vec::new(),
    }
}

#[test]
fn golden_frames_are_written_and_read() {
    let frames = [
        ("hello", request(1, 0, &Request::Plain(Command::Hello))),
        ("status", request(2, 7, &Request::Plain(Command::Status))),
        ("query", request(3, 0, &Request::JobQuery(job()))),
        ("feed", request(0x2A, 7, &Request::JobStep(job(), Step::Feed))),
        ("feed-running", reply(0x2A, 7, Command::JobStep, ResultCode::OkRunning)),
        (
            "feed-boot-changed",
            reply(0x2B, 8, Command::JobStep, ResultCode::BootChanged),
        ),
    ];
    for (name, frame) in frames {
        let wire = golden(name);
        assert_eq!(frame.encode(), wire, "{name}");
        let mut decoder = Decoder::default();
        let read: Vec<Frame> = wire.iter().filter_map(|byte| decoder.push(*byte)).collect();
        assert_eq!(read, [frame], "{name}");
    }
}

#[test]
fn a_step_of_the_machines_own_is_no_request() {
    for step in [6, 7, 8, 0, 9] {
        let payload = [&job().0[..], &[step, 0]].concat();
        assert_eq!(Request::decode(Command::JobStep, &payload), None, "{step}");
    }
}

proptest! {
    #[test]
    fn noise_and_damage_never_become_a_frame_that_was_not_sent(
        payloads in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..40), 1..6),
        damage in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>(), 0..3u8), 0..4),
    ) {
        let frames: Vec<Frame> = payloads
            .into_iter()
            .zip(1..)
            .map(|(payload, seq)| Frame { kind: Kind::Request, seq, cmd: 3, rc: 0, boot: 7, payload })
            .collect();
        let mut wire: Vec<u8> = frames.iter().flat_map(Frame::encode).collect();
        for (at, byte, how) in &damage {
            let at = at.index(wire.len());
            match how {
                0 => wire[at] = *byte,
                1 => wire.insert(at, *byte),
                _ => { wire.remove(at); }
            }
        }
        let mut decoder = Decoder::default();
        wire.push(0);
        let last = Frame { kind: Kind::Request, seq: 99, cmd: 1, rc: 0, boot: 0, payload: Vec::new() };
        wire.extend(last.encode());
        let read: Vec<Frame> = wire.iter().filter_map(|byte| decoder.push(*byte)).collect();
        prop_assert!(read.iter().all(|frame| frames.contains(frame) || *frame == last));
        prop_assert_eq!(read.last(), Some(&last), "in place again at the next zero");
        if damage.is_empty() {
            prop_assert_eq!(&read[..frames.len()], &frames[..]);
        }
    }

    #[test]
    fn every_request_read_back_is_the_same_bytes(
        cmd in any::<u8>(),
        payload in proptest::collection::vec(any::<u8>(), 0..120),
    ) {
        if let Some(command) = Command::from_code(cmd)
            && let Some(request) = Request::decode(command, &payload)
            && !matches!(request, Request::MaintEnter(..) | Request::DoubtResolve(..) | Request::JobStep(..))
        {
            prop_assert_eq!(request.payload(), payload);
            prop_assert_eq!(request.command(), command);
        }
    }
}
