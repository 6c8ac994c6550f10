//! Chinese text as GB 18030, and which characters a printer's ROM can draw.
//!
//! A code that the ROM does not have must never be sent: a printer takes the 30-39 bytes of a four-byte code for
//! digits.

use encoding_rs::GB18030;
use serde::{Deserialize, Serialize};

/// The characters of a printer's own font.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Rom {
    /// GB 2312: 6,763 hanzi.
    Gb2312,
    /// GBK: 20,902 hanzi, as in CP936 (no FE50-FEA0).
    Gbk,
    /// GB 18030-2000: GBK, FE50-FEA0 and four-byte Extension A.
    #[serde(rename = "gb18030_2000")]
    Gb18030Y2000,
}

/// How a character goes to a printer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Code {
    /// One byte, 12 dots wide.
    One(u8),
    /// Two bytes, 24 dots wide.
    Two([u8; 2]),
    /// Four bytes, 24 dots wide; only for a ROM that has them.
    Four([u8; 4]),
    /// Not in the ROM: must be drawn.
    Rare(char),
}

/// 〓, printed where no font has a character.
pub const GETA: [u8; 2] = [0xA1, 0xFE];

/// The character that is printed for `ch`: some have a twin with a two-byte code that looks the same.
pub fn printable(ch: char) -> char {
    match ch {
        '¥' => '￥',
        '•' | '‧' | '・' => '·',
        '\u{A0}' | '\t' | '\n' | '\r' => ' ',
        other => other,
    }
}

/// The GB 18030-2022 bytes of a character, whatever a ROM has.
pub fn gb18030(ch: char) -> Vec<u8> {
    let mut utf8 = [0; 4];
    let (bytes, _, _) = GB18030.encode(ch.encode_utf8(&mut utf8));
    bytes.into_owned()
}

/// How `ch` goes to a printer with `rom`. Control characters become spaces.
pub fn encode(ch: char, rom: Rom) -> Code {
    let ch = printable(ch);
    if ch.is_ascii() {
        let byte = u8::try_from(u32::from(ch)).unwrap_or(b' ');
        return Code::One(if byte.is_ascii_control() { b' ' } else { byte });
    }
    if matches!(u32::from(ch), 0x80..=0x9F | 0xE000..=0xF8FF | 0xF_0000..) {
        return Code::Rare(ch);
    }
    match *gb18030(ch).as_slice() {
        [lead, trail] if rom_has_two(ch, lead, trail, rom) => Code::Two([lead, trail]),
        [a, b, c, d] if rom == Rom::Gb18030Y2000 && is_extension_a(ch) => Code::Four([a, b, c, d]),
        _ => Code::Rare(ch),
    }
}

fn is_extension_a(ch: char) -> bool {
    matches!(u32::from(ch), 0x3400..=0x4DB5)
}

fn rom_has_two(ch: char, lead: u8, trail: u8, rom: Rom) -> bool {
    match rom {
        Rom::Gb2312 => in_gb2312(lead, trail),
        Rom::Gbk => in_cp936(ch, lead, trail),
        Rom::Gb18030Y2000 => true,
    }
}

/// The assigned cells of GB 2312-80.
fn in_gb2312(lead: u8, trail: u8) -> bool {
    match lead {
        0xA1 | 0xA3 => (0xA1..=0xFE).contains(&trail),
        0xA2 => matches!(trail, 0xB1..=0xE2 | 0xE5..=0xEE | 0xF1..=0xFC),
        0xA4 => (0xA1..=0xF3).contains(&trail),
        0xA5 => (0xA1..=0xF6).contains(&trail),
        0xA6 => matches!(trail, 0xA1..=0xB8 | 0xC1..=0xD8),
        0xA7 => matches!(trail, 0xA1..=0xC1 | 0xD1..=0xF1),
        0xA8 => matches!(trail, 0xA1..=0xBA | 0xC5..=0xE9),
        0xA9 => (0xA4..=0xEF).contains(&trail),
        0xD7 => (0xA1..=0xF9).contains(&trail),
        0xB0..=0xF7 => (0xA1..=0xFE).contains(&trail),
        _ => false,
    }
}

/// The two-byte codes that CP936 has: GBK without FE50-FEA0, the euro and what GB 18030 added later.
fn in_cp936(ch: char, lead: u8, trail: u8) -> bool {
    let code = u32::from(ch);
    let later = matches!(code, 0x01F9 | 0x1E3F | 0x20AC | 0x303E | 0x2FF0..=0x2FFB | 0xFE10..=0xFE19 | 0x9FA6..=0x9FFF);
    let block_fe50 = lead == 0xFE && trail >= 0x50;
    !later && !block_fe50 && !is_extension_a(ch)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The table of the thermal printer reference, 4.1.
    #[test]
    fn gb18030_bytes_of_the_reference_table() {
        for (ch, bytes) in [
            ('张', &[0xD5, 0xC5][..]),
            ('䶮', &[0xFE, 0x9F]),
            ('𬱖', &[0x99, 0x33, 0xC3, 0x36]),
            ('𫖯', &[0x98, 0x38, 0xF5, 0x37]),
            ('¥', &[0x81, 0x30, 0x84, 0x36]),
            ('€', &[0xA2, 0xE3]),
            ('·', &[0xA1, 0xA4]),
            ('•', &[0x81, 0x36, 0xA6, 0x31]),
            ('—', &[0xA1, 0xAA]),
            ('…', &[0xA1, 0xAD]),
            ('〓', &GETA),
        ] {
            assert_eq!(gb18030(ch), bytes, "{ch}");
        }
    }

    #[test]
    fn traps_go_out_as_their_twins_and_four_byte_codes_never_to_a_rom_without_them() {
        for rom in [Rom::Gb2312, Rom::Gbk, Rom::Gb18030Y2000] {
            assert_eq!(encode('张', rom), Code::Two([0xD5, 0xC5]));
            assert_eq!(encode('¥', rom), Code::Two([0xA3, 0xA4]));
            assert_eq!(encode('•', rom), Code::Two([0xA1, 0xA4]));
            assert_eq!(encode('…', rom), Code::Two([0xA1, 0xAD]));
            assert_eq!(encode('A', rom), Code::One(b'A'));
            assert_eq!(encode('\n', rom), Code::One(b' '));
            assert_eq!(
                encode('\u{E863}', rom),
                Code::Rare('\u{E863}'),
                "private use has no agreed shape"
            );
            assert_eq!(encode('𬱖', rom), Code::Rare('𬱖'));
        }
        assert_eq!(encode('䶮', Rom::Gbk), Code::Rare('䶮'));
        assert_eq!(encode('䶮', Rom::Gb18030Y2000), Code::Two([0xFE, 0x9F]));
        assert_eq!(encode('€', Rom::Gbk), Code::Rare('€'));
        assert_eq!(encode('\u{3402}', Rom::Gbk), Code::Rare('\u{3402}'));
        assert!(matches!(encode('\u{3402}', Rom::Gb18030Y2000), Code::Four(_)));
        assert_eq!(encode('號', Rom::Gb2312), Code::Rare('號'));
        assert!(matches!(encode('號', Rom::Gbk), Code::Two(_)));
    }

    #[test]
    fn the_sets_have_the_standards_counts_of_hanzi() {
        let count = |rom| {
            (0x4E00..=0x9FFF)
                .filter_map(char::from_u32)
                .filter(|ch| matches!(encode(*ch, rom), Code::Two(_)))
                .count()
        };
        assert_eq!(count(Rom::Gb2312), 6_763);
        assert_eq!(count(Rom::Gbk), 20_902);
    }
}
