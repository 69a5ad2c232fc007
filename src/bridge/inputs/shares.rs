//! How much of the room for requests each client takes, and when its turn was.

use std::collections::HashMap;

use crate::bridge::request::{ClientNumber, InputError};

/// What the requests of one client that wait may weigh: four pastes of a megabyte, and more small ones than it may send.
const CLIENT_SHARE: usize = 16 << 20;

/// What all that wait may weigh. Beyond it a client is refused whose own part is larger than everybody's equal one; who
/// has nothing waiting never is, so that it may be exceeded by one request of each.
const WHOLE: usize = 64 << 20;

/// The clients that have requests waiting or under way.
#[derive(Debug, Default)]
pub(super) struct Shares {
    clients: HashMap<ClientNumber, Share>,
    whole: usize,
}

#[derive(Debug, Default)]
struct Share {
    weight: usize,
    last_turn: u64,
}

impl Shares {
    /// Takes room for a request.
    pub(super) fn take(&mut self, client: ClientNumber, weight: usize) -> Result<(), InputError> {
        if weight > CLIENT_SHARE {
            return Err(InputError::TooLarge { most: CLIENT_SHARE });
        }
        let own = self.clients.get(&client).map_or(0, |share| share.weight);
        let equal = WHOLE / self.clients.len().max(1);
        let fits =
            own + weight <= CLIENT_SHARE && (self.whole + weight <= WHOLE || own + weight <= equal);
        if own > 0 && !fits {
            return Err(InputError::Busy);
        }
        self.clients.entry(client).or_default().weight += weight;
        self.whole += weight;
        Ok(())
    }

    /// Gives the room of a request back.
    pub(super) fn give_back(&mut self, client: ClientNumber, weight: usize) {
        self.whole = self.whole.saturating_sub(weight);
        if let Some(share) = self.clients.get_mut(&client) {
            share.weight = share.weight.saturating_sub(weight);
            if share.weight == 0 {
                self.clients.remove(&client);
            }
        }
    }

    /// It was the client's turn.
    pub(super) fn served(&mut self, client: ClientNumber, turn: u64) {
        if let Some(share) = self.clients.get_mut(&client) {
            share.last_turn = turn;
        }
    }

    /// When its last turn was; 0 for one that has had none since it had nothing waiting.
    pub(super) fn last_turn(&self, client: ClientNumber) -> u64 {
        self.clients.get(&client).map_or(0, |share| share.last_turn)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_takes_much_is_refused_and_who_takes_little_is_not() {
        const MEGA: usize = 1 << 20;
        let mut shares = Shares::default();
        let mut take = |client, megabytes| shares.take(ClientNumber(client), megabytes * MEGA);
        assert_eq!(take(1, 17), Err(InputError::TooLarge { most: 16 * MEGA }));
        for client in 1..=4 {
            assert_eq!(take(client, 9), Ok(()));
            assert_eq!(
                take(client, 8),
                Err(InputError::Busy),
                "more than its share"
            );
            assert_eq!(take(client, 7), Ok(()));
        }
        // All is taken: a client that has nothing gets something, up to an equal part.
        assert_eq!(take(5, 1), Ok(()));
        assert_eq!(take(5, 11), Ok(()));
        assert_eq!(take(5, 1), Err(InputError::Busy));
        assert_eq!(take(6, 1), Ok(()));
        for megabytes in [9, 7] {
            shares.give_back(ClientNumber(1), megabytes * MEGA);
        }
        assert_eq!(shares.take(ClientNumber(5), MEGA), Ok(()));
    }
}
