//! Logs: to stderr, for people or for programs, and never able to change a terminal.
//!
//! Names of sessions and panes reach the logs, and anyone who runs a program in a pane chooses them. Nothing waits for
//! anyone who reads them: a pipe that nobody empties costs lines, which are counted, and not muxwire.

mod patient;

use std::io::{self, IsTerminal as _};
use std::sync::OnceLock;

use tracing::Metadata;
use tracing_subscriber::filter::{ParseError, filter_fn};
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::{SubscriberInitExt as _, TryInitError};
use tracing_subscriber::{EnvFilter, Registry, reload};

use self::patient::Patient;
use crate::config::{LogFormat, Monitoring};
use crate::printable;

/// Why logging can't begin.
#[derive(Debug, thiserror::Error)]
pub enum LoggingError {
    /// The directives.
    #[error("can't use the log level: {0}")]
    Filter(#[from] ParseError),
    /// It has begun already.
    #[error(transparent)]
    Begun(#[from] TryInitError),
    /// The level can't be changed.
    #[error(transparent)]
    Fixed(#[from] reload::Error),
}

/// What is logged now.
#[derive(Debug)]
struct Level(reload::Handle<EnvFilter, Registry>);

/// There is one log for the process.
static LEVEL: OnceLock<Level> = OnceLock::new();

/// Sends what the process logs to stderr, as the settings say.
///
/// # Errors
/// The level is no directive, or logging has begun already.
pub fn start(settings: &Monitoring) -> Result<(), LoggingError> {
    let (filter, handle) = reload::Layer::new(EnvFilter::try_new(directives(&settings.log_level))?);
    let is_terminal = io::stderr().is_terminal();
    let may_be_logged = filter_fn(move |event| !is_terminal || may_stand_in_a_terminal(event));
    let writer = Escaped {
        format: settings.log_format,
        inner: Patient::stderr,
    };
    // A log that can't be written must not be logged, and colours would be indistinguishable from a pane's own.
    let layer = tracing_subscriber::fmt::layer()
        .with_ansi(false)
        .log_internal_errors(false)
        .with_writer(writer);
    let registry = tracing_subscriber::registry()
        .with(filter)
        .with(may_be_logged);
    match settings.log_format {
        LogFormat::Text => registry.with(layer).try_init()?,
        LogFormat::Json => registry.with(layer.json().flatten_event(true)).try_init()?,
    }
    // It is set once, since a second start has failed above.
    LEVEL.get_or_init(|| Level(handle));
    Ok(())
}

/// Changes what is logged from now on. Tells whether that is a change; nothing changes before [`start`].
///
/// # Errors
/// The level is no directive.
pub fn change(level: &str) -> Result<bool, LoggingError> {
    let filter = EnvFilter::try_new(directives(level))?;
    let Some(Level(handle)) = LEVEL.get() else {
        return Ok(false);
    };
    let differs = handle.with_current(|current| current.to_string() != filter.to_string())?;
    if differs {
        handle.reload(filter)?;
    }
    Ok(differs)
}

/// The directives that a setting stands for.
///
/// A bare level is about muxwire. Others log each message that they read or write, and a log in a pane of the tmux that
/// muxwire follows would report each of its own lines, and of that again.
fn directives(setting: &str) -> String {
    let is_bare = |directive: &&str| ["debug", "trace"].contains(&directive.trim());
    let bare = setting.split(',').filter(is_bare);
    let bare = bare.map(|directive| match directive.trim() {
        "debug" => "info,muxwire=debug",
        _ => "debug,muxwire=trace",
    });
    let others = setting.split(',').filter(|directive| !is_bare(directive));
    // Of two directives for the same the later one counts.
    bare.chain(others).collect::<Vec<_>>().join(",")
}

/// Whether something may be logged where it may be read from a pane: muxwire's own lines report no output that comes, but
/// traces of what it is built of do.
fn may_stand_in_a_terminal(event: &Metadata<'_>) -> bool {
    let is_ours = event.target().split("::").next() == Some("muxwire");
    is_ours || *event.level() <= tracing::Level::DEBUG
}

/// Makes writers that escape what could act on a terminal.
struct Escaped<M> {
    format: LogFormat,
    inner: M,
}

impl<'a, M: MakeWriter<'a>> MakeWriter<'a> for Escaped<M> {
    type Writer = EscapedWriter<M::Writer>;

    fn make_writer(&'a self) -> Self::Writer {
        EscapedWriter {
            format: self.format,
            inner: self.inner.make_writer(),
        }
    }
}

/// Takes a whole line with each write, which is how the layer writes.
struct EscapedWriter<W> {
    format: LogFormat,
    inner: W,
}

impl<W: io::Write> io::Write for EscapedWriter<W> {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        let text = String::from_utf8_lossy(line);
        let body = text.strip_suffix('\n').unwrap_or(&text);
        let escaped = match self.format {
            LogFormat::Text => printable::escaped(body),
            LogFormat::Json => printable::json_line(body),
        };
        let mut escaped = escaped.into_owned();
        escaped.push('\n');
        self.inner.write_all(escaped.as_bytes())?;
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use std::sync::{Arc, Mutex};

    use super::*;
    use crate::printable::acts_on_terminals;

    #[derive(Clone, Default)]
    struct Kept(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Kept {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    /// What is written for one event with this name in it.
    fn logged(format: LogFormat, name: &str) -> String {
        let kept = Kept::default();
        let inner = kept.clone();
        let writer = Escaped {
            format,
            inner: move || inner.clone(),
        };
        let layer = tracing_subscriber::fmt::layer()
            .with_ansi(false)
            .without_time()
            .with_writer(writer);
        let event = || tracing::info!(%name, "renamed to {name}");
        match format {
            LogFormat::Text => {
                tracing::subscriber::with_default(tracing_subscriber::registry().with(layer), event)
            }
            LogFormat::Json => {
                tracing::subscriber::with_default(
                    tracing_subscriber::registry().with(layer.json()),
                    event,
                );
            }
        }
        let bytes = kept.0.lock().unwrap().clone();
        String::from_utf8(bytes).unwrap()
    }

    #[test]
    fn bare_levels_are_about_muxwire() {
        let rows = [
            ("info", "info"),
            ("off", "off"),
            ("debug", "info,muxwire=debug"),
            ("trace", "debug,muxwire=trace"),
            ("info,muxwire::tmux=debug", "info,muxwire::tmux=debug"),
            ("tungstenite=trace", "tungstenite=trace"),
            (
                "muxwire::hub=info, trace",
                "debug,muxwire=trace,muxwire::hub=info",
            ),
        ];
        for (setting, expected) in rows {
            let filter = EnvFilter::try_new(directives(setting)).unwrap();
            let expected = EnvFilter::try_new(expected).unwrap();
            assert_eq!(filter.to_string(), expected.to_string(), "{setting}");
        }
    }

    #[test]
    fn traces_of_others_stand_in_no_terminal() {
        let kept = Kept::default();
        let inner = kept.clone();
        let layer = tracing_subscriber::fmt::layer().with_writer(move || inner.clone());
        let registry = tracing_subscriber::registry().with(filter_fn(may_stand_in_a_terminal));
        tracing::subscriber::with_default(registry.with(layer), || {
            tracing::trace!(target: "muxwire::hub", "first");
            tracing::trace!(target: "tungstenite::protocol", "second");
            tracing::debug!(target: "tungstenite::protocol", "third");
            tracing::trace!(target: "muxwire_like", "fourth");
        });
        let text = String::from_utf8(kept.0.lock().unwrap().clone()).unwrap();
        let logged: Vec<_> = ["first", "second", "third", "fourth"]
            .into_iter()
            .filter(|word| text.contains(word))
            .collect();
        assert_eq!(logged, ["first", "third"]);
    }

    #[test]
    fn a_hostile_name_stays_on_its_line_and_acts_on_nothing() {
        let names = [
            "plain",
            "\u{1b}]52;c;AAAA\u{7}",
            "a\nb",
            "a\rb",
            "\u{9b}31m",
            "\u{202e}cba",
            "x\u{2028}y",
            "caf\u{e9}",
        ];
        for name in names {
            for format in [LogFormat::Text, LogFormat::Json] {
                let line = logged(format, name);
                let body = line.strip_suffix('\n').unwrap();
                assert!(
                    !body.contains(acts_on_terminals),
                    "{format:?} {name:?}: {line:?}"
                );
                if format == LogFormat::Json {
                    let value: serde_json::Value = serde_json::from_str(body).unwrap();
                    assert_eq!(value["fields"]["name"], name);
                }
            }
        }
        assert!(logged(LogFormat::Text, "caf\u{e9}").contains("caf\u{e9}"));
    }
}
