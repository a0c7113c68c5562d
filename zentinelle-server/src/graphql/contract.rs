//! The contract: the schema files, read and merged.
//!
//! One file a subject. A root field that does not say who may ask does not load.

use std::collections::BTreeMap;

use async_graphql::Value;
use async_graphql_parser::types::{
    BaseType, ConstDirective, FieldDefinition, InputValueDefinition, Type, TypeDefinition, TypeKind,
    TypeSystemDefinition,
};
use async_graphql_parser::{Positioned, parse_schema};

use crate::auth::{Permission, Role};

/// The files of the contract.
const FILES: &[(&str, &str)] = &[
    ("schema.graphql", include_str!("schema/schema.graphql")),
    ("organization.graphql", include_str!("schema/organization.graphql")),
    ("people.graphql", include_str!("schema/people.graphql")),
    ("agents.graphql", include_str!("schema/agents.graphql")),
    ("policies.graphql", include_str!("schema/policies.graphql")),
    ("decisions.graphql", include_str!("schema/decisions.graphql")),
    ("activity.graphql", include_str!("schema/activity.graphql")),
    ("approvals.graphql", include_str!("schema/approvals.graphql")),
    ("content.graphql", include_str!("schema/content.graphql")),
    ("alerts.graphql", include_str!("schema/alerts.graphql")),
    ("incidents.graphql", include_str!("schema/incidents.graphql")),
    ("risks.graphql", include_str!("schema/risks.graphql")),
    ("compliance.graphql", include_str!("schema/compliance.graphql")),
    ("audit.graphql", include_str!("schema/audit.graphql")),
    ("retention.graphql", include_str!("schema/retention.graphql")),
    ("prompts.graphql", include_str!("schema/prompts.graphql")),
    ("keys.graphql", include_str!("schema/keys.graphql")),
    ("models.graphql", include_str!("schema/models.graphql")),
];

/// The names of the three root types.
pub(crate) const ROOTS: [&str; 3] = ["Query", "Mutation", "Subscription"];

/// Why the contract cannot be served.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ContractError {
    /// A file is no schema.
    #[error("{file}: {why}")]
    Unreadable {
        /// Which.
        file: &'static str,
        /// Why.
        why: String,
    },
    /// A root field says nobody who may ask.
    #[error("`{0}` has no sound `@guard(may: \"resource:verb\", least: ROLE)`")]
    Unguarded(String),
    /// A field is declared twice, or extends what is not there.
    #[error("`{0}` is declared twice")]
    Twice(String),
    /// A root field has nobody who answers it, or a resolver has no field.
    #[error("no {0}")]
    Missing(String),
    /// The library refuses the schema.
    #[error("the schema does not hold together: {0}")]
    Unsound(String),
}

/// Who may ask a root field.
#[derive(Clone, Debug)]
pub(crate) struct Guard {
    /// The permission a key that is narrowed to scopes needs.
    pub(crate) may: Permission,
    /// The least role.
    pub(crate) least: Role,
}

/// The merged schema files.
#[derive(Debug)]
pub(crate) struct Contract {
    /// Every type by its name, with what extends it.
    pub(crate) types: BTreeMap<String, TypeDefinition>,
    /// Who may ask each root field, by `Root.field`.
    pub(crate) guards: BTreeMap<String, Guard>,
}

impl Contract {
    /// Reads the files.
    pub(crate) fn read() -> Result<Self, ContractError> {
        let mut contract = Self { types: BTreeMap::new(), guards: BTreeMap::new() };
        let mut extensions = Vec::new();
        for &(file, text) in FILES {
            let document =
                parse_schema(text).map_err(|error| ContractError::Unreadable { file, why: error.to_string() })?;
            for definition in document.definitions {
                let TypeSystemDefinition::Type(definition) = definition else { continue };
                match definition.node {
                    extension if extension.extend => extensions.push(extension),
                    definition => {
                        let name = definition.name.node.to_string();
                        if contract.types.insert(name.clone(), definition).is_some() {
                            return Err(ContractError::Twice(name));
                        }
                    }
                }
            }
        }
        for extension in extensions {
            contract.extend(extension)?;
        }
        for root in ROOTS {
            for field in contract.fields(root) {
                let name = format!("{root}.{}", field.name.node);
                let guard = guard(&field.directives).ok_or_else(|| ContractError::Unguarded(name.clone()))?;
                contract.guards.insert(name, guard);
            }
        }
        Ok(contract)
    }

    fn extend(&mut self, extension: TypeDefinition) -> Result<(), ContractError> {
        let name = extension.name.node.to_string();
        let known = self.types.get_mut(&name).map(|known| &mut known.kind);
        let (Some(TypeKind::Object(known)), TypeKind::Object(more)) = (known, extension.kind) else {
            return Err(ContractError::Missing(format!("object type `{name}` to extend")));
        };
        for field in more.fields {
            if known.fields.iter().any(|there| there.node.name.node == field.node.name.node) {
                return Err(ContractError::Twice(format!("{name}.{}", field.node.name.node)));
            }
            known.fields.push(field);
        }
        Ok(())
    }

    /// The fields of an object type.
    pub(crate) fn fields(&self, name: &str) -> Vec<FieldDefinition> {
        match self.types.get(name).map(|known| &known.kind) {
            Some(TypeKind::Object(object)) => object.fields.iter().map(|field| field.node.clone()).collect(),
            _ => Vec::new(),
        }
    }

    /// One field of an object type.
    pub(crate) fn field(&self, parent: &str, name: &str) -> Option<&FieldDefinition> {
        match self.types.get(parent).map(|known| &known.kind) {
            Some(TypeKind::Object(object)) => {
                object.fields.iter().map(|field| &field.node).find(|field| field.name.node == name)
            }
            _ => None,
        }
    }

    /// Whether a name is an object type's.
    #[cfg(test)]
    pub(crate) fn is_object(&self, name: &str) -> bool {
        matches!(self.types.get(name).map(|known| &known.kind), Some(TypeKind::Object(_)))
    }

    /// Every permission that some root field asks for.
    pub(crate) fn permissions(&self) -> impl Iterator<Item = &Permission> {
        self.guards.values().map(|guard| &guard.may)
    }
}

/// The name at the core of a type: `Foo` of `[Foo!]!`.
pub(crate) fn core(ty: &Type) -> &str {
    match &ty.base {
        BaseType::Named(name) => name.as_str(),
        BaseType::List(inner) => core(inner),
    }
}

/// Whether a type is a list.
pub(crate) fn is_list(ty: &Type) -> bool {
    matches!(ty.base, BaseType::List(_))
}

/// The argument that a field or directive declares under a name.
pub(crate) fn has_argument(arguments: &[Positioned<InputValueDefinition>], name: &str) -> bool {
    arguments.iter().any(|argument| argument.node.name.node == name)
}

fn guard(directives: &[Positioned<ConstDirective>]) -> Option<Guard> {
    let directive = directives.iter().find(|directive| directive.node.name.node == "guard")?;
    let text = |name: &str| match &directive.node.get_argument(name)?.node {
        Value::String(text) => Some(text.clone()),
        Value::Enum(name) => Some(name.to_string()),
        _ => None,
    };
    Some(Guard { may: Permission::parse(&text("may")?)?, least: Role::from_name(&text("least")?.to_lowercase())? })
}
