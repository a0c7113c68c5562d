//! A reply as a list of pieces, kind or hostile.

use std::io::{self, Write as _};
use std::time::Duration;

use bytes::Bytes;
use serde_json::Value;

use crate::scenario::Scenario;
use crate::texts;

/// Stands in a piece where the moment of sending belongs.
pub(crate) const STAMP: &str = "@STAMP@";

/// A reply.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Body,
}

/// How the body of a reply is written.
#[derive(Debug)]
pub(crate) enum Body {
    /// At once, its length told.
    Whole(Vec<u8>),
    /// Piece by piece, in chunks.
    Stream(Vec<Piece>),
    /// The whole reply, head included, as these bytes; then the connection is closed.
    Raw(Vec<Piece>),
}

/// A part of a reply.
#[derive(Clone, Debug)]
pub(crate) enum Piece {
    Bytes(Bytes),
    Wait(Duration),
    /// These bytes again and again, until the client goes away.
    Endless(Bytes),
    /// Nothing more, and the connection stays open.
    Stall,
    /// The connection is reset.
    Reset,
    /// The connection is closed without an end of the body.
    Close,
}

impl Reply {
    pub(crate) fn json(status: u16, body: &Value) -> Self {
        Self::whole(status, "application/json", body.to_string().into_bytes())
    }

    pub(crate) fn whole(status: u16, content_type: &str, body: Vec<u8>) -> Self {
        Self { status, headers: vec![("content-type".into(), content_type.into())], body: Body::Whole(body) }
    }

    pub(crate) fn stream(pieces: Vec<Piece>) -> Self {
        let headers = vec![
            ("content-type".into(), "text/event-stream; charset=utf-8".into()),
            ("cache-control".into(), "no-cache".into()),
        ];
        Self { status: 200, headers, body: Body::Stream(pieces) }
    }

    pub(crate) fn raw(pieces: Vec<Piece>) -> Self {
        Self { status: 200, headers: Vec::new(), body: Body::Raw(pieces) }
    }

    pub(crate) fn with(mut self, name: &str, value: impl Into<String>) -> Self {
        self.headers.push((name.to_owned(), value.into()));
        self
    }

    /// Replaces the type the body claims to have.
    pub(crate) fn claiming(mut self, content_type: &str) -> Self {
        self.headers.retain(|(name, _)| name != "content-type");
        self.with("content-type", content_type)
    }

    /// Codes the body as the scenario says, where the client accepts it or was not to be asked.
    pub(crate) fn coded(mut self, scenario: &Scenario, accepted: &str) -> io::Result<Self> {
        let is_welcome = |coding: &Coding| scenario.has("unasked") || accepted.contains(coding.name());
        let named = Coding::ALL.into_iter().find(|coding| scenario.has(coding.name()));
        let Some(coding) = named.filter(is_welcome) else { return Ok(self) };
        self.body = match self.body {
            Body::Whole(body) => {
                let mut coder = Coder::new(coding)?;
                let mut coded = coder.piece(&body)?;
                coded.extend(coder.finish()?);
                Body::Whole(coded)
            }
            Body::Stream(pieces) => Body::Stream(coded_pieces(pieces, coding)?),
            raw @ Body::Raw(_) => return Ok(Self { body: raw, ..self }),
        };
        Ok(self.with("content-encoding", coding.name()))
    }
}

impl Piece {
    pub(crate) fn text(text: impl Into<String>) -> Self {
        Self::Bytes(Bytes::from(text.into()))
    }
}

/// The bytes of a piece, stamped with now.
pub(crate) fn stamped(bytes: &Bytes) -> Bytes {
    let Some(at) = memchr::memmem::find(bytes, STAMP.as_bytes()) else { return bytes.clone() };
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    let word = texts::stamp(u64::try_from(now.as_micros()).unwrap_or_default());
    let after = bytes.slice(at + STAMP.len()..);
    [&bytes.slice(..at)[..], word.as_bytes(), &after].concat().into()
}

/// How a body is compressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Coding {
    Gzip,
    Deflate,
    Brotli,
}

impl Coding {
    const ALL: [Self; 3] = [Self::Gzip, Self::Deflate, Self::Brotli];

    fn name(self) -> &'static str {
        match self {
            Self::Gzip => "gzip",
            Self::Deflate => "deflate",
            Self::Brotli => "br",
        }
    }
}

/// Compresses piece by piece; each piece can be read as soon as it has arrived.
enum Coder {
    Gzip(flate2::write::GzEncoder<Vec<u8>>),
    Deflate(flate2::write::ZlibEncoder<Vec<u8>>),
    Brotli(Box<brotli::CompressorWriter<Vec<u8>>>),
}

impl Coder {
    fn new(coding: Coding) -> io::Result<Self> {
        let level = flate2::Compression::fast();
        Ok(match coding {
            Coding::Gzip => Self::Gzip(flate2::write::GzEncoder::new(Vec::new(), level)),
            Coding::Deflate => Self::Deflate(flate2::write::ZlibEncoder::new(Vec::new(), level)),
            Coding::Brotli => Self::Brotli(Box::new(brotli::CompressorWriter::new(Vec::new(), 4096, 4, 18))),
        })
    }

    fn piece(&mut self, bytes: &[u8]) -> io::Result<Vec<u8>> {
        let out = match self {
            Self::Gzip(coder) => {
                coder.write_all(bytes)?;
                coder.flush()?;
                coder.get_mut()
            }
            Self::Deflate(coder) => {
                coder.write_all(bytes)?;
                coder.flush()?;
                coder.get_mut()
            }
            Self::Brotli(coder) => {
                coder.write_all(bytes)?;
                coder.flush()?;
                coder.get_mut()
            }
        };
        Ok(std::mem::take(out))
    }

    fn finish(self) -> io::Result<Vec<u8>> {
        match self {
            Self::Gzip(coder) => coder.finish(),
            Self::Deflate(coder) => coder.finish(),
            Self::Brotli(coder) => Ok(coder.into_inner()),
        }
    }
}

/// Hostile pieces stay as they are: what they send is not meant to be read.
fn coded_pieces(pieces: Vec<Piece>, coding: Coding) -> io::Result<Vec<Piece>> {
    let mut coder = Coder::new(coding)?;
    let mut coded = Vec::with_capacity(pieces.len() + 1);
    for piece in pieces {
        coded.push(match piece {
            Piece::Bytes(bytes) => Piece::Bytes(coder.piece(&stamped(&bytes))?.into()),
            other => other,
        });
    }
    coded.push(Piece::Bytes(coder.finish()?.into()));
    Ok(coded)
}
