//! The built program, run in surroundings of its own.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use super::{SOON, wait_with_output};

/// A home directory that no other test shares, and nothing of the tester's own environment.
#[derive(Debug)]
pub struct Home {
    folder: tempfile::TempDir,
}

/// What a run of the program came to.
#[derive(Debug)]
pub struct Run {
    pub code: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

impl Home {
    pub fn new() -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
        }
    }

    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Where this home keeps its tokens.
    pub fn state_dir(&self) -> PathBuf {
        self.path().join(".local/state/muxwire")
    }

    /// Writes a file below this home, and gives its path.
    pub fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, text).unwrap();
        path
    }

    /// The program with these arguments, its home here.
    pub fn muxwire<S: AsRef<std::ffi::OsStr>>(
        &self,
        arguments: impl IntoIterator<Item = S>,
    ) -> Command {
        let built = env!("CARGO_BIN_EXE_muxwire").into();
        // A build with optimisations, where something is measured.
        let program = std::env::var_os("MUXWIRE_TEST_PROGRAM").unwrap_or(built);
        let mut command = Command::new(program);
        command
            .args(arguments)
            .env_clear()
            .env("HOME", self.path())
            .stdin(Stdio::null());
        // Where the coverage of a run is written (.ci/coverage), if it is measured.
        if let Some(file) = std::env::var_os("LLVM_PROFILE_FILE") {
            command.env("LLVM_PROFILE_FILE", file);
        }
        command
    }

    /// Makes tokens of these names with these options.
    pub fn tokens<const N: usize>(
        &self,
        wanted: [(&'static str, &str); N],
    ) -> [(&'static str, String); N] {
        wanted.map(|(name, options)| {
            let made = self.run(&format!("token create --name {name} {options}"));
            assert_eq!(made.code, Some(0), "{made:?}");
            (name, made.stdout.trim().to_owned())
        })
    }

    /// Runs the program to its end; the arguments are split at spaces.
    pub fn run(&self, arguments: &str) -> Run {
        Run::of(&mut self.muxwire(arguments.split_whitespace()))
    }
}

impl Run {
    pub fn of(command: &mut Command) -> Self {
        Self::from(command.output().unwrap())
    }

    /// Waits for the end of a run whose output is kept.
    pub fn wait(child: Child) -> Self {
        Self::from(wait_with_output(child, SOON).expect("it ends in time"))
    }

    fn from(output: Output) -> Self {
        let Output {
            status,
            stdout,
            stderr,
        } = output;
        let text = |bytes| String::from_utf8(bytes).unwrap();
        Self {
            code: status.code(),
            stdout: text(stdout),
            stderr: text(stderr),
        }
    }
}
