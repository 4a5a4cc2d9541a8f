//! References to container images.

use super::{Fault, macros::text};

text!(
    /// A container image: registry, repository, and a tag or a digest.
    ImageRef,
    format: "image",
    pattern: "^[a-z0-9.-]+(:[0-9]+)?(/[a-z0-9._-]+)+(:[A-Za-z0-9_][A-Za-z0-9_.-]{0,127})?(@sha256:[0-9a-f]{64})?$",
    example: "123456789012.dkr.ecr.eu-north-1.amazonaws.com/bikes-web:2026.11.1",
    check: check_image
);

/// The parts of an image reference.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ImageParts<'a> {
    /// The registry's host, with its port if it has one.
    pub registry: &'a str,
    /// The repository, without the registry.
    pub repository: &'a str,
    /// The tag.
    pub tag: Option<&'a str>,
    /// The digest, with `sha256:`.
    pub digest: Option<&'a str>,
}

impl ImageRef {
    /// Registry, repository, tag, digest.
    pub fn parts(&self) -> ImageParts<'_> {
        // What an `ImageRef` holds has been through `split` before.
        split(self.as_str()).unwrap_or(ImageParts { registry: "", repository: self.as_str(), tag: None, digest: None })
    }

    /// Account and region, if the image is kept in a private ECR registry.
    pub fn ecr(&self) -> Option<(&str, &str)> {
        let (account, rest) = self.parts().registry.split_once(".dkr.ecr.")?;
        Some((account, rest.strip_suffix(".amazonaws.com")?))
    }
}

fn split(text: &str) -> Option<ImageParts<'_>> {
    let (rest, digest) = match text.split_once('@') {
        Some((rest, digest)) => (rest, Some(digest)),
        None => (text, None),
    };
    let (registry, path) = rest.split_once('/')?;
    let (repository, tag) = match path.split_once(':') {
        Some((repository, tag)) => (repository, Some(tag)),
        None => (path, None),
    };
    Some(ImageParts { registry, repository, tag, digest })
}

fn check_image(text: &str) -> Result<(), Fault> {
    let example = "write registry/repository:tag or registry/repository@sha256:…, like \
                   123456789012.dkr.ecr.eu-north-1.amazonaws.com/bikes-web:2026.11.1";
    let fault = |why: &str| Err(Fault::new(format!("`{text}` is not an image: {why}"), example));
    let Some(parts) = split(text) else { return fault("the registry is missing") };
    let word = |t: &str, more: &[u8]| !t.is_empty() && t.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || more.contains(&b));
    if !parts.registry.contains(['.', ':']) || !word(parts.registry, b".-:") {
        return fault("the registry must be a host name");
    }
    if !parts.repository.split('/').all(|name| word(name, b"._-")) {
        return fault("the repository must be lower case letters, digits, and . _ - /");
    }
    if parts.tag.is_none() && parts.digest.is_none() {
        return fault("it has neither a tag nor a digest");
    }
    let tag_ok = |tag: &str| (1..=128).contains(&tag.len()) && !tag.starts_with(['.', '-']) && tag.bytes().all(|b| b.is_ascii_alphanumeric() || b"_.-".contains(&b));
    if !parts.tag.is_none_or(tag_ok) {
        return fault("the tag is malformed");
    }
    let digest_ok = |d: &str| d.strip_prefix("sha256:").is_some_and(|h| h.len() == 64 && h.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f')));
    if !parts.digest.is_none_or(digest_ok) {
        return fault("the digest must be sha256: and 64 hexadecimal digits");
    }
    Ok(())
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn parts_and_registry() {
        let image: ImageRef = "123456789012.dkr.ecr.eu-north-1.amazonaws.com/bikes/web:2026.11.1".parse().unwrap();
        assert_eq!((image.parts().repository, image.parts().tag), ("bikes/web", Some("2026.11.1")));
        assert_eq!(image.ecr(), Some(("123456789012", "eu-north-1")));
        let pinned: ImageRef = format!("ghcr.io/bikes/web@sha256:{}", "a".repeat(64)).parse().unwrap();
        assert!(pinned.parts().digest.is_some() && pinned.ecr().is_none());
        assert_eq!("localhost:5000/web:1".parse::<ImageRef>().unwrap().parts().registry, "localhost:5000");
    }

    #[test]
    fn what_could_be_read_two_ways_is_refused() {
        for text in ["", "web", "web:1", "bikes/web:1", "ghcr.io/web", "ghcr.io/Web:1", "ghcr.io/web:", "ghcr.io/web@sha256:12", "ghcr.io//web:1"] {
            assert!(text.parse::<ImageRef>().is_err(), "{text}");
        }
    }
}
