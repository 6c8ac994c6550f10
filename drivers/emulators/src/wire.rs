//! What a receiver hears when the sender uses another rate: the levels on the wire, sampled with the wrong clock.
//!
//! Pure. One start bit (low), eight data bits with the lowest first, one stop bit (high), high when idle.

/// Level of the wire at `time` (in units of 1/rx of a bit of the sender, scaled), for `bytes` sent without gaps.
fn level(bytes: &[u8], bit: usize) -> bool {
    let Some(byte) = bytes.get(bit / 10) else {
        return true; // idle after the last stop bit
    };
    match bit % 10 {
        0 => false,
        9 => true,
        data => byte >> (data - 1) & 1 == 1,
    }
}

/// The bytes that a receiver at `receiver_baud` makes of `bytes` sent back to back at `sender_baud`.
///
/// The receiver waits for a falling edge, then samples the middle of each of its own bits; a missing stop bit is not
/// reported (a raw terminal does not either). Equal rates give the bytes themselves.
pub fn as_heard(bytes: &[u8], sender_baud: u32, receiver_baud: u32) -> Vec<u8> {
    if sender_baud == receiver_baud || sender_baud == 0 || receiver_baud == 0 {
        return bytes.to_vec();
    }
    let (tx, rx) = (u64::from(sender_baud), u64::from(receiver_baud));
    // Time in ticks of 1/(2*tx*rx) second: a sender's bit is 2*rx ticks, a receiver's bit is 2*tx ticks.
    let sender_bit = 2 * rx;
    let bit_at = |ticks: u64| level(bytes, usize::try_from(ticks / sender_bit).unwrap_or(usize::MAX));
    let bits_total = bytes.len() as u64 * 10;
    let mut heard = Vec::new();
    let mut next_bit = 0;
    while next_bit < bits_total {
        let starts = !level(bytes, usize::try_from(next_bit).unwrap_or(usize::MAX));
        if !starts {
            next_bit += 1;
            continue;
        }
        let edge = next_bit * sender_bit;
        let mut byte = 0u8;
        for data in 0..8u64 {
            // Middle of data bit n is one and a half bits plus n bits after the edge.
            if bit_at(edge + tx * (3 + 2 * data)) {
                byte |= 1 << data;
            }
        }
        heard.push(byte);
        // Listening starts again in the middle of the stop bit; a line still low there must first go high.
        let mut after = (edge + tx * 19) / sender_bit;
        while after < bits_total && !level(bytes, usize::try_from(after).unwrap_or(usize::MAX)) {
            after += 1;
        }
        next_bit = after.max(next_bit + 1);
    }
    heard
}

#[cfg(test)]
mod tests {
    use super::*;

    const STATUS: [u8; 10] = [0xAA, 0xAA, 0xAA, 0x96, 0x69, 0x00, 0x03, 0x11, 0xFF, 0xED];

    #[test]
    fn equal_rates_change_nothing_and_close_rates_neither() {
        assert_eq!(as_heard(&STATUS, 115_200, 115_200), STATUS);
        assert_eq!(as_heard(&STATUS, 115_200, 116_000), STATUS);
    }

    #[test]
    fn a_slow_receiver_hears_fewer_bytes_and_none_of_the_frame() {
        for rate in [57_600, 38_400, 19_200, 9_600] {
            let heard = as_heard(&STATUS, 115_200, rate);
            assert!(!heard.is_empty() && heard.len() < STATUS.len(), "{rate}: {heard:02x?}");
            assert!(
                !heard.windows(2).any(|pair| pair == [0x96, 0x69]),
                "{rate}: {heard:02x?}"
            );
        }
    }

    #[test]
    fn a_fast_receiver_hears_more_bytes_and_none_of_the_frame() {
        for rate in [19_200, 38_400, 57_600, 115_200] {
            let heard = as_heard(&STATUS, 9_600, rate);
            assert!(heard.len() > STATUS.len(), "{rate}: {heard:02x?}");
            assert!(
                !heard.windows(2).any(|pair| pair == [0x96, 0x69]),
                "{rate}: {heard:02x?}"
            );
        }
    }
}
