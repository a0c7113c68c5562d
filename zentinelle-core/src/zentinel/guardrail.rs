//! Texts the proxy has inspected, and what an agent answers about them.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// What to look for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum InspectionType {
    /// Attempts to give the model new orders.
    PromptInjection,
    /// Personal data.
    PiiDetection,
}

/// A text to be inspected.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GuardrailInspect {
    /// The request the text belongs to.
    pub correlation_id: String,
    /// What to look for.
    pub inspection_type: InspectionType,
    /// The text.
    pub content: String,
    /// The model it is for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// What to look for in particular. Empty means everything of the type.
    #[serde(default)]
    pub categories: Vec<String>,
    /// The route.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub route_id: Option<String>,
    /// More, as the proxy's configuration says.
    #[serde(default)]
    pub metadata: BTreeMap<String, String>,
}

/// Without the text, which may hold anything.
impl std::fmt::Debug for GuardrailInspect {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("GuardrailInspect")
            .field("correlation_id", &self.correlation_id)
            .field("inspection_type", &self.inspection_type)
            .field("length", &self.content.len())
            .field("model", &self.model)
            .field("categories", &self.categories)
            .finish_non_exhaustive()
    }
}

/// How bad a detection is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum DetectionSeverity {
    /// Worth a note.
    Low,
    /// Worth a warning.
    #[default]
    Medium,
    /// Harmful.
    High,
    /// Gives access, or cannot be undone.
    Critical,
}

/// Where in the text something stands. Unit: bytes of UTF-8.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TextSpan {
    /// The first byte.
    pub start: usize,
    /// The byte after the last.
    pub end: usize,
}

/// One thing found.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Detection {
    /// What it is.
    pub category: String,
    /// In words, without the text that was found.
    pub description: String,
    /// How bad it is.
    #[serde(default)]
    pub severity: DetectionSeverity,
    /// How sure the agent is, from 0 to 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub confidence: Option<f32>,
    /// Where it stands.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub span: Option<TextSpan>,
}

/// What was found in a text.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct GuardrailResponse {
    /// Whether anything was found.
    pub detected: bool,
    /// How sure the agent is of the whole, from 0 to 1.
    pub confidence: f32,
    /// Each thing found.
    #[serde(default)]
    pub detections: Vec<Detection>,
    /// The text with what was found masked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub redacted_content: Option<String>,
}
