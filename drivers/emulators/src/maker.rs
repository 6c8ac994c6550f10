//! The twin of a temporary-ID maker: TIM/1 on its cable, a world of film, blanks and hands behind it.
//!
//! [`World`] is what is true, [`Firmware`] what the machine's program makes of its sensors; neither knows the driver's
//! machine. Time may run faster than a clock ([`MakerTwin::new`]): the steps of a job then take a hundredth.

mod cause;
mod direct;
mod firmware;
mod memory;
mod orders;
mod picture;
mod raster;
mod shape;
mod world;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use axum::extract::{Path, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use drivers_temp_id_maker::codec::{Decoder, Step};
use drivers_temp_id_maker::driver::BAUD;
use serde::Deserialize;
use serde_json::{Value, json};

pub use direct::Direct;
pub use firmware::{Firmware, TAKE_MS, Weakness};
pub use memory::{Count, Memory, State as NonVolatile};
pub use shape::Shape;
pub use world::{Action, Card, FilmPlace, Place, World};

use crate::{Heard, Line, Twin};

/// Blanks and film of a machine fresh from staff.
const BLANKS: u32 = 100;
const FILM: u16 = 500;
/// The firmware looks at its sensors this often, milliseconds.
const TICK_MS: u64 = 20;

/// The machine with its power, in its own time.
#[derive(Debug)]
pub struct Machine {
    /// What is true.
    pub world: World,
    /// Its life, none without power.
    pub firmware: Option<Firmware>,
    memory: Memory,
    now_ms: u64,
    on_since_ms: u64,
    pending: Vec<(u16, Option<Step>)>,
    decoder: Decoder,
    tick_ms: u64,
    shape: Shape,
    /// The receiving wire is broken: it hears nothing.
    deaf: bool,
    swapped_key: bool,
}

impl Default for Machine {
    fn default() -> Self {
        Self::new()
    }
}

impl Machine {
    /// Loaded, switched on.
    pub fn new() -> Self {
        Self::loaded(BLANKS, FILM, Shape::default())
    }

    /// Another machine than the usual one, loaded and switched on.
    pub fn of(shape: Shape) -> Self {
        Self::loaded(BLANKS, FILM, shape)
    }

    /// With so many blanks and pieces of film.
    pub fn loaded(blanks: u32, film: u16, shape: Shape) -> Self {
        let mut machine = Self {
            world: World::new(blanks, film),
            firmware: None,
            memory: Memory::new(NonVolatile::new(blanks, film)),
            now_ms: 0,
            on_since_ms: 0,
            pending: Vec::new(),
            decoder: Decoder::default(),
            tick_ms: TICK_MS,
            shape,
            deaf: false,
            swapped_key: false,
        };
        machine.power(true);
        machine
    }

    /// Power on or off. Off: whatever was in memory that needs power is gone, things stay where they are.
    pub fn power(&mut self, on: bool) {
        self.turn(on, 0x0703);
    }

    fn turn(&mut self, on: bool, cause: u16) {
        match (on, self.firmware.take()) {
            (true, None) => {
                self.on_since_ms = self.now_ms;
                self.decoder = Decoder::default();
                let (memory, shape) = (self.memory.clone(), self.shape.clone());
                self.firmware = Some(Firmware::boot(memory, &mut self.world, shape, cause));
            }
            (true, life) => self.firmware = life,
            (false, Some(life)) => self.memory = life.memory,
            (false, None) => {}
        }
    }

    /// The state on the memory.
    pub fn state(&self) -> NonVolatile {
        self.firmware
            .as_ref()
            .map_or_else(|| self.memory.read(), |life| life.state.clone())
    }

    /// What is on the memory: all that would be left if the power went now.
    pub fn durable(&self) -> &NonVolatile {
        self.firmware
            .as_ref()
            .map_or(&self.memory, |life| &life.memory)
            .newest()
    }

    /// True while the machine's memory that needs power holds a picture or room for one.
    pub fn holds_picture(&self) -> bool {
        self.firmware.as_ref().is_some_and(|life| life.picture.is_some())
    }

    /// Breaks something now, or when a step begins.
    pub fn fault(&mut self, code: u16, at: Option<Step>) -> bool {
        let causable = drivers_temp_id_maker::codec::Fault::of(code).is_some()
            && (cause::BY_MACHINE.contains(&code) || cause::break_it(&mut self.world.clone(), code));
        if causable {
            self.pending.push((code, at));
            self.break_pending();
        }
        causable
    }

    /// Everything whole again.
    pub fn heal(&mut self) {
        self.pending.clear();
        self.deaf = false;
        self.with_memory(|memory| memory.worn = false);
        if self.swapped_key {
            self.swapped_key = false;
            self.set_key(None);
        }
        cause::heal(&mut self.world);
    }

    fn with_memory(&mut self, change: impl FnOnce(&mut Memory)) {
        change(self.firmware.as_mut().map_or(&mut self.memory, |life| &mut life.memory));
    }

    fn set_key(&mut self, key: Option<Vec<u8>>) {
        self.shape.device_key = key;
        if let Some(life) = &mut self.firmware {
            life.set_shape(self.shape.clone());
        }
    }

    fn break_pending(&mut self) {
        let running = self.state().job.and_then(|job| job.step);
        let card_inside = world::PATH[..5].iter().any(|(place, _)| self.world.count(*place) > 0);
        let (due, later): (Vec<_>, Vec<_>) = std::mem::take(&mut self.pending)
            .into_iter()
            .partition(|(code, at)| (at.is_none() || *at == running) && (*code != 0x0306 || card_inside));
        self.pending = later;
        for (code, _) in due {
            match code {
                0x0604 => {
                    // Taken out in the dark; taken out under its eyes it is 0605.
                    self.power(false);
                    cause::break_it(&mut self.world, code);
                    self.power(true);
                }
                0x0703 | 0x0802 | 0x0805 => {
                    self.power(false);
                    self.turn(true, if code == 0x0805 { code } else { 0x0703 });
                }
                0x0601 => {
                    if let Some(life) = &mut self.firmware {
                        life.fill_reject_bin();
                    }
                }
                0x0801 => self.with_memory(|memory| memory.worn = true),
                0x0803 => {
                    self.swapped_key = true;
                    self.set_key(Some(b"a key that nobody in this hall has".to_vec()));
                }
                0x0806 => self.deaf = true,
                _ => {
                    cause::break_it(&mut self.world, code);
                }
            }
        }
    }

    /// A coarser look at the sensors, for tests that play thousands of jobs.
    pub fn tick_every(&mut self, ms: u64) {
        self.tick_ms = ms.max(1);
    }

    /// Power went in the middle of a write: the copy that was being written is no longer whole. Only without power.
    pub fn tear(&mut self) {
        self.memory.tear();
    }

    /// Lets time pass, in the machine's own milliseconds.
    pub fn pass(&mut self, ms: u64) {
        let until = self.now_ms + ms;
        while self.now_ms < until {
            let slice = self.tick_ms.min(until - self.now_ms);
            self.now_ms += slice;
            if !self.pending.is_empty() {
                self.break_pending();
            }
            self.world.pass(slice, self.firmware.is_some());
            let now_ms = self.now_ms - self.on_since_ms;
            if let Some(life) = &mut self.firmware {
                life.tick(now_ms, &mut self.world);
                if life.dead {
                    self.power(false);
                }
            }
        }
    }

    /// A byte comes in; what goes out.
    pub fn hear(&mut self, byte: u8) -> Vec<u8> {
        if self.deaf {
            return Vec::new();
        }
        let Some(frame) = self.decoder.push(byte) else {
            return Vec::new();
        };
        let Some(life) = &mut self.firmware else {
            return Vec::new();
        };
        let reply = life.answer(&frame, &mut self.world).unwrap_or_default();
        if life.dead {
            self.power(false);
        }
        reply
    }

    fn view(&self) -> Value {
        let state = self.state();
        let places = [
            ("hopper", Place::Hopper),
            ("hand", Place::Hand),
            ("reject_bin", Place::RejectBin),
            ("retract_bin", Place::RetractBin),
            ("staff", Place::Staff),
            ("fallen", Place::Fallen),
        ];
        let counts: serde_json::Map<_, _> = places
            .iter()
            .map(|(name, place)| ((*name).to_string(), json!(self.world.count(*place))))
            .collect();
        let cards = self.world.cards.iter().filter(|card| card.place != Place::Hopper);
        let job = state.job.as_ref();
        let sensors = self.world.sensors();
        json!({
            "power": self.firmware.is_some(),
            "boot": state.boot,
            "mode": self.firmware.as_ref().map(Firmware::mode),
            "phase": job.map(|job| job.phase),
            "step": job.and_then(|job| job.step),
            "attempt": job.map(|job| job.attempt),
            "fault": format!("{:04X}", state.fault),
            "heater_c": f64::from(sensors.heater) / 10.0,
            "shutter_open": self.world.shutter_open(),
            "blanks": counts,
            "cards": cards.map(|card| json!({
                "id": card.id, "place": card.place, "film": card.film, "pressed": card.pressed,
            })).collect::<Vec<_>>(),
            "film": self.world.films.iter().map(|film| json!({
                "id": film.id, "place": film.place, "printed": film.face.is_some(),
            })).collect::<Vec<_>>(),
            "film_on_roll": self.world.roll,
            "fenced": state.fence.len(),
            "ms": self.now_ms,
        })
    }
}

/// The machine on the bench.
#[derive(Debug, Clone)]
pub struct MakerTwin {
    machine: Arc<Mutex<Machine>>,
    scale: f64,
}

impl MakerTwin {
    /// `scale` times the real duration of everything: 1 as in life, 0.01 a hundred times as fast.
    pub fn new(scale: f64) -> Self {
        Self::of(Shape::default(), scale)
    }

    /// The same with another machine.
    pub fn of(shape: Shape, scale: f64) -> Self {
        Self {
            machine: Arc::new(Mutex::new(Machine::of(shape))),
            scale: scale.clamp(0.001, 10.0),
        }
    }

    /// The machine, to be looked at.
    pub fn machine(&self) -> MutexGuard<'_, Machine> {
        self.machine.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Twin for MakerTwin {
    fn name(&self) -> &'static str {
        "maker"
    }

    fn baud(&self) -> u32 {
        BAUD
    }

    fn routes(&self) -> Router {
        Router::new()
            .route("/", get(view))
            .route("/power", post(power))
            .route("/take", post(take))
            .route("/fault", post(fault).delete(heal))
            .route("/clear-path", post(clear_path))
            .route("/load", post(load))
            .route("/empty-bins", post(empty_bins))
            .route("/pull", post(pull))
            .route("/cards/{file}", get(card))
            .with_state(self.clone())
    }

    fn run(self: Box<Self>, mut line: Line) {
        let mut buffer = [0; 256];
        let mut passed = Instant::now();
        let mut owed_ms = 0.0;
        loop {
            let heard = line.read(&mut buffer, Duration::from_millis(2));
            let count = match heard {
                Heard::Bytes(count) => count,
                Heard::Silence | Heard::Unplugged => 0,
                Heard::Closed => return,
            };
            let mut replies = Vec::new();
            {
                let mut machine = self.machine();
                owed_ms += passed.elapsed().as_secs_f64() * 1000.0 / self.scale;
                passed = Instant::now();
                machine.pass(owed_ms as u64);
                owed_ms = owed_ms.fract();
                buffer[..count]
                    .iter()
                    .for_each(|byte| replies.extend(machine.hear(*byte)));
            }
            if !replies.is_empty() {
                line.write(&replies);
            }
        }
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Power {
    on: bool,
}

async fn view(State(twin): State<MakerTwin>) -> Json<Value> {
    Json(twin.machine().view())
}

async fn power(State(twin): State<MakerTwin>, Json(power): Json<Power>) -> Json<Value> {
    let mut machine = twin.machine();
    machine.power(power.on);
    Json(machine.view())
}

/// `{}` or no body: a hand takes at once what is there, and goes on doing so; `after_s` null: it never does.
async fn take(State(twin): State<MakerTwin>, body: String) -> Response {
    let wish: Value = match serde_json::from_str(if body.trim().is_empty() { "{}" } else { &body }) {
        Ok(wish) => wish,
        Err(error) => return (StatusCode::BAD_REQUEST, format!("{error}\n")).into_response(),
    };
    let mut machine = twin.machine();
    let after_ms = match wish.get("after_s") {
        None => Some(0),
        Some(Value::Null) => None,
        Some(seconds) => match seconds.as_f64() {
            Some(seconds) if seconds >= 0.0 => Some((seconds * 1000.0) as u64),
            _ => return (StatusCode::BAD_REQUEST, "after_s: seconds or null\n").into_response(),
        },
    };
    machine.world.take_after_ms = after_ms;
    Json(machine.view()).into_response()
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct FaultWish {
    code: String,
    at: Option<String>,
}

async fn fault(State(twin): State<MakerTwin>, Json(wish): Json<FaultWish>) -> Response {
    let code = u16::from_str_radix(&wish.code, 16);
    let at = wish.at.as_deref().map(step_named);
    match (code, at) {
        (Ok(code), None | Some(Some(_))) => {
            let mut machine = twin.machine();
            if machine.fault(code, at.flatten()) {
                return Json(machine.view()).into_response();
            }
            (
                StatusCode::BAD_REQUEST,
                "no cause is known for this code; see section 7 of the protocol\n",
            )
                .into_response()
        }
        _ => (StatusCode::BAD_REQUEST, "give {\"code\":\"0305\",\"at\":\"FEED\"}\n").into_response(),
    }
}

fn step_named(name: &str) -> Option<Step> {
    let plain = |text: &str| text.replace('_', "").to_lowercase();
    Step::ALL
        .iter()
        .find(|step| plain(&format!("{step:?}")) == plain(name))
        .copied()
}

async fn heal(State(twin): State<MakerTwin>) -> Json<Value> {
    let mut machine = twin.machine();
    machine.heal();
    Json(machine.view())
}

/// What staff puts in. The machine counts it only when it is told (`REPLENISH`).
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Load {
    blanks: u16,
    film: u16,
    medium: u16,
}

async fn load(State(twin): State<MakerTwin>, Json(load): Json<Load>) -> Json<Value> {
    let mut machine = twin.machine();
    machine.world.load(load.blanks, load.film, load.medium);
    Json(machine.view())
}

/// Staff takes both bins out and empties them; how many blanks were in each.
async fn empty_bins(State(twin): State<MakerTwin>) -> Json<Value> {
    let (reject, retract) = twin.machine().world.empty_bins();
    Json(json!({ "reject": reject, "retract": retract }))
}

/// Staff opens the machine and takes out whatever lies in the path.
async fn clear_path(State(twin): State<MakerTwin>) -> Json<Value> {
    Json(json!({ "removed": twin.machine().world.clear_path() }))
}

/// A hand pulls what it can reach, also in the dark.
async fn pull(State(twin): State<MakerTwin>) -> Json<Value> {
    Json(json!({ "pulled": twin.machine().world.take() }))
}

async fn card(State(twin): State<MakerTwin>, Path(file): Path<String>) -> Response {
    let id = file.strip_suffix(".png").and_then(|id| id.parse::<u32>().ok());
    let found = {
        let machine = twin.machine();
        let card = machine.world.cards.iter().find(|card| Some(card.id) == id).cloned();
        card.map(|card| (machine.world.face(&card), card))
    };
    match found.map(|(face, card)| picture::png(&card, face.as_deref())) {
        Some(Ok(bytes)) => ([(header::CONTENT_TYPE, "image/png")], bytes).into_response(),
        Some(Err(error)) => (StatusCode::INTERNAL_SERVER_ERROR, error.to_string()).into_response(),
        None => (StatusCode::NOT_FOUND, "no such card: /maker lists them\n").into_response(),
    }
}
