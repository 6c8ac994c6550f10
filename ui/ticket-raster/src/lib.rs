//! One-bit pictures: tickets on a canvas of 576 dots, and the back of the temporary identity card.
//!
//! Made for a 203 dpi thermal head: 8 dots a millimetre, 72 bytes a row, the top bit is the left dot. The canvas has
//! the bit order of the printer's raster command, so nothing is converted on the way to the wire.
//!
//! This crate never knows a printer, a command or a person: it turns text into dots. Font files are read only when a
//! character is missing from the bundled font, and are not kept in memory afterwards.

mod canvas;
mod card;
mod font;
mod glyph;
mod layout;
mod qr;
mod wrap;

pub use canvas::{Canvas, ROW_BYTES, WIDTH_DOTS};
pub use card::{CardError, CardFace, CardLayout, CardPicture};
pub use font::{Fonts, GlyphSource};
pub use glyph::{Cell, Glyph};
pub use layout::{Align, Block, LINE_GAP_DOTS, Line, Size, line_height, render, render_line};
pub use qr::{QrError, QrPicture};
pub use wrap::{cells, wrap, wrap_units};
