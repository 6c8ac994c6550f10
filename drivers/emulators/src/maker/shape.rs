//! Which machine this twin is: its resolution, its key, and what it says of itself.

use drivers_temp_id_maker::codec::Identity;
use drivers_temp_id_maker::codec::reply::cap;

use super::firmware::Weakness;

/// Room for pieces of film.
pub const FILM_CAP: u16 = 500;
/// Room for blanks.
pub const BLANK_CAP: u16 = 100;
/// Room of the reject bin.
pub const REJECT_CAP: u8 = 30;
/// Room of the retract bin.
pub const RETRACT_CAP: u8 = 20;

/// What is chosen when the twin is made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shape {
    /// Dots an inch: 300 or 600.
    pub dpi: u16,
    /// With a key it has the capability AUTH.
    pub device_key: Option<Vec<u8>>,
    /// A planted weakness. Never set outside tests.
    pub weakness: Option<Weakness>,
}

impl Default for Shape {
    fn default() -> Self {
        Self {
            dpi: 300,
            device_key: None,
            weakness: None,
        }
    }
}

impl Shape {
    /// Who the machine says that it is.
    pub fn identity(&self) -> Identity {
        let fine = self.dpi == 600;
        let auth = if self.device_key.is_some() { cap::AUTH } else { 0 };
        Identity {
            minor: 0,
            max_payload: 1024,
            caps: cap::PRINTS_FILM
                | cap::MIRROR
                | cap::BLANK_SERIAL
                | cap::CUTTER
                | cap::RETRACT_BIN
                | cap::REJECT_BIN
                | cap::INSPECT
                | cap::HEATER
                | cap::SHUTTER
                | cap::DOUBLE_DETECT
                | auth,
            vendor: "Yimen".into(),
            model: format!("TIM twin {}", if fine { 600 } else { 300 }),
            serial: "TWIN-0001".into(),
            fw: "1.1".into(),
            raster_w: if fine { 2022 } else { 1011 },
            raster_h: if fine { 1276 } else { 638 },
            dpi: if fine { 600 } else { 300 },
            formats: 0b011,
            sides: 1,
            film_cap: FILM_CAP,
            blank_cap: BLANK_CAP,
            reject_cap: REJECT_CAP,
            retract_cap: RETRACT_CAP,
            warmup_s: 40,
        }
    }
}
