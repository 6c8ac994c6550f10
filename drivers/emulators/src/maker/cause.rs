//! What a person at the bench breaks: for every fault of TIM/1 a cause in the world, never the fault itself.

use super::world::{FilmPlace, Place, World};

/// Faults that come of something else than a broken thing: the power, the memory, the keys, a wire.
pub const BY_MACHINE: [u16; 8] = [0x0601, 0x0604, 0x0703, 0x0801, 0x0802, 0x0803, 0x0805, 0x0806];

/// Breaks what leads to `code`; false when it is none of TIM/1 or of [`BY_MACHINE`].
pub fn break_it(world: &mut World, code: u16) -> bool {
    let sensor = match code {
        0x0502 => Some((16, true)),
        0x0602 => Some((19, true)),
        0x0603 => Some((21, true)),
        0x0604 | 0x0605 => Some((18, false)),
        0x0701 => Some((24, true)),
        0x0702 => Some((27, false)),
        0x0704 => Some((26, true)),
        _ => None,
    };
    if let Some((bit, on)) = sensor {
        world.broken.sensors.insert(bit, on);
        return true;
    }
    let part = match code {
        0x0103 => Some("film_drive"),
        0x0104 => Some("cutter"),
        0x0203 => Some("hot_head"),
        0x0204 => Some("print_head"),
        0x0305 => Some("path"),
        0x0402 => Some("heater"),
        0x0403 => Some("thermostat"),
        0x0404 => Some("weak_heater"),
        0x0205 => Some("print_quality"),
        0x0308 => Some("serial_reader"),
        0x0405 => Some("heat_sensor"),
        0x0804 => Some("path_sensor"),
        0x0406 => Some("press"),
        0x0503 => Some("shutter"),
        0x0501 => Some("hand"),
        0x0504 => Some("draw_in"),
        _ => None,
    };
    if let Some(part) = part {
        world.broken.parts.insert(part);
        return true;
    }
    match code {
        0x0101 => world.roll = 40,
        0x0401 => world.cool(),
        0x0102 => world.roll = 0,
        0x0105 => world.broken.short_cuts = 2,
        0x0106 => world.lose_film(),
        0x0201 => world.medium = 20,
        0x0202 => world.medium = 0,
        0x0301 => leave_in_hopper(world, 19),
        0x0302 => leave_in_hopper(world, 0),
        0x0303 => world.broken.pick_slips = 3,
        0x0304 => world.broken.double_picks = 1,
        0x0306 => world.lose(),
        0x0307 => world.stray(),
        _ => return false,
    }
    true
}

/// Staff takes blanks out of the hopper until `count` are left.
fn leave_in_hopper(world: &mut World, count: usize) {
    let blanks = world.cards.iter_mut().filter(|card| card.place == Place::Hopper);
    blanks.skip(count).for_each(|card| card.place = Place::Staff);
}

/// Everything is whole again, roll and medium full; what lies where it should not stays there, and people go on as they
/// were told to.
pub fn heal(world: &mut World) {
    world.broken = super::world::Broken::default();
    world.roll = world.roll.max(200);
    world.medium = world.medium.max(200);
    world
        .films
        .iter_mut()
        .filter(|film| film.place == FilmPlace::Platen)
        .for_each(|film| film.short = false);
}
