//! The portal's files, and what is told of each.

use std::borrow::Cow;
use std::collections::BTreeMap;

use axum::body::Bytes;
use rust_embed::EmbeddedFile;

use super::inline;
use crate::auth::key::hex;

/// Where files stand whose names change with what is in them.
const HASHED: &str = "_next/static/";
/// Forms of a file that stand beside it, the smallest first.
const ENCODINGS: [(&str, &str); 2] = [("br", ".br"), ("gzip", ".gz")];
/// How much of a digest tells one file from another. Unit: bytes.
const ETAG_BYTES: usize = 16;

/// One file.
#[derive(Debug)]
pub(super) struct File {
    body: Bytes,
    /// Smaller forms of it, by the name of their encoding.
    encoded: Vec<(&'static str, Bytes)>,
    /// Its media type.
    pub(super) kind: String,
    /// Tells what is in it.
    pub(super) etag: String,
    /// Whether its name changes with what is in it.
    pub(super) immutable: bool,
    /// Of a page: what the browser may run and load.
    pub(super) policy: Option<String>,
}

/// Every file by its path.
#[derive(Debug, Default)]
pub(super) struct Files(BTreeMap<String, File>);

impl Files {
    /// Takes in what was built. A file's smaller forms are not files of their own.
    pub(super) fn new(built: impl Iterator<Item = (String, EmbeddedFile)>) -> Self {
        let mut all: BTreeMap<String, EmbeddedFile> = built.collect();
        let mut files = BTreeMap::new();
        let plain: Vec<String> = all.keys().filter(|path| !is_encoded(path)).cloned().collect();
        for path in plain {
            let encoded = ENCODINGS
                .into_iter()
                .filter_map(|(name, suffix)| Some((name, bytes(all.remove(&format!("{path}{suffix}"))?.data))));
            let encoded = encoded.collect();
            let Some(file) = all.remove(&path) else { continue };
            files.insert(path.clone(), File::new(&path, file, encoded));
        }
        Self(files)
    }

    /// Whether nothing was built.
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The file of a path; of a folder its `index.html`.
    pub(super) fn find(&self, path: &str) -> Option<&File> {
        let path = path.trim_matches('/');
        self.0.get(path).or_else(|| {
            let index = if path.is_empty() { "index.html".to_owned() } else { format!("{path}/index.html") };
            self.0.get(&index)
        })
    }
}

impl File {
    fn new(path: &str, file: EmbeddedFile, encoded: Vec<(&'static str, Bytes)>) -> Self {
        let digest = file.metadata.sha256_hash();
        let kind = file.metadata.mimetype();
        let is_text = kind.starts_with("text/") || kind.ends_with("javascript") || kind.ends_with("json");
        let body = bytes(file.data);
        let policy = kind.starts_with("text/html").then(|| inline::policy(&String::from_utf8_lossy(&body)));
        Self {
            encoded,
            etag: hex(digest.get(..ETAG_BYTES).unwrap_or(&digest)),
            kind: if is_text { format!("{kind}; charset=utf-8") } else { kind.to_owned() },
            immutable: path.starts_with(HASHED),
            policy,
            body,
        }
    }

    /// The smallest form that is accepted, with the name of its encoding.
    pub(super) fn body(&self, accepted: Option<&str>) -> (Bytes, Option<&'static str>) {
        let accepted = accepted.unwrap_or_default();
        let takes = |name: &str| {
            accepted.split(',').any(|one| {
                let (coding, weight) = one.split_once(';').unwrap_or((one, ""));
                let weight = weight.trim().strip_prefix("q=").and_then(|weight| weight.trim().parse::<f32>().ok());
                coding.trim().eq_ignore_ascii_case(name) && weight.unwrap_or(1.0) > 0.0
            })
        };
        match self.encoded.iter().find(|(name, _)| takes(name)) {
            Some((name, body)) => (body.clone(), Some(name)),
            None => (self.body.clone(), None),
        }
    }
}

fn is_encoded(path: &str) -> bool {
    ENCODINGS.iter().any(|(_, suffix)| path.ends_with(suffix))
}

fn bytes(data: Cow<'static, [u8]>) -> Bytes {
    match data {
        Cow::Borrowed(data) => Bytes::from_static(data),
        Cow::Owned(data) => Bytes::from(data),
    }
}
