//! File paths judged as text, component by component.
//!
//! Backslashes count as slashes, `.` and `..` are resolved, slashes collapse, and a rule covers a directory and all
//! below it but not a sibling whose name begins alike. Percent signs and `~` are ordinary characters: the tool
//! that opens the file does not decode them either, unless it says so.
//!
//! Only the text is seen here. A symbolic link, a mount or a hard link may lead elsewhere, and the meaning of a
//! relative path depends on the tool's working directory; the host that opens the file has to judge those.

use super::text::fold;

/// Longest path read, in bytes: Windows allows 32,767 characters, the others less.
const MAX_LENGTH: usize = 3 * 32_767;

/// Why a path cannot be judged. A policy with path rules denies then.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PathError {
    /// The path is empty, or nothing of it can be seen.
    #[error("path is empty")]
    Empty,
    /// The path is longer than any system allows.
    #[error("path has {length} bytes; no system has paths of more than {MAX_LENGTH}")]
    TooLong {
        /// Length found, in bytes.
        length: usize,
    },
    /// The path holds NUL or another control character.
    #[error("path holds a control character")]
    ControlCharacter,
    /// `..` leads above the root, or above the start of a relative path.
    #[error("path climbs above its root; write it without the extra `..`")]
    ClimbsAboveRoot,
    /// `C:name` depends on the current directory of a drive.
    #[error("path names a drive without a root; write `C:\\name`, not `C:name`")]
    DriveWithoutRoot,
}

/// A path after resolution.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NormalPath {
    exact: String,
    /// The path read again after folding, where that differs.
    folded: Option<String>,
}

impl NormalPath {
    /// Resolves a path as text.
    ///
    /// # Errors
    /// See [`PathError`]. A path is also refused when only its folded form climbs above the root, since such a
    /// path was written to be misread.
    pub fn new(path: &str) -> Result<Self, PathError> {
        let exact = resolve(path)?;
        let again = fold(&exact);
        if again.is_empty() {
            return Err(PathError::Empty);
        }
        if again != exact {
            // Resolving may bring a blank to the front, and folding takes it away: ` ..` and ` a:` are no names.
            resolve(&again)?;
        }
        let folded = resolve(&fold(path))?;
        let folded = (folded != exact).then_some(folded);
        Ok(Self { exact, folded })
    }

    /// The resolved path: `/` between components, no trailing slash except for the root itself.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.exact
    }

    /// Whether the path starts at a root or a drive.
    #[must_use]
    pub fn is_absolute(&self) -> bool {
        self.exact.starts_with('/') || drive(&self.exact).is_some()
    }

    /// Whether the path starts at a home directory a shell would fill in (`~` or `~name`).
    #[must_use]
    pub fn is_home(&self) -> bool {
        self.exact.starts_with('~')
    }

    fn folded(&self) -> &str {
        self.folded.as_deref().unwrap_or(&self.exact)
    }
}

/// The drive letter a path begins with.
fn drive(path: &str) -> Option<char> {
    let mut chars = path.chars();
    let letter = chars.next().filter(char::is_ascii_alphabetic)?;
    (chars.next() == Some(':')).then_some(letter)
}

fn resolve(path: &str) -> Result<String, PathError> {
    if path.is_empty() {
        return Err(PathError::Empty);
    }
    if path.len() > MAX_LENGTH {
        return Err(PathError::TooLong { length: path.len() });
    }
    if path.chars().any(char::is_control) {
        return Err(PathError::ControlCharacter);
    }
    let slashed = path.replace('\\', "/");
    let mut rest = slashed.as_str();
    // `\\?\C:\x` and `\\.\C:\x` are Windows' long spellings of `C:\x`.
    for long in ["//?/", "//./", "/??/"] {
        if let Some(inner) = rest.strip_prefix(long)
            && drive(inner).is_some()
        {
            rest = inner;
        }
    }
    let mut out = String::with_capacity(rest.len());
    let on_drive = drive(rest).is_some();
    if let Some(letter) = drive(rest) {
        rest = rest.get(2..).unwrap_or_default();
        if !rest.starts_with('/') {
            return Err(PathError::DriveWithoutRoot);
        }
        // Drive letters have no case.
        out.push(letter.to_ascii_lowercase());
        out.push(':');
    }
    let rooted = rest.starts_with('/');
    let mut components: Vec<&str> = Vec::new();
    for component in rest.split('/') {
        match component {
            "" | "." => {}
            ".." => {
                components.pop().ok_or(PathError::ClimbsAboveRoot)?;
            }
            // Windows drops dots and blanks at the end of a name.
            name if on_drive => match name.trim_end_matches(['.', ' ']) {
                "" => return Err(PathError::ClimbsAboveRoot),
                name => components.push(name),
            },
            name => components.push(name),
        }
    }
    if !rooted && components.first().is_some_and(|first| drive(first).is_some()) {
        return Err(PathError::DriveWithoutRoot);
    }
    if rooted && components.is_empty() {
        out.push('/');
    }
    for (index, component) in components.iter().enumerate() {
        if rooted || index > 0 {
            out.push('/');
        }
        out.push_str(component);
    }
    if out.is_empty() {
        // `.` and the like: the directory a relative path starts from.
        out.push('.');
    }
    Ok(out)
}

/// Directories and files that rules name, each standing for itself and all below it.
#[derive(Clone, Debug, Default)]
pub struct PathRules {
    folds: bool,
    entries: Vec<Entry>,
}

#[derive(Clone, Debug)]
struct Entry {
    written: String,
    resolved: String,
}

impl PathRules {
    /// Rules that allow: compared letter for letter.
    ///
    /// # Errors
    /// The index of the first entry that is no usable path, and why.
    pub fn exact(entries: Vec<String>) -> Result<Self, (usize, PathError)> {
        Self::build(entries, false)
    }

    /// Rules that deny: compared letter for letter and again after folding, because many file systems
    /// ignore case and some ignore more.
    ///
    /// # Errors
    /// The index of the first entry that is no usable path, and why.
    pub fn folded(entries: Vec<String>) -> Result<Self, (usize, PathError)> {
        Self::build(entries, true)
    }

    fn build(entries: Vec<String>, folds: bool) -> Result<Self, (usize, PathError)> {
        let entries = entries
            .into_iter()
            .enumerate()
            .map(|(index, written)| {
                let path = NormalPath::new(&written).map_err(|error| (index, error))?;
                let resolved = if folds { path.folded().to_owned() } else { path.exact };
                Ok(Entry { written, resolved })
            })
            .collect::<Result<_, _>>()?;
        Ok(Self { folds, entries })
    }

    /// The first rule that covers `path`, as written.
    #[must_use]
    pub fn covers(&self, path: &NormalPath) -> Option<&str> {
        let exact_folded = (self.folds && path.folded.is_some()).then(|| fold(&path.exact));
        self.entries
            .iter()
            .find(|entry| {
                if self.folds {
                    lies_in(path.folded(), &entry.resolved)
                        || exact_folded.as_ref().is_some_and(|exact| lies_in(exact, &entry.resolved))
                } else {
                    lies_in(&path.exact, &entry.resolved)
                }
            })
            .map(|entry| entry.written.as_str())
    }

    /// Whether there are no rules.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The rules as written, in order.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.entries.iter().map(|entry| entry.written.as_str())
    }
}

/// Whether `path` is `directory` or lies below it. Both are resolved.
fn lies_in(path: &str, directory: &str) -> bool {
    if directory == "." {
        return !path.starts_with(['/', '~']) && drive(path).is_none();
    }
    match path.strip_prefix(directory) {
        Some(rest) => rest.is_empty() || rest.starts_with('/') || directory.ends_with('/'),
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn normal(path: &str) -> String {
        NormalPath::new(path).unwrap().as_str().to_owned()
    }

    fn allowed(rule: &str, path: &str) -> bool {
        let path = NormalPath::new(path).unwrap();
        PathRules::exact(vec![rule.to_owned()]).unwrap().covers(&path).is_some()
    }

    fn blocked(rule: &str, path: &str) -> bool {
        let path = NormalPath::new(path).unwrap();
        PathRules::folded(vec![rule.to_owned()]).unwrap().covers(&path).is_some()
    }

    #[test]
    fn every_spelling_of_a_path_resolves_alike() {
        for path in ["/srv/data/a", "//srv//data/./a/", "/srv/x/../data/a", "\\srv\\data\\a", "/srv/data/a/b/.."] {
            assert_eq!(normal(path), "/srv/data/a", "{path}");
        }
        assert_eq!(normal("/"), "/");
        assert_eq!(normal("./a/.."), ".");
        assert_eq!(normal("C:\\Users\\..\\Data."), "c:/Data");
        assert_eq!(normal("\\\\?\\C:\\Data"), "c:/Data");
        assert_eq!(normal("/a/%2e%2e/b"), "/a/%2e%2e/b");
        assert_eq!(normal("~/x"), "~/x");
    }

    #[test]
    fn what_cannot_be_judged_is_an_error() {
        assert_eq!(NormalPath::new(""), Err(PathError::Empty));
        assert_eq!(NormalPath::new("/srv/\0/x"), Err(PathError::ControlCharacter));
        assert_eq!(NormalPath::new("/srv/a\n"), Err(PathError::ControlCharacter));
        assert_eq!(NormalPath::new("/../etc"), Err(PathError::ClimbsAboveRoot));
        assert_eq!(NormalPath::new("a/../../etc"), Err(PathError::ClimbsAboveRoot));
        assert_eq!(NormalPath::new("/a/\u{2025}/\u{2025}/etc"), Err(PathError::ClimbsAboveRoot));
        assert_eq!(NormalPath::new("C:secret"), Err(PathError::DriveWithoutRoot));
        assert_eq!(NormalPath::new("C:\\..\\x"), Err(PathError::ClimbsAboveRoot));
    }

    #[test]
    fn a_rule_covers_the_directory_and_all_below_but_no_sibling() {
        for rule in ["/srv/data", "/srv/data/", "/srv//data"] {
            assert!(allowed(rule, "/srv/data"));
            assert!(allowed(rule, "/srv//data/a"));
            assert!(!allowed(rule, "/srv/database/dump.sql"));
            assert!(!allowed(rule, "/srv/data/../../etc/shadow"));
            assert!(!allowed(rule, "srv/data/a"));
            assert!(!allowed(rule, "/SRV/data"));
        }
        assert!(allowed("/", "/anything"));
        assert!(!allowed("/", "relative"));
        assert!(allowed(".", "relative/x"));
        assert!(!allowed(".", "/x"));
        assert!(allowed("/данные", "/данные/файл"));
    }

    #[test]
    fn a_blocked_path_stays_blocked_in_another_case() {
        assert!(blocked("/etc", "//etc/passwd"));
        assert!(blocked("/etc", "/ETC/passwd"));
        assert!(blocked("/etc", "/ｅtc\u{200b}/passwd"));
        assert!(blocked("/Etc", "/etc"));
        assert!(!blocked("/etc", "/etcetera/notes.txt"));
        assert!(blocked("C:\\Windows", "c:/windows./System32"));
        assert!(blocked("/x\u{ff0f}y", "/x\u{ff0f}y/z"));
    }

    proptest! {
        #[test]
        fn resolving_twice_changes_nothing(path in "[a-cA-C./\\\\~: ]{0,24}") {
            if let Ok(once) = NormalPath::new(&path) {
                prop_assert_eq!(NormalPath::new(once.as_str()).unwrap().exact, once.exact);
            }
        }

        #[test]
        fn a_path_lies_in_itself(path in "\\PC{1,24}") {
            if let Ok(normal) = NormalPath::new(&path) {
                for rules in [PathRules::exact(vec![path.clone()]), PathRules::folded(vec![path.clone()])] {
                    prop_assert!(rules.unwrap().covers(&normal).is_some());
                }
            }
        }

        #[test]
        fn no_path_panics(path in any::<String>()) {
            let _ = NormalPath::new(&path);
        }
    }

    #[test]
    fn a_path_longer_than_any_system_allows_is_refused_before_and_after_folding() {
        assert!(NormalPath::new(&"a/".repeat(30_000)).is_ok());
        for path in ["a/".repeat(60_000), "\u{fdfa}".repeat(20_000)] {
            assert!(matches!(NormalPath::new(&path), Err(PathError::TooLong { .. })));
        }
    }
}
