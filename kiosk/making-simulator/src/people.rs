//! Made-up people: one making record for every answer of the query step.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use kiosk_making::MakingRecord;
use kiosk_making::record::{RecordKind, RecordState};
use ticket_dispatcher_types::Personal;

/// A drawn face, nobody's.
const PHOTO: &[u8] = include_bytes!("../../../tests/vectors/maker/photo.jpg");

/// What is odd about a record beside its content.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Oddity {
    /// Nothing.
    None,
    /// The live face never matches.
    OtherFace,
    /// Another kiosk holds the claim.
    HeldElsewhere,
    /// Every question about it is answered with status 503.
    Away,
}

/// One record of the simulator.
#[derive(Debug, Clone)]
pub struct Person {
    /// What it is there for: `good`, `Q02` to `Q13`, or `Q16`.
    pub note: &'static str,
    /// The record.
    pub record: MakingRecord,
    /// What is odd about it.
    pub oddity: Oddity,
}

struct Sketch {
    note: &'static str,
    receipt: &'static str,
    number: &'static str,
    name: &'static str,
    state: RecordState,
    oddity: Oddity,
}

const fn good(note: &'static str, receipt: &'static str, number: &'static str, name: &'static str) -> Sketch {
    Sketch {
        note,
        receipt,
        number,
        name,
        state: RecordState::Signed,
        oddity: Oddity::None,
    }
}

/// Receipts end in the number of the check that they fail; good ones begin at 001.
const SKETCHES: &[Sketch] = &[
    good("good", "990100202600000001", "990101199003070015", "李𬱖"),
    good("good", "990100202600000002", "990102197612310026", "赵小䶮"),
    good("good", "990100202600000003", "990101200002290038", "欧阳娜娜"),
    good("good", "990100202600000004", "99010720030318021X", "张小明"),
    good("Q02", "990100202600000102", "990103198505120121", "王示例"),
    good("Q02", "990100202600000202", "990103198505120121", "王示例"),
    Sketch {
        state: RecordState::Accepted,
        ..good("Q03", "990100202600000103", "990103199208200138", "陈示例")
    },
    Sketch {
        state: RecordState::Made,
        ..good("Q04", "990100202600000104", "990104196811030148", "林示例")
    },
    Sketch {
        state: RecordState::Cancelled,
        ..good("Q05", "990100202600000105", "990104199901010152", "黄示例")
    },
    good("Q06", "990100202600000106", "990101201206150111", "周小示"),
    good("Q07", "990100202600000107", "990105197506060165", "吴示例"),
    good("Q08", "990100202600000108", "990105198812120175", "徐示例"),
    good("Q08 photo", "990100202600000208", "990106199509150188", "孙示例"),
    good("Q09", "990100202600000109", "990106198304040191", "朱\u{F0000}例"),
    good("Q16", "990100202600000209", "990107197107300208", "阿"),
    Sketch {
        oddity: Oddity::OtherFace,
        ..good("Q10", "990100202600000110", "990108196601250228", "胡示例")
    },
    Sketch {
        oddity: Oddity::HeldElsewhere,
        ..good("Q11", "990100202600000111", "990108199707070237", "郭示例")
    },
    Sketch {
        oddity: Oddity::Away,
        ..good("Q13", "990100202600000113", "990109198002140241", "何示例")
    },
];

/// All of them.
pub fn people() -> Vec<Person> {
    SKETCHES.iter().map(drawn).collect()
}

fn drawn(sketch: &Sketch) -> Person {
    let number = sketch.number;
    let male = (number.as_bytes()[16] - b'0') % 2 == 1;
    let mut record = MakingRecord {
        record_no: format!("9901{}", &sketch.receipt[4..]),
        receipt_no: sketch.receipt.to_string(),
        citizen_no: Personal::new(number),
        name: Personal::new(sketch.name),
        sex: Personal::new(if male { "男" } else { "女" }),
        ethnic_code: Personal::new("01"),
        birth: Personal::new(format!("{}-{}-{}", &number[6..10], &number[10..12], &number[12..14])),
        address: Personal::new("示例省示例市禅示区示例街道一号院2号楼301房"),
        photo: Personal::new(STANDARD.encode(PHOTO)),
        authority: "示例市公安局禅示分局".to_string(),
        kind: RecordKind::Replace,
        state: sketch.state,
        signed_at: Some("2026-03-01T09:30:00+08:00".to_string()),
        issue_date: None,
        expiry_date: None,
        temp_issued: sketch.note == "Q07",
        temp_last_expiry: None,
    };
    match sketch.note {
        "Q08" => record.birth = Personal::new("1988-12-21"),
        "Q08 photo" => record.photo = Personal::new(STANDARD.encode(b"GIF89a, no JPEG")),
        "Q16" => record.name = Personal::new("阿卜杜热西提江麦麦提艾力肉孜买买提吐尔逊尼亚孜".repeat(2)),
        _ => {}
    }
    Person {
        note: sketch.note,
        record,
        oddity: sketch.oddity,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Book;
    use kiosk_making::{Claim, ClaimAsked, Face, FaceAsked, Find};
    use ticket_dispatcher_types::check_digit_holds;
    use ui_model::Refusal;
    use ui_ticket_raster::{CardLayout, Fonts};

    /// What a kiosk learns of one of them, in the order of the reference.
    fn answer(book: &mut Book, record: &MakingRecord, fonts: &Fonts) -> Result<(), Refusal> {
        let signed = record.signed_at.as_deref().expect("signed").parse::<jiff::Timestamp>();
        let now = signed.expect("a moment").in_tz("Asia/Shanghai").expect("a zone");
        let today = now.date();
        let find = Find::ReceiptNo(Personal::new(record.receipt_no.clone()));
        let mut found = book.find(&find).map_err(|_| Refusal::BackEndAway)?.records;
        let record = found.pop().ok_or(Refusal::NoRecord)?;
        if !found.is_empty() {
            return Err(Refusal::ManyRecords);
        }
        record.check(&now)?;
        record.draw(today, &CardLayout::shipped(), 300, fonts)?;
        let face = book.verify_face(
            &FaceAsked {
                record_no: record.record_no.clone(),
                live_jpeg: Personal::new("AAAA"),
                liveness: "file".into(),
            },
            0,
        );
        if face == Face::NotMatched {
            return Err(Refusal::FaceNotMatched);
        }
        let asked = ClaimAsked {
            record_no: record.record_no.clone(),
            job_id: "a".into(),
            kiosk_id: "K01".into(),
            face_token: None,
        };
        match book.claim(&asked, 0) {
            Claim::Granted { .. } => Ok(()),
            Claim::Held => Err(Refusal::HeldElsewhere),
            Claim::AlreadyIssued => Err(Refusal::AlreadyIssued),
            Claim::Refused { refusal } => Err(refusal),
        }
    }

    /// Wrong check digits, birth dates that contradict the number, photos that are no JPEG, names that do not fit: each
    /// is refused by its own code and by no other.
    #[test]
    fn every_made_up_person_is_answered_as_their_note_says() {
        let (fonts, mut book) = (Fonts::system(), Book::new(people(), None));
        for person in people() {
            let said = answer(&mut book, &person.record, &fonts).map_or_else(Refusal::code, |()| "good");
            assert_eq!(said, &person.note[..said.len()], "{}", person.note);
        }
        let mut wrong = people()[0].record.clone();
        wrong.receipt_no = "990100202600000999".into();
        assert_eq!(answer(&mut book, &wrong, &fonts), Err(Refusal::NoRecord));
        let mut digit = people().remove(0);
        digit.record.citizen_no = Personal::new("990101199003070025");
        let mut book = Book::new(vec![digit.clone()], None);
        assert_eq!(
            answer(&mut book, &digit.record, &fonts),
            Err(Refusal::DataFault),
            "a check digit"
        );
    }

    #[test]
    fn every_number_is_of_no_province_and_its_check_digit_holds() {
        for person in people() {
            let number = person.record.citizen_no.expose();
            assert!(
                number.starts_with("9901") && check_digit_holds(number),
                "{}",
                person.note
            );
        }
    }
}
