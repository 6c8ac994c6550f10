//! The planted bugs: each a mistake that somebody could make in a daemon, switched on in the model.

use crate::Rule;

/// A mistake that the simulation must find.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bug {
    /// The dispatcher answers when it has decided, not when the row is on disk.
    AnswersBeforeFlush,
    /// A failed flush is taken for a good one.
    GoesOnAfterFailedFlush,
    /// A retry of the kiosk or the desk carries a new key.
    NewKeyOnRetry,
    /// A retry of the clerk's console carries a new key.
    ClerkRetriesWithNewKey,
    /// A doubled request for a number is obeyed twice.
    TakeNotDeduplicated,
    /// A doubled press of "next" is obeyed twice.
    NextNotDeduplicated,
    /// After a restart the keys of the journal are unknown.
    KeysForgottenOnRestart,
    /// A repeated key is not answered.
    RepeatIsSilent,
    /// Recovery asks the (newer) engine again instead of folding what was decided.
    RecoveryDecidesAgain,
    /// Recovery leaves out tickets that are over, and with them how far the series had come.
    SeriesNotRestored,
    /// A restart sends everybody who stands at a window back into the queue.
    WindowsReleasedOnRestart,
    /// A board that resumes misses the first event behind its place.
    ResumeSkipsOne,
    /// Rows of one commit reach the boards newest first.
    BatchPublishedBackwards,
    /// Boards hear of a row before it is on disk.
    PublishedBeforeFlush,
    /// The kiosk hands a late answer to whoever stands there now.
    AnswerToWhoeverStandsThere,
    /// The kiosk sends a request before its key is stored.
    SentBeforeStored,
    /// A restarted kiosk prints a slip of unknown fate again without its mark.
    SlipSentTwice,
    /// The real-name rule holds at each kiosk by itself.
    HolderPerKiosk,
    /// The turn of the day forgets those who still wait.
    DayEndDropsWaiters,
    /// The same block of numbers is lent to two kiosks.
    BlockLentTwice,
    /// A hand-over that comes again makes another ticket.
    HandOverDoubled,
    /// A kiosk alone hands over its newest ticket first.
    HandedOverBackwards,
    /// What a kiosk gave out alone is not kept over a restart.
    AloneNotKept,
    /// A restarted kiosk gives out lent numbers again.
    UsedNumbersForgotten,
}

impl Bug {
    /// Every planted bug with the rule that must be found broken.
    pub const ALL: [(Self, Rule); 24] = [
        (Self::AnswersBeforeFlush, Rule::AnsweredIsJournalled),
        (Self::GoesOnAfterFailedFlush, Rule::AnsweredIsJournalled),
        (Self::NewKeyOnRetry, Rule::OneAskOneRow),
        (Self::ClerkRetriesWithNewKey, Rule::OneAskOneRow),
        (Self::TakeNotDeduplicated, Rule::OneKeyOneRow),
        (Self::NextNotDeduplicated, Rule::OneKeyOneRow),
        (Self::KeysForgottenOnRestart, Rule::OneKeyOneRow),
        (Self::RepeatIsSilent, Rule::Drains),
        (Self::RecoveryDecidesAgain, Rule::RebuildIsLive),
        (Self::SeriesNotRestored, Rule::NumberOnce),
        (Self::WindowsReleasedOnRestart, Rule::OneWindow),
        (Self::ResumeSkipsOne, Rule::BoardTellsTheJournal),
        (Self::BatchPublishedBackwards, Rule::BoardTellsTheJournal),
        (Self::PublishedBeforeFlush, Rule::BoardTellsTheJournal),
        (Self::AnswerToWhoeverStandsThere, Rule::RightHands),
        (Self::SentBeforeStored, Rule::KeyStoredFirst),
        (Self::SlipSentTwice, Rule::OneUnmarkedSlip),
        (Self::HolderPerKiosk, Rule::OneOpenTicket),
        (Self::DayEndDropsWaiters, Rule::WaitEnds),
        (Self::BlockLentTwice, Rule::LentOnce),
        (Self::HandOverDoubled, Rule::OneKeyOneRow),
        (Self::HandedOverBackwards, Rule::HandedOverInOrder),
        (Self::AloneNotKept, Rule::AnsweredIsJournalled),
        (Self::UsedNumbersForgotten, Rule::RightHands),
    ];
}
