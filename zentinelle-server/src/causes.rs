//! Errors told with what caused them.

/// An error with its causes: the outermost alone says little.
pub(crate) fn with_causes(error: &dyn std::error::Error) -> String {
    let mut words = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let text = error.to_string();
        if !words.ends_with(&text) {
            words = format!("{words}: {text}");
        }
        cause = error.source();
    }
    words
}

#[cfg(test)]
mod tests {
    use super::with_causes;
    use crate::store::StoreError;

    #[test]
    fn each_cause_is_told_once() {
        let cause = sea_orm::DbErr::Custom("no such table: agents".to_owned());
        let error = StoreError::Database(cause);
        assert_eq!(with_causes(&error), "the database could not answer: Custom Error: no such table: agents");
    }
}
