//! A temporary identity card: from the first touch to the card in the hand, beside the ticketing and apart from it.
//!
//! The making record never comes in here: whoever talks to the service holds it, the flow hears a masked name. Once the
//! machine works nothing more is asked of the person, and the screen is free for somebody else's number; a card laid
//! down meanwhile begins an ordinary session, and the making goes on below it.
//!
//! What must never happen here: an order to make before the checks, the face and the fee are done; a fee asked for
//! while the machine is not ready; a second order for one touch.

mod stage;

use ticket_dispatcher_types::{IdemKey, Millis, Personal, check_digit_holds};
use ui_model::{Intent, MakingEnd, Refusal, SlipState};

use crate::flow::{Effects, Flow, ignored, log};
use crate::{Card, Effect, JobNo, Moment, Outcome, Phrase, ReadFailure, Reason, StaffReason};

pub use stage::{JobEnd, MakerState, MakingInput, MakingOrder, Note, Seek, TempCardRules};
pub(crate) use stage::{Making, MakingStage, TAKE_S};

/// Tries at the face; the third that fails is Q10.
const FACE_TRIES: u8 = 3;
/// The query step's limit.
const FIND_LIMIT: Millis = Millis::from_secs(10);
/// The limit of one comparison.
const FACE_LIMIT: Millis = Millis::from_secs(30);
/// The fee is paid within this time, or Q12.
const PAY_LIMIT: Millis = Millis::from_secs(120);
/// From the claim to the machine's first word.
const CLAIM_LIMIT: Millis = Millis::from_secs(90);
/// An ended making stays on the screen so long, a doubt longer: there is a job number to note.
const ENDED_SHOWN: Millis = Millis::from_secs(20);
const DOUBT_SHOWN: Millis = Millis::from_secs(60);
/// Longest receipt that is taken from the scanner.
const RECEIPT_MAX: usize = 40;

impl Flow {
    /// The making has the screen.
    pub(crate) fn making_in_front(&self) -> bool {
        self.making.is_some() && self.session.is_none()
    }

    /// True when the number is of 18 characters.
    pub(crate) fn typed_whole(typed: &Personal) -> bool {
        typed.expose().len() == 18
    }

    fn making_at(&mut self, stage: MakingStage, now: Millis) -> Outcome {
        if let Some(making) = &mut self.making {
            making.stage = stage;
            making.sign_of_life = now;
        }
        Outcome::Advanced
    }

    fn making_ends(&mut self, at: &Moment, end: MakingEnd, effects: &mut Effects) -> Outcome {
        let Some(making) = &mut self.making else {
            return ignored(Reason::Late);
        };
        let begun = !making.job.is_empty();
        let failed = matches!(end, MakingEnd::Failed { .. } | MakingEnd::NotTaken);
        let mut slip = SlipState::Unwanted;
        if end == MakingEnd::Doubt || (failed && begun) {
            slip = if self.printer.prints() {
                SlipState::Printed
            } else {
                SlipState::NoPaper
            };
            let lang = self.prefs.lang;
            let note = Note {
                lang,
                hall_name: self.catalogue.hall_name.get(lang).to_string(),
                hall_phone: self.catalogue.hall_phone.clone(),
                job: making.job.clone(),
            };
            if slip == SlipState::Printed {
                let no = self.next_job;
                self.next_job = JobNo(no.0 + 1);
                effects.push(Effect::PrintNote { job: no, note });
            }
            effects.push(Effect::CallStaff(StaffReason::Maker));
        }
        if !begun {
            effects.push(Effect::Making(MakingOrder::Forget));
        }
        effects.push(log(match end {
            MakingEnd::Taken => "making_taken",
            MakingEnd::NotTaken => "making_not_taken",
            MakingEnd::Refused { .. } => "making_refused",
            MakingEnd::Failed { .. } => "making_failed",
            MakingEnd::Doubt => "making_in_doubt",
            MakingEnd::AtWindow | MakingEnd::Cancelled => "making_cancelled",
        }));
        making.name.clear();
        making.stage = MakingStage::Ended {
            end,
            since: at.now,
            slip,
        };
        Outcome::Advanced
    }

    fn making_refused(&mut self, at: &Moment, refusal: Refusal, effects: &mut Effects) -> Outcome {
        let refund = self.making.as_ref().is_some_and(|making| making.paid);
        effects.push(Effect::Speak(Phrase::GoToDesk));
        self.making_ends(at, MakingEnd::Refused { refusal, refund }, effects)
    }

    /// The making is over and its person gone.
    fn making_leaves(&mut self, effects: &mut Effects) {
        self.making = None;
        effects.push(Effect::Wipe);
        if self.session.is_none() {
            self.prefs = Self::fresh_prefs(&self.settings);
        }
    }

    /// 办临时身份证 on the first screen. Q14 is asked first: nobody pays for a card that cannot be made.
    pub(crate) fn making_begins(&mut self, at: &Moment, effects: &mut Effects) -> Outcome {
        match self.maker {
            MakerState::Absent => return ignored(Reason::NotOnThisScreen),
            _ if self
                .making
                .as_ref()
                .is_some_and(|m| !matches!(m.stage, MakingStage::Ended { .. })) =>
            {
                return ignored(Reason::Busy);
            }
            _ => {}
        }
        self.making = Some(Making::new(MakingStage::Notice, at.now));
        effects.push(log("making_began"));
        if self.maker == MakerState::NotReady {
            return self.making_refused(at, Refusal::MakerNotReady, effects);
        }
        Outcome::Advanced
    }

    /// A touch on one of the making's screens; none when the touch is for the ticketing.
    pub(crate) fn making_intent(&mut self, at: &Moment, intent: &Intent, effects: &mut Effects) -> Option<Outcome> {
        if *intent == Intent::MakeCard && self.session.is_none() {
            return Some(self.making_begins(at, effects));
        }
        if !self.making_in_front() {
            return None;
        }
        let making = self.making.as_mut()?;
        if making.asks() {
            making.sign_of_life = at.now;
            return Some(self.making_asked(at, intent, effects));
        }
        match (intent, &making.stage) {
            (Intent::Done | Intent::Back | Intent::Cancel, MakingStage::Ended { .. }) => {
                self.making_leaves(effects);
                Some(Outcome::Advanced)
            }
            (Intent::Back | Intent::Cancel | Intent::Done, _) => Some(ignored(Reason::Busy)),
            // The screen is free for the next person's number.
            (Intent::ChooseFirst | Intent::TapFirst | Intent::NoCard | Intent::ShowPrivacy, _) => {
                if matches!(making.stage, MakingStage::Ended { .. }) {
                    self.making_leaves(effects);
                }
                None
            }
            _ => Some(ignored(Reason::NotOnThisScreen)),
        }
    }

    fn making_asked(&mut self, at: &Moment, intent: &Intent, effects: &mut Effects) -> Outcome {
        let Some(making) = &self.making else {
            return ignored(Reason::NotOnThisScreen);
        };
        let entry = MakingStage::Entry { unknown_code: false };
        match (intent, &making.stage) {
            (Intent::Cancel, _) => self.making_ends(at, MakingEnd::Cancelled, effects),
            (Intent::Back, MakingStage::Number(_) | MakingStage::OldCard { .. }) => self.making_at(entry, at.now),
            (Intent::Back, _) => self.making_ends(at, MakingEnd::Cancelled, effects),
            (Intent::MakingAgree, MakingStage::Notice) => self.making_at(entry, at.now),
            (Intent::MakingType, MakingStage::Entry { .. }) => {
                self.making_at(MakingStage::Number(Personal::new("")), at.now)
            }
            (Intent::MakingOldCard, MakingStage::Entry { .. }) if self.reader_up => {
                effects.push(Effect::Speak(Phrase::PresentCard));
                self.making_at(MakingStage::OldCard { again: false }, at.now)
            }
            (Intent::MakingKey { key }, MakingStage::Number(typed)) => match typed_on(typed, key) {
                Some(typed) => self.making_at(MakingStage::Number(typed), at.now),
                None => ignored(Reason::NoSuchChoice),
            },
            (Intent::MakingGo, MakingStage::Number(typed)) if check_digit_holds(typed.expose()) => {
                let seek = Seek::Citizen(typed.clone());
                self.making_seeks(at, seek, effects)
            }
            (Intent::MakingGo, MakingStage::Found { .. }) => self.making_after_found(at, effects),
            (Intent::MakingGo, MakingStage::Face { tries, since: None, .. }) => {
                let stage = MakingStage::Face {
                    ask: at.fresh,
                    tries: *tries,
                    since: Some(at.now),
                };
                effects.push(Effect::Making(MakingOrder::CompareFace { ask: at.fresh }));
                self.making_at(stage, at.now)
            }
            (Intent::MakingByHand, MakingStage::Face { .. } | MakingStage::Pay { .. }) => {
                effects.push(Effect::CallStaff(StaffReason::Maker));
                self.making_ends(at, MakingEnd::AtWindow, effects)
            }
            _ => ignored(Reason::NotOnThisScreen),
        }
    }

    fn making_seeks(&mut self, at: &Moment, seek: Seek, effects: &mut Effects) -> Outcome {
        effects.push(Effect::Making(MakingOrder::Find { ask: at.fresh, seek }));
        let stage = MakingStage::Searching {
            ask: at.fresh,
            since: at.now,
        };
        self.making_at(stage, at.now)
    }

    fn making_after_found(&mut self, at: &Moment, effects: &mut Effects) -> Outcome {
        if self.maker != MakerState::Ready {
            return self.making_refused(at, Refusal::MakerNotReady, effects);
        }
        if self.catalogue.temp_card.face {
            let stage = MakingStage::Face {
                ask: at.fresh,
                tries: 0,
                since: None,
            };
            return self.making_at(stage, at.now);
        }
        self.making_after_face(at, effects)
    }

    fn making_after_face(&mut self, at: &Moment, effects: &mut Effects) -> Outcome {
        if self.maker != MakerState::Ready {
            return self.making_refused(at, Refusal::MakerNotReady, effects);
        }
        let fee_fen = self.catalogue.temp_card.fee_fen;
        if fee_fen == 0 {
            return self.making_goes(at, effects);
        }
        effects.push(Effect::Making(MakingOrder::Charge { ask: at.fresh, fee_fen }));
        let stage = MakingStage::Pay {
            ask: at.fresh,
            since: at.now,
            qr: String::new(),
        };
        self.making_at(stage, at.now)
    }

    /// The only place where a card is ordered. Q14 is asked last too.
    fn making_goes(&mut self, at: &Moment, effects: &mut Effects) -> Outcome {
        if self.maker != MakerState::Ready {
            return self.making_refused(at, Refusal::MakerNotReady, effects);
        }
        effects.push(Effect::Making(MakingOrder::Make { ask: at.fresh }));
        let stage = MakingStage::Claiming {
            ask: at.fresh,
            since: at.now,
        };
        self.making_at(stage, at.now)
    }

    /// The question that the making waits for.
    fn making_waits_for(&self) -> Option<IdemKey> {
        match self.making.as_ref()?.stage {
            MakingStage::Searching { ask, .. }
            | MakingStage::Found { ask }
            | MakingStage::Face {
                ask, since: Some(_), ..
            }
            | MakingStage::Pay { ask, .. }
            | MakingStage::Claiming { ask, .. } => Some(ask),
            _ => None,
        }
    }

    /// What the maker's side says.
    pub(crate) fn making_input(&mut self, at: &Moment, input: MakingInput, effects: &mut Effects) -> Outcome {
        let answers = match &input {
            MakingInput::Found { ask, .. }
            | MakingInput::Refused { ask, .. }
            | MakingInput::Face { ask, .. }
            | MakingInput::PayHere { ask, .. }
            | MakingInput::Paid { ask } => Some(*ask),
            _ => None,
        };
        if answers.is_some() && answers != self.making_waits_for() {
            return ignored(Reason::Late);
        }
        match input {
            MakingInput::Machine(state) if self.maker == state => ignored(Reason::Same),
            MakingInput::Machine(state) => {
                self.maker = state;
                Outcome::Advanced
            }
            MakingInput::Scanned(code) => self.making_scanned(at, code, effects),
            MakingInput::Found { ask, name } => {
                if let Some(making) = &mut self.making {
                    making.name = name.masked_name();
                }
                self.making_at(MakingStage::Found { ask }, at.now)
            }
            MakingInput::Refused { refusal, .. } => self.making_refused(at, refusal, effects),
            MakingInput::Face { matched: true, .. } => self.making_after_face(at, effects),
            MakingInput::Face { ask, .. } => self.making_face_failed(at, ask, effects),
            MakingInput::PayHere { ask, qr } => match self.making.as_ref().map(|making| &making.stage) {
                Some(MakingStage::Pay { since, .. }) => {
                    let since = *since;
                    self.making_at(MakingStage::Pay { ask, since, qr }, at.now)
                }
                _ => ignored(Reason::Late),
            },
            MakingInput::Paid { .. } => {
                if let Some(making) = &mut self.making {
                    making.paid = true;
                }
                self.making_goes(at, effects)
            }
            MakingInput::Working {
                job,
                step,
                attempt,
                left_s,
            } => self.making_works(at, job, MakingStage::Work { step, attempt, left_s }, effects),
            MakingInput::CardOut { job } => self.making_works(at, job, MakingStage::Take { since: at.now }, effects),
            MakingInput::Ended { job, end } => self.making_job_ended(at, job, end, effects),
        }
    }

    fn making_face_failed(&mut self, at: &Moment, ask: IdemKey, effects: &mut Effects) -> Outcome {
        let Some(MakingStage::Face { tries, .. }) = self.making.as_ref().map(|making| &making.stage) else {
            return ignored(Reason::Late);
        };
        let tries = tries + 1;
        if tries >= FACE_TRIES {
            return self.making_refused(at, Refusal::FaceNotMatched, effects);
        }
        let stage = MakingStage::Face {
            ask,
            tries,
            since: None,
        };
        self.making_at(stage, at.now)
    }

    fn making_scanned(&mut self, at: &Moment, code: Personal, effects: &mut Effects) -> Outcome {
        let entry = self.making.as_ref().map(|making| &making.stage);
        if !self.making_in_front() || !matches!(entry, Some(MakingStage::Entry { .. })) {
            return ignored(Reason::NotOnThisScreen);
        }
        let text = code.expose();
        let fits = (6..=RECEIPT_MAX).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_alphanumeric());
        if !fits {
            return self.making_at(MakingStage::Entry { unknown_code: true }, at.now);
        }
        self.making_seeks(at, Seek::Receipt(code), effects)
    }

    /// The machine works. A job that nobody asked for in this life is one of before a restart.
    fn making_works(&mut self, at: &Moment, job: String, stage: MakingStage, effects: &mut Effects) -> Outcome {
        let making = self.making.get_or_insert_with(|| Making::new(stage.clone(), at.now));
        let claiming = matches!(making.stage, MakingStage::Claiming { .. });
        if making.asks() && !claiming {
            // Somebody else has just begun to ask; the machine is not free for them.
            return ignored(Reason::Busy);
        }
        if making.job != job {
            making.job = job;
        }
        let out = |stage: &MakingStage| matches!(stage, MakingStage::Take { .. });
        if out(&making.stage) && out(&stage) {
            return ignored(Reason::Same);
        }
        if matches!(stage, MakingStage::Take { .. }) {
            effects.push(Effect::Speak(Phrase::TakeTempCard));
        }
        making.stage = stage;
        Outcome::Advanced
    }

    fn making_job_ended(&mut self, at: &Moment, job: String, end: JobEnd, effects: &mut Effects) -> Outcome {
        let making = self
            .making
            .get_or_insert_with(|| Making::new(MakingStage::Take { since: at.now }, at.now));
        let claiming = matches!(making.stage, MakingStage::Claiming { .. });
        if (making.asks() && !claiming) || matches!(making.stage, MakingStage::Ended { .. }) {
            return ignored(Reason::Late);
        }
        making.job = job;
        let refund = making.paid;
        let end = match end {
            JobEnd::Taken => MakingEnd::Taken,
            JobEnd::NotTaken => MakingEnd::NotTaken,
            JobEnd::Failed => MakingEnd::Failed { refund },
            JobEnd::Doubt => MakingEnd::Doubt,
        };
        self.making_ends(at, end, effects)
    }

    /// The old card: true when the making took it.
    pub(crate) fn making_card(&mut self, at: &Moment, card: &Card, effects: &mut Effects) -> bool {
        if !self.making_wants_card() {
            return false;
        }
        let seek = Seek::Citizen(card.number.clone());
        self.making_seeks(at, seek, effects);
        true
    }

    /// The old card could not be read: true when the making waits for it.
    pub(crate) fn making_card_failed(&mut self, at: &Moment, _failure: ReadFailure) -> bool {
        let wanted = self.making_wants_card();
        if wanted {
            self.making_at(MakingStage::OldCard { again: true }, at.now);
        }
        wanted
    }

    fn making_wants_card(&self) -> bool {
        let stage = self.making.as_ref().map(|making| &making.stage);
        self.making_in_front() && matches!(stage, Some(MakingStage::OldCard { .. }))
    }

    /// A card laid down while the making asks for something else is not for a number.
    pub(crate) fn making_keeps_cards_out(&self) -> bool {
        self.making_in_front() && self.making.as_ref().is_some_and(Making::asks)
    }

    pub(crate) fn tick_making(&mut self, at: &Moment, effects: &mut Effects) -> bool {
        let Some(making) = &self.making else {
            return false;
        };
        let past = |since: Millis, limit: Millis| at.now - since >= limit;
        let refusal = match &making.stage {
            MakingStage::Searching { since, .. } if past(*since, FIND_LIMIT) => Some(Refusal::BackEndAway),
            MakingStage::Claiming { since, .. } if past(*since, CLAIM_LIMIT) => Some(Refusal::MakerNotReady),
            MakingStage::Pay { since, .. } if past(*since, PAY_LIMIT) => Some(Refusal::NotPaid),
            MakingStage::Face {
                since: Some(since),
                ask,
                ..
            } if past(*since, FACE_LIMIT) => {
                let ask = *ask;
                self.making_face_failed(at, ask, effects);
                return true;
            }
            MakingStage::Ended { end, since, .. } => {
                let shown = if *end == MakingEnd::Doubt {
                    DOUBT_SHOWN
                } else {
                    ENDED_SHOWN
                };
                if past(*since, shown) {
                    self.making_leaves(effects);
                    return true;
                }
                None
            }
            _ if making.idles() && past(making.sign_of_life, self.idle_limit()) => {
                effects.push(log("making_timed_out"));
                effects.push(Effect::Making(MakingOrder::Forget));
                self.making_leaves(effects);
                return true;
            }
            _ => None,
        };
        match refusal {
            Some(refusal) => {
                self.making_refused(at, refusal, effects);
                true
            }
            None => false,
        }
    }
}

/// The number after one more key; none when it is no key, or the number is full.
fn typed_on(typed: &Personal, key: &str) -> Option<Personal> {
    let text = typed.expose();
    match key {
        "" => Some(Personal::new(&text[..text.len().saturating_sub(1)])),
        "X" if text.len() == 17 => Some(Personal::new(format!("{text}X"))),
        digit if digit.len() == 1 && digit.as_bytes()[0].is_ascii_digit() && text.len() < 18 => {
            Some(Personal::new(format!("{text}{digit}")))
        }
        _ => None,
    }
}
