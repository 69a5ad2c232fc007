//! What can be wrong with a recording.

use std::io;

/// Why a recording can't be read.
#[derive(Debug, thiserror::Error)]
pub enum RecordingError {
    /// The system refused.
    #[error("the recording can't be read: {0}")]
    Read(#[from] io::Error),
    /// A line is not what it should be.
    #[error("line {line} of the recording: {problem}")]
    Line {
        /// Which one, counted from 1.
        line: usize,
        /// What is wrong with it.
        problem: Problem,
    },
}

/// What is wrong with a line of a recording.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Problem {
    /// The first line is something else.
    #[error("this is no recording; one begins with {{\"muxwire_recording\":1,...}}")]
    NoHeader,
    /// A field of the first line is missing or wrong.
    #[error("the header lacks {0:?}, or has a wrong value there")]
    Header(&'static str),
    /// A later muxwire made it.
    #[error("its format is {0}, and this muxwire reads format 1 only")]
    Format(u64),
    /// It is no JSON of the right shape.
    #[error("it is no [time, link, direction, text]: {0}")]
    Json(String),
    /// The line goes on and on.
    #[error("it is longer than {0} bytes")]
    TooLong(usize),
    /// The direction is none.
    #[error("{0:?} is no direction; these are < > + - =")]
    Direction(String),
    /// The text has characters that stand for no byte.
    #[error("its text holds {0:?}, and only characters up to U+00FF stand for bytes")]
    NoByte(char),
    /// The text is that of a line that can't be referred to.
    #[error("line {0} is none of the last texts that were sent")]
    NotRecent(u64),
    /// The text is not what its direction asks for.
    #[error("{text:?} is not {expected}")]
    Text {
        /// The text.
        text: String,
        /// What it should be.
        expected: &'static str,
    },
    /// A command that this muxwire would never send.
    #[error("{0:?} is no command that this muxwire sends")]
    Command(String),
    /// The entry is older than the one before it.
    #[error("its time lies before that of the line before it")]
    Backwards,
    /// The time can't be counted.
    #[error("its time is out of range")]
    Time,
    /// The link is not open.
    #[error("{0} is not open here")]
    NotOpen(crate::tmux::LinkId),
    /// The link was opened before.
    #[error("{0} was opened before")]
    OpenedTwice(crate::tmux::LinkId),
    /// The file ends within a line.
    #[error(
        "the recording is cut off in this line; take the line out and put [0,0,\"=\",\"end\"] there, with the time of \
         the line before it, to use what is left"
    )]
    CutOff,
    /// The file ends without an end.
    #[error(
        "the recording is cut off before this line, where its end should stand; add [0,0,\"=\",\"end\"], with the time \
         of the line before it, to use what is there"
    )]
    NoEnd,
    /// Something stands behind the end.
    #[error("it stands behind the end of the recording")]
    BehindEnd,
    /// What was written was something else.
    #[error("the checksum doesn't fit: something before this line was changed")]
    Checksum,
}

impl Problem {
    pub(super) fn at(self, line: usize) -> RecordingError {
        RecordingError::Line {
            line,
            problem: self,
        }
    }
}
