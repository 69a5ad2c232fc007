//! `muxwire cert`: a certificate of our own making, for a start.

use std::collections::HashSet;
use std::io::Write;
use std::path::PathBuf;

use anyhow::Context as _;
use jiff::civil::Date;
use jiff::{Timestamp, ToSpan as _, tz::TimeZone};

use crate::cli::{CertArgs, General};
use crate::cmd::output::CommandOutput;
use crate::cmd::prepare;
use crate::tls::{SelfSigned, SubjectName, make_self_signed};

/// The folder below the state directory.
const FOLDER: &str = "tls";

/// Makes the certificate, prints its fingerprint, and says what to do with it.
///
/// # Errors
/// There is one already, or the folder can't be written.
pub fn run(
    general: &General,
    args: CertArgs,
    output: &mut CommandOutput<impl Write>,
) -> anyhow::Result<()> {
    let config = prepare(general, args.state.flags())?.config;
    let directory = args
        .dir
        .map_or_else(|| config.server.state_dir.join(FOLDER), PathBuf::from);
    let names = names(args.names, &config.server.host_name);
    let today = Timestamp::now().to_zoned(TimeZone::UTC).date();
    // A day of grace: clocks differ.
    let from = today.checked_sub(1.day())?;
    let until = today.checked_add(i64::from(args.days).days())?;
    let made = make_self_signed(&names, &directory, parts(from)?, parts(until)?)?;
    output.line(&made.fingerprint.to_string())?;
    CommandOutput::stderr().line(&hint(&names, &made, until))
}

/// The names that are asked for, or else this machine's own; and always those by which it is reached from itself, since
/// it is tried from there first.
fn names(asked: Vec<SubjectName>, host_name: &str) -> Vec<SubjectName> {
    let own = || host_name.parse().ok().into_iter().collect();
    let mut names: Vec<SubjectName> = if asked.is_empty() { own() } else { asked };
    let local = ["localhost", "127.0.0.1", "::1"];
    names.extend(local.iter().filter_map(|name| name.parse().ok()));
    let mut known = HashSet::new();
    names.retain(|name| known.insert(name.to_string()));
    names
}

fn parts(date: Date) -> anyhow::Result<(i32, u8, u8)> {
    let part = |number: i8| u8::try_from(number).context("a date is after the year 0");
    Ok((date.year().into(), part(date.month())?, part(date.day())?))
}

/// What to do next, for the reader of stderr.
fn hint(names: &[SubjectName], made: &SelfSigned, until: Date) -> String {
    let names: Vec<_> = names.iter().map(ToString::to_string).collect();
    let (certificate, key) = (made.certificate.display(), made.key.display());
    format!(
        "muxwire: this is the fingerprint of a new certificate for {}, valid until {until}.\n\
         muxwire: serve with it: set tls.certificate to {certificate} and tls.key to {key}\n\
         muxwire: trust it elsewhere: `muxwire watch --fingerprint` with the fingerprint, or --ca with a copy of {certificate}",
        names.join(", "),
    )
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;

    #[test]
    fn regression_a_certificate_is_always_good_for_this_machine() {
        let rows: [(&[&str], &[&str]); 4] = [
            (&[], &["box", "localhost", "127.0.0.1", "::1"]),
            (
                &["a.example"],
                &["a.example", "localhost", "127.0.0.1", "::1"],
            ),
            (&["localhost"], &["localhost", "127.0.0.1", "::1"]),
            (
                &["::1", "10.0.0.7"],
                &["::1", "10.0.0.7", "localhost", "127.0.0.1"],
            ),
        ];
        for (asked, expected) in rows {
            let asked = asked.iter().map(|name| name.parse().unwrap()).collect();
            let found: Vec<_> = names(asked, "box")
                .iter()
                .map(ToString::to_string)
                .collect();
            assert_eq!(found, expected);
        }
    }
}
