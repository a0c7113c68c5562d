//! Filled beside the transcripts.
