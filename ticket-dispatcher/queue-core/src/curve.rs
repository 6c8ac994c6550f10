//! Distributions as tables of quantiles, so that a draw costs one look and no logarithm.

/// Points of a curve.
pub(crate) const POINTS: usize = 128;
/// Draws per point: draws are numbers in 0..65536.
const STEP: u32 = 65_536 / POINTS as u32;

/// A distribution of times in ms: its values at the middle of each 128th of the probability.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Curve([i32; POINTS]);

#[allow(clippy::cast_possible_truncation)] // clamped before
fn small(ms: f64) -> i32 {
    ms.clamp(-2e9, 2e9).round() as i32
}

impl Curve {
    pub(crate) fn log_normal(mu: f64, sigma: f64, normal: &[f64; POINTS]) -> Self {
        Self(core::array::from_fn(|i| small(libm::exp(mu + sigma * normal[i]))))
    }

    pub(crate) fn normal(mean: f64, sd: f64, normal: &[f64; POINTS]) -> Self {
        Self(core::array::from_fn(|i| small(mean + sd * normal[i])))
    }

    /// From what was measured; `None` when nothing was.
    pub(crate) fn measured(values: &[i64]) -> Option<Self> {
        let mut sorted = values.to_vec();
        sorted.sort_unstable();
        let last = sorted.len().checked_sub(1)?;
        Some(Self(core::array::from_fn(|i| {
            let at = (i as f64 + 0.5) / POINTS as f64 * sorted.len() as f64 - 0.5;
            let low = (at.max(0.0) as usize).min(last);
            let part = (at - low as f64).clamp(0.0, 1.0);
            let (a, b) = (sorted[low] as f64, sorted[(low + 1).min(last)] as f64);
            small(a + part * (b - a))
        })))
    }

    /// The value at a draw in 0..65536.
    #[inline]
    pub(crate) fn at(&self, draw: u32) -> i64 {
        let draw = draw.min(65_535);
        let (i, rest) = ((draw / STEP) as usize, i64::from(draw % STEP));
        let a = i64::from(self.0[i]);
        if i + 1 == POINTS {
            return a;
        }
        a + (i64::from(self.0[i + 1]) - a) * rest / i64::from(STEP)
    }

    /// The share of values up to `ms`, in 65536ths.
    pub(crate) fn share(&self, ms: i64) -> u32 {
        let i = self.0.partition_point(|value| i64::from(*value) <= ms);
        if i == 0 || i == POINTS {
            return i as u32 * STEP;
        }
        let (a, b) = (i64::from(self.0[i - 1]), i64::from(self.0[i]));
        let part = (ms - a) * i64::from(STEP) / (b - a).max(1);
        (i as u32 - 1) * STEP + u32::try_from(part).unwrap_or(0)
    }

    /// A value above `ms`, when `share` is the share up to it.
    #[inline]
    pub(crate) fn beyond(&self, share: u32, ms: i64, draw: u32) -> i64 {
        if share >= 65_536 - STEP {
            // Longer than nearly all: what is left shrinks to a tenth of what has passed, plus half a minute.
            return ms + 30_000 + ms / 5 * i64::from(draw) / 65_536;
        }
        self.at(share + (65_536 - share) * draw / 65_536).max(ms)
    }
}

/// Quantiles of the standard normal distribution at the middle of each 128th, by bisection of `erf`.
pub(crate) fn normal_quantiles() -> [f64; POINTS] {
    core::array::from_fn(|i| {
        let p = (i as f64 + 0.5) / POINTS as f64;
        let (mut low, mut high) = (-4.0, 4.0);
        for _ in 0..50 {
            let middle = 0.5 * (low + high);
            if 0.5 * (1.0 + libm::erf(middle / core::f64::consts::SQRT_2)) < p {
                low = middle;
            } else {
                high = middle;
            }
        }
        0.5 * (low + high)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_curve_gives_back_what_it_was_made_of() {
        let normal = normal_quantiles();
        assert!(normal[63] < 0.0 && normal[64] > 0.0 && (normal[63] + normal[64]).abs() < 1e-9);
        let curve = Curve::log_normal(libm::log(300_000.0), 0.5, &normal);
        assert!((curve.at(32_768) - 300_000).abs() < 3_000);
        for draw in [3_000, 20_000, 50_000, 63_000] {
            assert!(curve.share(curve.at(draw)).abs_diff(draw + STEP / 2) <= STEP);
        }
        let share = curve.share(400_000);
        assert!((0..64).all(|i| curve.beyond(share, 400_000, i * 1000) >= 400_000));
        assert_eq!(Curve::measured(&[7]).map(|c| c.at(9)), Some(7));
    }
}
