//! Keeps the promise that four forecasts in five hold: after each call the bounds move a little, out when the wait fell
//! outside, in when it did not (adaptive conformal inference, Gibbs and Candès 2021).
//!
//! Kept apart by length of the wait, because short and long waits are wrong in different ways. Part of the state, so a
//! restart forgets nothing.

use serde::{Deserialize, Serialize};
use ticket_dispatcher_types::Millis;

use crate::forecast::Forecast;

/// Waits of up to 4, 12, 25 minutes, and longer.
const UP_TO_MS: [i64; 3] = [240_000, 720_000, 1_500_000];
/// One in so many may fall beyond each bound.
const ONE_IN: i32 = 10;
/// How far a bound moves in after a wait that stayed inside, in 1024ths of its distance; out, nine times that.
const STEP: i32 = 4;
/// Bounds are never drawn nearer or pushed farther than this, in 1024ths.
const LIMITS: (i32, i32) = (512, 2560);

/// By length of wait: factors of the distances of p10 and p90 from p50, in 1024ths.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(crate) struct Calibration([(i32, i32); 4]);

impl Default for Calibration {
    fn default() -> Self {
        // Where the days that we tuned on left them.
        Self([(1060, 1200); 4])
    }
}

fn level(p50: Millis) -> usize {
    UP_TO_MS.iter().position(|ms| p50.0 <= *ms).unwrap_or(UP_TO_MS.len())
}

impl Calibration {
    /// Bounds that hold, from the raw ones of a look-ahead.
    pub(crate) fn apply(&self, raw: Forecast) -> Forecast {
        let (low, high) = self.0[level(raw.p50)];
        let p10 = raw.p50.0 - (raw.p50.0 - raw.p10.0) * i64::from(low) / 1024;
        let p90 = raw.p50.0 + (raw.p90.0 - raw.p50.0) * i64::from(high) / 1024;
        Forecast {
            p10: Millis(p10.max(0)),
            p50: raw.p50,
            p90: Millis(p90),
        }
    }

    /// A ticket was called after `wait`, when `said` had been foreseen.
    pub(crate) fn learn(&mut self, said: Forecast, wait: Millis) {
        if said.p90 <= Millis::ZERO && wait <= Millis::ZERO {
            return;
        }
        let (low, high) = &mut self.0[level(said.p50)];
        let moved = |factor: i32, missed: bool| {
            let step = if missed { STEP * (ONE_IN - 1) } else { -STEP };
            (factor + step).clamp(LIMITS.0, LIMITS.1)
        };
        *low = moved(*low, wait < said.p10);
        *high = moved(*high, wait > said.p90);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bounds_find_the_place_where_one_in_ten_falls_outside() {
        let raw = Forecast {
            p10: Millis(500_000),
            p50: Millis(600_000),
            p90: Millis(700_000),
        };
        let mut calibration = Calibration::default();
        let (mut above, mut below) = (0, 0);
        for n in 0..4000_i64 {
            let said = calibration.apply(raw);
            // Waits spread evenly over 300 to 900 s: one in ten is above 840 s.
            let wait = Millis(300_000 + n * 7919 % 6007 * 100);
            if n >= 1000 {
                above += i32::from(wait > said.p90);
                below += i32::from(wait < said.p10);
            }
            calibration.learn(said, wait);
        }
        assert!(
            (240..=360).contains(&above) && (240..=360).contains(&below),
            "{above} above, {below} below"
        );
    }
}
