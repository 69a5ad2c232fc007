//! Bytes with descriptors over a Unix socket.

use std::io::{self, IoSlice, IoSliceMut};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd as _, BorrowedFd, OwnedFd};

use rustix::net::{
    RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, SendAncillaryBuffer,
    SendAncillaryMessage, SendFlags, recvmsg, sendmsg,
};
use tokio::io::Interest;
use tokio::net::UnixStream;

/// The most descriptors that come with one read. tmux sends one with a message, and the kernel never joins two.
const MOST: usize = 4;

/// Receives some bytes with the descriptors that came with them; no bytes at the end of the stream.
pub(super) async fn receive(
    stream: &UnixStream,
    buffer: &mut [u8],
) -> io::Result<(usize, Vec<OwnedFd>)> {
    stream
        .async_io(Interest::READABLE, || receive_now(stream, buffer))
        .await
}

fn receive_now(stream: &UnixStream, buffer: &mut [u8]) -> io::Result<(usize, Vec<OwnedFd>)> {
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(MOST))];
    let mut ancillary = RecvAncillaryBuffer::new(&mut space);
    let received = recvmsg(
        stream,
        &mut [IoSliceMut::new(buffer)],
        &mut ancillary,
        RecvFlags::CMSG_CLOEXEC,
    )?;
    let descriptors = ancillary
        .drain()
        .filter_map(|message| match message {
            RecvAncillaryMessage::ScmRights(descriptors) => Some(descriptors),
            _ => None,
        })
        .flatten()
        .collect();
    Ok((received.bytes, descriptors))
}

/// Sends all bytes, the descriptors with the first of them.
pub(super) async fn send(
    stream: &UnixStream,
    mut bytes: &[u8],
    mut descriptors: Vec<OwnedFd>,
) -> io::Result<()> {
    while !bytes.is_empty() {
        let sent = send_some(stream, bytes, &descriptors).await?;
        bytes = bytes.get(sent..).unwrap_or_default();
        descriptors.clear();
    }
    Ok(())
}

/// Sends as much as goes at once.
pub(super) async fn send_some(
    stream: &UnixStream,
    bytes: &[u8],
    descriptors: &[OwnedFd],
) -> io::Result<usize> {
    let descriptors: Vec<BorrowedFd<'_>> = descriptors.iter().map(|fd| fd.as_fd()).collect();
    stream
        .async_io(Interest::WRITABLE, || {
            let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(MOST))];
            let mut ancillary = SendAncillaryBuffer::new(&mut space);
            let fits = descriptors.is_empty()
                || ancillary.push(SendAncillaryMessage::ScmRights(&descriptors));
            if !fits {
                return Err(io::ErrorKind::InvalidInput.into());
            }
            let bytes = [IoSlice::new(bytes)];
            Ok(sendmsg(
                stream,
                &bytes,
                &mut ancillary,
                SendFlags::NOSIGNAL,
            )?)
        })
        .await
}
