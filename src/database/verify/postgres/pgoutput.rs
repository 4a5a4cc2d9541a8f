//! The messages of `pgoutput`, protocol version 1: what a logical replication slot says was written. Only what names rows is read.

use std::collections::HashMap;

/// A table as the log names it.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Relation {
    pub schema: String,
    pub name: String,
    pub columns: Vec<String>,
}

/// A value: `None` if it is NULL, or large and unchanged, which a key never is.
pub(super) type Tuple = Vec<Option<String>>;

/// One message.
#[derive(Debug, PartialEq)]
pub(super) enum Message {
    /// A row was written: the values before (those of the key, where they were logged) and after.
    Row { relation: u32, before: Option<Tuple>, after: Option<Tuple> },
    /// Tables were emptied.
    Truncate(Vec<u32>),
    /// A transaction ends here; where the next one begins.
    Commit(u64),
    /// A table that later messages name by its number.
    Relation(u32, Relation),
    /// Anything else.
    Other,
}

/// The tables that were named so far.
pub(super) type Relations = HashMap<u32, Relation>;

/// Reads a message; `None`: it isn't one.
pub(super) fn read(message: &[u8]) -> Option<Message> {
    let mut bytes = Bytes(message);
    Some(match bytes.u8()? {
        b'C' => {
            bytes.skip(1 + 8)?;
            Message::Commit(bytes.u64()?)
        }
        b'R' => {
            let id = bytes.u32()?;
            let (schema, name) = (bytes.text()?, bytes.text()?);
            bytes.skip(1)?;
            let count = bytes.u16()?;
            let column = |bytes: &mut Bytes<'_>| {
                bytes.skip(1)?;
                let name = bytes.text()?;
                bytes.skip(8)?;
                Some(name)
            };
            let columns = (0..count).map(|_| column(&mut bytes)).collect::<Option<_>>()?;
            Message::Relation(id, Relation { schema, name, columns })
        }
        b'I' => {
            let relation = bytes.u32()?;
            bytes.skip(1)?;
            Message::Row { relation, before: None, after: Some(bytes.tuple()?) }
        }
        b'U' => {
            let relation = bytes.u32()?;
            let before = match bytes.u8()? {
                b'K' | b'O' => {
                    let before = bytes.tuple()?;
                    bytes.skip(1)?;
                    Some(before)
                }
                _ => None,
            };
            Message::Row { relation, before, after: Some(bytes.tuple()?) }
        }
        b'D' => {
            let relation = bytes.u32()?;
            bytes.skip(1)?;
            Message::Row { relation, before: Some(bytes.tuple()?), after: None }
        }
        b'T' => {
            let count = bytes.u32()?;
            bytes.skip(1)?;
            Message::Truncate((0..count).map(|_| bytes.u32()).collect::<Option<_>>()?)
        }
        _ => Message::Other,
    })
}

/// What is left of a message.
struct Bytes<'a>(&'a [u8]);

impl<'a> Bytes<'a> {
    fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(taken)
    }

    fn skip(&mut self, count: usize) -> Option<()> {
        self.take(count).map(|_| ())
    }

    fn u8(&mut self) -> Option<u8> {
        self.take(1).map(|bytes| bytes[0])
    }

    fn u16(&mut self) -> Option<u16> {
        self.take(2)?.try_into().ok().map(u16::from_be_bytes)
    }

    fn u32(&mut self) -> Option<u32> {
        self.take(4)?.try_into().ok().map(u32::from_be_bytes)
    }

    fn u64(&mut self) -> Option<u64> {
        self.take(8)?.try_into().ok().map(u64::from_be_bytes)
    }

    /// Up to a zero byte.
    fn text(&mut self) -> Option<String> {
        let end = self.0.iter().position(|byte| *byte == 0)?;
        let text = String::from_utf8_lossy(self.take(end)?).into_owned();
        self.skip(1)?;
        Some(text)
    }

    fn tuple(&mut self) -> Option<Tuple> {
        let count = self.u16()?;
        let mut value = || {
            Some(match self.u8()? {
                b't' => {
                    let length = usize::try_from(self.u32()?).ok()?;
                    Some(String::from_utf8_lossy(self.take(length)?).into_owned())
                }
                b'b' => return None,
                _ => None,
            })
        };
        (0..count).map(|_| value()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tuple(values: &[Option<&str>]) -> Vec<u8> {
        let mut bytes = u16::to_be_bytes(values.len() as u16).to_vec();
        for value in values {
            match value {
                None => bytes.push(b'n'),
                Some(text) => {
                    bytes.push(b't');
                    bytes.extend(u32::to_be_bytes(text.len() as u32));
                    bytes.extend(text.as_bytes());
                }
            }
        }
        bytes
    }

    #[test]
    fn an_update_names_both_keys() {
        let mut bytes = b"U\0\0\0\x07K".to_vec();
        bytes.extend(tuple(&[Some("1"), None]));
        bytes.push(b'N');
        bytes.extend(tuple(&[Some("2"), Some("x")]));
        let before = Some(vec![Some("1".to_owned()), None]);
        let after = Some(vec![Some("2".to_owned()), Some("x".to_owned())]);
        assert_eq!(read(&bytes), Some(Message::Row { relation: 7, before, after }));
        assert_eq!(read(&bytes[..bytes.len() - 1]), None, "a message that was cut off");
    }

    #[test]
    fn a_commit_says_where_the_next_transaction_begins() {
        let mut bytes = b"C\0".to_vec();
        bytes.extend(u64::to_be_bytes(5));
        bytes.extend(u64::to_be_bytes(9));
        bytes.extend([0; 8]);
        assert_eq!(read(&bytes), Some(Message::Commit(9)));
    }
}
