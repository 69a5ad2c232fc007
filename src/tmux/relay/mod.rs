//! Handing a control client over to its server in one piece.
//!
//! From tmux 3.2 to 3.6 a client counts as a control client from its first message on, but it can take notifications
//! only after the last message of its identification. The server reads these in several turns, since two of them carry
//! a descriptor each, and a notification between two turns ends the server with everything in it. A client that goes
//! away between the first message and the last does the same.
//!
//! So the client connects to a socket of ours. [`Relay`] waits for its whole identification, then sends the server the
//! two messages with descriptors first, which alone make nobody a control client, and all the others in one write, which
//! the server reads in one turn. Afterwards bytes go both ways unread: what passes here is little, since the server
//! writes control mode straight to the client's standard output.
//!
//! When muxwire dies, however it does, the kernel closes the relayed connection, and the server lets the client go.

mod descriptors;
mod message;
mod thread;
mod turns;

use std::env;
use std::fs::Permissions;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use tempfile::TempDir;
use tokio::net::{UnixListener, UnixStream};
use tokio_util::task::AbortOnDropHandle;

use crate::tmux::relay::message::{ImsgKind, Layout, Malformed};
use crate::tmux::relay::turns::Turn;
pub(super) use crate::tmux::relay::turns::Turns;
use crate::tmux::{TmuxError, Version};

/// The longest socket path that the system takes: the size of `sun_path` without the final NUL.
pub(super) const LONGEST_SOCKET_PATH: usize = 107;

/// How much is read at once after the identification.
const CHUNK: usize = 16 * 1024;

/// The longest identification. The server reads up to 65,535 bytes at once, and the kernel hands over up to about 32 KiB
/// in one piece; without its environment a client sends a few hundred bytes, and its working directory.
const LONGEST: usize = 16 * 1024;

/// A socket in a folder of its own that takes one control client and hands it to a server.
#[derive(Debug)]
pub struct Relay {
    /// Removed once the client has connected, or when the relay is dropped.
    folder: TempDir,
    listener: UnixListener,
    server: PathBuf,
    layout: Layout,
    /// When the client may be handed over.
    turn: Turn,
}

/// A relay that runs. Dropping it takes the client away from the server.
pub type RelayTask = AbortOnDropHandle<Result<(), RelayError>>;

/// Why a client was not handed over.
#[derive(Debug, thiserror::Error)]
pub enum RelayError {
    /// A system call failed.
    #[error("{what}: {source}")]
    System {
        /// What muxwire was about to do.
        what: &'static str,
        /// What the system said.
        source: io::Error,
    },
    /// Nobody listens on the server's socket.
    #[error("no server is running on {}", .socket.display())]
    NoServer {
        /// The socket.
        socket: PathBuf,
    },
    /// The client ended before its identification did.
    #[error("tmux -C ended before it had attached")]
    Ended,
    /// The client is of a version that muxwire does not know enough of to hand it over.
    #[error(
        "{0}: this tmux can't be attached without danger to the server; use another version of tmux"
    )]
    Unknown(String),
}

impl From<Malformed> for RelayError {
    fn from(malformed: Malformed) -> Self {
        Self::Unknown(malformed.to_string())
    }
}

fn system(what: &'static str) -> impl FnOnce(io::Error) -> RelayError {
    move |source| RelayError::System { what, source }
}

impl Relay {
    /// Listens for a client of this version that is meant for the server at this socket.
    ///
    /// # Errors
    /// There is no folder in which a socket can be made.
    pub fn listen(server: &Path, program: &Version) -> Result<Self, TmuxError> {
        let failed = |source| TmuxError::System {
            what: "making a socket for tmux -C",
            source,
        };
        let folder = private_folder().map_err(failed)?;
        let runtime = thread::runtime().map_err(failed)?.enter();
        let listener = UnixListener::bind(folder.path().join(SOCKET)).map_err(failed)?;
        drop(runtime);
        Ok(Self {
            folder,
            listener,
            server: server.to_owned(),
            layout: Layout::of(program),
            turn: Turns::default().take(),
        })
    }

    /// The same, for a client that is handed over after those of all relays for which this was called before.
    pub(super) fn in_turn(self, turns: &Turns) -> Self {
        let turn = turns.take();
        Self { turn, ..self }
    }

    /// The socket's path, for the client's `-S`.
    #[must_use]
    pub fn socket_path(&self) -> PathBuf {
        self.folder.path().join(SOCKET)
    }

    /// Waits for the client, hands it over, and passes on what it and the server say, until one of them is gone or the
    /// task is dropped. It runs on the relays' own thread.
    ///
    /// The task's error says that the client was not handed over: the server knows nothing of it.
    ///
    /// # Errors
    /// There is no thread for it.
    pub fn start(self) -> Result<RelayTask, TmuxError> {
        let runtime = thread::runtime().map_err(|source| TmuxError::System {
            what: "starting the relays' thread",
            source,
        })?;
        Ok(AbortOnDropHandle::new(runtime.spawn(self.run())))
    }

    async fn run(self) -> Result<(), RelayError> {
        let (client, server, turn) = self.hand_over().await?;
        let answers = async {
            // The server answers to the flags of an attachment in the same turn in which it attaches.
            let goes_on = pass_some(&server, &client, &mut vec![0; CHUNK]).await?;
            drop(turn);
            if goes_on {
                pass(&server, &client).await?;
            }
            Ok(())
        };
        // The end that closes first takes the other one with it: both streams are closed on return.
        let end = tokio::select! {
            end = pass(&client, &server) => end,
            end = answers => end,
        };
        if let Err(error) = end {
            tracing::debug!(%error, "a relayed connection of tmux -C broke");
        }
        Ok(())
    }

    async fn hand_over(self) -> Result<(UnixStream, UnixStream, Turn), RelayError> {
        let client = self.accept().await?;
        let Self {
            folder,
            listener,
            server,
            layout,
            turn,
        } = self;
        drop(listener);
        if let Err(error) = folder.close() {
            tracing::debug!(%error, "the folder of a relay stays behind");
        }
        let identification = Identification::receive(&client, layout).await?;
        turn.come().await;
        let stream = UnixStream::connect(&server)
            .await
            .map_err(|source| match source.kind() {
                io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused => {
                    RelayError::NoServer { socket: server }
                }
                _ => system("connecting to tmux's socket")(source),
            })?;
        identification.send(&stream).await?;
        Ok((client, stream, turn))
    }

    /// The folder keeps others out; the system says once more whose the client is.
    async fn accept(&self) -> Result<UnixStream, RelayError> {
        loop {
            let (client, _) = self
                .listener
                .accept()
                .await
                .map_err(system("waiting for tmux -C"))?;
            let peer = client
                .peer_cred()
                .map_err(system("asking whose tmux -C is"))?;
            if peer.uid() == rustix::process::geteuid().as_raw() {
                return Ok(client);
            }
            tracing::warn!(uid = peer.uid(), "another user connected to a relay");
        }
    }
}

/// The name of a relay's socket in its folder.
const SOCKET: &str = "s";

/// A folder that nobody else can enter, with a path that is short enough for a socket.
fn private_folder() -> io::Result<TempDir> {
    let runtime = env::var_os("XDG_RUNTIME_DIR").map(PathBuf::from);
    let places = [runtime, Some(env::temp_dir()), Some(PathBuf::from("/tmp"))];
    let mut failure = io::ErrorKind::NotFound.into();
    for place in places
        .into_iter()
        .flatten()
        .filter(|place| place.is_absolute())
    {
        let made = tempfile::Builder::new()
            .prefix("muxwire-")
            .permissions(Permissions::from_mode(0o700))
            .tempdir_in(&place);
        match made {
            Ok(folder) if folder.path().join(SOCKET).as_os_str().len() <= LONGEST_SOCKET_PATH => {
                return Ok(folder);
            }
            Ok(_) => failure = io::ErrorKind::InvalidFilename.into(),
            Err(error) => failure = error,
        }
    }
    Err(failure)
}

/// All that a client says of itself.
#[derive(Debug, Default)]
struct Identification {
    /// Messages that carry a descriptor.
    carried: Vec<(Vec<u8>, OwnedFd)>,
    /// The other ones, without those that make a control client.
    rest: Vec<u8>,
    /// The messages that make a control client; once complete, also the last one of the identification, and what the
    /// client said right behind it.
    control: Vec<u8>,
}

impl Identification {
    /// Reads until the last message has come. The client's environment is left out: nothing of what muxwire's clients do
    /// needs it, and it may be large, and secret.
    async fn receive(client: &UnixStream, layout: Layout) -> Result<Self, RelayError> {
        let mut identification = Self::default();
        let mut received = Vec::new();
        let mut descriptors = std::collections::VecDeque::new();
        let mut chunk = vec![0; CHUNK];
        loop {
            let (count, with) = descriptors::receive(client, &mut chunk)
                .await
                .map_err(system("reading from tmux -C"))?;
            if count == 0 {
                return Err(RelayError::Ended);
            }
            received.extend_from_slice(chunk.get(..count).unwrap_or_default());
            descriptors.extend(with);
            while let Some(message) = message::first(&received, layout)? {
                let bytes: Vec<u8> = received.drain(..message.length).collect();
                match message.kind {
                    ImsgKind::Environment => {}
                    ImsgKind::Flags => identification.control.extend(bytes),
                    ImsgKind::Identify => identification.rest.extend(bytes),
                    ImsgKind::Descriptor => {
                        let descriptor = descriptors.pop_front().ok_or_else(|| {
                            RelayError::Unknown("the client sent no descriptor".to_owned())
                        })?;
                        identification.carried.push((bytes, descriptor));
                    }
                    ImsgKind::Done => {
                        identification.control.extend(bytes);
                        identification.control.extend(received);
                        return identification.checked();
                    }
                }
            }
        }
    }

    fn checked(self) -> Result<Self, RelayError> {
        if self.carried.len() != 2 {
            let count = self.carried.len();
            return Err(RelayError::Unknown(format!(
                "the client sent {count} descriptors instead of 2"
            )));
        }
        let length = self.rest.len() + self.control.len();
        if length > LONGEST {
            return Err(RelayError::Unknown(format!(
                "the client's identification has {length} bytes, more than {LONGEST}"
            )));
        }
        Ok(self)
    }

    /// Sends the server first what makes nobody a control client, and then all the rest at once.
    async fn send(self, server: &UnixStream) -> Result<(), RelayError> {
        let failed = || system("writing to tmux's socket");
        for (bytes, descriptor) in self.carried {
            descriptors::send(server, &bytes, vec![descriptor])
                .await
                .map_err(failed())?;
        }
        // What makes a control client stands last, right before the end of the identification.
        let all = [self.rest, self.control].concat();
        let sent = descriptors::send_some(server, &all, &[])
            .await
            .map_err(failed())?;
        if sent < all.len() {
            // The rest must not come in a second piece.
            return Err(RelayError::System {
                what: "writing to tmux's socket",
                source: io::ErrorKind::WriteZero.into(),
            });
        }
        Ok(())
    }
}

/// Passes on all that one side says to the other one, with descriptors, to its end.
async fn pass(from: &UnixStream, to: &UnixStream) -> io::Result<()> {
    let mut chunk = vec![0; CHUNK];
    while pass_some(from, to, &mut chunk).await? {}
    Ok(())
}

/// Passes on what one side says next. `false` if that is nothing any more.
async fn pass_some(from: &UnixStream, to: &UnixStream, chunk: &mut [u8]) -> io::Result<bool> {
    let (count, descriptors) = descriptors::receive(from, chunk).await?;
    if count == 0 {
        return Ok(false);
    }
    descriptors::send(to, chunk.get(..count).unwrap_or_default(), descriptors).await?;
    Ok(true)
}
