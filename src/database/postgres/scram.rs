//! SCRAM-SHA-256 verifiers (RFC 5803), so that a password is set without the server, or its log, ever seeing it.

use crate::database::Secret;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};

/// PostgreSQL's own default.
const ROUNDS: u32 = 4096;

/// What `CREATE ROLE … PASSWORD` takes in place of the password. ASCII passwords are their own normal form; any other is taken as it is.
pub fn verifier(password: &Secret) -> String {
    verifier_of(password, ROUNDS)
}

/// The same with another number of rounds: what a client must compute for each login.
pub fn verifier_of(password: &Secret, rounds: u32) -> String {
    with_salt(password.reveal().as_bytes(), uuid::Uuid::new_v4().as_bytes(), rounds)
}

fn with_salt(password: &[u8], salt: &[u8], rounds: u32) -> String {
    let salted = stretch(password, salt, rounds);
    let client = hmac(&salted, b"Client Key");
    let stored: [u8; 32] = Sha256::digest(client).into();
    let server = hmac(&salted, b"Server Key");
    let text = |bytes: &[u8]| STANDARD.encode(bytes);
    format!("SCRAM-SHA-256${rounds}:{}${}:{}", text(salt), text(&stored), text(&server))
}

/// PBKDF2 with one block, which is all that 32 bytes need.
fn stretch(password: &[u8], salt: &[u8], rounds: u32) -> [u8; 32] {
    let mut block = hmac(password, &[salt, &[0, 0, 0, 1]].concat());
    let mut sum = block;
    for _ in 1..rounds {
        block = hmac(password, &block);
        sum.iter_mut().zip(block).for_each(|(sum, byte)| *sum ^= byte);
    }
    sum
}

fn hmac(key: &[u8], message: &[u8]) -> [u8; 32] {
    let mut padded = [0; 64];
    if key.len() > padded.len() {
        padded[..32].copy_from_slice(&Sha256::digest(key));
    } else {
        padded[..key.len()].copy_from_slice(key);
    }
    let with = |pad: u8| padded.map(|byte| byte ^ pad);
    let inner = Sha256::new().chain_update(with(0x36)).chain_update(message).finalize();
    Sha256::new().chain_update(with(0x5c)).chain_update(inner).finalize().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_keys_are_those_of_the_rfc() {
        // RFC 7677, section 3: user "user", password "pencil".
        let salt = STANDARD.decode("W22ZaJ0SNY7soEsUEjb6gQ==").unwrap_or_default();
        let expected = "SCRAM-SHA-256$4096:W22ZaJ0SNY7soEsUEjb6gQ==$WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=:wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU=";
        assert_eq!(with_salt(b"pencil", &salt, ROUNDS), expected);
    }
}
