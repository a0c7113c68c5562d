//! What a page may run and load: its own scripts and styles that stand within it, by their
//! hashes, and files of this server. Nothing is allowed because it is inline.

use std::collections::BTreeSet;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest as _, Sha256};

/// The content security policy of a page.
///
/// Styles that a script makes while it runs go into an empty `<style>` and from there into the
/// style sheet, rule by rule; the hash of nothing lets exactly that through. WebAssembly is the
/// engine in the policy playground.
pub(super) fn policy(html: &str) -> String {
    let found = find(html);
    let list = |texts: &BTreeSet<String>| texts.iter().map(|text| format!(" '{}'", hash(text))).collect::<String>();
    let scripts = list(&found.scripts);
    let mut styles = found.styles;
    styles.insert(String::new());
    let styles = list(&styles);
    let attributes = match found.attributes.is_empty() {
        true => String::new(),
        false => format!(" style-src-attr 'unsafe-hashes'{};", list(&found.attributes)),
    };
    format!(
        "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'{scripts}; style-src 'self'{styles};{attributes} \
         img-src 'self' data: blob:; font-src 'self'; connect-src 'self'; worker-src 'self'; object-src 'none'; \
         base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    )
}

fn hash(text: &str) -> String {
    format!("sha256-{}", STANDARD.encode(Sha256::digest(text.as_bytes())))
}

/// What stands within a page.
#[derive(Debug, Default, PartialEq, Eq)]
struct Found {
    scripts: BTreeSet<String>,
    styles: BTreeSet<String>,
    attributes: BTreeSet<String>,
}

/// Reads a page's tags. It is one that we built, so it is sound; a stranger's would only lose its scripts.
fn find(html: &str) -> Found {
    let mut found = Found::default();
    let mut rest = html;
    while let Some((_, after)) = rest.split_once('<') {
        rest = after;
        if let Some(comment) = after.strip_prefix("!--") {
            rest = comment.split_once("-->").map_or("", |(_, behind)| behind);
            continue;
        }
        let length = after.bytes().take_while(u8::is_ascii_alphanumeric).count();
        let Some((name, attributes)) = after.split_at_checked(length).filter(|(name, _)| !name.is_empty()) else {
            continue;
        };
        let (tag, behind) = attributes_of(attributes);
        rest = behind;
        if let Some(style) = tag.iter().find_map(|(key, value)| (*key == "style").then_some(value)) {
            found.attributes.insert(unescape(style));
        }
        let name = name.to_ascii_lowercase();
        if name != "script" && name != "style" {
            continue;
        }
        // Tags close in any case of letters; lower case is as long as upper case in ASCII.
        let end = rest.to_ascii_lowercase().find(&format!("</{name}")).unwrap_or(rest.len());
        let (text, behind) = rest.split_at(end);
        rest = behind;
        if name == "style" {
            found.styles.insert(text.to_owned());
        } else if tag.iter().all(|(key, _)| *key != "src") {
            found.scripts.insert(text.to_owned());
        }
    }
    found
}

/// The attributes of a tag, and what stands behind it.
fn attributes_of(text: &str) -> (Vec<(&str, &str)>, &str) {
    let mut attributes = Vec::new();
    let mut rest = text;
    loop {
        rest = rest.trim_start_matches(|c: char| c.is_whitespace() || c == '/');
        if let Some(behind) = rest.strip_prefix('>') {
            return (attributes, behind);
        }
        let length = rest.find(|c: char| c.is_whitespace() || matches!(c, '=' | '>' | '/')).unwrap_or(rest.len());
        let Some((key, behind)) = rest.split_at_checked(length).filter(|_| !rest.is_empty()) else {
            return (attributes, "");
        };
        let Some(value) = behind.strip_prefix('=') else {
            attributes.push((key, ""));
            // A character that begins nothing is stepped over.
            rest = if length == 0 { behind.get(1..).unwrap_or_default() } else { behind };
            continue;
        };
        let quote = value.chars().next().filter(|quote| matches!(quote, '"' | '\''));
        let (value, behind) = match quote {
            Some(quote) => value.get(1..).and_then(|value| value.split_once(quote)).unwrap_or((value, "")),
            None => value.split_at(value.find(|c: char| c.is_whitespace() || c == '>').unwrap_or(value.len())),
        };
        attributes.push((key, value));
        rest = behind;
    }
}

fn unescape(text: &str) -> String {
    let plain = text.replace("&quot;", "\"").replace("&#x27;", "'").replace("&#39;", "'");
    plain.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
}

#[cfg(test)]
mod tests {
    use super::{find, policy};

    #[test]
    fn scripts_and_styles_within_a_page_are_found_as_the_browser_reads_them() {
        let found = find(
            "<!-- <script>no</script> --><html><SCRIPT async=\"\" src='/a.js'></SCRIPT><script>a(\"<b>\")</script>\
             <script id=x data-x='>'>self.x=[1]\n</script><style data-emotion=\"css\">.a{b:c}</style>\
             <p hidden style=\"color:red;content:&quot;&amp;&quot;\">1 < 2<br/></p>",
        );
        assert_eq!(found.scripts.into_iter().collect::<Vec<_>>(), ["a(\"<b>\")", "self.x=[1]\n"]);
        assert_eq!(found.styles.into_iter().collect::<Vec<_>>(), [".a{b:c}"]);
        assert_eq!(found.attributes.into_iter().collect::<Vec<_>>(), ["color:red;content:\"&\""]);
    }

    #[test]
    fn nothing_is_allowed_because_it_is_inline() {
        let policy = policy("<script>alert(1)</script>");
        assert!(!policy.contains("unsafe-inline") && !policy.contains("'unsafe-eval'"), "{policy}");
        // `printf 'alert(1)' | openssl dgst -sha256 -binary | base64`
        assert!(policy.contains("'sha256-bhHHL3z2vDgxUt0W3dWQOrprscmda2Y5pLsLg4GF+pI='"), "{policy}");
        assert!(policy.contains("style-src 'self' 'sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU='"), "{policy}");
        assert!(policy.contains("frame-ancestors 'none'") && !policy.contains("style-src-attr"), "{policy}");
    }

    #[test]
    fn what_is_no_page_is_read_to_its_end() {
        for text in ["", "<", "<a", "<a b", "<a b=", "<a b='", "<script", "<script>", "<!--", "<a =>", "<é>", "< a>"] {
            find(text);
        }
    }
}
