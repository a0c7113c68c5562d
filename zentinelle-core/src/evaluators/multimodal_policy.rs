//! `multimodal_policy`: says which media a model call may carry.
//!
//! Applies to calls to a model that carry media, by the host's count (`multimodal`) or by the
//! parts of `messages` and `contents`; the counts decide, not the flag `has_multimodal`. Media of
//! no known kind, documents among them, are refused as soon as any kind is. Media behind a URL or
//! a file reference are counted but not fetched, so they weigh nothing.

mod media;

use schemars::JsonSchema;
use serde::Deserialize;

use self::media::Media;
use super::{Evaluator, Inquiry};
use crate::decision::{Notes, Verdict};
use crate::error::{Code, PolicyError};
use crate::request::{ActionKind, EvaluationError, Number, truthy};

const KIND_NOT_ALLOWED: Code = Code::new("multimodal_policy.kind_not_allowed");
const TOO_LARGE: Code = Code::new("multimodal_policy.too_large");
const MEDIA: Code = Code::new("multimodal_policy.media");

/// Configuration of a `multimodal_policy` policy. Null is an empty one.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// Whether a call may carry images. Default: true.
    pub allow_images: bool,
    /// Whether a call may carry sound. Default: true.
    pub allow_audio: bool,
    /// Whether a call may carry film. Default: true.
    pub allow_video: bool,
    /// The greatest size of all media of a call together. Unit: bytes; zero or null: no limit.
    pub max_media_bytes: Option<Number>,
    /// Read by nobody: the policies about text look at the text of every part in any case.
    pub scan_text_parts: Option<bool>,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            allow_images: true,
            allow_audio: true,
            allow_video: true,
            max_media_bytes: Some(Number::ZERO),
            scan_text_parts: None,
        }
    }
}

/// See the module.
pub struct MultimodalPolicy {
    images: bool,
    audio: bool,
    video: bool,
    max_bytes: Option<Number>,
}

impl Evaluator for MultimodalPolicy {
    type Config = Config;

    const CODES: &'static [Code] = &[KIND_NOT_ALLOWED, TOO_LARGE, MEDIA];

    const NULL_CONFIG_IS_EMPTY: bool = true;

    fn compile(config: Config) -> Result<Self, Vec<PolicyError>> {
        if let Some(limit) = config.max_media_bytes.filter(|limit| limit.is_negative()) {
            return Err(vec![PolicyError::out_of_range("max_media_bytes", limit, 0, "any number of bytes")]);
        }
        Ok(Self {
            images: config.allow_images,
            audio: config.allow_audio,
            video: config.allow_video,
            max_bytes: config.max_media_bytes.filter(|limit| *limit > Number::ZERO),
        })
    }

    fn evaluate(&self, inquiry: &Inquiry<'_>) -> Result<Verdict, EvaluationError> {
        let context = &inquiry.request.context;
        if inquiry.request.action.kind() != ActionKind::ModelCall {
            return Ok(Verdict::NotApplicable);
        }
        let Some(media) = Media::of(context, self.max_bytes.is_some())? else { return Ok(Verdict::NotApplicable) };
        let all = self.images && self.audio && self.video;
        // A kind nobody knows falls under the first key that restricts anything.
        let strictest = match (self.images, self.audio) {
            (false, _) => "/config/allow_images",
            (true, false) => "/config/allow_audio",
            (true, true) => "/config/allow_video",
        };
        let kinds = [
            ("images", media.images, self.images, "/config/allow_images"),
            ("audio", media.audio, self.audio, "/config/allow_audio"),
            ("video", media.video, self.video, "/config/allow_video"),
            ("media of other kinds", media.other, all, strictest),
        ];
        for (kind, count, allowed, pointer) in kinds {
            if count > Number::ZERO && !allowed {
                let message = format!("the call carries {kind} ({count}), which is not allowed");
                return Ok(Verdict::violated(KIND_NOT_ALLOWED, pointer, message));
            }
        }
        if let Some(limit) = self.max_bytes.filter(|limit| media.bytes > *limit) {
            let message = format!("the media of the call have {} bytes, the limit is {limit}", media.bytes);
            return Ok(Verdict::violated(TOO_LARGE, "/config/max_media_bytes", message));
        }
        let mut notes = Notes::none();
        // The notice follows the host's word that there is something to notice.
        let details = context.get("multimodal");
        if context.is_set("has_multimodal") && details.and_then(|found| found.get("has_media")).is_some_and(truthy) {
            notes.warn(MEDIA, format!("the call carries {} bytes of media", media.bytes));
        }
        Ok(Verdict::Satisfied(notes))
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{judge, violated, warned};
    use super::*;

    fn call(config: &str, facts: &str) -> Verdict {
        judge("multimodal_policy", config, &format!(r#"{{ "@action": "ai_request", {facts} }}"#))
    }

    #[test]
    fn the_counts_decide_and_not_the_flag() {
        let config = r#"{ "allow_images": false }"#;
        let parts = r#""messages": [{ "content": [{ "type": "image_url", "image_url": "https://a.test" }] }]"#;
        for facts in [r#""multimodal": { "images": 1 }"#, parts, r#""multimodal": { "documents": 1 }"#] {
            assert_eq!(violated(&call(config, facts)), "multimodal_policy.kind_not_allowed", "{facts}");
        }
        assert!(warned(&call(config, r#""multimodal": { "audio": 1 }"#)).is_empty());
        assert_eq!(call(config, r#""has_multimodal": true"#), Verdict::NotApplicable);
    }

    #[test]
    fn counts_that_are_none_deny() {
        for facts in [
            r#""multimodal": { "images": -1 }"#,
            r#""multimodal": { "images": "1" }"#,
            r#""multimodal": { "total_media_bytes": null }"#,
        ] {
            assert_eq!(violated(&call("null", facts)), "request.unreadable", "{facts}");
        }
        assert_eq!(violated(&call("null", r#""multimodal": [1]"#)), "request.wrong_type");
        assert_eq!(violated(&call("{}", r#""multimodal": null, "has_multimodal": 1"#)), "request.wrong_type");
        assert_eq!(call("{}", r#""multimodal": null"#), Verdict::NotApplicable);
    }

    #[test]
    fn a_size_limit_of_zero_is_none() {
        let facts = r#""multimodal": { "images": 1, "total_media_bytes": 11 }"#;
        assert!(warned(&call(r#"{ "max_media_bytes": 0 }"#, facts)).is_empty());
        assert_eq!(violated(&call(r#"{ "max_media_bytes": 10 }"#, facts)), "multimodal_policy.too_large");
    }
}
