//! The colours of what muxwire itself says about events.

/// What a text is, which decides how it looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    /// When something happened.
    Time,
    /// Where something happened.
    Place,
    /// Something came.
    Came,
    /// Something went.
    Went,
    /// Something changed, or was written.
    Changed,
    /// It warns.
    Warning,
    /// It reports an error or a loss.
    Error,
}

/// Whether there are colours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Paint {
    pub(super) colours: bool,
}

/// The end of whatever looks not plain.
pub(super) const RESET: &str = "\x1b[0m";

impl Paint {
    /// Adds a text that looks as its role asks.
    pub(super) fn add(self, out: &mut String, role: Role, text: &str) {
        if !self.colours || text.is_empty() {
            out.push_str(text);
            return;
        }
        out.push_str(match role {
            Role::Time => "\x1b[2m",
            Role::Place => "\x1b[36m",
            Role::Came => "\x1b[32m",
            Role::Went => "\x1b[35m",
            Role::Changed => "\x1b[34m",
            Role::Warning => "\x1b[33m",
            Role::Error => "\x1b[1;31m",
        });
        out.push_str(text);
        out.push_str(RESET);
    }
}

/// How an event of a type looks: by the last word of its type.
pub(super) fn role(type_name: &str) -> Role {
    match type_name.rsplit('.').next().unwrap_or_default() {
        "created" | "attached" | "connected" | "started" => Role::Came,
        "removed" | "detached" | "deleted" | "ended" => Role::Went,
        "exited" => Role::Warning,
        "lost" | "gap" => Role::Error,
        _ => Role::Changed,
    }
}
