//! What staff has the machine do, between two cards: who acts is checked, every act stands in the blank ledger.
//!
//! Loading, emptying a bin, deciding a doubt, closing a day and explaining a difference take two people. A hand count
//! is given before any count of the machine is shown.

use drivers_temp_id_maker::codec::{Fault, JobId, Phase, ResultCode, Status};
use drivers_temp_id_maker::{Maker as _, StaffDone, StaffOrder};
use kiosk_making::KeepError;
use kiosk_outbox::making::day::{Closed, open_day};
use kiosk_outbox::making::{BlankLine, Identify, StaffRefused};
use ticket_dispatcher_protocol::{MakerAction, MakerDone, MakerDoubt, MakerItem, MakerOrder};

use super::machine::{Machine, keep, short};
use super::{kept, unix_s};

/// Said to staff: done, or why not.
type Said = Result<String, String>;

fn refused(code: ResultCode) -> String {
    match code {
        ResultCode::Busy | ResultCode::JobOther => "机器正在制证，请稍候再试".to_string(),
        ResultCode::Fault | ResultCode::OutOfService => "机器有故障，请先处理故障".to_string(),
        ResultCode::Auth => "机器的密钥不对，请联系维修".to_string(),
        other => format!("机器没有接受（{other:?}）"),
    }
}

fn identified(error: &StaffRefused) -> String {
    match error {
        StaffRefused::Wrong(no) => format!("工号 {no} 或密码不对"),
        StaffRefused::Locked(no) => format!("工号 {no} 连续输错五次，15 分钟后再试"),
        StaffRefused::TwoNeeded => "这一步需要两位不同的工作人员".to_string(),
    }
}

fn joined(who: &[u32]) -> String {
    who.iter().map(u32::to_string).collect::<Vec<_>>().join("+")
}

/// The day in one sentence.
fn summary(closed: &Closed) -> String {
    let day = &closed.day;
    let reasons: Vec<String> = day
        .spoiled
        .iter()
        .map(|(code, count)| {
            let said = Fault::of(*code).map_or("主机结束", |fault| fault.said);
            format!("{said} {count}")
        })
        .collect();
    let why = if reasons.is_empty() {
        String::new()
    } else {
        format!("（{}）", reasons.join("，"))
    };
    format!(
        "结余 {}，装入 {}，取走 {}，未取回收 {}，废卡 {}，取出 {}{why}，应有 {}，清点 {}，相差 {}",
        day.brought,
        day.loaded,
        day.taken,
        day.retracted,
        day.rejected,
        day.removed,
        closed.expected,
        closed.counted,
        closed.difference
    )
}

impl Machine {
    /// Does an order and tells what came of it.
    pub(super) fn staff_orders(&mut self, order: &MakerOrder) -> Result<(), KeepError> {
        let said = self.act(order)?;
        let (ok, said) = match said {
            Ok(said) => (true, said),
            Err(said) => (false, said),
        };
        tracing::info!(order = order.id, ok, "an order of staff");
        self.house.board.done(MakerDone { id: order.id, ok, said });
        self.pull()?;
        self.refresh()
    }

    fn needed(&mut self, action: &MakerAction) -> usize {
        match action {
            MakerAction::SelfTest | MakerAction::Home => 1,
            MakerAction::ClearFault => {
                let fault = self.look().map_or(0, |status| status.fault);
                1 + usize::from(Fault::of(fault).is_some_and(Fault::takes_two))
            }
            _ => 2,
        }
    }

    pub(super) fn act(&mut self, order: &MakerOrder) -> Result<Said, KeepError> {
        let action = &order.order.action;
        let Some(path) = &self.staff else {
            return Ok(Err("这台自助机没有登记工作人员".to_string()));
        };
        let file = match super::staff_file(path) {
            Ok(file) => file,
            Err(error) => {
                tracing::error!(error = format!("{error:#}"), "nobody can act at the maker");
                return Ok(Err("读不出工作人员名单，请联系维修".to_string()));
            }
        };
        let needed = self.needed(action);
        let given: Vec<(u32, &str)> = order
            .order
            .staff
            .iter()
            .map(|person| (person.no, person.password.expose()))
            .collect();
        let who = self.store.identify(&file, &given, needed, unix_s());
        let who = match who {
            Ok(who) => who,
            Err(Identify::Refused(error)) => return Ok(Err(identified(&error))),
            Err(Identify::Store(error)) => return Err(keep(error)),
        };
        if self.look().is_none() && !matches!(action, MakerAction::Explain { .. }) {
            return Ok(Err("机器没有应答，请检查电源和连线".to_string()));
        }
        match action {
            MakerAction::Load { item, count } => self.load(&who, *item, *count),
            MakerAction::EmptyBin { reject, counted } => self.empty(&who, *reject, *counted),
            MakerAction::ClearFault => self.clear(&who),
            MakerAction::SelfTest => Ok(self
                .maintain(&who, StaffOrder::SelfTest)
                .map(|_| "自检通过".to_string())),
            MakerAction::Home => Ok(self.maintain(&who, StaffOrder::Home).map(|_| "已复位".to_string())),
            MakerAction::ResolveDoubt { job, left } => self.resolve(&who, job, *left),
            MakerAction::CloseDay { counted } => self.close_day(&who, *counted),
            MakerAction::Explain { why } => self.explain(&who, why),
        }
    }

    /// One order inside maintenance, which is left again whatever came of it.
    fn maintain(&mut self, who: &[u32], order: StaffOrder) -> Result<StaffDone, String> {
        let (first, second) = (who.first().copied().unwrap_or(0), who.last().copied().unwrap_or(0));
        let away = |_| "机器没有应答，请检查电源和连线".to_string();
        match self.maker.staff(StaffOrder::Enter(first, second)).map_err(away)? {
            StaffDone::Refused(code) => return Err(refused(code)),
            StaffDone::Done | StaffDone::Counted(_) => {}
        }
        let done = self.maker.staff(order).map_err(away);
        let _ = self.maker.staff(StaffOrder::Exit); // left by itself when the power goes
        match done? {
            StaffDone::Refused(ResultCode::Fault) if order == StaffOrder::SelfTest => Err("自检未通过".to_string()),
            StaffDone::Refused(code) => Err(refused(code)),
            done => Ok(done),
        }
    }

    fn note(&mut self, who: &[u32], what: &str, count: i64, why: &str) -> Result<(), KeepError> {
        let serial = self.known.serial.clone();
        let line = BlankLine {
            serial: &serial,
            machine_index: None,
            what,
            count,
            code: 0,
            staff: &joined(who),
            why,
            at_s: unix_s(),
        };
        self.store.add_blanks(&[line], None).map_err(keep)
    }

    pub(super) fn load(&mut self, who: &[u32], item: MakerItem, count: u32) -> Result<Said, KeepError> {
        let (number, word) = match item {
            MakerItem::Film => (1, "膜片"),
            MakerItem::Blanks => (2, "空白卡"),
            MakerItem::Medium => (3, "打印耗材"),
        };
        if count == 0 {
            return Ok(Err("请填装入的数量".to_string()));
        }
        if let Err(said) = self.fits(item, count) {
            return Ok(Err(said));
        }
        // Who comes before what: a load without its people must not stand in the ledger.
        self.note(who, "staff", i64::from(count), &format!("load {word}"))?;
        let done = self.maintain(who, StaffOrder::Loaded(number, count));
        Ok(done.map(|_| format!("已登记：装入{word} {count}")))
    }

    /// What there is room for: a new roll or ribbon takes the place of the old one, blanks come on top of those in the
    /// hopper. In tens, because a hand count is asked for that nobody could have read here.
    fn fits(&mut self, item: MakerItem, count: u32) -> Result<(), String> {
        let Some(status) = self.look() else {
            return Err("机器没有应答，请检查电源和连线".to_string());
        };
        let (film, blanks, ..) = self.known.room;
        let (most, said) = match item {
            MakerItem::Film => (film, format!("一卷膜片最多 {film}")),
            MakerItem::Blanks => {
                let room = blanks.saturating_sub(status.blanks_left);
                let said = match room / 10 * 10 {
                    0 => "不到 10 张".to_string(),
                    tens => format!("约 {tens} 张"),
                };
                (room, format!("卡箱最多还能装{said}"))
            }
            MakerItem::Medium => (u16::MAX, format!("打印耗材最多 {}", u16::MAX)),
        };
        if count <= u32::from(most) {
            return Ok(());
        }
        Err(format!("装不下 {count}：{said}，请核对数量；没有登记"))
    }

    fn empty(&mut self, who: &[u32], reject: bool, counted: u16) -> Result<Said, KeepError> {
        let (number, word) = if reject { (1, "废卡箱") } else { (2, "回收箱") };
        self.note(who, "counted", counted.into(), word)?;
        let done = self.maintain(who, StaffOrder::BinEmptied(number, counted));
        Ok(match done {
            Ok(StaffDone::Counted(machine)) if machine == counted => {
                Ok(format!("{word}已清空：清点 {counted}，机器计数 {machine}，一致"))
            }
            Ok(StaffDone::Counted(machine)) => {
                let differs = i64::from(counted) - i64::from(machine);
                self.note(who, "bin_differs", differs, word)?;
                Ok(format!(
                    "{word}已清空：清点 {counted}，机器计数 {machine}，相差 {differs}，已记入台账"
                ))
            }
            Ok(_) => Err("机器没有报出计数".to_string()),
            Err(said) => Err(said),
        })
    }

    fn clear(&mut self, who: &[u32]) -> Result<Said, KeepError> {
        let Some(status) = self.look() else {
            return Ok(Err("机器没有应答，请检查电源和连线".to_string()));
        };
        let Some(fault) = Fault::of(status.fault) else {
            return Ok(Err("机器现在没有故障".to_string()));
        };
        self.note(who, "staff", 0, &format!("clear {:04X}", fault.code))?;
        let done = self.maintain(who, StaffOrder::FaultClear(status.fault_seq));
        Ok(done.map(|_| format!("已清除故障：{}", fault.said)))
    }

    /// A doubt is decided: told to the machine that still holds the job, and to the back end in any case.
    fn resolve(&mut self, who: &[u32], job: &str, left: bool) -> Result<Said, KeepError> {
        let rows = self.store.doubts().map_err(keep)?;
        let found = rows.iter().find(|row| short(kept::jobs(row).ids[0]) == job);
        let Some(row) = found else {
            return Ok(Err(format!("没有存疑的作业 {job}")));
        };
        self.note(who, "staff", 0, if left { "doubt: left" } else { "doubt: found" })?;
        let ids = kept::jobs(row).ids;
        let status = self.look();
        let held = status.filter(|status| ids.contains(&status.job) && status.phase == Phase::Doubt);
        if let Some(JobId(id)) = held.map(|status| status.job)
            && let Err(said) = self.maintain(who, StaffOrder::DoubtResolve(JobId(id), left))
        {
            return Ok(Err(said));
        }
        self.end(row, if left { Phase::Taken } else { Phase::Rejected })?;
        let how = if left {
            "证件已离开"
        } else {
            "证件在机内找到"
        };
        Ok(Ok(format!("作业 {job} 已认定：{how}")))
    }

    pub(super) fn close_day(&mut self, who: &[u32], counted: u32) -> Result<Said, KeepError> {
        let Some(status) = self.look() else {
            return Ok(Err("机器没有应答，请检查电源和连线".to_string()));
        };
        if let Some(said) = self.stands_open(&status)? {
            return Ok(Err(said));
        }
        let room = self.identity.as_ref().map_or(0, |identity| identity.blank_cap);
        if counted > room.into() {
            return Ok(Err(format!(
                "清点 {counted} 不对：卡箱最多装 {room} 张，请重新清点；没有日结"
            )));
        }
        self.pull()?;
        self.check_chain()?;
        if !self.known.chain_holds {
            return Ok(Err("台账的校验链断了，不能日结，请报告".to_string()));
        }
        let serial = self.known.serial.clone();
        let (day, unexplained) = open_day(&self.store.blanks(&serial).map_err(keep)?);
        let closed = day.close(counted.into(), unexplained);
        self.note(who, "counted", counted.into(), "hopper")?;
        self.note(who, "day_closed", counted.into(), &closed.difference.to_string())?;
        let mut said = summary(&closed);
        if closed.open != closed.difference {
            said.push_str(&format!("，连同以前未说明的共 {}", closed.open));
        }
        if closed.open != 0 {
            said.push_str("。说明原因之前，机器停用");
        }
        Ok(Ok(said))
    }

    /// The job that keeps the day open, and who must do what first.
    fn stands_open(&self, status: &Status) -> Result<Option<String>, KeepError> {
        if status.job == JobId::default() {
            return Ok(None);
        }
        let rows = self.store.unfinished().map_err(keep)?;
        let ours = rows.iter().any(|row| kept::jobs(row).ids.contains(&status.job));
        let job = short(status.job);
        let to_do = match Fault::of(status.fault) {
            _ if status.phase == Phase::Doubt => "存疑：请两人先认定证件在哪里".to_string(),
            Some(fault) => format!("停在机内（{}）：请先处理并清除故障，作业随后自行结束", fault.said),
            None if ours => "正在进行：请等它结束".to_string(),
            None => "不是这台自助机开始的：请由开始它的人做完，或等机器自行结束".to_string(),
        };
        Ok(Some(format!("作业 {job} {to_do}，再日结")))
    }

    pub(super) fn explain(&mut self, who: &[u32], why: &str) -> Result<Said, KeepError> {
        if why.trim().is_empty() {
            return Ok(Err("请写明原因".to_string()));
        }
        let lines = self.store.blanks(&self.known.serial).map_err(keep)?;
        if open_day(&lines).1.is_none() {
            return Ok(Err("没有要说明的差额；没有登记".to_string()));
        }
        self.note(who, "explained", 0, why.trim())?;
        Ok(Ok("已登记说明，机器可以使用".to_string()))
    }

    /// Reads the whole ledger's chain.
    pub(super) fn check_chain(&mut self) -> Result<(), KeepError> {
        let broken = self.store.broken_at().map_err(keep)?;
        if let Some(no) = broken {
            tracing::error!(line = no, "the blank ledger was changed");
        }
        self.known.chain_holds = broken.is_none();
        Ok(())
    }

    /// Refreshes when the machine is another than before, or the store was changed by hand: a day closed with a
    /// difference stops this kiosk, and its explanation puts it back.
    pub(super) fn reread(&mut self) -> Result<(), KeepError> {
        let version = self.store.outside_version().map_err(keep)?;
        let identity = self.identity.as_ref();
        let other = identity.is_some_and(|identity| identity.serial != self.known.serial);
        if other || self.read_at != Some(version) {
            self.refresh()?;
            self.read_at = Some(version);
        }
        Ok(())
    }

    /// Reads anew what staff sees beside the status.
    pub(super) fn refresh(&mut self) -> Result<(), KeepError> {
        if let Some(identity) = &self.identity
            && self.known.greeted(identity)
        {
            let kept = self.store.keep_hopper_room(&identity.serial, identity.blank_cap);
            kept.map_err(keep)?;
        }
        let doubts = self.store.doubts().map_err(keep)?;
        self.known.doubts = doubts
            .iter()
            .map(|row| MakerDoubt {
                job: short(kept::jobs(row).ids[0]),
                since_s: row.opened_s,
            })
            .collect();
        let lines = self.store.blanks(&self.known.serial).map_err(keep)?;
        self.known.difference = open_day(&lines).1;
        Ok(())
    }
}
