//! The categories and tags of the library. They are the same for every tenant, so that prompts
//! can be found by them wherever they are shown.

use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

/// Categories: slug, name, what belongs there, icon, colour.
pub(crate) const CATEGORIES: [(&str, &str, &str, &str, &str); 9] = [
    ("assistants", "Assistants", "Prompts that help people in general.", "message-circle", "#2563eb"),
    ("customer-service", "Customer service", "Prompts that answer customers.", "headphones", "#0891b2"),
    ("coding", "Coding", "Prompts that write and review code.", "code", "#7c3aed"),
    ("data-analysis", "Data analysis", "Prompts that read tables and figures.", "bar-chart", "#059669"),
    ("writing", "Writing", "Prompts that write and edit texts.", "edit", "#d97706"),
    ("research", "Research", "Prompts that find and weigh sources.", "search", "#4f46e5"),
    ("operations", "Operations", "Prompts that run systems and processes.", "settings", "#64748b"),
    ("safety", "Safety", "Prompts that set bounds.", "shield", "#dc2626"),
    ("formatting", "Formatting", "Prompts that say how answers look.", "layout", "#db2777"),
];

/// Tags: slug, name, type, colour.
pub(crate) const TAGS: [(&str, &str, &str, &str); 20] = [
    ("openai", "OpenAI", "provider", "#10a37f"),
    ("anthropic", "Anthropic", "provider", "#d97757"),
    ("google", "Google", "provider", "#4285f4"),
    ("open-weights", "Open weights", "model", "#64748b"),
    ("reasoning", "Reasoning", "model", "#7c3aed"),
    ("summarise", "Summarise", "task", "#2563eb"),
    ("classify", "Classify", "task", "#2563eb"),
    ("extract", "Extract", "task", "#2563eb"),
    ("translate", "Translate", "task", "#2563eb"),
    ("review", "Review", "task", "#2563eb"),
    ("formal", "Formal", "style", "#d97706"),
    ("friendly", "Friendly", "style", "#d97706"),
    ("concise", "Concise", "style", "#d97706"),
    ("finance", "Finance", "domain", "#059669"),
    ("health", "Health", "domain", "#059669"),
    ("legal", "Legal", "domain", "#059669"),
    ("tools", "Tool use", "skill", "#4f46e5"),
    ("multilingual", "Multilingual", "language", "#0891b2"),
    ("json", "JSON", "format", "#db2777"),
    ("markdown", "Markdown", "format", "#db2777"),
];

/// The id of an entry: always the same for the same slug.
pub(crate) fn id(kind: &str, slug: &str) -> String {
    let mut bytes = [0_u8; 16];
    let digest = Sha256::digest(format!("zentinelle:{kind}:{slug}"));
    bytes.iter_mut().zip(digest).for_each(|(to, from)| *to = from);
    uuid::Builder::from_sha1_bytes(bytes).into_uuid().to_string()
}

/// The slug of a category's id or slug.
pub(crate) fn category_slug(given: &str) -> Option<&'static str> {
    let known = CATEGORIES.iter().map(|(slug, ..)| *slug);
    known.into_iter().find(|slug| *slug == given || id("category", slug) == given)
}

/// The slug of a tag's id or slug.
pub(crate) fn tag_slug(given: &str) -> Option<&'static str> {
    TAGS.iter().map(|(slug, ..)| *slug).find(|slug| *slug == given || id("tag", slug) == given)
}

/// A category, as it is answered.
pub(crate) fn category(slug: &str, prompts: usize) -> Value {
    let Some((at, (slug, name, description, icon, color))) =
        CATEGORIES.iter().enumerate().find(|(_, (known, ..))| *known == slug)
    else {
        return Value::Null;
    };
    json!({ "id": id("category", slug), "name": name, "slug": slug, "description": description, "icon": icon,
        "color": color, "sortOrder": at, "isActive": true, "createdAt": "2026-01-01T00:00:00.000000Z",
        "promptCount": prompts })
}

/// A tag, as it is answered.
pub(crate) fn tag(slug: &str) -> Value {
    let Some((slug, name, tag_type, color)) = TAGS.iter().find(|(known, ..)| *known == slug) else {
        return Value::Null;
    };
    json!({ "id": id("tag", slug), "name": name, "slug": slug, "tagType": tag_type, "description": "",
        "color": color, "isActive": true, "createdAt": "2026-01-01T00:00:00.000000Z", "tagTypeDisplay": tag_type })
}

#[cfg(test)]
mod tests {
    use super::{CATEGORIES, TAGS, category_slug, id, tag_slug};

    /// The kinds of tags that clients know.
    const TAG_TYPES: [&str; 8] = ["model", "provider", "task", "style", "domain", "skill", "language", "format"];

    #[test]
    fn entries_are_found_by_id_and_by_slug() {
        for (slug, ..) in CATEGORIES {
            assert_eq!((category_slug(slug), category_slug(&id("category", slug))), (Some(slug), Some(slug)));
        }
        for (slug, _, tag_type, _) in TAGS {
            assert_eq!((tag_slug(slug), TAG_TYPES.contains(&tag_type)), (Some(slug), true), "{slug}");
        }
        assert!(tag_slug("").is_none() && category_slug("nope").is_none());
    }
}
