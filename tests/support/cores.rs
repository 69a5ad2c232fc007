//! What a server that ended leaves behind: its core, and the stack in it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::Program;

/// The same command, run by a shell so that the server it starts leaves a core in this folder if it crashes.
pub fn leaving_core(command: &Command, folder: &Path) -> Command {
    let mut shell = Command::new("/bin/sh");
    // Where the system allows no core, there is none.
    shell.args(["-c", "ulimit -c unlimited 2>/dev/null; exec \"$0\" \"$@\""]);
    shell.arg(command.get_program()).args(command.get_args());
    shell.env_clear().current_dir(folder);
    for (name, value) in command.get_envs() {
        if let Some(value) = value {
            shell.env(name, value);
        }
    }
    shell.stdin(Stdio::null());
    shell
}

/// What is known of a crash in this folder: the stack, if there are a core and a debugger, and where the core is kept.
pub fn crash(program: &Program, folder: &Path) -> String {
    let is_core = |path: &PathBuf| {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        name == "core" || name.starts_with("core.")
    };
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let Some(core) = entries.map(|entry| entry.path()).find(is_core) else {
        let pattern = fs::read_to_string("/proc/sys/kernel/core_pattern").unwrap_or_default();
        return format!(
            "it left no core in {}; the system puts them to {:?}",
            folder.display(),
            pattern.trim()
        );
    };
    let kept = std::env::temp_dir().join(format!(
        "muxwire-test-core-{}-{}",
        program.version,
        std::process::id()
    ));
    let place = match fs::copy(&core, &kept) {
        Ok(_) => kept.display().to_string(),
        Err(error) => format!("nowhere ({error})"),
    };
    format!("its core is kept in {place}\n{}", stack(program, &core))
}

fn stack(program: &Program, core: &Path) -> String {
    // A fetched tmux is a script beside the folder that holds the program itself.
    let fetched = program.path.parent().unwrap_or_else(|| Path::new(""));
    let fetched = fetched.join("root/usr/bin/tmux");
    let executable = if fetched.exists() {
        fetched
    } else {
        program.path.clone()
    };
    let mut debugger = Command::new("gdb");
    debugger.args(["-batch", "-nx", "-ex", "bt", "-ex", "info registers"]);
    debugger.arg(executable).arg(core).stdin(Stdio::null());
    match debugger.output() {
        Ok(output) => String::from_utf8_lossy(&output.stdout).into_owned(),
        Err(error) => format!("no stack: gdb: {error}"),
    }
}
