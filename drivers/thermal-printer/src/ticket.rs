//! A slip becomes bytes. Pure: the same slip on the same profile gives the same bytes.
//!
//! No identity number and no full name is ever laid out: the slip has no field for them (hall rules 2.6).

mod encode;
mod note;
mod words;

use serde::{Deserialize, Serialize};
use ticket_dispatcher_types::wait::{in_order_in_words, place_in_words};
use ticket_dispatcher_types::{Cases, CheckCode, Lang, TicketNo, Wait, window_names};
use ui_ticket_raster::{Align, Block, Canvas, GlyphSource, Line, Size, render, wrap, wrap_units};

use crate::Profile;
use crate::machine::Job;

pub use note::NoteSlip;

/// What one slip says. Stored beside the ticket, so that it can be printed again with the mark 补打.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TicketSlip {
    /// Language of the fixed words; names come in this language already.
    pub lang: Lang,
    /// The hall's name.
    pub hall: String,
    /// Names of the services on this number, in order.
    pub services: Vec<String>,
    /// They may need different windows: the slip says which first.
    #[serde(default)]
    pub in_order: bool,
    /// The number.
    pub number: TicketNo,
    /// The masked name (张*明), only where the hall prints it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub masked_name: Option<String>,
    /// Cases that an agent brings; printed from two up.
    #[serde(default)]
    pub cases: Cases,
    /// Slot of the appointment that it keeps, `10:00–10:30`; none for an ordinary number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub appointment: Option<String>,
    /// People ahead when the ticket was issued.
    pub people_ahead: u32,
    /// Likely wait; none where nobody can say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wait: Option<Wait>,
    /// Names of the windows that may call it.
    pub windows: Vec<String>,
    /// The check code.
    pub check_code: CheckCode,
    /// What the QR code says: no person in it, under 60 characters.
    pub lookup_url: String,
    /// Local time of issue, `2026-11-21 14:05`.
    pub issued_at: String,
    /// The hall's phone.
    pub phone: String,
    /// True for a slip printed again from its record: it carries 补打.
    #[serde(default)]
    pub reprint: bool,
    /// A missed number that is back in the queue, once.
    #[serde(default)]
    pub returned: bool,
    /// Given out while the kiosk was cut off: says so, and that its place is that of its time.
    #[serde(default)]
    pub offline: bool,
}

/// A slip as bytes for one profile.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rendered {
    /// The bytes, from initialisation to cut; the end marker is the machine's.
    pub bytes: Vec<u8>,
    /// Paper it takes, dots, with the feed to the cutter.
    pub dots: u32,
    /// Characters that no font has, printed as 〓: the owner logs their code points.
    pub undrawn: Vec<char>,
}

impl Rendered {
    /// The job with this number. `id` names the job in events; its low 16 bits are its marker.
    pub fn job(self, id: u32) -> Job {
        Job {
            id,
            bytes: self.bytes,
            dots: self.dots,
        }
    }
}

/// Windows or runs of windows named on a slip; a list longer than this is no help to anybody.
const WINDOWS_MAX: usize = 6;

/// Dots a module of the QR code: 6 dots are 0.75 mm, read by any phone.
const QR_MODULE_DOTS: u8 = 6;

/// White above and below the QR code: 4 modules.
const QR_QUIET_DOTS: u8 = 24;

impl TicketSlip {
    /// The same slip marked 补打.
    pub fn reprinted(&self) -> Self {
        Self {
            reprint: true,
            ..self.clone()
        }
    }

    /// The slip as blocks from top to bottom.
    pub fn blocks(&self) -> Vec<Block> {
        let words = words::of(self.lang);
        let mut blocks = Vec::new();
        if self.reprint {
            push(&mut blocks, words.reprint, Size::DOUBLE, true);
        }
        push(&mut blocks, &self.hall, Size::DOUBLE, false);
        let in_order = self.in_order.then(|| in_order_in_words(self.lang, &self.services));
        for service in in_order.as_ref().unwrap_or(&self.services) {
            push(&mut blocks, service, Size::DOUBLE, false);
        }
        push(&mut blocks, &self.number.to_string(), Size::NUMBER, false);
        if let Some(slot) = &self.appointment {
            push(&mut blocks, &words.appointment.replace("{}", slot), Size::DOUBLE, false);
        }
        let name = self.masked_name.iter().filter(|name| !name.is_empty());
        name.for_each(|name| push(&mut blocks, name, Size::DOUBLE, false));
        if self.offline {
            push(&mut blocks, words.offline, Size::DOUBLE, true);
        }
        if self.returned {
            push(&mut blocks, words.returned, Size::DOUBLE, true);
            push(&mut blocks, words.returned_once, Size::SMALL, false);
        }
        push(&mut blocks, &self.ahead_line(words), Size::SMALL, false);
        let windows = self.windows_units(words);
        let lines = if windows.is_empty() {
            Vec::new()
        } else {
            wrap_units(&windows, Size::SMALL.columns())
        };
        for text in lines {
            push_line(&mut blocks, text, Size::SMALL, false);
        }
        push(
            &mut blocks,
            &format!("{}{}", words.check_code, self.check_code),
            Size::SMALL,
            false,
        );
        blocks.push(Block::Feed { dots: QR_QUIET_DOTS });
        blocks.push(Block::Qr {
            text: self.lookup_url.clone(),
            module_dots: QR_MODULE_DOTS,
        });
        blocks.push(Block::Feed { dots: QR_QUIET_DOTS });
        push(&mut blocks, words.scan, Size::SMALL, false);
        push(
            &mut blocks,
            &format!("{} {}{}", self.issued_at, words.phone, self.phone),
            Size::SMALL,
            false,
        );
        blocks
    }

    fn ahead_line(&self, words: &words::Words) -> String {
        let mut line = if self.offline {
            // Nobody knows how many; what is known is how the place is found.
            words.offline_place.to_string()
        } else {
            place_in_words(self.lang, self.people_ahead, self.wait)
        };
        if self.cases > Cases::ONE {
            line.push_str(&words.cases.replace("{}", &self.cases.get().to_string()));
        }
        line
    }

    /// The line of windows in units that stay whole at a line's end; none when no window is named.
    fn windows_units(&self, words: &words::Words) -> Vec<String> {
        let (mut units, more) = window_names(&self.windows, words.comma, WINDOWS_MAX);
        if let Some(first) = units.first_mut() {
            first.insert_str(0, words.windows);
        }
        if let Some(last) = units.last_mut().filter(|_| more) {
            last.push_str(words.and_more);
        }
        units
    }

    /// The slip in the bytes of `profile`; `fonts` draws what the printer's ROM lacks.
    pub fn render(&self, profile: &Profile, fonts: &dyn GlyphSource) -> Rendered {
        encode::blocks(&self.blocks(), profile, fonts)
    }

    /// The slip as a picture, for previews.
    pub fn picture(&self, fonts: &dyn GlyphSource) -> Canvas {
        render(&self.blocks(), fonts)
    }

    /// A made-up slip for trials by hand and for tests.
    pub fn sample() -> Self {
        Self {
            lang: Lang::ZhHans,
            hall: "一门街道政务服务中心".into(),
            services: vec!["社保医保".into()],
            in_order: false,
            number: TicketNo::new('A', 12).expect("a letter and a small count"),
            masked_name: Some("张*明".into()),
            cases: Cases::ONE,
            appointment: None,
            people_ahead: 5,
            wait: Some(Wait {
                from_min: 10,
                to_min: 25,
            }),
            windows: vec!["1号窗".into(), "2号窗".into(), "5号窗".into()],
            check_code: CheckCode::from_random(42),
            lookup_url: "https://hall.example/q?t=0123456789AB".into(),
            issued_at: "2026-11-21 14:05".into(),
            phone: "0757-00000000".into(),
            reprint: false,
            returned: false,
            offline: false,
        }
    }
}

fn push(blocks: &mut Vec<Block>, text: &str, size: Size, bold: bool) {
    for text in wrap(text, size.columns()) {
        push_line(blocks, text, size, bold);
    }
}

fn push_line(blocks: &mut Vec<Block>, text: String, size: Size, bold: bool) {
    blocks.push(Block::Line(Line {
        text,
        align: Align::Centre,
        size,
        bold,
    }));
}
