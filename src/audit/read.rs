//! Reading the lines of a chain again, from the oldest file that is kept to the one that is written.

use std::fs::{File, OpenOptions};
use std::io::{self, BufRead as _, BufReader};
use std::path::{Path, PathBuf};

use super::folder::{CURRENT, FolderError, failed, open_private, rotated};

/// Attempts to open all files of a chain, of which a server may put one aside meanwhile.
const ATTEMPTS: usize = 10;

/// A line as it stands in its file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RawLine {
    /// The file.
    pub file: PathBuf,
    /// Its number there, from 1.
    pub number: u64,
    /// Its bytes, without the line end.
    pub bytes: Vec<u8>,
    /// Whether it has a line end.
    pub whole: bool,
}

/// The lines of a chain.
#[derive(Debug)]
pub struct Lines {
    files: std::vec::IntoIter<(PathBuf, File)>,
    current: Option<(PathBuf, BufReader<File>)>,
    number: u64,
}

/// The lines of a chain, and how many files they are in.
///
/// # Errors
/// The files can't be opened, or others could change them.
pub fn lines(chain: &Path) -> Result<(Lines, usize), FolderError> {
    let mut files = open_all(chain)?;
    for _ in 0..ATTEMPTS {
        let again = open_all(chain)?;
        let names =
            |files: &[(PathBuf, File)]| files.iter().map(|(path, _)| path.clone()).collect();
        let (before, now): (Vec<_>, Vec<_>) = (names(&files), names(&again));
        if before == now {
            break;
        }
        files = again;
    }
    let count = files.len();
    let lines = Lines {
        files: files.into_iter(),
        current: None,
        number: 0,
    };
    Ok((lines, count))
}

/// The file that is written comes last, and is opened first: what is put aside meanwhile is then seen twice at worst.
fn open_all(chain: &Path) -> Result<Vec<(PathBuf, File)>, FolderError> {
    let mut files = Vec::new();
    for (_, path) in rotated(chain)? {
        let file = open_private(&path, OpenOptions::new().read(true))?;
        files.push((path, file));
    }
    let path = chain.join(CURRENT);
    match open_private(&path, OpenOptions::new().read(true)) {
        Ok(file) => files.push((path, file)),
        Err(FolderError::Io { source, .. }) if source.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(error),
    }
    Ok(files)
}

impl Iterator for Lines {
    type Item = Result<RawLine, FolderError>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if self.current.is_none() {
                let (path, file) = self.files.next()?;
                self.current = Some((path, BufReader::new(file)));
                self.number = 0;
            }
            let (path, reader) = self.current.as_mut()?;
            let mut bytes = Vec::new();
            match reader.read_until(b'\n', &mut bytes) {
                Ok(0) => self.current = None,
                Ok(_) => {
                    self.number += 1;
                    let whole = bytes.last() == Some(&b'\n');
                    if whole {
                        bytes.pop();
                    }
                    return Some(Ok(RawLine {
                        file: path.clone(),
                        number: self.number,
                        bytes,
                        whole,
                    }));
                }
                Err(error) => {
                    let error = failed("read", path)(error);
                    self.current = None;
                    return Some(Err(error));
                }
            }
        }
    }
}
