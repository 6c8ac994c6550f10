//! The slip that a person takes away when a temporary identity card was asked for and did not come into the hand: the
//! job's number for staff, and where to go. Somebody else may stand there when it comes out, so it must never carry
//! anything more: nothing of the person, and nothing of what became of the card.

use ticket_dispatcher_types::Lang;
use ui_ticket_raster::{Block, GlyphSource, Size};

use super::{Rendered, encode, push};
use crate::Profile;

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
}

/// What stands over the number, where to go, what stands before the phone.
fn words(lang: Lang) -> [&'static str; 3] {
    match lang {
        Lang::ZhHans => ["作业号", "请凭此条到综合窗口办理", "电话"],
        Lang::ZhHant => ["作業號", "請憑此條到綜合窗口辦理", "電話"],
        Lang::En => ["Job", "Please show this at a service window", "Phone"],
    }
}

impl NoteSlip {
    fn blocks(&self) -> Vec<Block> {
        let [job, go, phone] = words(self.lang);
        let mut blocks = Vec::new();
        push(&mut blocks, &self.hall, Size::DOUBLE, false);
        push(&mut blocks, job, Size::SMALL, false);
        push(&mut blocks, &self.job, Size::DOUBLE, true);
        push(&mut blocks, go, Size::SMALL, false);
        push(&mut blocks, &format!("{phone} {}", self.phone), Size::SMALL, false);
        blocks
    }

    /// The slip in the bytes of `profile`.
    pub fn render(&self, profile: &Profile, fonts: &dyn GlyphSource) -> Rendered {
        encode::blocks(&self.blocks(), profile, fonts)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_note_says_the_job_and_where_to_go_and_nothing_else() {
        let note = NoteSlip {
            lang: Lang::ZhHans,
            hall: "示例大厅".into(),
            phone: "0757-12345".into(),
            job: "3E6D-4250".into(),
        };
        let said: Vec<String> = note
            .blocks()
            .into_iter()
            .map(|block| match block {
                Block::Line(line) => line.text,
                other => panic!("{other:?}"),
            })
            .collect();
        let whole = [
            "示例大厅",
            "作业号",
            "3E6D-4250",
            "请凭此条到综合窗口办理",
            "电话 0757-12345",
        ];
        assert_eq!(said, whole);
    }
}
