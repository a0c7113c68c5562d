//! Replies that come compressed although they were asked to be plain: unpacked a little at a time,
//! so that a small reply that unpacks to a huge one never stands in memory whole.

use std::io::Write as _;
use std::pin::Pin;
use std::task::{Context, Poll};

use axum::body::Body;
use axum::http::{HeaderMap, header};
use brotli_decompressor::DecompressorWriter;
use bytes::{Buf as _, Bytes};
use flate2::write::{MultiGzDecoder, ZlibDecoder};
use http_body::{Body as HttpBody, Frame, SizeHint};

/// How much is unpacked at a time. Gzip makes at most about a thousand times of it. Unit: bytes.
const STEP: usize = 512;
/// What the unpacking of Brotli works with. Unit: bytes.
const BROTLI_BUFFER: usize = 4 * 1024;

/// How a reply is packed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Packing {
    /// Not at all.
    None,
    /// `gzip`.
    Gzip,
    /// `deflate`.
    Deflate,
    /// `br`.
    Brotli,
}

impl Packing {
    /// As the headers say; none when it is one that is not understood, or several.
    pub(super) fn of(headers: &HeaderMap) -> Option<Self> {
        let mut named = headers.get_all(header::CONTENT_ENCODING).iter();
        let Some(name) = named.next() else { return Some(Self::None) };
        let name = name.to_str().ok()?.trim().to_ascii_lowercase();
        if named.next().is_some() {
            return None;
        }
        Some(match name.as_str() {
            "" | "identity" => Self::None,
            "gzip" | "x-gzip" => Self::Gzip,
            "deflate" => Self::Deflate,
            "br" => Self::Brotli,
            _ => return None,
        })
    }
}

/// A reply as it can be read.
pub(super) fn unpacked<B>(body: B, packing: Packing) -> Body
where
    B: HttpBody<Data = Bytes> + Send + Unpin + 'static,
    B::Error: Into<axum::BoxError>,
{
    let unpacker = match packing {
        Packing::None => return Body::new(body),
        Packing::Gzip => Unpacker::Gzip(MultiGzDecoder::new(Vec::new())),
        Packing::Deflate => Unpacker::Deflate(ZlibDecoder::new(Vec::new())),
        Packing::Brotli => Unpacker::Brotli(Box::new(DecompressorWriter::new(Vec::new(), BROTLI_BUFFER))),
    };
    Body::new(Unpacked { body, unpacker: Some(unpacker), packed: Bytes::new() })
}

enum Unpacker {
    Gzip(MultiGzDecoder<Vec<u8>>),
    Deflate(ZlibDecoder<Vec<u8>>),
    Brotli(Box<DecompressorWriter<Vec<u8>>>),
}

impl Unpacker {
    fn take(&mut self, packed: &[u8]) -> std::io::Result<Vec<u8>> {
        let out = match self {
            Self::Gzip(unpacker) => {
                unpacker.write_all(packed)?;
                unpacker.flush()?;
                unpacker.get_mut()
            }
            Self::Deflate(unpacker) => {
                unpacker.write_all(packed)?;
                unpacker.flush()?;
                unpacker.get_mut()
            }
            Self::Brotli(unpacker) => {
                unpacker.write_all(packed)?;
                unpacker.get_mut()
            }
        };
        Ok(std::mem::take(out))
    }

    /// What is left when everything came; an error when something is missing.
    fn end(self) -> std::io::Result<Vec<u8>> {
        match self {
            Self::Gzip(unpacker) => unpacker.finish(),
            Self::Deflate(unpacker) => unpacker.finish(),
            Self::Brotli(mut unpacker) => {
                unpacker.close()?;
                Ok(std::mem::take(unpacker.get_mut()))
            }
        }
    }
}

struct Unpacked<B> {
    body: B,
    unpacker: Option<Unpacker>,
    packed: Bytes,
}

impl<B> HttpBody for Unpacked<B>
where
    B: HttpBody<Data = Bytes> + Unpin,
    B::Error: Into<axum::BoxError>,
{
    type Data = Bytes;
    type Error = axum::BoxError;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::BoxError>>> {
        let this = self.get_mut();
        loop {
            if let Some(unpacker) = &mut this.unpacker
                && !this.packed.is_empty()
            {
                let step = this.packed.split_to(STEP.min(this.packed.remaining()));
                let out = match unpacker.take(&step) {
                    Ok(out) => out,
                    Err(error) => return Poll::Ready(Some(Err(error.into()))),
                };
                if out.is_empty() {
                    continue;
                }
                return Poll::Ready(Some(Ok(Frame::data(out.into()))));
            }
            match Pin::new(&mut this.body).poll_frame(context) {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(Some(Ok(frame))) => {
                    if let Ok(data) = frame.into_data() {
                        this.packed = data;
                    }
                }
                Poll::Ready(Some(Err(error))) => return Poll::Ready(Some(Err(error.into()))),
                Poll::Ready(None) => {
                    let Some(unpacker) = this.unpacker.take() else { return Poll::Ready(None) };
                    return match unpacker.end() {
                        Ok(out) if out.is_empty() => Poll::Ready(None),
                        Ok(out) => Poll::Ready(Some(Ok(Frame::data(out.into())))),
                        Err(error) => Poll::Ready(Some(Err(error.into()))),
                    };
                }
            }
        }
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::default()
    }
}
