//! Chance by counting: every draw is a function of (seed, whose, path, what for), so that a forecast does not depend on
//! how many were made before it, and moves because the hall moved, not because of new dice.

/// What a draw is for; keeps draws of one person apart.
#[derive(Debug, Clone, Copy)]
#[repr(u64)]
pub(crate) enum What {
    Duration = 1,
    Walk = 2,
    Leave = 3,
    Tell = 4,
    Show = 5,
    Offset = 6,
    Opening = 7,
    Closing = 8,
    GroupFactor = 9,
    WalkIn = 10,
}

/// The finishing steps of SplitMix64 (Steele, Lea, Flood 2014): a bijection of 64 bits that looks like chance.
#[inline]
pub(crate) fn mix(mut z: u64) -> u64 {
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// The key of one person, window or booking under a seed.
pub(crate) fn key(seed: u64, whose: u128) -> u64 {
    let (high, low) = ((whose >> 64) as u64, whose as u64);
    mix(mix(seed.wrapping_add(0x9e37_79b9_7f4a_7c15) ^ high).wrapping_add(low))
}

/// A number in 0..65536, evenly.
#[inline]
pub(crate) fn draw(key: u64, path: u64, what: What) -> u32 {
    let counter = path.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ (what as u64).wrapping_mul(0xd1b5_4a32_d192_ed03);
    (mix(key ^ counter) >> 48) as u32
}
