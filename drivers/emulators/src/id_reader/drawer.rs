//! A drawer of invented people, ready to be laid on the reader.
//!
//! Division codes 9901xx and 9902xx belong to no place; check characters are computed, so they are right.

use drivers_id_reader::codec::check_character;
use serde_json::{Value, json};

fn number(division: &str, birth: &str, sequence: &str) -> String {
    let digits = format!("{division}{birth}{sequence}");
    let check = check_character(&digits).expect("6 + 8 + 3 digits");
    format!("{digits}{check}")
}

struct Resident {
    id: &'static str,
    note: &'static str,
    name: &'static str,
    sex: &'static str,
    ethnic: &'static str,
    birth: &'static str,
    sequence: &'static str,
    address: &'static str,
    valid: (&'static str, &'static str),
}

const LONG: (&str, &str) = ("20150101", "长期");
const TWENTY: (&str, &str) = ("20180601", "20380601");

#[rustfmt::skip]
const RESIDENTS: [Resident; 11] = [
    Resident { id: "chen-xiaolan", note: "普通居民", name: "陈晓岚", sex: "女", ethnic: "汉", birth: "19880615",
        sequence: "002", address: "虚构省示例市一门街道桂花路12号", valid: TWENTY },
    Resident { id: "li-jianguo", note: "普通居民", name: "李建国", sex: "男", ethnic: "汉", birth: "19790308",
        sequence: "013", address: "虚构省示例市一门街道榕树里3号", valid: TWENTY },
    Resident { id: "zhang-yan", note: "生僻字:䶮", name: "张䶮", sex: "男", ethnic: "汉", birth: "19920417",
        sequence: "031", address: "虚构省示例市一门街道学堂街8号", valid: TWENTY },
    Resident { id: "li-wei", note: "生僻字:𬱖(超出基本平面)", name: "李𬱖", sex: "女", ethnic: "汉", birth: "19951122",
        sequence: "046", address: "虚构省示例市一门街道河滨路77号", valid: TWENTY },
    Resident { id: "zhao-xiaoyan", note: "末字生僻:䶮(票上掩码后仍印出)", name: "赵小䶮", sex: "女", ethnic: "汉",
        birth: "19870319", sequence: "108", address: "虚构省示例市一门街道学堂街21号", valid: TWENTY },
    Resident { id: "sun-xiaowei", note: "末字生僻:𬱖(票上掩码后仍印出)", name: "孙小𬱖", sex: "男", ethnic: "汉",
        birth: "19911205", sequence: "119", address: "虚构省示例市一门街道河滨路30号", valid: TWENTY },
    Resident { id: "he-guiying", note: "老人,1949年生,长期有效", name: "何桂英", sex: "女", ethnic: "汉", birth: "19491001",
        sequence: "028", address: "虚构省示例市一门街道老街5号", valid: LONG },
    Resident { id: "wang-zihan", note: "儿童", name: "王子涵", sex: "男", ethnic: "土家", birth: "20170909",
        sequence: "055", address: "虚构省示例市一门街道桂花路12号", valid: ("20220901", "20270901") },
    Resident { id: "zhou-min", note: "证件已过期", name: "周敏", sex: "女", ethnic: "壮", birth: "19850220",
        sequence: "064", address: "虚构省示例市一门街道码头路1号", valid: ("20050310", "20250310") },
    Resident { id: "aygul", note: "姓名带间隔号", name: "阿依古丽·买买提", sex: "女", ethnic: "维吾尔", birth: "19900101",
        sequence: "082", address: "虚构省示例市一门街道和平路20号", valid: TWENTY },
    Resident { id: "wu-guang", note: "穿青人(标准外的民族代码)", name: "吴光", sex: "男", ethnic: "穿青人", birth: "19830730",
        sequence: "097", address: "虚构省示例市一门街道梨园村2组", valid: TWENTY },
];

impl Resident {
    fn entry(&self) -> Value {
        json!({ "id": self.id, "note": self.note, "card": {
            "type": "resident_id", "name": self.name, "sex": self.sex, "ethnic": self.ethnic, "birth": self.birth,
            "address": self.address, "number": number("990101", self.birth, self.sequence),
            "authority": "示例市公安局一门分局", "valid_from": self.valid.0, "valid_to": self.valid.1,
        } })
    }
}

/// `[{id, note, card, kind, name, sex, nation?, birth, number}]`: `card` can be posted to `/id-reader/card` as it is.
pub fn drawer() -> Vec<Value> {
    let mut all: Vec<Value> = RESIDENTS.iter().map(Resident::entry).collect();
    all.push(json!({ "id": "moved", "note": "有追加住址", "card": {
        "type": "resident_id", "name": "黄志远", "sex": "男", "ethnic": "汉", "birth": "19760504",
        "address": "虚构省旧县东门外1号", "number": number("990201", "19760504", "011"),
        "authority": "示例市公安局一门分局", "valid_from": "20160401", "valid_to": "20360401",
        "appended_address": "虚构省示例市一门街道新居路66号",
    } }));
    all.push(json!({ "id": "hmt", "note": "港澳台居民居住证", "card": {
        "type": "hmt_permit", "name": "林嘉欣", "sex": "女", "birth": "19940823",
        "address": "虚构省示例市一门街道湾畔路9号", "number": number("810000", "19940823", "002"),
        "authority": "示例市公安局", "valid_from": "20230901", "valid_to": "20280831",
        "pass_number": "H00000001", "issues": "01",
    } }));
    all.push(
        json!({ "id": "foreigner-2017", "note": "外国人永久居留身份证(2017 版)", "card": {
        "type": "foreigner_2017", "name": "SPECIMEN, ANNA MARIA", "sex": "女", "number": "UTO110081080301",
        "nationality": "UTO", "name_zh": "安娜", "valid_from": "20190616", "valid_to": "20290615",
        "birth": "19810803", "version": "01", "authority": "1100",
    } }),
    );
    all.push(
        json!({ "id": "foreigner-2023", "note": "外国人永久居留身份证(2023 版)", "card": {
        "type": "foreigner_2023", "name": "EXAMPLE, JOHN CHRISTOPHER ALEXANDER III", "sex": "男", "name_zh": "约翰",
        "renewals": "00", "birth": "19770911", "number": number("911124", "19770911", "009"),
        "valid_from": "20240101", "valid_to": "20331231", "nationality": "CAN",
    } }),
    );
    all.iter_mut().for_each(label);
    all
}

/// Copies beside the card what a list of people shows.
fn label(entry: &mut Value) {
    let card = entry["card"].clone();
    entry["kind"] = card["type"].clone();
    for (shown, field) in [
        ("name", "name"),
        ("sex", "sex"),
        ("nation", "ethnic"),
        ("birth", "birth"),
        ("number", "number"),
    ] {
        if let Some(value) = card.get(field) {
            entry[shown] = value.clone();
        }
    }
    if let Some(name_zh) = card.get("name_zh") {
        entry["name_zh"] = name_zh.clone();
    }
}

#[cfg(test)]
mod tests {
    use drivers_id_reader::codec::{Blocks, Card, encode_blocks};

    use super::super::form::lay;
    use super::*;

    #[test]
    fn a_card_is_laid_by_its_name_in_the_drawer_and_a_field_beside_it_wins() {
        let (laid, _) = lay(&json!({ "drawer": "zhao-xiaoyan", "address": "别处" })).expect("she is there");
        assert_eq!(
            (&laid.shown["name"], &laid.shown["address"]),
            (&json!("赵小䶮"), &json!("别处"))
        );
        let nobody = lay(&json!({ "drawer": "nobody" })).expect_err("nobody");
        assert_eq!(nobody.to_string(), "nobody in the drawer is called `nobody`");
    }

    #[test]
    fn every_card_of_the_drawer_can_be_laid_down_and_reads_as_it_says() {
        for entry in drawer() {
            let (laid, _) = lay(&entry["card"]).expect("a card of the drawer is a card");
            let data = encode_blocks(&laid.text, &laid.photo, None);
            let card = Card::decode(Blocks::parse(&data, false).expect("counts add up")).expect("a known kind");
            let read = serde_json::to_value(&card).expect("plain data");
            for (name, said) in entry["card"].as_object().expect("an object") {
                if name != "appended_address" {
                    let as_read = &read[name];
                    assert_eq!(as_read, said, "{} {name}", entry["id"]);
                }
            }
            assert_eq!(card.warnings, [], "{}", entry["id"]);
        }
    }
}
