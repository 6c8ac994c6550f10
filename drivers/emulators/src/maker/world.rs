//! The physical truth of the machine: film, blanks, the path, heat, bins, hands. Things are somewhere, and move only by
//! an actuator, by gravity or by a hand; nothing is made or lost otherwise.
//!
//! Firmware sees none of this: it moves actuators with [`World::act`] and looks through [`World::sensors`].

mod hands;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use drivers_temp_id_maker::codec::Sensors;
use serde::Serialize;

/// Where a blank is. The path's places are at most 70 mm apart and a card is 85.6 mm long: one sensor always sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Place {
    /// In the hopper.
    Hopper,
    /// At its mouth.
    Pick,
    /// Where it meets the film.
    Merge,
    /// Before the press.
    LaminatorIn,
    /// In the press.
    Laminator,
    /// Behind it.
    Cooler,
    /// In the slot, within reach once the shutter is open.
    Exit,
    /// In somebody's hand.
    Hand,
    /// In the reject bin.
    RejectBin,
    /// In the retract bin.
    RetractBin,
    /// Taken out by staff.
    Staff,
    /// Fallen off the path, inside the machine, seen by no sensor.
    Fallen,
}

/// The path in order, with the sensor bit of each place.
pub const PATH: [(Place, u32); 6] = [
    (Place::Pick, 10),
    (Place::Merge, 12),
    (Place::LaminatorIn, 13),
    (Place::Laminator, 14),
    (Place::Cooler, 15),
    (Place::Exit, 16),
];

/// A printed picture, one bit a dot.
#[derive(Debug, PartialEq, Eq)]
pub struct Face {
    /// Dots.
    pub width: u16,
    /// Dots.
    pub height: u16,
    /// Rows of whole bytes, the top bit is the left dot, 1 is black.
    pub bits: Vec<u8>,
    /// Printed in mirror writing, to be read through the film.
    pub mirrored: bool,
}

/// One blank and what became of it.
#[derive(Debug, Clone)]
pub struct Card {
    /// Counts from 1.
    pub id: u32,
    /// Where it is.
    pub place: Place,
    /// The film on it, once they met.
    pub film: Option<u32>,
    /// Pressed into one sheet.
    pub pressed: bool,
}

impl Card {
    /// A fresh blank in the hopper.
    fn blank(id: u32) -> Self {
        Self {
            id,
            place: Place::Hopper,
            film: None,
            pressed: false,
        }
    }
}

/// Where a cut piece of film is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum FilmPlace {
    /// At the platen.
    Platen,
    /// On a card.
    OnCard,
    /// In the reject bin.
    RejectBin,
    /// Fallen inside the machine.
    Fallen,
    /// Crumpled in the drive or torn by the cutter, still hanging on the roll; staff pull it out.
    Jammed,
}

/// One cut piece of film.
#[derive(Debug, Clone)]
pub struct Film {
    /// Counts from 1.
    pub id: u32,
    /// Where it is.
    pub place: FilmPlace,
    /// What is printed on it.
    pub face: Option<Arc<Face>>,
    /// Cut at the wrong length.
    pub short: bool,
}

/// One elementary movement.
#[derive(Debug, Clone)]
pub enum Action {
    /// Film from the roll to the cutter.
    FeedFilm,
    /// The cutter, out and home.
    Cut,
    /// Head over the film.
    Print(Arc<Face>),
    /// A blank out of the hopper.
    Pick,
    /// Everything in the path one place on.
    Forward,
    /// From the slot back behind the press.
    Back,
    /// Shutter open or closed.
    Shutter(bool),
    /// Sets the flaps of both bins, which fall when something falls past them and stay so without power.
    ArmFlaps,
    /// Everything inside, cards and film, into the reject bin.
    DropReject,
    /// The card behind the press into the retract bin.
    DropRetract,
    /// 0 off, 1 standby, 2 hot.
    Heat(u8),
}

/// What is broken, by the bench.
#[derive(Debug, Default, Clone)]
pub struct Broken {
    /// Names of parts that do not do their work.
    pub parts: BTreeSet<&'static str>,
    /// Sensors that say something else than the truth.
    pub sensors: BTreeMap<u32, bool>,
    /// Blanks that slip the next picks, cuts that come out short.
    pub pick_slips: u8,
    /// Two blanks at the next pick.
    pub double_picks: u8,
    /// Short cuts to come.
    pub short_cuts: u8,
}

/// Everything that is somewhere.
#[derive(Debug, Clone)]
pub struct World {
    /// All blanks ever loaded.
    pub cards: Vec<Card>,
    /// Pieces of film that left the roll so far.
    pub films: Vec<Film>,
    /// Pieces left on the roll.
    pub roll: u16,
    /// Prints left in the medium.
    pub medium: u16,
    film_at_cutter: bool,
    cutter_home: bool,
    shutter_open: bool,
    flap_reject: bool,
    flap_retract: bool,
    heat_level: u8,
    /// 0.1 degrees C.
    heater: i32,
    /// Milliseconds of heating or cooling that are not a tenth of a degree yet.
    heat_ms: u64,
    /// What is broken.
    pub broken: Broken,
    /// Milliseconds a hand waits before it takes a card; none: it never does.
    pub take_after_ms: Option<u64>,
    within_reach_ms: u64,
}

/// Set temperature of the press, 0.1 degrees C.
pub const HOT: i32 = 1_400;
const STANDBY: i32 = 900;
const ROOM: i32 = 250;
/// Nobody takes a card faster than this.
const GRASP_MS: u64 = 500;

impl World {
    /// A machine with a full hopper and a full roll.
    pub fn new(blanks: u32, film: u16) -> Self {
        Self {
            cards: (1..=blanks).map(Card::blank).collect(),
            films: Vec::new(),
            roll: film,
            medium: film,
            film_at_cutter: false,
            cutter_home: true,
            shutter_open: false,
            flap_reject: false,
            flap_retract: false,
            heat_level: 0,
            heater: ROOM,
            heat_ms: 0,
            broken: Broken::default(),
            take_after_ms: Some(0),
            within_reach_ms: 0,
        }
    }

    /// Blanks at a place.
    pub fn count(&self, place: Place) -> u32 {
        u32::try_from(self.cards.iter().filter(|card| card.place == place).count()).unwrap_or(u32::MAX)
    }

    /// True while the shutter lets a hand in.
    pub fn shutter_open(&self) -> bool {
        self.shutter_open
    }

    fn is_broken(&self, part: &str) -> bool {
        self.broken.parts.contains(part)
    }

    /// What a card shows: its film's picture.
    pub fn face(&self, card: &Card) -> Option<Arc<Face>> {
        self.films.iter().find(|film| Some(film.id) == card.film)?.face.clone()
    }

    /// Time passes: heat, hands. Also without power.
    pub fn pass(&mut self, ms: u64, powered: bool) {
        let aim = match (powered && !self.is_broken("heater"), self.heat_level) {
            (true, 2) if self.is_broken("weak_heater") => HOT - 150,
            (true, 2) => HOT,
            (true, 1) => STANDBY,
            _ => ROOM,
        };
        let aim = if self.is_broken("thermostat") { HOT + 300 } else { aim };
        // Three degrees a second up, one down.
        let per_tenth_ms = if self.heater < aim { 33 } else { 100 };
        self.heat_ms += ms;
        let tenths = i32::try_from(self.heat_ms / per_tenth_ms).unwrap_or(i32::MAX);
        self.heat_ms %= per_tenth_ms;
        self.heater = match self.heater < aim {
            true => aim.min(self.heater.saturating_add(tenths)),
            false => aim.max(self.heater.saturating_sub(tenths)),
        };
        let reachable = self.shutter_open && self.count(Place::Exit) > 0;
        self.within_reach_ms = if reachable { self.within_reach_ms + ms } else { 0 };
        if let Some(after) = self.take_after_ms
            && !self.is_broken("hand")
            && reachable
            && self.within_reach_ms >= after.max(GRASP_MS)
        {
            self.take();
        }
    }

    /// A hand pulls what it can reach; true when there was something.
    pub fn take(&mut self) -> bool {
        let reachable = self.shutter_open;
        let card = self
            .cards
            .iter_mut()
            .find(|card| reachable && card.place == Place::Exit);
        card.map(|card| card.place = Place::Hand).is_some()
    }

    /// One movement, whole.
    pub fn act(&mut self, action: &Action) {
        match action {
            Action::FeedFilm if self.is_broken("film_drive") => self.spend(FilmPlace::Jammed, false),
            Action::FeedFilm => self.film_at_cutter |= self.roll > 0,
            Action::Cut => self.cut(),
            Action::Print(face) => self.print(face),
            Action::Pick => self.pick(),
            Action::Forward => self.forward(),
            Action::Back => {
                if !self.is_broken("draw_in") {
                    self.shift(Place::Exit, Place::Cooler);
                }
            }
            Action::Shutter(open) if !self.is_broken("shutter") => self.shutter_open = *open,
            Action::Shutter(_) => {}
            Action::ArmFlaps => (self.flap_reject, self.flap_retract) = (false, false),
            Action::DropReject => self.drop_reject(),
            Action::DropRetract => {
                if !self.is_broken("path") && self.shift(Place::Cooler, Place::RetractBin) {
                    self.flap_retract = true;
                }
            }
            Action::Heat(level) => self.heat_level = *level,
        }
    }

    fn cut(&mut self) {
        self.cutter_home = !self.is_broken("cutter");
        if !std::mem::take(&mut self.film_at_cutter) {
            return;
        }
        if !self.cutter_home {
            return self.spend(FilmPlace::Jammed, false);
        }
        let short = self.broken.short_cuts > 0;
        self.broken.short_cuts = self.broken.short_cuts.saturating_sub(1);
        self.spend(FilmPlace::Platen, short);
    }

    /// One piece less on the roll.
    fn spend(&mut self, place: FilmPlace, short: bool) {
        if self.roll == 0 {
            return;
        }
        self.roll -= 1;
        self.films.push(Film {
            id: u32::try_from(self.films.len() + 1).unwrap_or(u32::MAX),
            place,
            face: None,
            short,
        });
    }

    fn print(&mut self, face: &Arc<Face>) {
        if self.is_broken("print_head") {
            return;
        }
        self.medium = self.medium.saturating_sub(1);
        if let Some(film) = self.films.iter_mut().find(|film| film.place == FilmPlace::Platen) {
            film.face = Some(face.clone());
        }
    }

    fn pick(&mut self) {
        if self.broken.pick_slips > 0 {
            self.broken.pick_slips -= 1;
            return;
        }
        let double = self.broken.double_picks > 0;
        self.broken.double_picks = self.broken.double_picks.saturating_sub(1);
        let blanks = self.cards.iter_mut().filter(|card| card.place == Place::Hopper);
        blanks
            .take(if double { 2 } else { 1 })
            .for_each(|card| card.place = Place::Pick);
    }

    fn shift(&mut self, from: Place, to: Place) -> bool {
        let mut moved = false;
        for card in self.cards.iter_mut().filter(|card| card.place == from) {
            card.place = to;
            moved = true;
        }
        moved
    }

    fn forward(&mut self) {
        if self.is_broken("path") {
            return;
        }
        let stuck_in_press = self.is_broken("press");
        let hot = self.heater >= HOT - 100;
        for (from, to) in PATH.iter().zip(&PATH[1..]).rev() {
            let blocked = (to.0 == Place::Exit && !self.shutter_open) || (to.0 == Place::Laminator && stuck_in_press);
            if blocked || !self.shift(from.0, to.0) {
                continue;
            }
            match to.0 {
                Place::Merge => self.meet(),
                Place::Laminator => {
                    let pressed = self.cards.iter_mut().filter(|card| card.place == Place::Laminator);
                    pressed.for_each(|card| card.pressed |= hot && card.film.is_some());
                }
                _ => {}
            }
        }
    }

    /// The film at the platen comes to lie on the card.
    fn meet(&mut self) {
        let card = self.cards.iter_mut().find(|card| card.place == Place::Merge);
        let film = self.films.iter_mut().find(|film| film.place == FilmPlace::Platen);
        if let (Some(card), Some(film)) = (card, film) {
            film.place = FilmPlace::OnCard;
            card.film = Some(film.id);
        }
    }

    fn drop_reject(&mut self) {
        if self.is_broken("path") || self.is_broken("press") {
            return;
        }
        for (place, _) in &PATH[..5] {
            self.flap_reject |= self.shift(*place, Place::RejectBin);
        }
        let loose = self.films.iter_mut().filter(|film| film.place == FilmPlace::Platen);
        loose.for_each(|film| film.place = FilmPlace::RejectBin);
    }

    /// Serial number of the blank at the hopper's mouth, as its reader sees it.
    pub fn blank_serial(&self) -> Option<[u8; 16]> {
        let card = self.cards.iter().find(|card| card.place == Place::Pick)?;
        let mut serial = [0; 16];
        for (to, from) in serial.iter_mut().zip(format!("B{:08}", card.id).bytes()) {
            *to = from;
        }
        (!self.is_broken("serial_reader")).then_some(serial)
    }

    /// What the camera behind the press says of the print.
    pub fn print_is_good(&self) -> bool {
        !self.is_broken("print_quality")
    }

    /// What the sensors say, the broken ones too.
    pub fn sensors(&self) -> Sensors {
        let mut bits = 0_u32;
        let mut set = |bit: u32, on: bool| bits |= u32::from(on) << bit;
        let film = self.films.iter().find(|film| film.place == FilmPlace::Platen);
        let hopper = self.count(Place::Hopper);
        set(
            0,
            self.roll > 0 || self.films.iter().any(|film| film.place == FilmPlace::Jammed),
        );
        set(1, self.roll < 50);
        set(2, self.film_at_cutter);
        set(3, film.is_some_and(|film| !film.short));
        set(4, self.cutter_home);
        set(6, self.medium > 0);
        set(7, self.medium < 25);
        set(8, hopper > 0);
        set(9, hopper < 20);
        set(11, self.count(Place::Pick) > 1);
        PATH.iter().for_each(|(place, bit)| set(*bit, self.count(*place) > 0));
        set(17, !self.shutter_open);
        set(18, true);
        set(20, true);
        set(22, self.flap_reject);
        set(23, self.flap_retract);
        set(27, true);
        set(28, (HOT - 100..HOT + 150).contains(&self.heater));
        set(29, self.heater > HOT + 200);
        for (bit, on) in &self.broken.sensors {
            bits = bits & !(1 << bit) | u32::from(*on) << bit;
        }
        let shorted = self.is_broken("heat_sensor");
        Sensors {
            bits,
            valid: 0x3FFF_FFDF & !(u32::from(self.is_broken("path_sensor")) << 14),
            heater: if shorted {
                i16::MAX
            } else {
                i16::try_from(self.heater).unwrap_or(i16::MAX)
            },
            head: if self.is_broken("hot_head") { 950 } else { 420 },
            supply_mv: 24_000,
            humidity: 450,
        }
    }

    /// True when the encoder of the print head turned as it should.
    pub fn head_turned(&self) -> bool {
        !self.is_broken("print_head")
    }
}
