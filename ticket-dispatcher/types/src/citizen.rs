//! The citizen number (公民身份号码, GB 11643-1999): whether its check digit holds.

/// True for 18 characters whose last one follows from the others: weights 7 9 10 5 8 4 2 1 6 3 7 9 10 5 8 4 2, the sum
/// modulo 11 read in `10X98765432`.
pub fn check_digit_holds(number: &str) -> bool {
    const WEIGHTS: [u32; 17] = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
    let bytes = number.as_bytes();
    if bytes.len() != 18 || !bytes[..17].iter().all(u8::is_ascii_digit) {
        return false;
    }
    let digits = bytes[..17].iter().map(|byte| u32::from(byte - b'0'));
    let sum: u32 = digits.zip(WEIGHTS).map(|(digit, weight)| digit * weight).sum();
    b"10X98765432"[(sum % 11) as usize] == bytes[17]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_numbers_hold_and_one_wrong_digit_does_not() {
        for good in [
            "11010519491231002X",
            "990101199003070015",
            "990102197612310026",
            "990101200002290038",
        ] {
            assert!(check_digit_holds(good), "{good}");
        }
        for bad in [
            "110105194912310021",
            "990101199003070025",
            "99010119900307001",
            "99010119900307001x",
            "九",
        ] {
            assert!(!check_digit_holds(bad), "{bad}");
        }
    }
}
