//! Numbers with names: commands, result codes, phases, steps, positions.

macro_rules! numbers {
    ($(#[$doc:meta])* $name:ident { $($(#[$vdoc:meta])* $variant:ident = $value:literal,)* }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
        #[serde(rename_all = "snake_case")]
        #[repr(u8)]
        pub enum $name { $($(#[$vdoc])* $variant = $value,)* }
        impl $name {
            /// All of them, by number.
            pub const ALL: &[Self] = &[$(Self::$variant,)*];
            /// The number on the wire.
            pub const fn code(self) -> u8 {
                self as u8
            }
            /// The name of a number.
            pub fn from_code(code: u8) -> Option<Self> {
                match code { $($value => Some(Self::$variant),)* _ => None }
            }
        }
    };
}

numbers! {
    /// Commands (docs/tim-1.md, section 3).
    Command {
        /// Who is there.
        Hello = 0x01,
        /// How it is.
        Status = 0x02,
        /// What happened since.
        Events = 0x03,
        /// Raw sensors.
        Sensors = 0x04,
        /// Lifetime counters.
        Counters = 0x05,
        /// Sets the clock.
        TimeSet = 0x06,
        /// Opens a job.
        JobOpen = 0x10,
        /// A piece of the picture.
        JobData = 0x11,
        /// Checks length and digest.
        JobSeal = 0x12,
        /// Asks about a job.
        JobQuery = 0x13,
        /// Starts a step.
        JobStep = 0x14,
        /// Ends a job before it is presented.
        JobAbort = 0x15,
        /// Puts an ended job into the archive.
        JobClose = 0x16,
        /// Staff at the machine.
        MaintEnter = 0x20,
        /// Staff is done.
        MaintExit = 0x21,
        /// Homes everything, captures what it finds.
        MechReset = 0x22,
        /// Film, blanks or medium put in.
        Replenish = 0x23,
        /// A bin was emptied and counted.
        BinEmptied = 0x24,
        /// Heater off, standby, hot.
        Heater = 0x25,
        /// Tests itself.
        SelfTest = 0x26,
        /// A person has cleared a fault.
        FaultClear = 0x27,
        /// Two people have decided a doubt.
        DoubtResolve = 0x28,
        /// A number good for one order.
        Nonce = 0x30,
    }
}

impl Command {
    /// True for commands that may come with boot number 0.
    pub fn takes_any_boot(self) -> bool {
        use Command::{Counters, Events, Hello, JobQuery, Sensors, Status};
        matches!(self, Hello | Status | Events | Sensors | Counters | JobQuery)
    }
}

numbers! {
    /// Answers.
    ResultCode {
        /// Done.
        Ok = 0x00,
        /// Was done before.
        OkAlready = 0x01,
        /// Has begun; ask STATUS.
        OkRunning = 0x02,
        /// No such command.
        BadCmd = 0x11,
        /// Wrong length or value.
        BadParam = 0x12,
        /// Meant for another life of the machine; not executed.
        BootChanged = 0x13,
        /// Something else moves.
        Busy = 0x14,
        /// No such job.
        NoJob = 0x20,
        /// Another job is open; its record follows.
        JobOther = 0x21,
        /// The job is in the archive; its record follows.
        JobClosed = 0x22,
        /// A card of this record has left, or may have.
        RecordDone = 0x23,
        /// Not in this phase.
        Sequence = 0x24,
        /// The picture is not the announced one.
        Digest = 0x25,
        /// Something is missing or cold.
        NotReady = 0x26,
        /// A fault stands.
        Fault = 0x27,
        /// Wrong authentication code.
        Auth = 0x28,
        /// A person must act.
        OutOfService = 0x29,
        /// Staff is at the machine, or must be.
        Maintenance = 0x2A,
    }
}

numbers! {
    /// Where a job is.
    Phase {
        /// No job.
        None = 0,
        /// Waits for its picture.
        Open = 1,
        /// Picture checked.
        Sealed = 2,
        /// Film cut.
        Cut = 3,
        /// Film printed.
        Printed = 4,
        /// Card picked and under the film.
        Fed = 5,
        /// One sheet.
        Laminated = 6,
        /// In the slot, within reach.
        Presented = 7,
        /// Ended: the card is in a hand.
        Taken = 0x10,
        /// Ended: the card was drawn back into the retract bin.
        Retracted = 0x11,
        /// Ended: two captures, no card.
        Rejected = 0x12,
        /// Ended at the host's or the citizen's wish, no card.
        Aborted = 0x13,
        /// Nobody knows where the card is: counts as left.
        Doubt = 0x14,
    }
}

impl Phase {
    /// True once nothing more happens by itself.
    pub fn is_terminal(self) -> bool {
        self.code() >= Self::Taken.code()
    }
}

numbers! {
    /// What the machine does, one change of custody each.
    Step {
        /// Cuts film.
        Cut = 1,
        /// Prints it.
        Print = 2,
        /// Picks a card.
        Feed = 3,
        /// Presses both together.
        Laminate = 4,
        /// Opens the slot and hands out.
        Present = 5,
        /// Draws an untaken card in.
        DrawIn = 6,
        /// Drops it into the retract bin.
        Retract = 7,
        /// Drops everything inside into the reject bin.
        Capture = 8,
    }
}

impl Step {
    /// The step that leads on from `phase`, started by the host.
    pub fn after(phase: Phase) -> Option<Self> {
        match phase {
            Phase::Sealed => Some(Self::Cut),
            Phase::Cut => Some(Self::Print),
            Phase::Printed => Some(Self::Feed),
            Phase::Fed => Some(Self::Laminate),
            Phase::Laminated => Some(Self::Present),
            _ => None,
        }
    }

    /// The phase once a step of the host's is done.
    pub fn done(self) -> Option<Phase> {
        match self {
            Self::Cut => Some(Phase::Cut),
            Self::Print => Some(Phase::Printed),
            Self::Feed => Some(Phase::Fed),
            Self::Laminate => Some(Phase::Laminated),
            Self::Present => Some(Phase::Presented),
            Self::DrawIn | Self::Retract | Self::Capture => None,
        }
    }
}

numbers! {
    /// What the machine as a whole does.
    Mode {
        /// Starting; answers questions only.
        Init = 0,
        /// Waits for a job.
        Idle = 1,
        /// Has one.
        Job = 2,
        /// A fault stands.
        Fault = 3,
        /// Staff is at it.
        Maintenance = 4,
        /// A person must act.
        OutOfService = 5,
    }
}

numbers! {
    /// Where a card or film is.
    Position {
        /// Nowhere.
        None = 0,
        /// At the hopper's mouth.
        Pick = 1,
        /// Where film and card meet.
        Merge = 2,
        /// Before the press.
        LaminatorIn = 3,
        /// In the press.
        Laminator = 4,
        /// Behind it.
        Cooler = 5,
        /// In the slot.
        Exit = 6,
        /// In the reject bin.
        RejectBin = 7,
        /// In the retract bin.
        RetractBin = 8,
        /// Not known.
        Unknown = 15,
    }
}
