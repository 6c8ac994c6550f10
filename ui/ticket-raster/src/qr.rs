//! QR codes as squares of modules, level M.

use qrcode::{Color, EcLevel, QrCode};

/// The text is too long for a code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the text does not fit into a QR code")]
pub struct QrError;

/// A QR code without its quiet zone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QrPicture {
    side: u16,
    dark: Vec<bool>,
}

impl QrPicture {
    /// Of `text`, error correction level M, the smallest version that holds it.
    pub fn new(text: &[u8]) -> Result<Self, QrError> {
        Self::with_level(text, EcLevel::M)
    }

    /// The same at the level that a printer was told: 0 L, 1 M, 2 Q, 3 H.
    pub fn with_level_number(text: &[u8], level: u8) -> Result<Self, QrError> {
        let level = match level {
            0 => EcLevel::L,
            1 => EcLevel::M,
            2 => EcLevel::Q,
            _ => EcLevel::H,
        };
        Self::with_level(text, level)
    }

    fn with_level(text: &[u8], level: EcLevel) -> Result<Self, QrError> {
        let code = QrCode::with_error_correction_level(text, level).map_err(|_| QrError)?;
        Ok(Self {
            side: u16::try_from(code.width()).map_err(|_| QrError)?,
            dark: code
                .into_colors()
                .into_iter()
                .map(|color| color == Color::Dark)
                .collect(),
        })
    }

    /// Modules a side.
    pub fn side(&self) -> u16 {
        self.side
    }

    /// True for a dark module; outside is light.
    pub fn dark(&self, x: u16, y: u16) -> bool {
        x < self.side && y < self.side && self.dark[usize::from(y) * usize::from(self.side) + usize::from(x)]
    }

    /// Rows of whole bytes, `dots` dots a module: (bytes a row, rows, data). The top bit is the left dot.
    pub fn raster(&self, dots: u8) -> (u16, u16, Vec<u8>) {
        let side = self.side * u16::from(dots);
        let row_bytes = side.div_ceil(8);
        let mut data = vec![0u8; usize::from(row_bytes) * usize::from(side)];
        for y in 0..side {
            for x in 0..side {
                if self.dark(x / u16::from(dots), y / u16::from(dots)) {
                    data[usize::from(y) * usize::from(row_bytes) + usize::from(x / 8)] |= 0x80 >> (x % 8);
                }
            }
        }
        (row_bytes, side, data)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ticket_url_of_37_characters_has_29_modules_and_the_known_size() {
        let code = QrPicture::new(b"https://hall.example/q?t=0123456789AB").expect("fits");
        assert_eq!(code.side(), 29);
        let (row_bytes, rows, data) = code.raster(3);
        // 965 bytes with the eight of the raster command: the reference's figure.
        assert_eq!((row_bytes, rows, data.len() + 8), (11, 87, 965));
        assert!(code.dark(0, 0) && !code.dark(1, 1) && !code.dark(29, 0));
    }
}
