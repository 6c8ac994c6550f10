//! Power goes before every movement and every write of the maker, once; a card of one record reaches at most one hand.

use drivers_emulators::maker::{Count, Machine, Place};
use drivers_temp_id_maker::codec::{Decoder, Frame, JobId, JobOpen, Kind, Phase, RecordTag, Request, ResultCode, Step};
use drivers_temp_id_maker::ids;

const JOB: JobId = JobId([7; 16]);

struct Host {
    machine: Machine,
    seq: u8,
    cut_in: Option<u32>,
}

impl Host {
    fn ask(&mut self, request: &Request) -> Option<Frame> {
        self.seq = self.seq.checked_add(1).unwrap_or(1);
        let boot = if request.command().takes_any_boot() {
            0
        } else {
            self.machine.state().boot
        };
        let cmd = request.command().code();
        let frame = Frame {
            kind: Kind::Request,
            seq: self.seq,
            cmd,
            rc: 0,
            boot,
            payload: request.payload(),
        };
        let out: Vec<u8> = frame
            .encode()
            .into_iter()
            .flat_map(|byte| self.machine.hear(byte))
            .collect();
        let mut decoder = Decoder::default();
        out.into_iter().find_map(|byte| decoder.push(byte))
    }

    /// Drives the job from whatever phase it is in; true when power was cut on the way.
    fn drive(&mut self, pull_in_the_dark: bool) -> bool {
        // A white card in PackBits: 127 zeros a row.
        let data = [130, 0].repeat(638);
        let open = JobOpen {
            job: JOB,
            tag: RecordTag([9; 16]),
            sha256: ids::digest(&data),
            data_len: 1_276,
            width: 1011,
            height: 638,
            dpi: 300,
            format: 1,
            flags: 0,
            nonce: 0,
            mac: [0; 32],
        };
        if let Some(life) = &mut self.machine.firmware {
            life.cut_in = self.cut_in.take();
        }
        let mut was_cut = false;
        for _ in 0..2_000 {
            if self.machine.firmware.is_none() {
                was_cut = true;
                if pull_in_the_dark {
                    self.machine.world.take();
                }
                self.machine.power(true);
            }
            let state = self.machine.state();
            match state.job.as_ref().map(|job| (job.phase, job.step)) {
                None if state.archive.is_empty() => drop(self.ask(&Request::JobOpen(Box::new(open.clone())))),
                None => return was_cut,
                Some((Phase::Doubt, _)) => return was_cut,
                Some((_, Some(_))) => {}
                Some((Phase::Open, None)) => {
                    self.ask(&Request::JobOpen(Box::new(open.clone())));
                    for (at, bytes) in (0..).zip(data.chunks(1020)) {
                        self.ask(&Request::JobData {
                            offset: at * 1020,
                            bytes: bytes.to_vec(),
                        });
                    }
                    self.ask(&Request::JobSeal(JOB));
                }
                Some((phase, None)) if phase.is_terminal() => drop(self.ask(&Request::JobClose(JOB))),
                Some((phase, None)) => {
                    if let Some(step) = Step::after(phase) {
                        self.ask(&Request::JobStep(JOB, step));
                    }
                }
            }
            self.machine.pass(500);
        }
        panic!("the job did not end");
    }
}

fn trial(cut_in: Option<u32>, pulled: bool, never_taken: bool) -> (Host, bool) {
    let mut machine = Machine::new();
    if never_taken {
        machine.world.take_after_ms = None;
    }
    let mut host = Host {
        machine,
        seq: 0,
        cut_in,
    };
    let was_cut = host.drive(pulled);
    (host, was_cut)
}

#[test]
fn one_cut_anywhere_never_gives_a_second_card_and_never_loses_a_blank() {
    let mut cuts = 0;
    for (pulled, never_taken) in [(false, false), (true, false), (false, true), (true, true)] {
        for cut_in in 0.. {
            let (mut host, was_cut) = trial(Some(cut_in), pulled, never_taken);
            if !was_cut {
                break;
            }
            cuts += 1;
            let state = host.machine.state();
            let world = &host.machine.world;
            let (hands, at) = (
                world.count(Place::Hand),
                format!("cut {cut_in}, {pulled}, {never_taken}"),
            );
            assert!(hands <= 1, "{at}");
            let bins = world.count(Place::RejectBin) + world.count(Place::RetractBin);
            assert_eq!(world.count(Place::Hopper) + hands + bins, 100, "{at}");
            assert_eq!(state.counters[Count::Taken as usize], hands, "{at}");
            assert_eq!(
                state.counters[Count::Rejected as usize],
                world.count(Place::RejectBin),
                "{at}"
            );
            if hands == 1 {
                assert!(state.fence.contains(&RecordTag([9; 16])), "{at}");
            }
            let again = host.ask(&Request::JobQuery(JOB)).expect("answered");
            assert_eq!(again.rc, ResultCode::JobClosed.code(), "{at}");
        }
    }
    assert!(cuts > 80, "{cuts} cuts");
}

#[test]
fn a_piece_of_the_wrong_length_is_replaced_once_inside_the_step_and_then_fails_the_attempt() {
    let mut host = Host {
        machine: Machine::new(),
        seq: 0,
        cut_in: None,
    };
    assert!(host.machine.fault(0x0105, Some(Step::Cut)));
    host.drive(false);
    let state = host.machine.state();
    assert_eq!(host.machine.world.count(Place::Hand), 1);
    assert_eq!(state.counters[Count::Cuts as usize], 3, "two short ones, one good one");
    assert_eq!(state.archive.back().map(|record| record.attempt), Some(2));
}

#[test]
fn a_card_that_slips_off_the_path_is_in_doubt_and_fenced() {
    let mut host = Host {
        machine: Machine::new(),
        seq: 0,
        cut_in: None,
    };
    assert!(host.machine.fault(0x0306, Some(Step::Feed)));
    host.drive(false);
    let state = host.machine.state();
    assert_eq!(state.job.as_ref().map(|job| job.phase), Some(Phase::Doubt));
    assert!(state.fence.contains(&RecordTag([9; 16])));
}
