//! The slip that a person takes away when a temporary identity card was asked for and did not come into the hand: the
//! job's number for staff, what was said, and the hall's phone. Nothing of the person is on it.

use ticket_dispatcher_types::Lang;
use ui_ticket_raster::{Block, GlyphSource, Size};

use super::{Rendered, encode, push};
use crate::Profile;

/// What the slip is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoteKind {
    /// No card came out; a fee goes back.
    Failed,
    /// The card was drawn in again.
    NotTaken,
    /// Nobody knows where the card is.
    Doubt,
}

/// The slip.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NoteSlip {
    /// Language of the fixed words.
    pub lang: Lang,
    /// The hall.
    pub hall: String,
    /// The hall's phone.
    pub phone: String,
    /// The job, short.
    pub job: String,
    /// What about.
    pub kind: NoteKind,
    /// A fee was paid here.
    pub fee: bool,
    /// Local time, `2026-11-21 14:05`.
    pub at: String,
}

struct Words {
    title: &'static str,
    failed: &'static str,
    not_taken: &'static str,
    doubt: &'static str,
    refund: &'static str,
    held: &'static str,
    go: &'static str,
    job: &'static str,
    phone: &'static str,
}

const ZH_HANS: Words = Words {
    title: "临时身份证",
    failed: "制证未成功",
    not_taken: "证件未取走，已收回机内",
    doubt: "制证结果待核实",
    refund: "费用将原路退回",
    held: "费用核实后处理",
    go: "请凭此条到综合窗口办理",
    job: "作业号",
    phone: "电话",
};

const ZH_HANT: Words = Words {
    title: "臨時身份證",
    failed: "製證未成功",
    not_taken: "證件未取走，已收回機內",
    doubt: "製證結果待核實",
    refund: "費用將原路退回",
    held: "費用核實後處理",
    go: "請憑此條到綜合窗口辦理",
    job: "作業號",
    phone: "電話",
};

const EN: Words = Words {
    title: "TEMPORARY ID CARD",
    failed: "No card was made",
    not_taken: "Card not taken, kept in the machine",
    doubt: "Result is being checked",
    refund: "The fee goes back to you",
    held: "The fee waits for the check",
    go: "Please show this at the window",
    job: "Job",
    phone: "Phone",
};

impl NoteSlip {
    fn blocks(&self) -> Vec<Block> {
        let words = match self.lang {
            Lang::ZhHans => &ZH_HANS,
            Lang::ZhHant => &ZH_HANT,
            Lang::En => &EN,
        };
        let (what, fee) = match self.kind {
            NoteKind::Failed => (words.failed, words.refund),
            NoteKind::NotTaken => (words.not_taken, words.refund),
            NoteKind::Doubt => (words.doubt, words.held),
        };
        let mut blocks = Vec::new();
        push(&mut blocks, &self.hall, Size::DOUBLE, false);
        push(&mut blocks, words.title, Size::DOUBLE, false);
        push(&mut blocks, what, Size::DOUBLE, false);
        push(&mut blocks, words.job, Size::SMALL, false);
        push(&mut blocks, &self.job, Size::DOUBLE, true);
        if self.fee {
            push(&mut blocks, fee, Size::SMALL, false);
        }
        push(&mut blocks, words.go, Size::SMALL, false);
        let foot = format!("{} {} {}", self.at, words.phone, self.phone);
        push(&mut blocks, &foot, Size::SMALL, false);
        blocks
    }

    /// The slip in the bytes of `profile`.
    pub fn render(&self, profile: &Profile, fonts: &dyn GlyphSource) -> Rendered {
        encode::blocks(&self.blocks(), profile, fonts)
    }
}
