//! What holds for a stream of any bytes: any split gives the same frames, the frames are the
//! stream, and what the guard does not cut leaves as it came.

use zentinelle_core::dialect::{
    Action, Frame, Framing, GuardOptions, Guarded, Route, StreamDecoder, StreamGuard, ToolAnswer,
};

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

/// Holds a stream to the laws, cut into pieces of `step` bytes.
pub(crate) fn hold(path: &str, framing: Framing, step: usize, stream: &[u8]) {
    let route = Route::recognise("POST", path, None);
    let whole = frames(&route, framing, stream, stream.len().max(1));
    assert_eq!(frames(&route, framing, stream, step), whole);
    let joined: Vec<u8> = whole.iter().flat_map(|frame| frame.raw.clone()).collect();
    assert_eq!(joined, stream);
    let (out, cut) = guarded(&route, framing, stream, step, Action::Report);
    assert!(cut || out == stream);
    // Where a cut falls depends on how soon the host answers about a tool call.
    let (masked, cut) = guarded(&route, framing, stream, step, Action::Mask);
    let (at_once, cut_at_once) = guarded(&route, framing, stream, stream.len().max(1), Action::Mask);
    assert!(cut || cut_at_once || masked == at_once);
}
