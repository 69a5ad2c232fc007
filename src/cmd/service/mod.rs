//! `muxwire install-service`: units for systemd, for one user's own or for the system's.

use std::env;
use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};

use crate::cli::InstallServiceArgs;
use crate::cmd::output::CommandOutput;

const USER_UNIT: &str = include_str!("user.service");
const SYSTEM_UNIT: &str = include_str!("system.service");

/// Where the system's administrator keeps units.
const SYSTEM_FOLDER: &str = "/etc/systemd/system";

/// Prints the unit, or writes it and says what comes next.
///
/// # Errors
/// There is another unit of the name, or the folder can't be written.
pub fn run(
    args: &InstallServiceArgs,
    output: &mut CommandOutput<impl Write>,
) -> anyhow::Result<()> {
    let program = env::current_exe().context("this program's own path is not known")?;
    let unit = unit(args.system, &program)?;
    if args.print {
        return output.line(unit.trim_end());
    }
    let folder = match &args.dir {
        Some(folder) => PathBuf::from(folder),
        None if args.system => PathBuf::from(SYSTEM_FOLDER),
        None => user_folder()?,
    };
    let name = if args.system {
        "muxwire@.service"
    } else {
        "muxwire.service"
    };
    let path = folder.join(name);
    let news = match install(&path, &unit, args.force)? {
        Installed::New => "installed",
        Installed::Same => "is installed already",
        Installed::Replaced => "replaced",
    };
    output.line(&format!("{} {news}", path.display()))?;
    CommandOutput::stderr().line(next(args.system))
}

/// The unit with the program's path in it.
fn unit(system: bool, program: &Path) -> anyhow::Result<String> {
    let template = if system { SYSTEM_UNIT } else { USER_UNIT };
    Ok(template.replace("@PROGRAM@", &quoted(program)?))
}

/// A path as one word of a command line of systemd.
fn quoted(program: &Path) -> anyhow::Result<String> {
    let text = program
        .to_str()
        .filter(|text| !text.contains(char::is_control))
        .context("this program's path can't stand in a unit: put the program somewhere else")?;
    if text.ends_with(" (deleted)") {
        bail!("this program's file was replaced while it ran: try again");
    }
    let mut word = String::new();
    for c in text.chars() {
        match c {
            '%' => word.push_str("%%"),
            '$' => word.push_str("$$"),
            '"' | '\\' => word.extend(['\\', c]),
            c => word.push(c),
        }
    }
    let plain = word
        .chars()
        .all(|c| c.is_alphanumeric() || "/._-+@".contains(c));
    Ok(if plain { word } else { format!("\"{word}\"") })
}

/// Where a user's own units are.
fn user_folder() -> anyhow::Result<PathBuf> {
    let absolute = |name| {
        env::var_os(name)
            .map(PathBuf::from)
            .filter(|path| path.is_absolute())
    };
    let config = absolute("XDG_CONFIG_HOME")
        .or_else(|| Some(absolute("HOME")?.join(".config")))
        .context("your home directory is not known: set HOME to it, or name a folder with --dir")?;
    Ok(config.join("systemd/user"))
}

/// What was done with a unit.
enum Installed {
    New,
    Same,
    Replaced,
}

fn install(path: &Path, unit: &str, force: bool) -> anyhow::Result<Installed> {
    let shown = path.display();
    let before = match fs::read(path) {
        Ok(text) if text == unit.as_bytes() => return Ok(Installed::Same),
        Ok(_) if !force => bail!(
            "{shown} is there already and differs: compare it with --print, and replace it with --force"
        ),
        Ok(_) => Installed::Replaced,
        Err(error) if error.kind() == io::ErrorKind::NotFound => Installed::New,
        Err(error) => return Err(error).context(format!("can't read {shown}")),
    };
    write(path, unit).with_context(|| format!("can't write {shown}"))?;
    Ok(before)
}

/// A reader sees the old unit or the new one.
fn write(path: &Path, unit: &str) -> io::Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    let draft = path.with_extension("service.new");
    let mut file = OpenOptions::new()
        .create(true)
        .truncate(true)
        .write(true)
        .mode(0o644)
        .open(&draft)?;
    file.write_all(unit.as_bytes())?;
    file.sync_all()?;
    fs::rename(&draft, path)
}

fn next(system: bool) -> &'static str {
    if system {
        "muxwire: for the tmux of the user ada, say:\n\
         muxwire:   systemctl daemon-reload\n\
         muxwire:   systemctl enable --now muxwire@ada\n\
         muxwire:   journalctl --unit muxwire@ada\n\
         muxwire: its tokens are made by ada with: muxwire token create --name me --state-dir /var/lib/muxwire/ada"
    } else {
        "muxwire: start it, now and whenever you log in:\n\
         muxwire:   systemctl --user daemon-reload\n\
         muxwire:   systemctl --user enable --now muxwire\n\
         muxwire:   journalctl --user --unit muxwire\n\
         muxwire: without a login too: loginctl enable-linger"
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;

    #[test]
    fn paths_are_one_word_of_a_command() {
        let rows = [
            ("/usr/bin/muxwire", Some("/usr/bin/muxwire")),
            ("/opt/my tools/muxwire", Some("\"/opt/my tools/muxwire\"")),
            ("/a%b$c", Some("\"/a%%b$$c\"")),
            ("/a\"b\\c", Some("\"/a\\\"b\\\\c\"")),
            ("/a\nExecStart=/b", None),
            ("/usr/bin/muxwire (deleted)", None),
        ];
        for (path, expected) in rows {
            let found = quoted(Path::new(path)).ok();
            assert_eq!(found.as_deref(), expected, "{path:?}");
        }
    }
}
