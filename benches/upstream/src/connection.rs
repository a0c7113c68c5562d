//! One connection: requests in, replies out, and who broke off.

use std::io;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;

use crate::reply::{Body, Piece, Reply, stamped};
use crate::request::Request;
use crate::route;
use crate::seen::{Ended, Seen};

/// Whether the connection may carry another request.
enum After {
    KeepAlive,
    Close,
    Reset,
}

/// Answers requests until the client is done.
pub(crate) async fn serve(mut stream: TcpStream, seen: &Seen) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let mut buffer = BytesMut::with_capacity(16 << 10);
    while let Some(request) = Request::read(&mut stream, &mut buffer).await? {
        if request.path() == "/__seen" {
            let told = seen.to_json(request.query("mark"));
            write(&mut stream, Reply::json(200, &told), false).await?;
            continue;
        }
        let body = request.json();
        let scenario = route::scenario(&request, &body);
        let number = seen.begin(&request, &scenario);
        let reply = route::reply(&request, &body, &scenario, seen, number);
        let close = request.header("connection").is_some_and(|value| value.eq_ignore_ascii_case("close"));
        let after = match reply.coded(&scenario, request.header("accept-encoding").unwrap_or_default()) {
            Ok(reply) => write(&mut stream, reply, scenario.has("bytewise")).await,
            Err(error) => Err(error),
        };
        seen.end(number, if after.is_ok() { Ended::Written } else { Ended::Aborted });
        match after? {
            After::KeepAlive if !close => {}
            After::KeepAlive | After::Close => break,
            After::Reset => return Ok(()),
        }
    }
    stream.shutdown().await
}

async fn write(stream: &mut TcpStream, reply: Reply, bytewise: bool) -> io::Result<After> {
    let mut head = format!("HTTP/1.1 {} {}\r\n", reply.status, reason(reply.status));
    for (name, value) in &reply.headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    match reply.body {
        Body::Whole(body) => {
            if reply.status != 204 {
                head.push_str(&format!("content-length: {}\r\n", body.len()));
            }
            head.push_str("\r\n");
            let mut bytes = head.into_bytes();
            bytes.extend_from_slice(&body);
            if bytewise {
                each_byte(stream, &bytes).await?
            } else {
                stream.write_all(&bytes).await?
            }
            Ok(After::KeepAlive)
        }
        Body::Stream(pieces) => {
            head.push_str("transfer-encoding: chunked\r\n\r\n");
            let mut pieces = pieces.into_iter().peekable();
            // The first byte of a reply is its head: a wait before the first piece is one before the head.
            if let Some(Piece::Wait(time)) = pieces.next_if(|piece| matches!(piece, Piece::Wait(_))) {
                wait(stream, time).await?;
            }
            stream.write_all(head.as_bytes()).await?;
            for piece in pieces {
                if bytewise && let Piece::Bytes(bytes) = &piece {
                    for byte in stamped(bytes) {
                        stream.write_all(&chunk(&[byte])).await?;
                    }
                } else {
                    match send(stream, piece, chunk).await? {
                        After::KeepAlive => {}
                        ended => return Ok(ended),
                    }
                }
            }
            stream.write_all(b"0\r\n\r\n").await?;
            Ok(After::KeepAlive)
        }
        Body::Raw(pieces) => {
            for piece in pieces {
                match send(stream, piece, <[u8]>::to_vec).await? {
                    After::KeepAlive => {}
                    ended => return Ok(ended),
                }
            }
            Ok(After::Close)
        }
    }
}

async fn send(stream: &mut TcpStream, piece: Piece, frame: impl Fn(&[u8]) -> Vec<u8>) -> io::Result<After> {
    match piece {
        Piece::Bytes(bytes) if bytes.is_empty() => {}
        Piece::Bytes(bytes) => stream.write_all(&frame(&stamped(&bytes))).await?,
        Piece::Wait(time) => wait(stream, time).await?,
        Piece::Endless(bytes) => {
            let framed = Bytes::from(frame(&bytes));
            loop {
                stream.write_all(&framed).await?;
            }
        }
        Piece::Stall => wait(stream, Duration::from_secs(3_600)).await?,
        Piece::Reset => {
            // Let what was written leave before the reset discards the rest.
            tokio::time::sleep(Duration::from_millis(20)).await;
            stream.set_zero_linger()?;
            return Ok(After::Reset);
        }
        Piece::Close => return Ok(After::Close),
    }
    Ok(After::KeepAlive)
}

/// Waits; an error as soon as the client goes away.
async fn wait(stream: &TcpStream, time: Duration) -> io::Result<()> {
    let gone = async {
        let mut byte = [0_u8; 1];
        match stream.peek(&mut byte).await {
            Ok(0) => io::Error::from(io::ErrorKind::ConnectionAborted),
            // The next request waits already: this client will read its reply first.
            Ok(_) => std::future::pending().await,
            Err(error) => error,
        }
    };
    tokio::select! {
        () = tokio::time::sleep(time) => Ok(()),
        error = gone => Err(error),
    }
}

async fn each_byte(stream: &mut TcpStream, bytes: &[u8]) -> io::Result<()> {
    for byte in bytes {
        stream.write_all(&[*byte]).await?;
    }
    Ok(())
}

fn chunk(bytes: &[u8]) -> Vec<u8> {
    [format!("{:x}\r\n", bytes.len()).as_bytes(), bytes, b"\r\n"].concat()
}

fn reason(status: u16) -> &'static str {
    match status {
        200 => "OK",
        204 => "No Content",
        302 => "Found",
        400 => "Bad Request",
        401 => "Unauthorized",
        404 => "Not Found",
        429 => "Too Many Requests",
        500 => "Internal Server Error",
        529 => "Overloaded",
        _ => "Status",
    }
}
