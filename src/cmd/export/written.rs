//! Where an export goes: a file that is there as a whole or not at all, or stdout.

use std::fs::{self, File};
use std::io::{self, Seek as _, SeekFrom, Write};
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use tempfile::NamedTempFile;

use crate::cmd::output::Closed;
use crate::export::Patch;

/// Where it goes.
pub(super) enum Written {
    /// Into a file beside the one that is meant, which takes its place in the end. Dropped before, it is gone.
    File(NamedTempFile, PathBuf),
    /// To stdout, or into what is no regular file, as it comes.
    Stream(Stream),
    /// The same, but not before all is known.
    Later(File, Stream),
}

/// What takes bytes in order, and its name.
pub(super) type Stream = (Box<dyn Write>, PathBuf);

/// Where it is to go.
pub(super) enum Place {
    /// Into a file that is there in the end.
    File(PathBuf),
    /// Into something that takes it as it comes.
    Stream(Stream),
}

impl Place {
    /// What a path names; `-` is stdout.
    ///
    /// # Errors
    /// Nothing can be written there.
    pub(super) fn of(path: &Path) -> anyhow::Result<Self> {
        if path == Path::new("-") {
            return Ok(Self::Stream((
                Box::new(io::stdout()),
                PathBuf::from("stdout"),
            )));
        }
        match fs::metadata(path) {
            Ok(metadata) if metadata.is_dir() => {
                anyhow::bail!("{} is a folder: -o names a file", path.display())
            }
            Ok(metadata) if !metadata.is_file() => {
                let special = File::options().write(true).open(path);
                let special = special.with_context(|| cant_write(path))?;
                Ok(Self::Stream((Box::new(special), path.to_owned())))
            }
            // What a link leads to is replaced, and not the link.
            Ok(_) => {
                let path = path.canonicalize().with_context(|| cant_write(path))?;
                Ok(Self::File(path))
            }
            Err(_) => Ok(Self::File(path.to_owned())),
        }
    }

    /// Whether it is a file that takes the place of another one in the end.
    pub(super) fn is_file(&self) -> bool {
        matches!(self, Self::File(_))
    }
}

impl Written {
    /// Begins to write. What is put right in the end can't be streamed before.
    ///
    /// # Errors
    /// The file can't be made.
    pub(super) fn begin(place: Place, is_patched: bool) -> anyhow::Result<Self> {
        match (place, is_patched) {
            (Place::File(path), _) => Self::beside(&path),
            (Place::Stream(stream), false) => Ok(Self::Stream(stream)),
            (Place::Stream(stream), true) => {
                let spool = tempfile::tempfile().context("can't make a temporary file")?;
                Ok(Self::Later(spool, stream))
            }
        }
    }

    fn beside(path: &Path) -> anyhow::Result<Self> {
        let folder = path
            .parent()
            .filter(|folder| !folder.as_os_str().is_empty());
        let folder = folder.unwrap_or_else(|| Path::new("."));
        if !folder.is_dir() {
            anyhow::bail!(
                "{}: there is no folder {}; make it first",
                cant_write(path),
                folder.display()
            );
        }
        let file = tempfile::Builder::new()
            .prefix(".muxwire-export-")
            .tempfile_in(folder)
            .with_context(|| cant_write(path))?;
        Ok(Self::File(file, path.to_owned()))
    }

    /// Writes more.
    ///
    /// # Errors
    /// The system refused, or nobody reads any more.
    pub(super) fn write(&mut self, bytes: &[u8]) -> anyhow::Result<()> {
        match self {
            Self::File(file, path) => file.write_all(bytes).with_context(|| cant_write(path)),
            Self::Stream(stream) => write_to(stream, bytes),
            Self::Later(spool, _) => spool
                .write_all(bytes)
                .context("can't write a temporary file"),
        }
    }

    /// Puts right what was written before, and shows all of it.
    ///
    /// # Errors
    /// As with [`Written::write`].
    pub(super) fn end(self, patches: &[Patch]) -> anyhow::Result<()> {
        match self {
            Self::File(mut file, path) => {
                let put = put_right(file.as_file_mut(), patches);
                put.and_then(|()| file.as_file().sync_all())
                    .with_context(|| cant_write(&path))?;
                let kept = file.persist(&path);
                kept.map_err(|error| error.error)
                    .with_context(|| cant_write(&path))?;
                Ok(())
            }
            Self::Stream(mut stream) => {
                debug_assert!(patches.is_empty(), "what was streamed stays as it is");
                write_to(&mut stream, b"")
            }
            Self::Later(mut spool, mut stream) => {
                let put = put_right(&mut spool, patches);
                put.and_then(|()| spool.seek(SeekFrom::Start(0)))
                    .context("can't write a temporary file")?;
                let mut buffer = vec![0; 64 << 10];
                loop {
                    let length = io::Read::read(&mut spool, &mut buffer);
                    match length.context("can't read a temporary file")? {
                        0 => return write_to(&mut stream, b""),
                        length => write_to(&mut stream, &buffer[..length])?,
                    }
                }
            }
        }
    }
}

fn put_right(file: &mut File, patches: &[Patch]) -> io::Result<()> {
    for patch in patches {
        file.seek(SeekFrom::Start(patch.offset))?;
        file.write_all(&patch.bytes)?;
    }
    Ok(())
}

fn write_to((stream, name): &mut Stream, bytes: &[u8]) -> anyhow::Result<()> {
    match stream.write_all(bytes).and_then(|()| stream.flush()) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Err(Closed.into()),
        written => written.with_context(|| cant_write(name)),
    }
}

fn cant_write(path: &Path) -> String {
    format!("can't write {}", path.display())
}
