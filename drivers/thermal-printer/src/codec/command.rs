//! Commands to the printer. Sources: Epson command reference, SNBC BT-T080 and Masung manuals (see the thermal printer
//! reference, section 3).

/// `ESC @`: styles back to their defaults, user characters forgotten.
pub const INITIALISE: [u8; 2] = [0x1B, 0x40];

/// `FS &`: two-byte codes are Chinese characters. On by default on most models; sent anyway.
pub const CHINESE_ON: [u8; 2] = [0x1C, 0x26];

/// `FS S 0 0`: no extra dots left and right of a Chinese character.
pub const CHINESE_SPACING_NONE: [u8; 4] = [0x1C, 0x53, 0, 0];

/// End of a line.
pub const LINE_FEED: u8 = 0x0A;

/// `ESC 3 n`: line spacing in dots.
pub fn line_spacing(dots: u8) -> [u8; 3] {
    [0x1B, 0x33, dots]
}

/// `GS ! n`: size as multiples 1 to 8.
pub fn size(w: u8, h: u8) -> [u8; 3] {
    let part = |times: u8| times.clamp(1, 8) - 1;
    [0x1D, 0x21, part(w) << 4 | part(h)]
}

/// `ESC a n`: 0 left, 1 centre. Only at the start of a line.
pub fn align(centre: bool) -> [u8; 3] {
    [0x1B, 0x61, u8::from(centre)]
}

/// `ESC E n`, or `ESC G n` where `letter` is 47.
pub fn bold(letter: u8, on: bool) -> [u8; 3] {
    [0x1B, letter, u8::from(on)]
}

/// `ESC J n`: feeds `dots`.
pub fn feed(dots: u8) -> [u8; 3] {
    [0x1B, 0x4A, dots]
}

/// First byte of a user character's code.
pub const USER_LEAD: u8 = 0xFE;

/// Second byte of the first user character's code.
pub const USER_FIRST: u8 = 0xA1;

/// `FS 2`: defines the user character `FE c2` from 72 bytes, 24 columns of 3.
pub fn define_user_character(c2: u8, columns: &[u8]) -> Vec<u8> {
    let mut out = vec![0x1C, 0x32, USER_LEAD, c2];
    out.extend_from_slice(columns);
    out
}

/// `ESC * 33`: a picture 24 dots high in the line of text, 3 bytes a column.
pub fn inline_picture(columns: &[u8]) -> Vec<u8> {
    let width = u16::try_from(columns.len() / 3).unwrap_or(u16::MAX).to_le_bytes();
    let mut out = vec![0x1B, 0x2A, 0x21, width[0], width[1]];
    out.extend_from_slice(columns);
    out
}

/// `GS v 0 m`: rows of `row_bytes` bytes; `m` bit 0 doubles the width, bit 1 the height.
pub fn raster(m: u8, row_bytes: u16, rows: u16, data: &[u8]) -> Vec<u8> {
    let (x, y) = (row_bytes.to_le_bytes(), rows.to_le_bytes());
    let mut out = vec![0x1D, 0x76, 0x30, m, x[0], x[1], y[0], y[1]];
    out.extend_from_slice(data);
    out
}

/// True when a picture holds a sequence that a printer obeys at once even inside a picture (`DLE EOT`, `DLE ENQ`,
/// `DLE DC4`). Such a picture has to be moved by a dot.
pub fn holds_real_time_sequence(data: &[u8]) -> bool {
    data.windows(2)
        .any(|pair| pair[0] == 0x10 && matches!(pair[1], 0x04 | 0x05 | 0x14))
}

/// The printer's own QR code: model 2, `module_dots` a module, level M.
pub fn native_qr(text: &[u8], module_dots: u8) -> Vec<u8> {
    let head = [0x1D, 0x28, 0x6B];
    let length = u16::try_from(text.len() + 3).unwrap_or(u16::MAX).to_le_bytes();
    let mut out = Vec::with_capacity(text.len() + 41);
    for part in [
        &[0x04, 0x00, 0x31, 0x41, 0x32, 0x00][..],
        &[0x03, 0x00, 0x31, 0x43, module_dots],
        &[0x03, 0x00, 0x31, 0x45, 0x31],
    ] {
        out.extend_from_slice(&head);
        out.extend_from_slice(part);
    }
    out.extend_from_slice(&head);
    out.extend_from_slice(&[length[0], length[1], 0x31, 0x50, 0x30]);
    out.extend_from_slice(text);
    out.extend_from_slice(&head);
    out.extend_from_slice(&[0x03, 0x00, 0x31, 0x51, 0x30]);
    out
}

/// `DLE EOT n`: status at once, one byte a request.
pub fn status_request(n: u8) -> [u8; 3] {
    [0x10, 0x04, n]
}

/// `DLE ENQ 2`: clear the buffers and recover. Most models obey only after a recoverable error.
pub const CLEAR_AND_RECOVER: [u8; 3] = [0x10, 0x05, 0x02];

/// `DLE DC4 8`: clear the buffers; the answer begins `37 25`.
pub const CLEAR_BUFFERS: [u8; 10] = [0x10, 0x14, 0x08, 0x01, 0x03, 0x14, 0x01, 0x06, 0x02, 0x08];

/// `GS r 1`: paper status, answered after everything before it was printed.
pub const SEQUENCE_STATUS: [u8; 3] = [0x1D, 0x72, 0x01];

/// The four bytes by which a job's end marker is known again. Only 40 to 4F are used: none of them looks like any
/// status byte, so that an answer pushed into the middle of a marker is still told apart.
pub fn marker(job: u32) -> [u8; 4] {
    let [.., high, low] = job.to_be_bytes();
    [0x40 | high >> 4, 0x40 | high & 0x0F, 0x40 | low >> 4, 0x40 | low & 0x0F]
}

/// `GS ( H` function 48: after printing what came before, the printer answers `37 22 d1 d2 d3 d4 00`.
pub fn process_id(marker: [u8; 4]) -> Vec<u8> {
    let mut out = vec![0x1D, 0x28, 0x48, 0x06, 0x00, 0x30, 0x30];
    out.extend_from_slice(&marker);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_are_the_bytes_of_the_manuals() {
        assert_eq!(size(5, 5), [0x1D, 0x21, 0x44]);
        assert_eq!(size(1, 2), [0x1D, 0x21, 0x01]);
        assert_eq!(inline_picture(&[0; 72])[..5], [0x1B, 0x2A, 0x21, 0x18, 0x00]);
        assert_eq!(raster(3, 11, 87, &[])[..], [0x1D, 0x76, 0x30, 3, 11, 0, 87, 0]);
        assert_eq!(
            process_id(*b"@ABC"),
            [0x1D, 0x28, 0x48, 6, 0, 0x30, 0x30, 0x40, 0x41, 0x42, 0x43]
        );
    }

    #[test]
    fn markers_differ_and_never_look_like_a_status() {
        assert_ne!(marker(1), marker(2));
        assert_eq!(marker(0xA5_C3F0), [0x4C, 0x43, 0x4F, 0x40]);
        for job in 0..=0xFFFF {
            assert!(
                marker(job)
                    .iter()
                    .all(|b| (0x40..=0x4F).contains(b) && b & 0x93 != 0x12 && b & 0x93 != 0x10)
            );
        }
    }

    #[test]
    fn a_picture_that_would_be_obeyed_is_found() {
        assert!(holds_real_time_sequence(&[0, 0x10, 0x04]));
        assert!(holds_real_time_sequence(&[0x10, 0x14, 0x08]));
        assert!(!holds_real_time_sequence(&[0x10, 0x10, 0x03, 0x04]));
    }
}
