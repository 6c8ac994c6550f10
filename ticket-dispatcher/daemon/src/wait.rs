//! How a forecast becomes what people are told. The only place where waits are rounded.

use ticket_dispatcher_protocol::WaitRange;
use ticket_dispatcher_queue_core::Forecast;

const MINUTE: i64 = 60_000;

/// Nobody plans by the minute an hour ahead: steps of 1 minute up to 10, of 5 up to 60, of 10 beyond.
fn step(ms: i64) -> i64 {
    match ms.div_euclid(MINUTE) {
        ..10 => MINUTE,
        10..60 => 5 * MINUTE,
        _ => 10 * MINUTE,
    }
}

fn down(ms: i64) -> i64 {
    ms.div_euclid(step(ms)) * step(ms)
}

fn up(ms: i64) -> i64 {
    (ms + step(ms) - 1).div_euclid(step(ms)) * step(ms)
}

fn near(ms: i64) -> i64 {
    (ms + step(ms) / 2).div_euclid(step(ms)) * step(ms)
}

fn secs(ms: i64) -> u32 {
    u32::try_from(ms / 1000).unwrap_or(u32::MAX)
}

/// Rounds outwards: the low end down, the high end up, the middle to the nearest step within them. A wait of nothing
/// stays nothing.
pub fn as_told(forecast: Forecast) -> WaitRange {
    let low = down(forecast.p10.0.max(0));
    let high = up(forecast.p90.0.max(0));
    WaitRange {
        p10_s: secs(low),
        p50_s: secs(near(forecast.p50.0.max(0)).clamp(low, high)),
        p90_s: secs(high),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ticket_dispatcher_types::Millis;

    fn told(p10: i64, p50: i64, p90: i64) -> (u32, u32, u32) {
        let wait = as_told(Forecast {
            p10: Millis::from_secs(p10),
            p50: Millis::from_secs(p50),
            p90: Millis::from_secs(p90),
        });
        (wait.p10_s / 60, wait.p50_s / 60, wait.p90_s / 60)
    }

    #[test]
    fn waits_are_rounded_outwards_to_what_people_use() {
        assert_eq!(told(0, 0, 0), (0, 0, 0));
        assert_eq!(told(370, 740, 1_250), (6, 10, 25));
        assert_eq!(told(59, 61, 119), (0, 1, 2));
        assert_eq!(told(601, 899, 3_601), (10, 15, 70));
    }

    #[test]
    fn rounding_never_turns_the_range_around() {
        for p10 in (0..9_000).step_by(97) {
            for extra in [0, 1, 59, 600, 4_000] {
                let (low, mid, high) = told(p10, p10 + extra / 2, p10 + extra);
                assert!(low <= mid && mid <= high, "{p10} {extra}");
                assert!(i64::from(low) * 60 <= p10 && p10 + extra <= i64::from(high) * 60);
            }
        }
    }
}
