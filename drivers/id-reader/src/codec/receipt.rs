//! Codes of a serial barcode scanner: plain text, each ended by CR or LF, nothing around it. Pure.

use zeroize::Zeroizing;

/// No code that is printed on a receipt is longer.
const CODE_LEN_MAX: usize = 64;

/// Cuts a byte stream into codes, in whatever pieces it comes. A code stands for a person, so what is not finished is
/// wiped when it is dropped.
#[derive(Default)]
pub struct ReceiptParser {
    code: Zeroizing<Vec<u8>>,
    /// The line was longer than any code: its rest must not be taken for one.
    too_long: bool,
}

impl ReceiptParser {
    /// Takes bytes and returns the codes that they complete, without the blanks around them; empty lines are none.
    pub fn push(&mut self, bytes: &[u8]) -> Vec<Zeroizing<String>> {
        let mut codes = Vec::new();
        for byte in bytes {
            match byte {
                b'\r' | b'\n' => {
                    let text = String::from_utf8_lossy(&self.code).trim().to_string();
                    if !text.is_empty() && !self.too_long {
                        codes.push(Zeroizing::new(text));
                    }
                    self.pause();
                }
                byte if self.code.len() < CODE_LEN_MAX => self.code.push(*byte),
                _ => self.too_long = true,
            }
        }
        codes
    }

    /// A code comes in one breath: what a pause cuts off was noise.
    pub fn pause(&mut self) {
        *self = Self::default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(parser: &mut ReceiptParser, bytes: &[u8]) -> Vec<String> {
        parser.push(bytes).iter().map(|code| code.to_string()).collect()
    }

    #[test]
    fn codes_come_in_pieces_and_end_with_cr_lf_or_both() {
        let mut parser = ReceiptParser::default();
        assert!(texts(&mut parser, b"L99").is_empty());
        assert_eq!(texts(&mut parser, b"0102\r\n\r\n A7 \nB"), ["L990102", "A7"]);
        assert_eq!(texts(&mut parser, b"8\r"), ["B8"]);
    }

    #[test]
    fn the_end_of_a_line_that_is_too_long_is_no_code() {
        let mut parser = ReceiptParser::default();
        let mut line = vec![b'7'; CODE_LEN_MAX + 9];
        line.push(b'\r');
        assert!(texts(&mut parser, &line).is_empty());
        assert_eq!(texts(&mut parser, b"L990102\r"), ["L990102"], "the next one is read");
    }

    #[test]
    fn what_a_pause_cuts_off_is_no_beginning() {
        let mut parser = ReceiptParser::default();
        assert!(texts(&mut parser, b"noise").is_empty());
        parser.pause();
        assert_eq!(texts(&mut parser, b"L990102\r"), ["L990102"]);
    }
}
