//! `muxwire cert`: a certificate of our own making, for a start.

use std::io::Write;
use std::path::PathBuf;

use anyhow::Context as _;
use jiff::civil::Date;
use jiff::{Timestamp, ToSpan as _, tz::TimeZone};

use crate::cli::{CertArgs, General};
use crate::cmd::output::Output;
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
    output: &mut Output<impl Write>,
) -> anyhow::Result<()> {
    let config = prepare(general, args.state.flags())?.config;
    let directory = args
        .dir
        .map_or_else(|| config.server.state_dir.join(FOLDER), PathBuf::from);
    let names = if args.names.is_empty() {
        own_names(&config.server.host_name)
    } else {
        args.names
    };
    let today = Timestamp::now().to_zoned(TimeZone::UTC).date();
    // A day of grace: clocks differ.
    let from = today.checked_sub(1.day())?;
    let until = today.checked_add(i64::from(args.days).days())?;
    let made = make_self_signed(&names, &directory, parts(from)?, parts(until)?)?;
    output.line(&made.fingerprint.to_string())?;
    Output::stderr().line(&hint(&names, &made, until))
}

/// The names by which this machine is reached from itself.
fn own_names(host_name: &str) -> Vec<SubjectName> {
    let own = host_name.parse().ok();
    let local = ["localhost", "127.0.0.1", "::1"].map(|name| name.parse().ok());
    let mut names: Vec<_> = [own].into_iter().chain(local).flatten().collect();
    names.dedup();
    names
}

fn parts(date: Date) -> anyhow::Result<(i32, u8, u8)> {
    let part = |number: i8| u8::try_from(number).context("a date is after the year 0");
    Ok((date.year().into(), part(date.month())?, part(date.day())?))
}

/// What to do next, for whoever reads stderr.
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
