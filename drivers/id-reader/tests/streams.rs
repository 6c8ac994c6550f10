//! Properties of the parser and the machine under any bytes in any pieces.

use drivers_id_reader::codec::{
    CardKind, Command, Found, PREAMBLE, Parser, Status, TextBlock, encode, encode_blocks, encode_reply,
};
use drivers_id_reader::machine::{Config, Effect, Event, Machine};
use proptest::prelude::*;
use ticket_dispatcher_types::Millis;

/// Cuts a stream into pieces of the given lengths, again and again.
fn pieces<'a>(stream: &'a [u8], lengths: &'a [usize]) -> impl Iterator<Item = &'a [u8]> {
    let mut rest = stream;
    let mut lengths = lengths.iter().cycle();
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let (piece, after) = rest.split_at((*lengths.next().unwrap_or(&1)).clamp(1, rest.len()));
        rest = after;
        Some(piece)
    })
}

fn frames(stream: &[u8], lengths: &[usize]) -> Vec<Vec<u8>> {
    let mut parser = Parser::replies();
    let mut found = Vec::new();
    for piece in pieces(stream, lengths) {
        parser.push(piece);
        while let Some(next) = parser.next() {
            if let Found::Frame(frame) = next {
                found.push(frame.body().to_vec());
            }
        }
    }
    found
}

/// The five rules of the reference (section 2) over a whole stream, written down once more and as plainly as possible.
fn by_the_rules(stream: &[u8]) -> Vec<Vec<u8>> {
    let mut found = Vec::new();
    let mut at = 0;
    while at + 7 <= stream.len() {
        let len = usize::from(stream[at + 5]) * 256 + usize::from(stream[at + 6]);
        if stream[at..at + 5] != PREAMBLE || !(4..=2314).contains(&len) {
            at += 1;
            continue;
        }
        let Some(frame) = stream.get(at..at + 7 + len) else {
            // The rest of it may still come.
            return found;
        };
        if frame[5..].iter().fold(0, |sum, byte| sum ^ byte) == 0 {
            found.push(frame[7..frame.len() - 1].to_vec());
            at += frame.len();
        } else {
            at += 1;
        }
    }
    found
}

/// Bytes with many pieces of frames in them.
fn noise() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        proptest::collection::vec(any::<u8>(), 0..40),
        Just(PREAMBLE.to_vec()),
        Just(vec![0xAA]),
        (0u8..10, any::<u8>()).prop_map(|(high, low)| [&PREAMBLE[..], &[high, low]].concat()),
        Just(Command::Find.frame()),
        Just(encode_reply([0, 0, 0x80], &[])),
    ];
    proptest::collection::vec(piece, 0..8).prop_map(|pieces| pieces.concat())
}

fn body() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        proptest::collection::vec(any::<u8>(), 3..60),
        // A preamble inside a body must not be searched for.
        Just([&[0, 0, 0x90][..], &PREAMBLE, &[0, 4, 0, 0, 0x80, 0x84]].concat()),
        proptest::collection::vec(any::<u8>(), 2313..=2313),
    ]
}

fn lengths() -> impl Strategy<Value = Vec<usize>> {
    proptest::collection::vec(1usize..400, 1..6)
}

/// No frame begins in `noise` as far as the rules are concerned, whatever follows it.
fn begins_no_frame(noise: &[u8], followed_by: &[u8]) -> bool {
    let stream = [noise, followed_by].concat();
    (0..noise.len()).all(|at| {
        by_the_rules(&stream[at..]).first().is_none_or(|first| {
            let whole = encode(first);
            !stream[at..].starts_with(&whole)
        })
    })
}

proptest! {
    #[test]
    fn any_stream_in_any_pieces_gives_what_the_rules_say(stream in noise(), lengths in lengths()) {
        prop_assert_eq!(frames(&stream, &lengths), by_the_rules(&stream));
    }

    #[test]
    fn every_good_frame_behind_noise_is_found(
        noise in noise(), bodies in proptest::collection::vec(body(), 1..4), lengths in lengths()
    ) {
        // Silence of the longest frame's length ends whatever the noise seemed to announce.
        let good: Vec<u8> = bodies.iter().flat_map(|body| encode(body)).collect();
        let stream = [&noise[..], &good, &[0; 2321]].concat();
        prop_assume!(begins_no_frame(&noise, &stream[noise.len()..]));
        prop_assert_eq!(frames(&stream, &lengths), bodies);
    }

    #[test]
    fn a_frame_with_one_spoilt_byte_is_never_taken(body in body(), at in any::<prop::sample::Index>(), flip in 1u8..) {
        let mut frame = encode(&body);
        let at = 5 + at.index(frame.len() - 5);
        frame[at] ^= flip;
        prop_assert!(!frames(&frame, &[frame.len()]).contains(&body));
    }
}

/// What a machine is fed with between two requests.
#[derive(Debug, Clone)]
enum Fed {
    /// The right answer to the request that is out, as a reader with this card gives it.
    Answer,
    /// The right answer with its check byte spoilt.
    SpoiltAnswer,
    /// Bytes of anything.
    Bytes(Vec<u8>),
    /// Nothing until the machine wakes up.
    Wait,
    /// The cable is pulled and plugged in.
    Replug,
}

fn fed() -> impl Strategy<Value = Fed> {
    prop_oneof![
        8 => Just(Fed::Answer),
        1 => Just(Fed::SpoiltAnswer),
        1 => noise().prop_map(Fed::Bytes),
        3 => Just(Fed::Wait),
        1 => Just(Fed::Replug),
    ]
}

fn card_data() -> Vec<u8> {
    let mut text = TextBlock::blank(CardKind::ResidentId);
    text.put(CardKind::ResidentId.field("name").expect("has one"), "测试甲")
        .expect("fits");
    encode_blocks(&text, &[7; 1024], None).to_vec()
}

fn answer_to(request: &[u8]) -> Vec<u8> {
    let command = Command::parse(&request[7..request.len() - 1]).expect("the machine's own request");
    let data = match command {
        Command::Find => vec![0; 4],
        Command::Select => vec![0; 8],
        Command::ModuleId => vec![1; 16],
        Command::ReadBase => card_data(),
        Command::ReadAppended => return encode_reply([0, 0, Status::NoSuchItem.code()], &[]),
        _ => Vec::new(),
    };
    encode_reply([0, 0, command.success().code()], &data)
}

/// Follows what the machine asked and what it was answered.
#[derive(Default)]
struct Line {
    request: Option<Vec<u8>>,
    /// Requests of the presentation so far, all answered well and in time.
    chain: Vec<Command>,
    answered: bool,
    holding: bool,
}

impl Line {
    fn perform(&mut self, effects: &[Effect]) -> Result<(), TestCaseError> {
        for effect in effects {
            match effect {
                Effect::Send(request) => {
                    let command = Command::parse(&request[7..request.len() - 1]).expect("a request");
                    let goes_on = std::mem::take(&mut self.answered) && command != Command::Find;
                    if !goes_on {
                        self.chain.clear();
                    }
                    self.chain.push(command);
                    self.request = Some(request.clone());
                }
                Effect::Event(Event::Record(_)) => {
                    prop_assert!(!self.holding, "one presentation was handed over twice");
                    let needed = [Command::Find, Command::Select, Command::ReadBase];
                    prop_assert!(self.chain.starts_with(&needed), "a record after {:?}", self.chain);
                    self.holding = true;
                }
                Effect::Event(Event::CardRemoved | Event::DeviceDown(_)) => self.holding = false,
                _ => {}
            }
        }
        Ok(())
    }
}

proptest! {
    #[test]
    fn no_input_makes_the_machine_panic_or_trust_a_broken_sequence(inputs in proptest::collection::vec(fed(), 1..120)) {
        let mut machine = Machine::new(Config::default());
        let mut line = Line::default();
        let mut now = Millis(0);
        line.perform(&machine.opened(now))?;
        for input in inputs {
            now.0 += 1;
            let effects = match input {
                Fed::Answer => match line.request.take() {
                    Some(request) => {
                        line.answered = true;
                        machine.bytes(now, &answer_to(&request))
                    }
                    None => { now = now.max(machine.wake_at()); machine.tick(now) }
                },
                Fed::SpoiltAnswer => match line.request.clone() {
                    Some(request) => {
                        let mut answer = answer_to(&request);
                        *answer.last_mut().expect("a check byte") ^= 0x21;
                        machine.bytes(now, &answer)
                    }
                    None => machine.tick(now),
                },
                // Frames in the noise may be believed where they fit; what is checked is that no record comes of them.
                Fed::Bytes(bytes) => machine.bytes(now, &bytes),
                Fed::Wait => {
                    line.request = None;
                    now = now.max(machine.wake_at());
                    machine.tick(now)
                }
                Fed::Replug => {
                    line.request = None;
                    let mut effects = machine.gone(now, "pulled");
                    effects.extend(machine.opened(now));
                    effects
                }
            };
            line.perform(&effects)?;
        }
    }
}
