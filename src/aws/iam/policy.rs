//! Policy documents: IAM takes JSON and answers it percent-encoded.

use crate::engine::{CloudError, CloudResult};
use serde_json::{Value, json};

/// A document as IAM answers it, as JSON. One that isn't percent-encoded is read as it is.
pub fn decode(document: &str) -> CloudResult<Value> {
    let text = if document.trim_start().starts_with('{') { document.to_owned() } else { percent_decoded(document)? };
    serde_json::from_str(&text).map_err(|e| CloudError::internal(format!("IAM answered a policy that isn't JSON: {e}")))
}

fn percent_decoded(text: &str) -> CloudResult<String> {
    let bytes = text.as_bytes();
    let hex = |at: usize| bytes.get(at).and_then(|b| (*b as char).to_digit(16));
    let mut plain = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        match (byte, hex(at + 1), hex(at + 2)) {
            (b'%', Some(high), Some(low)) => {
                plain.push((high * 16 + low) as u8);
                at += 3;
            }
            _ => {
                plain.push(byte);
                at += 1;
            }
        }
    }
    String::from_utf8(plain).map_err(|_| CloudError::internal("IAM answered a policy that isn't UTF-8"))
}

/// A trust policy: `service` may assume the role. For EC2, which only ever gives a role to instances of the role's own account.
pub fn trust(service: &str) -> Value {
    json!({
        "Version": "2012-10-17",
        "Statement": [{ "Effect": "Allow", "Principal": { "Service": service }, "Action": "sts:AssumeRole" }],
    })
}

/// A trust policy: `service` may assume the role, but only on behalf of this account's resources whose ARN is like `source`.
/// Without that, another account's resources could use the role through the service (the confused deputy).
pub fn trust_on_behalf_of(service: &str, account: &str, source: &str) -> Value {
    let mut policy = trust(service);
    policy["Statement"][0]["Condition"] = json!({
        "StringEquals": { "aws:SourceAccount": account },
        "ArnLike": { "aws:SourceArn": source },
    });
    policy
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]
mod tests {
    use super::*;

    #[test]
    fn a_percent_encoded_policy_is_the_policy() {
        let encoded = "%7B%22Version%22%3A%20%222012-10-17%22%2C%22Statement%22%3A%5B%7B%22Resource%22%3A%22a%2Bb%25%C3%B6%22%7D%5D%7D";
        let plain = json!({ "Statement": [{ "Resource": "a+b%ö" }], "Version": "2012-10-17" });
        assert_eq!(decode(encoded).unwrap(), plain);
        assert_eq!(decode(&plain.to_string()).unwrap(), plain);
        assert!(decode("%7B%22").is_err() && decode("%FF").is_err());
    }
}
