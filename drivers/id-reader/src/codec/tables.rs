//! Ethnic groups, GB/T 3304. Codes outside the standard occur on cards and are shown as their digits.

const ETHNIC: [(&str, &str); 58] = [
    ("01", "汉"),
    ("02", "蒙古"),
    ("03", "回"),
    ("04", "藏"),
    ("05", "维吾尔"),
    ("06", "苗"),
    ("07", "彝"),
    ("08", "壮"),
    ("09", "布依"),
    ("10", "朝鲜"),
    ("11", "满"),
    ("12", "侗"),
    ("13", "瑶"),
    ("14", "白"),
    ("15", "土家"),
    ("16", "哈尼"),
    ("17", "哈萨克"),
    ("18", "傣"),
    ("19", "黎"),
    ("20", "傈僳"),
    ("21", "佤"),
    ("22", "畲"),
    ("23", "高山"),
    ("24", "拉祜"),
    ("25", "水"),
    ("26", "东乡"),
    ("27", "纳西"),
    ("28", "景颇"),
    ("29", "柯尔克孜"),
    ("30", "土"),
    ("31", "达斡尔"),
    ("32", "仫佬"),
    ("33", "羌"),
    ("34", "布朗"),
    ("35", "撒拉"),
    ("36", "毛南"),
    ("37", "仡佬"),
    ("38", "锡伯"),
    ("39", "阿昌"),
    ("40", "普米"),
    ("41", "塔吉克"),
    ("42", "怒"),
    ("43", "乌孜别克"),
    ("44", "俄罗斯"),
    ("45", "鄂温克"),
    ("46", "德昂"),
    ("47", "保安"),
    ("48", "裕固"),
    ("49", "京"),
    ("50", "塔塔尔"),
    ("51", "独龙"),
    ("52", "鄂伦春"),
    ("53", "赫哲"),
    ("54", "门巴"),
    ("55", "珞巴"),
    ("56", "基诺"),
    ("97", "其他"),
    ("98", "外国血统中国籍人士"),
];
/// In use on cards, not in the standard.
const ETHNIC_IN_USE: (&str, &str) = ("81", "穿青人");

/// The name of a group; `None` for an unknown code.
pub fn ethnic_name(code: &str) -> Option<&'static str> {
    let mut all = ETHNIC.iter().chain([&ETHNIC_IN_USE]);
    all.find(|(known, _)| *known == code).map(|(_, name)| *name)
}

/// The code of a group by its name; `None` for an unknown name.
pub fn ethnic_code(name: &str) -> Option<&'static str> {
    let mut all = ETHNIC.iter().chain([&ETHNIC_IN_USE]);
    all.find(|(_, known)| *known == name).map(|(code, _)| *code)
}
