//! A message of the queue.

use crate::clock;

#[derive(Clone, Debug)]
pub(crate) struct Message {
    pub(crate) id: String,
    pub(crate) body: String,
    pub(crate) receives: u32,
    /// Time of sending, nanoseconds since 1970.
    pub(crate) sent: i64,
    /// Time of the first delivery, nanoseconds since 1970; 0 before it.
    pub(crate) first_received: i64,
}

impl Message {
    pub(crate) fn new(body: String) -> Self {
        Self {
            id: message_id(),
            body,
            receives: 0,
            sent: clock::now(),
            first_received: 0,
        }
    }
}

/// Returns a message id: a random UUID (version 4).
pub(crate) fn message_id() -> String {
    let random: u128 = rand::random();
    let versioned = random & !(0xf << 76) & !(0x3 << 62) | 0x4 << 76 | 0x2 << 62;
    let digits = format!("{versioned:032x}");
    let (a, rest) = digits.split_at(8);
    let (b, rest) = rest.split_at(4);
    let (c, rest) = rest.split_at(4);
    let (d, e) = rest.split_at(4);
    [a, b, c, d, e].join("-")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_uuids() {
        let id = message_id();
        assert_eq!(id.len(), 36);
        assert_eq!(&id[14..15], "4");
        assert!(["8", "9", "a", "b"].contains(&&id[19..20]), "{id}");
        assert_ne!(id, message_id());
    }
}
