//! Reading what files say of sinks.

use std::path::{Path, PathBuf};
use std::time::Duration;

use hyper::Uri;

use super::form::SinkForm;
use super::load::{MOST_ENTRIES, Read, Reading};
use super::sink::{Sink, SinkFilter, SinkKind};
use crate::model::AlertSeverity;

/// The longest argument of a command, in bytes.
const LONGEST_ARGUMENT: usize = 4096;

impl Reading<'_> {
    /// A sink.
    pub(super) fn sink(&self, form: SinkForm) -> Read<Sink> {
        self.name("sink", &form.id)?;
        let kind = self.sink_kind(&form)?;
        let timeout = self.span("timeout", form.timeout.as_deref(), Duration::from_secs(10))?;
        if timeout < Duration::from_millis(100) || timeout > Duration::from_secs(300) {
            return Err(self.wrong("timeout is out of bounds".to_owned(), "say 100ms to 5m"));
        }
        let number = |what: &str, given: Option<u32>, default: u32, most: u32| match given {
            Some(given) if !(1..=most).contains(&given) => {
                Err(self.wrong(format!("{what} is {given}"), &format!("say 1 to {most}")))
            }
            given => Ok(given.unwrap_or(default)),
        };
        Ok(Sink {
            kind,
            filter: SinkFilter {
                severity: self.severity(form.severity.as_deref(), AlertSeverity::Info)?,
                rules: self.patterns("rules", &form.rules)?,
                sessions: self.patterns("sessions", &form.sessions)?,
                cleared: form.cleared.unwrap_or(true),
                redact: form.redact.unwrap_or(true),
            },
            timeout,
            attempts: number("attempts", form.attempts, 8, 20)?,
            queue: number("queue", form.queue, 256, 10_000)? as usize,
            id: form.id,
        })
    }

    fn sink_kind(&self, form: &SinkForm) -> Read<SinkKind> {
        let kinds = ["webhook", "ntfy", "command"];
        let named = kinds.map(|kind| (kind, kind));
        let kind = self.one_of("kind", &form.kind, &named)?;
        let is_command = kind == "command";
        let belongs = [
            (form.url.is_some(), !is_command, "url"),
            (form.authorities.is_some(), !is_command, "authorities"),
            (form.secret_file.is_some(), kind == "webhook", "secret_file"),
            (form.token_file.is_some(), kind == "ntfy", "token_file"),
            (form.argv.is_some(), is_command, "argv"),
        ];
        for (there, allowed, what) in belongs {
            if there && !allowed {
                return Err(self.wrong(
                    format!("a sink of kind {kind} has no {what}"),
                    "leave it out",
                ));
            }
        }
        let authorities = self.path("authorities", form.authorities.as_deref())?;
        Ok(match kind {
            "webhook" => SinkKind::Webhook {
                url: self.url(form.url.as_deref())?,
                secret: self.path("secret_file", form.secret_file.as_deref())?,
                authorities,
            },
            "ntfy" => SinkKind::Ntfy {
                url: self.url(form.url.as_deref())?,
                token: self.path("token_file", form.token_file.as_deref())?,
                authorities,
            },
            _ => SinkKind::Command {
                argv: self.argv(form.argv.clone().unwrap_or_default())?,
            },
        })
    }

    fn argv(&self, argv: Vec<String>) -> Read<Vec<String>> {
        let good = |text: &String| text.len() <= LONGEST_ARGUMENT && !text.contains('\0');
        let is_named = argv.first().is_some_and(|program| !program.is_empty());
        if is_named && argv.len() <= MOST_ENTRIES && argv.iter().all(good) {
            return Ok(argv);
        }
        Err(self.wrong(
            format!("argv names no program, or has more than {MOST_ENTRIES} entries or an entry that is too long"),
            "say the program and its arguments, such as argv = [\"notify-send\", \"muxwire\"]",
        ))
    }

    fn url(&self, text: Option<&str>) -> Read<Uri> {
        let Some(text) = text else {
            return Err(self.wrong(
                "the sink has no url".to_owned(),
                "say where alerts are sent",
            ));
        };
        let remedy = "say one such as https://host.example/path";
        let url: Uri = text
            .parse()
            .map_err(|error| self.wrong(format!("the url can't be read ({error})"), remedy))?;
        let is_http = matches!(url.scheme_str(), Some("http" | "https"));
        if !is_http || url.host().is_none_or(str::is_empty) {
            return Err(self.wrong(
                "the url is none of http or https with a host".to_owned(),
                remedy,
            ));
        }
        let has_user = url
            .authority()
            .is_some_and(|one| one.as_str().contains('@'));
        if has_user {
            return Err(self.wrong(
                "the url names a user or a password".to_owned(),
                "put a token into a file that token_file names, and nothing secret into the url",
            ));
        }
        Ok(url)
    }

    fn path(&self, what: &str, text: Option<&str>) -> Read<Option<PathBuf>> {
        match text.map(Path::new) {
            Some(path) if !path.is_absolute() => {
                Err(self.wrong(format!("{what} is no absolute path"), "begin it with /"))
            }
            path => Ok(path.map(Path::to_owned)),
        }
    }
}
