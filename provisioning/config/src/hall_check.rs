//! The checks that turn a hall file's raw tables into a hall, collecting every problem on the way.

mod policy;

use core::ops::Range;

use ticket_dispatcher_types::{GroupId, HallId, IdError, Millis, ServiceId, WindowId, WindowKind};
use toml::Spanned;

use crate::hall_file::{
    Bookings, FORMAT, Group, Hall, HallFile, Opening, RawBookings, RawFile, RawGroup, RawHall, RawRules, RawService,
    RawText, RawWindow, Rules, Service, Targets, TemporaryCard, Text, Window, clock,
};
use crate::initials::pinyin_initials;
use crate::problem::{Problem, Problems, line_of};

/// Collects problems; what could not be read gets a stand-in so that the checks can go on.
struct Ledger<'a> {
    text: &'a str,
    list: Vec<Problem>,
}

impl Ledger<'_> {
    fn say(&mut self, span: Range<usize>, place: &str, what: impl Into<String>, advice: impl Into<String>) {
        self.list.push(Problem {
            line: Some(line_of(self.text, span.start)),
            place: place.to_string(),
            what: what.into(),
            advice: advice.into(),
        });
    }

    fn id<T>(&mut self, raw: &Spanned<String>, place: &str, parse: fn(String) -> Result<T, IdError>) -> Option<T> {
        match parse(raw.get_ref().clone()) {
            Ok(id) => Some(id),
            Err(error) => {
                let what = format!("{error}.");
                self.say(
                    raw.span(),
                    place,
                    what,
                    "Use a short id like W01; names go into `name`.",
                );
                None
            }
        }
    }

    fn time(&mut self, raw: &Spanned<String>, place: &str) -> Option<Millis> {
        let time = parse_clock(raw.get_ref());
        if time.is_none() {
            let what = format!("`{}` is not a time of day.", raw.get_ref());
            self.say(
                raw.span(),
                place,
                what,
                "Write hours and minutes like \"08:30\"; \"24:00\" is midnight.",
            );
        }
        time
    }

    /// A whole number within limits, or the default when the key is left out.
    fn number(&mut self, raw: Option<&Spanned<i64>>, place: &str, limits: (i64, i64), default: i64) -> i64 {
        let or = format!("; without the key it is {default}");
        raw.and_then(|raw| self.within(raw, place, limits, &or))
            .unwrap_or(default)
    }

    /// The same for a key that must be given.
    fn needed(&mut self, raw: &Spanned<i64>, place: &str, limits: (i64, i64)) -> i64 {
        self.within(raw, place, limits, "").unwrap_or(limits.0)
    }

    fn within(&mut self, raw: &Spanned<i64>, place: &str, limits: (i64, i64), or: &str) -> Option<i64> {
        let value = *raw.get_ref();
        if (limits.0..=limits.1).contains(&value) {
            return Some(value);
        }
        let advice = format!("Give a number from {} to {}{or}.", limits.0, limits.1);
        self.say(raw.span(), place, format!("{value} is out of range."), advice);
        None
    }

    fn small(&mut self, raw: Option<&Spanned<i64>>, place: &str, limits: (u8, u8), default: u8) -> u8 {
        let value = self.number(raw, place, (limits.0.into(), limits.1.into()), default.into());
        u8::try_from(value).unwrap_or(default)
    }

    fn minutes(&mut self, raw: Option<&Spanned<i64>>, place: &str, limits: (i64, i64), default: i64) -> Millis {
        Millis::from_mins(self.number(raw, place, limits, default))
    }

    fn text(&mut self, raw: RawText, near: Range<usize>, place: &str) -> Text {
        if raw.zh_hans.trim().is_empty() {
            self.say(near, place, "the text is empty.", "Write what people shall read.");
        }
        let zh_hant = raw.zh_hant.unwrap_or_else(|| raw.zh_hans.clone());
        let en = raw.en.unwrap_or_else(|| raw.zh_hans.clone());
        Text {
            zh_hans: raw.zh_hans,
            zh_hant,
            en,
        }
    }
}

/// Checks everything and gives the hall, or every problem in the order of lines.
pub(crate) fn check(file: &str, text: &str, raw: RawFile) -> Result<HallFile, Problems> {
    let mut ledger = Ledger { text, list: Vec::new() };
    if raw.format.get_ref() != FORMAT {
        let what = format!("the format `{}` is not known to this version.", raw.format.get_ref());
        ledger.say(
            raw.format.span(),
            "format",
            what,
            format!("This version reads `{FORMAT}`."),
        );
    }
    let references = References::of(&raw);
    references.check(&mut ledger, &raw);
    let hall = hall(&mut ledger, raw.hall);
    let bookings = bookings(&mut ledger, &raw.bookings);
    let rules = rules(&mut ledger, &raw.rules, &raw.window);
    let fee = raw.temporary_card.fee_fen.as_ref();
    let temporary_card = TemporaryCard {
        face: raw.temporary_card.face,
        fee_fen: u32::try_from(ledger.number(fee, "temporary_card.fee_fen", (0, 10_000), 0)).unwrap_or(0),
    };
    let groups = groups(&mut ledger, raw.group);
    let services = services(&mut ledger, raw.service);
    let hours = hall.as_ref().map(|hall| (hall.opens, hall.closes));
    let windows = windows(&mut ledger, raw.window, hours);
    match hall {
        Some(hall) if ledger.list.is_empty() => Ok(HallFile {
            hall,
            rules,
            bookings,
            temporary_card,
            groups,
            services,
            windows,
        }),
        _ => {
            ledger.list.sort_by_key(|problem| problem.line);
            Err(Problems {
                file: file.to_string(),
                list: ledger.list,
            })
        }
    }
}

fn parse_clock(text: &str) -> Option<Millis> {
    let (hours, mins) = text.split_once(':')?;
    let digits = |part: &str| part.len() == 2 && part.bytes().all(|byte| byte.is_ascii_digit());
    if !digits(hours) || !digits(mins) {
        return None;
    }
    let (hours, mins): (i64, i64) = (hours.parse().ok()?, mins.parse().ok()?);
    let total = hours * 60 + mins;
    (mins < 60 && total <= 24 * 60).then_some(Millis::from_mins(total))
}

fn hall(ledger: &mut Ledger<'_>, raw: RawHall) -> Option<Hall> {
    let id = ledger.id(&raw.id, "hall.id", HallId::new);
    let name = ledger.text(raw.name, raw.id.span(), "hall.name");
    if raw.phone.get_ref().trim().is_empty() {
        ledger.say(
            raw.phone.span(),
            "hall.phone",
            "the phone is empty.",
            "People on the phone need a number to call.",
        );
    }
    let timezone = raw
        .timezone
        .as_ref()
        .map_or("Asia/Shanghai", |zone| zone.get_ref())
        .to_string();
    if let (Some(zone), Err(_)) = (&raw.timezone, jiff::tz::TimeZone::get(&timezone)) {
        let what = format!("the time zone `{timezone}` is not known.");
        ledger.say(
            zone.span(),
            "hall.timezone",
            what,
            "Use an IANA name like \"Asia/Shanghai\".",
        );
    }
    let opens = ledger.time(&raw.opens, "hall.opens");
    let closes = ledger.time(&raw.closes, "hall.closes");
    let first = raw.first_issue.as_ref().map(|raw| ledger.time(raw, "hall.first_issue"));
    let last = ledger.time(&raw.last_issue, "hall.last_issue");
    let guidance = raw
        .guidance
        .as_ref()
        .and_then(|raw| ledger.id(raw, "hall.guidance", ServiceId::new));
    let (opens, closes, last_issue) = (opens?, closes?, last?);
    let first_issue = first.map_or(Some(opens), |first| first)?;
    if closes <= opens {
        let what = format!("the hall closes at {} but opens at {}.", clock(closes), clock(opens));
        ledger.say(
            raw.closes.span(),
            "hall.closes",
            what,
            "Closing must come after opening on the same day.",
        );
    } else if last_issue > closes || last_issue <= first_issue {
        let what = format!(
            "the last number at {} is not between the first and closing.",
            clock(last_issue)
        );
        let advice = format!(
            "Choose a time after {} and up to {}.",
            clock(first_issue),
            clock(closes)
        );
        ledger.say(raw.last_issue.span(), "hall.last_issue", what, advice);
    }
    Some(Hall {
        id: id?,
        name,
        phone: raw.phone.into_inner(),
        timezone,
        opens,
        closes,
        first_issue,
        last_issue,
        guidance,
    })
}

fn rules(ledger: &mut Ledger<'_>, raw: &RawRules, windows: &[RawWindow]) -> Rules {
    let target = &raw.target_min;
    let timeout = ledger.number(raw.call_timeout_s.as_ref(), "rules.call_timeout_s", (10, 600), 60);
    let run = ledger.small(raw.priority_run_max.as_ref(), "rules.priority_run_max", (0, 20), 2);
    Rules {
        priority_run_max: (run > 0).then_some(run),
        one_ticket_per: raw.one_ticket_per,
        matters_max: ledger.small(raw.matters_max.as_ref(), "rules.matters_max", (1, 9), 3),
        offline_numbers: ledger.small(raw.offline_numbers.as_ref(), "rules.offline_numbers", (0, 50), 10),
        agent_cases_max: ledger.small(raw.agent_cases_max.as_ref(), "rules.agent_cases_max", (1, 20), 3),
        elder_age: ledger.small(raw.elder_age.as_ref(), "rules.elder_age", (50, 100), 60),
        priority_age: ledger.small(raw.priority_age.as_ref(), "rules.priority_age", (50, 100), 65),
        calls_max: ledger.small(raw.calls_max.as_ref(), "rules.calls_max", (1, 9), 3),
        call_timeout: Millis::from_secs(timeout),
        return_within: ledger.minutes(raw.return_within_min.as_ref(), "rules.return_within_min", (0, 240), 30),
        return_place: ledger.small(raw.return_place.as_ref(), "rules.return_place", (1, 20), 3),
        appt_grace: ledger.minutes(raw.appt_grace_min.as_ref(), "rules.appt_grace_min", (0, 120), 15),
        print_masked_name: raw.print_masked_name.unwrap_or(false),
        policy: policy::name(ledger, raw),
        weighing: policy::weighing(ledger, &raw.weighing),
        pick_windows: policy::pick_windows(ledger, raw, windows),
        pick_clerks: policy::pick_clerks(ledger, raw),
        target: Targets {
            appt: ledger.minutes(target.appt.as_ref(), "rules.target_min.appt", (1, 240), 10),
            disabled: ledger.minutes(target.disabled.as_ref(), "rules.target_min.disabled", (1, 240), 5),
            elderly: ledger.minutes(target.elderly.as_ref(), "rules.target_min.elderly", (1, 240), 10),
            normal: ledger.minutes(target.normal.as_ref(), "rules.target_min.normal", (1, 240), 20),
        },
    }
}

fn bookings(ledger: &mut Ledger<'_>, raw: &RawBookings) -> Bookings {
    let mut small = |raw: &Option<Spanned<i64>>, key: &str, limits, default| {
        ledger.small(raw.as_ref(), &format!("bookings.{key}"), limits, default)
    };
    Bookings {
        walk_in_share_pct: small(&raw.walk_in_share_pct, "walk_in_share_pct", (0, 100), 30),
        days_ahead: small(&raw.days_ahead, "days_ahead", (0, 60), 7),
        no_shows_max: small(&raw.no_shows_max, "no_shows_max", (0, 20), 2),
        // Who a person was is forgotten after 30 days, so nothing can be counted or held longer.
        no_show_days: small(&raw.no_show_days, "no_show_days", (1, 30), 30),
        block_days: small(&raw.block_days, "block_days", (1, 30), 30),
        slot: ledger.minutes(raw.slot_min.as_ref(), "bookings.slot_min", (5, 120), 30),
        check_in_before: ledger.minutes(
            raw.check_in_before_min.as_ref(),
            "bookings.check_in_before_min",
            (0, 120),
            15,
        ),
        cancel_before: ledger.minutes(
            raw.cancel_before_min.as_ref(),
            "bookings.cancel_before_min",
            (0, 480),
            120,
        ),
    }
}

fn groups(ledger: &mut Ledger<'_>, raw: Vec<RawGroup>) -> Vec<Group> {
    let mut groups = Vec::new();
    for raw in raw {
        let place = format!("group {}", raw.id.get_ref());
        let id = ledger.id(&raw.id, &place, GroupId::new);
        let name = ledger.text(raw.name, raw.id.span(), &place);
        let series = match raw.series.get_ref().as_bytes() {
            [letter] if letter.is_ascii_uppercase() => Some(char::from(*letter)),
            _ => {
                let what = format!("the series `{}` is not one capital letter.", raw.series.get_ref());
                ledger.say(
                    raw.series.span(),
                    &place,
                    what,
                    "Use one letter from A to Z, like series = \"A\".",
                );
                None
            }
        };
        let capacity = raw.slot_capacity.as_ref().map(|given| {
            let key = format!("{place}: slot_capacity");
            u32::try_from(ledger.number(Some(given), &key, (0, 1000), 0)).unwrap_or(0)
        });
        groups.extend(id.zip(series).map(|(id, series)| Group {
            id,
            series,
            name,
            slot_capacity: capacity,
            last_ticket: raw.last_ticket,
        }));
    }
    groups
}

fn services(ledger: &mut Ledger<'_>, raw: Vec<RawService>) -> Vec<Service> {
    let mut services = Vec::new();
    for raw in raw {
        let place = format!("service {}", raw.id.get_ref());
        let id = ledger.id(&raw.id, &place, ServiceId::new);
        // A group with a malformed id is already reported as unknown.
        let group = GroupId::new(raw.group.get_ref().clone()).ok();
        let near = raw.id.span();
        let name = ledger.text(raw.name, near.clone(), &place);
        let pinyin_initials = match &raw.pinyin {
            Some(given) => initials_by_hand(ledger, given, &place),
            None => pinyin_initials(&name.zh_hans),
        };
        let materials = raw.materials.into_iter();
        let materials = materials
            .map(|paper| ledger.text(paper, near.clone(), &place))
            .collect();
        let typical = Millis::from_mins(ledger.needed(&raw.typical_min, &format!("{place}: typical_min"), (1, 240)));
        services.extend(id.zip(group).map(|(id, group)| Service {
            id,
            group,
            name,
            keywords: raw.keywords,
            pinyin_initials,
            materials,
            typical,
            codes: raw.codes,
        }));
    }
    services
}

fn initials_by_hand(ledger: &mut Ledger<'_>, given: &Spanned<String>, place: &str) -> String {
    let text = given.get_ref();
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    if text.is_empty() || !text.bytes().all(plain) {
        let what = format!("the initials `{text}` are not lower-case letters.");
        ledger.say(
            given.span(),
            place,
            what,
            "Write the first letter of each syllable, like pinyin = \"zzbz\".",
        );
    }
    text.clone()
}

fn windows(ledger: &mut Ledger<'_>, raw: Vec<RawWindow>, hours: Option<(Millis, Millis)>) -> Vec<Window> {
    let mut windows = Vec::new();
    for raw in raw {
        let place = format!("window {}", raw.id.get_ref());
        let id = ledger.id(&raw.id, &place, WindowId::new);
        let name = ledger.text(raw.name, raw.id.span(), &place);
        if raw.groups.is_empty() {
            let advice = "List at least one group id in `groups`, or take the window out.";
            ledger.say(raw.id.span(), &place, "the window serves nothing.", advice);
        }
        let groups = raw
            .groups
            .iter()
            .filter_map(|group| GroupId::new(group.get_ref().clone()).ok());
        let groups = groups.collect();
        let plan = plan(ledger, &raw.plan, &place, hours);
        windows.extend(id.map(|id| Window {
            id,
            kind: raw.kind,
            name,
            groups,
            plan,
        }));
    }
    windows
}

fn plan(
    ledger: &mut Ledger<'_>,
    raw: &[Spanned<String>],
    place: &str,
    hours: Option<(Millis, Millis)>,
) -> Vec<Opening> {
    let mut plan: Vec<Opening> = Vec::new();
    for entry in raw {
        let text = entry.get_ref();
        let parsed = text.split_once('-').and_then(|(from, to)| {
            let (from, to) = (parse_clock(from.trim())?, parse_clock(to.trim())?);
            Some(Opening { from, to })
        });
        let Some(opening) = parsed else {
            let what = format!("the plan `{text}` is not a span of time.");
            ledger.say(entry.span(), place, what, "Write it like \"08:30-12:00\".");
            continue;
        };
        if opening.to <= opening.from {
            let what = format!("the plan `{text}` closes before it opens.");
            ledger.say(entry.span(), place, what, "Swap the two times.");
        } else if let Some(last) = plan.last().filter(|last| opening.from < last.to) {
            let what = format!(
                "the plan `{text}` overlaps or comes before {}-{}.",
                clock(last.from),
                clock(last.to)
            );
            ledger.say(
                entry.span(),
                place,
                what,
                "List the spans in order of time, each after the one before.",
            );
        } else if hours.is_some_and(|(opens, closes)| opening.from < opens || opening.to > closes) {
            let what = format!("the plan `{text}` is outside the hours of the hall.");
            ledger.say(entry.span(), place, what, "Keep it between hall.opens and hall.closes.");
        }
        plan.push(opening);
    }
    plan
}

/// The names that other entries refer to.
struct References {
    groups: Vec<String>,
    served: Vec<String>,
}

impl References {
    fn of(raw: &RawFile) -> Self {
        let groups = raw.group.iter().map(|group| group.id.get_ref().clone()).collect();
        let served = raw.window.iter().flat_map(|window| &window.groups);
        let served = served.map(|group| group.get_ref().clone()).collect();
        Self { groups, served }
    }

    fn check(&self, ledger: &mut Ledger<'_>, raw: &RawFile) {
        twice(
            ledger,
            "group",
            "id",
            raw.group
                .iter()
                .map(|group| (group.id.get_ref().as_str(), group.id.span())),
        );
        twice(
            ledger,
            "group",
            "series",
            raw.group.iter().map(|g| (g.series.get_ref().as_str(), g.series.span())),
        );
        twice(
            ledger,
            "service",
            "id",
            raw.service.iter().map(|s| (s.id.get_ref().as_str(), s.id.span())),
        );
        twice(
            ledger,
            "window",
            "id",
            raw.window.iter().map(|w| (w.id.get_ref().as_str(), w.id.span())),
        );
        twice(
            ledger,
            "service",
            "name",
            raw.service.iter().map(|s| (s.name.zh_hans.as_str(), s.id.span())),
        );
        twice(
            ledger,
            "window",
            "name",
            raw.window.iter().map(|w| (w.name.zh_hans.as_str(), w.id.span())),
        );
        for service in &raw.service {
            let place = format!("service {}", service.id.get_ref());
            self.known(ledger, &service.group, &place);
            let group = service.group.get_ref();
            if self.groups.contains(group) && !self.served.contains(group) {
                let what = format!("nobody serves it: no window lists its group `{group}`.");
                let advice = format!("Add \"{group}\" to the `groups` of a window, or take the service out.");
                ledger.say(service.group.span(), &place, what, advice);
            }
        }
        for window in &raw.window {
            let place = format!("window {}", window.id.get_ref());
            for group in &window.groups {
                self.known(ledger, group, &place);
            }
            let groups = window
                .groups
                .iter()
                .map(|group| (group.get_ref().as_str(), group.span()));
            twice(ledger, &place, "group", groups);
        }
        guidance(ledger, raw);
    }

    fn known(&self, ledger: &mut Ledger<'_>, group: &Spanned<String>, place: &str) {
        if !self.groups.contains(group.get_ref()) {
            let what = format!("there is no group `{}`.", group.get_ref());
            let advice = format!("Groups of this file are: {}.", self.groups.join(", "));
            ledger.say(group.span(), place, what, advice);
        }
    }
}

/// The button "不知道选哪个" needs a service and a desk that serves it; a desk without the button is a forgotten key.
fn guidance(ledger: &mut Ledger<'_>, raw: &RawFile) {
    let desks: Vec<&RawWindow> = raw.window.iter().filter(|w| w.kind == WindowKind::Guidance).collect();
    let Some(chosen) = &raw.hall.guidance else {
        for desk in desks {
            let place = format!("window {}", desk.id.get_ref());
            let what = "there is a guidance desk, but hall.guidance names no service for it.";
            let advice = "Add guidance = \"S001\" (the id of its service) to [hall].";
            ledger.say(desk.id.span(), &place, what, advice);
        }
        return;
    };
    let Some(service) = raw
        .service
        .iter()
        .find(|service| service.id.get_ref() == chosen.get_ref())
    else {
        let what = format!("there is no service `{}`.", chosen.get_ref());
        ledger.say(
            chosen.span(),
            "hall.guidance",
            what,
            "Give the id of the guidance service, or take the line out.",
        );
        return;
    };
    let group = service.group.get_ref();
    let served = desks
        .iter()
        .any(|desk| desk.groups.iter().any(|served| served.get_ref() == group));
    if !served {
        let what = format!("no guidance window serves the service `{}`.", chosen.get_ref());
        let advice = format!("Add a window with kind = \"guidance\" and groups = [\"{group}\"].");
        ledger.say(chosen.span(), "hall.guidance", what, advice);
    }
}

fn twice<'a>(ledger: &mut Ledger<'_>, entry: &str, key: &str, values: impl Iterator<Item = (&'a str, Range<usize>)>) {
    let mut seen: Vec<(&str, Range<usize>)> = Vec::new();
    for (value, span) in values {
        match seen.iter().find(|(before, _)| *before == value) {
            Some((_, first)) => {
                let what = format!(
                    "the {key} `{value}` is already taken on line {}.",
                    line_of(ledger.text, first.start)
                );
                ledger.say(
                    span,
                    entry,
                    what,
                    format!("Every {entry} needs its own {key}: change one of the two."),
                );
            }
            None => seen.push((value, span)),
        }
    }
}
