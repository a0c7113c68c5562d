//! What holds for a stream of any bytes: any split gives the same frames, the frames are the
//! stream, and what the guard does not cut leaves as it came.

use zentinelle_core::dialect::{Action, Frame, Framing, GuardOptions, Guarded, Route, StreamDecoder, StreamGuard, ToolAnswer};

fn frames(route: &Route, framing: Framing, stream: &[u8], step: usize) -> Vec<Frame> {
    let mut decoder = StreamDecoder::new(route, framing);
    let mut frames: Vec<Frame> = stream.chunks(step).flat_map(|piece| decoder.push(piece).unwrap()).collect();
    frames.extend(decoder.finish());
    frames
}

fn guarded(route: &Route, framing: Framing, stream: &[u8], step: usize, action: Action) -> (Vec<u8>, bool) {
    let options = GuardOptions { action, pass_unreadable: true, ..GuardOptions::default() };
    let mut guard = StreamGuard::new(route, framing, options);
    let (mut out, mut cut) = (Vec::new(), false);
    let mut drain = |guard: &mut StreamGuard| {
        while let Some(said) = guard.poll() {
            match said {
                Guarded::Release(bytes) => out.extend(bytes),
                Guarded::JudgeTool(key, _) => guard.answer(key, ToolAnswer::Allow),
                Guarded::Cut { .. } => cut = true,
                Guarded::Found { .. } | Guarded::End => {}
            }
        }
    };
    for piece in stream.chunks(step) {
        guard.push(piece);
        drain(&mut guard);
    }
    guard.finish();
    drain(&mut guard);
    assert!(cut || guard.held_bytes() == 0);
    (out, cut)
}

/// The first byte chooses the pieces.
pub fn hold(path: &str, framing: Framing, stream: &[u8]) {
    let route = Route::recognise("POST", path, None);
    let step = usize::from(stream.first().copied().unwrap_or(0) % 64) + 1;
    let whole = frames(&route, framing, stream, stream.len().max(1));
    assert_eq!(frames(&route, framing, stream, step), whole);
    let joined: Vec<u8> = whole.iter().flat_map(|frame| frame.raw.clone()).collect();
    assert_eq!(joined, stream);
    let (out, cut) = guarded(&route, framing, stream, step, Action::Report);
    assert!(cut || out == stream);
    let masked = guarded(&route, framing, stream, step, Action::Mask);
    assert_eq!(masked, guarded(&route, framing, stream, stream.len().max(1), Action::Mask));
}
